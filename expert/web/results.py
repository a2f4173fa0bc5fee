"""What follows from the case, live beside its entry, and the body map on which it is shown and from which findings are picked."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from expert import assess, regions, sheet
from expert.arrange import arranged
from expert.cases import Case, case_from_mapping
from expert.contract import item_of
from expert.errors import CaseError, UsageError
from expert.model import KnowledgeBase
from expert.normalise import normalise
from expert.regions import Choice
from expert.web.desk import Desk, case_of, desk_of, form_of
from expert.web.outlines import SIDES, views

router = APIRouter()

SECTIONS = {"finding": "findings", "symptom": "symptoms", "history": "history"}
_PRESENT: dict[str, bool | str] = {"": True, "present": True, "absent": False, "unknown": "unknown"}
TOP = 8  # lines of each status
# What a region offers, by how it is found out.
METHODS = (
    ("Seen", ("observation",)), ("Length and range", ("length-test", "range-test")), ("Strength", ("strength-test",)),
    ("Felt, and what changes it", ("palpation", "response")), ("Told", ("question",)),
)  # fmt: skip


@router.post("/clinic/results")
async def results(request: Request) -> HTMLResponse:
    """Everything but what to look at next, and the body map with it."""
    desk = desk_of(request)
    form = await form_of(request)
    return await desk.work(_results, desk, form)


def _results(desk: Desk, form: dict[str, str]) -> HTMLResponse:
    try:
        return _concluded(desk, case_of(form))
    except CaseError as error:  # the map must not go on showing what was concluded before
        return desk.part("clinic-results-faults", 422, faults=error.faults, views=views(desk.knowledge.kb))


def _concluded(desk: Desk, case: Case) -> HTMLResponse:
    kb = desk.knowledge.kb
    answer = assess(case, desk.knowledge).concluded()
    marks = regions.marks(answer, kb)
    drawn: dict[str, Any] = {"views": views(kb), "marks": marks, "lines": regions.lines(marks, kb)}
    return desk.part("clinic-results-panel", a=answer, v=arranged(answer, kb, TOP), **drawn)


@router.post("/clinic/next")
async def following(request: Request) -> HTMLResponse:
    """What to look at next, with its answers as buttons."""
    desk = desk_of(request)
    case = await desk.work(case_of, await form_of(request))
    return await desk.work(_following, desk, case)


def _following(desk: Desk, case: Case) -> HTMLResponse:
    stated = case.document.data
    begun = any(stated.get(part) for part in ("findings", "symptoms", "history", "measurements"))
    return desk.part("clinic-next", n=assess(case, desk.knowledge).next_tests().to_dict(), begun=begun)


@router.post("/clinic/state")
async def state(request: Request) -> JSONResponse:
    """The case with one thing more that was answered or pointed at; what it said of the same thing before goes."""
    desk = desk_of(request)
    form = await form_of(request)
    return JSONResponse(await desk.work(_stated, form, desk.knowledge.kb))


def _stated(form: dict[str, str], kb: KnowledgeBase) -> dict[str, Any]:
    name = form.get("name", "")
    if name not in kb.findings:
        raise UsageError("there is no such finding")
    if form.get("present", "") not in _PRESENT:
        raise UsageError("a finding is present, absent or unknown")
    entry: dict[str, Any] = {"name": name, **{field: form[field] for field in ("side", "task", "severity") if form.get(field)}}
    if form.get("present"):
        entry["present"] = _PRESENT[form["present"]]
    after = sheet.added(case_of(form).document.data, SECTIONS[kb.kinds[name]], entry, kb)
    normalise(case_from_mapping(after), kb)  # a case that no longer can be read is refused here, with the reason
    return after


@router.post("/clinic/region")
async def region(request: Request) -> HTMLResponse:
    """The findings that concern one place of the body, to be chosen from."""
    desk = desk_of(request)
    form = await form_of(request)
    if form.get("side") not in SIDES:
        raise UsageError("a place of the body is on the left or on the right")
    return await desk.work(_region, desk, await desk.work(case_of, form), form.get("region", ""), form["side"])


def _region(desk: Desk, case: Case, name: str, side: str) -> HTMLResponse:
    kb = desk.knowledge.kb
    here = regions.region_named(name, kb)
    offered = regions.choices(here, desk.knowledge)
    shown = regions.muscles_of(here, kb)
    stated: dict[str, list[dict[str, Any]]] = {}
    for item in normalise(case, kb).items:
        told = item_of(item, kb)
        task = kb.tasks[item.task].name if item.task else ""
        stated.setdefault(item.finding, []).append({**told, "task": task, "state": "", "stated": True})
    return desk.part(
        "clinic-region", region=here, side=side, groups=_grouped(offered), stated=stated,
        tasks=[t for t in kb.tasks.values() if any(t.id in c.finding.tasks for c in offered)],
        surface=[kb.muscles[m].name for m in shown if m in here.surface], deep=[kb.muscles[m].name for m in shown if m not in here.surface],
    )  # fmt: skip


def _grouped(offered: tuple[Choice, ...]) -> list[tuple[str, list[Choice]]]:
    groups = [(title, [c for c in offered if c.finding.method in methods]) for title, methods in METHODS]
    return [group for group in groups if group[1]]
