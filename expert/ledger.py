"""Evidence into a balance sheet for every muscle, side and axis: pure arithmetic, exact, in any order (docs/calculus.md).

A piece is points x reliability x severity, an integer in billionths; it is weighed and rounded once, half up, to thousandths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from expert.formats import Constants
from expert.model import (
    AXIS_OF,
    OPPOSITE_STATE,
    About,
    CompiledRule,
    Evidence,
    Firing,
    Hypothesis,
    Item,
    Piece,
    Target,
    Unused,
    sides_of,
)

_BILLION_TO_THOUSAND = 1_000_000
_THOUSAND = 1000


def thousandths(number: float) -> int:
    """A constant of kb/ as an integer."""
    return round(_THOUSAND * number)


# --- drawing evidence from firings -----------------------------------------------------------------------------------------


def draw_direct(
    firings: Iterable[Firing], rules: Mapping[str, CompiledRule], items: Mapping[str, Item]
) -> tuple[tuple[Piece, ...], tuple[Unused, ...]]:
    """Evidence from rules about what was observed, and the items whose pain took points away."""
    pieces: list[Piece] = []
    pained: set[str] = set()
    for firing in firings:
        rule = rules[firing.rule]
        seen = [items[key] for key in firing.premises]
        basis = _Basis(
            channel="direct", group=rule.group, findings=firing.premises,
            reliability=min(i.reliability for i in seen),
            severity=_THOUSAND if firing.absent else min(i.severity for i in seen),
            instrumented=all(i.instrumented for i in seen),
        )  # fmt: skip
        painful = [i.key for i in seen if i.painful]
        for target in rule.targets:
            if painful and AXIS_OF[target.state] in ("activity", "strength"):
                pained.update(painful)
            else:
                pieces += _pieces(firing, rule, target, basis)
    because = "pain (or fear of it) limited it: what a muscle gives in pain is no measure of the muscle"
    return tuple(pieces), tuple(Unused(key, because) for key in sorted(pained))


def draw_inferred(
    firings: Iterable[Firing], rules: Mapping[str, CompiledRule], bases: Mapping[str, Hypothesis], items: Mapping[str, Item]
) -> tuple[Piece, ...]:
    """Evidence from rules about hypotheses. It inherits factors and finding group from the leading piece it rests on, so that
    a table and the default link that repeats it do not add in full."""
    pieces: list[Piece] = []
    for firing in firings:
        resting = [bases[key] for key in firing.premises if key in bases]
        leading = max((e.piece for h in resting for e in h.evidence if e.points > 0), key=lambda p: (p.full, p.rule))
        stated = {key for key in firing.premises if key in items}
        basis = _Basis(
            channel="inferred", group=leading.group, findings=tuple(sorted(stated.union(*(h.findings for h in resting)))),
            reliability=leading.reliability, severity=leading.severity, instrumented=False,
        )  # fmt: skip
        for target in rules[firing.rule].targets:
            pieces += _pieces(firing, rules[firing.rule], target, basis)
    return tuple(pieces)


def conclusions(firing: Firing, rule: CompiledRule) -> list[str]:
    """What a firing concludes, in keys: `gluteus-medius:left:underactive`, `not ...` where it speaks against it."""
    return [
        f"{'not ' if firing.absent or t.against else ''}{t.muscle or firing.muscle}:{side}:{t.state}"
        for t in rule.targets
        if (t.absent if firing.absent else t.points)
        for side in sides_of(t.side, firing.side)
    ]


@dataclass(frozen=True, slots=True)
class _Basis:
    """What all evidence of one firing shares."""

    channel: str
    group: str
    findings: tuple[str, ...]
    reliability: int
    severity: int
    instrumented: bool


def _pieces(firing: Firing, rule: CompiledRule, target: Target, basis: _Basis) -> list[Piece]:
    """One conclusion of a firing, on each side that it means; nothing where it brings no points."""
    points = target.absent if firing.absent else target.points
    if not points:
        return []
    return [
        Piece(
            about=About(target.muscle or firing.muscle, side, AXIS_OF[target.state], target.state),
            rule=rule.id, channel=basis.channel, against=firing.absent or target.against,
            full=points * basis.reliability * basis.severity, findings=basis.findings, premises=firing.premises,
            group=basis.group, lineage=rule.lineage, grade=rule.grade, sources=rule.sources,
            because=target.because or rule.because, via=target.via, driver=target.driver,
            reliability=basis.reliability, severity=basis.severity, instrumented=basis.instrumented,
        )
        for side in sides_of(target.side, firing.side)
    ]  # fmt: skip


# --- weighing ---------------------------------------------------------------------------------------------------------------


def weigh(pieces: Iterable[Piece], names: Mapping[str, str], constants: Constants) -> tuple[Hypothesis, ...]:
    """The balance sheet: every hypothesis that something speaks for, best first."""
    sheets: dict[About, list[Piece]] = defaultdict(list)
    for piece in pieces:
        sheets[piece.about].append(piece)
    weighed = {about: weighed_evidence(sheet, constants) for about, sheet in sheets.items()}
    found = [_hypothesis(about, weighed, names, constants) for about in weighed if _total(weighed[about], +1)]
    return tuple(sorted(found, key=lambda h: (-h.net, h.about.muscle, h.about.axis, h.about.state, h.about.side)))


def weighed_evidence(sheet: Sequence[Piece], constants: Constants) -> tuple[Evidence, ...]:
    """One state's pieces with what each counts: per finding group the largest of each lineage, then 1, 1/2, 1/4, 0."""
    groups: dict[tuple[bool, str], list[Piece]] = defaultdict(list)
    for piece in sheet:
        groups[piece.against, piece.group].append(piece)
    found = [e for _, pieces in sorted(groups.items()) for e in _diminished(pieces, constants)]
    return tuple(sorted(found, key=lambda e: (e.points < 0, -abs(e.points), e.piece.rule, e.piece.findings, e.piece.via)))


