"""How was it reasoned? One run as a sequence that a class can follow, from what the case states to the answer.

Every step is what the run did: its own firings, its own sheets, weighed by the same ledger. What a rule does on the left and on the right
is one step, so that a mirrored case takes the mirrored steps; after the last one every sheet stands as in the result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from expert import ledger
from expert.contract import decimal, node_name, state_key
from expert.model import (
    AXES,
    MIRROR,
    OPPOSITE_STATE,
    About,
    CompiledRule,
    Fact,
    Firing,
    Hypothesis,
    Knowledge,
    Piece,
    Result,
    State,
    TraceLine,
)
from expert.premises import facts_of
from expert.questions.answer import Answer
from expert.render import answer as rendered
from expert.weighing import weigh
from expert.words import short

AGENDA = 5  # how many of the rules that are ready are told
_UNMENTIONED = "unmentioned"


@dataclass(frozen=True, slots=True)
class Known:
    """Something that rules may rest on. kind: item | hypothesis | pattern; `key` is how premises name it; `task` in words."""

    key: str
    kind: str
    name: str
    side: str
    task: str = ""
    state: str = ""
    status: str = ""
    present: bool = True


class Ready(NamedTuple):
    """A rule on the agenda: all that it waits for is there. `absent`: it reads that something is not there; `matches`: how often it
    fires."""

    rule: str
    title: str
    absent: bool
    matches: int


class Claim(NamedTuple):
    """The rule that fires: why it may be believed, and on whose word."""

    rule: str
    title: str
    absent: bool
    because: str
    grade: str
    sources: tuple[str, ...]


class Stand(NamedTuple):
    """How a muscle state stands. status `unmentioned`: nothing has spoken of it yet."""

    points: float
    points_for: float
    points_against: float
    status: str


class Moved(NamedTuple):
    """A muscle state that a rule spoke of, or whose opposite it spoke for. speaks: for | against | opposite; `counts`: what the rule's own
    evidence counts on this sheet, 0 where others have said as much of this finding."""

    key: str
    muscle: str
    name: str
    side: str
    axis: str
    state: str
    speaks: str
    counts: float
    before: Stand
    after: Stand


class Silent(NamedTuple):
    """A state of which a rule would have spoken. because: pain (what a muscle gives in pain is no measure of it) | better (better sources
    have spoken of it from the same findings)."""

    key: str
    name: str
    side: str
    state: str
    because: str


class Lit(NamedTuple):
    """What leads from where to where: by which rule or link. An end may say `not ...`."""

    start: tuple[str, ...]
    end: tuple[str, ...]
    by: str


class Told(NamedTuple):
    """What a step comes to. kind: flag | held | pattern | prediction | driver | hypothesis; `detail`: the level, confidence, status or
    standing that goes with it."""

    kind: str
    id: str
    name: str
    side: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step. kind: facts | flags | rule | weighed | pattern | spread | drivers | answer; stratum: "" | direct | inferred | patterns.

    `facts`: what is known from here on; `gone`: keys of what no longer counts as known; `agenda`: the first rules that are ready as the
    step begins, of `ready` in all, the first of which fires; `balance`: the sheets it touches, the most moved first; `nodes` and `links`:
    what lights up.
    """

    kind: str
    stratum: str = ""
    number: int = 0
    sentence: str = ""
    claim: Claim | None = None
    facts: tuple[Known, ...] = ()
    gone: tuple[str, ...] = ()
    agenda: tuple[Ready, ...] = ()
    ready: int = 0
    balance: tuple[Moved, ...] = ()
    silent: tuple[Silent, ...] = ()
    tells: tuple[Told, ...] = ()
    nodes: tuple[str, ...] = ()
    links: tuple[Lit, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps(Answer):
    """The reasoning about one case, step by step."""

    template = "steps"
    case_id: str
    steps: tuple[Step, ...]


def steps(result: Result, knowledge: Knowledge) -> Steps:
    """The run that led to a result, as steps."""
    run = _Run(result, knowledge)
    taken = [(step, run.words(step)) for step in run.steps()]
    lines = rendered("sentences", {"steps": [words for _, words in taken], "referral": result.referral}).splitlines()
    numbered = enumerate(zip(taken, lines, strict=True))
    return Steps(result.stated.case_id, tuple(replace(step, number=n, sentence=line) for n, ((step, _), line) in numbered))


class _Run:
    """A run that is walked once, stage after stage: what is known so far, and how every sheet stands."""

    def __init__(self, result: Result, knowledge: Knowledge) -> None:
        self.result, self.kb, self.rules = result, knowledge.kb, knowledge.rulebase.rules
        self.case = weigh(result.stated, knowledge, result.referral)
        self.pieces: dict[tuple[str, str, str], list[Piece]] = defaultdict(list)
        self.standing: dict[About, Hypothesis] = {}
        self.known: dict[str, Known] = {}

    def steps(self) -> Iterator[Step]:
        """All of it, in order; what is known grows as it is walked."""
        yield self.stated()
        yield self.screened()
        yield from self.observing()
        yield self.weighed("direct", self.result.observed)
        yield from self.inferring()
        yield self.weighed("inferred", self.result.hypotheses)
        yield from self.patterns()
        yield self.spread()
        yield self.drivers()
        yield self.answer()

    # --- what is known

    def _learn(self, facts: Iterable[Known]) -> tuple[Known, ...]:
        """What is known from here on; what was known just so is left out."""
        fresh = tuple(f for f in facts if self.known.get(f.key) != f)
        self.known |= {f.key: f for f in fresh}
        return fresh

    def _suspicion(self, fact: Fact, statuses: dict[str, str]) -> Known:
        name = self.kb.muscles[fact.name].name
        return Known(fact.key, "hypothesis", name, fact.side, "", fact.state, statuses[fact.key])

    def stated(self) -> Step:
        """What the case states is all that is known."""
        kb = self.kb
        items = self._learn(
            Known(i.key, "item", short(kb.findings[i.finding].name), i.side, kb.tasks[i.task].name if i.task else "", present=i.present)
            for i in self.result.stated.items
        )
        return Step("facts", facts=items, nodes=tuple(i.key for i in items))

    def screened(self) -> Step:
        """Red flags, before anything is inferred."""
        flags = self.result.referral.flags
        tells = tuple(Told("flag", f.id, f.title, "midline", "", f.level) for f in flags)
        return Step("flags", tells=tells, nodes=tuple(sorted({key for f in flags for key in f.findings})))

    # --- rules that weigh

    def observing(self) -> Iterator[Step]:
        """Rules about what was observed, one after the other."""
        for claim, agenda, firings in self._fired(self.case.direct):
            pieces, _ = ledger.draw_direct(firings, self.rules, self.case.items)
            yield self._weighing("direct", claim, agenda, firings, pieces)

    def inferring(self) -> Iterator[Step]:
        """Rules about what is suspected, which rest on the sheets as they stood after all that was observed."""
        seen = [p for pieces in self.case.observed.values() for p in pieces]
        bases = {h.about.key: h for h in self.result.observed}
        for claim, agenda, firings in self._fired(self.case.inferred):
            pieces = ledger.draw_inferred(firings, self.rules, seen, bases, self.case.items)
            yield self._weighing("inferred", claim, agenda, firings, pieces)

    def _fired(self, firings: Iterable[Firing]) -> Iterator[tuple[Claim, list[Ready], Sequence[Firing]]]:
        """Each rule of a stratum with the agenda as it fires: by rule, what is there before what is not; both sides at once."""
        groups: dict[tuple[str, bool], list[Firing]] = defaultdict(list)
        for firing in sorted(firings):
            groups[firing.rule, firing.absent].append(firing)
        agenda = [Ready(rule, self.kb.title(rule), absent, len(groups[rule, absent])) for rule, absent in sorted(groups)]
        for at, first in enumerate(agenda):
            yield _claim(self.rules[first.rule], first), agenda[at:], groups[first.rule, first.absent]

    def _weighing(self, stage: str, claim: Claim, agenda: Sequence[Ready], firings: Sequence[Firing], pieces: Sequence[Piece]) -> Step:
        """A rule fires: what it adds to which sheets."""
        links = tuple(Lit(f.premises, tuple(ledger.conclusions(f, self.rules[f.rule])), claim.rule) for f in firings)
        spoken = {p.about.key for p in pieces}
        unspoken = {end.removeprefix("not "): None for link in links for end in link.end if end.removeprefix("not ") not in spoken}
        silent = tuple(self._silent(key, "pain" if stage == "direct" else "better") for key in unspoken)
        moved = self._weigh(pieces)
        return Step(
            "rule", stage, claim=claim, agenda=tuple(agenda[:AGENDA]), ready=len(agenda), balance=moved, silent=silent,
            nodes=_nodes(links), links=links,
        )  # fmt: skip

    def _silent(self, key: str, because: str) -> Silent:
        muscle, side, state = key.split(":")
        return Silent(key, self.kb.muscles[muscle].name, side, state, because)

    def _weigh(self, pieces: Sequence[Piece]) -> tuple[Moved, ...]:
        """Put pieces on their sheets, and weigh anew the axes that they touch."""
        axes = sorted({p.about[:3] for p in pieces})
        for piece in pieces:
            self.pieces[piece.about[:3]].append(piece)
        touched = [p for axis in axes for p in self.pieces[axis]]
        names = {p.about.muscle: self.kb.muscles[p.about.muscle].name for p in pieces}
        constants = self.kb.constants
        before = dict(self.standing)
        self.standing |= {h.about: h for h in ledger.judged(ledger.balance(touched, constants), names, constants)}
        abouts = [about for axis in axes for state in AXES[axis[2]] if (about := About(*axis, state)) in self.standing]
        new = {id(p) for p in pieces}
        moved = [_moved(_stood(a, before), self.standing[a], new) for a in abouts]
        return tuple(sorted((m for m in moved if m.speaks != "opposite" or m.before != m.after), key=_by_move))

    def weighed(self, stage: str, hypotheses: Sequence[Hypothesis]) -> Step:
        """The sheets of a stage are closed: what is suspected is known to the rules of the next."""
        statuses = {h.about.key: h.status for h in hypotheses}
        facts = [self._suspicion(f, statuses) for f in facts_of(hypotheses)]
        gone = {key for key, known in self.known.items() if known.kind == "hypothesis"}.difference(f.key for f in facts)
        self.known = {key: known for key, known in self.known.items() if key not in gone}
        held = tuple(Told("held", h.muscle, h.name, h.side, h.state, h.status) for h in hypotheses if h.held)
        fresh = self._learn(facts)
        return Step("weighed", stage, facts=fresh, gone=tuple(sorted(gone)), tells=held, nodes=tuple(f.key for f in fresh))

    # --- what rests on the sheets

    def patterns(self) -> Iterator[Step]:
        """Named wholes, each as soon as those that it rests on are there."""
        waiting: dict[str, list[TraceLine]] = defaultdict(list)
        for line in self.result.trace:
            if line.stratum == 2:
                waiting[line.rule].append(line)
        while waiting:
            missing = {line.conclusion for lines in waiting.values() for line in lines}
            ready = [rule for rule, lines in sorted(waiting.items()) if not missing & {p for line in lines for p in line.premises}]
            agenda = [Ready(rule, self.kb.title(rule), False, len(waiting[rule])) for rule in ready]
            yield self._pattern(ready[0], waiting.pop(ready[0]), agenda)

    def _pattern(self, rule: str, lines: Sequence[TraceLine], agenda: Sequence[Ready]) -> Step:
        pattern = self.kb.patterns[rule]
        links = tuple(Lit(line.premises, (line.conclusion,), rule) for line in lines)
        found = tuple(Told("pattern", p.id, p.name, p.side, "", p.confidence) for p in self.result.patterns if p.id == rule)
        concluded = dict.fromkeys(line.conclusion for line in lines)
        facts = self._learn(Known(key, "pattern", pattern.name, _side(key)) for key in concluded)
        claim = Claim(rule, pattern.name, False, pattern.because, pattern.grade, pattern.sources)
        return Step(
            "pattern", "patterns", claim=claim, facts=facts, agenda=tuple(agenda[:AGENDA]), ready=len(agenda), tells=found,
            nodes=_nodes(links), links=links,
        )  # fmt: skip

    def spread(self) -> Step:
        """Where links lead from what is supported and seen."""
        told = self.result.predicted
        links = dict.fromkeys(
            Lit((state_key(here),), (state_key(step.to),), step.link)
            for p in told
            for here, step in zip((p.start, *(s.to for s in p.path)), p.path, strict=False)
        )
        tells = tuple(self._place("prediction", p.target, p.status) for p in told)
        return Step("spread", tells=tells, nodes=_nodes(links), links=tuple(links))

    def drivers(self) -> Step:
        """The fewest problems that would account for what was found."""
        best = self.result.drivers.sets[:1]
        links = tuple(
            Lit((state_key(d.about),), tuple(a.item for a in d.explains), "accounts-for") for s in best for d in s.drivers
        )
        tells = tuple(self._place("driver", d.about, d.standing) for s in best for d in s.drivers)
        return Step("drivers", tells=tells, nodes=_nodes(links), links=links)

    def answer(self) -> Step:
        """What is said in the end: what is supported and not held, or else what is possible."""
        open_ = [h for h in self.result.hypotheses if not h.held]
        best = [h for h in open_ if h.status == "supported"] or [h for h in open_ if h.status == "possible"]
        tells = tuple(Told("hypothesis", h.muscle, h.name, h.side, h.state, h.status) for h in best)
        return Step("answer", tells=tells, nodes=tuple(h.about.key for h in best))

    def _place(self, kind: str, state: State, detail: str) -> Told:
        return Told(kind, state.id, node_name(state, self.kb), state.side, "" if state.state == "present" else state.state, detail)

    # --- for the sentence

    def words(self, step: Step) -> dict[str, Any]:
        """What the sentence of a step is made of, as it is taken: what is on both sides alike is told once."""
        rests = _together(self.known[key] for link in step.links for key in link.start) if step.claim else []
        own = [m for m in step.balance if m.speaks != "opposite"]
        lead = next(iter(_alike(own)), [])
        counts = dict.fromkeys(("present", "absent", "supported", "possible"), 0)
        for fact in step.facts:
            counts[fact.status or ("present" if fact.present else "absent")] += 1
        return {
            "step": step, "rests": rests, "lead": lead, "others": len(own) - len(lead), "counts": counts, "tells": _as_one(step.tells),
        }  # fmt: skip


def _claim(rule: CompiledRule, ready: Ready) -> Claim:
    return Claim(rule.id, ready.title, ready.absent, rule.because, rule.grade, rule.sources)


def _moved(before: Stand, after: Hypothesis, new: set[int]) -> Moved:
    """How a state stood and stands, and what the new pieces count in it."""
    own = [e for e in after.evidence if id(e.piece) in new]
    speaks = "opposite" if not own else "against" if own[0].piece.against else "for"
    return Moved(
        after.about.key, after.muscle, after.name, after.side, after.axis, after.state, speaks, decimal(sum(e.points for e in own)),
        before, _stand(after),
    )  # fmt: skip


def _stood(about: About, before: Mapping[About, Hypothesis]) -> Stand:
    """How a state stood; where nothing had spoken of it, what spoke for its opposite spoke against it."""
    if about in before:
        return _stand(before[about])
    rival = before.get(about._replace(state=OPPOSITE_STATE[about.state]))
    against = decimal(rival.points_for) if rival else 0.0
    return Stand(0.0 - against, 0.0, against, _UNMENTIONED)


def _stand(h: Hypothesis) -> Stand:
    return Stand(decimal(h.net), decimal(h.points_for), decimal(h.points_against), h.status)


def _by_move(m: Moved) -> tuple[Any, ...]:
    """What the rule speaks of comes first, the most moved before the less; left and right alone decide nothing but between equals."""
    return m.speaks == "opposite", -abs(m.after.points - m.before.points), -m.after.points, m.muscle, m.state, m.before, m.after, m.side


def _nodes(links: Iterable[Lit]) -> tuple[str, ...]:
    """Everything that links join, each once."""
    return tuple(dict.fromkeys(key.removeprefix("not ") for link in links for key in (*link.start, *link.end)))


def _side(key: str) -> str:
    last = key.rpartition(":")[2]
    return last if last in MIRROR else "midline"


def _alike(moved: Sequence[Moved]) -> list[list[Moved]]:
    """States with their twins of the other side that moved alike."""
    groups: dict[tuple[Any, ...], list[Moved]] = defaultdict(list)
    for m in moved:
        groups[m.muscle, m.state, m.speaks, m.before, m.after].append(m)
    return list(groups.values())


def _together(known: Iterable[Known]) -> list[Known]:
    """Facts with left and right as one where both are there, in an order that is the same in the mirror."""
    sides: dict[Known, set[str]] = defaultdict(set)
    for fact in known:
        sides[replace(fact, key="", side="")].add(fact.side)
    told = [replace(fact, side="both" if len(found) > 1 else next(iter(found))) for fact, found in sides.items()]
    return sorted(told, key=lambda f: (not f.present, f.name, f.task, f.state, f.status, f.side == "both"))


def _as_one(told: Iterable[Told]) -> list[Told]:
    """The same for what a step comes to, in the order told."""
    sides: dict[Told, set[str]] = defaultdict(set)
    for one in told:
        sides[one._replace(side="")].add(one.side)
    return [one._replace(side="both" if len(found) > 1 else next(iter(found))) for one, found in sides.items()]
