"""Spread: the six chains step by step on a body, what each kind of link may claim, and what a prediction is and is not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import prod
from typing import Any

import pytest
from corpus import mirrored
from hypothesis import given
from hypothesis import strategies as st
from small import rule, rules, small_knowledge

from expert import Assessment, assess, load_knowledge
from expert.formats import Link
from expert.model import AXIS_OF, MIRROR, Knowledge, State
from expert.spread import SpreadGraph, ends_of

# --- states in words ------------------------------------------------------------------------------------------------------------


def states(line: str, knowledge: Knowledge) -> set[State]:
    """`gluteus-medius left weak`, `pelvis-drop right`, `head-forward`: the states it means; a group means each member."""
    kb = knowledge.kb
    name, *rest = line.split()
    if name in kb.nodes:
        return {State(kb.nodes[name].kind, name, "present", rest[0] if rest else "midline")}
    side, state = rest
    return {State("muscle", m, state, s) for m in kb.members(name) for s in (("left", "right") if side == "both" else (side,))}


def turned(state: State) -> State:
    return state._replace(side=MIRROR.get(state.side, state.side))


@pytest.fixture(scope="module")
def graph(knowledge: Knowledge) -> SpreadGraph:
    return SpreadGraph(knowledge.kb)


# --- the six chains, from the review's part 3 --------------------------------------------------------------------------------------

# chain: (where it starts, [(from, to) in the order told, with the sides of the review's own example])
CHAINS: dict[str, tuple[tuple[str, ...], list[tuple[str, str]]]] = {
    "weak-hip-abductors": (
        ("gluteus-medius left weak",),
        [
            ("gluteus-medius left weak", "pelvis-drop right"),
            ("gluteus-medius left weak", "hip-adduction-in-stance left"),
            ("pelvis-drop right", "hip-adduction-in-stance left"),
            ("pelvis-drop right", "lumbar-side-bend left"),
            ("lumbar-side-bend left", "quadratus-lumborum right lengthened"),
            ("lumbar-side-bend left", "lumbar-extensors right lengthened"),
            ("pelvis-drop right", "quadratus-lumborum right overactive"),
            ("lumbar-side-bend left", "quadratus-lumborum left shortened"),
            ("gluteus-medius left weak", "trunk-leans-to-stance left"),
            ("gluteus-medius left weak", "tensor-fasciae-latae left overactive"),
            ("gluteus-medius left weak", "gluteus-minimus left overactive"),
            ("tensor-fasciae-latae left overactive", "hip-internal-rotation left"),
            ("gluteus-minimus left overactive", "hip-internal-rotation left"),
            ("hip-internal-rotation left", "knee-in left"),
            ("hip-adduction-in-stance left", "lateral-hip-pain left"),
            ("lateral-hip-pain left", "gluteus-medius left underactive"),
        ],
    ),
    "foot-pronates": (
        ("tibialis-posterior left weak", "soleus left shortened"),
        [
            ("tibialis-posterior left weak", "heel-eversion left"),
            ("soleus left shortened", "ankle-dorsiflexion-limited left"),
            ("ankle-dorsiflexion-limited left", "heel-eversion left"),
            ("heel-eversion left", "tibia-turned-in left"),
            ("tibia-turned-in left", "hip-internal-rotation left"),
            ("hip-internal-rotation left", "pelvis-tilted-forward"),
            ("heel-eversion left", "pelvis-lower left"),
            ("pelvis-tilted-forward", "lumbar-extended"),
            ("pelvis-lower left", "lumbar-side-bend right"),
            ("hip-internal-rotation left", "gluteus-medius left lengthened"),
            ("hip-internal-rotation left", "deep-hip-external-rotators left lengthened"),
            ("heel-eversion left", "pelvis-drop right"),
        ],
    ),
    "stiff-ankle": (
        ("ankle-dorsiflexion-limited left",),
        [
            ("soleus left shortened", "ankle-dorsiflexion-limited left"),
            ("gastrocnemius left shortened", "ankle-dorsiflexion-limited left"),
            ("ankle-dorsiflexion-limited left", "heel-rises-early left"),
            ("ankle-dorsiflexion-limited left", "foot-turned-out left"),
            ("ankle-dorsiflexion-limited left", "heel-eversion left"),
            ("ankle-dorsiflexion-limited left", "knee-in left"),
            ("heel-eversion left", "tibia-turned-in left"),
            ("knee-in left", "hip-adduction-in-stance left"),
            ("tibia-turned-in left", "hip-internal-rotation left"),
            ("ankle-dorsiflexion-limited left", "trunk-leans-forward"),
            ("ankle-dorsiflexion-limited left", "pelvis-shifted right"),
            ("knee-in left", "gluteus-medius left lengthened"),
            ("knee-in left", "gluteus-maximus left lengthened"),
            ("ankle-sprain left", "gluteus-medius left weak"),
        ],
    ),
    "upper-crossed": (
        ("thorax-flexed", "serratus-anterior left underactive", "lower-trapezius left underactive"),  # the reach is a beginning of its own
        [
            ("thorax-flexed", "head-forward"),
            ("head-forward", "lower-neck-flexed"),
            ("head-forward", "upper-neck-extended"),
            ("head-forward", "suboccipitals both overactive"),
            ("head-forward", "sternocleidomastoid both overactive"),
            ("head-forward", "upper-trapezius both overactive"),
            ("head-forward", "levator-scapulae both overactive"),
            ("lower-neck-flexed", "semispinalis-cervicis both lengthened"),
            ("head-forward", "semispinalis-cervicis both overactive"),
            ("suboccipitals right overactive", "deep-neck-flexors right underactive"),
            ("thorax-flexed", "scapula-tipped-forward right"),
            ("scapula-tipped-forward right", "pectoralis-minor right shortened"),
            ("serratus-anterior right underactive", "scapula-rotates-up-less right"),
            ("lower-trapezius right underactive", "scapula-rotates-up-less right"),
            ("scapula-rotates-up-less right", "upper-trapezius right overactive"),
            ("scapula-rotates-up-less right", "levator-scapulae right overactive"),
            ("upper-trapezius right overactive", "shoulder-hikes right"),
            ("scapula-rotates-up-less right", "subacromial-load right"),
            ("subacromial-load right", "shoulder-pain right"),
            ("shoulder-pain right", "rotator-cuff right underactive"),
            ("rotator-cuff right underactive", "subacromial-load right"),
        ],
    ),
    "back-oblique-sling": (
        ("gluteus-maximus right weak",),
        [
            ("latissimus-dorsi left shortened", "gluteus-maximus right shortened"),
            ("latissimus-dorsi left overactive", "hip-rests-outward right"),
            ("gluteus-maximus right weak", "biceps-femoris-long-head right overactive"),
            ("gluteus-maximus right weak", "medial-hamstrings right overactive"),
            ("gluteus-maximus right weak", "lumbar-extensors both overactive"),
            ("gluteus-maximus right weak", "latissimus-dorsi left overactive"),
            ("latissimus-dorsi left overactive", "shoulder-lifts-less left"),
            ("latissimus-dorsi left overactive", "arm-falls-forward left"),
            ("latissimus-dorsi left overactive", "lumbar-extended"),
        ],
    ),
    "lower-crossed": (
        ("sitting-all-day",),
        [
            ("sitting-all-day", "hip-flexors both shortened"),
            ("hip-flexors left shortened", "hip-extension-less left"),
            ("hip-extension-less left", "pelvis-tilted-forward"),
            ("pelvis-tilted-forward", "lumbar-extended"),
            ("pelvis-tilted-forward", "lumbar-extensors both overactive"),
            ("pelvis-tilted-forward", "superficial-abdominals both lengthened"),
            ("sitting-all-day", "gluteus-maximus both underactive"),
            ("pelvis-tilted-forward", "biceps-femoris-long-head both lengthened"),
            ("pelvis-tilted-forward", "medial-hamstrings both lengthened"),
            ("biceps-femoris-long-head left lengthened", "hamstrings-stretched"),
            ("hamstrings-stretched", "pelvis-tilted-forward"),
            ("hip-flexors left shortened", "pelvis-turned"),
            ("hip-extension-less left", "step-shorter right"),
        ],
    ),
}
# words of the review that must stand in a chain's caution
CAUTIONS = {
    "weak-hip-abductors": ("nerve-block", "contested", "torn tendon"),
    "foot-pronates": ("wedges", "Not shown", "low certainty"),
    "stiff-ankle": ("heel lift", "association", "Not shown"),
    "upper-crossed": ("gravity", "Not shown", "stiff joint"),
    "back-oblique-sling": ("Not shown", "dissection", "conflict"),
    "lower-crossed": ("length test", "nerve-tension test", "Most people"),
}
STEPS = [(chain, start, end) for chain, (_, told) in CHAINS.items() for start, end in told]


def links_between(starts: set[State], ends: set[State], graph: SpreadGraph) -> set[str]:
    """Links that lead from one of the starts to every one of the ends."""
    known = starts & set(graph.graph)
    keys = [{link for start in known for _, to, link in graph.graph.out_edges(start, keys=True) if to == end} for end in ends]
    return set.intersection(*keys) if keys else set()


def test_the_six_chains_of_the_review_are_all_there(knowledge: Knowledge) -> None:
    assert set(knowledge.kb.chains) == set(CHAINS)


@pytest.mark.parametrize(("chain", "start", "end"), STEPS)
def test_a_step_of_a_chain_leads_where_the_review_says_on_the_side_it_says(
    chain: str, start: str, end: str, knowledge: Knowledge, graph: SpreadGraph
) -> None:
    for one, other in ((start, end), (mirrored(start), mirrored(end))):
        found = links_between(states(one, knowledge), states(other, knowledge), graph)
        assert found & set(knowledge.kb.chains[chain].steps), (one, other, found)


@pytest.mark.parametrize("chain", sorted(CHAINS))
def test_a_step_of_a_chain_does_not_lead_to_the_other_side_as_well(chain: str, knowledge: Knowledge, graph: SpreadGraph) -> None:
    """Where the review's far end has one side and the near end too, no link of the chain reaches the mirror image of the far end."""
    of_chain = set(knowledge.kb.chains[chain].steps)
    for start, end in CHAINS[chain][1]:
        near, far = states(start, knowledge), states(end, knowledge)
        if {s.side for s in near} & {"left", "right"} and len({s.side for s in far}) == 1 and "midline" not in {s.side for s in far}:
            assert not links_between(near, {turned(s) for s in far}, graph) & of_chain, (start, end)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("chain", sorted(CHAINS))
