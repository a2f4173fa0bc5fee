"""Which few problems account for what was found? The covering of `expert.drivers`, with names, as an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from expert.contract import decimal, node_name, state_key
from expert.model import (
    Account,
    Check,
    Covering,
    Driver,
    DriverSet,
    FlagRaised,
    Item,
    Knowledge,
    KnowledgeBase,
    Loop,
    Result,
    State,
    Step,
    StruckOut,
)
from expert.questions.answer import Answer
from expert.words import short


@dataclass(frozen=True, slots=True)
class Thing:
    """An item of the case, its name without what stands in brackets. `task` in words, "" for none."""

    key: str
    name: str
    side: str
    task: str


@dataclass(frozen=True, slots=True)
class Place:
    """A state of a muscle, a place of the body's state, or another explanation, with its name."""

    key: str
    kind: str
    id: str
    name: str
    side: str
    state: str


@dataclass(frozen=True, slots=True)
class Walked:
    """One link of a way: where it leads, why, on whose word."""

    to: Place
    link: str
    mechanism: str
    grade: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """An item and how a candidate explains it. how: seen | rests | walk | cause."""

    item: Thing
    how: str
    strength: float
    path: tuple[Walked, ...]


@dataclass(frozen=True, slots=True)
class LookFor:
    """The finding that would show a candidate."""

    finding: str
    name: str
    side: str
    tasks: tuple[str, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Stands:
    """What could stand in the place of a driver, and how it stands itself."""

    place: Place
    standing: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A problem that may come first. standing: seen | stated | supported | possible | unseen; `instead`: what could stand in its place,
    `others`: how many more could; `because`: of another explanation, why."""

    place: Place
    standing: str
    support: float
    explains: tuple[Explained, ...]
    leaves: tuple[Thing, ...]
    follows: tuple[Place, ...]
    instead: tuple[Stands, ...]
    others: int
    check: LookFor | None
    because: str


@dataclass(frozen=True, slots=True)
class Together:
    """A smallest set: its candidates, and what they leave."""

    drivers: tuple[Candidate, ...]
    leaves: tuple[Thing, ...]
    support: float


@dataclass(frozen=True, slots=True)
class Alike:
    """Candidates beside the sets that stand alike and explain the same."""

    candidates: tuple[Candidate, ...]
    explains: tuple[Thing, ...]
    leaves: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class Struck:
    """What would explain something and cannot be. because: absent | contradicted | opposite | contested | held."""

    places: tuple[Place, ...]
    because: str
    by: tuple[Thing, ...]
    explains: tuple[Thing, ...]


@dataclass(frozen=True, slots=True)
class Aside:
    """What need not be explained here. because: flag | pain | reassures."""

    item: Thing
    because: str


@dataclass(frozen=True, slots=True)
class Circle:
    """A loop that keeps itself going."""

    places: tuple[Place, ...]
    because: str
    also: tuple[Place, ...]


class Urgent(NamedTuple):
    """A red flag that comes before everything else."""

    title: str
    level: str
    action: str


@dataclass(frozen=True, slots=True)
class Drivers(Answer):
    """The answer to "what may come first?". nothing: "" | none | aside | flag | mild | one | apart, why there is
    nothing to account for."""

    template = "drivers"
    nothing: str
    flags: tuple[Urgent, ...]
    findings: tuple[Thing, ...]
    set_aside: tuple[Aside, ...]
    sets: tuple[Together, ...]
    more: int
    complete: bool
    rivals: tuple[Alike, ...]
    to_check: tuple[Alike, ...]
    struck_out: tuple[Struck, ...]
    unexplained: tuple[Thing, ...]
    loops: tuple[Circle, ...]


def drivers(result: Result, knowledge: Knowledge) -> Drivers:
    """The smallest sets of candidates that account for what was found, what else was considered, and what fits nothing."""
    told, names = result.drivers, _Names(result.stated.items, knowledge.kb)
    named = {d.about for s in told.sets for found in s.instead for d in found}
    return Drivers(
        nothing=told.nothing,
        flags=tuple(_urgent(f) for f in result.referral.flags if f.level in ("emergency", "urgent")),
        findings=names.things(told.to_explain),
        set_aside=tuple(Aside(names.thing(a.item), a.because) for a in told.set_aside),
        sets=tuple(names.together(s) for s in told.sets),
        more=told.more,
        complete=told.complete,
        rivals=names.alike(d for d in told.candidates if d.standing != "unseen" and d.about not in named),
        to_check=names.alike(d for d in told.candidates if d.standing == "unseen"),
        struck_out=names.struck(told),
        unexplained=names.things(told.unexplained),
        loops=tuple(names.circle(loop) for loop in result.loops),
    )


def _urgent(flag: FlagRaised) -> Urgent:
    return Urgent(flag.title, flag.level, flag.action)


class _Names:
    """Keys and states as things with names."""

    def __init__(self, items: Iterable[Item], kb: KnowledgeBase) -> None:
        self.kb = kb
        self.items = {i.key: i for i in items}

    def thing(self, key: str) -> Thing:
        item = self.items[key]
        name = short(self.kb.findings[item.finding].name)
        return Thing(key, name, item.side, self.kb.tasks[item.task].name if item.task else "")

    def things(self, keys: Iterable[str]) -> tuple[Thing, ...]:
        return tuple(self.thing(key) for key in keys)

    def place(self, state: State) -> Place:
        kind = self.kb.causes[state.id].kind if state.kind == "cause" else state.kind
        return Place(state_key(state), kind, state.id, node_name(state, self.kb), state.side, state.state)

    def places(self, states: Iterable[State]) -> tuple[Place, ...]:
        return tuple(self.place(s) for s in states)

    def candidate(self, d: Driver, instead: Sequence[Driver] = (), others: int = 0) -> Candidate:
        return Candidate(
            place=self.place(d.about), standing=d.standing, support=decimal(d.support),
            explains=tuple(self.explained(a) for a in d.explains), leaves=self.things(d.leaves), follows=self.places(d.follows),
            instead=tuple(Stands(self.place(o.about), o.standing) for o in instead), others=others, check=self.look_for(d.check),
            because=self.kb.causes[d.about.id].because if d.about.kind == "cause" else "",
        )  # fmt: skip

    def explained(self, a: Account) -> Explained:
        return Explained(self.thing(a.item), a.how, decimal(a.strength), tuple(self.walked(s) for s in a.path))

    def walked(self, step: Step) -> Walked:
        sources = tuple(self.kb.sources[s].title for s in step.sources)
        return Walked(self.place(step.to), step.link, step.mechanism, step.grade, sources)

    def look_for(self, check: Check | None) -> LookFor | None:
        if check is None:
            return None
        kind = self.kb.findings[check.finding]
        return LookFor(check.finding, kind.name, check.side, tuple(self.kb.tasks[t].name for t in check.tasks), kind.how or "")

    def together(self, s: DriverSet) -> Together:
        chosen = tuple(self.candidate(d, found, more) for d, found, more in zip(s.drivers, s.instead, s.others, strict=True))
        return Together(chosen, self.things(s.leaves), decimal(s.support))

    def alike(self, found: Iterable[Driver]) -> tuple[Alike, ...]:
        """Candidates that differ in nothing but the muscle, told together."""
        heaps: dict[tuple[object, ...], list[Driver]] = {}
        for d in found:
            same = (d.about.kind, d.about.side, d.about.state) if d.about.kind == "muscle" else d.about
            heaps.setdefault((*same, d.standing, d.items_explained, d.check), []).append(d)
        return tuple(
            Alike(tuple(self.candidate(d) for d in heap), self.things(a.item for a in heap[0].explains), self.things(heap[0].leaves))
            for heap in heaps.values()
        )

    def struck(self, told: Covering) -> tuple[Struck, ...]:
        """What was struck out alike, told together."""
        heaps: dict[tuple[object, ...], list[StruckOut]] = {}
        for s in told.struck_out:
            same = s.about[2:] if s.about.kind == "muscle" else s.about
            heaps.setdefault((same, s.because, s.items, s.explains), []).append(s)
        return tuple(
            Struck(self.places(s.about for s in heap), heap[0].because, self.things(heap[0].items), self.things(heap[0].explains))
            for heap in heaps.values()
        )

    def circle(self, loop: Loop) -> Circle:
        return Circle(self.places(loop.nodes), loop.because, self.places(loop.also))
