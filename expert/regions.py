"""The drawn body: which region shows a muscle, and what may be found where somebody points.

Regions are data (kb/regions.yaml); each is there on the left and on the right. Where its outline runs is the page's affair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

from expert.errors import UsageError
from expert.formats import FindingType, Region
from expert.model import Knowledge, KnowledgeBase, Tree
from expert.reading import did_you_mean


class Place(NamedTuple):
    """A region that shows a muscle; `deep`: other muscles lie over it, and this is the nearest."""

    region: str
    deep: bool


class Mark(NamedTuple):
    """One concluded muscle state, as a region shows it."""

    muscle: str
    name: str
    axis: str
    state: str
    status: str
    held: bool
    confidence: str
    points: float
    deep: bool
    findings: tuple[str, ...]  # keys of the items it rests on


@dataclass(frozen=True, slots=True)
class Choice:
    """A finding that concerns a region: `same`: muscles of the region to which it speaks on its own side, `opposite`: on the other one.

    `points`: the most that a rule says of one of them.
    """

    finding: FindingType
    same: tuple[str, ...]
    opposite: tuple[str, ...]
    points: float


def places(kb: KnowledgeBase) -> Mapping[str, tuple[Place, ...]]:
    """By muscle the regions that show it: where it lies at the surface, else the nearest one. A muscle of one's own knowledge too."""
    found: dict[str, list[Place]] = defaultdict(list)
    for region in kb.regions.values():
        for name in region.surface:
            found[name].append(Place(region.id, False))
        for name in region.deep:
            found[name].append(Place(region.id, True))
    nearest = {part: region.id for region in kb.regions.values() for part in region.nearest}
    for muscle in kb.muscles.values():
        if muscle.id not in found and muscle.region in nearest:
            found[muscle.id].append(Place(nearest[muscle.region], True))
    return {muscle: tuple(found[muscle]) for muscle in kb.muscles if muscle in found}


def region_named(name: str, kb: KnowledgeBase) -> Region:
    """A region by its id. Raises UsageError for one there is not."""
    if name not in kb.regions:
        raise UsageError(f"there is no region '{name[:80]}' of the body{did_you_mean(name[:80], list(kb.regions))}")
    return kb.regions[name]


def muscles_of(region: Region, kb: KnowledgeBase) -> tuple[str, ...]:
    """The muscles that a region shows, those at the surface first."""
    shown = [(place.deep, muscle) for muscle, found in places(kb).items() for place in found if place.region == region.id]
    order = {muscle: number for number, muscle in enumerate((*region.surface, *region.deep))}
    return tuple(muscle for _, muscle in sorted(shown, key=lambda s: (s[0], order.get(s[1], len(order)))))


def choices(region: Region, knowledge: Knowledge) -> tuple[Choice, ...]:
    """What may be found at a region: what is looked for there and what speaks to its muscles, what says most of them first."""
    kb = knowledge.kb
    muscles = frozenset(muscles_of(region, kb))
    speaking = _speaking(knowledge)
    found = []
    for finding in kb.findings.values():
        said = [word for word in speaking.get(finding.id, ()) if word.muscle in muscles]
        if _is_shown(finding, region, bool(said), kb):
            turned = {turn: tuple(dict.fromkeys(w.muscle for w in said if w.turn in (turn, "both"))) for turn in ("same", "opposite")}
            points = max((w.points for w in said), default=0)
            found.append(Choice(finding, turned["same"], turned["opposite"], points / 1000))
    return tuple(sorted(found, key=lambda c: (c.finding.region not in region.seen, -c.points, c.finding.name)))


def _is_shown(finding: FindingType, region: Region, speaks: bool, kb: KnowledgeBase) -> bool:
    """What a person tells of the past has no place on the body."""
    return kb.kinds[finding.id] != "history" and (speaks or finding.region in region.seen)


_SHOWN = ("supported", "contested", "possible")


def marks(answer: Tree, kb: KnowledgeBase) -> Mapping[tuple[str, str], tuple[Mark, ...]]:
    """By (region, side) what an answer concludes about the muscles there, what stands best first. `answer`: as in docs/json.md."""
    where = places(kb)
    found: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    for h in answer["hypotheses"]:
        for region, deep in where.get(h["muscle"], ()) if h["status"] in _SHOWN else ():
            told = (h["muscle"], h["name"], h["axis"], h["state"], h["status"], h["held"], h["confidence"], h["points"])
            keys = dict.fromkeys(key for piece in h["evidence"] if piece["points"] for key in piece["findings"])
            found[region, h["side"]].append(Mark(*told, deep, tuple(keys)))
    return {at: tuple(sorted(here, key=_by_standing)) for at, here in found.items()}


class Line(NamedTuple):
    """A mark as a list tells it: once, with the names of all regions that show it."""

    mark: Mark
    regions: tuple[str, ...]


def lines(shown: Mapping[tuple[str, str], tuple[Mark, ...]], kb: KnowledgeBase) -> Mapping[str, tuple[Line, ...]]:
    """By side what the regions show, what stands best first."""
    found: dict[str, dict[Mark, list[str]]] = {"left": {}, "right": {}}
    for name in kb.regions:
        for side, told in found.items():
            for mark in shown.get((name, side), ()):
                told.setdefault(mark, []).append(kb.regions[name].name)
    return {
        side: tuple(Line(mark, tuple(dict.fromkeys(told[mark]))) for mark in sorted(told, key=_by_standing)) for side, told in found.items()
    }


def _by_standing(mark: Mark) -> tuple[int, float, str, str]:
    return _SHOWN.index(mark.status), -mark.points, mark.muscle, mark.state


# --- what a finding says of a muscle --------------------------------------------------------------------------------------------


class _Word(NamedTuple):
    muscle: str
    turn: str
    points: int


_SAID: WeakKeyDictionary[Knowledge, Mapping[str, tuple[_Word, ...]]] = WeakKeyDictionary()


def _speaking(knowledge: Knowledge) -> Mapping[str, tuple[_Word, ...]]:
    """By finding what rules about it alone or with others say of muscles; worked out once."""
    found = _SAID.get(knowledge)
    if found is None:
        gathered: dict[str, dict[_Word, None]] = defaultdict(dict)
        for name, word in _words(knowledge):
            gathered[name][word] = None
        found = _SAID[knowledge] = {name: tuple(words) for name, words in gathered.items()}
    return found


def _words(knowledge: Knowledge) -> Iterator[tuple[str, _Word]]:
    rules = knowledge.rulebase
    for variant in rules.programs["direct"].variants:
        for term in (t for t in variant.terms if t.present and not variant.absent):
            for target in rules.rules[variant.rule].targets:
                yield term.name, _Word(target.muscle, _turn(term.side, target.side), target.points)


def _turn(seen: str, concluded: str) -> str:
    """Where a muscle is concluded, told from the side of the finding."""
    if "both" in (seen, concluded) or seen not in ("same", "opposite"):
        return "both"
    return "same" if seen == concluded else "opposite"
