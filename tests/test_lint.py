"""Checks over rules and knowledge: each finds what it is for, with its place, and nothing in what is right."""

from __future__ import annotations

import pytest
from small import rule, rules, small_knowledge

from expert.errors import ExpertError
from expert.lint import CHECKS, Issue, entries_named, lint
from expert.model import Knowledge

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


# --- looking things up ------------------------------------------------------------------------------------------------------------------


def test_an_entry_is_found_by_its_id_with_its_place(knowledge: Knowledge) -> None:
    ((section, entry, place),) = entries_named("hip-drop", knowledge.kb)
    assert (section, entry.id) == ("findings", "hip-drop")
    assert place[0].endswith(".yaml")
    assert place[1] > 0


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("TFL", "tensor-fasciae-latae"), ("QL", "quadratus-lumborum"), ("knees cave in", "knee-valgus"), ("jogging", "running")],
)
def test_an_entry_is_found_by_the_words_that_name_it(words: str, wanted: str, knowledge: Knowledge) -> None:
    assert {entry.id for _, entry, _ in entries_named(words, knowledge.kb)} == {wanted}


def test_entries_of_every_section_are_found_by_their_id(knowledge: Knowledge) -> None:
    places = [place.split(":", 1) for place in knowledge.kb.places]
    nameless = ("shares", "measured_actions", "reversals")  # what is said of a muscle's pull has no id
    one_of_each = {section: name for section, name in places if section not in nameless}
    assert len(one_of_each) > 12
    for section, name in one_of_each.items():
        assert (section, name) in {(s, e.id) for s, e, _ in entries_named(name, knowledge.kb)}


def test_a_name_that_nothing_has_is_refused_with_near_ones(knowledge: Knowledge) -> None:
    with pytest.raises(ExpertError, match="nothing is called 'zzqqj'"):
        entries_named("zzqqj", knowledge.kb)
