"""Checks over rules and knowledge: each finds what it is for, with its place, and nothing in what is right."""

from __future__ import annotations

import pytest
from small import _NEEDED, rule, rules, small_knowledge

from expert import resources
from expert.knowledge import from_texts
from expert.lint import CHECKS, Issue, lint
from expert.model import Knowledge
from expert.rulebase import compile_rules

WEAK = "{muscle: puller, state: weak, points: 2}"


def found(*added: str, check: str) -> list[Issue]:
    return [i for i in lint(small_knowledge(*added)) if i.check == check]


def test_what_is_shipped_has_nothing_to_mend(knowledge: Knowledge) -> None:
    assert [str(i) for i in lint(knowledge)] == []


def test_an_issue_is_told_with_file_line_and_the_check_that_found_it() -> None:
    assert str(Issue("rules/a.yaml", 7, "duplicate", "twice")) == "rules/a.yaml:7: twice [duplicate]"


def test_issues_come_in_order_of_place() -> None:
    issues = lint(small_knowledge(rules(rule("b", "{finding: dip}", WEAK), rule("a", "{finding: dip}", WEAK))))
    assert list(issues) == sorted(issues)
    assert all(i.line > 0 for i in issues)


def test_every_check_says_what_it_is_for() -> None:
    assert all(check.__doc__ for check in CHECKS)


# --- the same twice -------------------------------------------------------------------------------------------------------------------


def test_two_rules_of_one_source_that_say_the_same_are_one_too_many() -> None:
    (issue,) = found(rules(rule("first", "{finding: dip}", WEAK), rule("second", "{finding: dip}", WEAK)), check="duplicate")
    assert (issue.where, issue.line) == ("kb/x1.yaml", 3)
    assert "second: says of puller (weak) what first says" in issue.message


def test_the_order_in_which_premises_are_written_hides_no_duplicate() -> None:
    one = rule("first", "{all: [{finding: dip}, {finding: lift}]}", WEAK)
    two = rule("second", "{all: [{finding: lift}, {finding: dip}]}", WEAK)
    assert found(rules(one, two), check="duplicate")


@pytest.mark.parametrize(
    "other",
    [
        rule("second", "{finding: dip}", WEAK, source="second-table"),
        rule("second", "{finding: lift}", WEAK),
        rule("second", "{finding: dip, task: squat}", WEAK),
        rule("second", "{finding: dip}", "{muscle: puller, side: opposite, state: weak, points: 2}"),
        rule("second", "{finding: dip}", "{muscle: puller, state: strong, points: 2}"),
        rule("second", "{finding: dip}", "{muscle: pusher, state: weak, points: 2}"),
        rule("second", "{finding: dip}", "{muscle: puller, state: weak, points: 2, against: true}"),
    ],
)
def test_rules_that_differ_in_anything_that_counts_are_no_duplicates(other: str) -> None:
    assert found(rules(rule("first", "{finding: dip}", WEAK), other), check="duplicate") == []


def test_of_two_rules_that_say_the_same_the_later_layer_is_blamed() -> None:
    constants = (resources.root() / "kb" / "constants.yaml").read_text(encoding="utf-8")
    shipped = [
        ("kb/needed.yaml", _NEEDED),
        ("kb/constants.yaml", constants),
        ("rules/r.yaml", rules(rule("first", "{finding: dip}", WEAK))),
    ]
    kb = from_texts([shipped, [("/home/somebody/mine.yaml", rules(rule("another", "{finding: dip}", WEAK)))]])
    (issue,) = [i for i in lint(Knowledge(kb, compile_rules(kb))) if i.check == "duplicate"]
    assert (issue.where, issue.line, issue.message.split(":")[0]) == ("/home/somebody/mine.yaml", 2, "another")


def test_a_duplicate_is_told_once_however_many_muscles_the_rules_share() -> None:
    many = ", ".join(f"{{muscle: {m}, state: {s}, points: 2}}" for m in ("puller", "pusher", "turner") for s in ("weak", "overactive"))
    (issue,) = found(rules(rule("first", "{finding: dip}", many), rule("second", "{finding: dip}", many)), check="duplicate")
    assert "and 3 more" in issue.message


# --- no more than is said already -----------------------------------------------------------------------------------------------------

WIDE = rule("wide", "{finding: dip}", WEAK)


