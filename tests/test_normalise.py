"""A case into sided items: every side is the patient's, every doubt is a question, nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from small import small_kb
from strategies import cases

from expert import load_knowledge
from expert.cases import case_from_mapping, case_from_text
from expert.errors import CaseError
from expert.model import KnowledgeBase, Stated
from expert.normalise import normalise

MIRROR = {"left": "right", "right": "left"}

SMALL = """\
tasks:
- {id: one-leg, name: One leg, synonyms: [standing on one leg], single_leg: true}
findings:
- id: fall
  name: Fall
  synonyms: [{words: Faller's sign, side: opposite}, {words: falls in the squat, task: squat}]
  side_means: the side that falls; the other leg stands
  stance: opposite
  tasks: [squat, one-leg]
- {id: tip, name: Tip, side_means: the side it tips to, stance: same}
- {id: one-way, name: One way, sides: [left, right], side_means: the side it goes to}
- id: agreed
  name: Agreed
  side_means: its side
  reliability:
  - {kappa: 0.7, source: study}
  - {kappa: 0.3, icc: 0.9, task: squat, source: study}
symptoms:
- {id: night-ache, name: Night ache, sides: [left, right, midline], side_optional: true}
history:
- {id: thin-bones, name: Thin bones, synonyms: [osteoporosis], sides: [midline]}
- {id: old-sprain, name: Old sprain, side_means: its side}
flags:
- id: bad-thing
  title: Possible bad thing
  level: urgent
  when: {symptom: night-ache}
  because: it may be bad
  action: ask
  grade: D
  sources: [hearsay]
"""


@pytest.fixture(scope="module")
def kb() -> KnowledgeBase:
    return small_kb(SMALL)


@pytest.fixture(scope="module")
def shipped() -> KnowledgeBase:
    return load_knowledge().kb


def stated(kb: KnowledgeBase, *findings: Any, **more: Any) -> Stated:
    return normalise(case_from_mapping({"findings": list(findings), **more}), kb)


def keys(found: Stated) -> list[str]:
    return [i.key for i in found.items]


def refused(kb: KnowledgeBase, *findings: Any, **more: Any) -> list[str]:
    with pytest.raises(CaseError) as caught:
        stated(kb, *findings, **more)
    return [str(f) for f in caught.value.faults]


def a(name: str, side: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, **({"side": side} if side else {}), **more}


# --- sides ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["left", "right"])
def test_trendelenburg_of_a_side_is_the_hip_drop_of_the_other(side: str, shipped: KnowledgeBase) -> None:
    assert keys(stated(shipped, a("Trendelenburg", side))) == [f"hip-drop:{MIRROR[side]}"]
    assert keys(stated(shipped, a("positive Trendelenburg sign", side, task="walking"))) == [f"hip-drop:{MIRROR[side]}:walking"]
    assert keys(stated(shipped, a("hip drop", side))) == [f"hip-drop:{side}"]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_side_said_with_the_name_is_the_side(side: str, kb: KnowledgeBase) -> None:
    assert keys(stated(kb, f"{side} fall")) == [f"fall:{side}"]
    assert keys(stated(kb, f"Faller's sign {side}")) == [f"fall:{MIRROR[side]}"]
    assert keys(stated(kb, a(f"fall {side}", side))) == [f"fall:{side}"]


def test_a_side_said_twice_and_differently_is_asked_about(kb: KnowledgeBase) -> None:
    (fault,) = refused(kb, a("left fall", "right"))
    assert "says left, its side says right: which is it?" in fault


def test_bilateral_is_two_findings_one_of_each_side(kb: KnowledgeBase) -> None:
    found = stated(kb, a("fall", "bilateral", task="squat", severity="severe", note="n"))
    assert keys(found) == ["fall:left:squat", "fall:right:squat"]
    assert {(i.severity, i.note, i.written) for i in found.items} == {(1250, "n", "fall")}
    assert keys(stated(kb, "both falls")) == ["fall:left", "fall:right"]


def test_bilateral_by_a_word_that_turns_the_side_round_is_bilateral(kb: KnowledgeBase) -> None:
    assert keys(stated(kb, a("Faller's sign", "bilateral"))) == ["fall:left", "fall:right"]


def test_what_lies_in_the_midline_needs_no_side_and_shows_none(kb: KnowledgeBase) -> None:
    for entry in (a("bow"), a("bow", "midline")):
        (item,) = stated(kb, entry).items
        assert (item.key, item.side) == ("bow", "midline")


def test_a_symptom_may_be_told_without_its_side(kb: KnowledgeBase) -> None:
    assert keys(stated(kb, symptoms=["night ache"])) == ["night-ache"]
    assert keys(stated(kb, symptoms=[a("night ache", "left")])) == ["night-ache:left"]


def test_a_missing_side_is_asked_for_and_the_question_says_what_the_side_means(kb: KnowledgeBase) -> None:
    assert refused(kb, "fall") == [
        "case: findings[0].name: fall: which side? Say left, right or bilateral (the side that falls; the other leg stands)"
    ]


@pytest.mark.parametrize(("name", "side", "takes"), [("fall", "midline", "left, right or bilateral"), ("bow", "left", "midline"),
                                                     ("one way", "bilateral", "left or right")])  # fmt: skip
def test_a_side_that_a_finding_does_not_take_is_refused_with_those_it_takes(name: str, side: str, takes: str, kb: KnowledgeBase) -> None:
    (fault,) = refused(kb, a(name, side))
    assert f"does not take the side '{side}'; it takes {takes}" in fault


@given(cases())
def test_the_mirror_of_a_case_is_read_as_the_mirror_of_its_items(case: dict[str, Any]) -> None:
    kb = load_knowledge().kb
    mirrored = {
        section: [{**e, "side": MIRROR.get(e["side"], e["side"])} if "side" in e else e for e in case[section]]
        for section in ("findings", "symptoms", "history")
    }
    one, other = (normalise(case_from_mapping(c), kb) for c in (case, case | mirrored))
    turned = {(i.finding, MIRROR.get(i.side, i.side), i.task, i.present, i.severity, i.painful) for i in one.items}
    assert turned == {(i.finding, i.side, i.task, i.present, i.severity, i.painful) for i in other.items}


# --- the leg that stands ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("said", ["stance", "task", "both"])
def test_a_fall_on_the_side_of_the_leg_that_stands_names_both_readings(side: str, said: str, kb: KnowledgeBase) -> None:
    told = {"stance": {"stance": side}, "task": {"task": f"{side} one leg"}, "both": {"stance": side, "task": f"{side} one leg"}}[said]
    (fault,) = refused(kb, a("fall", side, **told))
    other = MIRROR[side]
    assert f"fall {side} means that the {other} leg stands, but the {side} leg is said to stand" in fault
    assert f"either 'fall' {other}, or {other} stance (the side that falls; the other leg stands)" in fault


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_stance_that_agrees_is_taken(side: str, kb: KnowledgeBase) -> None:
    other = MIRROR[side]
    assert keys(stated(kb, a("fall", side, stance=other))) == [f"fall:{side}"]
    assert keys(stated(kb, a("fall", side, task=f"{other} one leg"))) == [f"fall:{side}:one-leg"]
    assert keys(stated(kb, a("tip", side, stance=side))) == [f"tip:{side}"]
    assert keys(stated(kb, a("Faller's sign", side, stance=side))) == [f"fall:{other}"]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_tip_away_from_the_leg_that_stands_is_refused(side: str, kb: KnowledgeBase) -> None:
    assert "leg is said to stand" in refused(kb, a("tip", side, stance=MIRROR[side]))[0]


def test_two_legs_cannot_be_the_one_that_stands(kb: KnowledgeBase) -> None:
    assert refused(kb, a("fall", "right", stance="left", task="right one leg"))


def test_one_stance_leg_does_not_let_both_sides_fall(kb: KnowledgeBase) -> None:
    assert refused(kb, a("fall", "bilateral", stance="left", task="one leg"))


def test_the_right_hip_of_a_right_single_leg_squat_does_not_drop(shipped: KnowledgeBase) -> None:
    assert "the left leg stands" in refused(shipped, a("hip drop", "right", task="right single-leg squat"))[0]
    assert keys(stated(shipped, a("hip drop", "right", task="left single-leg squat"))) == ["hip-drop:right:single-leg-squat"]


# --- tasks ------------------------------------------------------------------------------------------------------------------------


def test_a_task_is_known_by_any_of_its_names(kb: KnowledgeBase) -> None:
    for task in ("one-leg", "One Leg", "standing on one leg", "one leg standing"):
        assert keys(stated(kb, a("fall", "left", task=task))) == ["fall:left:one-leg"]


def test_words_may_imply_their_task(kb: KnowledgeBase) -> None:
    assert keys(stated(kb, a("falls in the squat", "left"))) == ["fall:left:squat"]
    assert keys(stated(kb, a("falls in the squat", "left", task="squat"))) == ["fall:left:squat"]


def test_words_that_imply_one_task_do_not_stand_for_another(kb: KnowledgeBase) -> None:
    assert refused(kb, a("falls in the squat", "left", task="one leg"))


def test_a_task_in_which_it_is_not_recorded_brings_those_in_which_it_is(kb: KnowledgeBase) -> None:
    (fault,) = refused(kb, a("fall", "left", task="walking"))
    assert "fall is not recorded in 'walking'; it is in: squat, one-leg" in fault


def test_an_unknown_task_brings_near_ones(kb: KnowledgeBase) -> None:
    assert "unknown task 'squatting about', did you mean 'squat'" in refused(kb, a("fall", "left", task="squatting about"))[0]
    assert refused(kb, a("fall", "left", task="zzz")) == ["case: findings[0].task: unknown task 'zzz'"]


def test_a_finding_that_names_no_tasks_takes_any(kb: KnowledgeBase) -> None:
    assert keys(stated(kb, a("tip", "left", task="walking"))) == ["tip:left:walking"]


# --- names ------------------------------------------------------------------------------------------------------------------------


def test_an_unknown_name_brings_near_ones_with_their_ids(shipped: KnowledgeBase) -> None:
    (fault,) = refused(shipped, a("knee valgus moment", "left"))
    assert fault.startswith("case: findings[0].name: unknown finding 'knee valgus moment', did you mean ")
    assert "(knee-valgus)" in fault


def test_a_name_with_nothing_near_is_called_unknown_and_no_more(kb: KnowledgeBase) -> None:
    assert refused(kb, a("qqqq", "left")) == ["case: findings[0].name: unknown finding 'qqqq'"]


def test_a_name_between_two_findings_lists_them_and_chooses_none(shipped: KnowledgeBase) -> None:
    (fault,) = refused(shipped, a("knee vargus", "left"))
    assert "can be read in more than one way: knee-valgus, knee-varus; say which" in fault


def test_a_mended_name_is_read_and_said(shipped: KnowledgeBase) -> None:
    found = stated(shipped, a("knee valguss", "left"))
    assert keys(found) == ["knee-valgus:left"]
    assert found.warnings == ("'knee valguss' was read as knee-valgus",)
    assert found.items[0].written == "knee valguss"


def test_a_name_that_is_read_as_written_needs_no_warning(shipped: KnowledgeBase) -> None:
    assert stated(shipped, a("Knees cave in", "left")).warnings == ()


def test_a_symptom_or_history_item_may_stand_among_the_findings(kb: KnowledgeBase) -> None:
    found = stated(kb, "night ache", "osteoporosis")
    assert [(i.finding, i.kind) for i in found.items] == [("night-ache", "symptom"), ("thin-bones", "history")]
    assert keys(stated(kb, symptoms=["night ache"], history=["osteoporosis"])) == keys(found)


# --- twice, and both ways ---------------------------------------------------------------------------------------------------------


def test_present_and_absent_under_one_key_is_refused_with_both_lines(kb: KnowledgeBase) -> None:
    text = "findings:\n- {name: fall, side: left, task: squat}\n\n- {name: Faller's sign, side: right, task: squat, present: false}\n"
    with pytest.raises(CaseError) as caught:
        normalise(case_from_text(text, "case.yaml"), kb)
    assert str(caught.value) == (
        "case.yaml:4: fall:left:squat is both present and absent (line 2); in another task it would be information"
    )


def test_a_bilateral_finding_contradicts_the_absence_of_one_side(kb: KnowledgeBase) -> None:
    (fault,) = refused(kb, a("fall", "bilateral"), a("fall", "right", present=False))
    assert "fall:right is both present and absent" in fault


def test_present_in_one_task_and_absent_in_another_is_information(kb: KnowledgeBase) -> None:
    found = stated(kb, a("fall", "left", task="squat"), a("fall", "left", task="one leg", present=False))
    assert [(i.key, i.present) for i in found.items] == [("fall:left:one-leg", False), ("fall:left:squat", True)]


def test_a_repeat_counts_once_with_the_higher_severity_and_is_said(kb: KnowledgeBase) -> None:
    for order in (("mild", "severe"), ("severe", "mild")):
        found = stated(kb, *(a("fall", "left", severity=s) for s in order))
        assert [(i.key, i.severity) for i in found.items] == [("fall:left", 1250)]
        assert found.warnings == ("fall:left stands twice; it counts once, with the higher severity",)


def test_a_repeat_keeps_the_better_observer_and_any_pain(kb: KnowledgeBase) -> None:
    (item,) = stated(kb, a("fall", "left", severity="severe"), a("fall", "left", seen_by="instrument", pain=4)).items
    assert (item.severity, item.reliability, item.instrumented, item.painful) == (1250, 1000, True, True)


def test_the_order_of_repeats_does_not_matter(kb: KnowledgeBase) -> None:
    told = (("mild", "eye", "x"), ("mild", "eye", "y"), (0.9, "photo", "z"))
    entries = [a("fall", "left", severity=s, seen_by=b, note=n) for s, b, n in told]
    assert stated(kb, *entries).items == stated(kb, *entries[::-1]).items


def test_unknown_is_not_asked_and_what_is_known_beside_it_counts(kb: KnowledgeBase) -> None:
    found = stated(kb, a("fall", "bilateral", present="unknown"), a("fall", "left", present=False))
    assert [(i.key, i.present) for i in found.items] == [("fall:left", False)]
    assert found.unknown == ("fall:right",)


# --- how sure, how much, how it felt ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "factor"), [("mild", 500), ("moderate", 1000), ("severe", 1250), (0.2, 300), (1, 1250), (0.9, 1250), (0, 0)]
)
def test_severity_is_a_word_or_a_number_up_to_severe(severity: Any, factor: int, kb: KnowledgeBase) -> None:
    assert stated(kb, a("fall", "left", severity=severity)).items[0].severity == factor


@pytest.mark.parametrize(
    ("entry", "factor"),
    [
        (a("agreed", "left"), 800),
        (a("agreed", "left", task="walking"), 800),
        (a("agreed", "left", task="squat"), 400),  # of several figures the worse one
        (a("agreed", "left", task="squat", seen_by="instrument"), 1000),
        (a("agreed", "left", seen_by="video"), 800),
        (a("fall", "left"), 600),  # nothing published
    ],
)
def test_reliability_is_that_of_the_finding_in_its_task(entry: dict[str, Any], factor: int, kb: KnowledgeBase) -> None:
    assert stated(kb, entry).items[0].reliability == factor


@pytest.mark.parametrize(
    ("told", "painful"),
    [({}, False), ({"pain": 0}, False), ({"pain": 0.5}, True), ({"limited_by": "pain"}, True), ({"limited_by": "fear"}, True),
     ({"limited_by": "stiffness"}, False), ({"limited_by": "control"}, False)],
)  # fmt: skip
def test_a_finding_is_painful_where_pain_or_fear_of_it_is_told(told: dict[str, Any], painful: bool, kb: KnowledgeBase) -> None:
    assert stated(kb, a("fall", "left", **told)).items[0].painful is painful


# --- the person ---------------------------------------------------------------------------------------------------------------------


def test_conditions_and_medicines_are_used_where_known_and_else_said_to_be_unused(kb: KnowledgeBase) -> None:
    found = stated(kb, patient={"conditions": ["night ache", "green hair"], "medicines": ["sugar"]})
    assert keys(found) == ["night-ache"]
    assert [u.finding for u in found.unused] == ["patient.conditions.1", "patient.medicines.0"]
    assert "'green hair'" in found.unused[0].because


def test_a_condition_of_the_midline_is_used_too(kb: KnowledgeBase) -> None:
    assert keys(stated(kb, patient={"conditions": ["osteoporosis"]})) == ["thin-bones"]


def test_a_condition_is_never_guessed_from_a_misspelling(kb: KnowledgeBase) -> None:
    found = stated(kb, patient={"conditions": ["night acke"]})
    assert keys(found) == []
    assert len(found.unused) == 1


def test_a_measurement_that_no_rule_reads_is_said_to_be_unused(kb: KnowledgeBase) -> None:
    (unused,) = stated(kb, measurements=[{"name": "hip abduction strength", "side": "left", "value": 180, "unit": "N"}]).unused
    assert (unused.finding, "hip abduction strength" in unused.because) == ("measurements[0]", True)


def test_what_is_told_of_the_person_is_kept_and_what_is_not_is_none(kb: KnowledgeBase) -> None:
    told = stated(
        kb,
        patient={"age": 17, "sex": "female", "pregnancy": True, "postpartum_weeks": 3},
        surgery=[{"name": "knee", "side": "left", "date": "2026-05", "restrictions": ["no kneeling"]}],
    ).patient
    assert (told.age, told.sex, told.pregnancy, told.postpartum_weeks) == (17, "female", True, 3)
    assert (told.surgery[0].name, told.surgery[0].side, told.surgery[0].restrictions) == ("knee", "left", ("no kneeling",))
    nothing = stated(kb, patient={"sex": "other"}).patient
    assert (nothing.age, nothing.sex, nothing.pregnancy, nothing.postpartum_weeks, nothing.surgery) == (None, None, None, None, ())


# --- red flags ruled out as a whole ---------------------------------------------------------------------------------------------------


def test_a_red_flag_can_be_ruled_out_by_its_name(kb: KnowledgeBase) -> None:
    for name in ("bad-thing", "Possible bad thing", "bad thing"):
        found = stated(kb, symptoms=[{"name": name, "present": False}])
        assert found.ruled_out == ("bad-thing",)
        assert found.items == ()


def test_a_red_flag_is_not_raised_by_its_name_but_by_what_is_there(kb: KnowledgeBase) -> None:
    (fault,) = refused(kb, symptoms=[{"name": "bad thing"}])
    assert "to raise it, say what is there: night-ache" in fault


def test_a_red_flag_said_to_be_unknown_is_not_ruled_out(kb: KnowledgeBase) -> None:
    assert stated(kb, symptoms=[{"name": "bad thing", "present": "unknown"}]).ruled_out == ()


# --- all at once ------------------------------------------------------------------------------------------------------------------------


def test_every_fault_of_a_case_is_told_at_once(kb: KnowledgeBase) -> None:
    faults = refused(kb, "fall", a("qqqq", "left"), a("fall", "left", task="zzz"), a("bow", "left"), symptoms=["wwww"])
    assert len(faults) == 5


def test_items_come_in_order_of_their_keys_however_they_were_written(kb: KnowledgeBase) -> None:
    entries = [a("tip", "right"), a("bow"), a("fall", "left"), "night ache"]
    assert keys(stated(kb, *entries)) == sorted(keys(stated(kb, *entries))) == keys(stated(kb, *entries[::-1]))
