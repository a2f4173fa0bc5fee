"""A case as a sheet: each edit gives a new case, says what it should, and never more than that."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expert import sheet
from expert.cases import case_from_mapping
from expert.errors import CaseError, UsageError
from expert.model import LEVELS, Knowledge, KnowledgeBase, mirrored
from expert.normalise import normalise
from expert.referral import screen

BLANK: sheet.Sheet = {"findings": []}


@pytest.fixture(scope="module")
def kb(knowledge: Knowledge) -> KnowledgeBase:
    return knowledge.kb


def keys(case: sheet.Sheet, kb: KnowledgeBase) -> dict[str, bool]:
    """What a case states: each item's key, present or absent."""
    return {i.key: i.present for i in normalise(case_from_mapping(case), kb).items}


def with_findings(*entries: dict[str, Any]) -> sheet.Sheet:
    return {"findings": list(entries)}


# --- entries -------------------------------------------------------------------------------------------------------------------


def test_an_edit_leaves_the_case_it_was_given_alone(kb: KnowledgeBase) -> None:
    case = {"findings": [{"name": "Trendelenburg", "side": "left"}, "forward head"], "history": ["desk work"]}
    before = copy.deepcopy(case)
    sheet.added(case, "findings", {"name": "hip-drop", "side": "left"}, kb)
    sheet.changed(case, "findings", 0, {"side": "right"}, kb)
    sheet.removed(case, "findings", 1)
    sheet.ticked(case, ("hip-drop", "running"), "left", kb)
    sheet.rest_not_seen(case, "gait", "back", kb)
    sheet.flag_denied(case, "cauda-equina", kb)
    assert case == before


def test_the_later_word_on_the_same_thing_side_and_task_counts(kb: KnowledgeBase) -> None:
    case = with_findings({"name": "Trendelenburg", "side": "left", "severity": "mild"}, {"name": "forward-head"})
    after = sheet.added(case, "findings", {"name": "hip-drop", "side": "right", "present": False}, kb)
    assert after["findings"] == [{"name": "hip-drop", "side": "right", "present": False}, {"name": "forward-head"}]


def test_one_side_said_anew_leaves_the_other_side_of_both_as_it_was(kb: KnowledgeBase) -> None:
    case = with_findings({"name": "knees cave in", "side": "bilateral", "severity": "severe"})
    after = sheet.added(case, "findings", {"name": "knee-valgus", "side": "left", "present": False}, kb)
    assert after["findings"][0] == {"name": "knee-valgus", "side": "right", "severity": "severe"}
    assert keys(after, kb) == {"knee-valgus:right": True, "knee-valgus:left": False}


def test_in_another_task_it_is_another_entry(kb: KnowledgeBase) -> None:
    case = with_findings({"name": "hip-drop", "side": "left", "task": "running"})
    assert len(sheet.added(case, "findings", {"name": "hip-drop", "side": "left", "task": "walking"}, kb)["findings"]) == 2


def test_setting_a_side_on_words_that_name_it_by_its_other_side_sets_the_side_of_the_finding_itself(kb: KnowledgeBase) -> None:
    case = with_findings({"name": "Trendelenburg", "side": "left", "note": "seen twice"})
    as_it_is = sheet.changed(case, "findings", 0, {"severity": "mild"}, kb)
    assert as_it_is["findings"] == [{"name": "hip-drop", "side": "right", "note": "seen twice", "severity": "mild"}]
    turned = sheet.changed(case, "findings", 0, {"side": "left"}, kb)
    assert turned["findings"][0]["side"] == "left"
    assert turned["findings"][0]["name"] == "hip-drop"


def test_a_field_that_is_taken_away_is_gone(kb: KnowledgeBase) -> None:
    case = with_findings({"name": "knee-valgus", "side": "left", "present": False, "task": "squat"})
    assert sheet.changed(case, "findings", 0, {"present": None, "task": None}, kb)["findings"] == [{"name": "knee-valgus", "side": "left"}]


def test_an_entry_changed_into_one_that_stands_already_takes_its_place(kb: KnowledgeBase) -> None:
    case = with_findings({"name": "knee-valgus", "side": "left", "present": False}, {"name": "knee-valgus", "side": "right"})
    after = sheet.changed(case, "findings", 1, {"side": "left"}, kb)
    assert after["findings"] == [{"name": "knee-valgus", "side": "left"}]


