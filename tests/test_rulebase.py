"""Rules of kb/ and rules/ into the form that both engines run: what is expanded, what is capped, what is refused and where."""

from __future__ import annotations

import pytest
from small import rule, rules, small_kb, small_knowledge

from expert import KnowledgeError, RuleError, assess
from expert.errors import ExpertError, Fault
from expert.model import Knowledge, Target, Term
from expert.rulebase import STAGES

WEAK = "{muscle: puller, state: weak, points: 4}"


def pattern(name: str, core: str, more: str = "") -> str:
    added = f", {more}" if more else ""
    return f"- {{id: {name}, name: Pattern {name}, core: [{core}], because: of it, grade: C, sources: [table]{added}}}\n"


def patterns(*texts: str) -> str:
    return "patterns:\n" + "".join(texts)


def faults(*texts: str) -> tuple[Fault, ...]:
    with pytest.raises(ExpertError) as raised:
        small_knowledge(*texts)
    return raised.value.faults


# --- what a rule becomes ------------------------------------------------------------------------------------------------------------


def test_a_group_in_a_conclusion_is_expanded_into_its_members_which_keep_the_way() -> None:
    made = small_knowledge(rules(rule("r", "{finding: dip}", "{muscle: movers, side: opposite, state: weak, points: 4, absent: 0}")))
    assert made.rulebase.rules["r"].targets == (
        Target("puller", "movers", "opposite", "weak", 4000, 0),
        Target("pusher", "movers", "opposite", "weak", 4000, 0),
    )
    (first, second) = assess({"findings": [{"name": "dip", "side": "left"}]}, made, "native").to_dict()["hypotheses"]
    assert [(h["muscle"], h["side"], h["evidence"][0]["via"]) for h in (first, second)] == [
        ("puller", "right", "movers"), ("pusher", "right", "movers"),
    ]  # fmt: skip


def test_a_muscle_named_by_itself_has_come_by_no_way() -> None:
    made = small_knowledge(rules(rule("r", "{finding: dip}", WEAK)))
    (found,) = assess({"findings": [{"name": "dip", "side": "left"}]}, made, "native").to_dict()["hypotheses"]
    assert found["evidence"][0]["via"] is None


@pytest.mark.parametrize(
    ("told", "absent"),
    [("points: 4", 1000), ("points: 2", 500), ("points: 4, absent: 0", 0), ("points: 4, absent: 0.3", 300), ("points: 1, absent: 4", 1000)],
)
def test_absence_brings_a_quarter_or_what_is_said_and_never_more_than_a_quarter_of_the_cap(told: str, absent: int) -> None:
    made = small_knowledge(rules(rule("r", "{finding: dip}", f"{{muscle: puller, state: weak, {told}}}")))
    assert made.rulebase.rules["r"].targets[0].absent == absent


def test_a_conclusion_against_a_state_says_nothing_when_its_finding_is_absent() -> None:
    made = small_knowledge(rules(rule("r", "{finding: dip}", "{muscle: puller, state: weak, points: 2, against: true}")))
    assert (made.rulebase.rules["r"].targets[0].absent, made.rulebase.rules["r"].targets[0].against) == (0, True)


def test_only_a_rule_with_one_premise_reads_absence_and_however_severe_the_finding_would_be() -> None:
    made = small_knowledge(
        rules(
            rule("one", "{finding: dip, task: walking, severity: severe}", WEAK),
            rule("two", "{all: [{finding: dip}, {finding: lift}]}", WEAK),
            rule("but", "{all: [{finding: dip}, {none: [{finding: lift}]}]}", WEAK),
        )
    )
    absent = [v for v in made.rulebase.programs["direct"].variants if v.absent]
    assert [(v.rule, v.terms) for v in absent] == [("one", (Term("finding", "dip", "", "same", ("walking",), (), 0, False),))]


