"""Saved cases, kept only when asked for: save, list, open, compare, export, delete for good; and the printed report of any case."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from expert.assessment import Assessment, assess, compare, replay, side_by_side
from expert.cases import Case, case_from_mapping
from expert.errors import UnknownSaved, UsageError
from expert.store import Person, Store
from expert.web.desk import Desk, case_of, desk_of, form_of

router = APIRouter()

_Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
_MOST_COMPARED = 12
_STATED = ("findings", "history", "symptoms", "surgery", "measurements")
# A form that opens in a tab of its own tells where it comes from only under this policy; nothing is told to other sites.
_FROM_HERE = {"Referrer-Policy": "same-origin"}
_PAPER = "default-src 'none'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def _store(request: Request) -> Store:
    return Store(desk_of(request).settings.database)


# --- looking ----------------------------------------------------------------------------------------------------------------------------


@router.get("/cases")
async def cases(request: Request) -> HTMLResponse:
    """The persons, what the tab holds, and where the file lies."""
    desk, store = desk_of(request), _store(request)
    people = await desk.work(store.persons)
    told = {"people": people, "file": str(store.path), "today": date.today().isoformat()}
    return _page(desk, request, "cases", **told)


@router.get("/cases/people")
async def people(request: Request) -> HTMLResponse:
    """The list of persons alone."""
    return desk_of(request).part("cases-people", people=await desk_of(request).work(_store(request).persons))


@router.get("/cases/whose")
async def whose(request: Request) -> HTMLResponse:
    """The form with which the tab's case is saved: for pages that offer it."""
    told = await desk_of(request).work(_store(request).persons)
    return desk_of(request).part("cases-whose", people=told, today=date.today().isoformat())


@router.get("/cases/{person}")
async def one_person(request: Request, person: _Id) -> HTMLResponse:
    """A person and the visits."""
    desk = desk_of(request)
    try:
        found = await desk.work(_store(request).person, person)
    except UnknownSaved:
        raise HTTPException(404, "Nobody is saved under this address; perhaps it was deleted") from None
    return _page(desk, request, "cases-person", **_told(desk, found))


@router.get("/cases/{person}/export")
async def export(request: Request, person: _Id) -> Response:
    """All visits of a person as one file, which `myologic cases import` reads."""
    told = await desk_of(request).work(_store(request).export, person)
    return _file(_json(told), "application/json", f"myologic-{person}.json")


@router.get("/cases/visits/{visit}/case")
async def case_of_visit(request: Request, visit: _Id) -> Response:
    """The case of a visit as it was given, for the tab to hold."""
    found = await desk_of(request).work(_store(request).visit, visit)
    return Response(_json(found.case), media_type="application/json")


def _page(desk: Desk, request: Request, name: str, **told: Any) -> HTMLResponse:
    page = desk.page(request, name, **told)
    page.headers.update(_FROM_HERE)
    return page


def _told(desk: Desk, person: Person, said: str = "") -> dict[str, Any]:
    return {"person": person, "knowledge": desk.knowledge.kb.sha256, "said": said}


# --- keeping and deleting ---------------------------------------------------------------------------------------------------------------


@router.post("/cases/save")
async def save(request: Request) -> HTMLResponse:
    """Keep the tab's case for a new person, or as a further visit."""
    desk, form, store = desk_of(request), await form_of(request), _store(request)
    case = _dated(await desk.work(case_of, form), form.get("date", "").strip())
    if not any(case.document.data.get(part) for part in _STATED):
        raise UsageError("this tab holds no case yet: nothing was saved")
    person, label = form.get("whose", ""), form.get("label", "")

    def keep() -> Person:
        answer = assess(case, desk.knowledge).to_dict()
        return store.person(store.save(case, answer, person=person, label="" if person else label).person)

    kept = await desk.work(keep)
    told = desk.part("cases-kept", person=kept, case=case.document.data)
    told.headers["HX-Trigger"] = "myologic:saved"
    return told


def _dated(case: Case, day: str) -> Case:
    """The case with the date of its visit, where one was said."""
    data: Mapping[str, Any] = case.document.data
    return case_from_mapping({**data, "visit": {**(data.get("visit") or {}), "date": day}}) if day else case