def test_walking_the_links_of_a_chain_in_order_visits_every_step_from_where_it_starts(
    chain: str, side: str, knowledge: Knowledge, graph: SpreadGraph
) -> None:
    reached = {s for line in CHAINS[chain][0] for s in states(line if side == "left" else mirrored(line), knowledge)}
    for link in knowledge.kb.chains[chain].steps:
        ends = {to for start in reached & set(graph.graph) for _, to, key in graph.graph.out_edges(start, keys=True) if key == link}
        assert ends, f"{link} starts nowhere that the chain has reached from the {side}"
        reached |= ends


@pytest.mark.parametrize("chain", sorted(CHAINS))
def test_every_chain_carries_its_own_caution_and_says_that_order_is_not_cause(chain: str, knowledge: Knowledge) -> None:
    told = knowledge.kb.chains[chain]
    caution = " ".join(told.caution.split())
    assert all(word in caution for word in (*CAUTIONS[chain], "Order is not cause", "Check before you treat")), caution
    assert told.sources


ELSEWHERE = [
    ("leg-length-longer left", "pelvis-lower right"),
    ("leg-length-longer left", "heel-eversion left"),
    ("leg-length-longer left", "lumbar-side-bend left"),  # convex to the short side, so concave to the long one
    ("leg-pain left", "pelvis-shifted right"),
    ("foot-drops left", "pelvis-hike left"),
    ("pelvis-hike left", "quadratus-lumborum left overactive"),
    ("sternocleidomastoid right shortened", "head-tilted right"),
    ("sternocleidomastoid right shortened", "head-turned left"),
]


