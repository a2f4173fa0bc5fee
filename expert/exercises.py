"""Which exercises may stand as examples of a step, and which must not while something is there: no knowledge, only choosing.

A contraindication becomes a bar: steps, kinds and tags that are closed, for which muscles and sides, with its reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from expert.conditions import holding
from expert.formats import Contraindication, Exercise, Strategy
from expert.model import AXIS_OF, Dropped, Item, KnowledgeBase, Stated, Surgery, sides_of

MOST = 2  # examples of one step
BOTH = ("left", "right")
_KINDS = {
    "release": "letting go", "lengthen": "stretches", "mobilise": "mobilising", "activate": "activation", "strengthen": "strengthening",
    "endurance": "endurance", "control": "control",
}  # fmt: skip
_AXIS_TESTED = {"length-test": "length", "range-test": "length", "strength-test": "strength"}


@dataclass(frozen=True, slots=True)
class Bar:
    """What is closed while something is there. No `muscles`: whichever muscle the exercise is meant for."""

    id: str
    told: str
    because: str
    sources: tuple[str, ...]
    findings: tuple[str, ...]
    muscles: frozenset[str] = frozenset()
    sides: tuple[str, ...] = BOTH
    phases: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    provokes: frozenset[str] = frozenset()
    everything: bool = False

    def closes_step(self, muscle: str, side: str, phase: str) -> bool:
        """Whether a step of a muscle must not be taken at all."""
        return phase in self.phases and muscle in self.muscles and side in self.sides

    def closes(self, exercise: Exercise, muscle: str, side: str) -> bool:
        """Whether an exercise must not be the example of a step for this muscle."""
        if self.everything or not self.provokes.isdisjoint(exercise.provokes):
            return True
        return exercise.kind in self.kinds and muscle in self.muscles and side in self.sides


def bars(stated: Stated, kb: KnowledgeBase, operated: Iterable[Surgery] = ()) -> tuple[Bar, ...]:
    """Everything that is closed by what the case states; `operated`: operations so recent that their restrictions count."""
    seen = holding((c for c in kb.contraindications.values() if c.when is not None), stated, kb)
    found = [_bar(entry, findings, kb) for entry, findings in seen]
    found += [bar for c in kb.contraindications.values() if c.painful for bar in _painful(c, stated.items, kb)]
    found += [_restricted(surgery, words, kb) for surgery in operated for words in surgery.restrictions]
    return tuple(found)


def _bar(entry: Contraindication, findings: tuple[str, ...], kb: KnowledgeBase) -> Bar:
    return Bar(
        entry.id, _told(entry, entry.muscles, entry.phases, kb), entry.because, entry.sources, findings,
        frozenset(m for named in entry.muscles for m in kb.members(named)), BOTH, entry.phases if entry.muscles else (), entry.kinds,
        frozenset(entry.provokes),
    )  # fmt: skip


def _painful(entry: Contraindication, items: Iterable[Item], kb: KnowledgeBase) -> Iterator[Bar]:
    """A test that hurt closes kinds of exercise for the muscles that it speaks of, on the side that hurt."""
    for item in items:
        if not item.painful or kb.findings[item.finding].method != entry.painful:
            continue
        muscles = tested_by(item.finding, _AXIS_TESTED[entry.painful], kb)
        sides = sides_of("same", item.side)
        if muscles:
            told = _told(entry, muscles, (), kb, " on the side that hurt")
            yield Bar(entry.id, told, entry.because, entry.sources, (item.key,), frozenset(muscles), sides, (), entry.kinds)


def tested_by(finding: str, axis: str, kb: KnowledgeBase) -> tuple[str, ...]:
    """The muscles of which the rules about a test say something on this axis."""
    said = [c for rule in kb.rules.values() if finding in rule.when.asked for c in rule.then if c.muscle != "matched"]
    return tuple(sorted({m for c in said if AXIS_OF[c.state] == axis for m in kb.members(c.muscle)}))


def _restricted(surgery: Surgery, words: str, kb: KnowledgeBase) -> Bar:
    """What a surgeon's words forbid. Words that are not known exactly close every example: nobody guesses at them."""
    plain = " ".join(words.casefold().rstrip(". ").split())
    tags = frozenset(p.id for p in kb.provocations.values() if plain in (w.casefold() for w in p.restrictions))
    sources = tuple(dict.fromkeys(s for c in kb.cautions.values() if c.applies == "surgery" for s in c.sources))
    if tags:
        told = f"After {surgery.name} ({words}): no exercise that {_named(sorted(tags), kb)}."
    else:
        told = f"After {surgery.name} ({words}): no exercise is named; whoever restricted it says which keep within these words."
    return Bar("surgery", told, told, sources, (), provokes=tags, everything=not tags)


def _told(entry: Contraindication, muscles: Sequence[str], phases: Sequence[str], kb: KnowledgeBase, where: str = "") -> str:
    whom = ", ".join((kb.groups[i].name if i in kb.groups else kb.muscles[i].name).lower() for i in muscles)
    steps = (*(phases if muscles else ()), *(_KINDS[kind] for kind in entry.kinds))
    parts = []
    if muscles:
        parts.append(f"left out for {whom}{where} ({', '.join(steps)})")
    if entry.provokes:
        parts.append(f"no exercise that {_named(entry.provokes, kb)}")
    return f"{entry.title}: {'; '.join(parts)}. {entry.because}"


def _named(tags: Iterable[str], kb: KnowledgeBase) -> str:
    return " or ".join(kb.provocations[tag].name for tag in tags)


# --- choosing -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A step that wants examples: for which muscle and side, in which phase, by which strategy, at which length."""

    muscle: str
    side: str
    phase: str
    strategy: Strategy
    length: str


