"""What measured values show: beside their norm, the other side or their opponent; a difference below the error is none."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from small import rule, rules, small_kb, small_knowledge

from expert import Assessment, assess
from expert.errors import CaseError, KnowledgeError
from expert.measures import Person, Value, judged, unit_named
from expert.model import Knowledge, KnowledgeBase, Measured

MEASURED = """\
units:
- {id: newton, symbol: N, words: [newtons], dimension: force}
- {id: kilogram-force, symbol: kg, words: [kilo], dimension: force, factor: 9.80665}
- {id: pound-force, symbol: lb, words: [pounds], dimension: force, factor: 4.4482216}
- {id: grade, symbol: "{grade}", words: [grade], dimension: grade, most: 5}
- {id: centimetre, symbol: cm, dimension: length}
- {id: millimetre, symbol: mm, dimension: length, factor: 0.1}
- {id: degree, symbol: deg, dimension: angle}
- {id: newton-per-kilogram, symbol: N/kg, dimension: force-per-mass}
findings:
- {id: push-weak, name: Push weak, side_means: the side that pushes, method: strength-test, reliability: [{kappa: 0.2, source: study}]}
- {id: pull-weak, name: Pull weak, side_means: the side that pulls, method: strength-test}
- {id: push-even, name: Push even, sides: [midline], method: strength-test}
- {id: reach-short, name: Reach short, side_means: the side that reaches, method: length-test, tasks: [squat]}
- {id: slump, name: Slump, sides: [midline]}
measures:
- id: push
  name: Push
  synonyms: [pushing force]
  how: push
  dimensions: [force, grade]
  most: 900
  error: [{value: 10, unit: "%", source: study}]
  judgements:
  - {by: side-difference, finding: push-weak, present: 40, absent: 15, unit: "%", equal: push-even, because: of sides, source: study}
  - {by: norm, finding: push-weak, present: 2, absent: 3, unit: N/kg, sex: female, age: {at_least: 20, at_most: 40}, because: of women,
     source: table}
  - {by: norm, finding: push-weak, present: 4, absent: 5, unit: "{grade}", because: of grades, source: second-table}
  sources: [study]
- id: pull
  name: Pull
  how: pull
  dimensions: [force, grade]
  most: 900
  judgements:
  - {by: ratio, to: push, finding: pull-weak, present: 0.6, absent: 0.8, because: of the ratio, source: study}
  sources: [study]
- id: reach
  name: Reach
  how: reach
  task: squat
  dimensions: [length]
  most: 100
  error: [{value: 2, unit: cm, source: study}]
  judgements:
  - {by: side-difference, finding: reach-short, present: 4, absent: 1, unit: cm, because: of sides, source: study}
  - {by: norm, finding: reach-short, present: 10, absent: 12, unit: cm, because: of the norm, source: table}
  sources: [study]
- id: slump-angle
  name: Slump angle
  how: look
  sides: [midline]
  dimensions: [angle]
  least: -30
  most: 90
  error: [{value: 3, unit: deg, source: study}]
  judgements: [{by: norm, finding: slump, on: higher, present: 45, absent: 40, unit: deg, because: of the norm, source: study}]
  sources: [study]