@pytest.mark.parametrize(("start", "end"), ELSEWHERE)
def test_what_is_driven_by_leg_length_pain_or_nerve_leads_to_the_right_side(
    start: str, end: str, knowledge: Knowledge, graph: SpreadGraph
) -> None:
    near, far = states(start, knowledge), states(end, knowledge)
    assert links_between(near, far, graph)
    assert not links_between(near, {turned(s) for s in far}, graph)


# --- what a link may claim -----------------------------------------------------------------------------------------------------------


def links(kind: str | None = None) -> list[Link]:
    return [link for link in load_knowledge().kb.links.values() if kind in (None, link.kind)]


def steps_of(kind: str) -> set[tuple[str, str]]:
    return {step for link in links(kind) for step in link.map.items()}


def test_no_link_claims_a_step_that_its_kind_may_not(knowledge: Knowledge) -> None:
    for link in links():
        assert set(link.map.items()) <= {tuple(step) for step in knowledge.kb.link_kinds[link.kind].allowed}, link.id


FORBIDDEN = {
    "antagonist": {("underactive", "overactive"), ("weak", "strong"), ("weak", "overactive")},
    "synergist": {("overactive", "underactive"), ("shortened", "lengthened")},
    "muscle-joint": {("present", "underactive"), ("present", "overactive"), ("present", "weak")},
}


