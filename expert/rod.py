"""Two strings and a rod: which muscles the position that a finding shows holds short, and which long.

A finding names its deviation as a vector of directions. A muscle's alignment is the sum over that vector of (its share with
minus its share against), divided by the largest of any muscle; above 0 it is held short, below 0 long. Computed at load from
our own measured shares, independently of every printed table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from expert.formats import Deviation, FindingType, Reversal
from expert.model import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Pull:
    """One share that counts: the direction, how much of it the muscle gives, with (+1) or against (-1) the deviation."""

    direction: str
    share: float
    sign: int
    driven_by: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """How one muscle lies to a position. `side`: same, opposite or both, seen from the finding's side; value -1..1."""

    muscle: str
    side: str
    value: float
    pulls: tuple[Pull, ...]

    @property
    def driver(self) -> str:
        """What drives the component in which the muscle has its largest share."""
        return max(self.pulls, key=lambda p: (p.share, p.direction)).driven_by

    @property
    def because(self) -> str:
        """The sum in words: which shares, with and against."""
        told = " and ".join(f"{p.share:.3f} of {p.direction.replace('-', ' ')} ({'with' if p.sign > 0 else 'against'})" for p in self.pulls)
        held = "short" if self.value > 0 else "long"
        return f"By its measured shares ({told}) the position seen holds it {held}: alignment {self.value:+.2f}."


@dataclass(frozen=True, slots=True)
class _Directions:
    """For each direction: its opposite, and whether it is told from the muscle's own side, in the midline, or on a limb."""

    opposite: Mapping[str, str]
    sided_axis: frozenset[str]
    axial: frozenset[str]


def alignments(finding: FindingType, kb: KnowledgeBase, task: str = "") -> tuple[Alignment, ...]:
    """All alignments to the position a finding shows, largest first; empty where it names no deviation.

    `task`: at its joint angles, muscles that have turned round there count in the direction in which they then act.
    """
    if not finding.deviation:
        return ()
    names = _directions(kb)
    shares = _shares_at(kb.tasks[task].angles_deg if task else {}, kb)
    midline = "left" not in finding.sides
    raw = {}
    for muscle in sorted({m for m, _ in shares}):
        for side in ("both",) if midline else ("same", "opposite"):
            pulls = tuple(p for d in finding.deviation for p in _pulls(muscle, side, d, shares, names))
            if total := sum(p.sign * p.share for p in pulls):
                raw[muscle, side] = (total, pulls)
    most = max((abs(total) for total, _ in raw.values()), default=1.0)
    found = [Alignment(m, side, total / most, pulls) for (m, side), (total, pulls) in _joined(raw).items()]
    return tuple(sorted(found, key=lambda a: (-abs(a.value), a.muscle, a.side)))


def turns(finding: FindingType, task: str, kb: KnowledgeBase) -> bool:
    """Whether muscles that pull with or against this position have turned round at the joint angles of a task."""
    angles = kb.tasks[task].angles_deg
    shown = {d.direction for d in finding.deviation}
    return any({turn.below, turn.above} & shown for turn, _ in _turned(angles, kb))


def _turned(angles_deg: Mapping[str, float], kb: KnowledgeBase) -> Iterator[tuple[Reversal, bool]]:
    """The reversals that are decided at these angles, and whether the joint is beyond the turn. Between the models nothing is decided."""
    for turn in kb.reversals:
        angle = angles_deg.get(turn.angle_of)
        if angle is not None and not turn.from_deg <= angle <= turn.to_deg:
            yield turn, angle > turn.to_deg


def _shares_at(angles_deg: Mapping[str, float], kb: KnowledgeBase) -> Mapping[tuple[str, str], float]:
    """(muscle, direction) -> share. Beyond the angle at which a muscle or part turns, what it gave one way it gives the other."""
    whole = {(s.muscle, s.direction): float(s.share) for s in kb.shares if s.part is None}
    parts = {(s.muscle, s.part, s.direction): float(s.share) for s in kb.shares if s.part is not None}
    for turn, beyond in _turned(angles_deg, kb):
        lost, gained = (turn.below, turn.above) if beyond else (turn.above, turn.below)
        given = whole.get((turn.muscle, lost), 0.0)
        moved = given if turn.part is None else min(given, parts.get((turn.muscle, turn.part, lost), 0.0))
        whole[turn.muscle, lost] = given - moved
        whole[turn.muscle, gained] = whole.get((turn.muscle, gained), 0.0) + moved
    return whole


def _joined(raw: Mapping[tuple[str, str], tuple[float, tuple[Pull, ...]]]) -> dict[tuple[str, str], tuple[float, tuple[Pull, ...]]]:
    """One entry for `both` where a muscle lies to the position alike on either side."""
    joined = {}
    for (muscle, side), entry in raw.items():
        other = raw.get((muscle, "opposite" if side == "same" else "same"))
        if other == entry:
            joined[muscle, "both"] = entry
        else:
            joined[muscle, side] = entry
    return joined


def _directions(kb: KnowledgeBase) -> _Directions:
    opposite: dict[str, str] = {}
    sided, axial = set(), set()
    for joint in kb.joints.values():
        for axis in joint.axes:
            first, second = axis.directions
            opposite |= {first: second, second: first}
            if axis.sided:
                sided |= {first, second}
            elif joint.axial:
                axial |= {first, second}
    return _Directions(opposite, frozenset(sided), frozenset(axial))


def _pulls(muscle: str, side: str, d: Deviation, shares: Mapping[tuple[str, str], float], names: _Directions) -> list[Pull]:
    """What one muscle of one side gives with and against one component."""
    toward, away = d.direction, names.opposite[d.direction]
    if d.direction in names.sided_axis and d.side != "both" and side != d.side:
        toward, away = away, toward  # the muscle of the other side: its own ipsilateral pull is against the deviation
    elif d.direction not in names.sided_axis and d.direction not in names.axial and "both" not in (side, d.side) and side != d.side:
        return []
    found = []
    for direction, sign in ((toward, 1), (away, -1)):
        if share := shares.get((muscle, direction), 0.0) * float(d.weight):
            found.append(Pull(direction, share, sign, d.driven_by))
    return found
