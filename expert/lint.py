"""Checks over rules and knowledge as data: what loads but should not stay. One small function a check, a sentence to the author."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from expert.errors import ExpertError
from expert.formats import Condition, Entry
from expert.model import OPPOSITE_STATE, Knowledge, KnowledgeBase, State
from expert.reading import did_you_mean
from expert.spread import ends_of
from expert.words import Found

_SHELVES = (
    "muscles", "groups", "joints", "findings", "tasks", "rules", "patterns", "flags", "causes", "strategies", "nodes", "link_kinds",
    "links", "chains", "cautions", "sources",
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """One thing to mend."""

    where: str
    line: int
    check: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: {self.message} [{self.check}]"


def lint(knowledge: Knowledge) -> tuple[Issue, ...]:
    """Everything the checks find, in order of place."""
    kb = knowledge.kb
    found = []
    for check in CHECKS:
        for place, message in check(knowledge):
            where, line = kb.places.get(place, ("kb", 0))
            found.append(Issue(where, line, check.__name__.replace("_", "-"), message))
    return tuple(sorted(found))


def duplicate_rules(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Two rules of one source with the same premises and conclusion count once, and confuse. (Editions are sources of their own.)"""
    seen: dict[Any, str] = {}
    for variant in knowledge.rulebase.programs["direct"].variants:
        rule = knowledge.rulebase.rules[variant.rule]
        for target in rule.targets:
            if variant.absent:
                continue
            key = (tuple(sorted(variant.terms)), variant.unless, target.muscle, target.side, target.state, target.against, rule.sources[0])
            first = seen.setdefault(key, rule.id)
            if first != rule.id:
                yield f"rules:{rule.id}", f"{rule.id}: says of {target.muscle} ({target.state}) what {first} says; keep one"


def self_contradiction(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """One rule cannot claim both states of an axis for one muscle and side."""
    for rule in knowledge.rulebase.rules.values():
        claims = {(t.muscle, side, t.state) for t in rule.targets if not t.against for side in _relative_sides(t.side)}
        for muscle, side, state in sorted(claims):
            if (muscle, side, OPPOSITE_STATE[state]) in claims and state < OPPOSITE_STATE[state]:
                yield f"rules:{rule.id}", f"{rule.id}: claims {muscle} ({side}) both {state} and {OPPOSITE_STATE[state]}; split the rule"


def _relative_sides(side: str) -> tuple[str, ...]:
    return ("same", "opposite") if side == "both" else (side,)


def uncited_source(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """A source that nothing cites belongs to nothing."""
    cited = set(_cited(knowledge.kb))
    for name in knowledge.kb.sources:
        if name not in cited:
            yield f"sources:{name}", f"{name}: nothing cites this source; cite it or take it out"


def unread_vocabulary(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """A finding that nothing reads is a look for nothing. (Symptoms and history are words that must be understood, read or not.)"""
    kb = knowledge.kb
    read = {q for condition in _conditions(kb) for q in condition.asks}
    read |= {s.finding for n in kb.nodes.values() for s in n.seen_as} | {entry.check.finding for entry in kb.links.values() if entry.check}
    read |= {name for name, f in kb.findings.items() if f.deviation} | {e for f in kb.flags.values() for e in f.explains}
    for name, kind in kb.kinds.items():
        if kind == "finding" and name not in read:
            yield f"findings:{name}", f"{name}: no rule, flag, cause, pattern or link reads it; write one or take it out"


def broken_chain(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Each step of a chain starts where an earlier one led, side by side."""
    kb = knowledge.kb
    for chain in kb.chains.values():
        reached: set[State] = set()
        for number, step in enumerate(chain.steps):
            left = [(a, b) for a, b in ends_of(kb.links[step], kb) if a.side in ("left", "midline")]
            begins = {a for a, _ in left}
            if number and not {(s.kind, s.id, s.state) for s in reached} & {(s.kind, s.id, s.state) for s in begins}:
                yield f"chains:{chain.id}", f"{chain.id}: step {step} starts where no earlier step led"
            reached |= begins | {b for _, b in left}


def _cited(kb: KnowledgeBase) -> Iterator[str]:
    for shelf in _SHELVES:
        for entry in getattr(kb, shelf).values():
            yield from getattr(entry, "sources", ())
    for finding in kb.findings.values():
        yield from (r.source for r in finding.reliability)
        yield from (d.source for d in finding.deviation)
        if finding.side_source:
            yield finding.side_source
    for phase in kb.phases:
        yield from phase.sources
    yield kb.constants.mechanics.source


def _conditions(kb: KnowledgeBase) -> Iterator[Condition]:
    for shelf in (kb.rules, kb.flags, kb.causes):
        yield from (entry.when for entry in shelf.values())
    for pattern in kb.patterns.values():
        yield from (*pattern.core, *pattern.supporting)


CHECKS: tuple[Callable[[Knowledge], Iterator[tuple[str, str]]], ...] = (
    duplicate_rules, self_contradiction, uncited_source, unread_vocabulary, broken_chain,
)  # fmt: skip


def entries_named(name: str, kb: KnowledgeBase) -> list[tuple[str, Entry, tuple[str, int]]]:
    """(section, entry, place) of everything with this id; words are read as ids where no id fits."""
    everything: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
    for shelf in _SHELVES:
        for entry in getattr(kb, shelf).values():
            everything[entry.id].append((shelf, entry))
    for phase in kb.phases:
        everything[phase.id].append(("phases", phase))
    read = [kb.words.look_up(subject, name) for subject in ("finding", "muscle", "task", "flag")]
    ids = [name] if name in everything else [r.reading.id for r in read if isinstance(r, Found)]
    found = [(shelf, entry, kb.places.get(f"{shelf}:{entry.id}", ("kb", 0))) for i in ids[:1] for shelf, entry in everything.get(i, ())]
    if not found:
        raise ExpertError(f"nothing is called '{name}'{did_you_mean(name, list(everything))}")
    return found
