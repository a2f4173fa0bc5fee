"""Our own engine: forward chaining over rules as data, each new fact joined with what is already known (semi-naive)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from expert.model import MIRROR, Fact, Firing, Program, Variant
from expert.premises import Binding, bind

NAME = "native"
VERSION = "1"

Starts = dict[tuple[str, str], tuple[tuple[tuple[Variant, ...], int], ...]]


class Match(NamedTuple):
    """Facts that meet all premises of a variant, by key, with the side and muscle they agree on ("" where none is bound)."""

    side: str
    muscle: str
    premises: tuple[str, ...]



_INDEXED: WeakKeyDictionary[Program, Starts] = WeakKeyDictionary()


def run(program: Program, facts: Sequence[Fact]) -> set[Firing]:
    """Every firing of every variant, derived patterns included, until nothing new comes."""
    return grown(program, (), facts)


def grown(program: Program, before: Sequence[Fact], facts: Sequence[Fact]) -> set[Firing]:
    """The same, but only firings in which at least one of `facts` takes part, beside what was known before."""
    starts = _INDEXED.get(program)
    if starts is None:
        starts = _INDEXED[program] = _starts(program)
    known: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in (*before, *facts):
        _remember(fact, known)
    fired: set[Firing] = set()
    seen = {*before, *facts}
    todo = list(facts)
    while todo:
        fact = todo.pop()
        for waiting, position in (*starts.get((fact.kind, fact.name), ()), *starts.get((fact.kind, ""), ())):
            for match in _matches(waiting[0], position, fact, known):
                for variant in waiting:
                    firing = firing_of(variant, match)
                    fired.add(firing)
                    derived = derived_fact(variant, firing)
                    if derived is not None and derived not in seen:
                        seen.add(derived)
                        _remember(derived, known)
                        todo.append(derived)
    return fired


def firing_of(variant: Variant, match: Match) -> Firing:
    """A rule's firing on a match of its premises."""
    return Firing(variant.rule, match.side, match.muscle, variant.absent, match.premises)


def derived_fact(variant: Variant, firing: Firing) -> Fact | None:
    """The pattern that a firing derives, as a fact."""
    if not variant.derives:
        return None
    side = firing.side or "midline"
    key = f"pattern:{variant.derives}" + (f":{side}" if side in MIRROR else "")
    return Fact(key, "pattern", variant.derives, "", side)


def _starts(program: Program) -> Starts:
    """For each kind and name of fact, the premises that it can meet."""
    table: dict[tuple[str, str], list[tuple[tuple[Variant, ...], int]]] = defaultdict(list)
    for waiting in program.by_premises():
        for position, term in enumerate(waiting[0].terms):
            table[term.kind, term.name].append((waiting, position))
    return {key: tuple(entries) for key, entries in table.items()}


def _remember(fact: Fact, known: dict[tuple[str, str], list[Fact]]) -> None:
    known[fact.kind, fact.name].append(fact)
    known[fact.kind, ""].append(fact)


def _matches(variant: Variant, position: int, fact: Fact, known: dict[tuple[str, str], list[Fact]]) -> Iterator[Match]:
    binding = bind(variant.terms[position], fact, (None, None))
    if binding is None:
        return
    chosen: list[Fact | None] = [None] * len(variant.terms)
    chosen[position] = fact
    for side, muscle in _join(variant, 0, position, binding, chosen, known):
        if any(bind(term, other, (side, muscle)) is not None for term in variant.unless for other in known[term.kind, term.name]):
            continue
        yield Match(side or "", muscle or "", tuple(f.key for f in chosen if f is not None))


def _join(
    variant: Variant, at: int, given: int, binding: Binding, chosen: list[Fact | None], known: dict[tuple[str, str], list[Fact]]
) -> Iterator[Binding]:
    """Fill the premises one after the other; `chosen` holds the facts of the branch being walked."""
    if at == len(variant.terms):
        yield binding
    elif at == given:
        yield from _join(variant, at + 1, given, binding, chosen, known)
    else:
        term = variant.terms[at]
        for fact in known[term.kind, term.name]:
            extended = bind(term, fact, binding)
            if extended is not None:
                chosen[at] = fact
                yield from _join(variant, at + 1, given, extended, chosen, known)
