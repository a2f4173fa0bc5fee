"""The clinician's page, and everything with which a case is entered on it. The engine reads and edits; here it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from expert import sheet
from expert.cases import case_from_text
from expert.errors import CaseError, UsageError
from expert.model import KnowledgeBase
from expert.sheet import Sheet
from expert.stored import StoredCase, stored_cases
from expert.typed import SECTIONS, Candidate, Typed, parts_of, read_typed
from expert.web.desk import case_of, desk_of, form_of
from expert.web.outlines import views

router = APIRouter()


class Form(dict[str, str]):
    """What was posted. A field that is asked for and was not sent is the sender's mistake."""

    def __missing__(self, name: str) -> str:
        raise UsageError(f"the field '{name}' is missing")


_PRESENT: Mapping[str, bool | str | None] = {"present": None, "absent": False, "unknown": "unknown"}
_EXAMPLES = ("people", "seeds")
_WHOLE_NUMBERS = ("age", "postpartum_weeks", "year", "pain")
_LISTS = ("conditions", "medicines", "restrictions")
_TRUTH = {"yes": True, "no": False}


@router.get("/")
async def clinic(request: Request) -> HTMLResponse:
    """The page: a shell whose parts ask for themselves."""
    desk = desk_of(request)
    page = desk.page(request, "clinic", examples=await desk.work(_examples), batteries=sheet.GRIDS, views=views(desk.knowledge.kb))
    page.headers["Referrer-Policy"] = "same-origin"  # else the form that asks for the report names no origin, and is refused
    return page


# --- the box ---------------------------------------------------------------------------------------------------------------------


@router.post("/clinic/suggest")
async def suggest(request: Request) -> HTMLResponse:
    """What the words typed so far may mean."""
    desk, form = desk_of(request), Form(await form_of(request))
    typed = await desk.work(_suggested, form, desk.knowledge.kb)
    return desk.part("clinic-offer", box=_box(form), outcome="suggest" if typed.candidates else "nothing", typed=typed, asks=None)


@router.post("/clinic/add")
async def add(request: Request) -> HTMLResponse:
    """What was typed, added; where it leaves something open, what has to be said first."""
    desk, form = desk_of(request), Form(await form_of(request))
    return desk.part("clinic-offer", box=_box(form), **await desk.work(_add, form, desk.knowledge.kb))


def _box(form: Form) -> str:
    """Which of the page's boxes was typed into."""
    return "told" if form.get("box") == "told" else "type"


def _kinds(form: Form) -> list[str]:
    return [k for k in form.get("kinds", "").split(",") if k in SECTIONS] or list(SECTIONS)


def _parts(form: Form, kb: KnowledgeBase) -> tuple[str, ...]:
    return parts_of(form.get("text", ""), kb, _kinds(form))


def _read(form: Form, kb: KnowledgeBase) -> Typed:
    return read_typed(form.get("text", ""), kb, _kinds(form))


def _suggested(form: Form, kb: KnowledgeBase) -> Typed:
    """What is being typed: of a list its last entry."""
    parts = _parts(form, kb)
    return read_typed(parts[-1], kb, _kinds(form)) if parts else _read(form, kb)


def _add(form: Form, kb: KnowledgeBase) -> Mapping[str, Any]:
    if parts := _parts(form, kb):
        return {"outcome": "several", "parts": parts}
    typed = _read(form, kb)
    chosen = _chosen(typed, form)
    if chosen is None:
        return {"outcome": "choose" if typed.candidates else "nothing", "typed": typed, "asks": None}
    entry = {**chosen.entry, **_answers(form, chosen)}
    missing = [m for m in chosen.missing if m not in entry]
    if missing or chosen.wrong:
        return {"outcome": "ask", "typed": typed, "asks": chosen, "missing": missing, "entry": entry}
    before = _sheet_of(form)
    after = sheet.added(before, chosen.section, entry, kb)
    wrong = _new_faults(before, after, kb)
    if wrong:
        raise CaseError(wrong)
    return {
        "outcome": "added", "typed": typed, "asks": None, "case": after, "chosen": chosen, "entry": entry,
        "replaced": len(after.get(chosen.section, ())) <= len(before.get(chosen.section, ())), "same": after == before,
    }  # fmt: skip


def _chosen(typed: Typed, form: Form) -> Candidate | None:
    """The one that was chosen, or the one that is meant."""
    choice = form.get("choice", "")
    if choice:
        return next((c for c in typed.candidates if f"{c.kind}:{c.id}" == choice), None)
    return typed.candidates[0] if typed.clear else None


