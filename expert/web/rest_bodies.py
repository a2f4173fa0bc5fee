"""What programs may send: one shape for each operation that takes more than a case."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt, StringConstraints

from expert.formats import CaseFile, Shape, State, Words

Entry = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)]
Entries = Annotated[tuple[Entry, ...], Field(max_length=50)]
MOST_VISITS = 50


class CaseRequest(Shape):
    """A case alone."""

    case: CaseFile


class AboutRequest(CaseRequest):
    """A case, and what is asked about: a muscle or a group in words or by id, pattern:NAME, flag:NAME or prediction:NAME.

    Side and state may stand in the words, after colons (gluteus medius:left:underactive), or beside them.
    """

    about: Words
    side: Words | None = None
    state: State | None = None


class WhyRequest(AboutRequest):
    """A case, and what to explain; nothing said: the first hypothesis."""

    about: Words | None = None  # type: ignore[assignment]


class WhyNotRequest(AboutRequest):
    """A case, and what is missed in its conclusions: a muscle, a group or pattern:NAME."""

    top: Annotated[StrictInt, Field(ge=1, le=500)] | None = Field(None, description="how many rules of each kind")


class WhatIfRequest(CaseRequest):
    """A case, and edits of it, written as quick entries: hip drop:right:running."""

    add: Entries = Field((), description="it is there")
    drop: Entries = Field((), description="it is not stated at all")
    set: Annotated[dict[Entry, Literal["present", "absent", "unknown"]], Field(max_length=50)] = Field({}, description="what it is")
    measure: Entries = Field((), description="measured values: knee to wall:left:4 cm")


class NextRequest(CaseRequest):
    """A case, and what to look for."""

    target: Words | None = Field(None, description="to rule in or out: MUSCLE:SIDE[:STATE] or pattern:NAME[:SIDE]")
    battery: Words | None = Field(None, description="only what stands in this battery")


class GraphRequest(CaseRequest):
    """A case, and which part of its graph."""

    around: Words | None = Field(None, description="also the links around this place: multifidus, pelvis-drop:right")
    taught: Words | None = Field(None, description="a chain as it is taught, with what the case says of its places: upper-crossed:right")


class CompareRequest(Shape):
    """Visits of one person; put in the order of their dates where each has one, else as given."""

    cases: Annotated[tuple[CaseFile, ...], Field(min_length=2, max_length=MOST_VISITS)]


class ReportRequest(CaseRequest):
    """A case, for whom to tell it, and how."""

    format: Literal["txt", "md", "html", "json", "pdf"] = "txt"
    voice: Literal["clinician", "client", "teaching", "letter"] = "clinician"
    part: Literal["full", "worksheet", "key"] = Field("full", description="of the voice teaching")


class TextRequest(Shape):
    """Words to be looked up or read. They stand here because nothing that is typed stands in an address."""

    text: Entry
