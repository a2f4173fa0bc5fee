"""Links that follow from anatomy alone: who opposes whom, who can stand in for whom, who shares a nerve.

docs/spread.md states the formulas. They rank below every link that was reviewed by hand: no study shows that compensation spreads in
proportion to a share of a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import sqrt
from typing import Any, NamedTuple

from expert.formats import Axis, End, Link
from expert.model import KnowledgeBase

_MAPS: Mapping[str, dict[Any, Any]] = {
    "antagonist": {"overactive": "underactive", "shortened": "lengthened"},
    "synergist": {"underactive": "overactive", "weak": "overactive"},
    "shared-nerve": {"weak": "weak"},
}


class _Pair(NamedTuple):
    """Two muscles that anatomy joins: how, how strongly (0..1), and in which direction of which axis."""

    kind: str
    one: str
    other: str
    weight: float
    because: str


def links(kb: KnowledgeBase) -> Mapping[str, Link]:
    """Every derived link by id: measured pairs first, then for muscles still without a link, pairs by textbook action or nerve."""
    ends = [(link.kind, _muscles(link.start.muscle, kb), _muscles(link.to.muscle, kb)) for link in kb.links.values()]
    reviewed = {(kind, one, other) for kind, starts, leads in ends for one in starts for other in leads}
    linked = {muscle for _, starts, leads in ends for muscle in (*starts, *leads)}
    choices = kb.constants.derived
    strongest: dict[tuple[str, str, str], _Pair] = {}
    for pair in _measured(kb):
        key = pair[:3]
        if pair.weight >= choices.at_least and key not in reviewed and pair.weight > getattr(strongest.get(key), "weight", 0):
            strongest[key] = pair
    linked |= {m for pair in strongest.values() for m in (pair.one, pair.other)}
    pairs = [*strongest.values(), *_taught(sorted(set(kb.muscles) - linked), kb)]
    return {link.id: link for link in (_link(pair, kb) for pair in sorted(pairs))}


def _muscles(name: str | None, kb: KnowledgeBase) -> tuple[str, ...]:
    return kb.members(name) if name else ()


def _axes(kb: KnowledgeBase) -> Iterator[Axis]:
    for joint in kb.joints.values():
        yield from joint.axes


def _measured(kb: KnowledgeBase) -> Iterator[_Pair]:
    """Antagonists and synergists about one axis by their measured shares; each muscle in the direction in which it gives more."""
    shares = {(s.muscle, s.direction): float(s.share) for s in kb.shares if s.part is None}
    for axis in _axes(kb):
        net: dict[str, tuple[str, float]] = {}
        for muscle in {m for m, d in shares if d in axis.directions}:
            first, second = (shares.get((muscle, d), 0.0) for d in axis.directions)
            if first != second:
                net[muscle] = (axis.directions[0], first) if first > second else (axis.directions[1], second)
        for one, (way, share) in sorted(net.items()):
            for other, (its_way, its_share) in sorted(net.items()):
                if one != other:
                    kind = "synergist" if way == its_way else "antagonist"
                    told = f"of {_words(way)} one gives {share:.2f}, of {_words(its_way)} the other {its_share:.2f}"
                    yield _Pair(kind, one, other, sqrt(share * its_share), told)


def _taught(lonely: Iterable[str], kb: KnowledgeBase) -> Iterator[_Pair]:
    """For a muscle that no measurement links: one that the textbook gives the same action; failing that, one of the same nerve."""
    by_action: dict[str, list[str]] = {}
    by_nerve: dict[str, list[str]] = {}
    for muscle in kb.muscles.values():
        for action in muscle.actions:
            by_action.setdefault(action, []).append(muscle.id)
        by_nerve.setdefault(muscle.nerve or "", []).append(muscle.id)
    for name in lonely:
        muscle = kb.muscles[name]
        partners = ((a, p) for a in muscle.actions for p in by_action[a] if p != name)
        relatives = (p for p in by_nerve[muscle.nerve or ""] if p != name and muscle.nerve)
        if (shared := next(partners, None)) is not None:
            told = f"textbooks give both {_words(shared[0])}; nothing was measured"
            yield _Pair("synergist", name, shared[1], kb.constants.derived.taught, told)
            yield _Pair("synergist", shared[1], name, kb.constants.derived.taught, told)
        elif (relative := next(relatives, None)) is not None:
            told = f"both are supplied by the {(muscle.nerve or '').lower()}"
            yield _Pair("shared-nerve", name, relative, kb.constants.derived.taught, told)
            yield _Pair("shared-nerve", relative, name, kb.constants.derived.taught, told)


_MECHANISM = {
    "antagonist": "They turn a joint opposite ways ({}): what holds one short holds the other long, and a busy one may quieten the other.",
    "synergist": "They turn a joint the same way ({}): where one gives too little, the other may take over.",
    "shared-nerve": "By anatomy alone, {}: weakness of both asks for a screening of that nerve.",
}


def _link(pair: _Pair, kb: KnowledgeBase) -> Link:
    return Link.model_construct(  # made of what was validated already
        id=f"anatomy-{pair.kind}-{pair.one}-{pair.other}", kind=pair.kind, start=End(muscle=pair.one), to=End(muscle=pair.other),
        map=_MAPS[pair.kind], strength=round(kb.constants.derived.scale * pair.weight, 3), task=(), check=None,
        mechanism=_MECHANISM[pair.kind].format(pair.because), grade="D", sources=(kb.constants.mechanics.source,),
    )  # fmt: skip


def _words(direction: str) -> str:
    return direction.replace("-", " ")
