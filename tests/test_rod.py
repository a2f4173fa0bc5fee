"""Two strings and a rod: which muscles a position holds short and which long, from the shipped shares and from a small body."""

from __future__ import annotations

import pytest
from small import rule, rules, small_kb, small_knowledge

from expert import assess, rod
from expert.formats import Deviation, FindingType
from expert.model import AXIS_OF, Knowledge, KnowledgeBase


def position(*directions: tuple[str, str], sides: tuple[str, ...] = ("left", "right"), driven_by: str = "muscle") -> FindingType:
    vector = [{"direction": d, "side": side, "driven_by": driven_by, "source": "own-moment-arms"} for d, side in directions]
    return FindingType.model_validate({"id": "tried", "name": "Tried", "sides": sides, "side_means": "its own", "deviation": vector})


def values(finding: FindingType, kb: KnowledgeBase, task: str = "") -> dict[tuple[str, str], float]:
    """The alignments by muscle and side; what lies alike on both sides stands under each."""
    sides = {"both": ("same", "opposite")}
    return {(a.muscle, side): a.value for a in rod.alignments(finding, kb, task) for side in sides.get(a.side, (a.side,))}


# --- the numbers that were published ------------------------------------------------------------------------------------------------

_KNEE_CAVE = (("hip-adduction", "same"), ("hip-internal-rotation", "same"))
_ANTERIOR_TILT = (("hip-flexion", "same"), ("lumbar-extension", "same"))


@pytest.mark.parametrize(
    ("directions", "muscle", "value"),
    [
        (_KNEE_CAVE, "adductor-magnus", 0.97),
        (_KNEE_CAVE, "adductor-longus", 0.60),
        (_KNEE_CAVE, "gluteus-maximus", -1.00),
        (_KNEE_CAVE, "gluteus-medius", -0.83),
        ((("hip-adduction", "same"),), "adductor-magnus", 0.71),
        ((("hip-adduction", "same"),), "gluteus-medius", -1.00),
        (_ANTERIOR_TILT, "rectus-femoris", 1.00),
        (_ANTERIOR_TILT, "longissimus-thoracis", 0.97),
        (_ANTERIOR_TILT, "rectus-abdominis", -0.84),
        (_ANTERIOR_TILT, "gluteus-maximus", -0.70),
    ],
)
def test_the_published_alignments_come_out_of_the_shipped_shares(
    directions: tuple[tuple[str, str], ...], muscle: str, value: float, knowledge: Knowledge
) -> None:
    assert round(values(position(*directions), knowledge.kb)[muscle, "same"], 2) == value


@pytest.mark.parametrize(
    ("finding", "muscle", "side", "value"),
    [
        ("knee-valgus", "adductor-magnus", "same", 0.97),
        ("knee-valgus", "gluteus-maximus", "same", -1.00),
        ("hip-drop", "adductor-magnus", "opposite", 0.71),  # the stance leg is the other one
        ("hip-drop", "gluteus-medius", "opposite", -1.00),
        ("anterior-pelvic-tilt", "rectus-femoris", "same", 1.00),
        ("anterior-pelvic-tilt", "longissimus-thoracis", "same", 0.97),
    ],
)
def test_the_shipped_findings_show_the_positions_that_were_tried(
    finding: str, muscle: str, side: str, value: float, knowledge: Knowledge
) -> None:
    assert round(values(knowledge.kb.findings[finding], knowledge.kb)[muscle, side], 2) == value


def test_a_sided_limb_position_says_nothing_about_the_other_limb(knowledge: Knowledge) -> None:
    assert {side for _, side in values(knowledge.kb.findings["hip-drop"], knowledge.kb)} == {"opposite"}


def test_every_alignment_lies_between_minus_one_and_one_and_the_largest_is_one(knowledge: Knowledge) -> None:
    for finding in knowledge.kb.findings.values():
        found = [abs(a.value) for a in rod.alignments(finding, knowledge.kb)]  # none where no model holds the direction
        assert not found or max(found) == found[0] == 1.0


