"""The page for the classroom: a case step by step, and a quiz about it. Lessons are packs; lecturers' own are read and never kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from expert import assess
from expert.cases import Case
from expert.contract import case_of as plain_case
from expert.errors import CaseError, UsageError
from expert.model import Knowledge, Tree
from expert.packs import Pack, Sheet, pack_from_texts, shipped_packs
from expert.proof import Prover
from expert.questions import handout, quiz
from expert.questions.answer import plain
from expert.questions.quiz import Call, read_call
from expert.questions.steps import Known, Steps
from expert.reading import Unreadable, read_json
from expert.sharing import share, shared
from expert.web.desk import Desk, case_of, desk_of, form_of
from expert.web.learn_picture import picture, points

router = APIRouter(prefix="/learn")
PACK_CAP = 1_000_000  # bytes of all files of a pack
_FIRST = ("motion", "pelvis", "crossed")  # the order in which a course would take them
_NO_LESSON = "there is no such lesson here; the start page lists those that there are"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A case to learn from, and where it comes from. `id`: of a shipped one; origin: shipped | link | own-pack | tab."""

    title: str
    story: str
    case: Case
    origin: str
    id: str = ""
    pack: Pack | None = None
    sheet: Sheet | None = None


def lesson_of(form: Mapping[str, str], knowledge: Knowledge) -> Lesson:
    """The lesson that a request is about: a shipped one, a link, a case of a lecturer's pack, or else the tab's own case."""
    if "lesson" in form:
        return _shipped(form["lesson"])
    if "shared" in form:
        return Lesson("A case from a link", "", shared(form["shared"], knowledge.kb), "link")
    if "pack" in form:
        return _of_pack(form["pack"], form.get("number", ""))
    return Lesson("Your own case", "", case_of(dict(form)), "tab")


def _shipped(id: str) -> Lesson:
    folder, _, name = id.partition(".")
    pack = shipped_packs().get(folder)
    sheet = next((s for s in pack.sheets if s.name == name), None) if pack else None
    if pack is None or sheet is None:
        raise UsageError(_NO_LESSON)
    return Lesson(sheet.shape.title, sheet.shape.story or "", sheet.case, "shipped", id, pack, sheet)


def _of_pack(text: str, number: str) -> Lesson:
    pack = pack_of(text)
    if not number.isascii() or not number.isdigit() or not 0 < int(number[:4]) <= len(pack.sheets):
        raise UsageError("this pack has no case of that number")
    sheet = pack.sheets[int(number) - 1]
    return Lesson(sheet.shape.title, sheet.shape.story or "", sheet.case, "own-pack", "", pack, sheet)


def pack_of(text: str) -> Pack:
    """A pack from its files as JSON: texts by name. Raises CaseError with every fault of every file."""
    if not text:
        raise UsageError("this tab holds no pack any more: choose its files again on the start page of Learn")
    if len(text) > PACK_CAP:
        raise UsageError(f"these files are larger than {PACK_CAP // 1000} kB together; is this a pack?")
    try:
        files = read_json(text, "pack").data
    except Unreadable as unreadable:
        raise CaseError(unreadable.faults) from None
    if not isinstance(files, dict) or not all(isinstance(content, str) for content in files.values()):
        raise UsageError("a pack is sent as the texts of its files by their names")
    return pack_from_texts(files)


# --- the pages -------------------------------------------------------------------------------------------------------------------------