@pytest.mark.parametrize("kind", sorted(FORBIDDEN))
def test_a_kind_never_takes_the_steps_that_the_review_forbids(kind: str, knowledge: Knowledge) -> None:
    assert steps_of(kind)
    assert not steps_of(kind) & FORBIDDEN[kind]
    assert not {tuple(step) for step in knowledge.kb.link_kinds[kind].allowed} & FORBIDDEN[kind]


def test_a_joint_coupling_joins_joints_and_never_a_muscle() -> None:
    assert all(link.start.node and link.to.node for link in links("joint-coupling"))


def test_fascia_and_common_attachments_pass_tension_on_and_claim_nothing_of_activity_or_strength() -> None:
    for kind in ("fascial", "shared-attachment"):
        assert steps_of(kind) == {("shortened", "shortened")}


def test_a_shared_nerve_goes_from_weak_to_weak_and_ends_in_a_look_at_the_nerve(knowledge: Knowledge) -> None:
    assert steps_of("shared-nerve") == {("weak", "weak")}
    assert "screening of the nerve" in knowledge.kb.link_kinds["shared-nerve"].caution


def test_no_position_alone_makes_a_muscle_underactive_or_weak(knowledge: Knowledge) -> None:
    """Only pain and habit may; what gravity does to a position says nothing of an idle muscle."""
    for link in links():
        if link.start.node and {"underactive", "weak"} & set(link.map.values()):
            assert knowledge.kb.nodes[link.start.node].kind in ("pain", "habit"), link.id


def test_every_link_has_a_mechanism_a_source_and_a_strength_that_can_be_walked(knowledge: Knowledge) -> None:
    for link in links():
        assert link.mechanism.endswith("."), link.id
        assert knowledge.kb.constants.spread.cut <= link.strength < 1, link.id
        assert set(link.sources) <= set(knowledge.kb.sources), link.id
        if any(knowledge.kb.sources[s].read == "none" for s in link.sources[:1]):
            assert link.grade == "D", link.id


def test_the_graph_of_the_left_is_the_mirror_image_of_that_of_the_right(graph: SpreadGraph) -> None:
    edges = {(start, end, link) for start, end, link in graph.graph.edges(keys=True)}
    assert edges
    assert edges == {(turned(start), turned(end), link) for start, end, link in edges}


def test_both_sides_of_a_link_are_told_from_its_near_end(knowledge: Knowledge) -> None:
    for link in links():
        for start, end in ends_of(link, knowledge.kb):
            if link.to.side == "same" and {start.side, end.side} <= {"left", "right"}:
                assert start.side == end.side, link.id
            if link.to.side == "opposite" and {start.side, end.side} <= {"left", "right"}:
                assert start.side != end.side, link.id


# --- predictions of whole cases ----------------------------------------------------------------------------------------------------


def of(*findings: dict[str, Any], **rest: Any) -> Assessment:
    return assess({"findings": list(findings), **rest}, load_knowledge(), "native")


def told(answer: Assessment) -> dict[tuple[str, str, str], Any]:
    return {(p.target.id, p.target.side, p.target.state): p for p in answer.result.predicted}


SEEN = [
    (name, side)
    for name, sides in (
        ("hip drop", ("left", "right")), ("knee valgus", ("left", "right", "bilateral")), ("foot pronation", ("left", "bilateral")),
        ("dorsiflexion limited", ("left", "right")), ("kyphosis", ("",)), ("forward head", ("",)), ("shoulder hike", ("right",)),
        ("anterior pelvic tilt", ("",)), ("hip flexors short", ("left", "bilateral")), ("high iliac crest", ("right",)),
        ("hip abduction weak", ("left",)), ("serratus weak", ("right",)), ("foot drop", ("left",)), ("lordosis", ("",)),
    )
    for side in sides
]  # fmt: skip


