"""Visits of one person as a table: every suspicion and every measured value, left and right, visit by visit.

`compare` says what changed and what that means; this shows the values themselves, so that one can look along a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from expert.errors import UsageError
from expert.measures import Value
from expert.model import About, Hypothesis, Knowledge, KnowledgeBase, Result
from expert.normalise import values_of
from expert.questions.answer import Answer
from expert.questions.compare import Visit, in_order, unit_of, visit
from expert.questions.what_if import given


@dataclass(frozen=True, slots=True)
class Standing:
    """A suspicion at one visit on one side: its status ("" where nothing spoke for it), its points, and whether a red flag holds it."""

    status: str
    points: float | None
    held: bool


@dataclass(frozen=True, slots=True)
class Sides:
    """A suspicion at one visit."""

    left: Standing
    right: Standing


@dataclass(frozen=True, slots=True)
class SuspicionRow:
    """A state of a muscle over the visits, both sides."""

    muscle: str
    name: str
    axis: str
    state: str
    visits: tuple[Sides, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured value as it was written ("" where it was not measured), its amount in the row's unit, and whether it hurt."""

    written: str
    amount: float | None
    painful: bool


@dataclass(frozen=True, slots=True)
class Readings:
    """A measured value at one visit."""

    left: Reading
    right: Reading
    midline: Reading


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A measure over the visits. `unit`: of the amounts; "" where visits measured it in ways that cannot be compared."""

    id: str
    name: str
    unit: str
    visits: tuple[Readings, ...]


@dataclass(frozen=True, slots=True)
class SideBySide(Answer):
    """Visits in order (`ordered`: date | given), and a row for each suspicion that was possible once, and for each measure."""

    template = "side-by-side"
    visits: tuple[Visit, ...]
    ordered: str
    suspicions: tuple[SuspicionRow, ...]
    measures: tuple[MeasureRow, ...]


def side_by_side(results: Sequence[Result], knowledge: Knowledge) -> SideBySide:
    """The table of one visit or more, in the order of their dates where each has one. Raises UsageError for none."""
    if not results:
        raise UsageError("give at least one visit")
    visits, ordered = in_order(results)
    values = [{(v.measure, v.side): v for vs in values_of(given(r), knowledge.kb) for v in vs} for r in visits]
    measured = sorted({measure for one in values for measure, _ in one})
    return SideBySide(
        tuple(visit(n, r) for n, r in enumerate(visits, 1)), ordered, _suspicions(visits),
        tuple(_measure(m, values, knowledge.kb) for m in measured),
    )  # fmt: skip


def _suspicions(visits: Sequence[Result]) -> tuple[SuspicionRow, ...]:
    """What was possible once, on either side; what the last visit supports first, then what had most points at any visit."""
    found = [{h.about: h for h in r.hypotheses} for r in visits]
    told = {(h.muscle, h.state): h for one in found for h in one.values() if h.status != "insufficient"}
    rows = (_row(h, found) for h in told.values())
    return tuple(sorted(rows, key=lambda row: (*_rank(row.visits), row.name, row.axis, row.state)))


def _row(h: Hypothesis, found: Sequence[Mapping[About, Hypothesis]]) -> SuspicionRow:
    def standing(one: Mapping[About, Hypothesis], side: str) -> Standing:
        there = one.get(About(h.muscle, side, h.axis, h.state))
        return Standing(there.status, there.points, there.held) if there else Standing("", None, False)

    sides = tuple(Sides(standing(one, "left"), standing(one, "right")) for one in found)
    return SuspicionRow(h.muscle, h.name, h.axis, h.state, sides)


def _rank(visits: Sequence[Sides]) -> tuple[bool, float]:
    all_ = [s for v in visits for s in (v.left, v.right)]
    return not any(s.status == "supported" for s in all_[-2:]), -max(s.points or 0 for s in all_)


_NOT_MEASURED = Reading("", None, False)


def _measure(measure: str, values: Sequence[Mapping[tuple[str, str], Value]], kb: KnowledgeBase) -> MeasureRow:
    """Amounts are told in the unit of the last value, if all were measured in one dimension."""
    mine = [v for one in values for (m, _), v in one.items() if m == measure]
    comparable = len({v.dimension for v in mine}) == 1
    unit, factor = unit_of(mine[-1], kb)

    def reading(value: Value | None) -> Reading:
        return Reading(value.written, round(value.amount / factor, 3) if comparable else None, value.painful) if value else _NOT_MEASURED

    rows = tuple(Readings(*(reading(one.get((measure, side))) for side in ("left", "right", "midline"))) for one in values)
    return MeasureRow(measure, kb.measures[measure].name, unit if comparable else "", rows)