@pytest.mark.parametrize(("section", "number"), [("findings", 1), ("findings", -1), ("visit", 0), ("notes", 0), ("history", 0)])
def test_an_entry_that_is_not_there_is_refused(section: str, number: int, kb: KnowledgeBase) -> None:
    case = with_findings({"name": "forward-head"})
    with pytest.raises(UsageError, match="no such entry"):
        sheet.removed(case, section, number)
    with pytest.raises(UsageError, match="no such entry"):
        sheet.changed(case, section, number, {"side": "left"}, kb)


def test_a_section_that_is_empty_again_leaves_no_trace_but_findings_stay(kb: KnowledgeBase) -> None:
    case = sheet.added(BLANK, "symptoms", {"name": "fever"}, kb)
    assert sheet.removed(case, "symptoms", 0) == BLANK


# --- grids -----------------------------------------------------------------------------------------------------------------------


def line(case: sheet.Sheet, battery: str, name: str, kb: KnowledgeBase) -> sheet.GridLine:
    return next(x for v in sheet.grid(case, battery, kb).views for x in v.lines if x.id == name)


@pytest.mark.parametrize("answer", ["left", "right", "both", "absent", "open"])
def test_a_tick_is_what_the_grid_shows_next(answer: str, kb: KnowledgeBase) -> None:
    for before in ("left", "right", "both", "absent", "open"):
        place = ("knee-valgus", "overhead-squat")
        case = sheet.ticked(sheet.ticked(BLANK, place, before, kb), place, answer, kb)
        assert line(case, "overhead-squat", "knee-valgus", kb).answer == answer


def test_a_finding_of_the_midline_is_there_or_not(kb: KnowledgeBase) -> None:
    case = sheet.ticked(BLANK, ("forward-lean", "overhead-squat"), "midline", kb)
    assert keys(case, kb) == {"forward-lean:overhead-squat": True}
    with pytest.raises(UsageError, match="no answer"):
        sheet.ticked(BLANK, ("forward-lean", "overhead-squat"), "left", kb)


def test_what_cannot_be_on_both_sides_at_once_is_not_ticked_so_and_is_absent_on_each(kb: KnowledgeBase) -> None:
    assert "both" not in line(BLANK, "overhead-squat", "trunk-rotation", kb).answers
    case = sheet.ticked(BLANK, ("trunk-rotation", "overhead-squat"), "absent", kb)
    assert keys(case, kb) == {"trunk-rotation:left:overhead-squat": False, "trunk-rotation:right:overhead-squat": False}


def test_ticking_one_side_says_nothing_of_the_other_and_keeps_what_was_absent(kb: KnowledgeBase) -> None:
    place = ("knee-valgus", "overhead-squat")
    assert keys(sheet.ticked(BLANK, place, "left", kb), kb) == {"knee-valgus:left:overhead-squat": True}
    absent = sheet.ticked(BLANK, place, "absent", kb)
    assert keys(sheet.ticked(absent, place, "left", kb), kb) == {
        "knee-valgus:left:overhead-squat": True, "knee-valgus:right:overhead-squat": False,
    }  # fmt: skip


def test_ticking_again_keeps_how_severe_it_was(kb: KnowledgeBase) -> None:
    case = with_findings({"name": "knee-valgus", "side": "left", "task": "overhead-squat", "severity": "severe", "seen_by": "video"})
    after = sheet.ticked(case, ("knee-valgus", "overhead-squat"), "right", kb)
    assert after["findings"] == [{**case["findings"][0], "side": "right"}]


def test_the_rest_of_a_view_is_absent_and_what_was_said_stays(kb: KnowledgeBase) -> None:
    case = with_findings({"name": "knees cave in", "side": "left", "task": "overhead squat"})
    after = sheet.rest_not_seen(case, "overhead-squat", "front", kb)
    said = keys(after, kb)
    assert said["knee-valgus:left:overhead-squat"] is True
    assert said["knee-valgus:right:overhead-squat"] is False
    assert said["foot-turn-out:left:overhead-squat"] is False
    assert said["foot-turn-out:right:overhead-squat"] is False
    assert "heel-rise:left:overhead-squat" not in said  # another view
    assert sheet.rest_not_seen(after, "overhead-squat", "front", kb) == after
    assert next(v for v in sheet.grid(after, "overhead-squat", kb).views if v.view == "front").rest == 0