@pytest.mark.parametrize(
    "narrow",
    [
        rule("narrow", "{finding: dip, task: squat}", WEAK),
        rule("narrow", "{finding: dip, severity: severe}", WEAK),
        rule("narrow", "{all: [{finding: dip}, {finding: lift}]}", WEAK),
        rule("narrow", "{all: [{finding: dip}, {none: [{finding: lift}]}]}", WEAK),
        rule("narrow", "{finding: dip, task: squat}", "{muscle: puller, state: weak, points: 1}"),
        rule("narrow", "{finding: dip, task: squat}", WEAK, source="copy-of-table"),
    ],
)
def test_a_rule_that_says_no_more_than_a_wider_one_of_its_lineage_is_idle(narrow: str) -> None:
    (issue,) = found(rules(WIDE, narrow), check="subsumed")
    assert issue.line == 3
    assert "narrow: wide says as much of puller (weak) from fewer premises" in issue.message


@pytest.mark.parametrize(
    "narrow",
    [
        rule("narrow", "{finding: dip, task: squat}", "{muscle: puller, state: weak, points: 3}"),  # says it more strongly
        rule("narrow", "{finding: dip, task: squat}", WEAK, source="second-table"),  # another author
        rule("narrow", "{finding: dip, task: squat}", WEAK, more="refines: [wide]"),
        rule("narrow", "{finding: lift}", WEAK),
        rule("narrow", "{any: [{finding: dip, task: squat}]}", "{muscle: puller, side: opposite, state: weak, points: 2}"),
    ],
)
def test_a_narrower_rule_that_adds_something_or_says_that_it_refines_is_no_anomaly(narrow: str) -> None:
    assert found(rules(WIDE, narrow), check="subsumed") == []


def test_of_two_tasks_neither_is_wider_than_the_other() -> None:
    both = rules(rule("one", "{finding: dip, task: squat}", WEAK), rule("two", "{finding: dip, task: walking}", WEAK))
    assert found(both, check="subsumed") == []


# --- against each other ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("then", ["{muscle: puller, state: strong, points: 2}", "{muscle: puller, state: weak, points: 2, against: true}"])
def test_rules_that_fire_together_and_contradict_each_other_must_say_so(then: str) -> None:
    (issue,) = found(rules(WIDE, rule("worse", "{finding: dip, task: squat}", then)), check="ambivalent")
    assert "worse: contradicts wide on puller" in issue.message
    for word in ("disputes", "refines"):
        told = rules(WIDE, rule("worse", "{finding: dip, task: squat}", then, more=f"{word}: [wide]"))
        assert found(told, check="ambivalent") == []


@pytest.mark.parametrize(
    "other",
    [
        rule("other", "{finding: lift}", "{muscle: puller, state: strong, points: 2}"),
        rule("other", "{finding: dip}", "{muscle: puller, side: opposite, state: strong, points: 2}"),
        rule("other", "{finding: dip}", "{muscle: puller, state: overactive, points: 2}"),
        rule("other", "{finding: dip}", "{muscle: puller, state: strong, points: 2, against: true}"),
    ],
)
def test_rules_that_can_both_be_right_are_not_ambivalent(other: str) -> None:
    assert found(rules(WIDE, other), check="ambivalent") == []


# --- in a circle ------------------------------------------------------------------------------------------------------------------------


def from_to(name: str, muscle: str, state: str, to: str, becomes: str) -> str:
    return rule(name, f"{{hypothesis: {{muscle: {muscle}, state: {state}}}}}", f"{{muscle: {to}, state: {becomes}, points: 1}}")


def test_rules_that_lead_back_to_where_they_start_are_all_named() -> None:
    circle = (from_to("a", "puller", "weak", "pusher", "strong"), from_to("b", "pusher", "strong", "turner", "weak"))
    assert found(rules(*circle), check="circular") == []
    issues = found(rules(*circle, from_to("c", "turner", "weak", "puller", "weak")), check="circular")
    assert {i.message.split(":")[0] for i in issues} == {"a", "b", "c"}


def test_a_rule_about_any_muscle_closes_a_circle_too() -> None:
    back = from_to("back", "any", "strong", "matched", "weak")
    assert found(rules(from_to("there", "puller", "weak", "puller", "strong"), back), check="circular")
    assert found(rules(from_to("there", "puller", "weak", "puller", "overactive"), back), check="circular") == []


