"""The application: its rooms, wired."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

import expert
from expert.errors import ExpertError, UsageError
from expert.model import Knowledge
from expert.pipeline import load_knowledge
from expert.render import style
from expert.web import browse, chain, clinic, learn, rest, results, saved, why
from expert.web.desk import Desk, Overloaded, desk_of
from expert.web.problems import mistaken, problem
from expert.web.safety import Safety, unexpected
from expert.web.settings import Settings, checked

_ROOMS = (clinic, why, browse, chain, learn, results, saved, rest)  # in the order in which their paths are tried

_API = "/v1"
_HERE = files("expert") / "web"


def is_built() -> bool:
    """Whether the front-end files are there."""
    return (_HERE / "vendor" / "versions.json").is_file()


def create_app(settings: Settings | None = None, knowledge: Knowledge | None = None) -> ASGIApp:
    """The application, behind its safety. Raises UsageError for settings that nothing guards, or where front-end files are missing."""
    settings = checked(settings or Settings())
    if not is_built():
        raise UsageError("the pages' front-end files are not built: 'make assets' builds them and needs node and npm once")
    app = FastAPI(title="Myologic", version=expert.__version__, docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    app.state.desk = Desk(settings, knowledge or load_knowledge())
    for folder in ("static", "vendor"):
        app.mount(f"/{folder}", StaticFiles(directory=str(_HERE / folder)), folder)
    app.get("/healthz", include_in_schema=False)(_healthz)
    app.get("/style/report.css", include_in_schema=False)(_report_style)
    for room in _ROOMS:
        app.include_router(room.router)
    answers = ((ExpertError, _mistaken), (Overloaded, _overloaded), (RequestValidationError, _misasked), (HTTPException, _missing))
    for kind, answer in (*answers, (Exception, unexpected)):
        app.add_exception_handler(kind, answer)
    return Safety(app, settings)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.desk.close()


async def _healthz() -> Response:
    return PlainTextResponse("ok\n")


async def _report_style() -> Response:
    """The look of answers and reports inside a page: strict pages take style from files only."""
    return Response(style(), media_type="text/css")


async def _mistaken(request: Request, error: Exception) -> Response:
    assert isinstance(error, ExpertError)
    if request.url.path.startswith(_API):
        return mistaken(error)
    return desk_of(request).faults(request, error)


async def _overloaded(_request: Request, _: Exception) -> Response:
    return problem(503, "too many requests at once; try again in a moment", headers={"Retry-After": "2"})


async def _misasked(request: Request, _: Exception) -> Response:
    """FastAPI's own answer repeats what was sent; ours does not."""
    if not _is_for_program(request):
        return desk_of(request).page(request, "missing", 404, what="There is no such page")
    return problem(422, "a part of the address or of the query is not as it should be")


async def _missing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if _is_for_program(request):
        return problem(error.status_code, str(error.detail), headers=error.headers)
    page = desk_of(request).page(request, "missing", error.status_code, what=str(error.detail))
    page.headers.update(error.headers or {})
    return page


def _is_for_program(request: Request) -> bool:
    """Whether the answer is read by a program of somebody's or by a page of ours, and not by a person as a page."""
    return request.url.path.startswith(_API) or "hx-request" in request.headers
