"""The plan: which examples a step gets and which must not be, whose side comes first, who supervises, and what silences it."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from corpus import CorpusCase, cases
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from small import rule, rules, small_knowledge
from strategies import CaseDict
from strategies import cases as generated

from expert import Assessment, assess, exercises, load_knowledge
from expert.errors import KnowledgeError
from expert.formats import Exercise, Guidance, Strategy
from expert.lint import lint
from expert.model import MIRROR, Dropped, Knowledge, PlanItem
from expert.plan import states_of

KB = load_knowledge().kb
NEURAL_TAGS, HIP_TAGS = {"hamstring-stretch", "neural-tension"}, {"hip-adduction-stretch", "band-across-thigh"}


def shows(name: str, side: str = "left", **more: Any) -> dict[str, Any]:
    """A finding that an instrument showed."""
    return {"name": name, "side": side, "seen_by": "instrument", **more}




def of(*findings: dict[str, Any], **rest: Any) -> Assessment:
    return assess({"findings": list(findings), **rest}, load_knowledge(), "native")


def items(answer: Assessment) -> Iterator[tuple[str, PlanItem]]:
    return ((phase.id, item) for phase in answer.plan.phases for item in phase.items)


def examples(answer: Assessment) -> set[str]:
    return {e.id for _, item in items(answer) for e in item.exercises}


def tags(answer: Assessment) -> set[str]:
    return {tag for _, item in items(answer) for e in item.exercises for tag in e.provokes}


def dropped(answer: Assessment) -> dict[str, Dropped]:
    return {d.exercise: d for d in answer.plan.dropped}


# --- what is named in the issue, each with its mirror ----------------------------------------------------------------------------

OUTER_THIGH, HAMSTRINGS = {"name": "iliotibial-band-short"}, {"name": "hamstrings-short"}
CALF = {"name": "dorsiflexion-limited-knee-straight"}


@pytest.mark.parametrize("side", ["left", "right"])
def test_outer_hip_pain_takes_away_adduction_and_band_stretches_and_says_why(side: str) -> None:
    without = of(shows("iliotibial-band-short", side))
    assert tags(without) & HIP_TAGS
    hurting = of(shows("iliotibial-band-short", side), symptoms=[{"name": "lateral hip pain", "side": side}])
    assert not tags(hurting) & HIP_TAGS
    gone = examples(without) - examples(hurting)
    assert "tensor-stretch" in gone
    told = dropped(hurting)["tensor-stretch"]
    assert (told.by, told.sides) == ("outer-hip-pain-no-adduction-stretch", (side,))
    assert "tendons" in told.because
    assert told.sources
    assert told.findings == (f"lateral-hip-pain:{side}",)
    assert any("No adduction stretch" in line for line in hurting.plan.left_out)


def test_what_is_left_out_on_both_sides_rests_on_what_is_there_on_both() -> None:
    told = dropped(of(*(shows("hip-flexors-short", side, limited_by="pain") for side in MIRROR)))["hip-flexor-half-kneeling"]
    assert told.sides == ("left", "right")
    assert told.findings == ("hip-flexors-short:left", "hip-flexors-short:right")


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("sign", ["leg-neural-test-positive", "radiating-leg-pain"])
def test_a_nerve_under_tension_takes_away_what_draws_it_out(side: str, sign: str) -> None:
    kind = "symptoms" if sign == "radiating-leg-pain" else "findings"
    case: dict[str, Any] = {"findings": [shows(CALF["name"], side)]}
    without = assess(case, load_knowledge(), "native")
    assert tags(without) & NEURAL_TAGS
    case[kind] = [*case.get(kind, []), {"name": sign, "side": side}]
    nervous = assess(case, load_knowledge(), "native")
    assert examples(nervous)
    assert not tags(nervous) & NEURAL_TAGS
    assert "calf-stretch-knee-straight" in dropped(nervous)


@pytest.mark.parametrize("side", ["left", "right"])
def test_pain_down_the_leg_takes_away_hamstring_stretches(side: str) -> None:
    assert "hamstring-stretch" in tags(of(shows("hamstrings-short", side)))
    nervous = of(shows("hamstrings-short", side), symptoms=[{"name": "radiating-leg-pain", "side": side}])
    assert not tags(nervous) & NEURAL_TAGS
    assert {"hamstring-stretch-lying", "hamstring-stretch-step"} <= set(dropped(nervous))
    loaded = {item.muscle for phase, item in items(nervous) if phase == "activation"}
    assert "semitendinosus" in loaded  # only the stretch is gone


def test_a_denied_sign_takes_nothing_away() -> None:
    denied = of(shows("hamstrings-short"), symptoms=[{"name": "radiating-leg-pain", "side": "left", "present": False}])
    assert "hamstring-stretch" in tags(denied)
    assert denied.plan.dropped == ()


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_strength_test_that_hurt_takes_away_load_on_its_muscles_on_that_side(side: str) -> None:
    other = {"left": "right", "right": "left"}[side]
    seen = [
        {"name": "hip-drop", "side": other, "task": "walking", "severity": "severe"},
        {"name": "trunk-lean", "side": side, "task": "walking"}, {"name": "knee-valgus", "side": side, "task": "squat"},
    ]  # fmt: skip
    hurting = of(shows("hip-abduction-weak", side, pain=4), *seen)
    load = {(i.muscle, i.side) for _, i in items(hurting) for e in i.exercises if e.kind in ("strengthen", "endurance")}
    assert ("gluteus-medius", side) in {(i.muscle, i.side) for _, i in items(hurting)}
    assert ("gluteus-medius", side) not in load
    told = dropped(hurting)["side-lying-hip-abduction"]
    assert (told.by, told.sides, told.findings) == ("painful-strength-test-no-load", (side,), (f"hip-abduction-weak:{side}",))
    free = of(shows("hip-abduction-weak", side), *seen)
    assert {"strengthen"} <= {e.kind for _, i in items(free) for e in i.exercises if i.muscle == "gluteus-medius"}


def test_a_length_test_that_hurt_takes_away_the_stretch_and_leaves_the_load() -> None:
    hurting = of(shows("hamstrings-short", pain=3))
    kinds = {e.kind for _, i in items(hurting) for e in i.exercises}
    assert "lengthen" not in kinds
    assert "strengthen" in kinds
    assert {d.by for d in hurting.plan.dropped} == {"painful-length-test-no-stretch"}


@pytest.mark.parametrize("finding", ["hamstrings-long", "hip-flexors-long"])
def test_what_tests_long_is_not_stretched(finding: str) -> None:
    answer = of(shows(finding))
    assert examples(answer)
    assert not [e.id for _, i in items(answer) for e in i.exercises if exercises.ends(e, KB)]


# --- long and busy, and untested: small knowledge ---------------------------------------------------------------------------------

_EXERCISES = """\
sources: [{id: ours, title: Ours, where: here, kind: study, read: whole}]
phases:
- {id: awareness, name: Awareness, goal: G, progress: P, sources: [table]}
- {id: mobility, name: Mobility, goal: G, sources: [table]}
- {id: activation, name: Activation, goal: G, sources: [table]}
strategies:
- {id: busy-long, title: S, activity: overactive, length: lengthened, steps: {awareness: A., mobility: M., activation: L.},
   kinds: {awareness: [release], mobility: [mobilise], activation: [strengthen]}, because: B, grade: D, sources: [table]}