@dataclass(frozen=True, slots=True)
class Partner:
    """The antagonist that is loaded in place of a muscle, with its examples."""

    muscle: str
    exercises: tuple[Exercise, ...]


class Choice:
    """The examples of steps. `closed`: what must not be; by side: `long`, muscles suspected to be long, which no stretch may reach, and
    `busy`, those suspected to be short or to work too much, which a partner's exercise must not load."""

    def __init__(
        self, kb: KnowledgeBase, closed: Sequence[Bar], long: Mapping[str, frozenset[str]], busy: Mapping[str, frozenset[str]]
    ) -> None:
        self.kb, self.closed, self.long, self.busy = kb, closed, long, busy
        self._shelves: dict[str, list[Exercise]] = {}

    def of(self, step: Step) -> tuple[tuple[Exercise, ...], tuple[Dropped, ...]]:
        """The examples of a step, at most two, and what would have been one but for something that forbids it."""
        shown: list[Exercise] = []
        dropped: list[Dropped] = []
        for number, exercise in enumerate(self._fitting(step)):
            why = self._why_not(exercise, step)
            if why is None:
                shown.append(exercise)
            elif number < MOST and not any(bar.everything for bar in self.closed):  # nothing is named: that is said once
                dropped.append(why)
            if len(shown) == MOST:
                break
        return tuple(shown), tuple(dropped)

    def of_partner(self, step: Step) -> Partner | None:
        """The foremost antagonist that may be loaded, with at most two examples; None where the strategy asks for none or none is left.

        One that is short or busy itself does not count, nor one whose own test hurt; nothing goes to an end of range.
        """
        kinds = {kind for phase, kinds in step.strategy.partner.items() if phase == step.phase for kind in kinds}
        busy = self.busy.get(step.side, frozenset()) | {step.muscle}
        for muscle in self._partners.get(step.muscle, ()) if kinds else ():
            if muscle in busy or any(muscle in bar.muscles and step.side in bar.sides for bar in self.closed):
                continue
            fitting = (e for e in self._shelf_of(muscle) if e.kind in kinds and not ends(e, self.kb))
            spared = (e for e in fitting if busy.isdisjoint(m for named in e.muscles for m in self.kb.members(named)))
            shown = [e for e in spared if not any(bar.closes(e, muscle, step.side) for bar in self.closed)]
            if shown:
                return Partner(muscle, tuple(shown[:MOST]))
        return None

    @cached_property
    def _partners(self) -> Mapping[str, Sequence[str]]:
        return _antagonists(self.kb)

    def _shelf_of(self, muscle: str) -> list[Exercise]:
        if muscle not in self._shelves:
            self._shelves[muscle] = _shelf(muscle, self.kb)
        return self._shelves[muscle]

    def _fitting(self, step: Step) -> Iterator[Exercise]:
        """Exercises of the kinds that the strategy asks for; to the end of a range only what tested short."""
        kinds = {kind for phase, kinds in step.strategy.kinds.items() if phase == step.phase for kind in kinds}
        for exercise in self._shelf_of(step.muscle):
            if exercise.kind in kinds and (step.length == "shortened" or not ends(exercise, self.kb)):
                yield exercise

    def _why_not(self, exercise: Exercise, step: Step) -> Dropped | None:
        for bar in self.closed:
            if bar.closes_step(step.muscle, step.side, step.phase) or bar.closes(exercise, step.muscle, step.side):
                return Dropped(exercise.id, exercise.name, (step.side,), bar.id, bar.because, bar.sources, bar.findings)
        if exercise.kind == "lengthen":
            also = sorted({m for named in exercise.muscles for m in self.kb.members(named)} & self.long.get(step.side, frozenset()))
            if also:
                names = ", ".join(self.kb.muscles[m].name.lower() for m in also)
                because = f"It would stretch {names} of the same side as well, and what is suspected to be long is not stretched."
                return Dropped(exercise.id, exercise.name, (step.side,), "length", because, exercise.sources, ())
        return None


def _antagonists(kb: KnowledgeBase) -> Mapping[str, Sequence[str]]:
    """The antagonists of each muscle on its own side, by reviewed links: first what is taught to grow quiet where it is busy, then by
    strength. What anatomy alone opposes to a muscle (a neck muscle to the upper trapezius) is not what a plan means by its partner."""
    found: dict[str, dict[str, tuple[bool, float]]] = defaultdict(dict)
    for link in kb.links.values():
        if link.kind != "antagonist" or not link.start.muscle or not link.to.muscle or link.to.side != "same":
            continue
        rank = ("overactive" not in link.map, -link.strength)
        for muscle in kb.members(link.start.muscle):
            for other in kb.members(link.to.muscle):
                found[muscle][other] = min(rank, found[muscle].get(other, rank))
    return {muscle: sorted(others, key=lambda m: (others[m], m)) for muscle, others in found.items()}


def _shelf(muscle: str, kb: KnowledgeBase) -> list[Exercise]:
    """The exercises of a muscle: first what names the muscle itself, then what asks less, then by grade and id."""
    found = [e for e in kb.exercises.values() if any(muscle in kb.members(named) for named in e.muscles)]
    return sorted(found, key=lambda e: (muscle not in e.muscles, _is_hard(e, kb), e.grade, e.id))


def _is_hard(exercise: Exercise, kb: KnowledgeBase) -> bool:
    return any(kb.provocations[tag].demanding for tag in exercise.provokes)


def ends(exercise: Exercise, kb: KnowledgeBase) -> bool:
    """Whether it takes anything to the end of its range."""
    return exercise.kind == "lengthen" or any(kb.provocations[tag].end_range for tag in exercise.provokes)
