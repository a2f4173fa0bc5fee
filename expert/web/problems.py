"""What is wrong, as programs read it: RFC 9457 problem details."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from expert.errors import CaseError, ExpertError, Fault
from expert.model import Tree

MEDIA = "application/problem+json"
MOST_FAULTS = 100
_PAGE = "/v1/docs"  # tells what each kind means


class Unreadable(CaseError):
    """What was sent is no document: no text, no JSON, or not as strict as it must be."""


class Misshapen(CaseError):
    """What was sent can be read, and has not the shape that is asked for."""


class Misasked(ExpertError):
    """The query of an address is not as it should be."""


# By kind of error, the first that fits: the kind of problem, its status and title, and what is to be done.
KINDS: Mapping[type[ExpertError], tuple[str, int, str, str]] = {
    Unreadable: ("unreadable", 400, "What was sent cannot be read", "mend the text: its encoding, its syntax, keys that stand twice"),
    Misasked: ("query", 400, "The query is not as it should be", "mend what stands behind the question mark of the address"),
    Misshapen: ("shape", 422, "What was sent has not the shape that is asked for", "hold it to the schema of this operation"),
    CaseError: ("case", 422, "The case cannot be used as it stands", "each fault says what to put right"),
    ExpertError: ("question", 422, "This cannot be asked so", "the case is not at fault: each fault says what to ask instead"),
}


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """A problem of that status. `detail` is a sentence of ours: nothing that was sent is repeated in it."""
    return Response(text_of(plain(status, detail, **more)), status, media_type=MEDIA, headers=dict(headers or {}))


def plain(status: int, detail: str, **more: Any) -> Tree:
    """The document of a problem that is no more than its status."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}


def mistaken(error: ExpertError) -> Response:
    """A caller's mistake, every fault with its place."""
    told = told_of(error)
    return Response(text_of(told), told["status"], media_type=MEDIA)


def told_of(error: ExpertError) -> Tree:
    """The document of a caller's mistake."""
    kind, status, title, detail = next(known for type_, known in KINDS.items() if isinstance(error, type_))
    shown = [_fault(fault) for fault in error.faults[:MOST_FAULTS]]
    more = len(error.faults) - len(shown)
    return {
        "type": f"{_PAGE}#{kind}", "title": title, "status": status, "detail": f"{detail}; and {more} faults more" if more else detail,
        "faults": shown,
    }  # fmt: skip


def _fault(fault: Fault) -> Tree:
    """`pointer`: RFC 6901, into what was sent; "" is the whole of it. `line`, `did_you_mean`: where there are any."""
    told: Tree = {"pointer": fault.pointer, "message": fault.message}
    if fault.line:
        told["line"] = fault.line
    if fault.meant:
        told["did_you_mean"] = list(fault.meant)
    return told


def text_of(told: Tree) -> str:
    """A document as one line. Lone surrogates, which only a broken text has, are escaped."""
    return json.dumps(told, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace").decode()
