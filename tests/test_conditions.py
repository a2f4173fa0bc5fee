"""Conditions: expanded into alternatives that engines match, or decided as true, false or not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from expert.conditions import MOST_VARIANTS, Compiler, ConditionError, Verdict, by_finding, decide, severity_least
from expert.formats import Condition, SeverityFactors
from expert.model import Item, Patient, Term
from expert.premises import bind, fact_of

SEVERITY = SeverityFactors(mild=0.5, moderate=1.0, severe=1.25, number_slope=1.5)
COMPILER = Compiler(lambda finding: finding not in ("bow", "arch"), lambda finding: finding in ("bow", "arch", "ache"), SEVERITY)


def condition(**told: Any) -> Condition:
    return Condition.model_validate(told)


def f(name: str, **told: Any) -> dict[str, Any]:
    return {"finding": name, **told}


def names(told: Condition) -> list[tuple[str, ...]]:
    return [tuple(t.name for t in terms) for terms, _ in COMPILER.alternatives(told)]


# --- alternatives ------------------------------------------------------------------------------------------------------------------


def test_one_finding_is_one_premise_with_its_tasks_and_its_least_severity() -> None:
    told = condition(finding="dip", task=["walking", "squat"], severity="severe")
    assert COMPILER.alternatives(told) == (((Term("finding", "dip", "", "same", ("squat", "walking"), (), 1250),), ()),)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"all": [f("a"), f("b")]}, [("a", "b")]),
        ({"any": [f("a"), f("b")]}, [("a",), ("b",)]),
        ({"all": [f("a"), {"any": [f("b"), f("c")]}]}, [("a", "b"), ("a", "c")]),
        ({"any": [f("a"), {"all": [f("b"), f("c")]}]}, [("a",), ("b", "c")]),
        ({"at_least": 2, "of": [f("a"), f("b"), f("c")]}, [("a", "b"), ("a", "c"), ("b", "c")]),
        ({"all": [{"any": [f("a"), f("b")]}, {"any": [f("c"), f("d")]}]}, [("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")]),
        ({"any": [f("a"), f("a")]}, [("a",)]),  # said twice, holds once
        ({"all": [f("a"), f("a")]}, [("a",)]),
    ],
)
def test_combiners_expand_into_one_alternative_for_each_way_to_hold(told: dict[str, Any], expected: list[tuple[str, ...]]) -> None:
    assert names(condition(**told)) == expected


def test_none_becomes_what_must_not_be_there() -> None:
    ((terms, unless),) = COMPILER.alternatives(condition(all=[f("a"), {"none": [f("b"), f("c", side="opposite")]}]))
    assert [t.name for t in terms] == ["a"]
    assert [(t.name, t.side) for t in unless] == [("b", "same"), ("c", "opposite")]


def test_midline_findings_join_sided_ones_on_either_side_and_come_last() -> None:
    ((terms, _),) = COMPILER.alternatives(condition(all=[f("bow"), f("dip")]))
    assert [(t.name, t.side) for t in terms] == [("dip", "same"), ("bow", "any")]


def test_midline_findings_among_themselves_keep_their_side() -> None:
    ((terms, _),) = COMPILER.alternatives(condition(all=[f("bow"), f("arch")]))
    assert [(t.name, t.side) for t in terms] == [("bow", "same"), ("arch", "same")]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"none": [f("a")]}, "something to start from"),
        ({"all": [{"none": [f("a")]}, {"none": [f("b")]}]}, "something to start from"),
        ({"all": [f(c) for c in "abcdefg"]}, "more than 6 premises"),
        ({"at_least": 4, "of": [f(c) for c in "abcdefghijk"]}, "more than 200 alternatives"),
        ({"all": [f("a", side="any"), {"none": [f("b")]}]}, "which side"),
        ({"all": [f("a"), {"sex": "female"}]}, "'sex' cannot stand here"),
        ({"all": [f("a"), {"none": [{"all": [f("b"), f("c")]}]}]}, "'all' cannot stand here"),
    ],
)
def test_what_cannot_be_compiled_says_why(told: dict[str, Any], says: str) -> None:
    with pytest.raises(ConditionError, match=says):
        COMPILER.alternatives(condition(**told))


def test_as_many_alternatives_as_are_allowed_are_compiled() -> None:
    told = condition(at_least=3, of=[f(c) for c in "abcdefghij"])  # 120
    assert len(COMPILER.alternatives(told)) == 120 <= MOST_VARIANTS


def test_alternatives_that_repeat_one_another_a_great_deal_are_not_lost() -> None:
    told = condition(all=[{"any": [f(c) for c in "abcde"]} for _ in range(6)])  # 15 625 ways, 325 of them different
    with pytest.raises(ConditionError, match="more than 200"):
        COMPILER.alternatives(told)


def test_what_may_be_told_without_a_side_joins_on_its_side_or_unsided() -> None:
    found = COMPILER.alternatives(condition(all=[f("dip"), f("ache")]))
    assert {tuple((t.name, t.side) for t in terms) for terms, _ in found} == {
        (("dip", "same"), ("ache", "same")), (("dip", "same"), ("ache", "midline")),
    }  # fmt: skip


def test_what_is_asked_of_both_sides_does_not_join_without_a_side() -> None:
    found = COMPILER.alternatives(condition(all=[f("ache"), f("ache", side="opposite"), f("dip")]))
    assert [tuple((t.name, t.side) for t in terms) for terms, _ in found] == [(("ache", "same"), ("ache", "opposite"), ("dip", "same"))]


def test_a_premise_of_the_opposite_side_binds_no_fact_without_a_side() -> None:
    term = Term("finding", "ache", "", "opposite")
    told = {side: fact_of(item(f"ache:{side}")) for side in ("left", "right", "midline")}
    assert bind(term, told["midline"], (None, None)) is None
    assert bind(term, told["left"], (None, None)) == ("right", None)
    assert bind(term, told["left"], ("left", None)) is None
    assert bind(replace(term, side="same"), told["midline"], (None, None)) == ("midline", None)


def test_too_many_alternatives_are_refused_before_they_are_all_made() -> None:
    asked: list[str] = []

    def takes_side(finding: str) -> bool:
        asked.append(finding)
        return True

    told = condition(all=[{"any": [f(f"{part}{n}") for n in range(8)]} for part in "abcdef"])  # 262 144 ways
    with pytest.raises(ConditionError, match="more than 200"):
        Compiler(takes_side, lambda finding: False, SEVERITY).alternatives(told)
    assert len(asked) < 20_000


# --- decided at once -----------------------------------------------------------------------------------------------------------------


def item(key: str, present: bool = True, severity: int = 1000) -> Item:
    finding, side, task = (*key.split(":"), "", "")[:3]
    return Item(key, finding, "finding", side or "midline", task, present, severity, 600, False, False, key)


def decided(told: dict[str, Any], *items: Item, **patient: Any) -> Verdict:
    return decide(condition(**told), by_finding(items), Patient(**patient), severity_least(SEVERITY))


def both(finding: str, present: bool = False, severity: int = 1000) -> list[Item]:
    """Looked at on both sides: absent, unless said otherwise."""
    return [item(f"{finding}:{side}", present, severity) for side in ("left", "right")]


YES, NO = item("a:left"), item("a:left", present=False)


@pytest.mark.parametrize(
    ("told", "items", "value"),
    [
        (f("a"), [YES], True),
        (f("a"), both("a"), False),
        (f("a"), [item("a", False)], False),  # asked without a side
        (f("a"), [NO], None),  # the right one was not looked at
        (f("a", side="any"), [NO], False),
        (f("a"), [], None),
        (f("a"), [item("b:left")], None),
        (f("a"), [item("a:left", False), item("a:right")], True),
        ({"all": [f("a"), f("b")]}, [YES, item("b:left")], True),
        ({"all": [f("a"), f("b")]}, [YES, item("b:right")], None),  # the left b was not looked at
        ({"all": [f("a"), f("b")]}, [YES, item("b:right"), item("b:left", False), item("a:right", False)], False),  # not on one side
        ({"all": [f("a"), f("b", side="opposite")]}, [YES, item("b:right")], True),
        ({"all": [f("a", side="any"), f("b", side="any")]}, [YES, item("b:right")], True),
        ({"all": [f("a"), f("b")]}, [YES], None),
        ({"all": [f("a"), f("b")]}, both("a"), False),  # b was not asked, but a is not there
        ({"any": [f("a"), f("b")]}, both("a"), None),
        ({"any": [f("a"), f("b")]}, [*both("a"), *both("b")], False),
        ({"any": [f("a"), f("b")]}, [NO, item("b:left")], True),
        ({"at_least": 2, "of": [f("a"), f("b"), f("c")]}, [YES, item("c:left")], True),
        ({"at_least": 2, "of": [f("a"), f("b"), f("c")]}, [YES], None),
        ({"all": [f("a"), {"none": [f("b")]}]}, [YES], True),  # silence about b never holds a flag back
        ({"all": [f("a"), {"none": [f("b")]}]}, [YES, item("b:left"), item("a:right", False)], False),
    ],
)
def test_a_condition_is_true_false_or_not_asked(told: dict[str, Any], items: list[Item], value: bool | None) -> None:
    assert decided(told, *items).value is value


def test_a_case_is_decided_the_same_in_the_mirror() -> None:
    told = {"all": [f("a"), f("b", side="opposite")]}
    assert decided(told, item("a:right"), item("b:left")).value is decided(told, item("a:left"), item("b:right")).value is True
    assert decided(told, item("a:right"), item("b:right")).value is not True


def test_what_was_told_without_a_side_may_be_on_this_one_but_never_speaks_for_the_other_as_well() -> None:
    assert decided({"all": [f("a"), f("b")]}, item("a:left"), item("b")).value is True
    assert decided({"all": [f("a"), f("b", side="opposite")]}, item("a:left"), item("b")).value is not True


@pytest.mark.parametrize(
    ("items", "value"), [([YES], False), ([NO], True), ([], None), ([item("a:right", False)], None), ([item("a", False)], True)]
)
def test_what_was_looked_for_and_is_not_there_can_be_asked_for(items: list[Item], value: bool | None) -> None:
    told = condition(all=[f("a", present=False), f("b")])
    verdict = decided({"all": [f("a", present=False), f("b")]}, *items, item("b:left"))
    assert verdict.value is True if value else verdict.value is not True
    ((terms, _),) = COMPILER.alternatives(told)
    assert [t.present for t in terms] == [False, True]


BOTH_SIDES = {"all": [f("a"), f("a", side="opposite")]}


@pytest.mark.parametrize(
    ("items", "value"),
    [
        ([item("a")], None),  # which side was not told: not asked, and no denial
        ([item("a"), item("a:left")], None),  # the one without a side may be the left one again
        ([item("a"), item("a:right")], None),
        ([YES], None),
        (both("a", present=True), True),
        ([*both("a", present=True), item("a")], True),
        ([YES, item("a:right", False)], False),
        ([item("a", False)], False),  # not there on any side
    ],
)
def test_silence_about_a_side_never_makes_a_thing_be_on_both(items: list[Item], value: bool | None) -> None:
    mirror = [replace(i, side={"left": "right", "right": "left"}.get(i.side, i.side)) for i in items]
    for told in (BOTH_SIDES, {"at_least": 2, "of": BOTH_SIDES["all"]}, {"any": [BOTH_SIDES, f("c")]}):
        assert decided(told, *items).value is value or (value is False and told.get("any")), told
        assert decided(told, *mirror).value is decided(told, *items).value


def test_a_thing_of_one_side_alone_is_not_found_in_what_has_no_side() -> None:
    told = {"all": [f("a"), {"none": [f("a", side="opposite")]}]}
    assert decided(told, YES).value is True
    assert decided(told, item("a")).value is None
    assert decided(told, *both("a", present=True)).value is False


def test_what_is_opposite_to_a_side_needs_a_side() -> None:
    assert decided(f("a", side="opposite"), item("a")).value is None
    assert decided(f("a", side="opposite"), YES).value is True


@pytest.mark.parametrize(
    ("severity", "wanted", "value"), [(500, "moderate", False), (1000, "moderate", True), (1000, "severe", False), (1250, "severe", True)]
)
def test_severity_is_a_least_one(severity: int, wanted: str, value: bool) -> None:
    assert decided(f("a", severity=wanted, side="any"), item("a:left", severity=severity)).value is value


def test_another_task_is_not_asked() -> None:
    assert decided(f("a", task=["walking"]), item("a:left:squat")).value is None
    assert decided(f("a", task=["walking"]), item("a:left:walking")).value is True


@pytest.mark.parametrize(
    ("told", "patient", "value"),
    [
        ({"age": {"at_least": 50}}, {"age": 50}, True), ({"age": {"at_least": 50}}, {"age": 49}, False),
        ({"age": {"at_least": 50}}, {}, None),
        ({"age": {"at_most": 17}}, {"age": 17}, True), ({"age": {"at_most": 17}}, {"age": 18}, False),
        ({"sex": "female"}, {"sex": "female"}, True), ({"sex": "female"}, {"sex": "male"}, False), ({"sex": "female"}, {}, None),
        ({"pregnancy": True}, {"pregnancy": True}, True), ({"pregnancy": True}, {"pregnancy": False}, False),
        ({"pregnancy": True}, {}, None), ({"postpartum": True}, {"postpartum_weeks": 0}, True),
    ],
)  # fmt: skip
def test_what_is_known_of_the_patient_decides(told: dict[str, Any], patient: dict[str, Any], value: bool | None) -> None:
    assert decided(told, **patient).value is value


def test_a_verdict_names_every_item_that_makes_it_true_on_either_side() -> None:
    found = decided({"any": [f("a"), f("b")]}, item("a:left"), item("a:right"), item("b:left", present=False))
    assert found == Verdict(True, ("a:left", "a:right"))


def test_hypotheses_cannot_be_decided_before_anything_is_inferred() -> None:
    with pytest.raises(ConditionError):
        decided({"any": [f("a"), {"hypothesis": {"muscle": "any", "state": "weak"}}]}, item("a:left"))
