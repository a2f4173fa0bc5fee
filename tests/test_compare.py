"""Visits compared: new, gone, better, worse, less than the measurement error, not looked at again; sides and tasks apart."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from command import run_here
from hypothesis import given, settings
from hypothesis import strategies as st
from small import small_knowledge
from strategies import CaseDict, cases
from test_laws import mirrored_case, settled, swapped
from worked import is_as_shown, keys, shown, told_keys

from expert import Assessment, assess, compare, load_case, load_knowledge
from expert.errors import UsageError
from expert.measures import largest_error
from expert.model import Amount
from expert.questions.compare import Comparison, Course, FindingCourse, MeasureCourse, OpenFlag, Visit

ROOT = Path(__file__).parent.parent
FIRST, *LATER = ROOT / "examples" / "ankle-runner.yaml", *sorted((ROOT / "examples" / "visits").glob("*.yaml"))
OPPOSITE = {
    "new": "gone", "better": "worse", "more": "less", "not_retested": "first_time", "no_longer_known": "now_known",
}  # fmt: skip
TURNED = OPPOSITE | {b: a for a, b in OPPOSITE.items()}


def run(case: CaseDict | Path) -> Assessment:
    return assess(load_case(case) if isinstance(case, Path) else case, load_knowledge(), "native")


def compared(*visits: CaseDict | Path) -> Comparison:
    return compare([run(v) for v in visits])


def hip_drop(**more: Any) -> CaseDict:
    return {"case_id": "p", "findings": [{"name": "hip drop", "side": "right", "task": "running", **more}]}


def values(*told: tuple[str, str, float, str], **patient: Any) -> CaseDict:
    rows = [{"name": name, "side": side, "value": value, "unit": unit} for name, side, value, unit in told]
    return {"case_id": "p", "patient": patient, "findings": [], "measurements": rows}


def change(*visits: CaseDict, key: str = "hip-drop:right:running") -> str:
    return next(f.change for f in compared(*visits).findings if f.thing.key == key)


def measured(*visits: CaseDict, side: str = "left") -> MeasureCourse:
    return next(m for m in compared(*visits).measures if m.side == side)


# --- findings -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ({"present": False}, {}, "new"), ({}, {"present": False}, "gone"), ({}, {}, "unchanged"),
        ({"present": False}, {"present": False}, "unchanged"), ({"severity": "severe"}, {"severity": "mild"}, "better"),
        ({"severity": "mild"}, {}, "worse"), ({}, {"pain": 4}, "worse"), ({"pain": 4}, {}, "better"),
        ({}, {"present": "unknown"}, "no_longer_known"), ({"present": "unknown"}, {}, "now_known"),
    ],
)  # fmt: skip
def test_a_finding_that_was_looked_at_both_times_is_told_by_what_became_of_it(before: CaseDict, after: CaseDict, word: str) -> None:
    assert change(hip_drop(**before), hip_drop(**after)) == word


SADDLE: CaseDict = {"name": "saddle numbness"}


def with_saddle(*symptoms: CaseDict) -> CaseDict:
    return hip_drop() | {"symptoms": list(symptoms)}


@pytest.mark.parametrize("after", [with_saddle(), with_saddle(SADDLE | {"present": "unknown"})])
def test_a_red_flag_that_was_not_asked_about_again_is_not_cleared(after: CaseDict) -> None:
    answer = compared(with_saddle(SADDLE), after)
    (flag,) = answer.open_flags
    assert (flag.id, flag.level, flag.visit) == ("cauda-equina", "emergency", 1)
    told = " ".join(str(answer).split())
    assert told.index("EMERGENCY") < told.index("In short")
    assert "none before the red flag of visit 1 is cleared" in told
    assert "given with reservations" not in told.split("VISITS")[0].split("Visit 2")[1]
    assert "Outlook, new" not in told
    assert "numbness of the saddle area, not looked at again" in told.lower()


def test_an_explanation_that_rests_on_what_nobody_looked_at_again_is_not_called_gone() -> None:
    nothing: CaseDict = {"case_id": "p", "findings": []}
    told = " ".join(str(compared(hip_drop(), nothing)).split())
    assert "Other explanations, not looked at again:" in told
    assert "Other explanations, gone:" not in told
    assert "Other explanations, gone:" in " ".join(str(compared(hip_drop(), hip_drop(present=False))).split())


def test_a_red_flag_that_was_denied_since_or_is_still_raised_is_not_open() -> None:
    denied = with_saddle({"name": "cauda equina", "present": False})
    assert not compared(with_saddle(SADDLE), denied).open_flags
    assert not compared(with_saddle(SADDLE), with_saddle(SADDLE)).open_flags
    assert [f.visit for f in compared(with_saddle(SADDLE), denied, with_saddle()).open_flags] == [1]


def test_what_nobody_looked_at_again_is_not_gone() -> None:
    nothing: CaseDict = {"case_id": "p", "findings": []}
    assert change(hip_drop(), nothing) == "not_retested"
    assert change(nothing, hip_drop()) == "first_time"


def test_another_side_or_task_is_another_look_and_the_task_is_named() -> None:
    other_side = {"case_id": "p", "findings": [{"name": "hip drop", "side": "left", "task": "running"}]}
    assert change(hip_drop(), other_side) == "not_retested"
    other_task = hip_drop(present=False)
    other_task["findings"][0]["task"] = "walking"
    row = next(f for f in compared(hip_drop(), other_task).findings if f.thing.key == "hip-drop:right:running")
    assert (row.change, row.otherwise) == ("not_retested", ("Walking",))


def test_a_finding_that_was_seen_one_time_and_measured_the_other_is_marked() -> None:
    row = compared(hip_drop(), hip_drop(seen_by="instrument")).findings[0]
    assert row.means
    assert not compared(hip_drop(), hip_drop()).findings[0].means


def test_a_fall_because_nobody_looked_is_said_to_be_one() -> None:
    text = " ".join(str(compared(FIRST, LATER[0])).split())
    assert "A suspicion that falls for this reason alone is no better: look again." in text
    assert "hip drop right: not looked at again" in text
    assert "not looked at again" not in str(compared(FIRST, FIRST))


# --- measured values ----------------------------------------------------------------------------------------------------------------


def test_a_change_below_the_measurement_error_is_none_and_above_it_is_better_or_worse() -> None:
    at = lambda cm: values(("knee to wall", "left", cm, "cm"))  # noqa: E731
    kb = load_knowledge().kb
    error = largest_error(kb.measures["knee-to-wall"], Amount("knee-to-wall", "left", "length", 10.0, ""), kb)
    assert error is not None
    factor = next(u.factor for u in kb.units.values() if u.symbol == "cm")
    least = error[0] / factor
    assert measured(at(8), at(8)).change == "unchanged"
    assert measured(at(8), at(8 + 0.9 * least)).change == "within_error"
    assert measured(at(8), at(8 + 1.1 * least)).change == "better"
    assert measured(at(8), at(8 - 1.1 * least)).change == "worse"
    assert measured(at(8), at(8 - 0.9 * least)).change == "within_error"
    assert measured(at(8), at(8 + 1.1 * least)).error == pytest.approx(least)


def test_a_finding_whose_values_moved_less_than_their_error_did_not_change() -> None:
    """9.0 cm and 10.5 cm lie on two sides of a bound, and less apart than two measurements of one ankle."""
    kb = load_knowledge().kb
    bound = next(j for j in kb.measures["knee-to-wall"].judgements if j.by == "norm")
    visits = [values(("knee to wall", "left", cm, "cm")) for cm in (float(bound.absent) - 0.4, float(bound.absent) + 0.4)]
    (row,) = [f for f in compared(*visits).findings if f.thing.key == "dorsiflexion-limited:left"]
    assert [v.state for v in row.visits] == ["borderline", "absent"]
    assert row.change == "within_error"


def test_values_in_another_dimension_are_not_compared() -> None:
    force, torque = values(("hip abduction strength", "left", 150, "N")), values(("hip abduction strength", "left", 90, "N.m"))
    row = measured(force, torque)
    assert (row.change, row.difference) == ("not_comparable", None)


def test_values_in_another_unit_of_one_dimension_are() -> None:
    row = measured(values(("knee to wall", "left", 40, "mm")), values(("knee to wall", "left", 9, "cm")))
    assert (row.change, row.difference, row.unit) == ("better", 5.0, "cm")


def test_what_was_measured_once_is_not_measured_again_or_for_the_first_time() -> None:
    once, never = values(("knee to wall", "left", 4, "cm")), values(("knee to wall", "right", 4, "cm"))
    assert measured(once, never).change == "not_retested"
    assert measured(never, once).change == "first_time"


# --- visits -------------------------------------------------------------------------------------------------------------------------


def test_visits_stand_in_the_order_of_their_dates_where_each_has_one() -> None:
    answer = compared(LATER[1], FIRST, LATER[0])
    assert answer.ordered == "date"
    assert [v.date for v in answer.visits] == ["2026-11-22", "2027-01-31", "2027-05-20"]
    undated = deepcopy(hip_drop())
    assert compared(LATER[0], undated).ordered == "given"


@pytest.mark.parametrize(
    ("other", "warning"),
    [
        ({"case_id": "q"}, "other_case"), ({"patient": {"sex": "male", "age": 40}}, "other_sex"),
        ({"patient": {"sex": "female", "age": 44}}, "other_age"), ({"visit": {"date": "2026-05-01"}}, "same_date"),
        ({"visit": {"date": "2027-05-01"}, "patient": {"sex": "female", "age": 43}}, "other_age"),
    ],
)  # fmt: skip
def test_visits_that_may_be_of_two_people_are_warned_of(other: CaseDict, warning: str) -> None:
    first = {**hip_drop(), "patient": {"sex": "female", "age": 40}, "visit": {"date": "2026-05-01"}}
    later = {**first, "visit": {"date": "2026-09-01"}}
    assert compared(first, later).warnings == ()
    assert warning in compared(first, {**later, **other}).warnings


def test_a_birthday_and_years_that_went_by_are_no_warning() -> None:
    first = {**hip_drop(), "patient": {"age": 40}, "visit": {"date": "2020-05-01"}}
    later = {**hip_drop(), "patient": {"age": 47}, "visit": {"date": "2026-09-01"}}
    assert compared(first, later).warnings == ()


def test_three_visits_are_told_visit_by_visit() -> None:
    answer = compared(FIRST, *LATER)
    drop = next(f for f in answer.findings if f.thing.key == "hip-drop:right:running")
    assert [v.state for v in drop.visits] == ["present", "not_stated", "absent"]
    assert drop.change == "gone"
    assert answer.courses[0].statuses[0] == "supported"
    assert compared(FIRST, LATER[0]).courses == ()


def test_one_visit_is_none_to_compare_and_neither_are_two_knowledges() -> None:
    with pytest.raises(UsageError, match="two visits"):
        compare([run(FIRST)])
    with pytest.raises(UsageError, match="two visits"):
        compare([])
    with pytest.raises(UsageError, match="the same knowledge"):
        compare([run({"findings": []}), assess({"findings": []}, small_knowledge(), "native")])


# --- laws ---------------------------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(cases())
def test_a_case_compared_with_itself_has_not_changed(case: CaseDict) -> None:
    answer = compared(case, case)
    assert answer.change.nothing
    assert answer.warnings == ()
    assert {f.change for f in answer.findings} <= {"unchanged"}
    assert {m.change for m in answer.measures} <= {"unchanged"}


@settings(max_examples=30)
@given(cases(), cases())
def test_comparing_backwards_turns_every_word_round(one: CaseDict, other: CaseDict) -> None:
    there, back = compared(one, other), compared(other, one)
    assert {f.thing.key: f.change for f in back.findings} == {f.thing.key: TURNED.get(f.change, f.change) for f in there.findings}
    was = {(m.id, r.side, r.state): (r.was, r.now, r.points_was, r.points_now) for r in there.change.hypotheses for m in r.muscles}
    now = {(m.id, r.side, r.state): (r.now, r.was, r.points_now, r.points_was) for r in back.change.hypotheses for m in r.muscles}
    assert was == now
    assert (there.change.level_was, there.change.level_now) == (back.change.level_now, back.change.level_was)


_AMOUNTS = st.floats(1, 20, allow_nan=False).map(lambda x: round(x, 1))


@given(_AMOUNTS, _AMOUNTS)
def test_measured_values_compared_backwards_turn_round(one: float, other: float) -> None:
    a, b = (values(("knee to wall", "left", cm, "cm")) for cm in (one, other))
    there, back = measured(a, b), measured(b, a)
    assert back.change == TURNED.get(there.change, there.change)
    assert back.difference == -(there.difference or 0)
    assert back.error == there.error


@settings(max_examples=30)
@given(cases(), cases())
def test_the_mirrored_visits_give_the_mirrored_comparison(one: CaseDict, other: CaseDict) -> None:
    plain, twin = compared(one, other).to_dict(), compared(mirrored_case(one), mirrored_case(other)).to_dict()
    for answer in (plain, twin):
        for row in answer["change"]["others"]:
            if row["kind"] == "loop":  # told from where its least state is
                row["id"] = row["title"] = ""
    assert settled(swapped(twin)) == settled(plain)


@settings(max_examples=30)
@given(cases(), cases())
def test_every_item_of_every_visit_has_its_row_and_only_one(one: CaseDict, other: CaseDict) -> None:
    answer = compared(one, other)
    keys = [f.thing.key for f in answer.findings]
    assert sorted(keys) == sorted(set(keys))
    assert set(keys) == {i.key for case in (one, other) for i in run(case).result.stated.items}


# --- the page ---------------------------------------------------------------------------------------------------------------------


def test_the_worked_example_of_the_page_is_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ((command, block),) = shown("compare.md")
    assert is_as_shown(command, block)


@pytest.mark.parametrize(
    ("heading", "shape"),
    [
        ("comparison", Comparison), ("visit", Visit), ("finding course", FindingCourse), ("measure course", MeasureCourse),
        ("course", Course), ("open flag", OpenFlag),
    ],
)  # fmt: skip
def test_every_key_of_the_answer_stands_on_the_page(heading: str, shape: Any) -> None:
    assert told_keys("compare.md", heading) == keys(shape)


# --- the doorway --------------------------------------------------------------------------------------------------------------------


def test_the_command_compares_files_and_prints_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    paths = [str(p.relative_to(ROOT)) for p in (FIRST, LATER[0])]
    told = run_here(monkeypatch, "compare", *paths)
    assert (told.code, told.err) == (0, "")
    assert "Judged: better (+5 cm; error" in told.out
    data = run_here(monkeypatch, "compare", *paths, "--json")
    assert data.out == compared(FIRST, LATER[0]).to_json() + "\n"


def test_the_command_asks_for_a_second_visit_and_lists_the_faults_of_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run_here(monkeypatch, "compare", str(FIRST)).code == 2
    (tmp_path / "bad.yaml").write_text("findings: [{name: hip drop}]", encoding="utf-8")
    both = run_here(monkeypatch, "compare", str(tmp_path / "bad.yaml"), str(tmp_path / "none.yaml"))
    assert both.code == 3


@pytest.mark.parametrize("format", ["txt", "md", "html"])
def test_every_format_tells_the_visits_and_escapes_what_it_tells(format: str) -> None:
    text = compared({**hip_drop(), "case_id": "a_b"}, {**hip_drop(present=False), "case_id": "a_b"}).report(format)
    assert ("a\\_b" if format == "md" else "a_b") in text
    assert "hip" in text.lower()