@pytest.mark.parametrize(("grade", "source", "cap"), [("A", "study", 30), ("B", "study", 6), ("C", "table", 4), ("D", "hearsay", 2)])
def test_points_up_to_the_cap_of_their_grade_are_taken_and_more_is_an_error(grade: str, source: str, cap: int) -> None:
    def file(points: float) -> str:
        return rules(rule("r", "{finding: dip}", f"{{muscle: puller, state: weak, points: {points}}}", grade=grade, source=source))

    assert small_knowledge(file(cap)).rulebase.rules["r"].targets[0].points == 1000 * cap
    if cap < 30:
        (fault,) = faults(file(cap + 0.5))
        assert (fault.where, fault.line) == ("kb/x1.yaml", 2)
        assert "exceed the cap" in fault.message


def test_the_lineage_of_a_rule_is_that_of_its_first_source() -> None:
    made = small_knowledge(rules(rule("a", "{finding: dip}", WEAK, source="copy-of-table"), rule("b", "{finding: dip}", WEAK)))
    assert {made.rulebase.rules[r].lineage for r in "ab"} == {"table"}


def test_a_rule_counts_in_the_group_of_its_first_finding_or_the_one_it_names() -> None:
    grouped = "findings:\n- {id: sink, name: Sink, side_means: the side that sinks, group: dip}\n"
    made = small_knowledge(
        grouped,
        rules(
            rule("plain", "{finding: dip}", WEAK), rule("kin", "{finding: sink}", WEAK),
            rule("own", "{finding: dip}", WEAK, more="group: hip-tests"),
        ),
    )  # fmt: skip
    assert {r: made.rulebase.rules[r].group for r in ("plain", "kin", "own")} == {"plain": "dip", "kin": "dip", "own": "hip-tests"}


def test_rules_about_hypotheses_are_of_a_later_stage_than_rules_about_findings() -> None:
    made = small_knowledge(
        rules(
            rule("seen", "{finding: dip}", WEAK),
            rule("thought", "{hypothesis: {muscle: any, state: weak}}", "{muscle: matched, state: underactive, points: 2}", grade="D"),
        ),
        patterns(pattern("whole", "{finding: dip}")),
    )
    assert {s: [v.rule for v in made.rulebase.programs[s].variants if not v.absent] for s in STAGES} == {
        "direct": ["seen"], "inferred": ["thought"], "patterns": ["whole"],
    }  # fmt: skip


def test_a_pattern_needs_all_of_its_core_or_as_many_as_it_says() -> None:
    core = "{finding: dip}, {finding: lift}, {finding: bow}"
    made = small_knowledge(patterns(pattern("all-of-it", core), pattern("two-of-it", core, "need: 2")))

    def names(pattern: str) -> list[set[str]]:
        return [{t.name for t in v.terms} for v in made.rulebase.programs["patterns"].variants if v.rule == pattern]

    assert names("all-of-it") == [{"dip", "lift", "bow"}]
    assert names("two-of-it") == [{"dip", "lift"}, {"dip", "bow"}, {"lift", "bow"}]
    assert all(v.derives == v.rule for v in made.rulebase.programs["patterns"].variants)


def test_the_order_of_files_and_entries_does_not_matter_to_what_is_compiled() -> None:
    both = "{muscle: puller, side: both, state: weak, points: 4}"
    texts = rules(rule("a", "{finding: dip}", WEAK)), rules(rule("b", "{any: [{finding: lift}, {finding: bow}]}", both))
    one, other = small_knowledge(*texts), small_knowledge(*reversed(texts))
    assert one.rulebase.rules == other.rulebase.rules
    assert all(one.rulebase.programs[s].variants == other.rulebase.programs[s].variants for s in STAGES)


def test_the_shipped_variants_bind_before_they_use(knowledge: Knowledge) -> None:
    for program in knowledge.rulebase.programs.values():
        for variant in program.variants:
            binders = [t.side in ("same", "opposite") for t in variant.terms]
            assert binders == sorted(binders, reverse=True), variant
            assert any(binders) or all(t.side in ("any", "midline") for t in variant.unless), variant