@given(st.lists(st.sampled_from(SEEN), min_size=1, max_size=6, unique_by=lambda x: x[0]))
def test_predictions_keep_their_limits_and_multiply_their_strengths(seen: list[tuple[str, str]]) -> None:
    answer = of(*({"name": n, "seen_by": "instrument", **({"side": s} if s else {})} for n, s in seen))
    limits = answer.knowledge.kb.constants.spread
    assert (limits.links, limits.predictions, float(limits.cut)) == (3, 8, 0.05)
    assert len(answer.result.predicted) <= 8
    sending = {State("muscle", h.muscle, h.state, h.side) for h in answer.hypotheses if h.status == "supported" and not h.held}
    for p in answer.result.predicted:
        assert 1 <= len(p.path) <= 3
        exact = prod(float(answer.knowledge.kb.links[step.link].strength) for step in p.path)
        assert abs(p.strength / 1000 - exact) <= 0.003
        assert p.strength >= 50
        assert p.path[-1].to == p.target
        assert p.target not in sending
        if p.start.kind == "muscle" and p.start.side != "both":
            assert p.start in sending
        for here, step in pairwise((p.start, *(s.to for s in p.path))):
            assert here != step
    assert [p.strength for p in answer.result.predicted] == sorted((p.strength for p in answer.result.predicted), reverse=True)


def test_every_prediction_names_the_finding_that_would_confirm_or_refute_it(knowledge: Knowledge, graph: SpreadGraph) -> None:
    """Over the whole graph: whatever link leads there, a check is known, unless nothing outside shows the far end."""
    hidden = {n.id for n in knowledge.kb.nodes.values() if not n.seen_as}
    for start, steps in graph.steps.items():
        for step in steps:
            if graph.check(step) is None:
                assert step.to.id in hidden, (start, step.link)
                assert step.to.id in {"pelvis-turned", "hamstrings-stretched", "tibia-turned-in", "hip-rests-outward", "subacromial-load"}


def test_a_shown_prediction_without_a_test_is_a_rarity_that_is_said(knowledge: Knowledge) -> None:
    for name, side in SEEN:
        answer = of({"name": name, "seen_by": "instrument", **({"side": side} if side else {})})
        assert all(p.check is not None for p in answer.result.predicted), (name, [p.target for p in answer.result.predicted if not p.check])


def test_what_was_looked_at_and_absent_is_refuted_and_not_left_out() -> None:
    stiff = {"name": "dorsiflexion limited", "side": "left", "seen_by": "instrument"}
    heel = ("heel-rises-early", "left", "present")
    assert told(of(stiff))[heel].status == "unchecked"
    assert told(of(stiff, {"name": "heel rise", "side": "left", "task": "squat", "present": False}))[heel].status == "refuted"
    assert told(of(stiff, {"name": "heel rise", "side": "right", "task": "squat", "present": False}))[heel].status == "unchecked"


def test_what_is_seen_is_a_start_and_no_longer_predicted() -> None:
    stiff = {"name": "dorsiflexion limited", "side": "left", "seen_by": "instrument"}
    seen = of(stiff, {"name": "heel rise", "side": "left", "task": "squat"})
    assert ("heel-rises-early", "left", "present") not in told(seen)


def test_a_predicted_length_is_confirmed_by_its_own_length_test_and_not_by_a_strength_test() -> None:
    """Sitting predicts short hip flexors; one short side of the test says it of that side."""
    answer = of({"name": "hip flexors short", "side": "left", "severity": "mild"}, history=["sits all day at a desk"])
    status = {side: told(answer)["psoas-major", side, "shortened"].status for side in ("left", "right")}
    assert status == {"left": "confirmed", "right": "unchecked"}
    answer = of({"name": "hip flexors short", "side": "bilateral", "present": False}, history=["sits all day at a desk"])
    assert {told(answer)["psoas-major", side, "shortened"].status for side in ("left", "right")} == {"refuted"}


def test_a_place_reached_in_two_opposite_states_is_undetermined() -> None:
    both = of({"name": "anterior pelvic tilt"}, {"name": "posterior pelvic tilt"})
    undetermined = {key for key, p in told(both).items() if p.status == "undetermined"}
    assert ("lumbar-extended", "midline", "present") in undetermined
    alone = of({"name": "anterior pelvic tilt"})
    assert told(alone)["lumbar-extended", "midline", "present"].status == "unchecked"


def test_only_supported_and_unheld_hypotheses_send() -> None:
    weak = {"name": "hip abduction weak", "side": "left", "seen_by": "instrument"}
    drop = {"name": "hip drop", "side": "right", "task": "walking"}
    answers = of(weak, drop), of(drop), of(weak, drop, symptoms=[{"name": "sensory loss", "side": "left"}])
    told_of = [a.hypothesis("gluteus-medius", "left", "weak") for a in answers]
    assert [(h.status, h.held) for h in told_of if h] == [("supported", False), ("possible", False), ("supported", True)]
    assert [any(p.start.id == "gluteus-medius" for p in a.result.predicted) for a in answers] == [True, False, False]