@router.post("/cases/{person}/rename")
async def rename(request: Request, person: _Id) -> HTMLResponse:
    """Give a person another label."""
    label = (await form_of(request)).get("label", "")
    return await _changed(request, person, partial(_store(request).rename, person, label), "renamed")


@router.post("/cases/visits/{visit}/delete")
async def delete_visit(request: Request, visit: _Id) -> HTMLResponse:
    """Delete one visit for good."""
    await _sure(request)
    found = await desk_of(request).work(_store(request).visit, visit)
    return await _changed(request, found.person, partial(_store(request).delete_visit, visit), "visit-deleted")


@router.post("/cases/{person}/delete")
async def delete_person(request: Request, person: _Id) -> Response:
    """Delete a person with all visits for good, and go back to the list."""
    await _sure(request)
    await desk_of(request).work(_store(request).delete_person, person)
    return Response(status_code=204, headers={"HX-Redirect": "/cases#deleted"})


async def _changed(request: Request, person: str, change: Callable[[], None], said: str) -> HTMLResponse:
    """Do it, and show the person as it is then."""
    desk = desk_of(request)
    await desk.work(change)
    return desk.part("cases-visits", **_told(desk, await desk.work(_store(request).person, person), said))


async def _sure(request: Request) -> None:
    if (await form_of(request)).get("sure") != "yes":
        raise UsageError("nothing was deleted: it was not confirmed")


# --- what visits tell -------------------------------------------------------------------------------------------------------------------


@router.post("/cases/{person}/compare")
async def compared(request: Request, person: _Id) -> HTMLResponse:
    """The chosen visits compared, and side by side."""
    desk, form = desk_of(request), await form_of(request)
    found = await desk.work(_store(request).person, person)
    chosen = [v for v in found.visits if f"visit-{v.id}" in form]
    if not 2 <= len(chosen) <= _MOST_COMPARED:
        raise UsageError(f"choose two visits to compare, or more (at most {_MOST_COMPARED})")

    def tell() -> str:
        visits = [assess(case_from_mapping(v.case), desk.knowledge) for v in chosen]
        return "\n".join(answer.report("html", fragment=True) for answer in (compare(visits), side_by_side(visits)))

    return HTMLResponse(await desk.work(tell))


@router.post("/cases/visits/{visit}/today")
async def today(request: Request, visit: _Id) -> HTMLResponse:
    """Whether the answer of a visit would be the same today."""
    desk = desk_of(request)
    found = await desk.work(_store(request).visit, visit)
    if not found.answer:
        raise UsageError("no answer was kept with this visit, so nobody can tell")
    answer = await desk.work(replay, found.answer, desk.knowledge)
    return HTMLResponse(answer.report("html", fragment=True))


# --- on paper ---------------------------------------------------------------------------------------------------------------------------


@router.post("/cases/report")
async def report(request: Request) -> Response:
    """The report of the tab's case, or of a saved visit: a page to print, PDF, or the JSON of `assess --json`."""
    desk, form = desk_of(request), await form_of(request)
    visit = form.get("visit", "")
    case = case_from_mapping((await desk.work(_store(request).visit, visit)).case) if visit else await desk.work(case_of, form)
    answer: Assessment = await desk.work(assess, case, desk.knowledge)
    voice, _, part = form.get("voice", "clinician").partition("/")
    told = {"voice": voice, "part": part or "full"}
    match form.get("as", "html"):
        case "json":
            return _file(await desk.work(answer.to_json) + "\n", "application/json", "myologic-report.json")
        case "pdf":
            return _file(await desk.work(answer.pdf, **told), "application/pdf", "myologic-report.pdf")
        case "html":
            return _paper(await desk.work(answer.report, "html", **told))
        case _:
            raise UsageError("a report is told as html, pdf or json")


def _paper(html: str) -> HTMLResponse:
    """A page that is whole in itself: it may use the style that it carries, and nothing else at all."""
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    hashes = " ".join(f"'sha256-{base64.b64encode(sha256(style.encode()).digest()).decode()}'" for style in styles)
    return HTMLResponse(html, headers={"Content-Security-Policy": f"{_PAPER}; style-src {hashes}"})


def _file(content: str | bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False) + "\n"
