"""Rules of kb/ and rules/ into the one intermediate form that both engines run: variants, and what each rule concludes.

The rod's claims become ordinary rules here (`mechanics.<finding>`), so that one trace holds everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from expert import rod
from expert.conditions import Compiler, ConditionError
from expert.errors import Fault, RuleError
from expert.formats import Conclusion, Condition, FindingType, Pattern, Rule
from expert.model import AXIS_OF, CompiledRule, KnowledgeBase, Program, RuleBase, Target, Term, Variant

STAGES = ("direct", "inferred", "patterns")


def compile_rules(kb: KnowledgeBase) -> RuleBase:
    """Every rule compiled, or a RuleError with every rule that cannot be."""
    builder = _Builder(kb)
    for rule in kb.rules.values():
        builder.attempt(f"rules:{rule.id}", rule.id, lambda r=rule: builder.add_rule(r))
    for pattern in kb.patterns.values():
        builder.attempt(f"patterns:{pattern.id}", pattern.id, lambda p=pattern: builder.add_pattern(p))
    for finding in kb.findings.values():
        if finding.deviation:
            builder.add_mechanics(finding.id)
    builder.refuse_circles()
    if builder.faults:
        raise RuleError(builder.faults)
    return RuleBase(
        dict(sorted(builder.rules.items())), {s: Program(tuple(sorted(builder.programs[s]))) for s in STAGES}
    )


class _Builder:
    def __init__(self, kb: KnowledgeBase) -> None:
        self.kb = kb
        takes_side = lambda f: "left" in kb.findings[f].sides  # noqa: E731
        may_be_unsided = lambda f: kb.findings[f].side_optional or "midline" in kb.findings[f].sides  # noqa: E731
        self.compiler = Compiler(takes_side, may_be_unsided, kb.constants.severity)
        self.rules: dict[str, CompiledRule] = {}
        self.programs: dict[str, list[Variant]] = {stage: [] for stage in STAGES}
        self.faults: list[Fault] = []

    def attempt(self, place: str, who: str, add: object) -> None:
        try:
            add()  # type: ignore[operator]
        except ConditionError as error:
            self.faults.append(Fault(*self.kb.places.get(place, ("rules", 0)), f"{who}: {error}"))

    def add_rule(self, rule: Rule) -> None:
        alternatives = self.compiler.alternatives(rule.when)
        stage = "inferred" if any(t.kind == "hypothesis" for terms, _ in alternatives for t in terms) else "direct"
        targets = tuple(t for c in rule.then for t in self._targets(c, rule))
        for number, (terms, unless) in enumerate(alternatives):
            self._check(terms, unless, rule, targets)
            self.programs[stage].append(Variant(rule.id, number, terms, unless))
            if stage == "direct" and len(terms) == 1 and not unless and any(t.absent for t in targets):
                self.programs[stage].append(Variant(rule.id, number, (_absent(terms[0]),), (), absent=True))
        first = alternatives[0][0][0]
        group = rule.group or (self.kb.findings[first.name].group or first.name if first.kind == "finding" else "")
        self._keep(rule, stage, targets, group)

    def _check(self, terms: tuple[Term, ...], unless: tuple[Term, ...], rule: Rule, targets: tuple[Target, ...]) -> None:
        if any(t.kind == "pattern" for t in (*terms, *unless)):
            raise ConditionError("patterns come after the balance sheet; only patterns may rest on patterns")
        if any(t.kind == "hypothesis" for t in unless):
            raise ConditionError("'none' speaks of findings only; a hypothesis that is missing shows nothing")
        if not any(t.side in ("same", "opposite") for t in terms) and any(t.side != "both" for t in targets):
            raise ConditionError("concludes on 'same' or 'opposite', but no premise says which side that is")
        if any(not t.muscle for t in targets) and not any(t.kind == "hypothesis" and not t.name for t in terms):
            raise ConditionError("'matched' needs a premise with `muscle: any`")
        if rule.id.startswith("mechanics."):
            raise ConditionError("ids that start with 'mechanics.' belong to the rod")

    def _targets(self, conclusion: Conclusion, rule: Rule) -> Iterator[Target]:
        cap = self.kb.constants.caps[rule.grade]
        points = min(conclusion.points, cap)
        absent = points / 4 if conclusion.absent is None else conclusion.absent
        absent = 0 if conclusion.against else min(absent, cap * self.kb.constants.absent_share_of_cap)
        members = ("",) if conclusion.muscle == "matched" else self.kb.members(conclusion.muscle)
        via = conclusion.muscle if conclusion.muscle in self.kb.groups else ""
        driver = "gravity" if AXIS_OF[conclusion.state] == "length" and self._is_carried(rule.when) else "muscle"
        for muscle in members:
            yield Target(
                muscle, via, conclusion.side, conclusion.state, round(1000 * points), round(1000 * absent), conclusion.against, driver
            )

    def _is_carried(self, condition: Condition) -> bool:
        """Whether all that a rule rests on are positions into which gravity or the ground carries the body, not a muscle."""
        seen = [self.kb.findings[name].deviation for name in condition.asks if name in self.kb.findings]
        return bool(seen) and all(d and all(part.driven_by in ("gravity", "ground") for part in d) for d in seen)

    def _keep(self, rule: Rule, stage: str, targets: tuple[Target, ...], group: str) -> None:
        self.rules[rule.id] = CompiledRule(
            rule.id, rule.title, stage, targets, rule.because, rule.grade, rule.sources,
            self.kb.lineage(rule.sources[0]), group, rule.disputes,
        )  # fmt: skip

    def add_pattern(self, pattern: Pattern) -> None:
        if any(part.term in ("hypothesis", "pattern") for c in pattern.supporting for part in (c, *c.parts)):
            raise ConditionError("'supporting' speaks of findings, symptoms and history; hypotheses and patterns belong to the core")
        need = pattern.need or len(pattern.core)
        core = Condition.model_validate({"at_least": need, "of": pattern.core}) if need else pattern.core[0]
        for number, (terms, unless) in enumerate(self.compiler.alternatives(core)):
            if any(t.kind == "pattern" for t in unless):
                raise ConditionError("'none' cannot speak of patterns: they are concluded in the same stratum")
            self.programs["patterns"].append(Variant(pattern.id, number, terms, unless, derives=pattern.id))

    def add_mechanics(self, finding_id: str) -> None:
        """The rod's claims about one finding, as rules like any other: one, and one more for each task that turns muscles round."""
        finding = self.kb.findings[finding_id]
        upright = rod.alignments(finding, self.kb)
        deep = [task for task in finding.tasks if rod.turns(finding, task, self.kb)]
        turned = {task: rod.alignments(finding, self.kb, task) for task in deep}
        others = ("", *(t for t in finding.tasks if t not in turned)) if turned else ()
        self._add_alignments(f"mechanics.{finding_id}", finding, upright, others)
        for task, alignments in turned.items():
            self._add_alignments(f"mechanics.{finding_id}.{task}", finding, alignments, (task,))

    def _add_alignments(
        self, name: str, finding: FindingType, alignments: Sequence[rod.Alignment], tasks: tuple[str, ...]
    ) -> None:
        """One rule of the rod: held length only, grade D."""
        choices = self.kb.constants.mechanics
        points = min(choices.points, self.kb.constants.caps["D"])
        targets = tuple(
            Target(
                a.muscle, "", a.side, "shortened" if a.value > 0 else "lengthened", round(1000 * points * abs(a.value)), 0,
                driver=a.driver, because=a.because,
            )
            for a in alignments
            if abs(a.value) >= choices.ignore_below
        )  # fmt: skip
        if targets:
            sources = tuple(dict.fromkeys((choices.source, *(d.source for d in finding.deviation))))
            self.rules[name] = CompiledRule(
                name, self.kb.title(name), "direct", targets,
                "A position holds the muscles that pull into it short and those that pull out of it long.", "D", sources,
                self.kb.lineage(choices.source), finding.group or finding.id,
            )  # fmt: skip
            self.programs["direct"].append(Variant(name, 0, (Term("finding", finding.id, contexts=tasks),)))

    def refuse_circles(self) -> None:
        """Patterns that rest on one another in a circle could never be concluded."""
        rests: dict[str, set[str]] = {}
        for variant in self.programs["patterns"]:
            rests.setdefault(variant.rule, set()).update(t.name for t in variant.terms if t.kind == "pattern")
        for name in sorted(rests):
            if name in _reachable(name, rests):
                place = self.kb.places.get(f"patterns:{name}", ("rules", 0))
                self.faults.append(Fault(*place, f"{name}: rests on itself, through the patterns that it names"))


def _absent(term: Term) -> Term:
    """The premise that the same finding was looked for, in the same task, and is not there (however severe it would be)."""
    return Term(term.kind, term.name, term.state, term.side, term.contexts, (), 0, present=False)


def _reachable(name: str, edges: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = list(edges.get(name, ()))
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += edges.get(here, ())
    return seen