"""
RULES = rules(
    rule("weak-push", "{finding: push-weak}", "{muscle: pusher, state: weak, points: 4}"),
    rule("dipping", "{finding: dip}", "{muscle: pusher, state: weak, points: 4}"),
    rule("even-push", "{finding: push-even}", "{muscle: pusher, side: both, state: weak, points: 2, against: true}"),
)
KNOWLEDGE = small_knowledge(MEASURED, RULES)
KB = KNOWLEDGE.kb
ANYBODY = Person()
Verdicts = dict[tuple[str, str], str]


def verdicts(*values: tuple[str, str, float, str], person: Person = ANYBODY, kb: KnowledgeBase = KB) -> Verdicts:
    """(finding, side) -> verdict of (measure, side, amount, unit) values."""
    return {(m.finding, m.side): m.verdict for m in lines(*values, person=person, kb=kb)}


def lines(*values: tuple[str, str, float, str], person: Person = ANYBODY, kb: KnowledgeBase = KB) -> tuple[Measured, ...]:
    return judged([value(*v) for v in values], person, kb)


def value(measure: str, side: str, amount: float, symbol: str) -> Value:
    unit = unit_named(symbol, KB.units)
    assert unit is not None
    return Value(measure, side, unit.dimension, round(amount * unit.factor, 6), f"{amount:g} {symbol}")


def answer(*measurements: dict[str, Any], findings: tuple[dict[str, Any], ...] = (), **case: Any) -> Assessment:
    return assess({"findings": list(findings), "measurements": list(measurements), **case}, KNOWLEDGE, "native")


def entry(name: str, side: str | None, amount: float, unit: str = "N", **more: Any) -> dict[str, Any]:
    return {"name": name, **({"side": side} if side else {}), "value": amount, "unit": unit, **more}


def refused(*measurements: dict[str, Any]) -> str:
    with pytest.raises(CaseError) as caught:
        answer(*measurements)
    (fault,) = caught.value.faults
    return str(fault)


# --- one side beside the other ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        (59, 100, {("push-weak", "left"): "present"}),
        (100, 59, {("push-weak", "right"): "present"}),
        (60, 100, {("push-weak", "left"): "borderline"}),  # 40 % apart is not beyond 40
        (84, 100, {("push-weak", "left"): "borderline"}),
        (85, 100, {("push-weak", "left"): "absent", ("push-weak", "right"): "absent", ("push-even", "midline"): "present"}),
        (100, 100, {("push-weak", "left"): "absent", ("push-weak", "right"): "absent", ("push-even", "midline"): "present"}),
        (0, 0, {("push-weak", "left"): "absent", ("push-weak", "right"): "absent"}),  # two zeros are no balance
    ],
)
def test_the_weaker_side_is_found_by_how_far_it_falls_short_in_per_cent(left: float, right: float, wanted: Verdicts) -> None:
    assert verdicts(("push", "left", left, "N"), ("push", "right", right, "N")) == wanted


def test_of_the_stronger_side_a_difference_says_nothing() -> None:
    assert ("push-weak", "right") not in verdicts(("push", "left", 30, "N"), ("push", "right", 100, "N"))


def test_one_side_alone_is_compared_with_nothing() -> None:
    assert verdicts(("push", "left", 30, "N")) == {}


def test_a_force_and_a_grade_are_not_compared_with_each_other() -> None:
    assert ("push-weak", "left") not in verdicts(("push", "left", 3, "N"), ("push", "right", 5, "grade"))


def test_a_difference_in_a_unit_is_judged_in_that_unit_whatever_it_was_measured_in() -> None:
    assert verdicts(("reach", "left", 200, "mm"), ("reach", "right", 25, "cm"))["reach-short", "left"] == "present"
    assert verdicts(("reach", "left", 220, "mm"), ("reach", "right", 25, "cm"))["reach-short", "left"] == "borderline"


def test_a_difference_below_the_measurement_error_is_none() -> None:
    (left, right) = lines(("reach", "left", 20, "cm"), ("reach", "right", 21.9, "cm"))  # beyond `absent: 1`, within the error of 2
    assert (left.verdict, right.verdict) == ("absent", "absent")
    assert "less than the measurement error" in left.because
    assert verdicts(("reach", "left", 20, "cm"), ("reach", "right", 22, "cm"))["reach-short", "left"] == "borderline"


def test_however_far_apart_a_difference_below_the_error_is_never_present() -> None:
    kb = small_kb(MEASURED.replace('error: [{value: 10, unit: "%"', 'error: [{value: 60, unit: "%"'))
    told = verdicts(("push", "left", 50, "N"), ("push", "right", 100, "N"), kb=kb)
    assert told == {("push-weak", "left"): "absent", ("push-weak", "right"): "absent"}


def test_a_difference_within_the_error_of_a_crude_test_does_not_make_the_sides_equal() -> None:
    kb = small_kb(MEASURED.replace('error: [{value: 10, unit: "%"', 'error: [{value: 60, unit: "%"'))
    assert ("push-even", "midline") not in verdicts(("push", "left", 70, "N"), ("push", "right", 100, "N"), kb=kb)
    assert ("push-even", "midline") in verdicts(("push", "left", 90, "N"), ("push", "right", 100, "N"), kb=kb)


def test_sides_that_measure_alike_show_that_they_are_equal_unless_something_else_finds_one_wanting() -> None:
    alike = (("push", "left", 100, "N"), ("push", "right", 98, "N"))
    assert verdicts(*alike)["push-even", "midline"] == "present"
    heavy = Person("female", 30, 60)  # under 2 N/kg, by more than the error
    told = verdicts(*alike, person=heavy)
    assert (told["push-weak", "left"], told["push-weak", "right"]) == ("present", "present")
    assert ("push-even", "midline") not in told


def test_two_sides_of_a_borderline_grade_are_not_told_to_be_equal() -> None:
    kb = small_kb(MEASURED.replace("absent: 15", "absent: 25"))
    told = verdicts(("push", "left", 4, "grade"), ("push", "right", 5, "grade"), kb=kb)
    assert told["push-weak", "left"] == "borderline"
    assert ("push-even", "midline") not in told


# --- a value beside its norm -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "wanted"), [(49, "present"), (48, "borderline"), (46, "borderline"), (41, "borderline"), (40, "absent"), (12, "absent")]
)
def test_a_value_is_beyond_its_norm_only_where_it_is_so_by_more_than_the_error(amount: float, wanted: str) -> None:
    assert verdicts(("slump-angle", "midline", amount, "deg")) == {("slump", "midline"): wanted}


@pytest.mark.parametrize(("amount", "wanted"), [(7.9, "present"), (8, "borderline"), (11.9, "borderline"), (12, "absent"), (30, "absent")])
def test_where_little_shows_the_finding_the_same_holds_downwards(amount: float, wanted: str) -> None:
    assert verdicts(("reach", "left", amount, "cm")) == {("reach-short", "left"): wanted}


@pytest.mark.parametrize(
    ("person", "judges"),
    [
        (Person("female", 20, 60), True), (Person("female", 40, 60), True), (Person("female", 19, 60), False),
        (Person("female", 41, 60), False), (Person("male", 30, 60), False), (Person(None, 30, 60), False),
        (Person("female", None, 60), False), (Person("female", 30, None), False),
    ],
)  # fmt: skip
def test_a_norm_speaks_only_of_the_people_it_was_taken_from(person: Person, judges: bool) -> None:
    assert bool(verdicts(("push", "left", 100, "N"), person=person)) is judges


def test_a_norm_by_body_mass_divides_by_the_mass() -> None:
    light, heavy = (verdicts(("push", "left", 150, "N"), person=Person("female", 30, mass)) for mass in (45, 90))
    assert (light, heavy) == ({("push-weak", "left"): "absent"}, {("push-weak", "left"): "present"})


def test_a_norm_for_everybody_stands_back_where_one_for_such_people_speaks() -> None:
    own = "- {by: norm, finding: reach-short, sex: female, present: 20, absent: 22, unit: cm, because: of women, source: table}"
    kb = small_kb(MEASURED.replace("  - {by: norm, finding: reach-short", f"  {own}\n  - {{by: norm, finding: reach-short"))
    (hers,), (his,) = (lines(("reach", "left", 15, "cm"), person=Person(sex), kb=kb) for sex in ("female", "male"))
    assert (hers.verdict, "of the norm" in hers.because) == ("present", False)
    assert (his.verdict, "of women" in his.because) == ("absent", False)


def test_a_grade_is_judged_by_the_norm_of_grades_and_by_no_other() -> None:
    strong = Person("female", 30, 60)
    for grade, wanted in ((3, "present"), (4, "borderline"), (5, "absent")):
        assert verdicts(("push", "left", grade, "grade"), person=strong) == {("push-weak", "left"): wanted}


# --- a value beside its opponent ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pull", "wanted"), [(59, "present"), (60, "borderline"), (79, "borderline"), (80, "absent")])
def test_a_ratio_is_taken_of_the_two_measures_of_one_side(pull: float, wanted: str) -> None:
    assert verdicts(("pull", "left", pull, "N"), ("push", "left", 100, "N")) == {("pull-weak", "left"): wanted}


@pytest.mark.parametrize(
    "opponent", [("push", "right", 100, "N"), ("push", "left", 5, "grade"), ("push", "left", 0, "N")], ids=["side", "unit", "zero"]
)
def test_without_an_opponent_to_divide_by_there_is_no_ratio(opponent: tuple[str, str, float, str]) -> None:
    assert not [v for v in verdicts(("pull", "left", 10, "N"), opponent) if v[0] == "pull-weak"]


def test_grades_by_hand_have_no_ratio() -> None:
    assert not [v for v in verdicts(("pull", "left", 2, "grade"), ("push", "left", 5, "grade")) if v[0] == "pull-weak"]


def test_an_opponent_in_the_midline_is_the_opponent_of_either_side() -> None:
    kb = small_kb(MEASURED.replace("synonyms: [pushing force]", "sides: [midline]"))
    told = verdicts(("pull", "left", 50, "N"), ("pull", "right", 90, "N"), ("push", "midline", 100, "N"), kb=kb)
    assert {k: v for k, v in told.items() if k[0] == "pull-weak"} == {("pull-weak", "left"): "present", ("pull-weak", "right"): "absent"}


def test_a_ratio_names_both_measures_and_both_values() -> None:
    (told,) = lines(("pull", "left", 50, "N"), ("push", "left", 100, "N"))
    assert told.measures == ("pull", "push")
    assert told.written == "left 50 N, left 100 N"
    assert "Pull to Push: 0.50" in told.because


# --- several judgements of one finding ---------------------------------------------------------------------------------------------


def test_present_outweighs_borderline_and_borderline_outweighs_absent() -> None:
    alike = [("reach", "left", 7.0, "cm"), ("reach", "right", 7.0, "cm")]
    assert verdicts(*alike)["reach-short", "left"] == "present"  # alike, and both far below the norm
    alike = [("reach", "left", 11.0, "cm"), ("reach", "right", 11.0, "cm")]
    assert verdicts(*alike)["reach-short", "left"] == "borderline"


def test_a_line_tells_every_judgement_that_spoke_and_its_source() -> None:
    told = lines(("reach", "left", 7, "cm"), ("reach", "right", 7, "cm"))[0]
    assert set(told.sources) == {"study", "table"}
    assert "of sides" in told.because
    assert "of the norm" in told.because


def test_a_value_is_told_as_it_was_written_and_not_as_it_was_reckoned() -> None:
    (told, *_) = lines(("push", "left", 10, "kg"), ("push", "right", 20, "kg"))
    assert told.written == "left 10 kg, right 20 kg"


# --- laws --------------------------------------------------------------------------------------------------------------------------

_AMOUNT = st.integers(0, 400)
_SIDED = st.sampled_from(["push", "pull"])


@given(_AMOUNT, _AMOUNT, st.sampled_from(["kg", "lb"]))
def test_no_verdict_hangs_on_the_unit_that_both_sides_were_measured_in(left: int, right: int, unit: str) -> None:
    factor = KB.units[{"kg": "kilogram-force", "lb": "pound-force"}[unit]].factor
    in_newtons = verdicts(("push", "left", left, "N"), ("push", "right", right, "N"))
    assert verdicts(("push", "left", left / factor, unit), ("push", "right", right / factor, unit)) == in_newtons


@given(_AMOUNT, _AMOUNT, st.integers(2, 40))
def test_scaling_both_sides_keeps_what_a_difference_in_per_cent_shows(left: int, right: int, times: int) -> None:
    once = verdicts(("push", "left", left, "N"), ("push", "right", right, "N"))
    assert verdicts(("push", "left", left * times, "N"), ("push", "right", right * times, "N")) == once


@given(_AMOUNT, _AMOUNT, st.integers(0, 100))
def test_a_side_that_gets_weaker_is_never_judged_less_weak(left: int, right: int, less: int) -> None:
    assume(less <= left <= right)
    order = ["absent", "borderline", "present"]
    before, after = (verdicts(("push", "left", x, "N"), ("push", "right", right, "N"))["push-weak", "left"] for x in (left, left - less))
    assert order.index(after) >= order.index(before)


@given(st.dictionaries(st.tuples(_SIDED, st.sampled_from(["left", "right"])), _AMOUNT), st.sampled_from([None, "female"]))
def test_the_mirror_image_of_what_is_measured_shows_the_mirror_image(values: dict[tuple[str, str], int], sex: str | None) -> None:
    turned = {"left": "right", "right": "left", "midline": "midline"}
    here, there = (
        verdicts(*((name, s(side), float(x), "N") for (name, side), x in values.items()), person=Person(sex, 30, 50))
        for s in (lambda side: side, lambda side: turned[side])
    )
    assert {(finding, turned[side]): v for (finding, side), v in here.items()} == there


def test_the_order_in_which_values_were_written_changes_nothing() -> None:
    written = [
        value("push", "left", 60, "N"), value("push", "right", 130, "N"), value("pull", "left", 50, "N"), value("reach", "left", 7, "cm"),
    ]  # fmt: skip
    assert len({judged(order, Person("female", 30, 60), KB) for order in permutations(written)}) == 1


# --- units -------------------------------------------------------------------------------------------------------------------------


def test_a_unit_is_known_by_its_symbol_its_id_or_its_words_in_any_case() -> None:
    for words in ("kg", "KG", "Kilo", "kilogram-force"):
        assert getattr(unit_named(words, KB.units), "id", None) == "kilogram-force"
    assert unit_named("stone", KB.units) is None


def test_where_only_the_case_of_a_letter_tells_two_units_apart_it_is_heeded() -> None:
    kb = small_kb(MEASURED.replace("- {id: degree", "- {id: megametre, symbol: Mm, dimension: length, factor: 100000000}\n- {id: degree"))
    assert [getattr(unit_named(words, kb.units), "id", None) for words in ("mm", "Mm")] == ["millimetre", "megametre"]


@pytest.mark.parametrize("unit", ["kg", "pounds", "N"])
def test_the_same_force_in_any_shipped_unit_is_judged_alike(unit: str, knowledge: Knowledge) -> None:
    per = {"kg": 9.80665, "pounds": 4.4482216, "N": 1.0}[unit]
    measured = [entry("hip abduction strength", side, round(force / per, 4), unit) for side, force in (("left", 80), ("right", 181))]
    told = assess({"findings": [], "measurements": measured}, knowledge, "native").result.measured
    assert {(m.finding, m.side, m.verdict) for m in told} == {("hip-abduction-weak", "left", "present")}


def test_a_ten_per_cent_difference_of_shipped_hip_strength_is_no_weakness(knowledge: Knowledge) -> None:
    measured = [entry("hip abduction strength", "left", 163), entry("hip abduction strength", "right", 181)]
    told = assess({"findings": [], "measurements": measured}, knowledge, "native")
    assert {(m.finding, m.verdict) for m in told.result.measured} == {
        ("hip-abduction-weak", "absent"), ("hip-abduction-strength-equal", "present"),
    }  # fmt: skip
    assert not [h for h in told.hypotheses if h.state == "weak" and h.status != "insufficient"]


def test_every_shipped_judgement_can_be_reached_by_a_plausible_value(knowledge: Knowledge) -> None:
    for measure in knowledge.kb.measures.values():
        bounds = [b for j in measure.judgements if j.by == "norm" for b in (j.present, j.absent) if _base(j.unit, measure, knowledge.kb)]
        for bound in bounds:
            assert measure.least <= bound <= measure.most, f"{measure.id}: a bound of {bound} lies beyond what is plausible"


def _base(symbol: str | None, measure: Any, kb: KnowledgeBase) -> bool:
    return any(u.symbol == symbol and u.factor == 1 and u.dimension == measure.dimensions[0] for u in kb.units.values())


# --- in a case ---------------------------------------------------------------------------------------------------------------------


def test_what_a_value_shows_is_stated_as_if_an_instrument_had_seen_it() -> None:
    told = answer(entry("pushing force", "left", 50), entry("push", "right", 100))
    (item,) = told.result.stated.items
    assert (item.key, item.present, item.instrumented, item.reliability) == ("push-weak:left", True, True, 1000)
    assert item.written == "Push: left 50 N, right 100 N"
    weak = told.hypothesis("pusher", "left", "weak")
    assert weak is not None
    assert weak.points == 4


def test_a_manual_grade_is_only_as_reliable_as_those_who_grade() -> None:
    (item,) = answer(entry("push", "left", 3, "grade")).result.stated.items
    assert (item.key, item.instrumented, item.reliability) == ("push-weak:left", False, 400)


def test_a_finding_is_recorded_in_the_task_in_which_it_is_measured() -> None:
    assert [i.key for i in answer(entry("reach", "left", 5, "cm")).result.stated.items] == ["reach-short:left:squat"]


def test_equal_sides_speak_against_weakness() -> None:
    seen = {"name": "dip", "side": "left", "seen_by": "instrument"}
    told = answer(entry("push", "left", 99), entry("push", "right", 100), findings=(seen,))
    weak = told.hypothesis("pusher", "left", "weak")
    assert weak is not None
    assert (weak.points_for, weak.points_against) == (4000, 3000)  # 2 from equal sides, 1 from a weakness looked for and absent


def test_a_borderline_value_is_neither_present_nor_absent_but_unknown() -> None:
    told = answer(entry("push", "left", 70), entry("push", "right", 100))
    assert told.result.stated.items == ()
    assert told.result.stated.unknown == ("push-weak:left",)
    assert [m.verdict for m in told.result.measured] == ["borderline"]


def test_a_borderline_value_does_not_overrule_what_was_seen() -> None:
    seen = {"name": "push weak", "side": "left", "present": False}
    told = answer(entry("push", "left", 70), entry("push", "right", 100), findings=(seen,))
    assert [(i.key, i.present) for i in told.result.stated.items] == [("push-weak:left", False)]
    assert told.result.stated.unknown == ()


@pytest.mark.parametrize("severity", ["moderate", "severe"])
def test_where_the_eye_and_the_instrument_disagree_the_instrument_counts_and_that_is_said(severity: str) -> None:
    seen = {"name": "push weak", "side": "left", "present": False, "severity": severity}
    told = answer(entry("push", "left", 50), entry("push", "right", 100), findings=(seen,))
    assert [(i.key, i.present) for i in told.result.stated.items] == [("push-weak:left", True)]
    (warning,) = told.result.stated.warnings
    assert "push-weak:left is said to be absent, but was measured and is present" in warning


def test_where_they_agree_it_counts_once_with_the_better_observer() -> None:
    seen = {"name": "push weak", "side": "left", "severity": "severe"}
    told = answer(entry("push", "left", 50), entry("push", "right", 100), findings=(seen,))
    (item,) = told.result.stated.items
    assert (item.severity, item.reliability) == (1250, 1000)
    assert told.result.stated.warnings == ()


def test_a_painful_push_tells_nothing_about_strength() -> None:
    hurt = answer(entry("push", "left", 50, pain=4), entry("push", "right", 100))
    free = answer(entry("push", "left", 50), entry("push", "right", 100))
    assert [i.painful for i in hurt.result.stated.items] == [True]
    assert free.hypothesis("pusher", "left", "weak") is not None
    weak = hurt.hypothesis("pusher", "left", "weak")
    assert weak is None or weak.points == 0
    assert "push-weak:left" in {u.finding for u in hurt.result.unused}


def test_both_sides_may_be_told_in_one_entry() -> None:
    told = answer(entry("push", "bilateral", 90))
    assert {(m.finding, m.verdict) for m in told.result.measured} == {("push-weak", "absent"), ("push-even", "present")}


def test_a_side_may_stand_in_the_name() -> None:
    assert [m.side for m in answer(entry("left reach", None, 5, "cm")).result.measured] == ["left"]


def test_what_has_nothing_to_be_compared_with_is_said_to_be_unused() -> None:
    (unused,) = answer(entry("push", "left", 50)).result.unused
    assert unused.finding == "measurements[0]"
    assert "measure the other side" in unused.because


def test_a_measure_that_nobody_knows_is_unused_and_no_fault() -> None:
    (unused,) = answer(entry("grip of a giant", "left", 5, "cm")).result.unused
    assert (unused.finding, "'grip of a giant': no norm is known" in unused.because) == ("measurements[0]", True)


def test_a_measure_that_is_misspelt_is_read_and_that_is_said() -> None:
    told = answer(entry("pushing forse", "left", 50), entry("push", "right", 100))
    assert told.result.stated.warnings == ("'pushing forse' was read as push",)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (entry("push", "left", 901), "not plausible"),
        (entry("push", "left", 92, "kg"), "not plausible"),  # 902 N
        (entry("push", "left", 6, "grade"), "not plausible"),  # there is no grade above five, whatever is measured
        (entry("reach", "left", -1, "cm"), "not plausible"),
        (entry("push", "left", 30, "stone"), "unknown unit 'stone'; it is told in: N, kg, lb, {grade}"),
        (entry("push", "left", 30, "cm"), "'cm' is no unit of it"),
        (entry("push", None, 30), "push: which side?"),
        (entry("push", "midline", 30), "push: which side?"),
        (entry("slump angle", "left", 30, "deg"), "does not take the side 'left'"),
        (entry("push left", "right", 30), "says left, its side says right"),
    ],
    ids=lambda given: given if isinstance(given, str) else f"{given['name']} {given.get('side')} {given['value']} {given['unit']}",
)
def test_a_measurement_that_cannot_be_right_is_a_fault_that_says_why(given: dict[str, Any], words: str) -> None:
    assert words in refused(given)


@pytest.mark.parametrize("amount", [-30, 90])
def test_the_least_and_the_most_that_is_plausible_are_read(amount: float) -> None:
    assert answer(entry("slump angle", None, amount, "deg")).result.measured


def test_one_thing_measured_twice_asks_which_one_counts() -> None:
    assert "push left is measured twice" in refused(entry("push", "left", 50), entry("pushing force", "left", 60))


def test_measured_and_both_sides_at_once_is_measured_twice() -> None:
    assert "push right is measured twice" in refused(entry("push", "bilateral", 50), entry("push", "right", 60))


def test_sex_told_as_other_is_no_sex_that_a_norm_knows() -> None:
    person = {"age": 30, "mass_kg": 60}
    assert answer(entry("push", "left", 50), patient={**person, "sex": "female"}).result.measured
    assert not answer(entry("push", "left", 50), patient={**person, "sex": "other"}).result.measured


# --- measures that cannot be right do not load -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("present: 40, absent: 15", "present: 10, absent: 15", "'present' (10) must lie beyond 'absent' (15)"),
        ("present: 10, absent: 12", "present: 13, absent: 12", "'present' (13) must lie beyond 'absent' (12)"),
        ("present: 45, absent: 40", "present: 39, absent: 40", "'present' (39) must lie beyond 'absent' (40)"),
        ("by: ratio, to: push", "by: ratio", "'to' names the measure that a ratio divides by"),
        ("unit: cm, because: of the norm", "because: of the norm", "'unit' is missing"),
        ("unit: cm, because: of the norm", "unit: ell, because: of the norm", "unknown unit 'ell'"),
        ("to: push,", "to: puhs,", "unknown measure 'puhs'"),
        ("equal: push-even", "equal: push-evn", "unknown finding 'push-evn'"),
        ("task: squat\n  dimensions", "task: sqaut\n  dimensions", "unknown task 'sqaut'"),
        ('unit: "%", source: study', 'unit: "%", source: stdy', "unknown source 'stdy'"),
    ],
)
def test_a_measure_that_cannot_be_right_does_not_load(was: str, now: str, words: str) -> None:
    assert was in MEASURED
    with pytest.raises(KnowledgeError) as caught:
        small_kb(MEASURED.replace(was, now, 1))
    assert words in str(caught.value)
