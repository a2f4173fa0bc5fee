"""A case from a file, a pipe, a mapping or a command line, checked for shape; what its words mean is `normalise`'s affair."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expert.errors import CaseError, Fault
from expert.formats import CaseFile
from expert.reading import JSON_CAP, Document, Unreadable, read_json, read_yaml, refuse_hidden, shaped
from expert.words import side_word

_SEVERITIES = ("mild", "moderate", "severe")
_PAIN = re.compile(r"pain(?:ful)?|pain\s*(?P<much>10|[0-9])(?:\s*/\s*10)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Case:
    """A case of the right shape, with the document it came from (for the lines of whatever turns out wrong)."""

    shape: CaseFile
    document: Document


def load_case(path: str | os.PathLike[str]) -> Case:
    """Read a case file (YAML or JSON); `-` reads standard input. Raises CaseError with every fault found."""
    return case_from_text(text_of(path), str(path))


def text_of(path: str | os.PathLike[str], cap: int = JSON_CAP) -> str:
    """The text of a file, or of standard input for `-`. Raises CaseError for what cannot be read, or is larger than the cap."""
    if str(path) == "-":
        return _decoded(sys.stdin.buffer.read(cap + 1), "-", cap)
    file = Path(path)
    try:
        if not file.is_file():
            raise CaseError([Fault(str(path), 0, "there is no such file" if not file.exists() else "this is not a file")])
        with file.open("rb") as handle:
            return _decoded(handle.read(cap + 1), str(path), cap)
    except OSError as error:
        raise CaseError([Fault(str(path), 0, f"cannot be read: {error.strerror}")]) from None


def case_from_text(text: str, where: str = "case") -> Case:
    """Read a case from YAML or JSON text (JSON when it starts with a brace)."""
    try:
        document = (read_json if text.lstrip("\ufeff \t\r\n").startswith("{") else read_yaml)(text, where)
    except Unreadable as unreadable:
        raise CaseError(unreadable.faults) from None
    return case_from_document(document)


def case_from_mapping(data: Mapping[str, Any], where: str = "case") -> Case:
    """A case from plain data, as a program that embeds us has it."""
    return case_from_document(Document(where, dict(data)))


def case_from_document(document: Document) -> Case:
    """A case from what was read already."""
    try:
        refuse_hidden(document)
    except Unreadable as unreadable:
        raise CaseError(unreadable.faults) from None
    shape, faults = shaped(CaseFile, document)
    if shape is None:
        raise CaseError(faults)
    return Case(shape, document)


def case_from_quick(
    present: Iterable[str] = (), absent: Iterable[str] = (), unknown: Iterable[str] = (), measured: Iterable[str] = (),
    patient: Mapping[str, Any] | None = None,
) -> Case:
    """A case from quick entries such as `hip drop:right:running`; parts after the name come in any order.

    `pain`, `painful` say that pain limited it, `pain 6` how much of 10. A measured value is `hip abduction strength:left:148 N`:
    the part that starts with a digit is the value and its unit.
    """
    entries = [(text, value) for texts, value in ((present, True), (absent, False), (unknown, "unknown")) for text in texts]
    faults: list[Fault] = []
    findings = [_quick(text, value, faults) for text, value in entries]
    measurements = [_quick_measured(text, faults) for text in measured]
    if faults:
        raise CaseError(faults)
    told = {"case_id": "quick", "patient": dict(patient or {}), "findings": findings, "measurements": measurements}
    return case_from_document(Document("quick entry", told))


def _quick(text: str, present: bool | str, faults: list[Fault]) -> dict[str, Any]:
    name, *parts = (p.strip() for p in text.split(":"))
    entry: dict[str, Any] = {"name": name, "present": present}
    value: Any
    for part in filter(None, parts):
        if side := side_word(part):
            field, value = "side", side
        elif part.casefold() in _SEVERITIES:
            field, value = "severity", part.casefold()
        elif pain := _PAIN.fullmatch(part):
            field, value = ("pain", int(pain["much"])) if pain["much"] else ("limited_by", "pain")
        else:
            field, value = "task", part
        _once(entry, field, value, text, faults)
    if not name:
        faults.append(Fault("quick entry", 0, f"'{text}': the name is missing; write name:side:task"))
    return entry


_AMOUNT = re.compile(r"(?P<value>[+-]?[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>\S.*)?")


def _quick_measured(text: str, faults: list[Fault]) -> dict[str, Any]:
    """`knee to wall:left:4 cm`: name, side, and a value with its unit, in any order after the name."""
    name, *parts = (p.strip() for p in text.split(":"))
    entry: dict[str, Any] = {"name": name}
    for part in filter(None, parts):
        amount = _AMOUNT.fullmatch(part)
        if side := side_word(part):
            _once(entry, "side", side, text, faults)
        elif (pain := _PAIN.fullmatch(part)) and pain["much"]:
            _once(entry, "pain", int(pain["much"]), text, faults)
        elif amount is not None and amount["unit"]:
            number = float(amount["value"])
            _once(entry, "value", int(number) if number.is_integer() else number, text, faults)
            entry["unit"] = amount["unit"]
        else:
            wrong = f"'{part}' has no unit" if amount else f"'{part}' is neither a side nor a value with its unit"
            faults.append(Fault("quick entry", 0, f"'{text}': {wrong}; write name:side:value unit, for example 'knee to wall:left:4 cm'"))
    if not name or ("value" not in entry and len(parts) < 2):
        faults.append(Fault("quick entry", 0, f"'{text}': write name:side:value unit, for example 'knee to wall:left:4 cm'"))
    return entry


def _once(entry: dict[str, Any], field: str, value: Any, text: str, faults: list[Fault]) -> None:
    """Fill a field that stands once."""
    if field in entry:
        faults.append(Fault("quick entry", 0, f"'{text}': two readings of its {field}: '{entry[field]}' and '{value}'"))
    entry[field] = value


def _decoded(data: bytes, where: str, cap: int) -> str:
    if len(data) > cap:
        raise CaseError([Fault(where, 0, f"larger than the cap of {cap // 1024} kB")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaseError([Fault(where, data[: error.start].count(b"\n") + 1, "this is not UTF-8 text")]) from None