def test_what_is_said_without_a_task_or_is_not_known_counts_as_said(kb: KnowledgeBase) -> None:
    unknown = {"name": "knee-varus", "side": "left", "task": "overhead-squat", "present": "unknown"}
    case = with_findings({"name": "knee-valgus", "side": "bilateral"}, unknown)
    said = keys(sheet.rest_not_seen(case, "overhead-squat", "front", kb), kb)
    assert not any(k.startswith("knee-valgus") and "squat" in k for k in said)
    assert "knee-varus:left:overhead-squat" not in said
    assert said["knee-varus:right:overhead-squat"] is False


def test_the_rest_of_no_view_touches_a_red_flag_a_symptom_or_a_question(kb: KnowledgeBase) -> None:
    for battery in kb.batteries:
        for view in sheet.VIEWS:
            after = sheet.rest_not_seen(BLANK, battery, view, kb)
            stated = normalise(case_from_mapping(after), kb)
            screening = screen(stated, kb.flags, kb.findings, kb.constants.severity)
            assert (screening.asked, screening.flags, stated.ruled_out) == ((), (), ()), (battery, view)
            assert {i.kind for i in stated.items} <= {"finding"}
            assert {kb.findings[i.finding].method for i in stated.items} <= {"observation"}
            assert set(after) == {"findings"}


def test_what_decides_a_red_flag_is_left_open_and_says_so(kb: KnowledgeBase) -> None:
    after = sheet.rest_not_seen(BLANK, "gait", "side", kb)
    assert line(after, "gait", "foot-drop", kb).answer == "open"
    assert line(after, "gait", "foot-drop", kb).alone
    assert not line(BLANK, "gait", "knee-hyperextension", kb).alone


@given(data=st.data())
def test_the_mirror_of_ticks_is_the_ticks_of_the_mirror(data: st.DataObject, knowledge: Knowledge) -> None:
    kb = knowledge.kb
    battery = data.draw(st.sampled_from(sheet.GRIDS))
    lines = [x for v in sheet.grid(BLANK, battery, kb).views for x in v.lines]
    here, there = BLANK, BLANK
    for _ in range(3):
        one = data.draw(st.sampled_from(lines))
        answer = data.draw(st.sampled_from((*one.answers, "absent", "open")))
        here = sheet.ticked(here, (one.id, one.task), answer, kb)
        there = sheet.ticked(there, (one.id, one.task), mirrored(answer), kb)
    view = data.draw(st.sampled_from(sheet.VIEWS))
    here, there = (sheet.rest_not_seen(case, battery, view, kb) for case in (here, there))
    turned = {":".join(mirrored(part) for part in key.split(":")): present for key, present in keys(here, kb).items()}
    assert turned == keys(there, kb)


# --- red flags -------------------------------------------------------------------------------------------------------------------


def flag_line(case: sheet.Sheet, name: str, kb: KnowledgeBase) -> sheet.FlagLine:
    return next(x for g in sheet.flag_form(case, kb).groups for x in g.lines if x.id == name)


def test_every_red_flag_stands_in_one_group_and_counts_as_the_engine_counts(kb: KnowledgeBase) -> None:
    form = sheet.flag_form(BLANK, kb)
    assert sorted(x.id for g in form.groups for x in g.lines) == sorted(kb.flags)
    assert (form.asked, form.of, form.raised) == (0, len(kb.flags), ())
    for group in form.groups:
        assert [x.level for x in group.lines] == sorted((x.level for x in group.lines), key=LEVELS.index)


def test_every_region_at_which_a_red_flag_is_asked_has_a_group(kb: KnowledgeBase) -> None:
    homes = {region for regions in sheet.FLAG_GROUPS.values() for region in regions}
    assert {region for f in kb.flags.values() for region in f.asking.regions} <= homes


