"""What REST does with what was sent, from bytes to bytes: strictly read, answered by the engine. Runs in a thread that reasons."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.exceptions import HTTPException

from expert import lookup, typed
from expert.assessment import Assessment, assess, compare
from expert.cases import Case
from expert.errors import CaseError, ExpertError, Fault
from expert.formats import CaseFile, Shape
from expert.model import Knowledge
from expert.normalise import normalise
from expert.questions.answer import Answer, plain
from expert.reading import JSON_CAP, YAML_CAP, Document, read_json, read_yaml, refuse_hidden, shaped
from expert.reading import Unreadable as NotRead
from expert.web import problems, rest_bodies
from expert.web.problems import Misshapen, Unreadable
from expert.web.safety import place

S = TypeVar("S", bound=Shape)
JSON, YAML, LINES = "application/json", "application/yaml", "application/x-ndjson"
CAPS = {JSON: JSON_CAP, YAML: YAML_CAP}
REPORTS = {"txt": "text/plain", "md": "text/markdown", "html": "text/html", "json": JSON, "pdf": "application/pdf"}

log = logging.getLogger("myologic.web")


@dataclass(frozen=True, slots=True)
class Work:
    """What an operation needs besides what was sent."""

    knowledge: Knowledge
    engine: str = "auto"

    def assess(self, case: Case) -> Assessment:
        """One run."""
        return assess(case, self.knowledge, self.engine)


# --- reading ----------------------------------------------------------------------------------------------------------------------------


def _document(raw: bytes, kind: str) -> Document:
    """What was sent, as data that knows its places. Raises Unreadable."""
    try:
        document = (read_yaml if kind == YAML else read_json)(_decoded(raw), "body")
        refuse_hidden(document)
    except NotRead as unreadable:
        raise Unreadable(unreadable.faults) from None
    return document


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable([Fault("body", raw[: error.start].count(b"\n") + 1, "this is not UTF-8 text")]) from None


def _shape(model: type[S], document: Document) -> S:
    shape, faults = shaped(model, document)
    if shape is None:
        raise Misshapen(faults)
    return shape


def _case(raw: bytes, kind: str = JSON) -> Case:
    document = _document(raw, kind)
    return Case(_shape(CaseFile, document), document)


# --- answering ---------------------------------------------------------------------------------------------------------------------------


def as_json(told: Any) -> bytes:
    """Plain data or an answer of dataclasses, as one line of JSON."""
    return json.dumps(plain(told), ensure_ascii=False, allow_nan=False).encode()


def assessed(work: Work, raw: bytes, kind: str) -> bytes:
    """What `myologic assess --json` prints."""
    return work.assess(_case(raw, kind)).to_json().encode()


def asked(model: type[S], ask: Callable[[Assessment, S], Answer], work: Work, raw: bytes, kind: str) -> bytes:
    """The answer to a question about the case of a body."""
    document = _document(raw, kind)
    body = _shape(model, document)
    case = Case(body.case, document.part("case"))  # type: ignore[attr-defined]  # every such body has one
    return ask(work.assess(case), body).to_json().encode()


def compared(work: Work, raw: bytes, kind: str) -> bytes:
    """Visits compared, or the faults of all of them."""
    document = _document(raw, kind)
    visits: list[Assessment] = []
    faults: list[Fault] = []
    for number, shape in enumerate(_shape(rest_bodies.CompareRequest, document).cases):
        try:
            visits.append(work.assess(Case(shape, document.part("cases", number))))
        except CaseError as error:
            faults += error.faults
    if faults:
        raise CaseError(faults)
    return compare(visits).to_json().encode()


def reported(work: Work, raw: bytes, kind: str) -> tuple[bytes, str]:
    """A report, and its media type."""
    document = _document(raw, kind)
    body = _shape(rest_bodies.ReportRequest, document)
    answer = work.assess(Case(body.case, document.part("case")))
    options = {"voice": body.voice, "part": body.part}
    told = answer.pdf(**options) if body.format == "pdf" else answer.report(body.format, **options).encode()
    return told, REPORTS[body.format]


def validated(work: Work, raw: bytes, kind: str) -> bytes:
    """What is wrong with a case; nothing is reasoned."""
    try:
        stated = normalise(_case(raw, kind), work.knowledge.kb)
    except CaseError as error:
        return as_json({"valid": False, "items": [], "warnings": [], "faults": problems.told_of(error)["faults"]})
    return as_json({"valid": True, "items": [item.key for item in stated.items], "warnings": stated.warnings, "faults": []})


def searched(work: Work, raw: bytes, kind: str) -> bytes:
    """What in the knowledge is called so."""
    return as_json(lookup.search(_shape(rest_bodies.TextRequest, _document(raw, kind)).text, work.knowledge))


def read_entry(work: Work, raw: bytes, kind: str) -> bytes:
    """What an entry may mean."""
    return as_json(typed.read_typed(_shape(rest_bodies.TextRequest, _document(raw, kind)).text, work.knowledge.kb))


def line_of(work: Work, raw: bytes) -> bytes:
    """One line of a batch: its answer, or the problem with it. Nothing that goes wrong with one line stops the others."""
    try:
        if len(raw) > JSON_CAP:
            return problems.text_of(problems.plain(413, f"a line has at most {JSON_CAP} bytes")).encode()
        return assessed(work, raw, JSON)
    except ExpertError as error:
        return problems.text_of(problems.told_of(error)).encode()
    except Exception as error:
        log.error("unexpected %s at %s", type(error).__name__, place(error))
        return problems.text_of(problems.plain(500, "an unexpected error")).encode()


def entries(knowledge: Knowledge, kind: str) -> Any:
    """All entries of a kind."""
    if kind not in lookup.KINDS:
        raise HTTPException(404, f"there is no such kind of entry; there are: {', '.join(lookup.KINDS)}")
    return lookup.listing(kind, knowledge)


def entry(knowledge: Knowledge, kind: str, id: str) -> Any:
    """One entry."""
    if not lookup.exists(kind, id, knowledge):
        raise HTTPException(404, "there is no such entry")
    return lookup.look_up(kind, id, knowledge)