def test_predictions_are_never_evidence() -> None:
    answer = of({"name": "dorsiflexion limited", "side": "left", "seen_by": "instrument"})
    assert ("knee-in", "left", "present") in told(answer)
    assert all(h.muscle not in ("gluteus-medius", "gluteus-maximus") for h in answer.hypotheses)
    assert {e.piece.basis.channel for h in answer.hypotheses for e in h.evidence} <= {"direct", "inferred"}


def test_an_absent_finding_sends_nothing() -> None:
    assert of({"name": "dorsiflexion limited", "side": "left", "present": False}).result.predicted == ()


@pytest.mark.parametrize("history", ["ankle-sprain", "leg-length-difference", "acl-reconstruction"])
def test_a_history_without_a_side_does_not_light_a_side(history: str) -> None:
    unsided = of(history=[history])
    assert unsided.result.predicted == ()
    sided = of(history=[{"name": history, "side": "left"}])
    assert sided.result.predicted


def test_the_shorter_leg_is_the_other_one_of_the_longer() -> None:
    """`leg-length-difference` names the short leg; the longer right one lowers the pelvis on the left."""
    answer = of(history=[{"name": "leg-length-difference", "side": "left"}])
    assert ("pelvis-lower", "left", "present") in told(answer)
    assert ("lumbar-side-bend", "right", "present") in told(answer)


# --- loops ----------------------------------------------------------------------------------------------------------------------------


def loops(answer: Assessment) -> list[set[str]]:
    return [{f"{n.id} {n.side} {n.state}" for n in loop.nodes} for loop in answer.result.loops]


def test_the_loop_through_lateral_hip_pain_is_found() -> None:
    """Adduction presses the tendons, pain quietens the abductors, the hip adducts further."""
    answer = of(
        {"name": "hip drop", "side": "right", "task": "walking"},
        {"name": "hip drop", "side": "right", "task": "single-leg squat"},
        symptoms=[{"name": "lateral hip pain", "side": "left"}],
    )
    wanted = {"lateral-hip-pain left present", "gluteus-medius left underactive", "hip-adduction-in-stance left present"}
    assert wanted in loops(answer)
    assert all(2 <= len(loop.nodes) <= 4 for loop in answer.result.loops)
    (loop,) = [x for x in answer.result.loops if {n.id for n in x.nodes} == {w.split()[0] for w in wanted}]
    assert "pain" in loop.because


def test_a_loop_needs_something_supported_or_seen_in_it(graph: SpreadGraph) -> None:
    for name, side in SEEN:
        answer = of({"name": name, "seen_by": "instrument", **({"side": side} if side else {})})
        starts = set(graph.starts(answer.hypotheses, answer.result.stated.items))
        for loop in answer.result.loops:
            assert starts & set(loop.nodes), loop


def test_a_refuted_prediction_breaks_a_loop() -> None:
    stiff = {"name": "dorsiflexion limited", "side": "left", "seen_by": "instrument"}
    open_case = of(stiff, history=[{"name": "ankle sprain", "side": "left"}])
    assert {"ankle-dorsiflexion-limited left present", "ankle-sprain left present"} in loops(open_case)
    denied = of(stiff, history=[{"name": "ankle sprain", "side": "left", "present": False}])
    assert {"ankle-dorsiflexion-limited left present", "ankle-sprain left present"} not in loops(denied)


# --- the walk, on a body small enough to read ---------------------------------------------------------------------------------------

LINE = """\
nodes:
- {id: one, kind: joint, name: One, seen_as: [{finding: dip}]}
- {id: two, kind: joint, name: Two, seen_as: [{finding: lift}]}
- {id: three, kind: joint, name: Three}
- {id: four, kind: joint, name: Four}
- {id: five, kind: joint, name: Five}
link_kinds:
- {id: joint-coupling, name: Coupling, allowed: [[present, present]], caution: It is a test.}
links:
"""


def line(*pairs: tuple[str, str, float]) -> Knowledge:
    return small_knowledge(LINE + "".join(_link(*pair) for pair in pairs))


def _link(start: str, end: str, strength: float) -> str:
    return (
        f"- {{id: {start}-{end}, kind: joint-coupling, from: {{node: {start}}}, to: {{node: {end}}}, map: {{present: present}}, "
        f"strength: {strength}, mechanism: It does., grade: D, sources: [hearsay], check: {{finding: lift}}}}\n"
    )


def walked(knowledge: Knowledge, *findings: dict[str, Any]) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    answer = assess({"findings": list(findings)}, knowledge, "native")
    return ((p.target.id, p.strength, tuple(s.to.id for s in p.path)) for p in answer.result.predicted)