def test_mechanics_speaks_of_held_length_alone_and_scales_with_the_alignment(knowledge: Knowledge) -> None:
    most = knowledge.kb.constants.mechanics.points
    for name, made in knowledge.rulebase.rules.items():
        if not name.startswith("mechanics."):
            continue
        named, _, task = name.removeprefix("mechanics.").partition(".")
        expected = values(knowledge.kb.findings[named], knowledge.kb, task)
        assert made.grade == "D"
        for target in made.targets:
            value = expected[target.muscle, "same" if target.side == "both" else target.side]
            assert AXIS_OF[target.state] == "length"
            assert target.state == ("shortened" if value > 0 else "lengthened")
            assert target.points == round(1000 * most * abs(value)) <= 2000
            assert target.absent == 0


# --- a small body ----------------------------------------------------------------------------------------------------------------------

_SHARES = """\
shares:
- {muscle: puller, direction: hip-flexion, share: 0.4}
- {muscle: pusher, direction: hip-extension, share: 0.2}
- {muscle: turner, direction: hip-flexion, share: 0.3}
- {muscle: turner, direction: hip-extension, share: 0.1}
- {muscle: puller, direction: lumbar-side-bend-ipsilateral, share: 0.5}
- {muscle: pusher, direction: lumbar-side-bend-contralateral, share: 0.25}
"""


def test_an_alignment_is_the_share_with_less_the_share_against_over_the_largest() -> None:
    found = values(position(("hip-flexion", "same")), small_kb(_SHARES))
    assert found == {("puller", "same"): 1.0, ("pusher", "same"): -0.5, ("turner", "same"): pytest.approx(0.5)}


def test_weights_of_components_scale_their_shares() -> None:
    kb = small_kb(_SHARES)
    finding = position(("hip-flexion", "same"), ("lumbar-side-bend-ipsilateral", "same"))
    half = Deviation.model_validate(
        {"direction": "lumbar-side-bend-ipsilateral", "weight": 0.2, "driven_by": "muscle", "source": "own-moment-arms"}
    )
    found = values(finding.model_copy(update={"deviation": (finding.deviation[0], half)}), kb)
    assert found["puller", "same"] == 1.0  # 0.4 + 0.2 x 0.5 = 0.5 is the largest
    assert found["puller", "opposite"] == pytest.approx(-0.2)  # 0.2 x 0.5, on the side bent away from


def test_a_side_bend_holds_the_muscles_of_its_side_short_and_those_of_the_other_long() -> None:
    found = values(position(("lumbar-side-bend-ipsilateral", "same")), small_kb(_SHARES))
    assert found["puller", "same"] == 1.0
    assert found["puller", "opposite"] == -1.0
    assert (found["pusher", "same"], found["pusher", "opposite"]) == (-0.5, 0.5)  # it bends to the other side


def test_a_side_bend_toward_the_other_side_is_the_mirror() -> None:
    kb = small_kb(_SHARES)
    here = values(position(("lumbar-side-bend-ipsilateral", "same")), kb)
    there = values(position(("lumbar-side-bend-ipsilateral", "opposite")), kb)
    assert there == {(muscle, "opposite" if side == "same" else "same"): value for (muscle, side), value in here.items()}


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_bend_toward_one_side_shows_its_muscles_short_in_a_case(side: str, knowledge: Knowledge) -> None:
    other = {"left": "right", "right": "left"}[side]
    result = assess({"findings": [{"name": "trunk-side-bend", "side": side}]}, knowledge, "native")
    for muscle in ("internal-oblique", "external-oblique", "iliocostalis-lumborum"):
        assert result.hypothesis(muscle, side, "shortened")
        assert result.hypothesis(muscle, other, "lengthened")
        assert result.hypothesis(muscle, side, "lengthened") is result.hypothesis(muscle, other, "shortened") is None


def test_a_position_in_the_midline_speaks_of_both_sides_alike() -> None:
    found = values(position(("hip-flexion", "both"), sides=("midline",)), small_kb(_SHARES))
    assert found["puller", "same"] == found["puller", "opposite"] == 1.0


def test_a_finding_without_a_position_and_a_muscle_without_a_share_align_with_nothing() -> None:
    kb = small_kb(_SHARES)
    assert rod.alignments(kb.findings["dip"], kb) == ()
    assert ("turner", "same") not in values(position(("lumbar-side-bend-ipsilateral", "same")), kb)


