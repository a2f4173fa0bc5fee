"""A report in JSON derived again from the case that it carries, and compared byte for byte.

A report is a stranger's file until it has been read: it is capped, strict, and checked for its shape before anything looks into it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from expert import contract, inference
from expert.cases import Case, case_from_mapping
from expert.errors import CaseError, EngineError, Fault
from expert.model import Knowledge, Tree
from expert.questions.answer import Answer
from expert.questions.change import Change, changed
from expert.reading import Document, Unreadable, read_json, shaped

REPORT_CAP = 32 * 1024 * 1024
MOST_REPORTS = 1000
SHOWN = 12
_LONGEST = 80

Derive = Callable[[Case, str], str]  # (case, engine) -> the JSON of a fresh assessment


@dataclass(frozen=True, slots=True)
class Differs:
    """One place of the report that the fresh answer has otherwise. "": it is not there at all."""

    where: str
    report: str
    fresh: str


@dataclass(frozen=True, slots=True)
class Made:
    """What an answer was made with."""

    engine: str
    engine_version: str
    knowledge: str
    sha256: str
    shipped: bool


@dataclass(frozen=True, slots=True)
class Replayed:
    """One report. verdict: identical | engine (all but that entry) | rewritten (the same data, other bytes) | knowledge | altered.

    `differs`: the first places that differ, `more` is how many others do; `change`: what another knowledge changes in the conclusions;
    `refused`: why the case of the report can no longer be read with this knowledge.
    """

    number: int
    case_id: str
    verdict: str
    report: Made
    here: Made
    differs: tuple[Differs, ...]
    more: int
    change: Change | None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay(Answer):
    """What became of each report. `same`: every one says what is said here, whichever engine reasoned."""

    template = "replay"
    same: bool
    reports: tuple[Replayed, ...]


def replay(text: str, knowledge: Knowledge, derive: Derive, where: str = "report") -> Replay:
    """Derive every report of a text again (one object, or one a line) and compare. `derive` gives the JSON of a fresh assessment.

    Raises CaseError for what is no report, with what is wrong with it.
    """
    told = tuple(_replayed(n, line, place, knowledge, derive) for n, (line, place) in enumerate(_reports(text, where), 1))
    return Replay(all(r.verdict in ("identical", "engine") for r in told), told)


def _reports(text: str, where: str) -> Iterator[tuple[str, str]]:
    """The reports of a text, each with its place: one a line, or one over all lines."""
    if len(text) > REPORT_CAP:
        raise CaseError([Fault(where, 0, f"larger than the cap of {REPORT_CAP // 1024} kB")])
    lines = [(number, line) for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1) if line.strip()]
    if len(lines) > 1 and all(line.startswith("{") and line.rstrip("\r").endswith("}") for _, line in lines):
        if len(lines) > MOST_REPORTS:
            raise CaseError([Fault(where, 0, f"more than {MOST_REPORTS} reports")])
        yield from ((line, f"{where}, line {number}") for number, line in lines)
    else:
        yield text.removesuffix("\n"), where


# --- the shape of a report, as far as anything looks into it ---------------------------------------------------------------------------


class _Part(BaseModel):
    """A part of a report. What it holds besides is compared, and not looked into."""

    model_config = ConfigDict(extra="allow", frozen=True)


_Texts = tuple[StrictStr, ...]
_Number = Annotated[StrictFloat | StrictInt, Field(allow_inf_nan=False, ge=-1_000_000, le=1_000_000)]


class _Item(_Part):
    key: StrictStr
    name: StrictStr
    side: StrictStr
    task: StrictStr | None
    present: StrictBool
    severity: _Number
    painful: StrictBool


class _Inputs(_Part):
    used: tuple[_Item, ...]
    case: dict[str, Any]


class _Engine(_Part):
    name: StrictStr
    version: StrictStr


class _Knowledge(_Part):
    version: StrictStr
    sha256: StrictStr
    shipped: StrictBool


class _Flag(_Part):
    id: StrictStr
    title: StrictStr
    level: StrictStr
    findings: _Texts


class _Referral(_Part):
    level: StrictStr
    not_asked: _Texts
    flags: tuple[_Flag, ...]


class _Evidence(_Part):
    rule: StrictStr
    channel: StrictStr
    points: _Number
    findings: _Texts


class _Hypothesis(_Part):
    muscle: StrictStr
    name: StrictStr
    side: StrictStr
    axis: StrictStr
    state: StrictStr
    status: StrictStr
    held: StrictBool
    points: _Number
    points_for: _Number
    points_against: _Number
    evidence: tuple[_Evidence, ...]


class _Pattern(_Part):
    id: StrictStr
    name: StrictStr
    side: StrictStr
    core: _Texts


class _Place(_Part):
    kind: StrictStr
    id: StrictStr
    name: StrictStr
    side: StrictStr
    state: StrictStr


class _Prediction(_Place):
    strength: _Number
    status: StrictStr


class _Set(_Part):
    drivers: _Texts


class _Titled(_Part):
    id: StrictStr
    title: StrictStr


class _Loop(_Part):
    nodes: _Texts
    because: StrictStr


class _Conflict(_Part):
    between: _Texts
    because: StrictStr


class _Outlook(_Part):
    id: StrictStr | None
    text: StrictStr


class _PlanItem(_Part):
    muscle: StrictStr
    side: StrictStr
    states: _Texts


class _Phase(_Part):
    items: tuple[_PlanItem, ...]


class _Plan(_Part):
    withheld: StrictBool
    provisional: StrictBool
    because: _Texts
    phases: tuple[_Phase, ...]


class _Report(_Part):
    schema_version: StrictInt
    case_id: StrictStr
    engine: _Engine
    knowledge: _Knowledge
    inputs: _Inputs
    referral: _Referral
    hypotheses: tuple[_Hypothesis, ...]
    contradicted: tuple[_Hypothesis, ...]
    patterns: tuple[_Pattern, ...]
    predicted: tuple[_Prediction, ...]
    drivers: tuple[_Place, ...] = ()
    driver_sets: tuple[_Set, ...] = ()
    loops: tuple[_Loop, ...]
    causes: tuple[_Titled, ...]
    risks: tuple[_Titled, ...]
    outlook: _Outlook
    conflicts: tuple[_Conflict, ...]
    plan: _Plan


def _read(line: str, where: str) -> Tree:
    """A report as plain data. Raises CaseError where it is none."""
    try:
        document = read_json(line, where, REPORT_CAP)
    except Unreadable as unreadable:
        raise CaseError(unreadable.faults) from None
    data = document.data
    if not isinstance(data, dict) or "schema_version" not in data or "hypotheses" not in data:
        raise CaseError([Fault(where, 0, "this is no report in JSON (make one with: myologic assess CASE --json)")])
    if data["schema_version"] != contract.SCHEMA_VERSION or isinstance(data["schema_version"], bool):
        raise CaseError([Fault(where, 0, f"this report has another schema version than {contract.SCHEMA_VERSION}, the one known here")])
    inputs = data.get("inputs")
    if isinstance(inputs, dict) and inputs.get("case") is None:
        raise CaseError([Fault(where, 0, "this report does not carry its case (inputs.case), so it cannot be derived again")])
    report, faults = shaped(_Report, Document(where, data))
    if report is None:
        raise CaseError(faults)
    return data


# --- the verdict --------------------------------------------------------------------------------------------------------------------


def _replayed(number: int, line: str, where: str, knowledge: Knowledge, derive: Derive) -> Replayed:
    report = _read(line, where)
    was, here = _made(report), _made_here(report, knowledge)
    told = (number, report["case_id"])
    try:
        fresh = derive(case_from_mapping(report["inputs"]["case"], f"{where}: inputs.case"), here.engine)
    except CaseError as error:
        if was.sha256 == here.sha256:
            raise
        return Replayed(*told, "knowledge", was, here, (), 0, None, tuple(str(f) for f in error.faults[:SHOWN]))
    if fresh == line.removesuffix("\r"):
        return Replayed(*told, "identical", was, here, (), 0, None)
    verdict, found = _verdict(report, json.loads(fresh), was.sha256 != here.sha256)
    change = changed(report, json.loads(fresh), knowledge.kb) if verdict == "knowledge" else None
    return Replayed(*told, verdict, was, here, tuple(found[:SHOWN]), max(len(found) - SHOWN, 0), change)


def _verdict(report: Tree, fresh: Tree, other: bool) -> tuple[str, list[Differs]]:
    """What to call a report that is not the same bytes, and where it differs."""
    found = list(differences(report, fresh))
    if other:
        return "knowledge", [d for d in found if not d.where.startswith("knowledge.")]
    if not found:
        return "rewritten", []
    return "engine" if all(d.where.startswith("engine.") for d in found) else "altered", found


def _made_here(report: Tree, knowledge: Knowledge) -> Made:
    """What the fresh answer is made with: the engine that the report names, where it is there, else our own."""
    kb = knowledge.kb
    try:
        engine = inference.choose(report["engine"]["name"])
    except EngineError:
        engine = inference.choose("native")
    return Made(engine.name, engine.version, kb.version, kb.sha256, kb.shipped)


def _made(report: Tree) -> Made:
    engine, knowledge = report["engine"], report["knowledge"]
    return Made(engine["name"], engine["version"], knowledge["version"], knowledge["sha256"], knowledge["shipped"])


def differences(one: Any, other: Any, where: str = "") -> Iterator[Differs]:
    """Every place where two plain values differ, as deep down as they can be told apart. 1 and 1.0 are one number, true is none."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            place = f"{where}.{key}" if where else str(key)
            if key not in one or key not in other:
                yield Differs(place, *(_told(side[key]) if key in side else "" for side in (one, other)))
            else:
                yield from differences(one[key], other[key], place)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, f"{where}[{number}]")
    elif one != other or isinstance(one, bool) is not isinstance(other, bool):
        yield Differs(where, _told(one), _told(other))


def _told(value: Any) -> str:
    """A value in a few letters."""
    if isinstance(value, list):
        return f"{len(value)} entries"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
