"""A weighed case, and what one item more would change in it: exactly what a fresh run says, without running all of it again.

Only what the item touches is drawn and weighed anew: the firings it brings or bars, the axes they speak of, and the rules about
hypotheses that rest on these axes or speak of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import NamedTuple
from weakref import WeakKeyDictionary

from expert import inference, ledger, referral
from expert.model import AXIS_OF, About, Fact, Firing, Hypothesis, Item, Knowledge, Piece, Program, Referral, Stated
from expert.premises import fact_of, facts_of

NATIVE = inference.choose("native")

Axis = tuple[str, str, str]  # muscle, side, axis
Place = tuple[str, str]  # muscle, side


class Turn(NamedTuple):
    """What one item more makes of a hypothesis: as it stands, and as it would stand. None: nothing speaks of that state."""

    about: About
    before: Hypothesis | None
    after: Hypothesis | None


@dataclass(frozen=True, slots=True)
class Weighed:
    """What is suspected of a case, with everything that weighing one item more needs to have at hand."""

    stated: Stated
    knowledge: Knowledge
    items: Mapping[str, Item]
    names: Mapping[str, str]
    screening: Referral
    facts: tuple[Fact, ...]
    direct: frozenset[Firing]
    inferred: frozenset[Firing]
    inferring: frozenset[Axis]
    observed: Mapping[Axis, Sequence[Piece]]
    concluded: Mapping[Axis, Sequence[Piece]]
    first: Mapping[About, Hypothesis]
    suspicions: Mapping[str, Fact]
    spoken: Mapping[Axis, Sequence[str]]
    standing: Mapping[About, Hypothesis]  # every state that has a sheet, also those that nothing speaks for

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """Every state that something speaks for, best first: those of the straight line."""
        return ledger.best_first(h for h in self.standing.values() if h.points_for)

    def with_items(self, more: Sequence[Item], only: Collection[Place] | None = None) -> tuple[Turn, ...]:
        """Every hypothesis that these items more would change, in order of muscle, side, axis and state. Their keys must be new.

        `only`: of these muscles and sides alone, as a quicker answer to how points and status change; `held` stays what it was. For a rule
        that rests on one muscle and speaks of another, both must be among them.
        """
        return _turned(self, more, only)


def weigh(stated: Stated, knowledge: Knowledge, screening: Referral | None = None) -> Weighed:
    """Weigh a case as the straight line does. `screening`: of this very case, where it has been made already."""
    kb, rules = knowledge.kb, knowledge.rulebase
    items = {i.key: i for i in stated.items}
    names = {m.id: m.name for m in kb.muscles.values()}
    facts = tuple(fact_of(i) for i in stated.items)
    direct = inference.infer(rules.programs["direct"], facts, NATIVE)
    observed = _by_axis(ledger.draw_direct(direct, rules.rules, items)[0])
    seen = [p for pieces in observed.values() for p in pieces]
    first = _sheets(seen, names, knowledge)
    bases = {h.about.key: h for h in first.values() if h.points_for}
    suspicions = {f.key: f for f in facts_of(bases.values())}
    inferred = inference.infer(rules.programs["inferred"], [*facts, *suspicions.values()], NATIVE)
    concluded = _by_axis(ledger.draw_inferred(inferred, rules.rules, seen, bases, items))
    screening = screening or referral.screen(stated, kb.flags, kb.findings, kb.constants.severity)
    again = [p for axis, pieces in concluded.items() for p in (*observed.get(axis, ()), *pieces)]
    standing = first | _sheets(again, names, knowledge)
    held = {about: _held(h, screening, items) for about, h in standing.items()}
    spoken: dict[Axis, list[str]] = defaultdict(list)
    for h in bases.values():
        spoken[h.about[:3]].append(h.about.key)
    inferring = frozenset(axis for f in inferred for axis in _axes_of(f, knowledge))
    return Weighed(
        stated, knowledge, items, names, screening, facts, frozenset(direct), frozenset(inferred), inferring, observed, concluded, first,
        suspicions, spoken, held,
    )  # fmt: skip


def _turned(was: Weighed, more: Sequence[Item], only: Collection[Place] | None) -> tuple[Turn, ...]:
    knowledge, rules = was.knowledge, was.knowledge.rulebase
    items = {**was.items, **{i.key: i for i in more}}
    facts = [fact_of(i) for i in more]

    fired, silenced = _difference(rules.programs["direct"], was.facts, was.direct, facts, frozenset())
    fresh, barred = (
        _by_axis(p for p in ledger.draw_direct(some, rules.rules, items)[0] if only is None or p.about[:2] in only)
        for some in (fired, silenced)
    )
    observed = {axis: _without(was.observed.get(axis, ()), barred.get(axis, ())) + fresh.get(axis, []) for axis in {**fresh, **barred}}
    first = _sheets([p for pieces in observed.values() for p in pieces], was.names, knowledge)

    concluded = _concluded_anew(was, items, facts, observed, first)
    touched = sorted({**observed, **concluded})
    pieces: list[Piece] = []
    for axis in touched:
        inferring = concluded.get(axis, was.concluded.get(axis, ()))
        if axis not in observed or inferring:  # else it stands as it was just weighed
            pieces += [*observed.get(axis, was.observed.get(axis, ())), *inferring]
    after = first | _sheets(pieces, was.names, knowledge)

    screening = _screening(was, more) if only is None else was.screening
    if screening != was.screening:  # a flag may hold what the item itself does not touch
        after = {a: h for a, h in was.standing.items() if a[:3] not in touched} | after
    after = {about: _held(h, screening, items) for about, h in after.items()}
    before = [a for axis in touched for a in _states(axis, was.standing)]
    turns = (Turn(about, was.standing.get(about), after.get(about)) for about in sorted({*after, *before}))
    return tuple(t for t in turns if t.before != t.after)


def _difference(
    program: Program, known: Sequence[Fact], fired: Collection[Firing], new: Sequence[Fact], gone: AbstractSet[str]
) -> tuple[list[Firing], list[Firing]]:
    """Which firings new facts bring to a program, and which they silence. `gone`: keys of known facts that no longer hold, or hold
    otherwise; `known` are those that go on holding."""
    added = set(inference.grown(program, known, new))
    silenced = [f for f in fired if f not in added and not gone.isdisjoint(f.premises)]
    if program.bars(new):  # a new fact that some rule must not meet: only matching all of it again tells what still fires
        still = set(inference.infer(program, [*known, *new], NATIVE))
        silenced = [f for f in fired if f not in still]
    return sorted(added.difference(fired)), sorted(silenced)


def _concluded_anew(
    was: Weighed, items: Mapping[str, Item], facts: Sequence[Fact], observed: Mapping[Axis, Sequence[Piece]],
    first: Mapping[About, Hypothesis],
) -> dict[Axis, list[Piece]]:  # fmt: skip
    """What rules about hypotheses say now, for every axis on which they may say something else than before.

    A firing may speak otherwise where what it rests on was weighed anew, where it is new or silent, or where what is observed of the axis
    it speaks of has changed (better sources override it).
    """
    rules = was.knowledge.rulebase
    gone = {key for axis in observed for key in was.spoken.get(axis, ())}
    spoken = [h for h in first.values() if h.points_for]
    known = (*was.facts, *(f for key, f in was.suspicions.items() if key not in gone))
    fired, silenced = _difference(rules.programs["inferred"], known, was.inferred, [*facts, *facts_of(spoken)], gone)
    still = was.inferred.difference(silenced)

    unsure = {*fired, *silenced, *(f for f in still if not gone.isdisjoint(f.premises))}
    axes = {axis for f in unsure for axis in _axes_of(f, was.knowledge)}
    axes |= {axis for axis in was.inferring if axis in observed}
    if not axes:
        return {}
    again = sorted(f for f in still.union(fired) if not axes.isdisjoint(_axes_of(f, was.knowledge)))
    seen = [p for axis in sorted(axes) for p in observed.get(axis, was.observed.get(axis, ()))]
    bases = {h.about.key: h for h in was.first.values() if h.points_for and h.about[:3] not in observed}
    bases |= {h.about.key: h for h in spoken}
    drawn = _by_axis(ledger.draw_inferred(again, rules.rules, seen, bases, items))
    return {axis: drawn.get(axis, []) for axis in axes}


def _axes_of(firing: Firing, knowledge: Knowledge) -> set[Axis]:
    targets = knowledge.rulebase.rules[firing.rule].targets
    return {about[:3] for t in targets for about in t.abouts(firing.side, firing.muscle)}


def _by_axis(pieces: Iterable[Piece]) -> dict[Axis, list[Piece]]:
    found: dict[Axis, list[Piece]] = defaultdict(list)
    for piece in pieces:
        found[piece.about[:3]].append(piece)
    return dict(found)


def _without(pieces: Iterable[Piece], gone: Sequence[Piece]) -> list[Piece]:
    return [p for p in pieces if p not in gone]


def _sheets(pieces: Sequence[Piece], names: Mapping[str, str], knowledge: Knowledge) -> dict[About, Hypothesis]:
    """Every state of which the pieces speak, judged; also those that nothing speaks for."""
    constants = knowledge.kb.constants
    return {h.about: h for h in ledger.judged(ledger.balance(pieces, constants), names, constants)}


def _states(axis: Axis, standing: Mapping[About, Hypothesis]) -> list[About]:
    return [about for state in AXIS_OF if AXIS_OF[state] == axis[2] and (about := About(*axis, state)) in standing]


def _held(h: Hypothesis, screening: Referral, items: Mapping[str, Item]) -> Hypothesis:
    held = bool(h.points_for) and referral.is_held(h, screening, items)
    return h if h.held == held else replace(h, held=held)


def _screening(was: Weighed, more: Sequence[Item]) -> Referral:
    """The screening with these items more; the same where no flag asks for them."""
    kb = was.knowledge.kb
    if asked_by_flags(was.knowledge).isdisjoint(name for i in more for name in (i.finding, f"any-{i.kind}")):
        return was.screening
    stated = replace(was.stated, items=tuple(sorted((*was.stated.items, *more), key=lambda i: i.key)))
    return referral.screen(stated, kb.flags, kb.findings, kb.constants.severity)


_ASKED: WeakKeyDictionary[Knowledge, frozenset[str]] = WeakKeyDictionary()


def asked_by_flags(knowledge: Knowledge) -> frozenset[str]:
    """What some red flag asks about; `any-...` of a flag stands for all of its kind."""
    if knowledge not in _ASKED:
        _ASKED[knowledge] = referral.used_by_flags(knowledge.kb.flags)
    return _ASKED[knowledge]
