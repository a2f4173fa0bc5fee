"""The chain page: the graph around a case as a picture that can be played, and the same in words."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from expert.assessment import assess
from expert.cases import Case
from expert.model import Knowledge
from expert.questions import Chain
from expert.web.desk import case_of, desk_of, form_of

router = APIRouter(prefix="/chain")


@router.get("")
async def chain(request: Request) -> HTMLResponse:
    """The page: a shell that asks for the graph of the tab's case."""
    return desk_of(request).page(request, "chain")


@router.post("/graph")
async def graph(request: Request) -> HTMLResponse:
    """The graph: as data for the picture, and in words. `around`: a muscle or place; `taught`: a chain; `side`: of either."""
    desk, form = desk_of(request), await form_of(request)
    told = await desk.work(_drawn, await desk.work(case_of, form), desk.knowledge, form)
    return desk.part("chain-graph", a=told.to_dict())


def _drawn(case: Case, knowledge: Knowledge, form: dict[str, str]) -> Chain:
    around, taught, side = (form.get(name, "").strip() for name in ("around", "taught", "side"))
    if taught:
        return assess(case, knowledge).chain(taught=_sided(taught, side))
    return assess(case, knowledge).chain(around=_sided(around, side) if around else None)


def _sided(words: str, side: str) -> str:
    """What was asked about, with the side chosen beside it where the words tell none."""
    return f"{words}:{side}" if side and ":" not in words else words