def test_a_red_flag_said_to_be_absent_is_asked_and_opened_again_it_is_not(kb: KnowledgeBase) -> None:
    for name in kb.flags:
        denied = sheet.flag_denied(BLANK, name, kb)
        assert flag_line(denied, name, kb).state == "asked" or name in ("wrist-drop", "foot-drop"), name  # these ask about more
        assert sheet.flag_open(denied, name, kb) == BLANK
        said = {key.split(":")[0] for key in keys(denied, kb)}
        assert len(said) <= 1, name  # a flag denied as a whole denies no symptom that one may have all the same
    denied = sheet.flag_denied(BLANK, "cauda-equina", kb)
    assert denied["symptoms"] == [{"name": "cauda-equina", "present": False}]
    assert sheet.flag_denied(denied, "cauda-equina", kb) == denied
    assert sheet.flag_open(denied, "cauda-equina", kb) == BLANK


def test_a_group_answered_with_no_leaves_what_is_there_as_it_is(kb: KnowledgeBase) -> None:
    case = sheet.asked(BLANK, "saddle-numbness", "present", kb)
    assert flag_line(case, "cauda-equina", kb).state == "raised"
    after = sheet.group_denied(case, "trunk", kb)
    assert flag_line(after, "cauda-equina", kb).state == "raised"
    assert not flag_line(after, "cauda-equina", kb).denied
    group = next(g for g in sheet.flag_form(after, kb).groups if g.id == "trunk")
    assert group.open == 0
    assert group.asked == len(group.lines)
    assert all(g.asked == 0 for g in sheet.flag_form(after, kb).groups if g.id == "head-and-neck")
    assert keys(after, kb) == {"saddle-numbness": True, "leg-weakness": False}  # the one flag that is called like its only finding


def test_something_half_met_is_not_denied_with_its_group(kb: KnowledgeBase) -> None:
    case = sheet.asked(BLANK, "night-pain", "present", kb)
    assert flag_line(case, "malignancy", kb).state == "half"
    assert flag_line(sheet.group_denied(case, "general", kb), "malignancy", kb).state == "half"


def test_a_thing_that_a_red_flag_asks_about_has_one_answer(kb: KnowledgeBase) -> None:
    case = sheet.asked(sheet.asked(BLANK, "fever", "present", kb), "fever", "absent", kb)
    assert case["symptoms"] == [{"name": "fever", "present": False}]
    assert sheet.asked(case, "fever", "open", kb) == BLANK
    with pytest.raises(UsageError, match="which side"):
        sheet.asked(BLANK, "foot-drop", "present", kb)
    assert sheet.asked(BLANK, "foot-drop", "present", kb, "left")["findings"] == [{"name": "foot-drop", "side": "left"}]


@pytest.mark.parametrize(
    "edit",
    [
        lambda kb: sheet.flag_denied(BLANK, "nothing", kb), lambda kb: sheet.flag_open(BLANK, "nothing", kb),
        lambda kb: sheet.group_denied(BLANK, "nothing", kb), lambda kb: sheet.asked(BLANK, "nothing", "absent", kb),
        lambda kb: sheet.asked(BLANK, "fever", "maybe", kb), lambda kb: sheet.ticked(BLANK, ("nothing", ""), "absent", kb),
        lambda kb: sheet.rest_not_seen(BLANK, "nothing", "front", kb), lambda kb: sheet.rest_not_seen(BLANK, "gait", "above", kb),
        lambda kb: sheet.grid(BLANK, "nothing", kb),
    ],
)  # fmt: skip
def test_what_the_knowledge_does_not_have_is_refused(edit: Any, kb: KnowledgeBase) -> None:
    with pytest.raises(UsageError):
        edit(kb)


# --- person and measurements -------------------------------------------------------------------------------------------------------


def test_the_person_is_told_field_by_field_before_the_findings(kb: KnowledgeBase) -> None:
    case = sheet.told(sheet.told(with_findings({"name": "forward-head"}), "patient", "age", 34), "patient", "sex", "female")
    assert json.dumps(case) == '{"patient": {"age": 34, "sex": "female"}, "findings": [{"name": "forward-head"}]}'
    assert "patient" not in sheet.told(sheet.told(case, "patient", "age", None), "patient", "sex", None)


@pytest.mark.parametrize(
    ("field", "value"), [("age", 200), ("sex", "?"), ("mass_kg", float("nan")), ("postpartum_weeks", -1), ("wings", 2)]
)
def test_of_the_person_only_what_a_case_may_hold_is_told(field: str, value: Any) -> None:
    with pytest.raises(CaseError):
        sheet.told(BLANK, "patient", field, value)


