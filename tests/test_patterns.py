"""Patterns: shown when their core was seen, on the side where it was seen, and not from anything less."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from corpus import mirrored

from expert import Assessment, assess, load_knowledge
from expert.model import Knowledge, Term


def shown(answer: Assessment) -> set[tuple[str, str]]:
    return {(p.id, p.side) for p in answer.result.patterns}


def of(knowledge: Knowledge, *findings: tuple[str, str], **rest: Any) -> Assessment:
    entries = [{"name": name, "side": side} if side else {"name": name} for name, side in findings]
    return assess({"findings": [{**e, **_task(e["name"], knowledge)} for e in entries], **rest}, knowledge, "native")


def _task(finding: str, knowledge: Knowledge) -> dict[str, str]:
    tasks = knowledge.kb.findings[finding].tasks
    return {"task": tasks[0]} if tasks else {}


# --- the cores that the sources name ---------------------------------------------------------------------------------------------

CORES: list[tuple[str, str, tuple[tuple[str, str], ...]]] = [
    ("upper-crossed", "midline", (("forward-head", ""), ("rounded-shoulders", "left"))),
    ("upper-crossed", "midline", (("forward-head", ""), ("shoulder-high", "left"))),
    ("lower-crossed", "midline", (("anterior-pelvic-tilt", ""), ("lordosis", ""))),
    ("lordotic-posture", "midline", (("lordosis", ""), ("anterior-pelvic-tilt", ""))),
    ("kyphotic-posture", "midline", (("kyphosis", ""), ("forward-head", ""))),
    ("flat-back-posture", "midline", (("flat-back", ""), ("posterior-pelvic-tilt", ""))),
    ("sway-back-posture", "midline", (("sway-back", ""), ("kyphosis", ""))),
    ("pronation-distortion", "left", (("foot-pronation", "left"), ("knee-valgus", "left"))),
    ("stiff-ankle-knee", "left", (("knee-valgus", "left"), ("dorsiflexion-limited", "left"))),
    ("hip-abductor-insufficiency", "left", (("hip-abduction-weak", "left"), ("hip-drop", "right"))),
    ("hip-abductor-insufficiency", "left", (("hip-abduction-weak", "left"), ("trunk-lean", "left"))),
    ("hip-extensor-sparing-gait", "left", (("trunk-lean-back", "left"), ("hip-extension-weak", "left"))),
    ("quadriceps-sparing-gait", "left", (("knee-hyperextension", "left"), ("knee-extension-weak", "left"))),
    ("long-swing-leg", "left", (("hip-hike", "left"), ("foot-drop", "left"))),
]


@pytest.mark.parametrize(("pattern", "side", "core"), CORES)
def test_a_pattern_is_shown_when_its_core_was_seen_and_mirrors(
    pattern: str, side: str, core: tuple[tuple[str, str], ...], knowledge: Knowledge
) -> None:
    assert (pattern, side) in shown(of(knowledge, *core))
    turned = tuple((name, mirrored(s)) for name, s in core)
    assert (pattern, mirrored(side)) in shown(of(knowledge, *turned))


@pytest.mark.parametrize(("pattern", "side", "core"), CORES)
def test_a_pattern_is_not_shown_when_one_of_its_core_was_not_seen_or_is_absent(
    pattern: str, side: str, core: tuple[tuple[str, str], ...], knowledge: Knowledge
) -> None:
    for missing in core:
        rest = tuple(c for c in core if c != missing)
        assert pattern not in {p for p, _ in shown(of(knowledge, *rest))}, missing
        name, where = missing
        denied = [{"name": n, **({"side": s} if s else {}), **_task(n, knowledge), "present": (n, s) != missing} for n, s in core]
        assert pattern not in {p for p, _ in shown(assess({"findings": denied}, knowledge, "native"))}, (name, where)


@pytest.mark.parametrize(
    "core",
    [
        (("foot-pronation", "left"), ("knee-valgus", "right")),
        (("knee-valgus", "left"), ("dorsiflexion-limited", "right")),
        (("hip-abduction-weak", "left"), ("hip-drop", "left")),
        (("hip-abduction-weak", "left"), ("trunk-lean", "right")),
        (("trunk-lean-back", "left"), ("hip-extension-weak", "right")),
        (("knee-hyperextension", "left"), ("knee-extension-weak", "right")),
    ],
)
def test_a_sided_pattern_is_not_put_together_from_two_legs_that_do_not_belong_together(
    core: tuple[tuple[str, str], ...], knowledge: Knowledge
) -> None:
    assert shown(of(knowledge, *core)) == set()


def test_the_whole_layer_rests_on_both_crossed_patterns(knowledge: Knowledge) -> None:
    upper = (("forward-head", ""), ("rounded-shoulders", "left"))
    lower = (("anterior-pelvic-tilt", ""), ("lordosis", ""))
    assert ("layer", "midline") in shown(of(knowledge, *upper, *lower))
    assert "layer" not in {p for p, _ in shown(of(knowledge, *upper))}
    assert "layer" not in {p for p, _ in shown(of(knowledge, *lower))}


def _satisfying(pattern: str, knowledge: Knowledge) -> list[tuple[Term, ...]]:
    """Every least set of findings that makes up a pattern's core, as it was compiled."""
    return [v.terms for v in knowledge.rulebase.programs["patterns"].variants if v.derives == pattern]


