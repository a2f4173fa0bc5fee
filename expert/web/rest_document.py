"""The operations of REST as one OpenAPI document, and the schemas it rests on."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NotRequired

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

import expert
from expert import lookup, schemas, typed
from expert.formats import Shape
from expert.inference import ENGINES
from expert.model import Tree
from expert.web.problems import MEDIA

_JSON = "application/json"
_REF = "#/components/schemas/{model}"
_ABOUT = "Hypotheses about muscle imbalance for professionals, never a diagnosis. Stateless: nothing that is sent is kept or logged."
_LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
CASE: Tree = {
    "case_id": "runner-01", "findings": [{"name": "hip drop", "side": "right", "task": "running"}, {"name": "knee valgus", "side": "left"}],
    "symptoms": [{"name": "night pain", "present": False}],
}  # fmt: skip
_ASKED = "gluteus-medius:left:underactive"
EXAMPLES: Mapping[str, Any] = {
    "assess": CASE, "batch": json.dumps(CASE), "validate": CASE, "why": {"case": CASE, "about": _ASKED},
    "why-not": {"case": CASE, "about": "gluteus-medius:right:underactive"}, "what-if": {"case": CASE, "drop": ["hip drop:right"]},
    "overturn": {"case": CASE, "about": _ASKED}, "next": {"case": CASE, "target": "gluteus-medius:left"}, "drivers": {"case": CASE},
    "uncertainty": {"case": CASE}, "graph": {"case": CASE}, "steps": {"case": CASE},
    "compare": {"cases": [CASE, {**CASE, "findings": [{"name": "hip drop", "side": "right", "task": "running", "present": False}]}]},
    "report": {"case": CASE, "format": "md", "voice": "client"}, "search": {"text": "glute med"}, "read": {"text": "knees cave l mod"},
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation. `takes`: the shape of its body by media type; `tells`: the name of its answer's schema by media type."""

    id: str
    method: str
    path: str
    summary: str
    endpoint: Callable[[Request], Awaitable[Response]]
    tells: Mapping[str, str]
    takes: Mapping[str, type[Shape]]
    about: str = ""
    reasons: bool = False

    @property
    def example(self) -> Any:
        """What may be sent to it."""
        return EXAMPLES.get(self.id)


# --- what only REST tells --------------------------------------------------------------------------------------------------------------


class Fault(TypedDict):
    """One thing that is wrong: where in what was sent (RFC 6901, "" is the whole), in which line, and what may have been meant."""

    pointer: str
    message: str
    line: NotRequired[int]
    did_you_mean: NotRequired[list[str]]


class Problem(TypedDict):
    """What is wrong (RFC 9457). Nothing of the case is repeated but the words of the entry that is at fault."""

    type: str
    title: str
    status: int
    detail: str
    faults: NotRequired[list[Fault]]


class Validation(TypedDict):
    """Whether a case can be used, what of it was read, and everything that is wrong with it."""

    valid: bool
    items: list[str]
    warnings: list[str]
    faults: list[Fault]


_OWN: Mapping[str, Any] = {
    "problem": Problem, "validation": Validation, "search": lookup.Search, "typed": typed.Typed, "overview": lookup.Overview,
    "listing": lookup.Listing, "entry": lookup.Entry,
}  # fmt: skip
_TOLD: Mapping[str, Any] = {**schemas.TOLD, **_OWN}
# Operations that answer 200 whatever stands in the body: what is wrong with it is the answer.
_TAKES: Mapping[str, Callable[[Tree], Tree]] = {
    "validate": lambda case: {"description": "a case, right or wrong", "anyOf": [case, {}]},
    "batch": lambda case: {"description": "one case a line", "type": "string", "contentMediaType": _JSON, "contentSchema": case},
}  # fmt: skip
# Operations whose answer has a schema of another name.
_TELLS = {"assess": "assessment", "graph": "chain", "validate": "validation", "read": "typed"}
SCHEMAS = (*schemas.READ, *_TOLD)


@cache
def schema(name: str) -> str | None:
    """The JSON Schema of what is read or told under a name; None where there is none."""
    if name not in SCHEMAS:
        return None
    made = schemas.schema(name) if name in schemas.NAMES else schemas.told(_OWN[name])
    return json.dumps(made, ensure_ascii=False, indent=2)


# --- the document -------------------------------------------------------------------------------------------------------------------

