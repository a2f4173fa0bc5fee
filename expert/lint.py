"""Checks over rules and knowledge as data: what loads but should not stay. One small function a check, a sentence to the author.

What cannot even be loaded (an unknown id, an empty `all`, points above the cap, no source, one side only, patterns in a circle) is
refused by `knowledge` and `rulebase` with the same file and line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from expert.formats import Condition, Rule
from expert.model import OPPOSITE_STATE, CompiledRule, Knowledge, KnowledgeBase, State, Target, Term, Variant
from expert.spread import ends_of

_SHELVES = (
    "muscles", "groups", "joints", "findings", "tasks", "rules", "patterns", "flags", "causes", "risks", "outlooks", "strategies",
    "nodes", "link_kinds", "links", "chains", "cautions", "contraindications", "units", "measures", "batteries", "claims", "glossary",
    "coverage", "sources", "provocations", "exercises", "guidance",
)  # fmt: skip
_WITH_WHEN = ("rules", "flags", "causes", "risks", "outlooks", "contraindications", "guidance")


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
    found = set()
    for check in CHECKS:
        for place, message in check(knowledge):
            where, line = kb.places.get(place, ("kb", 0))
            found.add(Issue(where, line, check.__name__.replace("_", "-"), message))
    return tuple(sorted(found))


# --- rules beside rules --------------------------------------------------------------------------------------------------------


class _Claim(NamedTuple):
    """One way in which a rule fires, and one thing that it then says."""

    rule: CompiledRule
    variant: Variant
    target: Target


def _claims(knowledge: Knowledge) -> Mapping[tuple[str, str], list[_Claim]]:
    """What written rules say when something is present, by the muscle and the relative side of which they say it."""
    found: dict[tuple[str, str], list[_Claim]] = defaultdict(list)
    for stage in ("direct", "inferred"):
        for variant in knowledge.rulebase.programs[stage].variants:
            rule = knowledge.rulebase.rules[variant.rule]
            if variant.absent or rule.id not in knowledge.kb.rules:
                continue
            for target in rule.targets:
                found[target.muscle, target.side].append(_Claim(rule, variant, target))
    return found


def _pairs(knowledge: Knowledge) -> Iterator[tuple[_Claim, _Claim]]:
    """Claims of different rules about one thing, where whatever makes the second fire makes the first fire too."""
    for claims in _claims(knowledge).values():
        for one, other in combinations(claims, 2):
            if one.rule.id == other.rule.id:
                continue
            if _covers(one.variant, other.variant):
                yield one, other
            elif _covers(other.variant, one.variant):
                yield other, one


def _covers(wide: Variant, narrow: Variant) -> bool:
    """Whether every case in which the narrow variant fires makes the wide one fire as well."""
    return all(any(_term_covers(w, n) for n in narrow.terms) for w in wide.terms) and set(wide.unless) <= set(narrow.unless)


def _term_covers(wide: Term, narrow: Term) -> bool:
    same = (wide.kind, wide.state, wide.present) == (narrow.kind, narrow.state, narrow.present) and wide.name in ("", narrow.name)
    tasks = not wide.contexts or (bool(narrow.contexts) and set(narrow.contexts) <= set(wide.contexts))
    return same and wide.side in (narrow.side, "any") and tasks and wide.level <= narrow.level and set(wide.barred) <= set(narrow.barred)


def _by_rules(pairs: Iterable[tuple[_Claim, _Claim]]) -> Iterator[tuple[str, str, str]]:
    """(one rule, other rule, of what they speak) for each pair of rules, however many muscles they share."""
    shared: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for one, other in pairs:
        muscle = one.target.muscle or "the muscle matched"
        shared[one.rule.id, other.rule.id][f"{muscle} ({other.target.state})"] = None
    for (one_id, other_id), told in shared.items():
        some = list(told)
        yield one_id, other_id, ", ".join(some[:3]) + (f" and {len(some) - 3} more" if len(some) > 3 else "")


def duplicate(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Two rules of one source with the same premises and conclusion count once, and confuse. (Editions are sources of their own.)"""
    same = (
        (a, b) for a, b in _pairs(knowledge)
        if _same_claim(a, b) and a.rule.sources[0] == b.rule.sources[0] and _covers(b.variant, a.variant)
    )  # fmt: skip
    order = {rule: number for number, rule in enumerate(knowledge.kb.rules)}  # layer by layer, as they were read
    for one, other, what in _by_rules(same):
        earlier, later = sorted((one, other), key=order.__getitem__)
        yield f"rules:{later}", f"{later}: says of {what} what {earlier} says; keep one"


