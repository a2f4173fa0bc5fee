"""How stable is the ranking? Every weight that is a design choice moves, and what was concluded is added up anew, many times.

What fired stays, and so do which looks agree and the bounds of the words; what each piece weighs moves (docs/uncertainty.md). A
weight is a column here: its value in each drawing. A column hangs on the weight's name alone, so that neither the order nor the side
of anything can change a drawing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from operator import add, mul, sub
from random import Random
from typing import NamedTuple

from expert import ledger
from expert.formats import Constants
from expert.ledger import thousandths
from expert.model import OPPOSITE_STATE, About, Hypothesis, Knowledge, Piece, Result

DRAWINGS = 100
MOVED = 0.3
FIRST = 3  # how many places count as the first
STATUSES = ("supported", "possible", "contested", "insufficient")  # in the order in which a report lists them
_SEED = "myologic 1"
_THOUSAND = 1000
_ROD = "mechanics."

Column = Sequence[int]


@dataclass(frozen=True, slots=True)
class Steadiness:
    """One shown hypothesis: its place (equals share one), and in how many drawings it keeps status and place or is among the first."""

    muscle: str
    name: str
    side: str
    state: str
    status: str
    place: int
    status_kept: int
    place_kept: int
    among_first: int
    statuses: dict[str, int]


@dataclass(frozen=True, slots=True)
class Stability:
    """How stable the ranking is: `weights` moved by up to `moved`, and the first `first` of `lines` were the same in `same_first`.

    A line is what has one and the same balance sheet, whatever muscles and sides it is about.
    """

    drawings: int
    moved: float
    weights: int
    lines: int
    first: int
    same_first: int
    hypotheses: tuple[Steadiness, ...]


def stability(result: Result, knowledge: Knowledge, moved: float = MOVED, drawings: int = DRAWINGS) -> Stability:
    """Move all weights at once and independently, `drawings` times, by up to `moved` (0.3: thirty per cent) either way."""
    calculus = Calculus(knowledge.kb.constants, moved, drawings)
    rivals = {h.about: h for h in result.hypotheses}
    shown = [(h, _unit(h, rivals)) for h in result.hypotheses if h.status != "insufficient"]
    standing = {unit: _rank(h.status, h.net) for h, unit in shown}
    places = _places(standing.values())
    bound = sorted(standing.values())[:FIRST][-1:]  # the rank of the last that is among the first; its equals are too
    leading = {unit for unit, rank in standing.items() if [rank] <= bound}
    courses = {unit: calculus.course(unit) for unit in standing}
    kept, among = Counter[Unit](), Counter[Unit]()
    same_first = 0
    for drawing in zip(*courses.values(), strict=True):
        now = _places(drawing)
        first = {unit for unit, rank in zip(courses, drawing, strict=True) if now[rank].start <= len(leading)}
        among.update(first)
        same_first += first == leading
        kept.update(unit for unit, rank in zip(courses, drawing, strict=True) if now[rank].start in places[standing[unit]])
    counts = {unit: Counter(STATUSES[status] for status, _ in course) for unit, course in courses.items()}
    lines = [
        Steadiness(
            h.muscle, h.name, h.side, h.state, h.status, places[standing[unit]].start, counts[unit][h.status], kept[unit], among[unit],
            {status: counts[unit][status] for status in STATUSES},
        )
        for h, unit in shown
    ]  # fmt: skip
    return Stability(
        drawings, moved, calculus.weights, len(standing), len(leading), same_first if shown else drawings, tuple(lines)
    )  # fmt: skip


Rank = tuple[int, int]


def _rank(status: str, net: int) -> Rank:
    """What a report sorts by: the status, then the points."""
    return STATUSES.index(status), -net


def _places(ranks: Iterable[Rank]) -> dict[Rank, range]:
    """The places that each rank takes, from 1; equals share theirs."""
    counts = Counter(ranks)
    starts = accumulate((counts[rank] for rank in sorted(counts)), initial=1)
    return {rank: range(start, start + counts[rank]) for rank, start in zip(sorted(counts), starts, strict=False)}


# --- what is weighed: a piece and a sheet without the names of muscles, findings and sides -----------------------------------------


class Part(NamedTuple):
    """What a piece weighs by. Pieces that are alike in it move alike, whatever they speak of."""

    against: bool
    group: str
    lineage: str
    rule: str
    grade: str
    points: int
    absent: bool
    reliability: int
    severity: int


Sheet = tuple[Part, ...]


class Unit(NamedTuple):
    """A state's sheet, the sheet of its opposite, and whether two looks agree: hypotheses alike in these are judged alike."""

    own: Sheet
    rival: Sheet
    corroborated: bool


def _unit(h: Hypothesis, every: Mapping[About, Hypothesis]) -> Unit:
    rival = every.get(About(h.muscle, h.side, h.axis, OPPOSITE_STATE[h.state]))
    return Unit(_sheet(h), _sheet(rival) if rival else (), ledger.looked_twice(h.evidence))


def _sheet(h: Hypothesis) -> Sheet:
    return tuple(sorted(_part(e.piece) for e in h.evidence))


def _part(piece: Piece) -> Part:
    rule, target, basis = piece.rule, piece.target, piece.basis
    points = target.absent if basis.absent else target.points
    return Part(
        piece.against, basis.group, rule.lineage, rule.id, rule.grade, points, basis.absent, basis.reliability, basis.severity
    )  # fmt: skip