- {id: busy-short, title: S, activity: overactive, length: shortened, steps: {mobility: M., activation: L.},
   kinds: {mobility: [lengthen], activation: [strengthen]}, because: B, grade: D, sources: [table]}
- {id: busy-untested, title: S, activity: overactive, length: untested, steps: {mobility: M., activation: L.},
   kinds: {mobility: [mobilise], activation: [strengthen]}, because: B, grade: D, sources: [table]}
- {id: only-weak, title: S, strength: weak, steps: {activation: L.}, kinds: {activation: [strengthen]}, because: B, grade: D,
   sources: [table]}
provocations:
- {id: far, name: goes far, end_range: true}
- {id: hard, name: is hard, demanding: true, restrictions: [no hard work]}
- {id: press, name: presses}
exercises:
- EX{id: pull-long, name: Pull, kind: lengthen, muscles: [puller], provokes: [far], grade: DTAIL
- EX{id: all-long, name: All, kind: lengthen, muscles: [movers], provokes: [far], grade: DTAIL
- EX{id: swing, name: Swing, kind: mobilise, muscles: [movers], provokes: [far], grade: DTAIL
- EX{id: sway, name: Sway, kind: mobilise, muscles: [movers], grade: DTAIL
- EX{id: a-group, name: Group, kind: strengthen, muscles: [movers], grade: BTAIL
- EX{id: b-own, name: Own, kind: strengthen, muscles: [puller], grade: DTAIL
- EX{id: c-own, name: Own, kind: strengthen, muscles: [puller], grade: CTAIL
- EX{id: d-hard, name: Hard, kind: strengthen, muscles: [puller], provokes: [hard], grade: BTAIL
- EX{id: push, name: Push, kind: strengthen, muscles: [pusher, turner], provokes: [press], grade: DTAIL
""".replace("EX{", "{").replace(
    "TAIL", ", how: H, dose: {sets: [2, 3], times_a_week: [2, 3], sources: [ours]}, progress: P, sources: [ours]}"
)
_TESTS = """\
findings:
- {id: reach, name: Reach, side_means: the side that reaches, method: length-test}
- {id: grip, name: Grip, side_means: the side that grips, method: strength-test}
- {id: hop, name: Hop, side_means: the side that hops, method: strength-test}
"""
_LONG = rules(
    rule("reach.long", "{finding: reach}", "{muscle: puller, state: lengthened, points: 4}"),
    rule("dip.busy", "{finding: dip}", "{muscle: puller, state: overactive, points: 4}, {muscle: pusher, state: overactive, points: 4}"),
    rule("lift.busy", "{finding: lift}", "{muscle: puller, state: overactive, points: 4}, {muscle: pusher, state: overactive, points: 4}"),
    rule("hop.short", "{finding: hop}", "{muscle: pusher, state: shortened, points: 4}"),
)


def of_small(*findings: dict[str, Any], more: str = "", said: str = _LONG, **rest: Any) -> Assessment:
    return assess({"findings": list(findings), **rest}, _small(said, more), "native")


@lru_cache(maxsize=32)
def _small(said: str, more: str) -> Knowledge:
    return small_knowledge(_EXERCISES, _TESTS, said, *filter(None, [more]))


def shown(answer: Assessment, muscle: str = "puller") -> dict[str, list[str]]:
    return {phase: [e.id for e in item.exercises] for phase, item in items(answer) if item.muscle == muscle}


BUSY = [{"name": "dip", "side": "left"}, {"name": "lift", "side": "left"}]


def test_a_long_and_busy_muscle_gets_no_stretch_and_no_end_of_range() -> None:
    answer = of_small(*BUSY, shows("reach"))
    assert {i.strategy for _, i in items(answer) if i.muscle == "puller"} == {"busy-long"}
    assert shown(answer)["mobility"] == ["sway"]


def test_an_untested_length_gets_neither_a_stretch_nor_the_end_of_range() -> None:
    assert shown(of_small(*BUSY), "pusher")["mobility"] == ["sway"]


def test_a_strategy_cannot_ask_for_a_stretch_of_what_did_not_test_short() -> None:
    for length in ("lengthened", "untested", None):
        with pytest.raises(ValidationError, match="only what tested short is lengthened"):
            Strategy.model_validate({
                "id": "s", "title": "S", "length": length, "steps": {"mobility": "M."}, "kinds": {"mobility": ["lengthen"]},
                "because": "B", "grade": "D", "sources": ["x"],
            })  # fmt: skip


def test_every_shipped_strategy_for_what_is_not_known_to_be_short_lengthens_nothing() -> None:
    for strategy in KB.strategies.values():
        if strategy.length != "shortened":
            assert not [k for kinds in strategy.kinds.values() for k in kinds if k == "lengthen"], strategy.id


_SHORT_BESIDE_LONG = rules(
    rule("reach.both", "{finding: reach}", "{muscle: puller, state: lengthened, points: 4}, {muscle: pusher, state: shortened, points: 4}"),
    rule("dip.busy", "{finding: dip}", "{muscle: pusher, state: overactive, points: 4}"),
    rule("lift.busy", "{finding: lift}", "{muscle: pusher, state: overactive, points: 4}"),
)


def test_a_stretch_that_would_reach_a_long_neighbour_as_well_is_left_out_and_says_so() -> None:
    answer = of_small(*BUSY, shows("reach"), said=_SHORT_BESIDE_LONG)
    assert {i.strategy for _, i in items(answer) if i.muscle == "pusher"} == {"busy-short"}
    assert shown(answer, "pusher")["mobility"] == []
    told = dropped(answer)["all-long"]
    assert (told.by, told.sides) == ("length", ("left",))
    assert "puller" in told.because


_WEAK = rules(rule("grip.weak", "{finding: grip}", "{muscle: puller, state: weak, points: 4}, {muscle: turner, state: weak, points: 4}"))


def test_at_most_two_examples_the_own_ones_first_then_what_asks_less_then_by_grade() -> None:
    assert shown(of_small(shows("grip"), said=_WEAK)) == {"activation": ["c-own", "b-own"]}


def test_a_harder_or_more_general_example_stands_in_where_the_first_is_closed() -> None:
    bar = """\
symptoms: [{id: sore, name: Sore, sides: [midline]}]
contraindications:
- {id: no-b, title: No, when: {symptom: sore}, provokes: [press], because: it presses, grade: D, sources: [table]}
- {id: no-steps, title: No load, when: {symptom: sore}, muscles: [puller], phases: [], kinds: [strengthen], because: sore, grade: D,
   sources: [table]}
"""
    answer = of_small(shows("grip"), said=_WEAK, more=bar, symptoms=["sore"])
    assert shown(answer) == {"activation": []}
    assert shown(answer, "turner") == {"activation": []}
    assert {(d.exercise, d.by) for d in answer.plan.dropped} == {("b-own", "no-steps"), ("c-own", "no-steps"), ("push", "no-b")}


# --- operations ----------------------------------------------------------------------------------------------------------------------


def operated(*restrictions: str) -> Assessment:
    return of_small(shows("grip"), said=_WEAK + "", more=_SURGERY, surgery=[{"name": "repair", "restrictions": list(restrictions)}])


_SURGERY = (
    "cautions: [{id: cut, title: Cut, applies: surgery, effect: restricted, because: healing, sources: [table], told_by: [operated]}]\n"
    "history: [{id: operated, name: Operated, sides: [midline]}]\n"
)


def test_what_a_surgeon_forbids_in_known_words_drops_those_exercises_alone() -> None:
    said = rules(rule("grip.weak", "{finding: grip}", "{muscle: puller, state: weak, points: 4}"))
    hard = _EXERCISES.replace("provokes: [hard], grade: B", "grade: B")
    plain = assess({"findings": [shows("grip")]}, small_knowledge(hard, _TESTS, said, _SURGERY), "native")
    assert shown(plain) == {"activation": ["d-hard", "c-own"]}
    surgery = [{"name": "repair", "restrictions": ["No hard work."]}]
    harder = _EXERCISES.replace("demanding: true, ", "")
    bounded = assess({"findings": [shows("grip")], "surgery": surgery}, small_knowledge(harder, _TESTS, said, _SURGERY), "native")
    assert shown(bounded) == {"activation": ["c-own", "b-own"]}
    assert [(d.exercise, d.by) for d in bounded.plan.dropped] == [("d-hard", "surgery")]
    assert "No hard work." in " ".join(bounded.plan.left_out)


def test_a_surgeons_words_that_are_not_known_exactly_close_every_example_and_are_not_guessed_at() -> None:
    answer = operated("no hard work before March")
    assert [item for _, item in items(answer)]
    assert examples(answer) == set()
    assert "whoever restricted it" in " ".join(answer.plan.left_out)
    assert answer.plan.provisional


def test_an_operation_that_only_the_history_tells_of_withholds_the_plan() -> None:
    told = of_small(shows("grip"), said=_WEAK, more=_SURGERY, history=["operated"])
    assert told.plan.withheld
    assert told.plan.phases == ()
    recorded = of_small(
        shows("grip"), said=_WEAK, more=_SURGERY, history=["operated"], surgery=[{"name": "repair", "restrictions": ["no hard work"]}]
    )
    assert not recorded.plan.withheld


def shipped_operation(*restrictions: str, **rest: Any) -> Assessment:
    operation = {"name": "ACL reconstruction", "side": "left", "restrictions": list(restrictions)}
    return of(shows("knee-extension-weak"), shows("hip-flexors-short"), surgery=[operation], **rest)


def test_no_kneeling_drops_what_is_done_kneeling_and_nothing_else() -> None:
    free, bound = of(shows("knee-extension-weak"), shows("hip-flexors-short")), shipped_operation("no kneeling")
    assert "hip-flexor-half-kneeling" in examples(free)
    assert "knee-extension-sitting" in examples(bound)
    assert examples(bound)
    assert "kneeling" not in tags(bound)
    assert {d.by for d in bound.plan.dropped} == {"surgery"}


def test_two_known_restrictions_are_both_kept_and_one_unknown_word_beside_them_names_nothing() -> None:
    both = shipped_operation("No kneeling.", "no open-chain extension")
    assert examples(both)
    assert not tags(both) & {"kneeling", "open-chain-knee-extension"}
    assert examples(shipped_operation("no kneeling", "knee brace locked at night")) == set()


def test_where_no_exercise_may_be_named_that_is_said_once_and_not_of_each() -> None:
    answer = shipped_operation("knee brace locked at night")
    assert answer.plan.dropped == ()
    assert sum("no exercise is named" in line for line in answer.plan.left_out) == 1


def test_what_a_painful_test_leaves_out_is_named_as_people_name_it() -> None:
    told = " ".join(of(shows(WEAK_HIP, pain=4)).plan.left_out)
    assert "(strengthening, endurance)" in told


def test_everything_done_on_hands_and_knees_is_tagged_so() -> None:
    for e in KB.exercises.values():
        if re.search(r"on hands and knees|kneel|(?<!feet )at first on the knees|forearm and bent knees", e.how, re.IGNORECASE):
            assert "kneeling" in e.provokes, e.id


def test_words_that_stand_apart_close_no_more_than_the_exercises_of_their_tag() -> None:
    words = [w.casefold() for p in KB.provocations.values() for w in p.restrictions]
    for tag in ("kneeling", "weight-on-hands", "balance", "abdominal-pressure", "open-chain-knee-extension"):
        assert KB.provocations[tag].restrictions
        assert any(tag in e.provokes for e in KB.exercises.values()), tag
    assert len(words) == len({*words})


_OPERATED = {"surgery": [{"name": "ACL reconstruction", "side": "left", "restrictions": ["no kneeling"]}]}


@pytest.mark.parametrize("told", [_OPERATED, {**_OPERATED, "history": ["recent surgery"]}])
def test_after_an_operation_a_physiotherapist_supervises_and_never_a_trainer(told: dict[str, Any]) -> None:
    answer = of(shows("knee-extension-weak"), **told)
    assert answer.plan.provider is not None
    assert answer.plan.provider.id == "provider-after-surgery"
    assert "trainer" not in answer.plan.provider.text
    assert "the surgeon" in [e.to for e in answer.plan.escalate]
    assert set(answer.plan.provider.findings) <= {i.key for i in answer.result.stated.items}


def test_an_operation_years_ago_changes_nothing_of_who_supervises() -> None:
    old = {"name": "ACL reconstruction", "side": "left", "date": "2015-05-01", "restrictions": ["no kneeling"]}
    provider = of(shows("knee-extension-weak"), surgery=[old], visit={"date": "2026-11-22"}).plan.provider
    assert provider is not None
    assert provider.id == "provider-usual"


# --- partners, and ranges that are limited ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["left", "right"])
def test_what_is_short_and_busy_is_not_loaded_and_its_partner_is(side: str) -> None:
    answer = of(shows("hip-flexors-short", side), shows("rectus-femoris-short", side))
    loading = {i.muscle: i for phase, i in items(answer) if phase == "activation"}
    assert loading["rectus-femoris"].exercises
    assert "gluteus maximus" in loading["rectus-femoris"].do
    for item in loading.values():
        for e in item.exercises:
            assert item.muscle not in {m for named in e.muscles for m in KB.members(named)}, (item.muscle, e.id)


def test_a_partner_whose_own_test_hurt_is_not_loaded_in_its_place() -> None:
    short = [shows("upper-trapezius-short", "right"), {"name": "shoulder-hike", "side": "right", "task": "overhead-reach"}]
    told = [next(i for phase, i in items(of(*short, *more)) if phase == "activation" and i.muscle == "upper-trapezius") for more in (
        [], [shows("lower-trapezius-weak", "right", pain=3)])]  # fmt: skip
    assert "lower trapezius" in told[0].do
    assert told[0].exercises
    assert told[1].exercises == ()
    assert "Partner" not in told[1].do


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_limited_ankle_has_its_end_felt_and_then_gets_work_on_its_range_and_no_held_stretch(side: str) -> None:
    heels = [{"name": "heel-rise", "side": side, "task": "squat"}, {"name": "heel-lift-corrects-knee", "side": side}]
    seen = [f for f in heels if f["name"] in KB.findings]
    answer = of({"name": "dorsiflexion-limited", "side": side}, *seen)
    ranges = next(i for phase, i in items(answer) if phase == "mobility" and i.muscle == "soleus")
    assert "Feel what stops the movement first" in ranges.do
    assert [e.id for e in ranges.exercises] == ["knee-to-wall"]
    assert all(p.items for p in answer.plan.phases)


# --- unstable joints, hands, growth of the belly wall ---------------------------------------------------------------------------------


def test_a_shoulder_that_was_out_of_its_joint_is_not_stretched_with_the_arm_out_and_back() -> None:
    free = of(shows("pectoralis-minor-short", "right"))
    unstable = of(shows("pectoralis-minor-short", "right"), history=["shoulder dislocation"])
    assert "doorway-stretch-one-arm" in examples(free)
    assert not tags(unstable) & {"arm-out-and-back-end-range"}
    assert "doorway-stretch-one-arm" in dropped(unstable)


def test_after_childbirth_nothing_presses_on_the_wall_of_the_belly() -> None:
    belly = {"name": "trunk-flexion-weak", "seen_by": "instrument"}
    assert "abdominal-pressure" in tags(of(belly))
    answer = of(belly, patient={"sex": "female", "postpartum_weeks": 10})
    assert examples(answer)
    assert not tags(answer) & {"abdominal-pressure", "breath-holding-effort", "impact"}
    assert any("childbirth" in line for line in answer.plan.left_out)


# --- which side first -----------------------------------------------------------------------------------------------------------------

WEAK_HIP = "hip-abduction-weak"


def strength(side: str, value: float, unit: str = "N") -> dict[str, Any]:
    return {"name": "hip abduction strength", "side": side, "value": value, "unit": unit}


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_weaker_side_comes_first_and_without_measurement_it_says_on_what_this_rests(side: str) -> None:
    first = of(shows(WEAK_HIP, side)).plan.order[0]
    assert first.first == side
    assert "gluteus-medius" in first.muscles
    assert "error" not in first.until
    assert "not measured" in first.because
    assert first.findings == (f"{WEAK_HIP}:{side}",)


@pytest.mark.parametrize(("low", "high"), [("left", "right"), ("right", "left")])
def test_measured_on_both_sides_it_lasts_until_the_difference_is_within_the_published_error(low: str, high: str) -> None:
    first = of(measurements=[strength(low, 90), strength(high, 230)]).plan.order[0]
    assert first.first == low
    assert "measurement error, 14 %" in first.until
    assert f"{low} 90 N against {high} 230 N" in first.because
    assert "thorborg-2010" in first.sources


def test_sides_that_differ_by_less_than_the_error_are_trained_alike() -> None:
    woman = {"sex": "female", "age": 25, "mass_kg": 60}
    low = of(patient=woman, measurements=[strength("left", 30, "N.m"), strength("right", 32, "N.m")])
    ranked = next(s for s in low.plan.order if "gluteus-medius" in s.muscles)
    assert ranked.first == "both"
    assert "no more than the measurement error" in ranked.until


def test_two_weak_sides_that_nobody_measured_have_no_first() -> None:
    ranked = next(s for s in of(shows(WEAK_HIP), shows(WEAK_HIP, "right")).plan.order if "gluteus-medius" in s.muscles)
    assert ranked.first == "both"


def test_grades_by_hand_are_no_amounts_to_compare() -> None:
    graded = of(measurements=[strength("left", 2, "{grade}"), strength("right", 5, "{grade}")]).plan.order
    assert all("error" not in s.until for s in graded)


def test_what_is_not_weak_has_no_order() -> None:
    assert of(shows("hamstrings-short")).plan.order == ()


# --- who, with what, until when --------------------------------------------------------------------------------------------------------

CENTRAL = ["multiple sclerosis", "stroke in the past", "Parkinson's disease", "cerebral palsy", "spinal cord injury"]
PERIPHERAL = ["peripheral neuropathy", "poliomyelitis"]


@pytest.mark.parametrize("disease", [*CENTRAL, *PERIPHERAL])
def test_a_neurogenic_cause_changes_the_provider_allows_stimulation_as_prescribed_and_worsens_the_outlook(disease: str) -> None:
    plain, answer = of(shows(WEAK_HIP)), of(shows(WEAK_HIP), history=[disease])
    assert plain.plan.provider is not None
    assert "neurologically" not in plain.plan.provider.text
    provider = answer.plan.provider
    assert provider is not None
    assert "neurologically trained physiotherapist" in provider.text
    assert provider.findings
    assert answer.plan.provisional
    assert "neurologically trained" in " ".join(answer.plan.because)
    assert [a.title for a in answer.plan.adjuncts] == ["Electrostimulation"]
    assert answer.plan.adjuncts[0].only_if.startswith("only as prescribed")
    told = answer.result.outlook
    assert told is not None
    assert "less likely" in told.text or "may not be possible" in told.text
    assert any(c.kind == "nerve" for c in answer.result.causes)


@pytest.mark.parametrize("told", ["", "desk job", "old fracture", "muscle disease", "diabetes", "herniated disc"])
def test_without_a_neurogenic_cause_nothing_is_stimulated(told: str) -> None:
    assert of(shows(WEAK_HIP), history=[told] if told else []).plan.adjuncts == ()


def test_a_bulging_disc_alone_changes_no_provider_and_with_a_nerve_sign_it_does() -> None:
    alone = of(shows(WEAK_HIP), history=["herniated disc"]).plan.provider
    nervous = of(shows(WEAK_HIP), history=["herniated disc"], symptoms=[{"name": "radiating leg pain", "side": "left"}]).plan.provider
    assert alone is not None
    assert nervous is not None
    assert (alone.id, nervous.id) == ("provider-usual", "provider-peripheral-nerve")


def test_no_plan_ever_mentions_stimulation_without_its_condition() -> None:
    for guidance in KB.guidance.values():
        if "stimulation" in (guidance.text + guidance.title).lower():
            assert guidance.kind == "adjunct", guidance.id
            assert guidance.only_if
            assert "prescribed" in guidance.only_if
    for exercise in KB.exercises.values():
        assert "stimulat" not in (exercise.name + exercise.how).lower(), exercise.id
    with pytest.raises(ValidationError, match="only_if"):
        Guidance.model_validate({
            "id": "x", "kind": "adjunct", "title": "T", "when": {"history": "h"}, "text": "t", "because": "b", "grade": "D",
            "sources": ["s"],
        })  # fmt: skip


MILD: list[dict[str, Any]] = [
    {"name": "rounded shoulders", "side": "left", "severity": "mild"}, {"name": "anterior pelvic tilt", "severity": 0.2}
]  # fmt: skip


def test_mild_findings_that_do_not_hurt_are_normal_and_no_plan_is_pushed() -> None:
    plan = of(*MILD).plan
    assert plan.gate is not None
    assert "normal" in plan.gate.text
    assert plan.gate.sources
    assert set(plan.gate.findings) == {"rounded-shoulders:left", "anterior-pelvic-tilt"}
    assert (plan.phases, plan.order, plan.stop, plan.withheld, plan.provisional) == ((), (), (), False, False)


def test_even_a_measured_mild_state_asks_for_no_plan() -> None:
    mild, plain = of(shows("hamstrings-short", severity="mild")), of(shows("hamstrings-short"))
    assert mild.plan.gate is not None
    assert mild.plan.phases == ()
    assert plain.plan.gate is None
    assert plain.plan.phases


@pytest.mark.parametrize(
    "more",
    [
        {"findings": [*MILD, {"name": "kyphosis", "severity": "moderate"}]},
        {"findings": [*MILD, {"name": "kyphosis", "severity": "mild", "pain": 2}]},
        {"findings": MILD, "symptoms": ["neck pain"]},
        {"findings": MILD, "history": ["multiple sclerosis"]},
        {"findings": MILD, "history": ["car accident"]},
        {"findings": []},
        {"findings": [{**MILD[0], "present": False}]},
    ],
    ids=["something moderate", "a test that hurt", "a symptom", "a disease of nerves", "an accident", "nothing", "nothing there"],
)
def test_the_gate_stays_open_for_whatever_is_more_than_mild(more: dict[str, Any]) -> None:
    assert assess(more, load_knowledge(), "native").plan.gate is None


def test_sitting_brings_breaks_and_the_desk_and_without_it_nothing_is_said_of_them() -> None:
    sitting = of(shows("hip-flexors-short"), history=["sits all day at a desk", "desk job"]).plan.self_care
    assert {"care-change-position", "care-desk"} <= {c.id for c in sitting}
    assert all(c.findings for c in sitting)
    assert of(shows("hip-flexors-short")).plan.self_care == ()


@pytest.mark.parametrize(
    ("history", "care", "cause"),
    [
        ("one-sided sport", "care-train-opponents", "one-sided-sport-load"),
        ("unbalanced training", "care-train-opponents", "one-sided-training"),
        ("training-load-jump", "care-load", "load-jump"), ("improper exercise form", "care-form", "faulty-exercise-form"),
        ("sitting-all-day", "care-change-position", "long-sitting"), ("recent-trauma", "", "after-trauma"),
        ("joint-replacement", "", "after-surgery"),
        ("injury-without-rehabilitation", "care-complete-rehabilitation", "insufficient-regeneration"),
        ("multiple-sclerosis", "", "central-nervous-disease"), ("neuropathy", "", "peripheral-nerve-disease"),
    ],
)  # fmt: skip
def test_what_the_history_tells_comes_back_as_a_cause_and_as_care(history: str, care: str, cause: str) -> None:
    answer = of(shows("hip-flexors-short"), history=[history])
    assert cause in {c.id for c in answer.result.causes}
    assert not care or care in {c.id for c in answer.plan.self_care}


def test_a_plan_says_when_to_stop_to_look_again_and_to_whom_to_go() -> None:
    answer = of(shows("hip-flexors-short"))
    told = " ".join(s.text for s in answer.plan.stop).lower()
    assert "pain" in told
    assert "tremble" in told
    assert answer.plan.reassess is not None
    assert {e.to for e in answer.plan.escalate} >= {"a doctor", "an emergency department"}
    assert all(phase.progress for phase in answer.plan.phases)


def test_what_is_looked_at_again_is_what_the_supported_hypotheses_rest_on() -> None:
    answer = of(shows("hip-flexors-short"), {"name": "knee valgus", "side": "right", "task": "squat"})
    supported = [h for h in answer.hypotheses if h.status == "supported" and not h.held]
    wanted = {key: tuple(sorted(h.about.key for h in supported if key in h.findings)) for h in supported for key in h.findings}
    assert {again.item: again.rests for again in answer.plan.look_again} == wanted
    assert answer.plan.look_again[0].item == "hip-flexors-short:left"


# --- what silences everything ------------------------------------------------------------------------------------------------------------


def silent(answer: Assessment) -> bool:
    plan = answer.plan
    return not any((plan.phases, plan.stop, plan.self_care, plan.adjuncts, plan.order, plan.look_again, plan.dropped, plan.escalate)) and (
        (plan.gate, plan.provider, plan.reassess) == (None, None, None)
    )


@given(st.sampled_from([c for c in cases() if c.expected.get("level") in ("emergency", "urgent")]))
def test_beside_an_urgent_red_flag_no_word_of_exercise_or_self_care_is_said(case: CorpusCase) -> None:
    answer = assess({"findings": [], **case.case, "history": [*case.case.get("history", []), "sits all day"]}, load_knowledge(), "native")
    assert answer.referral.level in ("emergency", "urgent")
    assert silent(answer)


def test_a_plan_that_is_withheld_for_another_reason_keeps_care_that_asks_for_no_movement() -> None:
    history = ["sits all day", "little movement"]
    child = of(shows("hip-flexors-short"), patient={"age": 15}, history=history).plan
    assert child.withheld
    assert child.phases == ()
    assert "care-change-position" in {c.id for c in child.self_care}
    assert "care-move-more" not in {c.id for c in child.self_care}
    assert (child.stop, child.adjuncts, child.order, child.reassess) == ((), (), (), None)


# --- laws --------------------------------------------------------------------------------------------------------------------------------


def check(answer: Assessment) -> None:
    """What holds of every plan."""
    stated, kb = answer.result.stated, answer.knowledge.kb
    closed = exercises.bars(stated, kb)
    found = {i.key: i for i in stated.items}
    long = {(h.muscle, h.side) for h in answer.hypotheses if h.sends and h.state == "lengthened"}
    by_place: dict[tuple[str, str], list[Any]] = {}
    for h in answer.hypotheses:
        if h.sends:
            by_place.setdefault((h.muscle, h.side), []).append(h)
    for phase, item in items(answer):
        length = states_of(by_place[item.muscle, item.side], found, kb.findings)["length"]
        assert len(item.exercises) <= 2
        own, partner = (shelf.get(phase, ()) for shelf in (kb.strategies[item.strategy].kinds, kb.strategies[item.strategy].partner))  # type: ignore[call-overload]
        for exercise in item.exercises:
            assert exercise.kind in (*own, *partner)
            assert exercise.kind in own or item.muscle not in {m for named in exercise.muscles for m in kb.members(named)}
            assert not [b.id for b in closed if not b.provokes.isdisjoint(exercise.provokes) or b.everything]
            assert not [
                b.id for b in closed if exercise.kind in b.kinds and item.muscle in b.muscles and item.side in b.sides
            ]  # fmt: skip
            assert length == "shortened" or not exercises.ends(exercise, kb)
            meant = {(m, item.side) for named in exercise.muscles for m in kb.members(named)}
            assert exercise.kind != "lengthen" or not meant & long
    for gone in answer.plan.dropped:
        assert gone.because
        assert gone.sources
        assert set(gone.findings) <= set(found)
    if answer.plan.withheld or answer.plan.gate:
        assert examples(answer) == set()
    for told in (*answer.plan.self_care, *answer.plan.adjuncts):
        assert told.findings
        assert set(told.findings) <= set(found)
    if answer.referral.stops_plan:
        assert silent(answer)


@given(st.sampled_from(cases()))
def test_no_hand_written_case_gets_an_exercise_that_something_there_forbids(case: CorpusCase) -> None:
    check(assess({"findings": [], **case.case}, load_knowledge(), "native"))


@given(generated())
def test_no_generated_case_gets_an_exercise_that_something_there_forbids(case: CaseDict) -> None:
    check(assess(case, load_knowledge(), "native"))


def _turned(value: Any) -> Any:
    """The other side, where a word names one: `left out` names none."""
    if isinstance(value, dict):
        return {k: _turned(v) for k, v in value.items()}
    if isinstance(value, list):
        return sorted((_turned(v) for v in value), key=repr)
    if isinstance(value, str):
        return re.sub(r"^(left|right)$|(?<=:)(left|right)\b|\b(left|right)(?= [\d.]+ )", lambda m: MIRROR[m[0]], value)
    return value


@given(st.sampled_from(cases()))
def test_a_mirrored_case_has_the_mirrored_plan(case: CorpusCase) -> None:
    def plan_of(c: CorpusCase) -> Any:
        return assess({"findings": [], **c.case}, load_knowledge(), "native").to_dict()["plan"]

    assert _turned(plan_of(case)) == _turned(_turned(plan_of(case.mirrored())))


# --- the page ---------------------------------------------------------------------------------------------------------------------------


def test_the_worked_examples_of_the_page_print_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).resolve().parent.parent
    monkeypatch.chdir(root)
    page = (root / "docs" / "plan.md").read_text(encoding="utf-8")
    worked = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(worked) == 2
    for code, printed in worked:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, "plan.md", "exec"), {})  # noqa: S102
        assert out.getvalue() == printed


# --- the knowledge ---------------------------------------------------------------------------------------------------------------------


def test_doses_go_from_low_to_high_and_rest_on_a_source() -> None:
    whole: dict[str, Any] = {
        "id": "x", "name": "X", "kind": "strengthen", "muscles": ["m"], "how": "H", "progress": "P", "grade": "D", "sources": ["s"],
        "dose": {"sets": [2, 3], "times_a_week": [2, 3], "sources": ["s"]},
    }  # fmt: skip
    Exercise.model_validate(whole)
    wrongs: tuple[dict[str, Any], ...] = ({"sets": [3, 2]}, {"sets": [0, 2]}, {"times_a_week": None}, {"sources": []}, {"hold_s": [8]})
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            Exercise.model_validate({**whole, "dose": {**whole["dose"], **wrong}})
    for exercise in KB.exercises.values():
        assert exercise.dose.sets or exercise.dose.repetitions or exercise.dose.hold_s, exercise.id


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("exercises: [{id: x, name: X, kind: strengthen, muscles: [nobody], how: H, dose: {times_a_week: [1, 2], sources: [table]},"
         " progress: P, grade: D, sources: [table]}]", "nobody"),
        ("exercises: [{id: x, name: X, kind: strengthen, muscles: [puller], how: H, dose: {times_a_week: [1, 2], sources: [nowhere]},"
         " progress: P, grade: D, sources: [table]}]", "nowhere"),
        ("exercises: [{id: x, name: X, kind: dance, muscles: [puller], how: H, dose: {times_a_week: [1, 2], sources: [table]},"
         " progress: P, grade: D, sources: [table]}]", "kind"),
        ("exercises: [{id: x, name: X, kind: strengthen, muscles: [puller], how: H, dose: {times_a_week: [1, 2], sources: [table]},"
         " progress: P, provokes: [nothing-such], grade: D, sources: [table]}]", "nothing-such"),
        ("contraindications: [{id: c, title: T, when: {finding: dip}, because: B, grade: D, sources: [table]}]", "leaves nothing out"),
        ("contraindications: [{id: c, title: T, muscles: [puller], because: B, grade: D, sources: [table]}]", "while what is there"),
        ("guidance: [{id: g, kind: escalate, title: T, text: X, because: B, grade: D, sources: [table]}]", "to whom"),
        ("guidance: [{id: g, kind: gate, title: T, text: X, because: B, grade: D, sources: [table]}]", "need a 'when'"),
        ("guidance: [{id: g, kind: stop, title: T, when: {finding: nowhere-seen}, text: X, because: B, grade: D, sources: [table]}]",
         "nowhere-seen"),
    ],
)  # fmt: skip
def test_a_fault_in_what_a_plan_is_made_of_is_refused(text: str, says: str) -> None:
    with pytest.raises(KnowledgeError, match=says):
        small_knowledge(text)


def test_a_stretch_that_does_not_say_what_it_takes_to_its_end_is_a_fault_of_lint() -> None:
    more = _EXERCISES.replace("kind: lengthen, muscles: [puller], provokes: [far]", "kind: lengthen, muscles: [puller]")
    told = [i.message for i in lint(small_knowledge(more, _TESTS, _LONG)) if "pull-long" in i.message]
    assert any("provokes" in message for message in told)
    assert not [i for i in lint(small_knowledge(_EXERCISES, _TESTS, _LONG)) if "pull-long" in i.message]


@pytest.mark.parametrize("tag", sorted(KB.provocations))
def test_every_tag_that_a_contraindication_names_is_one_that_exercises_carry(tag: str) -> None:
    barred = any(tag in c.provokes for c in KB.contraindications.values())
    assert not barred or any(tag in e.provokes for e in KB.exercises.values())


STEPS = [
    exercises.Step(muscle, "left", phase, strategy, strategy.length or "untested")
    for muscle in KB.muscles for strategy in KB.strategies.values() for phase in strategy.kinds
]  # fmt: skip


@lru_cache(maxsize=1)
def _free() -> list[tuple[exercises.Step, frozenset[str]]]:
    """Every step with the tags of what it shows where nothing is forbidden."""
    free = exercises.Choice(KB, (), {}, {})
    return [(step, frozenset(tag for e in free.of(step)[0] for tag in e.provokes)) for step in STEPS]


@pytest.mark.parametrize("name", [c.id for c in KB.contraindications.values() if c.provokes])
def test_every_contraindication_takes_away_something_that_a_plan_would_show(name: str) -> None:
    forbidden = frozenset(KB.contraindications[name].provokes)
    bar = exercises.Bar(name, "told", "because", ("source",), (), provokes=forbidden)
    barred = exercises.Choice(KB, (bar,), {}, {})
    touched = [step for step, tags in _free() if not forbidden.isdisjoint(tags)]
    assert touched
    for step in touched:
        assert not [e.id for e in barred.of(step)[0] if not forbidden.isdisjoint(e.provokes)]