_ERRORS: Mapping[int, str] = {
    400: "What was sent cannot be read, or the query is not as it should be",
    401: "This server asks for its token",
    403: "Sent from a page of another site",
    404: "There is no such thing",
    408: "The body did not arrive in time",
    413: "Too much was sent",
    415: "Not a media type that is taken here",
    421: "This server does not answer under that name",
    422: "It can be read, and cannot be used as it stands: every fault with its place",
    500: "An unexpected error",
    503: "Too much is going on at once",
}
_ALWAYS, _OF_BODIES, _OF_PATHS = (400, 401, 421, 500), (403, 408, 413, 415, 422, 503), (404, 503)


@cache
def text(operations: tuple[Operation, ...]) -> str:
    """The document as JSON."""
    return json.dumps(document(operations), ensure_ascii=False)


@cache
def document(operations: tuple[Operation, ...]) -> Tree:
    """The OpenAPI document. What it says of shapes comes from the types that read and tell them."""
    bodies = {f"{one.id} body": model for one in operations for model in one.takes.values()}
    made, parts = schemas.together(bodies, {**_TOLD, "problem": Problem}, _REF)
    paths: dict[str, Tree] = {}
    for one in operations:
        paths.setdefault(f"/v1{one.path}", {})[one.method] = _operation(one, made)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Myologic", "version": expert.__version__, "description": _ABOUT, "license": _LICENCE},
        "jsonSchemaDialect": schemas.DIALECT,
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": parts, "responses": {f"problem-{status}": _error(status, made["problem"]) for status in _ERRORS}},
    }  # fmt: skip


def _operation(one: Operation, made: Mapping[str, Tree]) -> Tree:
    errors = sorted({*_ALWAYS, *(_OF_BODIES if one.takes else ()), *(_OF_PATHS if "{" in one.path or not one.takes else ())})
    failing = {str(status): {"$ref": f"#/components/responses/problem-{status}"} for status in errors}
    told: Tree = {
        "operationId": one.id, "summary": one.summary, **({"description": one.about} if one.about else {}),
        "parameters": list(_parameters(one)),
        "responses": {"200": _answer(one, made), **failing},
    }  # fmt: skip
    if one.takes:
        shape = made[f"{one.id} body"]
        if one.id in _TAKES:
            shape = _TAKES[one.id](shape)
        content = {media: {"schema": shape, "example": one.example} for media in one.takes}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _parameters(one: Operation) -> Iterable[Tree]:
    if one.reasons:
        yield {
            "name": "engine", "in": "query", "schema": {"enum": list(ENGINES), "default": "auto"},
            "description": "which engine reasons; auto takes experta where the server has it",
        }  # fmt: skip
    known: Mapping[str, Tree] = {
        "kind": {"enum": list(lookup.KINDS)}, "name": {"enum": list(SCHEMAS)}, "id": {"type": "string", "minLength": 1},
    }  # fmt: skip
    for name, shape in known.items():
        if f"{{{name}}}" in one.path:
            yield {"name": name, "in": "path", "required": True, "schema": shape}


def _answer(one: Operation, made: Mapping[str, Tree]) -> Tree:
    return {
        "description": one.summary,
        "content": {media: {"schema": _schema_of(media, name, made)} for media, name in one.tells.items()},
        **({"links": _LINKS[one.id]} if one.id in _LINKS else {}),
    }


def _schema_of(media: str, name: str, made: Mapping[str, Tree]) -> Tree:
    """Of an answer: its own, where it is JSON with one."""
    name = _TELLS.get(name, name)
    if media == "application/x-ndjson":
        return {"type": "string", "description": "lines, each an assessment or a problem"}
    if media.startswith("text/") or media == "application/pdf":
        return {"type": "string"}
    if name == "report":
        return made["assessment"]
    return made.get(name, {"type": "object"})


def _error(status: int, problem: Tree) -> Tree:
    headers = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}} if status == 503 else None
    return {"description": _ERRORS[status], **({"headers": headers} if headers else {}), "content": {MEDIA: {"schema": problem}}}


_FIRST = "$response.body#/hypotheses/0/muscle"
_LINKS: Mapping[str, Tree] = {
    "assess": {
        name: {"operationId": name, "requestBody": {"case": "$request.body", **more}, "description": says}
        for name, more, says in (
            ("why", {"about": _FIRST}, "why the first hypothesis"),
            ("next", {"target": _FIRST}, "what would settle the first hypothesis"),
            ("drivers", {}, "what would account for all of it"),
        )
    },
    "listing": {
        "entry": {"operationId": "entry", "parameters": {"kind": "$request.path.kind", "id": "$response.body#/rows/0/ref/id"}},
    },
}
