"""Mutation of the rules against the stored cases: would anybody notice if a rule were wrong?

    make mutate          (or: python tests/mutation.py [RULE ...])

Every compiled rule and pattern is broken in every small way: a premise dropped, its side turned, its presence flipped, its task or
severity forgotten; a conclusion's side turned, its state changed; the whole rule deleted. A mutant is killed where a stored case
that speaks of that rule (`says`, `silent`, `patterns`, `no_patterns`) would get another answer. Survivors are listed; those with a
reason stand in survivors.yaml.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpus import CorpusCase, cases
from ruamel.yaml import YAML

from expert import assess, load_knowledge
from expert.conditions import ConditionError
from expert.formats import Condition, Pattern
from expert.inference import choose, infer
from expert.model import OPPOSITE_STATE, CompiledRule, Fact, Firing, Knowledge, KnowledgeBase, Program, Target, Term, Variant, sides_of
from expert.premises import fact_of, facts_of
from expert.rulebase import _Builder

SURVIVORS = Path(__file__).parent / "survivors.yaml"
WANTED = 0.95
_TURNED = {"same": "opposite", "opposite": "same"}
_Said = frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Mutant:
    """A rule broken in one way."""

    rule: str
    how: str
    variants: tuple[Variant, ...]
    targets: tuple[Target, ...]

    @property
    def key(self) -> str:
        return f"{self.rule}: {self.how}"


@dataclass(frozen=True)
class Looked:
    """A stored case, the facts its rules saw, and the rules and patterns of which it expects something."""

    case: CorpusCase
    facts: tuple[Fact, ...]
    speaks_of: frozenset[str]


def mutants(variants: tuple[Variant, ...], rule: CompiledRule, sided: frozenset[str]) -> Iterator[Mutant]:
    """Every small way to break one rule. `sided`: the findings that have a side."""
    targets, name = rule.targets, rule.id
    yield Mutant(name, "deleted", (), ())
    for number, variant in enumerate(variants):
        for broken, how in _broken(variant, sided):
            yield Mutant(name, f"variant {number}: {how}", (*variants[:number], broken, *variants[number + 1 :]), targets)
    for number, target in enumerate(targets):
        about = f"{target.muscle or 'matched'} {target.side} {target.state}"
        others = (*targets[:number], *targets[number + 1 :])
        yield Mutant(name, f"{about}: state changed", variants, (*others, replace(target, state=OPPOSITE_STATE[target.state])))
        if target.side in _TURNED:
            yield Mutant(name, f"{about}: side turned", variants, (*others, replace(target, side=_TURNED[target.side])))


def _broken(variant: Variant, sided: frozenset[str]) -> Iterator[tuple[Variant, str]]:
    for number, term in enumerate(variant.terms):
        others = (*variant.terms[:number], *variant.terms[number + 1 :])
        if others:
            yield replace(variant, terms=others), f"premise {term.name} {term.state} dropped"
        for changed, how in _changed(term, sided):
            yield replace(variant, terms=(*variant.terms[:number], changed, *variant.terms[number + 1 :])), how
    for number, term in enumerate(variant.unless):
        yield replace(variant, unless=(*variant.unless[:number], *variant.unless[number + 1 :])), f"'none' {term.name} dropped"


def _changed(term: Term, sided: frozenset[str]) -> Iterator[tuple[Term, str]]:
    if term.kind == "finding":
        yield replace(term, present=not term.present), f"premise {term.name} flipped"
    if term.side in _TURNED and term.name in sided:  # turning the side of what has none changes nothing
        yield replace(term, side=_TURNED[term.side]), f"premise {term.name}: side turned"
    if term.contexts:
        yield replace(term, contexts=()), f"premise {term.name}: task forgotten"
    if term.level:
        yield replace(term, level=0), f"premise {term.name}: severity or certainty forgotten"
    if term.kind == "hypothesis":
        yield replace(term, state=OPPOSITE_STATE[term.state]), f"premise {term.name} {term.state}: state changed"


def pattern_mutants(pattern: Pattern, kb: KnowledgeBase) -> Iterator[Mutant]:
    """Every small way to break a pattern, as its author would: in the core as it is written, not in what it expands into."""
    yield Mutant(pattern.id, "deleted", (), ())
    need = pattern.need or len(pattern.core)
    for number, part in enumerate(pattern.core):
        others = (*pattern.core[:number], *pattern.core[number + 1 :])
        if others and need <= len(others):
            yield from _compiled(pattern, {"core": others}, f"core {number + 1} dropped", kb)
        for changed, how in _changed_parts(part):
            core = (*pattern.core[:number], changed, *pattern.core[number + 1 :])
            yield from _compiled(pattern, {"core": core}, f"core {number + 1}: {how}", kb)
    for other in (need - 1, need + 1):
        if 1 <= other <= len(pattern.core):
            yield from _compiled(pattern, {"need": other}, f"needs {other} instead of {need}", kb)


def _changed_parts(part: Condition) -> Iterator[tuple[Condition, str]]:
    """A condition with one thing changed anywhere in it."""
    for combiner in ("all", "any", "none", "of"):
        inside: tuple[Condition, ...] = getattr(part, combiner)
        for number, one in enumerate(inside):
            rest = (*inside[:number], *inside[number + 1 :])
            if len(rest) >= max(part.at_least or 1, 1):
                yield part.model_copy(update={combiner: rest}), f"{_named(one)} dropped"
            for changed, how in _changed_parts(one):
                yield part.model_copy(update={combiner: (*inside[:number], changed, *inside[number + 1 :])}), how
    if part.term in ("finding", "symptom", "history"):
        turned = {None: "opposite", "same": "opposite", "opposite": "same"}.get(part.side)
        if turned:
            yield part.model_copy(update={"side": turned}), f"{_named(part)}: side turned"
        if part.task:
            yield part.model_copy(update={"task": ()}), f"{_named(part)}: task forgotten"
    if part.hypothesis is not None:
        other = part.hypothesis.model_copy(update={"state": OPPOSITE_STATE[part.hypothesis.state]})
        yield part.model_copy(update={"hypothesis": other}), f"{_named(part)}: state changed"


def _named(part: Condition) -> str:
    return part.finding or part.symptom or part.history or part.pattern or (part.hypothesis.muscle if part.hypothesis else part.term)


def _compiled(pattern: Pattern, changes: Mapping[str, Any], how: str, kb: KnowledgeBase) -> Iterator[Mutant]:
    """The broken pattern, compiled; nothing where it would not even load."""
    builder = _Builder(kb)
    with suppress(ConditionError):
        builder.add_pattern(Pattern.model_validate(pattern.model_copy(update=dict(changes)).model_dump(by_alias=True, exclude_unset=True)))
        yield Mutant(pattern.id, how, tuple(builder.programs["patterns"]), ())


def looked_at(knowledge: Knowledge) -> tuple[Looked, ...]:
    """Every stored case without pain (which takes points away), with what its rules saw and of which rules it speaks."""
    found = []
    for case in cases():
        speaks = {*case.expected.get("says", {}), *case.expected.get("silent", ())}
        speaks |= {_pattern_of(line) for key in ("patterns", "no_patterns") for line in case.expected.get(key, ())}
        if not speaks:
            continue
        result = assess(case.case, knowledge, "native").result
        if any(i.painful for i in result.stated.items):
            continue
        facts = (*(fact_of(i) for i in result.stated.items), *facts_of(result.hypotheses))
        found.append(Looked(case, facts, frozenset(speaks)))
    return tuple(found)


def _pattern_of(line: str) -> str:
    words, _, side = line.rpartition(" ")
    return (words if side in ("left", "right") else line).replace(" ", "-")


def said(variants: tuple[Variant, ...], targets: tuple[Target, ...], facts: tuple[Fact, ...]) -> _Said:
    """What a rule says of these facts: muscle, side and state; of a pattern, the sides on which it is found."""
    program = Program(variants)
    found: set[tuple[str, ...]] = set()
    for firing in infer(program, list(facts), choose("native")) if program.variants else ():
        found |= set(_told(firing, targets))
    return frozenset(found)


def _told(firing: Firing, targets: tuple[Target, ...]) -> Iterator[tuple[str, ...]]:
    if not targets:
        yield ("pattern", firing.side)
    for target in targets:
        for side in sides_of(target.side, firing.side):
            yield (target.muscle or firing.muscle, side, target.state, str(target.against))


def survivors(knowledge: Knowledge, wanted: frozenset[str]) -> tuple[list[Mutant], Counter[str]]:
    """The mutants that no stored case notices, and how many were tried and killed."""
    rules, shelves = knowledge.rulebase, defaultdict[str, list[Variant]](list)
    for stage in ("direct", "inferred", "patterns"):
        for variant in rules.programs[stage].variants:
            if not variant.rule.startswith("mechanics.") and not variant.absent:
                shelves[variant.rule].append(variant)
    speakers: Mapping[str, list[Looked]] = defaultdict(list)
    for looked in looked_at(knowledge):
        for name in looked.speaks_of:
            speakers[name].append(looked)
    sided = frozenset(name for name, finding in knowledge.kb.findings.items() if "left" in finding.sides)
    lived, count = [], Counter[str]()
    for number, (name, variants) in enumerate(sorted((n, v) for n, v in shelves.items() if not wanted or n in wanted)):
        broken = pattern_mutants(knowledge.kb.patterns[name], knowledge.kb) if name in knowledge.kb.patterns else None
        for mutant, killed in _tried(tuple(variants), rules.rules.get(name), speakers[name], broken or (), sided):
            count["tried"] += 1
            count["killed"] += killed
            lived += [] if killed else [mutant]
        if number % 50 == 49:
            print(f"{number + 1} rules and patterns: {count['killed']} of {count['tried']} mutants killed ...", file=sys.stderr)
    return lived, count


def _tried(
    variants: tuple[Variant, ...], rule: CompiledRule | None, speakers: list[Looked], broken: Iterable[Mutant], sided: frozenset[str]
) -> Iterator[tuple[Mutant, bool]]:
    """Every mutant of one rule or pattern, and whether a stored case that speaks of it tells it from what it should be."""
    right = [(looked, said(variants, rule.targets if rule else (), looked.facts)) for looked in speakers]
    for mutant in mutants(variants, rule, sided) if rule else broken:
        yield mutant, any(said(mutant.variants, mutant.targets, looked.facts) != told for looked, told in right)


def main(names: list[str]) -> int:
    """Print the figure and the survivors; 1 where too many live, or one without a reason."""
    knowledge = load_knowledge()
    lived, count = survivors(knowledge, frozenset(names))
    reasons = YAML(typ="safe").load(SURVIVORS.read_text(encoding="utf-8")) or {} if SURVIVORS.is_file() else {}
    for mutant in lived:
        print(f"survives: {mutant.key}" + (f" ({reasons[mutant.key]})" if mutant.key in reasons else ""))
    share = count["killed"] / max(count["tried"], 1)
    print(f"{count['killed']} of {count['tried']} mutants killed ({100 * share:.1f} %)")
    stale = [] if names else sorted(set(reasons) - {m.key for m in lived})
    for key in stale:
        print(f"survivors.yaml: '{key}' does not survive any more; take it out")
    unexplained = [m for m in lived if m.key not in reasons]
    return 0 if share >= WANTED and not stale and not (unexplained and not names) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
