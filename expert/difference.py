"""What a change of the knowledge changes: every stored case, answered with the old knowledge and with the new one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from expert.cases import case_from_mapping
from expert.errors import ExpertError
from expert.model import Knowledge, Result
from expert.pipeline import conclude


@dataclass(frozen=True, slots=True)
class Changed:
    """One case whose answer differs, and how, in lines."""

    name: str
    lines: tuple[str, ...]


def changed(cases: Iterable[tuple[str, Mapping[str, Any]]], old: Knowledge, new: Knowledge) -> Iterator[Changed]:
    """The (name, case) pairs whose answer is another one. Points alone are told only where a status changes with them."""
    for name, case in cases:
        before, after = (_answer(case, knowledge) for knowledge in (old, new))
        lines = tuple(_lines(before, after))
        if lines:
            yield Changed(name, lines)


def _answer(case: Mapping[str, Any], knowledge: Knowledge) -> Mapping[str, str]:
    """What one answer says, as key -> value, in an order of its own."""
    try:
        answer = conclude(case_from_mapping(case), knowledge, "native")
    except ExpertError as error:
        return {"case": f"refused: {str(error).splitlines()[0]}"}
    return dict(_told(answer))


def _told(answer: Result) -> Iterator[tuple[str, str]]:
    yield "referral", answer.referral.level
    yield from ((f"flag {f.id}", f.level) for f in answer.referral.flags)
    for h in answer.hypotheses:
        if h.status != "insufficient":
            yield f"{h.muscle} {h.side} {h.axis}", f"{h.state}, {h.status}{', held' if h.held else ''} ({h.points:+.1f})"
    yield from ((f"pattern {p.id} {p.side}", "found") for p in answer.patterns)
    yield from ((f"cause {c.id}", "given") for c in answer.causes)
    plan = answer.plan
    yield "plan", "withheld" if plan.withheld else "none" if not plan.phases else "provisional" if plan.provisional else "given"


def _lines(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for key in dict.fromkeys((*before, *after)):
        was, now = before.get(key, "nothing"), after.get(key, "nothing")
        if was.partition(" (")[0] != now.partition(" (")[0]:
            yield f"{key}: {was} -> {now}"
