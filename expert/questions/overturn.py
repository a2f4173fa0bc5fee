"""What would overturn a conclusion? The smallest sets of stated findings without which it falls.

Every set is tried by a run without it, smaller sets first, so a set that is named is enough, and nothing smaller is: taking findings away
may also raise what spoke less, so nothing is taken for granted. Only findings that can bear on the conclusion at all are tried, and for a
muscle only the rules that can are run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

from expert import contract, inference, ledger, pipeline, referral
from expert.errors import UsageError
from expert.model import AXIS_OF, About, Hypothesis, Item, Knowledge, Program, Result, Stated, Term
from expert.premises import fact_of, facts_of
from expert.questions import asked
from expert.questions.answer import Answer
from expert.questions.change import Place, Thing, thing

LARGEST = 6  # findings in a set
MOST_RUNS = 1000
SHOWN = 10
_Left = Callable[[Stated], tuple[str, float | None, int]]  # a case without something -> status, points and rank of what is left
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
    """What a conclusion hangs on. `referral`: the level that the case raises; `level`: of the red flag that is asked about."""

    template = "overturn"
    case_id: str
    referral: str
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
        self._level = result.referral.level

    # --- the three kinds of conclusion

    def suspicion(self, h: Hypothesis) -> Overturn:
        """A muscle state: first what makes it less than supported, then less than possible."""
        line = ShortLine(self.knowledge, h.about)
        bearing = self._items(line.reads)

        def left(stated: Stated) -> tuple[str, float | None, int]:
            found = line.run(stated)
            return ("", None, 0) if found is None else (found.status, found.points, _RANK.get(found.status, 0))

        falls = tuple(
            self._falls("supported" if rank == 2 else "possible", bearing, left, rank) for rank in range(_RANK[h.status], 0, -1)
        )  # fmt: skip
        about = Place("muscle", h.muscle, h.name, h.side, h.state)
        return Overturn(self.stated.case_id, self._level, about, h.status, h.points, "", falls)

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
        falls = self._falls("found", bearing, left, 1)
        return Overturn(self.stated.case_id, self._level, about, "found", contract.decimal(found.points), "", (falls,))

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
        falls = self._falls("raised", bearing, left, 1)
        return Overturn(self.stated.case_id, self._level, about, "raised", None, found.level, (falls,))

    # --- the search

    def _items(self, names: frozenset[str]) -> list[Item]:
        return [i for i in self.stated.items if i.finding in names]

    def _falls(self, word: str, bearing: Sequence[Item], left: _Left, rank: int) -> Falls:
        """All smallest sets of findings whose absence takes a conclusion below a rank.

        Searched among the findings that bear on it, the others left aside; what is shown is told by a run with all others in place.
        """
        alone = replace(self.stated, items=tuple(bearing))
        runs, searched = 0, 0
        for size in range(1, min(LARGEST, len(bearing)) + 1):
            runs += comb(len(bearing), size)
            if runs > MOST_RUNS:
                return Falls(word, None, (), 0, searched, len(bearing), False)
            found = [chosen for chosen in combinations(bearing, size) if left(without(alone, chosen))[2] < rank]
            searched = size
            if found:
                shown = tuple(self._enough(chosen, left) for chosen in found[:SHOWN])
                return Falls(word, size, shown, len(found) - len(shown), size, len(bearing), True)
        return Falls(word, None, (), 0, searched, len(bearing), searched == len(bearing))

    def _enough(self, chosen: Sequence[Item], left: _Left) -> Enough:
        status, points, _ = left(without(self.stated, chosen))
        return Enough(tuple(thing(contract.item_of(i, self.kb), self.kb) for i in chosen), status, points)


_NATIVE = inference.choose("native")


def without(stated: Stated, chosen: Iterable[Item]) -> Stated:
    """The same case without some of its items."""
    gone = {i.key for i in chosen}
    return replace(stated, items=tuple(i for i in stated.items if i.key not in gone))


_Subject = tuple[str, str]  # a muscle ("": any) and an axis


class _Bearing:
    """Which rules and findings can bear on a conclusion at all.

    Wide on purpose: sides, tasks and severities are left aside, so nothing that bears on it is missed.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.rules = knowledge.rulebase.rules
        self.programs = knowledge.rulebase.programs

    def speaking(self, stage: str, subjects: Collection[_Subject]) -> frozenset[str]:
        """Rules of a stage that say something of any of these; one that speaks of whichever muscle it met does."""
        axes = {axis for _, axis in subjects}
        return frozenset(
            r.id for r in self.rules.values()
            if r.stage == stage and any(
                AXIS_OF[t.state] in axes
                and (not t.muscle or ("", AXIS_OF[t.state]) in subjects or (t.muscle, AXIS_OF[t.state]) in subjects) for t in r.targets
            )
        )  # fmt: skip

    def behind(self, subject: _Subject) -> frozenset[_Subject]:
        """What a muscle's axis hangs on: itself, and what rules about hypotheses read to speak of it."""
        found = {subject}
        for rule in self.speaking("inferred", {subject}):
            bound = subject[0] if all(not t.muscle for t in self.rules[rule].targets) else ""
            found |= {(t.name or bound, AXIS_OF[t.state]) for t in self.terms("inferred", {rule}) if t.kind == "hypothesis"}
        return frozenset(found)

    def on(self, subject: _Subject) -> frozenset[str]:
        """The findings that bear on a muscle's axis."""
        stages = (("direct", self.behind(subject)), ("inferred", frozenset({subject})))
        return frozenset(t.name for stage, of in stages for t in self.terms(stage, self.speaking(stage, of)) if t.kind == "finding")

    def on_pattern(self, name: str) -> frozenset[str]:
        """The findings that bear on a pattern, and on the patterns and hypotheses that it rests on."""
        found: set[str] = set()
        todo, seen = [name], {name}
        while todo:
            for term in self.terms("patterns", {todo.pop()}):
                if term.kind == "finding":
                    found.add(term.name)
                elif term.kind == "hypothesis":
                    found |= self.on((term.name, AXIS_OF[term.state]))
                elif term.name not in seen:
                    seen.add(term.name)
                    todo.append(term.name)
        return frozenset(found)

    def terms(self, stage: str, rules: Collection[str]) -> Iterator[Term]:
        """All premises of some rules of a stage, those that must not be met as well."""
        yield from (t for v in self.programs[stage].variants if v.rule in rules for t in (*v.terms, *v.unless))