def test_a_walk_takes_three_links_and_not_four() -> None:
    knowledge = line(("one", "two", 0.9), ("two", "three", 0.9), ("three", "four", 0.9), ("four", "five", 0.9))
    found = list(walked(knowledge, {"name": "dip", "side": "left"}))
    assert found == [("two", 900, ("two",)), ("three", 810, ("two", "three")), ("four", 729, ("two", "three", "four"))]


def test_a_walk_stops_where_it_grows_weaker_than_the_cut() -> None:
    knowledge = line(("one", "two", 0.25), ("two", "three", 0.2), ("three", "four", 0.9))
    assert [(name, strength) for name, strength, _ in walked(knowledge, {"name": "dip", "side": "left"})] == [("two", 250), ("three", 50)]


def test_the_stronger_of_two_ways_is_told() -> None:
    knowledge = line(("one", "three", 0.3), ("one", "two", 0.9), ("two", "three", 0.8))
    assert ("three", 720, ("two", "three")) in walked(knowledge, {"name": "dip", "side": "left"})


def test_a_muscle_state_is_mapped_by_its_own_row_and_never_multiplied() -> None:
    """Short holds long, busy quietens: the row decides; what has no row sends nothing."""
    allowed = "[[shortened, lengthened], [overactive, underactive]]"
    kinds = f"link_kinds: [{{id: antagonist, name: A, allowed: {allowed}, caution: It is a test.}}]\n"
    row = (
        "links:\n- {id: puller-pusher, kind: antagonist, from: {muscle: puller}, to: {muscle: pusher}, map: {shortened: lengthened}, "
        "strength: 0.5, mechanism: It does., grade: D, sources: [hearsay], check: {finding: lift}}\n"
    )
    rule = (
        "rules:\n- {id: dip.puller, title: T, when: {finding: dip}, then: [{muscle: puller, state: STATE, points: 4}], because: B, "
        "grade: C, sources: [table]}\n"
    )
    found = {}
    for state in ("shortened", "overactive"):
        knowledge = small_knowledge(kinds + row, rule.replace("STATE", state))
        twice = [{"name": "dip", "side": "left", "task": task, "severity": "severe"} for task in ("walking", "squat")]
        answer = assess({"findings": twice}, knowledge, "native")
        assert answer.hypothesis("puller", "left", state).status == "supported"  # type: ignore[union-attr]
        found[state] = [(p.target.id, p.target.side, p.target.state) for p in answer.result.predicted]
        assert all(AXIS_OF[p.target.state] for p in answer.result.predicted)
    assert found == {"shortened": [("pusher", "left", "lengthened")], "overactive": []}


# --- what the review of a whole report asked for ------------------------------------------------------------------------------------


def test_a_chain_is_not_confirmed_by_what_it_starts_from() -> None:
    told = assess({"findings": [{"name": "head tilt", "side": "right"}]}, engine="native").to_dict()["predicted"]
    assert not [p for p in told if p["check"] and p["check"]["finding"] == "head-tilt" and p["check"]["side"] == "right"]


def test_a_symmetric_case_predicts_no_tilt_to_both_sides() -> None:
    findings = [{"name": "forward head"}, {"name": "kyphosis"}, {"name": "rounded shoulders", "side": "bilateral"}]
    told = assess({"findings": findings}, engine="native").to_dict()["predicted"]
    assert told
    assert not [p for p in told if p["id"] in ("head-tilted", "head-turned")]


@pytest.mark.parametrize(("drops", "bends"), [("right", "left"), ("left", "right")])
def test_what_lies_beyond_a_step_that_was_looked_for_and_is_absent_is_refuted(drops: str, bends: str) -> None:
    findings = [
        {"name": "hip drop", "side": drops, "task": "running"},
        {"name": "trunk side-bend", "side": bends, "present": False},
    ]
    told = assess({"findings": findings}, engine="native").to_dict()["predicted"]
    beyond = [p for p in told if any(step["id"] == "lumbar-side-bend" for step in p["path"])]
    assert beyond
    assert {p["status"] for p in beyond} == {"refuted"}


# --- links by anatomy alone ---------------------------------------------------------------------------------------------------------------