# --- what cannot be, and what always is ------------------------------------------------------------------------------------------------


def cause(when: str) -> str:
    return f"causes: [{{id: c, title: C, kind: other, when: {when}, because: x, grade: D, sources: [table]}}]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rules(rule("r", "{all: [{finding: dip}, {none: [{finding: dip}]}]}", WEAK)), "asks for something and rules it out"),
        (rules(rule("r", "{all: [{finding: dip, task: squat}, {none: [{finding: dip}]}]}", WEAK)), "asks for something and rules it out"),
        (rules(rule("r", "{all: [{finding: dip}, {finding: bow, side: opposite}]}", WEAK)), "bow has no side"),
        (cause("{all: [{finding: dip}, {age: {at_least: 60, at_most: 20}}]}"), "no age is at least 60 and at most 20"),
        (cause("{all: [{finding: dip}, {none: [{finding: dip}]}]}"), "asks for dip and rules it out"),
        (cause("{all: [{finding: dip}, {sex: male}, {pregnancy: true}]}"), "exclude each other"),
        (cause("{all: [{finding: dip}, {sex: male}, {sex: female}]}"), "exclude each other"),
    ],
)
def test_what_nothing_can_meet_is_unfirable(text: str, words: str) -> None:
    assert words in " ".join(i.message for i in found(text, check="unfirable"))


def test_a_task_in_which_a_finding_is_never_recorded_cannot_be_met() -> None:
    more = "tasks: [{id: dance, name: Dance}]\n"
    (issue,) = found(more + rules(rule("r", "{finding: dip, task: dance}", WEAK)), check="unfirable")
    assert "dip is never recorded in dance; it is in: walking, squat" in issue.message
    assert found(more + rules(rule("r", "{finding: dip, task: [dance, squat]}", WEAK)), check="unfirable") == []


@pytest.mark.parametrize(
    "text",
    [
        rules(rule("r", "{all: [{finding: dip}, {none: [{finding: dip, task: squat}]}]}", WEAK)),
        rules(rule("r", "{all: [{finding: dip}, {none: [{finding: dip, side: opposite}]}]}", WEAK)),
        rules(rule("r", "{all: [{finding: dip}, {finding: dip, side: opposite}]}", WEAK)),
        cause("{all: [{finding: dip}, {age: {at_least: 20, at_most: 20}}]}"),
        cause("{all: [{finding: dip}, {sex: female}, {pregnancy: true}]}"),
        cause("{all: [{finding: dip}, {age: {at_least: 20}}]}"),
    ],
)
def test_what_somebody_can_meet_is_not_unfirable(text: str) -> None:
    assert found(text, check="unfirable") == []


def test_what_rests_on_something_that_nobody_concludes_is_unreachable() -> None:
    rests = from_to("r", "puller", "strong", "pusher", "weak")
    (issue,) = found(rules(WIDE, rests), check="unreachable")
    assert issue.message == "r: no rule concludes that puller is strong"
    assert found(rules(WIDE, from_to("r", "puller", "weak", "pusher", "weak")), check="unreachable") == []


def test_what_is_only_spoken_against_is_not_concluded() -> None:
    against = rule("w", "{finding: dip}", "{muscle: puller, state: weak, points: 2, against: true}")
    assert found(rules(against, from_to("r", "puller", "weak", "pusher", "weak")), check="unreachable")


def test_a_pattern_may_rest_on_what_an_inferred_rule_concludes_and_a_rule_may_not() -> None:
    chain = (WIDE, from_to("one", "puller", "weak", "pusher", "strong"))
    pattern = (
        "patterns: [{id: p, name: P, core: [{hypothesis: {muscle: pusher, state: strong}}], because: x, grade: D, sources: [table]}]\n"
    )
    assert found(pattern + rules(*chain), check="unreachable") == []
    assert found(pattern + rules(WIDE), check="unreachable")
    assert found(rules(*chain, from_to("two", "pusher", "strong", "turner", "weak")), check="unreachable")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rules(rule("r", "{finding: dip}", "{muscle: puller, state: weak, points: 0}")), "gives no points"),
        (rules(rule("r", "{all: [{finding: dip}, {finding: dip}]}", WEAK)), "says one premise twice"),
        (cause("{any: [{finding: dip}, {none: [{finding: dip}]}]}"), "it always holds"),
        (cause("{all: [{finding: lift}, {any: [{finding: dip}, {none: [{finding: dip}]}]}]}"), "it always holds"),
    ],
)
def test_what_says_nothing_is_vacuous(text: str, words: str) -> None:
    assert words in " ".join(i.message for i in found(text, check="vacuous"))


