"""Evidence into a balance sheet for every muscle, side and axis: pure arithmetic, exact, in any order (docs/calculus.md).

A piece is points x reliability x severity, an integer in billionths; it is weighed and rounded once, half up, to thousandths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from expert.formats import Constants
from expert.model import (
    AXES,
    AXIS_OF,
    OPPOSITE_STATE,
    About,
    Basis,
    CompiledRule,
    Evidence,
    Firing,
    Hypothesis,
    Item,
    Piece,
    Target,
    Unused,
)

_THOUSAND = 1000
_UNIT = 1_000_000 * _THOUSAND  # billionths times a weight in thousandths, per thousandth


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
        basis = Basis(
            channel="direct", group=rule.group, findings=firing.premises, premises=firing.premises, absent=firing.absent,
            reliability=min(i.reliability for i in seen),
            severity=_THOUSAND if firing.absent else min(i.severity for i in seen),
            settles=seen[0].settles if len({i.settles for i in seen}) == 1 else "",
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
    firings: Iterable[Firing], rules: Mapping[str, CompiledRule], observed: Sequence[Piece], bases: Mapping[str, Hypothesis],
    items: Mapping[str, Item],
) -> tuple[Piece, ...]:  # fmt: skip
    """Evidence from rules about hypotheses. It inherits factors and finding group from the leading piece it rests on.

    Better sources override it: where observed pieces of better grade speak of the same axis of the same muscle from every finding
    that it rests on, it is not drawn, whichever way either points.
    """
    pieces: list[Piece] = []
    spoken: dict[tuple[str, str, str], list[Piece]] = defaultdict(list)
    for piece in observed:
        spoken[piece.about[:3]].append(piece)
    for firing in firings:
        resting = [bases[key] for key in firing.premises if key in bases]
        leading = max((e.piece for h in resting for e in h.evidence if e.points > 0), key=lambda p: (p.full, p.rule.id))
        stated = {key for key in firing.premises if key in items}
        basis = Basis(
            channel="inferred", group=leading.basis.group, findings=tuple(sorted(stated.union(*(h.findings for h in resting)))),
            premises=firing.premises, reliability=leading.basis.reliability, severity=leading.basis.severity,
            settles="", absent=False,
        )  # fmt: skip
        for target in rules[firing.rule].targets:
            drawn = _pieces(firing, rules[firing.rule], target, basis)
            pieces += [p for p in drawn if not _is_overridden(p, spoken[p.about[:3]])]
    return tuple(pieces)


def _is_overridden(inferred: Piece, observed: Iterable[Piece]) -> bool:
    """Whether better sources have spoken of this axis from every finding that the inference rests on."""
    better = [p for p in observed if not p.against and p.rule.grade < inferred.rule.grade]
    return set(inferred.basis.findings) <= {f for p in better for f in p.basis.findings}


def conclusions(firing: Firing, rule: CompiledRule) -> list[str]:
    """What a firing concludes, in keys: `gluteus-medius:left:underactive`, `not ...` where it speaks against it."""
    return [
        f"{'not ' if firing.absent or t.against else ''}{about.key}"
        for t in rule.targets
        if (t.absent if firing.absent else t.points)
        for about in t.abouts(firing.side, firing.muscle)
    ]


def _pieces(firing: Firing, rule: CompiledRule, target: Target, basis: Basis) -> list[Piece]:
    """One conclusion of a firing, on each side that it means; nothing where it brings no points."""
    points = target.absent if firing.absent else target.points
    if not points:
        return []
    full = points * basis.reliability * basis.severity
    return [Piece(about, full, rule, target, basis) for about in target.abouts(firing.side, firing.muscle)]


# --- weighing ---------------------------------------------------------------------------------------------------------------


class Scale(NamedTuple):
    """The constants of weighing as integers in thousandths."""

    weights: tuple[int, ...]
    supported: int
    possible: int
    contested_share: int
    words: tuple[tuple[int, str], ...]


def scale(constants: Constants) -> Scale:
    """The constants of kb/ as weighing wants them."""
    return Scale(
        tuple(thousandths(w) for w in constants.diminishing), thousandths(constants.supported), thousandths(constants.possible),
        thousandths(constants.contested_share),
        ((thousandths(constants.high), "high"), (thousandths(constants.moderate), "moderate"), (thousandths(constants.low), "low")),
    )  # fmt: skip


class Sheet(NamedTuple):
    """One state's weighed evidence with its sums for and against, in thousandths."""

    evidence: tuple[Evidence, ...]
    pro: int
    contra: int