# --- the calculus with columns for numbers ------------------------------------------------------------------------------------------


class Calculus:
    """The sums of the ledger over columns: the same rules, once for all drawings."""

    def __init__(self, constants: Constants, moved: float, drawings: int) -> None:
        self.constants, self.moved, self.drawings = constants, thousandths(moved), drawings
        self.measure = ledger.scale(constants)
        self._columns: dict[tuple[str, int], Column] = {}
        self._amounts: dict[Part, Column] = {}
        self._sheets: dict[Sheet, tuple[Column, Column]] = {}
        factors, severity = constants.reliability, constants.severity
        self._reliability = {thousandths(getattr(factors, n)): n for n in ("poor", "moderate", "good", "instrumented")}
        self._severity = {thousandths(getattr(severity, n)): n for n in ("severe", "mild", "moderate")}
        diminishing = [self.weight(f"diminishing.{n}", w) for n, w in enumerate(self.measure.weights)]
        self._diminishing = list(zip(*diminishing, strict=True)) or [()] * drawings

    @property
    def weights(self) -> int:
        """How many weights have been moved."""
        return len({name for name, _ in self._columns})

    def weight(self, name: str, base: int) -> Column:
        """One weight (thousandths) in every drawing."""
        if (name, base) not in self._columns:
            self._columns[name, base] = [ledger.rounded(base * f, _THOUSAND) for f in _factors(name, self.moved, self.drawings)]
        return self._columns[name, base]

    def course(self, unit: Unit) -> list[Rank]:
        """The rank, by status and net points, of hypotheses with these sheets, in every drawing."""
        pro, contra = self._sums(unit.own)
        rival, rival_contra = self._sums(unit.rival)
        own, other = list(map(sub, pro, contra)), map(sub, rival, rival_contra)
        net = map(sub, own, rival)
        return [
            _rank(ledger.status_of(o, r, n, unit.corroborated, self.measure), n) for o, r, n in zip(own, other, net, strict=True)
        ]

    def _sums(self, sheet: Sheet) -> tuple[Column, Column]:
        """For and against."""
        if sheet not in self._sheets:
            groups: dict[tuple[bool, str], dict[str, Column]] = defaultdict(dict)
            for part in sheet:
                heard, amounts = groups[part.against, part.group], self._amount(part)
                known = heard.get(part.lineage)
                heard[part.lineage] = amounts if known is None else list(map(max, known, amounts))
            sums: dict[bool, Column] = {False: [0] * self.drawings, True: [0] * self.drawings}
            for (against, _), heard in groups.items():
                sums[against] = list(map(add, sums[against], self._diminished(list(heard.values()))))
            self._sheets[sheet] = sums[False], sums[True]
        return self._sheets[sheet]

    def _diminished(self, lineages: list[Column]) -> Column:
        """The largest counts most, as in `ledger.sheet_of`."""
        if len(lineages) == 1:
            return [ledger.rounded(amount * weights[0]) for amount, weights in zip(lineages[0], self._diminishing, strict=True)]
        together = (sorted(amounts, reverse=True) for amounts in zip(*lineages, strict=True))
        return [sum(map(ledger.rounded, map(mul, a, w))) for a, w in zip(together, self._diminishing, strict=True)]

    def _amount(self, part: Part) -> Column:
        """Points x reliability x severity, in billionths."""
        if part not in self._amounts:
            reliability = self.weight(f"reliability.{self._reliability.get(part.reliability)}", part.reliability)
            self._amounts[part] = list(map(mul, map(mul, self._points(part), reliability), self._severity_of(part)))
        return self._amounts[part]

    def _points(self, part: Part) -> Iterable[int]:
        """min(points of the rule, cap of its grade); an absent finding is bounded by its share of the cap."""
        cap = self.weight(f"caps.{part.grade}", thousandths(self.constants.caps[part.grade]))  # type: ignore[index]
        if part.rule.startswith(_ROD):
            base = thousandths(self.constants.mechanics.points)
            least = min(base, thousandths(self.constants.caps[part.grade]))  # type: ignore[index]
            return [ledger.rounded(part.points * min(m, c), least) for m, c in zip(self.weight("mechanics.points", base), cap, strict=True)]
        if part.absent:
            share = self.weight("absent_share_of_cap", thousandths(self.constants.absent_share_of_cap))
            cap = [ledger.rounded(c * s, _THOUSAND) for c, s in zip(cap, share, strict=True)]
        return map(min, self.weight(f"rules.{part.rule}", part.points), cap)

    def _severity_of(self, part: Part) -> Iterable[int]:
        if part.absent:
            return [_THOUSAND] * self.drawings
        if part.severity in self._severity:
            return self.weight(f"severity.{self._severity[part.severity]}", part.severity)
        severe = thousandths(self.constants.severity.severe)
        return map(min, self.weight("severity.number_slope", part.severity), self.weight("severity.severe", severe))


@lru_cache(maxsize=8192)
def _factors(name: str, moved: int, drawings: int) -> tuple[int, ...]:
    """By how much one weight is moved in each drawing, in thousandths: evenly spread, and of its name alone."""
    drawn = Random(f"{_SEED}: {name}")  # noqa: S311
    return tuple(_THOUSAND - moved + round(2 * moved * drawn.random()) for _ in range(drawings))