def test_no_shipped_pattern_can_be_had_from_a_single_finding_unless_it_is_a_test(knowledge: Knowledge) -> None:
    """A name such as `lower crossed` never follows from one look."""
    for name in knowledge.kb.patterns:
        for terms in _satisfying(name, knowledge):
            looked = [t for t in terms if t.kind == "finding"]
            tests = [t for t in looked if knowledge.kb.findings[t.name].method != "observation"]
            assert len(terms) > 1 or tests, (name, terms)


@pytest.mark.parametrize("pattern", sorted(load_knowledge().kb.patterns))
def test_a_pattern_names_its_caution_its_sources_and_nothing_it_did_not_see(pattern: str, knowledge: Knowledge) -> None:
    entry = knowledge.kb.patterns[pattern]
    assert entry.caution, "every named whole carries a caution"
    terms = next((t for t in _satisfying(pattern, knowledge) if all(x.kind == "finding" for x in t)), None)
    if terms is None:
        return
    findings = [
        {"name": t.name, **_side(t, knowledge), **({"task": t.contexts[0]} if t.contexts else _task(t.name, knowledge))} for t in terms
    ]
    answer = assess({"findings": findings}, knowledge, "native")
    (found,) = [p for p in answer.result.patterns if p.id == pattern][:1]
    stated = {i.key for i in answer.result.stated.items}
    assert set(found.core) <= stated
    assert set(found.sources) <= set(knowledge.kb.sources)
    assert found.points > 0


def _side(term: Term, knowledge: Knowledge) -> dict[str, str]:
    sides = knowledge.kb.findings[term.name].sides
    if "left" not in sides:
        return {}
    return {"side": "right" if term.side == "opposite" else "left"}


def test_what_is_missing_of_a_core_is_named(knowledge: Knowledge) -> None:
    answer = of(knowledge, ("anterior-pelvic-tilt", ""), ("lordosis", ""))
    (found,) = [p for p in answer.result.patterns if p.id == "lower-crossed"]
    assert len(found.missing) == 1
    assert "hip-flexors-short" in found.missing[0]
    tested = of(knowledge, ("anterior-pelvic-tilt", ""), ("lordosis", ""), ("trunk-flexion-weak", ""))
    (found,) = [p for p in tested.result.patterns if p.id == "lower-crossed"]
    assert found.missing == ()


@pytest.mark.parametrize("side", ["left", "right", "bilateral"])
def test_a_tilt_of_the_whole_pelvis_makes_its_pattern_with_hip_flexors_that_are_short_on_a_side(side: str, knowledge: Knowledge) -> None:
    answer = of(knowledge, ("anterior-pelvic-tilt", ""), ("hip-flexors-short", side))
    assert {"anterior-tilt-imbalance", "lower-crossed"} <= {p for p, _ in shown(answer)}


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_pattern_never_calls_missing_what_the_case_states(side: str, knowledge: Knowledge) -> None:
    answer = of(knowledge, ("anterior-pelvic-tilt", ""), ("lordosis", ""), ("hip-flexors-short", side))
    seen = {i.finding for i in answer.result.stated.items}
    for pattern in answer.result.patterns:
        assert not seen & {name for m in pattern.missing for name in m.split(" or ")}, (pattern.id, pattern.side)


def test_what_supports_a_pattern_counts_and_never_makes_it(knowledge: Knowledge) -> None:
    bare = of(knowledge, ("forward-head", ""), ("rounded-shoulders", "left"))
    richer = of(knowledge, ("forward-head", ""), ("rounded-shoulders", "left"), ("kyphosis", ""), ("serratus-weak", "left"))
    points = {name: {p.id: p.points for p in a.result.patterns}["upper-crossed"] for name, a in (("bare", bare), ("richer", richer))}
    assert points["richer"] > points["bare"]
    supporting_only = of(knowledge, ("rounded-shoulders", "left"), ("kyphosis", ""), ("serratus-weak", "left"))
    assert "upper-crossed" not in {p for p, _ in shown(supporting_only)}