Balance = dict[About, Sheet]
_NOTHING = Sheet((), 0, 0)


def balance(pieces: Iterable[Piece], constants: Constants) -> Balance:
    """Every state's sheet."""
    sheets: dict[About, list[Piece]] = defaultdict(list)
    for piece in pieces:
        sheets[piece.about].append(piece)
    measure = scale(constants)
    return {about: sheet_of(sheet, measure) for about, sheet in sheets.items()}


def hypotheses(sheets: Balance, names: Mapping[str, str], constants: Constants) -> tuple[Hypothesis, ...]:
    """Every state that something speaks for, judged against its opposite, best first."""
    return best_first(h for h in judged(sheets, names, constants) if h.points_for)


def judged(sheets: Balance, names: Mapping[str, str], constants: Constants) -> tuple[Hypothesis, ...]:
    """Every state that has a sheet, judged against its opposite; also those that nothing speaks for."""
    measure = scale(constants)
    return tuple(_hypothesis(about, sheet, sheets, names, measure) for about, sheet in sheets.items())


def contradicted(
    sheets: Balance, weighed: Iterable[Hypothesis], names: Mapping[str, str], constants: Constants
) -> tuple[Hypothesis, ...]:
    """States against which more speaks than for them, by a rule outright or by a test of that very axis with an instrument."""
    measure = scale(constants)
    weighed = tuple(weighed)
    now = {**sheets, **{h.about: Sheet(h.evidence, h.points_for, h.points_for - sum(e.points for e in h.evidence)) for h in weighed}}
    idle = (_hypothesis(about, sheet, now, names, measure) for about, sheet in now.items() if not sheet.pro)
    return tuple(sorted((h for h in (*weighed, *idle) if is_contradicted(h)), key=lambda h: (h.net, h.about)))


def is_contradicted(h: Hypothesis) -> bool:
    """Whether more speaks against it than for it, by a rule outright or by a test of that very axis with an instrument."""
    return h.net < 0 and any(_denies(e) for e in h.evidence)


def _denies(entry: Evidence) -> bool:
    return entry.points < 0 and (entry.piece.target.against or entry.piece.basis.settles == entry.piece.about.axis)


def reweigh(
    first: Sequence[Hypothesis], sheets: Balance, added: Sequence[Piece], names: Mapping[str, str], constants: Constants
) -> tuple[Hypothesis, ...]:
    """The hypotheses with more pieces: only the axes that they touch are weighed anew."""
    touched = {About(p.about.muscle, p.about.side, p.about.axis, state) for p in added for state in AXES[p.about.axis]}
    earlier = [e.piece for about in touched if about in sheets for e in sheets[about].evidence]
    anew = hypotheses(balance([*earlier, *added], constants), names, constants)
    return best_first([*(h for h in first if h.about not in touched), *anew])


def best_first(found: Iterable[Hypothesis]) -> tuple[Hypothesis, ...]:
    """By net points; where these are equal, by muscle, axis, state and side."""
    return tuple(sorted(found, key=lambda h: (-h.net, h.about.muscle, h.about.axis, h.about.state, h.about.side)))


def weigh(pieces: Iterable[Piece], names: Mapping[str, str], constants: Constants) -> tuple[Hypothesis, ...]:
    """Pieces straight into hypotheses."""
    return hypotheses(balance(pieces, constants), names, constants)


def sheet_of(pieces: Sequence[Piece], measure: Scale) -> Sheet:
    """One state's pieces with what each counts: per finding group the largest of each lineage, then 1, 1/2, 1/4, 0."""
    groups: dict[tuple[bool, str], list[Piece]] = defaultdict(list)
    for piece in pieces:
        groups[piece.against, piece.basis.group].append(piece)
    found = [e for group in groups.values() for e in _diminished(group, measure.weights)]
    if len(found) > 1:
        found.sort(key=lambda e: (e.points < 0, -abs(e.points), *_identity(e.piece)))
    pro = sum(e.points for e in found if e.points > 0)
    return Sheet(tuple(found), pro, pro - sum(e.points for e in found))


