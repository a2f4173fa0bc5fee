"""Sides, checked as on a body: every sided synonym, every refusal of a missing side, and the mirror law of the knowledge itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from corpus import mirrored

from expert import Assessment, CaseError, assess
from expert.cases import case_from_mapping
from expert.formats import Condition
from expert.model import Knowledge
from expert.normalise import normalise


def told(answer: Assessment) -> dict[str, tuple[int, str]]:
    """Hypotheses as plain data: what, how much, which status."""
    return {h.about.key: (h.net, h.status) for h in answer.hypotheses}


def of(*findings: dict[str, Any], knowledge: Knowledge, **rest: Any) -> Assessment:
    return assess({"findings": list(findings), **rest}, knowledge, "native")


# --- words that name the other side -----------------------------------------------------------------------------------------------

# said (words, left) -> the canonical finding and the side it must be on
OTHER_SIDE = [
    ("Trendelenburg", "hip-drop"),
    ("Trendelenburg sign", "hip-drop"),
    ("positive Trendelenburg test", "hip-drop"),
    ("Trendelenburg gait", "hip-drop"),
    ("uncompensated Trendelenburg", "hip-drop"),
    ("off-loads the leg", "weight-shift"),
    ("avoids loading the leg", "weight-shift"),
    ("short stance phase", "short-step"),
    ("low iliac crest", "high-iliac-crest"),
    ("pelvis shifted sideways under the trunk", "lateral-shift"),
    ("convex flank", "trunk-side-bend"),
    ("one shoulder comes forward", "trunk-rotation"),
    ("concave side of a scoliosis", "scoliosis-curve"),
    ("low shoulder", "shoulder-high"),
    ("one hip further forward", "pelvic-rotation"),
    ("posterior innominate rotation", "pelvic-torsion"),
    ("waist flattened on one side", "waist-asymmetry"),
    ("low crest comes level in sitting", "sitting-levels-pelvis"),
    ("under-loads the leg", "uneven-leg-loading"),
    ("spares the leg when landing", "uneven-leg-loading"),
    ("off-loading the leg", "weight-shift"),
    ("pelvis lower in standing", "high-iliac-crest"),
    ("lateral pelvic tilt with the crest low", "high-iliac-crest"),
    ("concave scoliosis", "scoliosis-curve"),
    ("longer leg", "leg-length-difference"),
    ("long leg", "leg-length-difference"),
    ("single-leg bridge pelvis drops", "hip-extension-weak"),
    ("pelvis drops in the single-leg bridge", "hip-extension-weak"),
]
SAME_SIDE = [
    ("hip drops", "hip-drop"),
    ("compensated Trendelenburg", "trunk-lean"),
    ("Duchenne sign", "trunk-lean"),
    ("gluteus medius lurch", "trunk-lean"),
    ("hip hike", "hip-hike"),
    ("hip shift", "weight-shift"),
    ("uneven hips", "high-iliac-crest"),
    ("lumbar list", "lateral-shift"),
    ("scoliosis", "scoliosis-curve"),
    ("rib hump", "scoliosis-curve"),
    ("deeper waist crease", "trunk-side-bend"),
    ("ear towards the shoulder", "head-tilt"),
    ("chin turned", "head-turn"),
    ("high shoulder", "shoulder-high"),
    ("weak single-leg bridge", "hip-extension-weak"),
    ("side bridge weak", "side-plank-weak"),
    ("convex scoliosis", "scoliosis-curve"),
    ("ipsilateral trunk lean", "trunk-lean"),
    ("short leg", "leg-length-difference"),
    ("lateral pelvic tilt with the crest high", "high-iliac-crest"),
]


@pytest.mark.parametrize(("words", "finding"), OTHER_SIDE)
def test_a_sign_named_after_one_side_is_a_finding_of_the_other(words: str, finding: str, knowledge: Knowledge) -> None:
    for side, other in (("left", "right"), ("right", "left")):
        (item,) = normalise(case_from_mapping({"findings": [{"name": words, "side": side}]}), knowledge.kb).items
        assert (item.finding, item.side) == (finding, other)


@pytest.mark.parametrize(("words", "finding"), SAME_SIDE)
def test_a_sign_named_after_its_own_side_stays_there(words: str, finding: str, knowledge: Knowledge) -> None:
    for side in ("left", "right"):
        (item,) = normalise(case_from_mapping({"findings": [{"name": words, "side": side}]}), knowledge.kb).items
        assert (item.finding, item.side) == (finding, side)


def test_no_other_word_of_the_vocabulary_turns_a_side_round(knowledge: Knowledge) -> None:
    """A new sided synonym has to be looked at on a body and written into the table above."""
    turned = {(s.words, f.id) for f in knowledge.kb.findings.values() for s in f.synonyms if s.side == "opposite"}
    families = {finding for _, finding in OTHER_SIDE}
    assert {finding for _, finding in turned} == families


@pytest.mark.parametrize("task", ["single-leg stance", "walking", None])
def test_a_left_trendelenburg_gives_exactly_what_a_right_hip_drop_gives(task: str | None, knowledge: Knowledge) -> None:
    shared = {"task": task} if task else {}
    sign = of({"name": "Trendelenburg", "side": "left", **shared}, knowledge=knowledge)
    drop = of({"name": "hip drop", "side": "right", **shared}, knowledge=knowledge)
    assert told(sign) == told(drop)
    assert sign.result.predicted == drop.result.predicted
    assert [c.id for c in sign.result.causes] == [c.id for c in drop.result.causes]


def test_the_quick_entry_left_colon_trendelenburg_is_the_sign_of_the_left_leg(knowledge: Knowledge) -> None:
    sign = of({"name": "left Trendelenburg", "task": "walking"}, knowledge=knowledge)
    assert sign.hypothesis("gluteus-medius", "left", "underactive") is not None
    assert sign.hypothesis("gluteus-medius", "right", "underactive") is None


# --- a side that is missing, refused or contradicted ----------------------------------------------------------------------------


def test_a_missing_side_is_asked_for_and_never_filled_in(knowledge: Knowledge) -> None:
    for finding in knowledge.kb.findings.values():
        if finding.side_optional or finding.sides == ("midline",) or "midline" in finding.sides:
            continue
        with pytest.raises(CaseError) as error:
            of({"name": finding.id}, knowledge=knowledge)
        assert "which side" in str(error.value), finding.id


@pytest.mark.parametrize("finding", ["weight-shift", "head-tilt", "head-turn", "trunk-rotation", "lateral-shift", "high-iliac-crest"])
def test_what_can_only_be_on_one_side_refuses_both_sides(finding: str, knowledge: Knowledge) -> None:
    for side in ("bilateral", "midline"):
        with pytest.raises(CaseError):
            of({"name": finding, "side": side}, knowledge=knowledge)


@pytest.mark.parametrize("finding", ["forward-head", "kyphosis", "lordosis", "posterior-pelvic-tilt", "low-back-round", "forward-lean"])
def test_a_midline_finding_refuses_a_side(finding: str, knowledge: Knowledge) -> None:
    with pytest.raises(CaseError):
        of({"name": finding, "side": "left"}, knowledge=knowledge)


@pytest.mark.parametrize(
    ("finding", "stands_on"),
    [("hip-drop", "other"), ("hip-hike", "other"), ("trunk-lean", "same"), ("knee-valgus", "same"), ("knee-varus", "same")],
)
def test_a_finding_on_one_leg_knows_which_leg_stands(finding: str, stands_on: str, knowledge: Knowledge) -> None:
    for side, other in (("left", "right"), ("right", "left")):
        right_leg, wrong_leg = (other, side) if stands_on == "other" else (side, other)
        of({"name": finding, "side": side, "task": "single-leg squat", "stance": right_leg}, knowledge=knowledge)
        with pytest.raises(CaseError) as error:
            of({"name": finding, "side": side, "task": "single-leg squat", "stance": wrong_leg}, knowledge=knowledge)
        message = str(error.value)
        assert f"{finding} {side}" in message
        assert f"'{finding}' {other}" in message  # both readings are named


def test_a_case_that_says_two_sides_at_once_is_asked_which_it_is(knowledge: Knowledge) -> None:
    with pytest.raises(CaseError):
        of({"name": "left hip drop", "side": "right"}, knowledge=knowledge)


# --- both sides and the middle ------------------------------------------------------------------------------------------------------


def test_bilateral_is_two_findings_that_keep_their_own_severity(knowledge: Knowledge) -> None:
    both = of({"name": "knee valgus", "side": "bilateral", "task": "squat"}, knowledge=knowledge)
    each = [{"name": "knee valgus", "side": side, "task": "squat"} for side in ("left", "right")]
    apart = of(*each, knowledge=knowledge)
    assert told(both) == told(apart)
    uneven = of(
        {"name": "knee valgus", "side": "left", "task": "squat", "severity": "severe"},
        {"name": "knee valgus", "side": "right", "task": "squat", "severity": "mild"},
        knowledge=knowledge,
    )
    left, right = (uneven.hypothesis("gluteus-medius", side, "underactive") for side in ("left", "right"))
    assert left is not None
    assert right is not None
    assert left.net > right.net


@pytest.mark.parametrize("finding", ["kyphosis", "lordosis", "forward-head", "anterior-pelvic-tilt", "forward-lean", "sway-back"])
def test_a_midline_finding_concludes_the_same_on_both_sides(finding: str, knowledge: Knowledge) -> None:
    answer = told(of({"name": finding}, knowledge=knowledge))
    assert answer
    assert answer == {mirrored(key): value for key, value in answer.items()}


def test_one_side_alone_says_nothing_of_the_other_where_no_rule_names_it(knowledge: Knowledge) -> None:
    """Findings of one limb whose sources name the same side only: nothing may leak to the other leg, arm or shoulder."""
    own_side = [
        "knee-valgus", "knee-varus", "foot-pronation", "foot-supination", "foot-turn-out", "foot-turn-in", "heel-rise",
        "knee-hyperextension", "foot-drop", "rounded-shoulders", "shoulder-hike", "scapular-winging", "scapular-tipping",
        "scapular-downward-rotation", "scapular-depression", "hip-abduction-weak", "hip-extension-weak", "hip-flexors-short",
        "iliotibial-band-short", "hamstrings-short", "adductors-short", "serratus-weak", "pectoralis-minor-short", "latissimus-short",
    ]  # fmt: skip
    for finding in own_side:
        for task in knowledge.kb.findings[finding].tasks or (None,):
            entry = {"name": finding, "side": "right", **({"task": task} if task else {})}
            sides = {h.side for h in of(entry, knowledge=knowledge).hypotheses}
            assert sides <= {"right"}, (finding, task)


@pytest.mark.parametrize("finding", ["hip-drop", "hip-hike"])
def test_a_free_side_finding_blames_the_hip_of_the_leg_that_stands(finding: str, knowledge: Knowledge) -> None:
    hip = {"gluteus-medius", "gluteus-minimus", "tensor-fasciae-latae", "adductor-longus", "adductor-magnus", "piriformis"}
    for task in ("single-leg-squat", "single-leg-stance", "step-down"):
        answer = of({"name": finding, "side": "right", "task": task}, knowledge=knowledge)
        assert {h.side for h in answer.hypotheses if h.muscle in hip} == {"left"}, task


# --- the knowledge itself -------------------------------------------------------------------------------------------------------------


def _named(condition: Condition) -> Iterator[str]:
    yield from condition.asks


def test_the_drop_of_one_leg_and_the_crest_of_two_never_share_a_rule(knowledge: Knowledge) -> None:
    for rule in knowledge.kb.rules.values():
        assert not {"hip-drop", "high-iliac-crest"} <= set(_named(rule.when)), rule.id


def test_every_sided_finding_says_what_its_side_is_and_who_says_so(knowledge: Knowledge) -> None:
    for finding in knowledge.kb.findings.values():
        if not finding.side_optional and "left" in finding.sides:
            assert finding.side_means, finding.id
            assert finding.side_source in knowledge.kb.sources, finding.id


@pytest.mark.parametrize("finding", ["lateral-shift", "scoliosis-curve"])
def test_a_list_or_a_curve_has_no_rule_of_any_muscle(finding: str, knowledge: Knowledge) -> None:
    assert [r.id for r in knowledge.kb.rules.values() if finding in r.when.asks] == []
    assert knowledge.kb.findings[finding].deviation == ()


TRAPS = {
    "side-plank-weak": ("floor", "external-oblique"),
    "iliotibial-band-short": ("upper", "tensor-fasciae-latae"),
    "hip-abduction-weak": ("upper", "gluteus-medius"),
    "hip-flexors-short": ("hang", "iliacus"),
    "hip-extension-weak": ("standing", "gluteus-maximus"),
    "hamstrings-short": ("raised", "semitendinosus"),
    "heel-raise-weak": ("standing", "soleus"),
}


@pytest.mark.parametrize("finding", sorted(TRAPS))
def test_a_test_with_a_misleading_name_says_which_limb_it_examines(finding: str, knowledge: Knowledge) -> None:
    word, muscle = TRAPS[finding]
    assert word in (knowledge.kb.findings[finding].side_means or "").lower()
    answer = of({"name": finding, "side": "left", "seen_by": "instrument"}, knowledge=knowledge)
    assert {h.side for h in answer.hypotheses if h.muscle == muscle} == {"left"}


@pytest.mark.parametrize(("task", "word"), [("lunge", "front leg"), ("step-down", "standing leg")])
def test_a_task_with_two_legs_says_after_which_one_it_is_named(task: str, word: str, knowledge: Knowledge) -> None:
    assert word in knowledge.kb.tasks[task].name


def test_held_turned_and_unable_to_turn_to_one_side_blame_opposite_muscles(knowledge: Knowledge) -> None:
    held = of({"name": "head turn", "side": "right"}, knowledge=knowledge)
    limited = of({"name": "head turn limited", "side": "right"}, knowledge=knowledge)
    assert held.hypothesis("sternocleidomastoid", "left", "overactive") is not None
    assert held.hypothesis("sternocleidomastoid", "right", "overactive") is None
    assert limited.hypothesis("sternocleidomastoid", "right", "shortened") is not None
    assert limited.hypothesis("sternocleidomastoid", "left", "shortened") is None
    assert held.hypothesis("splenius-capitis", "right", "overactive") is not None
    assert limited.hypothesis("splenius-capitis", "left", "shortened") is not None


def test_bent_to_one_side_and_unable_to_bend_there_blame_opposite_flanks(knowledge: Knowledge) -> None:
    held = of({"name": "trunk side bend", "side": "right"}, knowledge=knowledge)
    limited = of({"name": "trunk side bend limited", "side": "right"}, knowledge=knowledge)
    for answer, short in ((held, "right"), (limited, "left")):
        assert answer.hypothesis("quadratus-lumborum", short, "shortened") is not None
        assert answer.hypothesis("quadratus-lumborum", "right" if short == "left" else "left", "shortened") is None


def test_every_finding_alone_in_every_task_mirrors(knowledge: Knowledge) -> None:
    for finding in knowledge.kb.findings.values():
        if "left" not in finding.sides or finding.visceral or knowledge.kb.kinds[finding.id] != "finding":
            continue
        for task in (*finding.tasks, None):
            entry = {"name": finding.id, "side": "left", **({"task": task} if task else {})}
            left = of(entry, knowledge=knowledge)
            right = of(mirrored(entry), knowledge=knowledge)
            assert {mirrored(k): v for k, v in told(left).items()} == told(right), (finding.id, task)
            shown = [{(p.target.id, mirrored(p.target.side), p.target.state, p.strength, p.status) for p in left.result.predicted}]
            shown += [{(p.target.id, p.target.side, p.target.state, p.strength, p.status) for p in right.result.predicted}]
            assert shown[0] == shown[1], (finding.id, task)


@pytest.mark.parametrize(("rounded", "other"), [("left", "right"), ("right", "left")])
def test_one_rounded_shoulder_under_a_forward_head_implicates_the_muscles_of_that_shoulder(rounded: str, other: str) -> None:
    answer = assess({"findings": [{"name": "forward head"}, {"name": "rounded shoulders", "side": rounded}]}, engine="native")
    seen = f"rounded-shoulders:{rounded}"
    for muscle, state in (("pectoralis-minor", "overactive"), ("lower-trapezius", "underactive")):
        own, far = (answer.hypothesis(muscle, side, state) for side in (rounded, other))
        assert own is not None
        assert seen in own.findings
        assert far is None or seen not in far.findings
