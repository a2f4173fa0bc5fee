"""What every room uses: the knowledge, the threads that reason, pages and parts of pages, and how a case comes in."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from expert.cases import Case, case_from_text
from expert.errors import ExpertError
from expert.model import Knowledge
from expert.render import screen
from expert.web.settings import Settings

T = TypeVar("T")
_MOST_FIELDS = 400
_FORM = "application/x-www-form-urlencoded"


class Overloaded(Exception):
    """More is waiting than the server takes."""


@dataclass(slots=True)
class Desk:
    """One for an application. Reasoning runs in a few threads, each with an engine of its own; what waits for them is bounded."""

    settings: Settings
    knowledge: Knowledge
    _pool: ThreadPoolExecutor = field(init=False)
    _inside: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.settings.workers, thread_name_prefix="reasoning")

    async def work(self, do: Callable[..., T], *args: Any, **options: Any) -> T:
        """Do it in a thread. Raises Overloaded at once where too much waits already."""
        if self._inside >= self.settings.workers + self.settings.waiting:
            raise Overloaded
        self._inside += 1  # counted on the event loop only, so no lock is needed
        try:
            running = self._pool.submit(functools.partial(do, *args, **options))
        except BaseException:
            self._inside -= 1
            raise
        running.add_done_callback(functools.partial(self._leave, asyncio.get_running_loop()))
        return await asyncio.wrap_future(running)

    def _leave(self, loop: asyncio.AbstractEventLoop, _: object) -> None:
        """A place is free when the work is done, not when the caller has hung up."""
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._count_out)

    def _count_out(self) -> None:
        self._inside -= 1

    def close(self) -> None:
        """Let no new work begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def page(self, request: Request, name: str, status: int = 200, **data: Any) -> HTMLResponse:
        """A whole page: web/<name>.html.j2. `here` is its path, for the navigation."""
        return HTMLResponse(self._told(name, here=request.url.path, **data), status)

    def part(self, name: str, status: int = 200, **data: Any) -> HTMLResponse:
        """A part of a page: web/<name>.html.j2."""
        return HTMLResponse(self._told(name, **data), status)

    def _told(self, name: str, **data: Any) -> str:
        return screen(name, kb=self.knowledge.kb, **data)

    def faults(self, request: Request, error: ExpertError, status: int = 422) -> HTMLResponse:
        """What a person did wrong, all of it: as a part where a part was asked for, else as a page."""
        if request.headers.get("hx-request"):
            return self.part("faults", status, faults=error.faults)
        return self.page(request, "faults-page", status, faults=error.faults)


def desk_of(request: Request) -> Desk:
    """The desk of the application that answers."""
    return cast(Desk, request.app.state.desk)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a posted form, url-encoded, the last of each name. 415 for anything else: it would be taken for an empty form."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != _FORM or request.headers.get("content-encoding", "identity") != "identity":
        if media or await request.body():
            raise HTTPException(415, f"this takes {_FORM}, uncompressed")
        return {}
    async with request.form(max_fields=_MOST_FIELDS, max_part_size=desk_of(request).settings.body_bytes) as form:
        return {name: value for name, value in form.multi_items() if isinstance(value, str)}


def case_of(form: dict[str, str]) -> Case:
    """The case that the tab holds: read it in a thread, a faulty one takes its time. Raises CaseError with everything wrong with it."""
    return case_from_text(form.get("case") or '{"findings": []}', "case")