def test_the_reason_names_the_shares_with_and_against() -> None:
    found = {a.muscle: a.because for a in rod.alignments(position(("hip-flexion", "same")), small_kb(_SHARES))}
    assert "0.300 of hip flexion (with)" in found["turner"]
    assert "0.100 of hip extension (against)" in found["turner"]
    assert "holds it short" in found["turner"]
    assert "holds it long: alignment -0.50" in found["pusher"]


# --- what drives the position ------------------------------------------------------------------------------------------------------------

_LEAN = """\
findings:
- id: lean
  name: Lean
  side_means: the side that leans
  deviation: [{{direction: hip-flexion, driven_by: {driver}, source: own-moment-arms}}]
"""
_DEFAULT = rules(
    rule(
        "default.long", "{hypothesis: {muscle: any, state: lengthened, not_driven_by: [gravity, ground]}}",
        "{muscle: matched, state: underactive, points: 2}", grade="D",
    ),
    rule(
        "default.short", "{hypothesis: {muscle: any, state: shortened, not_driven_by: [gravity, ground]}}",
        "{muscle: matched, state: overactive, points: 2}", grade="D",
    ),
)  # fmt: skip


def lean(driver: str, more: str = "rules: []\n", **told: object) -> set[tuple[str, str]]:
    known = small_knowledge(_SHARES, _LEAN.format(driver=driver), _DEFAULT, more)
    case = {"findings": [{"name": "lean", "side": "left", "seen_by": "instrument"}, *told.get("beside", ())]}  # type: ignore[misc]
    return {(h.muscle, h.state) for h in assess(case, known, "native").hypotheses if h.side == "left"}


def test_a_position_that_muscles_make_speaks_to_activity_through_the_default_link() -> None:
    assert {("puller", "overactive"), ("pusher", "underactive")} <= lean("muscle")
    assert {("puller", "overactive"), ("pusher", "underactive")} <= lean("unknown")


@pytest.mark.parametrize("driver", ["gravity", "ground"])
def test_a_position_that_gravity_or_the_ground_makes_does_not(driver: str) -> None:
    found = lean(driver)
    assert {("puller", "shortened"), ("pusher", "lengthened")} <= found
    assert {state for _, state in found} == {"shortened", "lengthened"}


def test_another_finding_that_shows_the_length_reopens_the_default_link() -> None:
    test = rules(rule("dip.short", "{finding: dip}", "{muscle: puller, state: shortened, points: 4}"))
    found = lean("gravity", test, beside=[{"name": "dip", "side": "left"}])
    assert ("puller", "overactive") in found
    assert ("pusher", "underactive") not in found


def test_the_shipped_forward_lean_and_knee_cave_do_not_make_activity_out_of_gravity(knowledge: Knowledge) -> None:
    for finding in ("forward-lean", "knee-valgus"):
        told = {"name": finding, "seen_by": "instrument"} | ({"side": "left"} if finding == "knee-valgus" else {})
        result = assess({"findings": [told]}, knowledge, "native").to_dict()
        evidence = [e for h in result["hypotheses"] for e in h["evidence"] if h["axis"] == "length"]
        only_mechanics = {e["rule"] for e in evidence} == {f"mechanics.{finding}"}
        assert only_mechanics
        assert not any(t["rule"].startswith("default.") for t in result["trace"])


# --- muscles that turn round as a joint moves --------------------------------------------------------------------------------------------

_TURNING = """\
tasks:
- {{id: deep, name: Deep, angles_deg: {{hip-flexion: {angle}}}}}
- {{id: upright, name: Upright}}
findings:
- id: slide
  name: Slide
  side_means: the side that slides
  tasks: [deep, upright, walking]
  deviation: [{{direction: hip-flexion, driven_by: muscle, source: own-moment-arms}}]
shares:
- {{muscle: puller, direction: hip-flexion, share: 0.4}}
- {{muscle: puller, part: upper, direction: hip-flexion, share: 0.3}}
- {{muscle: pusher, direction: hip-extension, share: 0.4}}
- {{muscle: turner, direction: lumbar-flexion, share: 0.9}}
reversals:
- {{muscle: puller, {part}below: hip-flexion, above: hip-extension, angle_of: hip-flexion, from_deg: 50, to_deg: 70,
   source: own-moment-arms}}
"""


