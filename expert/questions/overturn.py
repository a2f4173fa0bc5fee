"""What would overturn a conclusion? The smallest sets of stated findings without which it falls.

Every set is tried by a fresh run without it, smaller sets first, so a set that is named is enough, and nothing smaller is: taking findings
away may also raise what spoke less, so nothing is taken for granted. Only findings that can bear on the conclusion at all are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

from expert import contract, inference, pipeline, referral
from expert.errors import UsageError
from expert.model import AXIS_OF, About, Hypothesis, Item, Knowledge, Result, Stated, Term
from expert.questions import asked
from expert.questions.answer import Answer
from expert.questions.change import Place, Thing, thing
from expert.weighing import weigh

LARGEST = 6  # findings in a set
MOST_RUNS = 1500
SHOWN = 10
_RANK = {"supported": 2, "contested": 1, "possible": 1}


@dataclass(frozen=True, slots=True)
class Enough:
    """A smallest set, and what becomes of the conclusion without it. status "": nothing speaks for it any more."""

    findings: tuple[Thing, ...]
    status: str
    points: float | None


@dataclass(frozen=True, slots=True)
class Falls:
    """What it takes that the conclusion is no longer this. `no_longer`: supported | possible | found | raised.

    `size`: of the smallest sets, None where no set up to `searched` findings does it (of `of`, that bear on it); `more`: sets that are not
    shown; `complete`: whether all sets of up to `searched` were tried.
    """

    no_longer: str
    size: int | None
    sets: tuple[Enough, ...]
    more: int
    searched: int
    of: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Overturn(Answer):
    """What a conclusion hangs on. `level`: of a red flag."""

    template = "overturn"
    case_id: str
    about: Place
    status: str
    points: float | None
    level: str
    falls: tuple[Falls, ...]


def overturn(result: Result, knowledge: Knowledge, about: str, side: str | None = None, state: str | None = None) -> Overturn:
    """The smallest sets of stated findings without which a suspicion, a pattern (`pattern:...`) or a red flag (`flag:...`) falls.

    Raises UsageError for what cannot be read, and for a conclusion that the case does not give.
    """
    what = asked.read(about, knowledge.kb, side, state, ("muscle", "pattern", "flag"))
    seeker = _Seeker(result, knowledge)
    match what.kind:
        case "muscle":
            return seeker.suspicion(_suspicion(result, what, about))
        case "pattern":
            return seeker.pattern(what)
        case _:
            return seeker.flag(what)


def _suspicion(result: Result, what: asked.Asked, words: str) -> Hypothesis:
    """The best standing suspicion that is meant."""
    meant = [
        h for h in result.hypotheses
        if h.muscle in what.ids and h.side in what.sides and what.state in ("", h.state) and h.status in _RANK
    ]  # fmt: skip
    if not meant:
        raise UsageError(f"'{words}' is not suspected here (not even possible), so nothing can overturn it; ask why-not instead")
    return meant[0]


class _Seeker:
    """Looks for the smallest sets, by runs without them."""

    def __init__(self, result: Result, knowledge: Knowledge) -> None:
        self.stated, self.result, self.knowledge, self.kb = result.stated, result, knowledge, knowledge.kb

    # --- the three kinds of conclusion

    def suspicion(self, h: Hypothesis) -> Overturn:
        """A muscle state: first what makes it less than supported, then less than possible."""
        bearing = self._items(_Bearing(self.knowledge).on_muscle(h.about))

        def left(stated: Stated) -> tuple[str, float | None, int]:
            found = weigh(stated, self.knowledge).standing.get(h.about)
            if found is None or not found.points_for:
                return "", None, 0
            return found.status, found.points, _RANK.get(found.status, 0)

        falls = tuple(
            self._falls("supported" if rank == 2 else "possible", bearing, left, rank) for rank in range(_RANK[h.status], 0, -1)
        )  # fmt: skip
        about = Place("muscle", h.muscle, h.name, h.side, h.state)
        return Overturn(self.stated.case_id, about, h.status, h.points, "", falls)

    def pattern(self, what: asked.Asked) -> Overturn:
        """A named whole."""
        found = next((p for p in self.result.patterns if p.id == what.name and p.side in (*what.sides, "midline")), None)
        if found is None:
            raise UsageError(f"the pattern '{what.name}' is not found here, so nothing can overturn it; ask why-not instead")
        wanted = (found.id, found.side)

        def left(stated: Stated) -> tuple[str, float | None, int]:
            there = any((p.id, p.side) == wanted for p in pipeline.run(stated, self.knowledge, _NATIVE).patterns)
            return ("found" if there else "", None, int(there))

        bearing = self._items(_Bearing(self.knowledge).on_pattern(found.id))
        about = Place("pattern", found.id, found.name, found.side, "")
        return Overturn(self.stated.case_id, about, "found", contract.decimal(found.points), "", (self._falls("found", bearing, left, 1),))

    def flag(self, what: asked.Asked) -> Overturn:
        """A red flag."""
        found = next((f for f in self.result.referral.flags if f.id == what.name), None)
        if found is None:
            raise UsageError(f"the red flag '{what.name}' is not raised here, so nothing can overturn it")
        name = found.id
        flags = {name: self.kb.flags[name]}

        def left(stated: Stated) -> tuple[str, float | None, int]:
            there = bool(referral.screen(stated, flags, self.kb.findings, self.kb.constants.severity).flags)
            return ("raised" if there else "", None, int(there))

        names = set(self.kb.flags[name].when.asks)
        told = any(self.kb.findings[n].told_by_pain for n in names if n in self.kb.findings)
        bearing = [i for i in self.stated.items if not names.isdisjoint((i.finding, f"any-{i.kind}")) or (told and i.painful)]
        about = Place("flag", name, found.title, "midline", "")
        return Overturn(self.stated.case_id, about, "raised", None, found.level, (self._falls("raised", bearing, left, 1),))

    # --- the search

    def _items(self, names: frozenset[str]) -> list[Item]:
        return [i for i in self.stated.items if i.finding in names]

    def _falls(
        self, word: str, bearing: Sequence[Item], left: Callable[[Stated], tuple[str, float | None, int]], rank: int
    ) -> Falls:
        """All smallest sets of findings whose absence takes a conclusion below a rank."""
        runs, searched = 0, 0
        for size in range(1, min(LARGEST, len(bearing)) + 1):
            runs += comb(len(bearing), size)
            if runs > MOST_RUNS:
                return Falls(word, None, (), 0, searched, len(bearing), False)
            found = []
            for chosen in combinations(bearing, size):
                status, points, still = left(without(self.stated, chosen))
                if still < rank:
                    found.append(Enough(tuple(thing(contract.item_of(i, self.kb), self.kb) for i in chosen), status, points))
            searched = size
            if found:
                return Falls(word, size, tuple(found[:SHOWN]), max(len(found) - SHOWN, 0), size, len(bearing), True)
        return Falls(word, None, (), 0, searched, len(bearing), searched == len(bearing))


_NATIVE = inference.choose("native")


def without(stated: Stated, chosen: Iterable[Item]) -> Stated:
    """The same case without some of its items."""
    gone = {i.key for i in chosen}
    return replace(stated, items=tuple(i for i in stated.items if i.key not in gone))


class _Bearing:
    """Which findings can bear on a conclusion at all: those that a rule about it reads, and those behind the hypotheses that one reads.

    Wide on purpose: sides, tasks and severities are left aside, so nothing that bears on it is missed.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.rules = knowledge.rulebase
        self.programs = knowledge.rulebase.programs

    def on_muscle(self, about: About) -> frozenset[str]:
        """What bears on any state of a muscle's axis."""
        return frozenset(self._on_axis(about.muscle, about.axis))

    def on_pattern(self, name: str) -> frozenset[str]:
        """What bears on a pattern, and on the patterns and hypotheses that it rests on."""
        found: set[str] = set()
        todo, seen = [name], {name}
        while todo:
            rule = todo.pop()
            for term in self._terms("patterns", {rule}):
                if term.kind == "finding":
                    found.add(term.name)
                elif term.kind == "hypothesis":
                    found.update(self._on_axis(term.name, AXIS_OF[term.state]))
                elif term.name not in seen:
                    seen.add(term.name)
                    todo.append(term.name)
        return frozenset(found)

    def _on_axis(self, muscle: str, axis: str) -> Iterator[str]:
        yield from self._directly(muscle, axis)
        for rule in self._speaking("inferred", muscle, axis):
            bound = muscle if all(not t.muscle for t in self.rules.rules[rule].targets) else ""
            for term in self._terms("inferred", {rule}):
                if term.kind == "finding":
                    yield term.name
                elif term.kind == "hypothesis":
                    yield from self._directly(term.name or bound, AXIS_OF[term.state])

    def _directly(self, muscle: str, axis: str) -> Iterator[str]:
        yield from (t.name for t in self._terms("direct", self._speaking("direct", muscle, axis)))

    def _speaking(self, stage: str, muscle: str, axis: str) -> set[str]:
        """Rules of a stage that conclude something about a muscle on an axis ("": any); one that speaks of whichever muscle it met does."""
        return {
            r.id for r in self.rules.rules.values()
            if r.stage == stage and any((not muscle or t.muscle in ("", muscle)) and AXIS_OF[t.state] == axis for t in r.targets)
        }  # fmt: skip

    def _terms(self, stage: str, rules: set[str]) -> Iterator[Term]:
        yield from (t for v in self.programs[stage].variants if v.rule in rules for t in (*v.terms, *v.unless))