def test_a_rule_that_gives_points_to_one_thing_is_not_vacuous() -> None:
    some = rule("r", "{finding: dip}", "{muscle: puller, state: weak, points: 0}, {muscle: pusher, state: weak, points: 1}")
    assert found(rules(some), check="vacuous") == []


# --- one side only ----------------------------------------------------------------------------------------------------------------------

MEASURE = """\
units: [{{id: newton, symbol: N, dimension: force}}]
measures:
- {{id: push, name: Push, how: push, sides: [{sides}], dimensions: [force], most: 9, sources: [table],
   judgements: [{{by: {by}, finding: dip, present: 3, absent: 3, unit: N, because: x, source: table}}]}}
"""


@pytest.mark.parametrize(
    ("sides", "by", "words"),
    [
        ("left", "norm", ["takes one of left and right only"]), ("left, right", "norm", []), ("left, right", "side-difference", []),
        ("midline", "side-difference", ["compares sides, but takes none"]), ("midline", "norm", []),
    ],
)  # fmt: skip
def test_a_measure_takes_both_sides_or_none(sides: str, by: str, words: list[str]) -> None:
    issues = found(MEASURE.format(sides=sides, by=by), check="one-sided")
    assert [w for i, w in zip(issues, words, strict=True) if w in i.message] == words


def test_what_has_no_side_speaks_of_both_sides() -> None:
    (issue,) = found(rules(rule("r", "{finding: bow}", WEAK)), check="one-sided")
    assert "write `side: both`" in issue.message
    assert found(rules(rule("r", "{finding: bow}", "{muscle: puller, side: both, state: weak, points: 2}")), check="one-sided") == []


def test_a_hypothesis_gives_the_side_that_a_midline_finding_lacks() -> None:
    when = "{all: [{hypothesis: {muscle: puller, state: weak}}, {finding: bow}]}"
    assert found(rules(WIDE, rule("r", when, "{muscle: pusher, state: weak, points: 1}")), check="one-sided") == []


# --- both ways ------------------------------------------------------------------------------------------------------------------------


def test_a_rule_that_claims_both_states_of_an_axis_contradicts_itself() -> None:
    both = rule("r", "{finding: dip}", WEAK + ", {muscle: puller, state: strong, points: 1}")
    (issue,) = found(rules(both), check="self-contradiction")
    assert "claims puller (same) both" in issue.message
    assert {"weak", "strong"} <= set(issue.message.replace(";", "").split())


def test_a_rule_contradicts_itself_through_a_group_too() -> None:
    assert found(rules(rule("r", "{finding: dip}", WEAK + ", {muscle: movers, state: strong, points: 1}")), check="self-contradiction")


def test_a_rule_contradicts_itself_where_one_claim_is_about_both_sides() -> None:
    both = rule("r", "{finding: dip}", WEAK + ", {muscle: puller, side: both, state: strong, points: 1}")
    assert found(rules(both), check="self-contradiction")


@pytest.mark.parametrize(
    "second",
    [
        "{muscle: puller, side: opposite, state: strong, points: 1}",
        "{muscle: puller, state: strong, points: 1, against: true}",
        "{muscle: puller, state: overactive, points: 1}",
        "{muscle: pusher, state: strong, points: 1}",
    ],
)
def test_another_side_axis_muscle_or_a_word_against_is_no_contradiction(second: str) -> None:
    assert found(rules(rule("r", "{finding: dip}", f"{WEAK}, {second}")), check="self-contradiction") == []


# --- loose ends -----------------------------------------------------------------------------------------------------------------------


def test_a_source_that_nothing_cites_is_told() -> None:
    loose = {i.message.split(":")[0] for i in found(rules(rule("r", "{finding: dip}", WEAK, source="study")), check="unsourced")}
    assert "second-table" in loose
    assert not loose & {"study", "table", "own-moment-arms"}


def test_a_finding_that_nothing_reads_is_told_and_a_symptom_is_not() -> None:
    text = "symptoms:\n- {id: ache, name: Ache, sides: [midline]}\n" + rules(rule("r", "{any: [{finding: dip}]}", WEAK))
    unread = {i.message.split(":")[0] for i in found(text, check="missing") if "reads it" in i.message}
    assert unread == {"lift", "bow"}


