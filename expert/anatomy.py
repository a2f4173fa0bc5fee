"""Textbook beside measurement: in which direction each muscle, or part of it, is taught to act, and in which it was measured to act.

The directions of kb/muscles/ are entered from textbooks; the net ones of kb/measured.yaml were computed on published models. They are
compared muscle by muscle, part by part, axis by axis, wherever both speak.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from expert.formats import Axis, Muscle
from expert.model import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Comparison:
    """One muscle (or part) about one axis: what is taught, what was measured, and why they differ where they do."""

    muscle: str
    part: str
    axis: str
    taught: tuple[str, ...]
    measured: str
    because: str

    @property
    def agrees(self) -> bool:
        """Whether the measured net direction is among those that are taught."""
        return self.measured in self.taught


def comparisons(kb: KnowledgeBase) -> tuple[Comparison, ...]:
    """Every measured net direction of which the textbook speaks too, in order of the muscles' ids."""
    axis_of = {direction: axis for joint in kb.joints.values() for axis in joint.axes for direction in axis.directions}
    found = []
    for row in kb.measured_actions:
        muscle, axis = kb.muscles[row.muscle], axis_of[row.direction]
        if taught := _taught(muscle, row.part, axis):
            because = next((d.because for d in muscle.differs if d.part == row.part and d.direction in taught), "")
            found.append(Comparison(row.muscle, row.part or "", axis.id, taught, row.direction, because))
    return tuple(found)


def unexplained(found: tuple[Comparison, ...], kb: KnowledgeBase) -> Iterator[str]:
    """Disagreements that no reason is given for, and reasons for disagreements that are not there."""
    for one in found:
        if not one.agrees and not one.because:
            yield f"{one.muscle} {one.part}".strip() + f": taught {', '.join(one.taught)}, measured {one.measured}, and no reason is given"
    differing = {(c.muscle, c.part, d) for c in found if not c.agrees for d in c.taught}
    for muscle in kb.muscles.values():
        for reason in muscle.differs:
            if (muscle.id, reason.part or "", reason.direction) not in differing:
                yield f"{muscle.id}: a reason is given for {reason.direction}, but nothing measured contradicts it"


def _taught(muscle: Muscle, part: str | None, axis: Axis) -> tuple[str, ...]:
    """The directions about one axis that the textbook gives a part; what it does not say of the part, it says of the whole."""
    of_part = next((p.actions for p in muscle.parts if p.name == part), ())
    own = tuple(d for d in of_part if d in axis.directions)
    return own or tuple(d for d in muscle.actions if d in axis.directions)