def test_a_value_measured_again_counts_and_one_taken_away_is_gone(kb: KnowledgeBase) -> None:
    entry = {"name": "knee-to-wall", "side": "left", "value": 4, "unit": "cm"}
    once = sheet.measured(BLANK, entry, kb)
    assert sheet.measured(once, {**entry, "value": 7}, kb)["measurements"] == [{**entry, "value": 7}]
    assert sheet.measured(once, {**entry, "value": None}, kb) == BLANK


def test_one_side_of_a_value_for_both_is_changed_alone(kb: KnowledgeBase) -> None:
    case = {"findings": [], "measurements": [{"name": "knee to wall", "side": "bilateral", "value": 8, "unit": "cm"}]}
    after = sheet.measured(case, {"name": "knee-to-wall", "side": "right", "value": 10, "unit": "cm"}, kb)
    assert [(m["side"], m["value"]) for m in after["measurements"]] == [("left", 8), ("right", 10)]
    assert {m["name"] for m in after["measurements"]} == {"knee-to-wall"}


@pytest.mark.parametrize(("value", "unit"), [(4, "N"), (4, "furlong"), (400, "cm")])
def test_a_value_that_cannot_be_is_refused(value: float, unit: str, kb: KnowledgeBase) -> None:
    with pytest.raises(CaseError):
        sheet.measured(BLANK, {"name": "knee-to-wall", "side": "left", "value": value, "unit": unit}, kb)


def test_sides_are_compared_in_the_unit_they_are_told_in(kb: KnowledgeBase) -> None:
    values = [("left", 4), ("right", 10)]
    case = {"findings": [], "measurements": [{"name": "knee-to-wall", "side": s, "value": v, "unit": "cm"} for s, v in values]}
    (told,) = sheet.measure_lines(case, (), kb)
    assert (told.apart, told.percent, told.less, told.within_error) == (6.0, 60, "left", False)
    assert [x.id for x in sheet.measure_lines(BLANK, ("knee-to-wall", "nothing", ""), kb)] == ["knee-to-wall"]


def test_a_difference_that_measuring_twice_may_give_is_told_so(kb: KnowledgeBase) -> None:
    values = [("left", 9.5), ("right", 10)]
    case = {"findings": [], "measurements": [{"name": "knee-to-wall", "side": s, "value": v, "unit": "cm"} for s, v in values]}
    assert sheet.measure_lines(case, (), kb)[0].within_error


def test_grades_by_hand_are_no_per_cent(kb: KnowledgeBase) -> None:
    grades = [{"name": "hip-abduction-strength", "side": s, "value": v, "unit": "{grade}"} for s, v in (("left", 3), ("right", 5))]
    case = {"findings": [], "measurements": grades}
    assert sheet.measure_lines(case, (), kb)[0].percent is None


# --- rows -------------------------------------------------------------------------------------------------------------------------


def test_a_row_says_whose_side_it_is_whatever_words_stand_there(kb: KnowledgeBase) -> None:
    (row,) = sheet.rows(with_findings({"name": "Trendelenburg", "side": "left"}), kb)
    assert (row.id, row.side, row.turned, row.written) == ("hip-drop", "right", True, "Trendelenburg")
    assert "pelvis that drops" in row.side_means


def test_faults_stand_at_their_row_all_of_them_and_without_their_place(kb: KnowledgeBase) -> None:
    wrong = ({"name": "hip drop"}, {"name": "forward head", "side": "left"}, {"name": "gibberish words"})
    case = with_findings(*wrong, {"name": "knee-varus", "side": "left"})
    faults = [row.faults for row in sheet.rows(case, kb)]
    assert [len(f) for f in faults] == [1, 1, 1, 0]
    assert faults[0][0].startswith("hip-drop: which side?")
    assert faults[1][0].startswith("forward-head does not take")


def test_a_red_flag_denied_as_a_whole_is_no_row(kb: KnowledgeBase) -> None:
    case = {"findings": [], "symptoms": [{"name": "cauda equina", "present": False}, "night pain"]}
    assert [(r.section, r.number, r.id) for r in sheet.rows(case, kb)] == [("symptoms", 1, "night-pain")]