def test_a_finding_needs_a_word_on_how_to_see_it_and_on_what_else_explains_it() -> None:
    sag = "findings:\n- {id: sag, name: Sag, side_means: its side}\n"
    text = sag + "- {id: sagged, name: Sagged, side_means: x, how: look, method: palpation}\n"
    told = {i.message for i in found(text, check="missing")}
    assert {m.split(": ")[1].split(";")[0][:30] for m in told if m.startswith("sag:")} == {
        "no rule, flag, cause, pattern "[:30], "'how' is missing", "nothing beside muscles explain",
    }  # fmt: skip
    assert {m.split(": ")[1][:8] for m in told if m.startswith("sagged:")} == {"no rule,"}


def test_a_muscle_that_no_link_reaches_is_told_and_one_that_anatomy_links_is_not() -> None:
    told = "muscles: [{id: twin, name: Twin, region: hip, actions: [hip-flexion], sources: [table]}, \
{id: other-twin, name: Other twin, region: hip, actions: [hip-flexion], sources: [table]}]\n"
    lonely = {i.message.split(":")[0] for i in found(told, check="missing") if "no link" in i.message}
    assert lonely == {"puller", "pusher", "turner"}


@pytest.mark.parametrize("shelf", ["causes", "risks"])
def test_a_strong_grade_needs_a_source_that_was_read(shelf: str) -> None:
    kind = "kind: other, " if shelf == "causes" else ""
    text = f"{shelf}: [{{id: c, title: C, {kind}when: {{finding: dip}}, because: x, grade: B, sources: [hearsay]}}]\n"
    assert "c: grade B needs a source that was read" in {i.message for i in found(text, check="unsourced")}
    assert "c:" not in " ".join(i.message for i in found(text.replace("grade: B", "grade: C"), check="unsourced"))


@pytest.mark.parametrize(
    "text",
    [
        "muscles: [{id: m, name: M, region: hip, tendency: [{to: weak, source: study}], sources: [table]}]\n",
        "findings: [{id: f, name: F, side_means: x, side_source: study}]\n",
        "findings: [{id: f, name: F, side_means: x, reliability: [{kappa: 0.5, source: study}]}]\n",
        "tasks: [{id: dance, name: Dance, angles_deg: {hip-flexion: 20}, angle_source: study}]\n",
        "reversals: [{muscle: puller, below: hip-flexion, above: hip-extension, angle_of: hip-flexion, from_deg: 1, to_deg: 2,\n"
        "  source: study}]\n",
        "coverage: [{id: row, row: 1, title: Row, seeds: [study], served: {}}]\n",
        "claims: [{id: claim, title: C, says: x, sources: [study]}]\n",
        MEASURE.format(sides="midline", by="norm").replace("because: x, source: table", "because: x, source: study"),
    ],
)
def test_a_source_is_cited_wherever_it_is_named(text: str) -> None:
    loose = {i.message.split(":")[0] for i in found(text, check="unsourced")}
    assert "study" not in loose
    assert "second-table" in loose


CHAIN = """\
nodes:
- {{id: tilt, kind: joint, name: Tilt, seen_as: [{{finding: dip}}]}}
- {{id: slide, kind: joint, name: Slide, seen_as: [{{finding: lift}}]}}
- {{id: turn, kind: joint, name: Turn, seen_as: [{{finding: bow}}]}}
link_kinds:
- {{id: joint, name: Joint, allowed: [[present, present]], caution: x}}
links:
- {{id: one, kind: joint, from: {{node: tilt}}, to: {{node: slide}}, map: {{present: present}}, strength: 1, mechanism: x, grade: D,
   sources: [table]}}
- {{id: two, kind: joint, from: {{node: slide}}, to: {{node: turn}}, map: {{present: present}}, strength: 1, mechanism: x, grade: D,
   sources: [table]}}
chains:
- {{id: c, title: C, steps: [{steps}], caution: x, sources: [table]}}
"""


def test_a_chain_whose_steps_do_not_meet_is_broken() -> None:
    assert found(CHAIN.format(steps="one, two"), check="broken-chain") == []
    (issue,) = found(CHAIN.format(steps="two, one"), check="broken-chain")
    assert "step one starts where no earlier step led" in issue.message