def test_negation_speaks_only_of_what_an_earlier_stratum_finished(knowledge: Knowledge) -> None:
    earlier = {"direct": {"finding"}, "inferred": {"finding"}, "patterns": {"finding", "hypothesis"}}
    for stage, program in knowledge.rulebase.programs.items():
        assert {t.kind for v in program.variants for t in v.unless} <= earlier[stage]


_EIGHT = [
    f"{{finding: dip, task: {task}, severity: {severity}, side: {side}}}"
    for task in ("walking", "squat") for severity in ("mild", "severe") for side in ("same", "opposite")
]  # fmt: skip
_MANY = f"{{all: [{', '.join([f'{{any: [{chr(44).join(_EIGHT)}]}}'] * 4)}]}}"


# --- what is refused --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "then", "says"),
    [
        ("{finding: dip}", "{muscle: matched, state: weak, points: 1}", "'matched' needs a premise with `muscle: any`"),
        ("{hypothesis: {muscle: puller, state: weak}}", "{muscle: matched, state: weak, points: 1}", "'matched' needs"),
        ("{pattern: whole}", WEAK, "only patterns may rest on patterns"),
        ("{all: [{finding: dip}, {none: [{pattern: whole}]}]}", WEAK, "only patterns may rest on patterns"),
        ("{none: [{finding: dip}]}", WEAK, "nothing that must be there"),
        ("{all: [{finding: dip}, {none: [{hypothesis: {muscle: puller, state: weak}}]}]}", WEAK, "'none' speaks of findings only"),
        ("{finding: dip, side: any}", WEAK, "no premise says which side"),
        (_MANY, WEAK, "more than 200 alternatives"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_run_is_refused_with_its_file_and_line(when: str, then: str, says: str) -> None:
    good = rule("good", "{finding: lift}", WEAK)
    bad = rule("bad", when, then.replace("points: 4", "points: 2"), grade="D")
    (fault,) = faults(rules(good, bad), patterns(pattern("whole", "{finding: dip}")))
    assert (fault.where, fault.line) == ("kb/x1.yaml", 3)
    assert fault.message.startswith("bad: ")
    assert says in fault.message


def test_patterns_that_rest_on_one_another_in_a_circle_are_refused_by_name() -> None:
    circle = [pattern("p", "{pattern: q}"), pattern("q", "{pattern: r}"), pattern("r", "{pattern: p}")]
    found = faults(patterns(*circle, pattern("fine", "{finding: dip}")))
    assert [(f.where, f.line) for f in found] == [("kb/x1.yaml", n) for n in (2, 3, 4)]
    assert all("rests on itself" in f.message for f in found)


def test_a_pattern_may_not_rest_on_the_absence_of_a_pattern() -> None:
    (fault,) = faults(patterns(pattern("p", "{finding: dip}"), pattern("q", "{finding: dip}, {none: [{pattern: p}]}")))
    assert (fault.where, fault.line) == ("kb/x1.yaml", 3)


def test_ids_of_mechanics_belong_to_the_rod() -> None:
    (fault,) = faults(rules(rule("mechanics.dip", "{finding: dip}", WEAK)))
    assert "belong to the rod" in fault.message


def test_all_rules_that_cannot_be_compiled_are_named_at_once() -> None:
    kb = small_kb(rules(rule("one", "{finding: dip}", "{muscle: matched, state: weak, points: 1}"), rule("two", "{pattern: p}", WEAK)),
                  patterns(pattern("p", "{finding: dip}")))  # fmt: skip
    from expert.rulebase import compile_rules

    with pytest.raises(RuleError) as raised:
        compile_rules(kb)
    assert [f.message.split(":")[0] for f in raised.value.faults] == ["one", "two"]


@pytest.mark.parametrize(
    ("when", "then", "says"),
    [
        ("{finding: dp}", WEAK, "unknown finding 'dp'"),
        ("{finding: dipp}", WEAK, "did you mean 'dip'"),
        ("{finding: dip, task: walkin}", WEAK, "did you mean 'walking'"),
        ("{finding: dip}", "{muscle: pullers, state: weak, points: 1}", "did you mean 'puller'"),
        ("{hypothesis: {muscle: movers, state: weak}}", WEAK, "unknown plain muscle 'movers'"),
        ("{finding: dip}", "{muscle: puller, state: tight, points: 1}", "state"),
    ],
)
def test_a_rule_that_names_what_nothing_has_is_refused_with_what_may_be_meant(when: str, then: str, says: str) -> None:
    with pytest.raises(KnowledgeError) as raised:
        small_knowledge(rules(rule("good", "{finding: lift}", WEAK), rule("bad", when, then)))
    (fault,) = raised.value.faults
    assert (fault.where, fault.line) == ("kb/x1.yaml", 3)
    assert says in fault.message


# --- the rod in tasks that turn muscles round ----------------------------------------------------------------------------------------

TURNING = """\
tasks:
- {id: deep, name: Deep, angles_deg: {hip-flexion: 100}}
- {id: shallow, name: Shallow, angles_deg: {hip-flexion: 10}}
findings:
- id: slide
  name: Slide
  side_means: the side that slides
  tasks: [deep, shallow, walking]
  deviation: [{direction: hip-flexion, driven_by: muscle, source: own-moment-arms}]
shares:
- {muscle: puller, direction: hip-flexion, share: 0.4}
- {muscle: pusher, direction: hip-extension, share: 0.4}
"""
TURN = """\
reversals:
- {muscle: puller, below: hip-flexion, above: hip-extension, angle_of: hip-flexion, from_deg: 50, to_deg: 70, source: own-moment-arms}
"""


def by_mechanics(*texts: str, task: str | None) -> set[tuple[str, str, str]]:
    """(rule, muscle, state) of the one finding, seen in a task or in none."""
    seen = {"name": "slide", "side": "left", **({"task": task} if task else {})}
    answer = assess({"findings": [seen]}, small_knowledge(*texts), "native")
    return {(e.piece.rule.id, h.muscle, h.state) for h in answer.hypotheses for e in h.evidence}


def test_in_a_task_that_turns_muscles_round_a_rule_of_that_task_speaks_and_no_other() -> None:
    assert by_mechanics(TURNING, TURN, task="deep") == {
        ("mechanics.slide.deep", "puller", "lengthened"), ("mechanics.slide.deep", "pusher", "lengthened"),
    }  # fmt: skip


@pytest.mark.parametrize("task", ["walking", None])
def test_elsewhere_and_without_a_task_the_upright_rule_speaks(task: str | None) -> None:
    assert by_mechanics(TURNING, TURN, task=task) == {
        ("mechanics.slide", "puller", "shortened"), ("mechanics.slide", "pusher", "lengthened"),
    }  # fmt: skip


def test_in_a_task_below_the_turn_the_muscles_pull_as_upright() -> None:
    told = {(muscle, state) for _, muscle, state in by_mechanics(TURNING, TURN, task="shallow")}
    assert told == {("puller", "shortened"), ("pusher", "lengthened")}


@pytest.mark.parametrize("task", ["deep", "shallow", None])
def test_where_nothing_turns_one_rule_speaks_in_every_task(task: str | None) -> None:
    assert {rule_id for rule_id, _, _ in by_mechanics(TURNING, task=task)} == {"mechanics.slide"}


def test_the_shipped_rules_of_a_finding_by_task_never_fire_together(knowledge: Knowledge) -> None:
    contexts: dict[str, list[tuple[str, ...]]] = {}
    for variant in knowledge.rulebase.programs["direct"].variants:
        if variant.rule.startswith("mechanics."):
            contexts.setdefault(variant.terms[0].name, []).append(variant.terms[0].contexts)
    several = {name: told for name, told in contexts.items() if len(told) > 1}
    assert several
    for name, told in several.items():
        every = [task for tasks in told for task in tasks]
        assert () not in told, name
        assert len(every) == len(set(every)), name
        assert set(every) == {"", *knowledge.kb.findings[name].tasks}, name