def _diminished(pieces: Sequence[Piece], weights: Sequence[int]) -> list[Evidence]:
    heard: set[str] = set()
    found = []
    if len(pieces) > 1:
        pieces = sorted(pieces, key=lambda p: (-p.full, p.rule.lineage, *_identity(p)))
    for piece in pieces:
        weight = weights[len(heard)] if piece.rule.lineage not in heard and len(heard) < len(weights) else 0
        heard.add(piece.rule.lineage)
        found.append(Evidence(piece, weight, rounded(piece.full * weight) * (-1 if piece.against else 1)))
    return found


def _identity(piece: Piece) -> tuple[str, tuple[str, ...], str, tuple[str, ...]]:
    """What tells pieces about one state apart, for an order that hangs neither on the engine nor on left and right."""
    side, basis = piece.about.side, piece.basis
    return piece.rule.id, _seen_from(side, basis.findings), piece.target.via, _seen_from(side, basis.premises)


@lru_cache(maxsize=8192)  # what is weighed once is weighed many times over, with one thing more
def _seen_from(side: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key.replace(f":{side}", ":_own") for key in keys)


def rounded(amount: int, unit: int = _UNIT) -> int:
    """An amount in whole units, half up, once: by itself billionths times a weight in thousandths, to thousandths."""
    return (2 * amount + unit) // (2 * unit)


def judge(about: About, pieces: Iterable[Piece], name: str, constants: Constants) -> Hypothesis:
    """One state's sheet, judged against its opposite, whether anything speaks for it or not. `pieces`: of both states of its axis."""
    sheets = balance(pieces, constants)
    return _hypothesis(about, sheets.get(about, _NOTHING), sheets, {about.muscle: name}, scale(constants))


def _hypothesis(about: About, sheet: Sheet, sheets: Balance, names: Mapping[str, str], measure: Scale) -> Hypothesis:
    rival = sheets.get(About(about.muscle, about.side, about.axis, OPPOSITE_STATE[about.state]), _NOTHING)
    own, other = sheet.pro - sheet.contra, rival.pro - rival.contra
    net = own - rival.pro
    corroborated = net >= measure.supported and looked_twice(sheet.evidence)
    status = status_of(own, other, net, corroborated, measure)
    against = sheet.contra + rival.pro
    return Hypothesis(about, names[about.muscle], net, sheet.pro, against, status, confidence(net, measure), sheet.evidence)


def status_of(own: int, rival: int, net: int, corroborated: bool, measure: Scale) -> str:
    """Exactly one of contested, supported, possible, insufficient. `own`, `rival`: for less absent against, of the two states."""
    smaller, larger = sorted((own, rival))
    if smaller >= measure.possible and smaller * _THOUSAND >= larger * measure.contested_share:
        return "contested"
    if net >= measure.supported:
        return "supported" if corroborated else "possible"
    return "possible" if net >= measure.possible else "insufficient"


def looked_twice(evidence: Sequence[Evidence]) -> bool:
    """Whether two separate looks agree, or one was a test of that very axis with an instrument; and not all of it is mild.

    Mild signs are usual in usual people, however many of them agree.
    """
    found, tested = looks(evidence)
    return (tested or len(found) > 1) and is_telling(evidence)


def looks(evidence: Iterable[Evidence]) -> tuple[frozenset[str], bool]:
    """The separate looks that speak for a state, and whether one was a test of that very axis with an instrument.

    The same finding in the same task is one look, on one side or on both. An angle that a camera measured is still one glance at what
    a muscle does.
    """
    found: set[str] = set()
    tested = False
    for entry in evidence:
        piece = entry.piece
        if not piece.against:
            tested = tested or piece.basis.settles == piece.about.axis
            found.update(key.replace(":left", "").replace(":right", "") for key in piece.basis.findings)
    return frozenset(found), tested


def is_telling(evidence: Iterable[Evidence]) -> bool:
    """Whether anything that speaks for it is more than mild."""
    return any(not e.piece.against and e.piece.basis.severity >= _THOUSAND for e in evidence)


def confidence(net: int, measure: Scale) -> str:
    """The word for an amount of evidence; never the probability of a disease."""
    return next((word for least, word in measure.words if net >= least), "hint")
