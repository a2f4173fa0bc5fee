"""Why is this suspected, found, raised or foretold? Its proof, its balance sheet, and what is not known yet that would speak."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product

from expert import referral
from expert.conditions import Decided
from expert.errors import UsageError
from expert.formats import Flag
from expert.model import AXES, AXIS_OF, OPPOSITE_STATE, About, Item, Knowledge, Result, State
from expert.normalise import key_of, reliability
from expert.proof import Cited, Foretold, Looking, Named, Seen, Suspicion, Whole
from expert.questions import asked
from expert.questions.answer import Answer
from expert.questions.why_not import TOP_OF_ALL, Asker, Considered, Near, NotSaid, PatternNotFound, Standing, Urgent, urgent
from expert.spread import seen_states
from expert.weighing import Weighed, weigh

LOOKS = 6  # how many looks that are not taken yet are told
LOOKS_OF_ALL = 3  # where every state of a muscle, or every muscle of a group, is asked about at once
_BESIDES = 2  # how many more of the most promising are tried out


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look would do: the points it adds, and how the state would then stand ("": nothing would speak for it)."""

    points: float
    status: str


@dataclass(frozen=True, slots=True)
class NotKnown:
    """A look that nobody took, and what it would do to a state: tried out on the case, at the usual severity."""

    look: Looking
    there: Outcome
    absent: Outcome
    rules: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Accounted:
    """A hypothesis: its proof, how it stands and why, and what is not known yet; `more`: how many such looks are not listed."""

    proof: Suspicion
    standing: Standing
    not_known: tuple[NotKnown, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a red flag's condition, decided. holds: true, false, or null where it was not asked.

    of: all | any | none | at_least | finding | symptom | history | anything | age | sex | pregnancy | postpartum.
    """

    of: str
    id: str
    name: str
    side: str
    tasks: tuple[Named, ...]
    severity: str
    wants: str
    holds: bool | None
    by: tuple[Seen, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A hypothesis that a red flag holds, and the items that speak for it."""

    state: Near
    rests: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A red flag, its condition part by part, and what it explains and holds.

    standing: raised | half-met | not-asked | denied (asked about as a whole) | ruled-out | not-applicable. `explains_here`: items of the
    case that it may explain by itself; `explains`: all findings that it may. `holds`: the hypotheses that are at least possible.
    """

    kind: str = field(default="flag", init=False)
    id: str
    title: str
    level: str
    standing: str
    because: str
    action: str
    grade: str
    condition: Part
    explains: tuple[Named, ...]
    explains_here: tuple[Seen, ...]
    holds: tuple[Held, ...]
    sources: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Why(Answer):
    """The answer to "why?": what was asked about, by kind. `silent`: states of which nothing speaks, with what they would need."""

    template = "why"
    case_id: str
    first: tuple[Urgent, ...]
    hypotheses: tuple[Accounted, ...]
    patterns: tuple[Whole, ...]
    flags: tuple[Alarm, ...]
    predictions: tuple[Foretold, ...]
    silent: tuple[NotSaid, ...]
    not_found: tuple[PatternNotFound, ...]
    top: int


def why(result: Result, knowledge: Knowledge, about: str, side: str | None = None, state: str | None = None) -> Why:
    """Why a muscle is suspected, a pattern found, a flag raised, a prediction made; or what each would need where it is not.

    `about`: a muscle's or group's words, or `pattern:`, `flag:` or `prediction:` and its id or words; side and state may follow
    after colons. Raises UsageError for what cannot be read, or where nothing of the kind was foretold.
    """
    what = asked.read(about, knowledge.kb, side, state)
    asker = _Asker(result, knowledge)
    empty = Why(result.stated.case_id, urgent(result), (), (), (), (), (), (), TOP_OF_ALL)
    return {
        "muscle": asker.muscles, "pattern": asker.patterns, "flag": asker.flags, "prediction": asker.predictions,
    }[what.kind](what, empty)  # fmt: skip


class _Asker(Asker):
    """Answers one "why?"."""

    def muscles(self, what: asked.Asked, into: Why) -> Why:
        """Every state of each muscle and side that something speaks for (or outright against), best first; else what it would need."""
        found: list[Accounted] = []
        silent: list[NotSaid] = []
        for muscle, side in product(what.ids, what.sides):
            weighed = [a for a in self.prover.weighed if (a.muscle, a.side) == (muscle, side) and what.state in ("", a.state)]
            sheets = sorted((self.weighed(a) for a in weighed), key=lambda h: (-h.net, h.axis, h.state))
            found += [self._accounted(h.about, LOOKS if what.state and len(what.ids) == 1 else LOOKS_OF_ALL) for h in sheets]
            if not sheets:
                silent += self._silent(muscle, side, what.state)
        return replace(into, hypotheses=tuple(found), silent=tuple(silent))

    def _silent(self, muscle: str, side: str, state: str) -> Iterator[NotSaid]:
        wanted = (state,) if state else tuple(s for states in AXES.values() for s in states)
        for about in (About(muscle, side, AXIS_OF[one], one) for one in wanted):
            if state or self.has_rules(about):
                yield self.not_said(about)

    def _accounted(self, about: About, most: int) -> Accounted:
        looks, more = self._not_known(about, most)
        return Accounted(self.prover.suspicion(self.weighed(about)), self.standing(about), looks, more)

    # --- what is not known yet

    def _not_known(self, about: About, most: int) -> tuple[tuple[NotKnown, ...], int]:
        """The looks that would do most to a state, tried out on the case, and how many more would do something.

        None where a red flag sends the person elsewhere at once: nothing more is to be looked at then.
        """
        if self.result.referral.stops_plan:
            return (), 0
        rules: dict[tuple[str, str], dict[str, Considered]] = defaultdict(dict)
        opposite = about._replace(state=OPPOSITE_STATE[about.state])
        for rule in (*self.considered(about), *self.considered(opposite), *self.considered(about, against=True)):
            if rule.stage == "direct" and rule.wanting == 1:
                clause = next(c for c in rule.clauses if c.status != "met")
                if clause.status == "unknown" and not clause.must_not:
                    rules[clause.id, self._side_of(clause.id, clause.side, about)][rule.rule] = rule
        ranked = sorted(rules, key=lambda look: (-max(r.points for r in rules[look].values()), -len(rules[look]), _own_first(look, about)))
        tried = [self._tried(about, name, side, tuple(rules[name, side].values())) for name, side in ranked[: most + _BESIDES]]
        telling = sorted((t for t in tried if t.there.points or t.absent.points), key=lambda t: _telling(t, about))
        return tuple(telling[:most]), len(ranked) - len(tried) + len(telling[most:])

    def _side_of(self, finding: str, side: str, about: About) -> str:
        """The side to look at: as the rule needs it; where any will do, the muscle's own."""
        kind = self.kb.findings[finding]
        if side != "any":
            return side
        return about.side if about.side in kind.sides and not kind.needs_no_side else "midline"

    def _tried(self, about: About, finding: str, side: str, rules: Iterable[Considered]) -> NotKnown:
        task = self._task(finding, rules)
        there, absent = (self._outcome(about, finding, side, task, present) for present in (True, False))
        look = self.prover.looking(finding, side, [task] if task else [])
        return NotKnown(look, there, absent, tuple(Named(r.rule, r.title) for r in rules))

    def _task(self, finding: str, rules: Iterable[Considered]) -> str:
        """The task in which a look serves the most of the rules that wait for it."""
        wanted = [{t.id for c in r.clauses if c.id == finding and c.status != "met" for t in c.tasks} for r in rules]
        tasks = self.kb.findings[finding].tasks
        return max(tasks, key=lambda t: (sum(not w or t in w for w in wanted), -tasks.index(t)), default="")

    def _outcome(self, about: About, finding: str, side: str, task: str, present: bool) -> Outcome:
        """The case with one more item, weighed as a fresh run would."""
        key = key_of(finding, side, task)
        item = Item(
            key, finding, self.kb.kinds[finding], side, task, present, 1000, reliability(self.kb.findings[finding], task, self.kb),
            False, False, finding,
        )  # fmt: skip
        now = self.weighed(about)
        turn = next((t for t in self._scales.with_items([item]) if t.about == about), None)
        then = turn.after if turn else now
        return Outcome(((then.net if then else 0) - now.net) / 1000, then.status if then and then.points_for else "")

    @cached_property
    def _scales(self) -> Weighed:
        return weigh(self.result.stated, self.knowledge, self.result.referral)

    # --- patterns, flags, predictions

    def patterns(self, what: asked.Asked, into: Why) -> Why:
        """A pattern on the sides asked about: its proof where it was found, its nearest miss where not."""
        found = [p for p in self.result.patterns if p.id in what.ids and p.side in (*what.sides, "midline")]
        sides = self.pattern_sides(what.name, what.sides) if not found else ()
        return replace(
            into, patterns=tuple(self.prover.whole(p) for p in found), not_found=tuple(self.pattern(what.name, s) for s in sides)
        )

    def flags(self, what: asked.Asked, into: Why) -> Why:
        """A red flag, decided part by part."""
        flag = self.kb.flags[what.name]
        decided = referral.decided(flag, self.result.stated, self.kb.findings, self.kb.constants.severity)
        named = tuple(self.prover.known_as(name) for name in flag.explains)
        here = tuple(self.prover.seen(i.key) for i in self.result.stated.items if i.present and i.finding in flag.explains)
        return replace(into, flags=(Alarm(
            flag.id, flag.title, flag.level, self._standing_of(flag), flag.because, flag.action, flag.grade, self._part(decided), named,
            here, self._held_by(flag), self.prover.cited(flag.sources),
        ),))  # fmt: skip

    def _held_by(self, flag: Flag) -> tuple[Held, ...]:
        likely = (h for h in self.result.hypotheses if h.status != "insufficient")
        holds = (h for h in likely if any(f.id == flag.id for f in self.prover.flags_holding(h)))
        return tuple(Held(self.named(h), tuple(self.prover.seen(key) for key in sorted(h.findings))) for h in holds)

    def _standing_of(self, flag: Flag) -> str:
        told = self.result.referral
        if any(f.id == flag.id for f in told.flags):
            return "raised"
        if flag.id in self.result.stated.ruled_out:
            return "denied"
        if flag.id in told.not_applicable:
            return "not-applicable"
        if any(h.id == flag.id for h in told.half_met):
            return "half-met"
        return "ruled-out" if flag.id in told.asked else "not-asked"

    def _part(self, d: Decided) -> Part:
        c = d.condition
        name = next((n for n in (c.finding, c.symptom, c.history) if n), c.anything or "")
        known = self.kb.findings.get(name)
        by = tuple(self.prover.seen(key) for key in d.verdict.findings) if not d.parts else ()
        wants = {
            "age": f"{c.age.at_least or 0} to {c.age.at_most or 130}" if c.age else "", "sex": c.sex or "",
            "pregnancy": str(c.pregnancy).lower(), "postpartum": str(c.postpartum).lower(), "at_least": str(c.at_least),
        }.get(c.term, "")  # fmt: skip
        return Part(
            c.term, name, known.name if known else name, c.side or "same", self.prover.tasks(c.task), c.severity or "", wants,
            d.verdict.value, by, tuple(self._part(p) for p in d.parts),
        )  # fmt: skip

    def predictions(self, what: asked.Asked, into: Why) -> Why:
        """The paths to a place of the body or a muscle, as they were foretold."""
        ids = {what.name, *what.ids}
        found = [
            p for p in self.result.predicted
            if p.target.id in ids and p.target.side in (*what.sides, "midline", "both") and what.state in ("", p.target.state)
        ]  # fmt: skip
        if not found:
            raise UsageError(f"nothing is foretold about '{what.name}'{self._foretold()}")
        shown: dict[State, list[str]] = defaultdict(list)
        for place, item in seen_states(self.result.stated.items, self.kb):
            shown[place].append(item.key)
        return replace(into, predictions=tuple(self.prover.foretold(p, shown) for p in found))

    def _foretold(self) -> str:
        told = [f"{p.target.id}:{p.target.side}" for p in self.result.predicted]
        return f"; predictions of this case: {', '.join(told)}" if told else "; this case has no predictions"


def _telling(known: NotKnown, about: About) -> tuple[float, float, tuple[str, bool]]:
    """The look that may move a state most comes first."""
    most = max(abs(known.there.points), abs(known.absent.points))
    return -most, -abs(known.absent.points), _own_first((known.look.finding, known.look.side), about)


def _own_first(look: tuple[str, str], about: About) -> tuple[str, bool]:
    """An order of looks that is the same in the mirror: the muscle's own side before the other."""
    return look[0], look[1] != about.side