@router.get("")
async def learn(request: Request) -> HTMLResponse:
    """The start page, which becomes the page of a lesson when its address names one behind the #."""
    shipped = shipped_packs()
    order = sorted(shipped, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    return desk_of(request).page(request, "learn", packs={name: shipped[name] for name in order})


@router.get("/quiz")
async def quiz_page(request: Request) -> HTMLResponse:
    """The quiz: a shell that asks for the case which its address names behind the #."""
    return desk_of(request).page(request, "quiz")


@router.post("/steps")
async def steps(request: Request) -> HTMLResponse:
    """All steps of a lesson at once."""
    desk, form = desk_of(request), await form_of(request)
    return await desk.work(_steps, desk, form)


def _steps(desk: Desk, form: Mapping[str, str]) -> HTMLResponse:
    lesson = lesson_of(form, desk.knowledge)
    answer = assess(lesson.case, desk.knowledge)
    told = answer.steps()
    link = share(answer.result.stated) if lesson.origin in ("tab", "link") else ""
    drawn = picture(told, answer.result, desk.knowledge.kb)
    return desk.part(
        "learn-steps", lesson=lesson, a=told, facts=_facts(told), picture=drawn, link=link, case=_plain(lesson),
        script={"nodes": [s.nodes for s in told.steps], "points": points(told), "names": _names(told)},
    )  # fmt: skip


def _facts(told: Steps) -> list[tuple[Known, int, int]]:
    """Every fact with the step from which it is known, and the one from which it no longer is so."""
    rows: list[tuple[Known, int, int]] = []
    standing: dict[str, int] = {}
    for step in told.steps:
        for key in (*step.gone, *(f.key for f in step.facts)):
            if key in standing:
                at = standing.pop(key)
                rows[at] = (*rows[at][:2], step.number)
        for fact in step.facts:
            standing[fact.key] = len(rows)
            rows.append((fact, step.number, len(told.steps)))
    return rows


def _names(told: Steps) -> dict[str, tuple[str, str, str]]:
    return {m.key: (m.name, m.side, m.state) for step in told.steps for m in step.balance}


def _plain(lesson: Lesson) -> Tree:
    """The case for the tab, where Why and the other pages find it; without names and free text."""
    return plain_case(lesson.case.shape)


@router.post("/pack")
async def own_pack(request: Request) -> HTMLResponse:
    """A lecturer's own pack: its cases, or what is wrong with its files."""
    desk, form = desk_of(request), await form_of(request)
    return await desk.work(_own_pack, desk, form)


def _own_pack(desk: Desk, form: Mapping[str, str]) -> HTMLResponse:
    try:
        pack = pack_of(form.get("pack", ""))
        handout(pack, desk.knowledge)  # also what its cases and expected answers name is looked up
    except CaseError as refused:
        return desk.part("learn-pack-faults", 422, faults=refused.faults)
    return desk.part("learn-pack", pack=pack)


# --- the quiz --------------------------------------------------------------------------------------------------------------------------


@router.post("/quiz/case")
async def quiz_case(request: Request) -> HTMLResponse:
    """What a learner is given: the case without its answer, and the form to commit to."""
    desk, form = desk_of(request), await form_of(request)
    return await desk.work(_quiz_case, desk, form)


def _quiz_case(desk: Desk, form: Mapping[str, str]) -> HTMLResponse:
    lesson = lesson_of(form, desk.knowledge)
    return desk.part("quiz-case", lesson=lesson, told=_handed(lesson, desk.knowledge, key=False), knowledge=desk.knowledge.kb)


def _handed(lesson: Lesson, knowledge: Knowledge, key: bool) -> Tree:
    """The case as it is handed out, with its lecturer's questions where it has any; or their key."""
    if lesson.pack is not None and lesson.sheet is not None:
        case: Tree = handout(replace(lesson.pack, sheets=(lesson.sheet,)), knowledge, key).to_dict()["cases"][0]
        return case
    prover = Prover(assess(lesson.case, knowledge).result, knowledge)
    return {"age": None, "sex": "", "stated": [plain(prover.seen(key)) for key in prover.items], "measured": [], "questions": []}


@router.post("/quiz/call")
async def call(request: Request) -> HTMLResponse:
    """One muscle, side and state, read as a learner says it."""
    desk, form = desk_of(request), await form_of(request)
    sides = ("left", "right") if form.get("side") == "both" else (form.get("side", ""),)
    claims = [read_call(f"{form.get('muscle', '')}:{side}:{form.get('state', '')}", desk.knowledge) for side in sides]
    return desk.part("quiz-call", claims=claims, called=_called(claims[0].ids, desk.knowledge))


def _called(ids: tuple[str, ...], knowledge: Knowledge) -> tuple[str, str]:
    """The id and name of what was called: a muscle, or the group with these members."""
    kb = knowledge.kb
    if len(ids) == 1:
        return ids[0], kb.muscles[ids[0]].name
    return next((g.id, g.name) for g in kb.groups.values() if g.members == ids)


@router.post("/quiz/mark")
async def mark(request: Request) -> HTMLResponse:
    """What was committed to, marked."""
    desk, form = desk_of(request), await form_of(request)
    return await desk.work(_marked, desk, form)


def _marked(desk: Desk, form: Mapping[str, str]) -> HTMLResponse:
    flagged = form.get("flagged")
    muscles, patterns = (tuple(filter(None, form.get(name, "").split(","))) for name in ("muscles", "patterns"))
    if flagged not in ("yes", "no"):
        raise UsageError("first commit: is a red flag raised, yes or no?")
    if not muscles and form.get("none") != "yes":
        raise UsageError("first commit: name at least one muscle, or say that you suspect none")
    lesson = lesson_of(form, desk.knowledge)
    marked = quiz(assess(lesson.case, desk.knowledge).result, desk.knowledge, muscles, patterns, flagged == "yes")
    told = _handed(lesson, desk.knowledge, key=True)
    return desk.part("quiz-marked", lesson=lesson, a=marked, calls=_twins(marked.calls), told=told, case=_plain(lesson))


def _twins(calls: Sequence[Call]) -> list[list[Call]]:
    """Calls with their twins of the other side of which the same is to be said."""
    alike: dict[Call, list[Call]] = {}
    for one in calls:
        alike.setdefault(replace(one, key="", side=""), []).append(one)
    return list(alike.values())