def _answers(form: Form, chosen: Candidate) -> dict[str, Any]:
    """What was said to what was missing."""
    found: dict[str, Any] = {}
    if form.get("side") in chosen.sides:
        found["side"] = form["side"]
    if form.get("unit") in chosen.units:
        found["unit"] = form["unit"]
    if "value" in chosen.missing and form.get("value", "").strip():
        found["value"] = _number(form["value"], "a value")
    return found


# --- edits -----------------------------------------------------------------------------------------------------------------------


@router.post("/clinic/edit")
async def edit(request: Request) -> HTMLResponse:
    """One edit of the case: the new case, and what was done in words."""
    desk, form = desk_of(request), Form(await form_of(request))
    after = await desk.work(_edited, form, desk.knowledge.kb)
    return desk.part("clinic-done", case=after, form=form)


def _edited(form: Form, kb: KnowledgeBase) -> Sheet:
    do = _EDITS.get(form.get("do", ""))
    if do is None:
        raise UsageError("there is no such edit")
    before = _sheet_of(form)
    after = do(before, form, kb)
    wrong = _new_faults(before, after, kb)
    if wrong:
        raise CaseError(wrong)
    return after


def _new_faults(before: Sheet, after: Sheet, kb: KnowledgeBase) -> list[Any]:
    """What an edit would make wrong that was not wrong before."""
    told = {sheet.bare(f.message) for f in sheet.checked(before, kb).faults}
    return [f for f in sheet.checked(after, kb).faults if sheet.bare(f.message) not in told]


def _set(case: Sheet, form: Form, kb: KnowledgeBase) -> Sheet:
    field, said = form["field"], form.get("value", "").strip()
    value: Any = said or None
    if field == "present":
        if said not in _PRESENT:
            raise UsageError("it is present, absent or unknown")
        value = _PRESENT[said]
    elif field == "severity":
        value = None if said == "moderate" else said
    elif field in _WHOLE_NUMBERS:
        value = _whole_number(said)
    elif field in _LISTS:
        value = _listed(said)
    elif field not in ("side", "task", "seen_by", "limited_by", "region", "onset", "note", "name", "date"):
        raise UsageError("there is no such field")
    return sheet.changed(case, form["section"], _number_of(form), {field: value}, kb)


def _remove(case: Sheet, form: Form, _: KnowledgeBase) -> Sheet:
    return sheet.removed(case, form["section"], _number_of(form))


def _tick(case: Sheet, form: Form, kb: KnowledgeBase) -> Sheet:
    return sheet.ticked(case, (form["finding"], form.get("task", "")), form["value"], kb)


def _rest(case: Sheet, form: Form, kb: KnowledgeBase) -> Sheet:
    return sheet.rest_not_seen(case, form["battery"], form["view"], kb)


def _thing(case: Sheet, form: Form, kb: KnowledgeBase) -> Sheet:
    return sheet.asked(case, form["finding"], form["value"], kb, form.get("side") or None)


def _flag(case: Sheet, form: Form, kb: KnowledgeBase) -> Sheet:
    return (sheet.flag_denied if form["value"] == "no" else sheet.flag_open)(case, form["flag"], kb)


def _flags(case: Sheet, form: Form, kb: KnowledgeBase) -> Sheet:
    return sheet.group_denied(case, form["group"], kb)


def _measure(case: Sheet, form: Form, kb: KnowledgeBase) -> Sheet:
    said = form.get("value", "").strip()
    entry = {
        "name": form["measure"], "side": form.get("side") or None, "unit": form.get("unit", ""),
        "value": _number(said, "a value") if said else None, "pain": _whole_number(form.get("pain", "")) or None,
    }  # fmt: skip
    return sheet.measured(case, entry, kb)


def _tell(case: Sheet, form: Form, _: KnowledgeBase) -> Sheet:
    field, said = form["field"], form.get("value", "").strip()
    value: Any = said or None
    if field in _WHOLE_NUMBERS:
        value = _whole_number(said)
    elif field == "mass_kg" and said:
        value = _number(said, "a mass")
    elif field == "pregnancy":
        value = _TRUTH.get(said)
    elif field in _LISTS:
        value = _listed(said)
    return sheet.told(case, form["section"], field, value)


def _operation(case: Sheet, form: Form, _: KnowledgeBase) -> Sheet:
    return {**case, "surgery": [*case.get("surgery", ()), {"name": form["value"].strip()}]}


