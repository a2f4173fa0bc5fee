"""Textbook beside measurement: where both speak they agree, or the reason stands beside the difference, both ways."""

from __future__ import annotations

from small import small_kb

from expert.anatomy import comparisons, unexplained
from expert.cli_kb import AGREEMENT
from expert.model import Knowledge, KnowledgeBase


def body(muscle: str, *measured: str, part: str = "") -> KnowledgeBase:
    """One muscle with what the textbook says, and the measured net directions."""
    named = f"part: {part}, " if part else ""
    rows = "".join(f"- {{muscle: bender, {named}direction: {direction}}}\n" for direction in measured)
    taught = f"muscles:\n- {{id: bender, name: Bender, region: hip, sources: [table], {muscle}}}\n"
    return small_kb(taught + (f"measured_actions:\n{rows}" if rows else ""))


def agreement(kb: KnowledgeBase) -> list[tuple[str, tuple[str, ...], str, bool]]:
    return [(c.axis, c.taught, c.measured, c.agrees) for c in comparisons(kb)]


def problems(kb: KnowledgeBase) -> list[str]:
    return list(unexplained(comparisons(kb), kb))


def test_a_direction_that_is_taught_and_measured_agrees() -> None:
    kb = body("actions: [hip-flexion]", "hip-flexion")
    assert agreement(kb) == [("hip-swing", ("hip-flexion",), "hip-flexion", True)]
    assert problems(kb) == []


def test_a_direction_that_is_measured_the_other_way_disagrees_and_wants_a_reason() -> None:
    kb = body("actions: [hip-extension]", "hip-flexion")
    assert agreement(kb) == [("hip-swing", ("hip-extension",), "hip-flexion", False)]
    assert problems(kb) == ["bender: taught hip-extension, measured hip-flexion, and no reason is given"]


def test_a_reason_explains_the_difference_and_does_not_make_it_agree() -> None:
    kb = body("actions: [hip-extension], differs: [{direction: hip-extension, because: of the model}]", "hip-flexion")
    (one,) = comparisons(kb)
    assert (one.agrees, one.because) == (False, "of the model")
    assert problems(kb) == []


def test_a_reason_for_a_difference_that_is_not_there_is_told() -> None:
    kb = body("actions: [hip-flexion], differs: [{direction: hip-flexion, because: of habit}]", "hip-flexion")
    assert problems(kb) == ["bender: a reason is given for hip-flexion, but nothing measured contradicts it"]
    unmeasured = body("actions: [hip-flexion], differs: [{direction: hip-flexion, because: of habit}]")
    assert len(problems(unmeasured)) == 1


def test_a_reason_given_for_one_part_explains_no_other() -> None:
    told = "parts: [{name: upper, actions: [hip-extension]}], differs: [{part: lower, direction: hip-extension, because: of it}]"
    assert len(problems(body(told, "hip-flexion", part="upper"))) == 2  # one without a reason, one reason without a difference


def test_of_two_taught_directions_about_one_axis_either_agrees() -> None:
    assert [c.agrees for c in comparisons(body("actions: [hip-flexion, hip-extension]", "hip-extension"))] == [True]


def test_what_the_textbook_says_nothing_of_is_not_compared() -> None:
    assert comparisons(body("actions: [hip-flexion]", "lumbar-flexion")) == ()
    assert comparisons(body("actions: [hip-flexion]")) == ()


def test_a_part_is_compared_with_what_is_taught_of_that_part() -> None:
    kb = body("actions: [hip-flexion], parts: [{name: upper, actions: [hip-extension]}]", "hip-extension", part="upper")
    assert [(c.part, c.taught, c.agrees) for c in comparisons(kb)] == [("upper", ("hip-extension",), True)]


def test_what_is_not_taught_of_a_part_is_taught_of_the_whole() -> None:
    kb = body("actions: [hip-flexion], parts: [{name: upper, actions: [lumbar-flexion]}]", "hip-extension", part="upper")
    assert [(c.taught, c.agrees) for c in comparisons(kb)] == [(("hip-flexion",), False)]


def test_the_shipped_directions_agree_with_measurement_and_every_difference_has_its_reason(knowledge: Knowledge) -> None:
    found = comparisons(knowledge.kb)
    assert len(found) > 150
    assert sum(c.agrees for c in found) >= AGREEMENT * len(found)
    assert list(unexplained(found, knowledge.kb)) == []
