"""The knowledge, to read: a search, lists, a page for every entry, the whole in numbers."""

from __future__ import annotations

from functools import cache

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from expert.errors import UsageError
from expert.lookup import Entry, Shown, exists, listing, look_up, overview, search, shown_by
from expert.model import Knowledge
from expert.neighbours import Neighbours, neighbours
from expert.stored import StoredCase, stored_cases
from expert.web.desk import desk_of, form_of

router = APIRouter(prefix="/knowledge")
_WITH_CASES = ("rules", "patterns")
_NOWHERE = "there is no such page of the knowledge"


@router.get("")
async def knowledge(request: Request) -> HTMLResponse:
    """What there is, and where to search it."""
    desk = desk_of(request)
    return desk.page(request, "knowledge", told=await desk.work(overview, desk.knowledge))


@router.post("/search")
async def found(request: Request) -> HTMLResponse:
    """What is called so. Posted, since what a person types stands in no address."""
    desk, form = desk_of(request), await form_of(request)
    words = form.get("words", "")
    return desk.part("knowledge-hits", words=words, told=await desk.work(search, words, desk.knowledge))


@router.get("/overview")
async def numbers(request: Request) -> HTMLResponse:
    """How well it is founded, and on whose word."""
    desk = desk_of(request)
    return desk.page(request, "knowledge-overview", told=await desk.work(overview, desk.knowledge))


@router.get("/{kind}")
async def entries(request: Request, kind: str) -> HTMLResponse:
    """All entries of a kind, or those with the tags that the address names."""
    desk = desk_of(request)
    try:
        told = await desk.work(listing, kind, desk.knowledge, {name: value for name, value in request.query_params.items() if value})
    except UsageError:
        raise HTTPException(404, _NOWHERE) from None
    return desk.page(request, "knowledge-list", told=told)


@router.get("/{kind}/{id}")
async def entry(request: Request, kind: str, id: str) -> HTMLResponse:
    """One entry: what it says, and everything that names it."""
    desk = desk_of(request)
    if not await desk.work(exists, kind, id, desk.knowledge):
        raise HTTPException(404, _NOWHERE)
    told, near = await desk.work(_whole, kind, id, desk.knowledge)
    return desk.page(request, "knowledge-entry", e=told, near=near, with_cases=kind in _WITH_CASES)


def _whole(kind: str, id: str, knowledge: Knowledge) -> tuple[Entry, Neighbours]:
    told = look_up(kind, id, knowledge)
    return told, neighbours(told, knowledge)


@router.post("/{kind}/{id}/cases")
async def cases(request: Request, kind: str, id: str) -> HTMLResponse:
    """The hand-written cases in which a rule or pattern fires."""
    desk = desk_of(request)
    if kind not in _WITH_CASES or not await desk.work(exists, kind, id, desk.knowledge):
        raise HTTPException(404, _NOWHERE)
    return desk.part("knowledge-cases", told=await desk.work(_shown, id, desk.knowledge))


def _shown(rule: str, knowledge: Knowledge) -> Shown:
    return shown_by(rule, _stored(), knowledge)


@cache
def _stored() -> tuple[StoredCase, ...]:
    """Reading them takes seconds, and they do not change while the server runs."""
    return stored_cases()