def _write(case: Sheet, form: Form, _: KnowledgeBase) -> Sheet:
    field, value = form["field"], form.get("value", "").strip()
    if field not in ("notes", "case_id"):
        raise UsageError("there is no such field")
    return {**case, field: value} if value else {k: v for k, v in case.items() if k != field}


_EDITS: Mapping[str, Callable[[Sheet, Form, KnowledgeBase], Sheet]] = {
    "set": _set, "remove": _remove, "tick": _tick, "rest": _rest, "thing": _thing, "flag": _flag, "flags": _flags, "measure": _measure,
    "tell": _tell, "operation": _operation, "write": _write,
}  # fmt: skip


# --- whole cases -----------------------------------------------------------------------------------------------------------------


@router.post("/clinic/open")
async def open_case(request: Request) -> HTMLResponse:
    """A case file, YAML or JSON: read, handed back, kept nowhere."""
    desk, form = desk_of(request), Form(await form_of(request))
    case = await desk.work(case_from_text, form.get("text", ""), "the file")
    return desk.part("clinic-done", case=case.document.data, form={"do": "open"})


@router.post("/clinic/example")
async def example(request: Request) -> HTMLResponse:
    """One of the cases that come with the knowledge."""
    desk, form = desk_of(request), Form(await form_of(request))
    found = {f"{e.file}-{n}": e for n, e in enumerate(await desk.work(_examples))}.get(form.get("example", ""))
    if found is None:
        raise UsageError("there is no such example")
    return desk.part("clinic-done", case=found.case, form={"do": "example"})


@cache
def _examples() -> tuple[StoredCase, ...]:
    return stored_cases(files=_EXAMPLES)


# --- the parts that show it --------------------------------------------------------------------------------------------------------


@router.post("/clinic/entries")
async def entries(request: Request) -> HTMLResponse:
    """The list of what was entered."""
    return await _shown(request, "clinic-entries", lambda case, _, kb: {"rows": sheet.rows(case, kb)})


@router.post("/clinic/grids")
async def grids(request: Request) -> HTMLResponse:
    """One battery as check grids."""
    return await _shown(
        request, "clinic-grids",
        lambda case, form, kb: {"grid": sheet.grid(case, form.get("battery") or sheet.GRIDS[0], kb), "batteries": sheet.GRIDS},
    )  # fmt: skip


@router.post("/clinic/flags")
async def flags(request: Request) -> HTMLResponse:
    """The red flags, and what of them was asked."""
    return await _shown(request, "clinic-flags", lambda *_: {})


@router.post("/clinic/measures")
async def measures(request: Request) -> HTMLResponse:
    """What was measured, side by side."""
    return await _shown(
        request, "clinic-measures", lambda case, form, kb: {"lines": sheet.measure_lines(case, form.get("opened", "").split(","), kb)}
    )


@router.post("/clinic/person")
async def person(request: Request) -> HTMLResponse:
    """The person, what was before, operations, notes."""
    return await _shown(request, "clinic-person", lambda case, _, kb: {"rows": sheet.rows(case, kb)})


async def _shown(request: Request, name: str, more: Callable[[Sheet, Form, KnowledgeBase], Mapping[str, Any]]) -> HTMLResponse:
    desk, form = desk_of(request), Form(await form_of(request))
    case = await desk.work(_sheet_of, form)
    kb = desk.knowledge.kb
    found = await desk.work(lambda: {**_sums(case, kb), **more(case, form, kb)})
    return desk.part(name, case=case, **found)


def _sums(case: Sheet, kb: KnowledgeBase) -> Mapping[str, Any]:
    """What every part says: how much there is of everything. Flags that were denied as a whole stand in their form, not in the list."""
    return {"entered": len(sheet.rows(case, kb)), "screening": sheet.flag_form(case, kb), "check": sheet.checked(case, kb)}


# --- what a form says ------------------------------------------------------------------------------------------------------------


def _sheet_of(form: Form) -> Sheet:
    """The case that the tab holds, as plain data."""
    return dict(case_of(form).document.data)


def _number_of(form: Form) -> int:
    said = form.get("number", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 5 else -1


def _whole_number(said: str) -> int | None:
    if not said.strip():
        return None
    if not (said.strip().isascii() and said.strip().isdigit() and len(said) < 8):
        raise UsageError("write a whole number")
    return int(said)


def _number(said: str, what: str) -> float | int:
    try:
        number = float(said.strip().replace(",", "."))
    except ValueError:
        raise UsageError(f"write {what} as a number, for example 12.5") from None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _listed(said: str) -> list[str] | None:
    return [part for line in said.split(";") if (part := line.strip())] or None