class ShortLine:
    """The straight line for one muscle's axis alone: the rules that can bear on it, and the same arithmetic. `reads`: findings."""

    def __init__(self, knowledge: Knowledge, about: About) -> None:
        bearing, subject = _Bearing(knowledge), (about.muscle, about.axis)
        self.about, self.kb, self.rules = about, knowledge.kb, knowledge.rulebase.rules
        self.subjects = bearing.behind(subject)
        self.reads = bearing.on(subject)
        self.names = {m.id: m.name for m in knowledge.kb.muscles.values()}
        kept = {"direct": bearing.speaking("direct", self.subjects), "inferred": bearing.speaking("inferred", {subject})}
        self.direct, self.inferred = (
            Program(tuple(v for v in knowledge.rulebase.programs[stage].variants if v.rule in rules)) for stage, rules in kept.items()
        )

    def run(self, stated: Stated) -> Hypothesis | None:
        """What is suspected of it; None where nothing speaks for it."""
        items, facts = {i.key: i for i in stated.items}, [fact_of(i) for i in stated.items]
        observed = [
            p for p in ledger.draw_direct(inference.infer(self.direct, facts, _NATIVE), self.rules, items)[0]
            if (p.about.muscle, p.about.axis) in self.subjects or ("", p.about.axis) in self.subjects
        ]  # fmt: skip
        balance = ledger.balance(observed, self.kb.constants)
        first = ledger.hypotheses(balance, self.names, self.kb.constants)
        bases = {h.about.key: h for h in first}
        inferred = inference.infer(self.inferred, [*facts, *facts_of(first)], _NATIVE)
        concluded = ledger.draw_inferred(inferred, self.rules, observed, bases, items)
        weighed = ledger.reweigh(first, balance, concluded, self.names, self.kb.constants)
        return next((h for h in weighed if h.about == self.about), None)
