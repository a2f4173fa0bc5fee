"""A case as a short text of ids that may stand in a link, and back: what was seen, on which side, in which task, how marked.

Nothing that anybody typed goes along: no name, note, age, date or measured value. What comes back is read strictly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from expert.cases import Case, case_from_mapping
from expert.errors import UsageError
from expert.model import Item, KnowledgeBase, Stated, Tree

MOST = 8_000  # characters
_SIDES = {"left": "l", "right": "r", "midline": ""}
_NAMED = {letter: side for side, letter in _SIDES.items()}
_ENTRY = re.compile(r"(?P<id>[a-z0-9-]{1,64})(?::(?P<side>[lr]?)(?::(?P<task>[a-z0-9-]{0,64})(?::(?P<marks>[a-z0-9.]{1,40}))?)?)?")
_MARKS: dict[str, Tree] = {"absent": {"present": False}, "instrument": {"seen_by": "instrument"}, "pain": {"limited_by": "pain"}}
_SEVERITY = re.compile(r"s(\d{1,4})")


def share(stated: Stated) -> str:
    """The ids of a case as a text: `hip-drop:r:running,knee-valgus:l:squat:absent`; a flag denied as a whole is `cauda-equina:::absent`."""
    items = [_written(i) for i in stated.items]
    return ",".join([*items, *(f"{flag}:::absent" for flag in stated.ruled_out)])


def _written(item: Item) -> str:
    marks = [f"s{item.severity}"] if item.severity != 1000 else []
    marks += ["absent"] * (not item.present) + ["instrument"] * item.instrumented + ["pain"] * item.painful
    parts = [item.finding, _SIDES[item.side], item.task, ".".join(marks)]
    return ":".join(parts).rstrip(":")


def shared(text: str, kb: KnowledgeBase) -> Case:
    """The case that such a text tells. Raises UsageError for what is not made of ids of this knowledge; none of it is repeated."""
    if len(text) > MOST:
        raise UsageError("this link is too long to be one of ours")
    return case_from_mapping({"case_id": "shared", "findings": list(_entries(text, kb))}, "link")


def _entries(text: str, kb: KnowledgeBase) -> Iterator[Tree]:
    for number, written in enumerate(text.split(",") if text else (), start=1):
        match = _ENTRY.fullmatch(written)
        if match is None:
            raise UsageError(f"this link is damaged: its part {number} cannot be read")
        if match["id"] not in kb.findings and match["id"] not in kb.flags:
            raise UsageError(f"this link names something in its part {number} that this knowledge does not have")
        if match["task"] and match["task"] not in kb.tasks:
            raise UsageError(f"this link names a task in its part {number} that this knowledge does not have")
        entry: Tree = {"name": match["id"]}
        if match["side"]:
            entry["side"] = _NAMED[match["side"]]
        if match["task"]:
            entry["task"] = match["task"]
        for mark in match["marks"].split(".") if match["marks"] else ():
            entry |= _marked(mark, number, kb)
        yield entry


def _marked(mark: str, number: int, kb: KnowledgeBase) -> Tree:
    """What a mark says of an entry; a severity is written as its factor in thousandths."""
    severity = _SEVERITY.fullmatch(mark)
    given = int(severity[1]) / (1000 * kb.constants.severity.number_slope) if severity else 0
    if given > 1 or (severity is None and mark not in _MARKS):
        raise UsageError(f"this link is damaged: its part {number} cannot be read")
    return {"severity": given} if severity else _MARKS[mark]