def subsumed(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """A rule that says no more than a wider rule of the same lineage says already, unless it names that rule in `refines`."""
    idle = (
        (wide, narrow) for wide, narrow in _pairs(knowledge)
        if _same_claim(wide, narrow) and wide.rule.lineage == narrow.rule.lineage and not _covers(narrow.variant, wide.variant)
        and narrow.target.points <= wide.target.points and wide.rule.id not in knowledge.kb.rules[narrow.rule.id].refines
    )  # fmt: skip
    for wide, narrow, what in _by_rules(idle):
        yield f"rules:{narrow}", f"{narrow}: {wide} says as much of {what} from fewer premises; take it out or write `refines: [{wide}]`"


def _same_claim(one: _Claim, other: _Claim) -> bool:
    return (one.target.state, one.target.against) == (other.target.state, other.target.against)


def ambivalent(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Two rules that fire together and contradict each other: in `disputes`, so that reports show it, or one `refines` the other."""
    rules = knowledge.kb.rules
    opposed = (
        (a, b) for a, b in _pairs(knowledge)
        if _contradict(a.target, b.target) and not _related(rules[a.rule.id], b.rule.id) and not _related(rules[b.rule.id], a.rule.id)
    )  # fmt: skip
    for one, other, what in _by_rules(opposed):
        yield f"rules:{other}", f"{other}: contradicts {one} on {what} and fires with it; write `disputes: [{one}]` or `refines: [{one}]`"


def _contradict(one: Target, other: Target) -> bool:
    if other.state == OPPOSITE_STATE[one.state]:
        return not (one.against or other.against)
    return one.state == other.state and one.against != other.against


def _related(rule: Rule, other: str) -> bool:
    return other in (*rule.disputes, *rule.refines)


def self_contradiction(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """One rule cannot claim both states of an axis for one muscle and side."""
    for rule in knowledge.rulebase.rules.values():
        claims = {(t.muscle, side, t.state) for t in rule.targets if not t.against for side in _relative_sides(t.side)}
        for muscle, side, state in sorted(claims):
            if (muscle, side, OPPOSITE_STATE[state]) in claims and state < OPPOSITE_STATE[state]:
                yield f"rules:{rule.id}", f"{rule.id}: claims {muscle} ({side}) both {state} and {OPPOSITE_STATE[state]}; split the rule"


def _relative_sides(side: str) -> tuple[str, ...]:
    return ("same", "opposite") if side == "both" else (side,)


def circular(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Rules about hypotheses that lead back to what they start from: whatever is concluded would keep itself up."""
    leads: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    by_edge: dict[tuple[tuple[str, str], tuple[str, str]], str] = {}
    for variant in knowledge.rulebase.programs["inferred"].variants:
        for term in (t for t in variant.terms if t.kind == "hypothesis"):
            for target in knowledge.rulebase.rules[variant.rule].targets:
                if not target.against:
                    start, end = (term.name, term.state), (target.muscle, target.state)
                    leads[start].add(end)
                    by_edge.setdefault((start, end), variant.rule)
    for (start, end), rule in sorted(by_edge.items()):
        if _leads_to(end, start, leads):
            yield f"rules:{rule}", f"{rule}: from {start[0] or 'any muscle'} {start[1]} it leads back to what it starts from"


def _leads_to(here: tuple[str, str], wanted: tuple[str, str], leads: Mapping[tuple[str, str], Iterable[tuple[str, str]]]) -> bool:
    """Whether a state leads to another; what holds of any muscle holds of each."""
    seen, todo = set(), [here]
    while todo:
        state = todo.pop()
        if state == wanted or (state[1] == wanted[1] and "" in (state[0], wanted[0])):
            return True
        if state not in seen:
            seen.add(state)
            todo += [*leads.get(state, ()), *leads.get(("", state[1]), ())]
    return False


# --- premises that cannot hold, or always do -------------------------------------------------------------------------------------


def unfirable(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Premises that nothing can meet: present and ruled out at once, a task in which the finding is never recorded, an empty range."""
    kb = knowledge.kb
    for stage in ("direct", "inferred", "patterns"):
        for variant in knowledge.rulebase.programs[stage].variants:
            shelf = "patterns" if stage == "patterns" else "rules"
            if any(_term_covers(barred, term) for barred in variant.unless for term in variant.terms):
                yield f"{shelf}:{variant.rule}", f"{variant.rule}: asks for something and rules it out"
    for shelf, name, condition in _conditions(kb):
        for problem in _impossible(condition, kb):
            yield f"{shelf}:{name}", f"{name}: {problem}"


def _impossible(condition: Condition, kb: KnowledgeBase) -> Iterator[str]:
    named = condition.finding or condition.symptom or condition.history
    if named is not None:
        takes = kb.findings[named].tasks
        if condition.task and takes and not set(condition.task) & set(takes):
            yield f"{named} is never recorded in {', '.join(condition.task)}; it is in: {', '.join(takes)}"
        if condition.side == "opposite" and "left" not in kb.findings[named].sides:
            yield f"{named} has no side, so there is no opposite one"
    if condition.age and (condition.age.at_least or 0) > (condition.age.at_most if condition.age.at_most is not None else 130):
        yield f"no age is at least {condition.age.at_least} and at most {condition.age.at_most}"
    if condition.all:
        wanted, barred = list(_plain(condition.all)), {_meaning(p) for c in condition.all for p in c.none}
        for part in wanted:
            if _meaning(part) in barred:
                yield f"asks for {part.asks[0] if part.asks else part.term} and rules it out"
        said = {(c.term, getattr(c, c.term)) for c in wanted if c.term in ("sex", "pregnancy", "postpartum")}
        if len({term for term, _ in said}) < len(said) or {("sex", "male"), ("pregnancy", True)} <= said:
            yield "asks for things about the person that exclude each other"
    for part in condition.parts:
        yield from _impossible(part, kb)


def _plain(parts: Iterable[Condition]) -> Iterator[Condition]:
    """The single terms that must all hold."""
    for part in parts:
        if part.all:
            yield from _plain(part.all)
        elif not part.parts:
            yield part


def _meaning(condition: Condition) -> str:
    return condition.model_dump_json(exclude_defaults=True)


def unreachable(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """A rule or pattern that rests on a hypothesis which no rule concludes."""
    kb, rules = knowledge.kb, knowledge.rulebase
    drawn = {(t.muscle, t.state) for rule in rules.rules.values() if rule.stage == "direct" for t in rule.targets if not t.against}
    later = {(t.muscle, t.state) for rule in rules.rules.values() for t in rule.targets if not t.against}
    for stage, concluded in (("inferred", drawn), ("patterns", later)):
        for variant in rules.programs[stage].variants:
            for term in variant.terms:
                if term.kind == "hypothesis" and term.name and not {(term.name, term.state), ("", term.state)} & concluded:
                    shelf = "patterns" if stage == "patterns" else "rules"
                    yield f"{shelf}:{variant.rule}", f"{variant.rule}: no rule concludes that {term.name} is {term.state}"
    for name, chain in kb.chains.items():
        if not chain.steps:
            yield f"chains:{name}", f"{name}: has no steps"


def vacuous(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """A rule that gives no points says nothing; a condition met by what is there and by what is not says nothing either."""
    for rule in knowledge.kb.rules.values():
        if all(c.points == 0 for c in rule.then):
            yield f"rules:{rule.id}", f"{rule.id}: gives no points to anything"
    for shelf, name, condition in _conditions(knowledge.kb):
        for part in _all_of(condition):
            options = part.any if part.any else part.of if part.at_least == 1 else ()
            plain = {_meaning(c) for c in options if not c.parts}
            if plain & {_meaning(p) for c in options if len(c.none) == 1 for p in c.none}:
                yield f"{shelf}:{name}", f"{name}: 'any' names something and its absence: it always holds"
            if len({_meaning(c) for c in (*part.all, *part.any, *part.of)}) < len((*part.all, *part.any, *part.of)):
                yield f"{shelf}:{name}", f"{name}: says one premise twice"


def _all_of(condition: Condition) -> Iterator[Condition]:
    yield condition
    for part in condition.parts:
        yield from _all_of(part)


# --- what is missing -------------------------------------------------------------------------------------------------------------


def unsourced(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """A source that nothing cites belongs to nothing; a rule above grade D that rests on nothing anybody read has no source."""
    kb = knowledge.kb
    cited = set(_cited(kb))
    for name in kb.sources:
        if name not in cited:
            yield f"sources:{name}", f"{name}: nothing cites this source; cite it or take it out"
    for shelf in ("rules", "patterns", "flags", "causes", "risks", "links", "exercises", "guidance"):
        for name, entry in getattr(kb, shelf).items():
            if entry.grade in ("A", "B") and kb.sources[entry.sources[0]].read == "none":
                yield f"{shelf}:{name}", f"{name}: grade {entry.grade} needs a source that was read"


def missing(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """A finding that nothing reads, nobody is told how to see or only muscles explain; a muscle without links; a stretch without tags."""
    kb = knowledge.kb
    read = {q for _, _, condition in _conditions(kb) for q in condition.asks}
    read |= {s.finding for n in kb.nodes.values() for s in n.seen_as} | {entry.check.finding for entry in kb.links.values() if entry.check}
    read |= {name for name, f in kb.findings.items() if f.deviation} | {e for f in kb.flags.values() for e in f.explains}
    explained = {q for shelf in (kb.causes, kb.flags) for entry in shelf.values() for q in entry.when.asks}
    for name, kind in kb.kinds.items():
        if kind == "finding":  # symptoms and history are words that must be understood, read or not
            if name not in read:
                yield f"findings:{name}", f"{name}: no rule, flag, cause, pattern or link reads it; write one or take it out"
            if not kb.findings[name].how:
                yield f"findings:{name}", f"{name}: 'how' is missing: say in a sentence how to see or test it"
            if kb.findings[name].method == "observation" and name not in explained:
                yield f"findings:{name}", f"{name}: nothing beside muscles explains it; write a cause (bone, joint, nerve, pain, task)"
    for name, exercise in kb.exercises.items():
        if exercise.kind == "lengthen" and not any(kb.provocations[tag].end_range for tag in exercise.provokes):
            yield f"exercises:{name}", f"{name}: 'provokes' does not say what it takes to its end, so nothing can forbid it"
    linked = {s.id for link in (*kb.links.values(), *kb.derived.values()) for ends in ends_of(link, kb) for s in ends if s.kind == "muscle"}
    for name in kb.muscles:
        if name not in linked:
            yield f"muscles:{name}", f"{name}: no link leads to or from it; write one in kb/links/"


def one_sided(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """A measure of one side only, or a rule that speaks of one side of a finding that has none. (Findings of one side do not load.)"""
    kb = knowledge.kb
    for name, measure in kb.measures.items():
        if ("left" in measure.sides) != ("right" in measure.sides):
            yield f"measures:{name}", f"{name}: takes one of left and right only; every measure has its mirror"
        if any(j.by == "side-difference" for j in measure.judgements) and "left" not in measure.sides:
            yield f"measures:{name}", f"{name}: compares sides, but takes none"
    for rule in kb.rules.values():
        named = [kb.findings[q] for q in rule.when.asks if q in kb.findings]
        if any(part.term == "hypothesis" for part in _all_of(rule.when)):
            continue  # the hypothesis gives the side
        if named and not any("left" in f.sides for f in named) and any(c.side != "both" for c in rule.then):
            yield f"rules:{rule.id}", f"{rule.id}: concludes on one side from findings that have none; write `side: both`"


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
        yield from filter(None, [finding.side_source])
    for measure in kb.measures.values():
        yield from (error.source for error in measure.error)
        yield from (judgement.source for judgement in measure.judgements)
    yield from (t.source for muscle in kb.muscles.values() for t in muscle.tendency)
    yield from (turn.source for turn in kb.reversals)
    yield from (source for exercise in kb.exercises.values() for source in exercise.dose.sources)
    yield from filter(None, (task.angle_source for task in kb.tasks.values()))
    yield from (seed for row in kb.coverage.values() for seed in row.seeds)
    yield from (source for phase in kb.phases for source in phase.sources)
    yield kb.constants.mechanics.source


def _conditions(kb: KnowledgeBase) -> Iterator[tuple[str, str, Condition]]:
    """(shelf, id, condition) of everything that has one."""
    for shelf in _WITH_WHEN:
        for name, entry in getattr(kb, shelf).items():
            if entry.when is not None:
                yield shelf, name, entry.when
    for name, pattern in kb.patterns.items():
        yield from (("patterns", name, condition) for condition in (*pattern.core, *pattern.supporting))


CHECKS: tuple[Callable[[Knowledge], Iterator[tuple[str, str]]], ...] = (
    duplicate, subsumed, ambivalent, self_contradiction, circular, unfirable, unreachable, missing, one_sided, vacuous, unsourced,
    broken_chain,
)  # fmt: skip