def test_a_core_of_mild_signs_alone_makes_no_pattern_and_one_that_is_more_does(knowledge: Knowledge) -> None:
    mild = {"name": "anterior-pelvic-tilt", "task": "standing", "severity": "mild"}
    other = {"name": "lordosis", "task": "standing"}
    for severity, wanted in (("mild", False), ("moderate", True)):
        answer = assess({"findings": [mild, {**other, "severity": severity}]}, knowledge, "native")
        assert ("lordotic-posture" in {p.id for p in answer.result.patterns}) is wanted


def test_a_severe_core_ranks_a_pattern_above_a_moderate_one(knowledge: Knowledge) -> None:
    points = {}
    for severity, task in product(("moderate", "severe"), ("standing",)):
        findings = [{"name": n, "task": task, "severity": severity} for n in ("anterior-pelvic-tilt", "lordosis")]
        answer = assess({"findings": findings}, knowledge, "native")
        points[severity] = {p.id: p.points for p in answer.result.patterns}["lordotic-posture"]
    assert points["severe"] > points["moderate"]


WEAK_HIP = {"name": "hip-abduction-weak", "side": "left"}
DROP = {"name": "hip-drop", "side": "right", "task": "single-leg-stance"}


@pytest.mark.parametrize(
    ("hurt", "told"),
    [({}, True), ({"pain": 6, "limited_by": "pain"}, False), ({"pain": 2}, False), ({"limited_by": "fear"}, False),
     ({"limited_by": "weakness"}, True)],
)  # fmt: skip
def test_a_test_of_strength_that_hurt_is_no_part_of_a_pattern(hurt: dict[str, Any], told: bool, knowledge: Knowledge) -> None:
    for turned in (False, True):
        findings = [{**f, "side": mirrored(f["side"]) if turned else f["side"]} for f in ({**WEAK_HIP, **hurt}, DROP)]
        answer = assess({"findings": findings}, knowledge, "native")
        assert (("hip-abductor-insufficiency", "right" if turned else "left") in shown(answer)) is told
        assert not any(i.painful and i.key in p.core for p in answer.result.patterns for i in answer.result.stated.items)


def test_a_test_of_strength_that_hurt_supports_no_pattern_either(knowledge: Knowledge) -> None:
    core = [{"name": "knee-valgus", "side": "left", "task": "squat"}, {"name": "foot-pronation", "side": "left"}]
    weighs = [
        {p.id: p.points for p in assess({"findings": [*core, *more]}, knowledge, "native").result.patterns}["pronation-distortion"]
        for more in ([], [{**WEAK_HIP, "pain": 4}], [WEAK_HIP])
    ]
    assert weighs[0] == weighs[1] < weighs[2]


def test_a_movement_that_hurt_may_still_be_part_of_a_pattern(knowledge: Knowledge) -> None:
    answer = assess({"findings": [WEAK_HIP, {**DROP, "pain": 3}]}, knowledge, "native")
    assert ("hip-abductor-insufficiency", "left") in shown(answer)


LIFTED = [{"name": "knee-valgus", "side": "left", "task": "squat"}, {"name": "heel-lift-corrects-knee", "side": "left"}]


@pytest.mark.parametrize(
    ("ankle", "told"),
    [([], True), ([{"name": "dorsiflexion-limited", "side": "left", "present": False}], False),
     ([{"name": "dorsiflexion-limited-knee-straight", "side": "left", "present": False}], False),
     ([{"name": "dorsiflexion-limited", "side": "right", "present": False}], True),
     ([{"name": "dorsiflexion-limited", "side": "left", "present": False}, {"name": "dorsiflexion-limited-knee-straight", "side": "left"}],
      True)],
)  # fmt: skip
def test_an_ankle_that_bends_up_freely_is_no_stiff_one_whatever_a_heel_lift_does(
    ankle: list[dict[str, Any]], told: bool, knowledge: Knowledge
) -> None:
    answer = assess({"findings": [*LIFTED, *ankle]}, knowledge, "native")
    assert (("stiff-ankle-knee", "left") in shown(answer)) is told


def test_an_ankle_that_was_measured_and_is_normal_is_no_stiff_one(knowledge: Knowledge) -> None:
    for value, told in ((4, True), (10, False)):
        wall = [{"name": "knee to wall", "side": side, "value": v, "unit": "cm"} for side, v in (("left", value), ("right", 11))]
        answer = assess({"findings": LIFTED, "measurements": wall}, knowledge, "native")
        assert (("stiff-ankle-knee", "left") in shown(answer)) is told


def test_a_pattern_concludes_nothing_about_a_muscle(knowledge: Knowledge) -> None:
    """Patterns group what was seen; they bring no evidence of their own."""
    answer = of(knowledge, ("foot-pronation", "left"), ("knee-valgus", "left"))
    assert ("pronation-distortion", "left") in shown(answer)
    assert all(e.piece.rule.id not in knowledge.kb.patterns for h in answer.hypotheses for e in h.evidence)
