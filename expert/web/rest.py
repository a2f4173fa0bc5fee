"""REST under /v1: the engine for programs. Stateless; read as strictly as a file, answered with the engine's own bytes.

An operation is one line of `OPERATIONS`: routes, OpenAPI and the reference page are made from it, so they cannot differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from expert import lookup
from expert.assessment import Assessment
from expert.errors import Fault
from expert.formats import CaseFile, Shape
from expert.inference import ENGINES
from expert.questions.answer import Answer
from expert.reading import near
from expert.web import problems, rest_bodies, rest_document, rest_work
from expert.web.desk import Overloaded, desk_of
from expert.web.problems import Misasked
from expert.web.rest_document import Operation
from expert.web.rest_work import CAPS, JSON, LINES, REPORTS, YAML, Work

S = TypeVar("S", bound=Shape)
MOST_LINES = 1000
_PATIENCE = 200  # times that a line of a batch waits for a place
_PAUSE = 0.05  # seconds
# A report holds its own style; it has no script, asks for nothing, and is no page of ours.
_ALONE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"}

router = APIRouter()

# --- what came in -------------------------------------------------------------------------------------------------------------------


async def _body(request: Request, *media: str, most: int | None = None) -> tuple[bytes, str]:
    """What was sent and as what. Problems: 415 for what is not taken, 413 for too much of it."""
    said, _, more = request.headers.get("content-type", "").partition(";")
    kind = said.strip().lower()
    if kind not in media or request.headers.get("content-encoding", "identity") != "identity" or _charset(more) not in ("", "utf-8"):
        raise HTTPException(415, f"this takes {' or '.join(media)}, in UTF-8 and uncompressed")
    raw = await request.body()
    if len(raw) > (most or CAPS[kind]):
        raise HTTPException(413, f"more than {most or CAPS[kind]} bytes were sent")
    return raw, kind


def _charset(parameters: str) -> str:
    named = (p.partition("=") for p in parameters.lower().split(";"))
    return next((value.strip(' "') for name, _, value in named if name.strip() == "charset"), "")


def _engine(request: Request) -> str:
    """The engine that the query asks for, and nothing else."""
    said = request.query_params.multi_items()
    for name, _ in said:
        if name != "engine":
            raise Misasked([Fault("query", 0, "this takes the parameter 'engine' alone", meant=tuple(near(name[:40], ["engine"])))])
    if len(said) > 1 or any(value not in ENGINES for _, value in said):
        raise Misasked([Fault("query", 0, f"'engine' is, once, one of {', '.join(ENGINES)}")])
    return said[0][1] if said else "auto"


def _without_query(request: Request) -> None:
    if request.query_params:
        raise Misasked([Fault("query", 0, "this takes no parameters")])


# --- what goes out ------------------------------------------------------------------------------------------------------------------------

Doing = Callable[[Work, bytes, str], bytes]


def _posted(do: Doing, *media: str) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers a body in JSON."""

    async def endpoint(request: Request) -> Response:
        desk, engine = desk_of(request), _engine(request)
        raw, kind = await _body(request, *media)
        return Response(await desk.work(do, Work(desk.knowledge, engine), raw, kind), media_type=JSON)

    return endpoint


async def _report(request: Request) -> Response:
    desk, engine = desk_of(request), _engine(request)
    raw, kind = await _body(request, JSON)
    told, media = await desk.work(rest_work.reported, Work(desk.knowledge, engine), raw, kind)
    return Response(told, media_type=media, headers=_ALONE)


async def _batch(request: Request) -> Response:
    """Lines are answered one after the other, each as it comes: a batch takes one place among all that reasons."""
    desk, engine = desk_of(request), _engine(request)
    raw, _ = await _body(request, LINES, most=desk.settings.body_bytes)
    lines = raw.removesuffix(b"\n").split(b"\n") if raw.strip() else []
    if len(lines) > MOST_LINES:
        raise HTTPException(413, f"more than {MOST_LINES} lines were sent")
    work = Work(desk.knowledge, engine)
    first = [await desk.work(rest_work.line_of, work, line) for line in lines[:1]]  # too much going on is said before the answer begins

    async def told() -> AsyncIterator[bytes]:
        for line in first:
            yield line + b"\n"
        for line in lines[1:]:
            yield await _patiently(partial(desk.work, rest_work.line_of, work, line)) + b"\n"

    return StreamingResponse(told(), media_type=LINES)


async def _patiently(do: Callable[[], Awaitable[bytes]]) -> bytes:
    for _ in range(_PATIENCE):
        try:
            return await do()
        except Overloaded:
            await asyncio.sleep(_PAUSE)
    return problems.text_of(problems.plain(503, "too many requests at once; send this line again")).encode()


