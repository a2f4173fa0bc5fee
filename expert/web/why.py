"""Why, why not, what if: the answers for one conclusion of the case that the tab holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from expert.assessment import Assessment, assess
from expert.cases import Case
from expert.errors import UsageError
from expert.lookup import Entry, exists, look_up
from expert.model import AXIS_OF, Knowledge, Tree
from expert.questions.conclusions import Conclusion, conclusions
from expert.questions.what_if import Switch, edited, given, switches
from expert.web.desk import case_of, desk_of, form_of

router = APIRouter(prefix="/why")
_LOOKS = 8  # how many looks that nobody took are offered to be supposed
_SUPPOSED = 20
_NAMED = 120  # no quick entry is longer


@router.get("")
async def page(request: Request) -> HTMLResponse:
    """The page: a shell. What it is about stands in the fragment of its address, ids only."""
    desk = desk_of(request)
    return desk.page(request, "why", states=tuple(AXIS_OF))


@router.post("/conclusions")
async def listed(request: Request) -> HTMLResponse:
    """Everything that the case was concluded to be, to choose from."""
    desk, form = desk_of(request), await form_of(request)
    told = await desk.work(_conclusions, await desk.work(case_of, form), desk.knowledge)
    return desk.part("why-conclusions", told=told, chosen=form.get("about", ""))


@router.post("/answer")
async def why(request: Request) -> HTMLResponse:
    """Why one of them: the proof as a tree. Asked of nothing, it tells of the gravest or best."""
    desk, form = desk_of(request), await form_of(request)
    told = await desk.work(_why, await desk.work(case_of, form), form.get("about", ""), desk.knowledge)
    return desk.part("why-answer", format="html", **told)


@router.post("/not")
async def why_not(request: Request) -> HTMLResponse:
    """Why a state is not suspected, or not more; why a pattern was not found."""
    desk, form = desk_of(request), await form_of(request)
    if not (name := form.get("name", "")):
        return desk.part("why-not", a=None, format="html")
    told = await desk.work(_why_not, await desk.work(case_of, form), name, form.get("side", ""), form.get("state", ""), desk.knowledge)
    return desk.part("why-not", format="html", a=told)


@router.post("/what-if")
async def what_if(request: Request) -> HTMLResponse:
    """The switches: everything that the case states, and what could be supposed."""
    desk, form = desk_of(request), await form_of(request)
    case, supposed = await desk.work(case_of, form), _lines(form.get("suppose", ""))
    told = await desk.work(_switches, case, form.get("about", ""), supposed, desk.knowledge)
    return desk.part("why-what-if", told=told)


@router.post("/what-if/answer")
async def changed(request: Request) -> HTMLResponse:
    """What the switches change, and the case as they have it."""
    desk, form = desk_of(request), await form_of(request)
    told = await desk.work(_changed, await desk.work(case_of, form), form, desk.knowledge)
    return desk.part("why-changed", format="html", **told)


@router.post("/overturn")
async def overturn(request: Request) -> HTMLResponse:
    """The smallest sets of findings without which a conclusion falls."""
    desk, form = desk_of(request), await form_of(request)
    told = await desk.work(_overturn, await desk.work(case_of, form), form.get("about", ""), desk.knowledge)
    return desk.part("why-overturn", format="html", a=told)


# --- what the answers need -------------------------------------------------------------------------------------------------------


def _conclusions(case: Case, knowledge: Knowledge) -> tuple[Conclusion, ...]:
    return conclusions(assess(case, knowledge).result, knowledge)


def _why(case: Case, about: str, knowledge: Knowledge) -> dict[str, Any]:
    """The answer as data, with the rules that it names in full."""
    answer = assess(case, knowledge)
    about = _about(about, answer)
    told, trouble = None, ""
    try:
        told = answer.why(about).to_dict() if about else None
    except UsageError as error:  # what the case concluded once, and does not any more, is no mistake of the person's
        trouble = str(error)
    empty = not answer.result.stated.items
    return {"a": told, "about": about, "rules": _rules(told, knowledge), "case_is_empty": empty, "trouble": trouble}


def _about(about: str, answer: Assessment) -> str:
    """What is asked about: as the page says, else the first of what was concluded."""
    told = conclusions(answer.result, answer.knowledge)
    raised = (c for c in told if c.kind == "flag" and c.status == "raised")
    return about or next((c.about for c in (*raised, *(c for c in told if c.kind != "flag"), *told)), "")


def _rules(told: Any, knowledge: Knowledge) -> Mapping[str, Entry]:
    """Every rule that an answer names, as it can be read."""
    names = dict.fromkeys(_named_rules(told))
    return {name: look_up("rules", name, knowledge) for name in names if exists("rules", name, knowledge)}


def _named_rules(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        if isinstance(told.get("rule"), str):
            yield told["rule"]
        for part in told.values():
            yield from _named_rules(part)
    elif isinstance(told, list):
        for part in told:
            yield from _named_rules(part)


def _why_not(case: Case, name: str, side: str, state: str, knowledge: Knowledge) -> Tree:
    """Asked by ids: `gluteus-medius` or `pattern:lower-crossed`."""
    parts = [name, *filter(None, (side, state if side and not name.startswith("pattern:") else ""))]
    return assess(case, knowledge).why_not(":".join(parts)).to_dict()


# --- what if ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Supposed:
    """A look that can be supposed to have found something: the words that add it, and what it is called. `on`: it is supposed."""

    edit: str
    name: str
    side: str
    task: str
    how: str
    on: bool = False


@dataclass(frozen=True, slots=True)
class _Switches:
    """What the what-if tab shows: what is stated, what could be supposed, and what it is all about."""

    stated: tuple[Switch, ...]
    supposed: tuple[_Supposed, ...]
    about: str
    overturns: bool
    stops: bool


def _switches(case: Case, about: str, suppose: Sequence[str], knowledge: Knowledge) -> _Switches:
    answer = assess(case, knowledge)
    about = _about(about, answer)
    wanted = tuple(_read(edit, answer) for edit in suppose)
    known = {one.edit for one in wanted}
    offered = tuple(one for one in _offered(answer) if one.edit not in known)[:_LOOKS]
    overturns = bool(about) and not about.startswith("prediction:")
    return _Switches(switches(answer.result, knowledge), (*wanted, *offered), about, overturns, answer.referral.stops_plan)


def _offered(answer: Assessment) -> Iterator[_Supposed]:
    """The looks that would tell most. Where a red flag sends the person elsewhere there are none."""
    for test in answer.next_tests().tests:
        if test.kind == "test":
            edit = ":".join(filter(None, (test.finding, "" if test.side == "midline" else test.side, test.task)))
            yield _Supposed(edit, test.name, test.side, test.task_name or "", test.how or "")


def _read(edit: str, answer: Assessment) -> _Supposed:
    """A quick entry that somebody supposes, in words. Raises UsageError for what is none."""
    thing = edited(given(answer.result), answer.knowledge, add=[edit])[1][0].thing
    return _Supposed(edit, thing.name, thing.side, thing.task, answer.knowledge.kb.findings[thing.key.split(":")[0]].how or "", on=True)


def _lines(text: str) -> list[str]:
    """One quick entry a line."""
    lines = list(dict.fromkeys(line for line in text.splitlines() if line.strip()))
    if len(lines) > _SUPPOSED or any(len(line) > _NAMED for line in lines):
        raise UsageError(f"at most {_SUPPOSED} suppositions of {_NAMED} characters")
    return lines


def _changed(case: Case, form: Mapping[str, str], knowledge: Knowledge) -> dict[str, Any]:
    """The difference that the switches make to the case; nothing where all stand as in the case."""
    answer = assess(case, knowledge)
    about = _about(form.get("about", ""), answer)
    stated = switches(answer.result, knowledge)
    drop = [s.edit for s in stated if f"on:{s.edit}" not in form]
    measure = [f"{s.edit}:{value} {s.unit}" for s in stated if s.edit not in drop and (value := _measured(s, form)) is not None]
    add = _lines("\n".join(name.removeprefix("add:") for name in form if name.startswith("add:")))
    if not (drop or measure or add):
        return {"a": None, "about": about, "own": _own(about, answer, None), "case": None}
    told = answer.what_if(add=add, drop=drop, measure=measure).to_dict()
    fresh, _ = edited(given(answer.result), knowledge, add, drop, (), measure)
    mine = _own(about, answer, assess(fresh, knowledge))
    return {"a": told, "about": about, "own": mine, "case": fresh.shape.model_dump(mode="json", exclude_defaults=True)}


def _measured(one: Switch, form: Mapping[str, str]) -> str | None:
    """Another value than the case has, where one was given."""
    written = form.get(f"value:{one.edit}", "").strip()
    if one.value is None or not written:
        return None
    try:
        value = float(written)
    except ValueError:
        raise UsageError("a measured value is a number") from None
    return written if value != one.value else None


@dataclass(frozen=True, slots=True)
class _Own:
    """The conclusion that the page is about, as it stands and as it would stand; None: not any more, or not yet."""

    was: Conclusion | None
    now: Conclusion | None


def _own(about: str, before: Assessment, after: Assessment | None) -> _Own:
    was, now = (_one(about, answer) if answer else None for answer in (before, after or before))
    return _Own(was, now)


def _one(about: str, answer: Assessment) -> Conclusion | None:
    return next((c for c in conclusions(answer.result, answer.knowledge) if c.about == about), None)


def _overturn(case: Case, about: str, knowledge: Knowledge) -> Tree | None:
    """None for what nothing can overturn: a prediction, or what the case does not conclude."""
    answer = assess(case, knowledge)
    about = _about(about, answer)
    if not about or about.startswith("prediction:"):
        return None
    try:
        return answer.overturn(about).to_dict()
    except UsageError:
        return None