DERIVED = """\
muscles:
- {id: first, name: First, region: hip, sources: [table]}
- {id: second, name: Second, region: hip, sources: [table]}
shares:
- {muscle: first, direction: hip-flexion, share: 1}
- {muscle: second, direction: hip-flexion, share: 1}
findings:
- {id: first-weak, name: First weak, side_means: its side, method: strength-test}
- {id: second-long, name: Second long, side_means: its side, method: length-test}
- {id: second-busy, name: Second busy, side_means: its side}
"""
FIRST_WEAK = rule("first", "{finding: first-weak}", "{muscle: first, state: weak, points: 6}", grade="B", source="study")
ANATOMY = "anatomy-synergist-first-second"


def steps_by(knowledge: Knowledge, start: State) -> set[str]:
    return {step.link for step in SpreadGraph(knowledge.kb).steps.get(start, ())}


def test_a_derived_link_is_walked_only_where_a_test_of_its_far_end_exists() -> None:
    untested = small_knowledge(DERIVED, rules(FIRST_WEAK))
    assert ANATOMY in untested.kb.derived
    start = State("muscle", "first", "weak", "left")
    assert steps_by(untested, start) == set()
    wrong_axis = rule("second", "{finding: second-long}", "{muscle: second, state: lengthened, points: 2}")
    assert steps_by(small_knowledge(DERIVED, rules(FIRST_WEAK, wrong_axis)), start) == set()  # busy is asked for, length was tested


def test_a_derived_link_that_can_be_tested_predicts_less_than_any_reviewed_one() -> None:
    measured = DERIVED.replace("direction: hip-flexion, share: 1}\n- {muscle: second, direction: hip-flexion",
                               "direction: hip-flexion, share: 1}\n- {muscle: second, direction: hip-extension")  # fmt: skip
    tested = rules(
        rule("first", "{finding: second-long}", "{muscle: first, state: shortened, points: 6}", grade="B", source="study"),
        rule("second", "{finding: first-long}", "{muscle: second, state: lengthened, points: 2}"),
    )
    more = "findings: [{id: first-long, name: First long, side_means: its side, method: length-test}]\n"
    known = small_knowledge(measured, more, tested)
    answer = assess({"findings": [{"name": "second long", "side": "left", "seen_by": "instrument"}]}, known, "native")
    (prediction,) = answer.result.predicted
    assert (prediction.target, prediction.path[0].link) == (
        State("muscle", "second", "lengthened", "left"), "anatomy-antagonist-first-second",
    )  # fmt: skip
    assert prediction.strength == 200
    assert prediction.check is not None
    assert (prediction.check.finding, prediction.status) == ("first-long", "unchecked")


SEEN_TOGETHER = [
    [{"name": "hip abduction weak", "side": "left", "seen_by": "instrument"}, {"name": "lateral hip pain", "side": "left"}],
    [{"name": "knee to wall limited", "side": "left", "seen_by": "instrument"}, {"name": "foot pronation", "side": "left"}],
]


def test_loops_go_round_over_reviewed_links_only(knowledge: Knowledge, graph: SpreadGraph) -> None:
    derived_edges = {(a, b) for a, steps in graph.steps.items() for b in {s.to for s in steps if s.link in knowledge.kb.derived}}
    reviewed = {(a, s.to) for a, steps in graph.steps.items() for s in steps if s.link in knowledge.kb.links}
    assert derived_edges - reviewed
    for seen in SEEN_TOGETHER:
        for loop in of(*seen).result.loops:
            around = zip(loop.nodes, (*loop.nodes[1:], loop.nodes[0]), strict=True)
            assert set(around) <= reviewed


NERVE = """\
muscles:
- {id: first, name: First, region: hip, nerve: Sixth, sources: [table]}
- {id: second, name: Second, region: hip, nerve: Sixth, sources: [table]}
findings:
- {id: first-weak, name: First weak, side_means: its side, method: strength-test}
- {id: second-weak, name: Second weak, side_means: its side, method: strength-test}
"""


def test_two_muscles_that_anatomy_alone_joins_make_no_loop() -> None:
    tested = [
        rule(name, f"{{finding: {name}-weak}}", f"{{muscle: {name}, state: weak, points: 6}}", grade="B", source="study")
        for name in ("first", "second")
    ]
    known = small_knowledge(NERVE, rules(*tested))
    first, second = (State("muscle", name, "weak", "left") for name in ("first", "second"))
    steps = SpreadGraph(known.kb).steps
    assert [s.to for s in steps[first]] == [second]  # each leads to the other ...
    assert [s.to for s in steps[second]] == [first]
    seen = [{"name": name, "side": "left", "seen_by": "instrument"} for name in ("first weak", "second weak")]
    assert assess({"findings": seen}, known, "native").result.loops == ()  # ... and that is no vicious circle