def _got(do: Callable[..., Any]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that looks something up by the parts of its path."""

    async def endpoint(request: Request) -> Response:
        _without_query(request)
        desk = desk_of(request)
        return Response(rest_work.as_json(await desk.work(do, desk.knowledge, **request.path_params)), media_type=JSON)

    return endpoint


async def _schema(request: Request) -> Response:
    _without_query(request)
    made = rest_document.schema(request.path_params["name"])
    if made is None:
        raise HTTPException(404, f"there is no such schema; there are: {', '.join(rest_document.SCHEMAS)}")
    return Response(made, media_type="application/schema+json")


async def _openapi(request: Request) -> Response:
    _without_query(request)
    return Response(rest_document.text(OPERATIONS), media_type=JSON)


async def _docs(request: Request) -> Response:
    api = rest_document.document(OPERATIONS)
    return desk_of(request).page(request, "docs", api=api, kinds=tuple(problems.KINDS.values()), schemas=rest_document.SCHEMAS)


# --- the operations ---------------------------------------------------------------------------------------------------------------------


_Endpoint = Callable[[Request], Awaitable[Response]]


def _post(
    id: str, path: str, summary: str, do: Doing, model: type[Shape], about: str = "", media: tuple[str, ...] = (JSON,), reasons: bool = True
) -> Operation:
    return Operation(id, "post", path, summary, _posted(do, *media), {JSON: id}, dict.fromkeys(media, model), about, reasons)


def _ask(id: str, model: type[S], summary: str, ask: Callable[[Assessment, S], Answer]) -> Operation:
    return _post(id, f"/{id}", summary, partial(rest_work.asked, model, ask), model)


def _get(id: str, path: str, summary: str, endpoint: _Endpoint, media: str = JSON) -> Operation:
    return Operation(id, "get", path, summary, endpoint, {media: id}, {})


B = rest_bodies
OPERATIONS: tuple[Operation, ...] = (
    _post(
        "assess", "/assess", "Assess a case", rest_work.assessed, CaseFile,
        "The answer is byte for byte what `myologic assess CASE --json` prints. Read `referral` first.", (JSON, YAML),
    ),
    Operation(
        "batch", "post", "/assess/batch", "Assess many cases", _batch, {LINES: "batch"}, {LINES: CaseFile},
        f"One case a line, at most {MOST_LINES} lines; one line of answer for each, in order, sent as it is ready. A line that cannot "
        "be assessed is answered by its problem, and the others go on.", True,
    ),
    _ask("why", B.WhyRequest, "Explain why something is suspected, found or foretold", lambda a, q: a.why(q.about, q.side, q.state)),
    _ask("why-not", B.WhyNotRequest, "Explain why it is not suspected", lambda a, q: a.why_not(q.about, q.side, q.state, q.top)),
    _ask("what-if", B.WhatIfRequest, "Tell what edits of the case change", lambda a, q: a.what_if(q.add, q.drop, q.set, q.measure)),
    _ask("overturn", B.AboutRequest, "Name what a conclusion rests on", lambda a, q: a.overturn(q.about, q.side, q.state)),
    _ask("next", B.NextRequest, "Say what to look at next, and when to stop", lambda a, q: a.next_tests(q.target, q.battery)),
    _ask("drivers", B.CaseRequest, "Name the fewest problems that account for what was found", lambda a, _: a.drivers()),
    _ask("uncertainty", B.CaseRequest, "Tell what is contested and how steady the ranking is", lambda a, _: a.uncertainty()),
    _ask("graph", B.GraphRequest, "Draw the graph around the case, hop by hop", lambda a, q: a.chain(q.around, q.taught)),
    _ask("steps", B.CaseRequest, "Follow the reasoning step by step", lambda a, _: a.steps()),
    _post("compare", "/compare", "Compare visits of one person", rest_work.compared, B.CompareRequest),
    Operation(
        "report", "post", "/report", "Tell the report for a reader", _report, dict.fromkeys(REPORTS.values(), "report"),
        {JSON: B.ReportRequest}, "`pdf` needs the extra of that name on the server.", True,
    ),
    _post(
        "validate", "/validate", "Check a case without reasoning about it", rest_work.validated, CaseFile,
        "The answer to a faulty case is 200 as well, and lists its faults.", (JSON, YAML), reasons=False,
    ),
    _post(
        "search", "/search", "Search the knowledge", rest_work.searched, B.TextRequest,
        "Words stand in the body: nothing that is typed stands in an address.", reasons=False,
    ),
    _post(
        "read", "/read", "Read an entry as clinicians type it", rest_work.read_entry, B.TextRequest,
        "`knees cave l mod`: what may be meant, as entries of a case.", reasons=False,
    ),
    _get("overview", "/knowledge", "The knowledge in numbers, its version and hash", _got(lookup.overview)),
    _get("listing", "/knowledge/{kind}", "All entries of one kind", _got(rest_work.entries)),
    _get("entry", "/knowledge/{kind}/{id}", "One entry, with all that speaks of it", _got(rest_work.entry)),
    _get("schema", "/schema/{name}", "The JSON Schema of what is read or told", _schema, "application/schema+json"),
    _get("openapi", "/openapi.json", "This description", _openapi),
)  # fmt: skip

for one in OPERATIONS:
    router.add_route(f"/v1{one.path}", one.endpoint, methods=[one.method.upper()], name=one.id)
router.add_route("/v1/docs", _docs, methods=["GET"], name="docs")