def turning(angle: float, part: str = "") -> KnowledgeBase:
    return small_kb(_TURNING.format(angle=angle, part=f"part: {part}, " if part else ""))


def deep(kb: KnowledgeBase) -> dict[tuple[str, str], float]:
    return values(kb.findings["slide"], kb, "deep")


def test_a_muscle_beyond_its_turn_pulls_the_other_way() -> None:
    assert deep(turning(71)) == {("puller", "same"): -1.0, ("pusher", "same"): -1.0}


def test_below_its_turn_it_pulls_as_it_does_upright() -> None:
    kb = turning(49)
    assert deep(kb) == values(kb.findings["slide"], kb) == {("puller", "same"): 1.0, ("pusher", "same"): -1.0}


def test_where_a_share_was_averaged_over_both_sides_of_the_turn_each_angle_gets_the_whole_of_it() -> None:
    both_ways = "shares: [{muscle: puller, direction: hip-extension, share: 0.2}]\n"  # beside 0.4 of flexion: 0.6 in all
    below, above = (small_kb(_TURNING.format(angle=angle, part=""), both_ways) for angle in (10, 100))
    assert deep(below) == {("puller", "same"): 1.0, ("pusher", "same"): pytest.approx(-0.4 / 0.6)}
    assert deep(above) == {("puller", "same"): -1.0, ("pusher", "same"): pytest.approx(-0.4 / 0.6)}


@pytest.mark.parametrize("angle", [50, 60, 70])
def test_between_the_models_nothing_is_decided(angle: float) -> None:
    kb = turning(angle)
    assert deep(kb) == values(kb.findings["slide"], kb)
    assert not rod.turns(kb.findings["slide"], "deep", kb)


def test_a_part_that_turns_takes_only_its_own_share_with_it() -> None:
    found = deep(turning(100, "upper"))  # 0.1 stays with flexion, 0.3 goes over to extension
    assert found["puller", "same"] == pytest.approx(-0.2 / 0.4)
    assert found["pusher", "same"] == -1.0


def test_a_part_whose_share_was_not_measured_moves_nothing() -> None:
    kb = turning(100, "lower")
    assert deep(kb) == values(kb.findings["slide"], kb)


def test_upright_and_in_a_task_without_angles_nothing_has_turned() -> None:
    kb = turning(100)
    finding = kb.findings["slide"]
    assert values(finding, kb, "upright") == values(finding, kb) != deep(kb)


def test_an_angle_of_another_joint_turns_nothing() -> None:
    kb = small_kb(_TURNING.format(angle=100, part="").replace("{hip-flexion: 100}", "{lumbar-flexion: 100}"))
    assert deep(kb) == values(kb.findings["slide"], kb)


def test_a_task_turns_only_the_findings_whose_position_the_turned_muscles_pull_into() -> None:
    kb = turning(100)
    bent = position(("lumbar-flexion", "same"))
    assert rod.turns(kb.findings["slide"], "deep", kb)
    assert not rod.turns(bent, "deep", kb)
    assert not rod.turns(kb.findings["slide"], "upright", kb)


def test_in_a_deep_squat_the_shipped_piriformis_turns_inward(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    cave = kb.findings["knee-valgus"]
    turn_in = position(("hip-internal-rotation", "same"))
    upright, squatting = values(turn_in, kb), values(turn_in, kb, "overhead-squat")
    assert upright["piriformis", "same"] < 0 < squatting["piriformis", "same"]
    assert rod.turns(cave, "overhead-squat", kb)


def test_every_shipped_turn_has_its_opposite_directions_about_one_axis(knowledge: Knowledge) -> None:
    axes = {frozenset(axis.directions) for joint in knowledge.kb.joints.values() for axis in joint.axes}
    for turn in knowledge.kb.reversals:
        assert frozenset((turn.below, turn.above)) in axes, turn
        assert turn.from_deg <= turn.to_deg, turn