def _diminished(pieces: Sequence[Piece], constants: Constants) -> list[Evidence]:
    weights = [thousandths(w) for w in constants.diminishing]
    heard: set[str] = set()
    found = []
    for piece in sorted(pieces, key=lambda p: (-p.full, p.lineage, p.rule, p.findings, p.via)):
        new = piece.lineage not in heard
        weight = weights[len(heard)] if new and len(heard) < len(weights) else 0
        heard.add(piece.lineage)
        found.append(Evidence(piece, weight, _rounded(piece.full * weight) * (-1 if piece.against else 1)))
    return found


def _rounded(amount: int) -> int:
    """Billionths times a weight in thousandths, to thousandths: half up, once."""
    unit = _BILLION_TO_THOUSAND * _THOUSAND
    return (2 * amount + unit) // (2 * unit)


def _total(evidence: Iterable[Evidence], sign: int) -> int:
    return sum(abs(e.points) for e in evidence if e.points * sign > 0)


def _hypothesis(
    about: About, weighed: Mapping[About, tuple[Evidence, ...]], names: Mapping[str, str], constants: Constants
) -> Hypothesis:
    evidence = weighed[about]
    other = weighed.get(About(about.muscle, about.side, about.axis, OPPOSITE_STATE[about.state]), ())
    pro, contra, rival = _total(evidence, +1), _total(evidence, -1), _total(other, +1)
    net = pro - contra - rival
    status = status_of(pro - contra, rival - _total(other, -1), net, looked_twice(evidence), constants)
    return Hypothesis(about, names[about.muscle], net, pro, contra + rival, status, confidence(net, constants), evidence)


def status_of(own: int, rival: int, net: int, corroborated: bool, constants: Constants) -> str:
    """Exactly one of contested, supported, possible, insufficient. `own`, `rival`: for less absent against, of the two states."""
    possible, supported = thousandths(constants.possible), thousandths(constants.supported)
    smaller, larger = sorted((own, rival))
    if smaller >= possible and smaller * _THOUSAND >= larger * thousandths(constants.contested_share):
        return "contested"
    if net >= supported:
        return "supported" if corroborated else "possible"
    return "possible" if net >= possible else "insufficient"


def looked_twice(evidence: Iterable[Evidence]) -> bool:
    """Whether two separate items agree, or one was measured with an instrument: one glance gives no more than `possible`."""
    pro = [e.piece for e in evidence if not e.piece.against]
    return len({f for p in pro for f in p.findings}) > 1 or any(p.instrumented for p in pro)


def confidence(net: int, constants: Constants) -> str:
    """The word for an amount of evidence; never the probability of a disease."""
    for word, least in (("high", constants.high), ("moderate", constants.moderate), ("low", constants.low)):
        if net >= thousandths(least):
            return word
    return "hint"


