"""The graph around a case: what is drawn of it, at which hop, how each place is known, and that words and data say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import CaseDict, cases
from test_laws import mirrored_case
from test_spread import CHAINS, states

from expert import Assessment, UsageError, assess, load_case, load_knowledge
from expert.contract import drivers_of
from expert.model import MIRROR, Knowledge, State
from expert.questions import Chain
from expert.questions.chain import Link, Node

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))


def run(case: Any) -> Assessment:
    return assess(case, load_knowledge(), "native")


def example(name: str) -> Assessment:
    return run(load_case(EXAMPLES / f"{name}.yaml"))


def of(*seen: str, **more: Any) -> Chain:
    """The chain of a case that states findings as `hip drop:right`."""
    entries = [dict(zip(("name", "side", "task"), one.split(":"), strict=False)) for one in seen]
    return run({"findings": [{**entry, "seen_by": "instrument"} for entry in entries], **more}).chain()


def node(told: Chain, key: str) -> Node:
    return next(n for n in told.nodes if n.key == key)


def ends(told: Chain) -> set[tuple[str, str]]:
    return {(x.start, x.to) for x in told.links}


def stands_for(n: Node, knowledge: Knowledge) -> set[State]:
    """The states that a place of the graph means: both sides of it, every muscle of a group."""
    sides = tuple(MIRROR) if n.side == "both" else (n.side,)
    names = [m.id for m in n.members] or [n.id]
    return {State("muscle" if n.kind == "group" else n.kind, name, n.state, side) for name in names for side in sides}


def drawn_as(told: Chain, knowledge: Knowledge) -> dict[State, str]:
    return {state: n.key for n in told.nodes for state in stands_for(n, knowledge)}


def both(state: State) -> list[State]:
    return [state._replace(side=side) for side in MIRROR] if state.side == "both" else [state]


# --- what is drawn ----------------------------------------------------------------------------------------------------------------


def test_the_runner_s_chain_begins_at_what_is_known_and_travels_over_two_links() -> None:
    told = example("runner").chain()
    assert [h.title for h in told.hops] == ["What is known", "One link away", "Two links away"]
    assert node(told, "pelvis-drop:right").known == "seen"
    assert node(told, "gluteus-medius:left:underactive").known == "supported"
    everted = node(told, "heel-eversion:left")
    assert (everted.hop, everted.known, everted.status, everted.strength) == (1, "predicted", "unchecked", 0.5)
    assert node(told, "tibia-turned-in:left").hop == 2
    assert node(told, "iliocostalis-lumborum:right:lengthened").status == "undetermined"
    ankle = node(told, "ankle-dorsiflexion-limited:left")
    assert (ankle.standing, ankle.hop) == ("seen", 0)
    assert [d.key for d in told.drivers] == ["ankle-dorsiflexion-limited:left"]
    assert [n.key for n in told.apart] == ["sitting-all-day"]


@pytest.mark.parametrize("name", NAMES)
def test_every_prediction_driver_and_loop_is_drawn_with_its_links(name: str, knowledge: Knowledge) -> None:
    answer = example(name)
    told = answer.chain()
    key_of, links = drawn_as(told, knowledge), {(x.start, x.to, x.link) for x in told.links}
    walks = [(p.start, p.path) for p in answer.result.predicted]
    walks += [(d.about, a.path) for d in drivers_of(answer.result.drivers) for a in d.explains]
    for start, path in walks:
        for here, step in zip((start, *(s.to for s in path)), path, strict=False):
            steps = {(key_of[a], key_of[b], step.link) for a in both(here) for b in both(step.to)}
            assert steps & links, (here, step.to)
    for p in answer.result.predicted:
        found = [node(told, key_of[s]) for s in both(p.target)]
        assert {(n.known, n.status, n.strength) for n in found} == {("predicted", p.status, p.strength / 1000)}
    for d in drivers_of(answer.result.drivers):
        on = {n.key for n in (*told.nodes, *told.apart) if n.standing == d.standing}
        assert d.about.kind in ("cause", "group") or {key_of.get(s, s.id) for s in both(d.about)} <= on | {d.about.id}
    for loop in told.loops:
        assert set(pairwise((*loop.nodes, loop.nodes[0]))) <= {(x.start, x.to) for x in told.links if loop.number in x.loops}
        assert all(loop.number in node(told, key).loops for key in loop.nodes)
    for loop in answer.result.loops:
        assert all(key_of[s] in {k for c in told.loops for k in c.nodes} for n in loop.nodes for s in both(n))


def test_reviewed_links_between_what_is_known_are_drawn() -> None:
    assert ("pelvis-drop:right", "hip-adduction-in-stance:left") in ends(example("runner").chain())


def check_shape(told: Chain) -> None:
    """Laws of every chain: each place and link appears at one hop, no link before its ends, no place without a way to an earlier one."""
    nodes, links = {n.key: n for n in told.nodes}, {x.key: x for x in told.links}
    assert len(nodes) == len(told.nodes)
    assert len(links) == len(told.links)
    assert [key for h in told.hops for key in h.nodes] == [n.key for n in told.nodes]
    assert sorted(key for h in told.hops for key in h.links) == sorted(links)
    assert [h.number for h in told.hops] == list(range(len(told.hops)))
    assert [n.number for n in (*told.nodes, *told.apart)] == list(range(1, len(told.nodes) + len(told.apart) + 1))
    for h in told.hops:
        assert all(nodes[key].hop == h.number for key in h.nodes)
        assert all(links[key].hop == h.number == max(nodes[links[key].start].hop, nodes[links[key].to].hop, 1) for key in h.links)
        assert h.sentence.endswith(".")
    beside: dict[str, set[int]] = {key: set() for key in nodes}
    for x in links.values():
        beside[x.start].add(nodes[x.to].hop)
        beside[x.to].add(nodes[x.start].hop)
    for n in nodes.values():
        assert beside[n.key], "a place without a link"
        assert n.hop == 0 or n.hop - 1 in beside[n.key]
    assert told.around or told.taught or all((n.known in ("seen", "supported")) == (n.hop == 0) for n in nodes.values())
    check_words(told)


def check_words(told: Chain) -> None:
    """The lines name every place once and under it every link that leads there."""
    lines = iter(told.text)
    for n in told.nodes:
        assert next(lines).startswith(f"{n.number}. {n.label} (")
        for x in (x for x in told.links if x.to == n.key):
            start = next(m for m in told.nodes if m.key == x.start)
            line = next(lines)
            assert line.startswith(f"From {start.number}: ")
            assert line.endswith(" ".join(x.mechanism.split()))
            assert f"strength {x.strength:.2f}, grade {x.grade}" in line
    assert next(lines, None) is None


@pytest.mark.parametrize("name", NAMES)
def test_places_links_hops_and_lines_of_an_example_agree(name: str) -> None:
    check_shape(example(name).chain())


@given(cases(least=1, most=8), st.sampled_from(["multifidus", "psoas-major:left:weak", "pelvis-drop:right", "lumbar-extended"]))
@settings(max_examples=12)
def test_places_links_hops_and_lines_of_any_case_agree(case: CaseDict, around: str) -> None:
    answer = run(case)
    check_shape(answer.chain())
    check_shape(answer.chain(around=around))


def test_kinds_and_joints_are_counted_over_the_links_that_are_drawn() -> None:
    told = example("runner").chain()
    assert {k.id: k.count for k in told.kinds} == {"synergist": 1, "joint-coupling": 9, "muscle-joint": 6}
    assert {j.id: j.count for j in told.joints} == {j.id: sum(j.id in x.joints for x in told.links) for j in told.joints}
    assert all(k.caution for k in told.kinds)
    drop = next(x for x in told.links if x.link == "gluteus-medius-weak-pelvis-drops")
    assert drop.joints == ("hip",)
    assert drop.strength == 0.5
    assert drop.grade == "C"
    assert [k.id for k in drop.chains] == ["weak-hip-abductors"]
    assert all(s.title for s in drop.sources)


def test_what_only_one_end_of_a_link_is_about_counts_where_the_ends_share_no_joint() -> None:
    leg = next(x for x in of("high iliac crest:left").links if x.link == "pelvis-lower-spine-bends-away")
    assert set(leg.joints) == {"hip", "lumbar"}


# --- how a place is known -----------------------------------------------------------------------------------------------------------


def test_a_prediction_that_was_looked_at_is_told_as_confirmed_or_refuted() -> None:
    seen = {"name": "ankle dorsiflexion limited", "side": "left", "seen_by": "instrument"}
    for present, status in ((True, None), (False, "refuted")):
        told = run({"findings": [seen, {"name": "heel rises", "side": "left", "present": present}]}).chain()
        heel = node(told, "heel-rises-early:left")
        assert (heel.known, heel.status) == (("seen", "") if status is None else ("predicted", status))


def test_places_of_a_taught_chain_stand_as_the_case_says() -> None:
    told = run(
        {"findings": [{"name": "hip drop", "side": "right", "task": "running"}, {"name": "trunk lean", "side": "left", "present": False}]}
    ).chain(taught="weak-hip-abductors:left")
    assert node(told, "pelvis-drop:right").known == "seen"
    assert node(told, "trunk-leans-to-stance:left").known == "absent"
    assert node(told, "lateral-hip-pain:left").known == "predicted"
    assert node(told, "gluteus-minimus:left:underactive").known == "possible"
    assert node(told, "knee-in:left").known == "unknown"
    assert node(told, "gluteus-medius:left:underactive").known == "possible"


def test_a_muscle_that_its_own_test_finds_strong_is_told_as_absent() -> None:
    tested = {"findings": [{"name": "hip abduction weak", "side": "left", "present": False, "seen_by": "instrument"}]}
    told = run(tested).chain(around="gluteus medius:left:weak")
    assert node(told, "gluteus-medius:left:weak").known == "absent"


def test_what_a_red_flag_may_explain_is_held_and_no_test_is_proposed_while_it_stands() -> None:
    answer = example("red-flag")
    told = answer.chain()
    assert [f.level for f in told.flags] == ["emergency", "urgent"]
    assert told.nodes
    assert not any(entry.check for entry in (*told.nodes, *told.links, *told.apart))
    for format in ("txt", "md", "html"):
        page = told.report(format, **({"fragment": True} if format == "html" else {}))
        assert page.index("cauda equina") < page.index("foot drops") if "foot drops" in page else True
        assert "Look for" not in page
        assert "No further test is proposed" in page
    held = next(h for h in answer.hypotheses if h.held)
    seen = answer.chain(around=held.about.key)
    assert node(seen, held.about.key).known == "held"


def test_every_open_prediction_names_what_would_confirm_or_refute_it() -> None:
    told = example("runner").chain()
    heel = node(told, "heel-eversion:left")
    assert heel.check is not None
    assert heel.check.finding == "foot-pronation"
    assert heel.check.side == "left"
    hidden = {n.id for n in load_knowledge().kb.nodes.values() if not n.seen_as}
    assert all(n.check or n.id in hidden for n in told.nodes if n.known == "predicted")
    assert all(n.check is None for n in told.nodes if n.known in ("seen", "supported"))


# --- one place ----------------------------------------------------------------------------------------------------------------------


def test_a_deep_muscle_has_neighbours_where_no_case_says_anything() -> None:
    told = run({"findings": []}).chain(around="multifidus:left")
    assert told.around
    assert all(key.startswith("multifidus:left:") for key in told.around)
    centre = [n for n in told.nodes if n.key in told.around]
    assert {n.hop for n in centre} == {0}
    assert {n.depth for n in centre} == {"deep"}
    assert {n.known for n in told.nodes} == {"unknown"}
    assert len(told.nodes) > len(centre)
    assert all(x.start in told.around or x.to in told.around for x in told.links)
    assert any(x.derived for x in told.links)
    assert any(not x.derived for x in told.links)


def test_every_muscle_can_be_reached(knowledge: Knowledge) -> None:
    empty = run({"findings": []})
    assert all(empty.chain(around=f"{muscle}:left").links for muscle in knowledge.kb.muscles)


def test_a_neighbourhood_adds_to_the_graph_of_the_case() -> None:
    answer = example("runner")
    plain, wider = answer.chain(), answer.chain(around="pelvis-drop:right")
    assert ends(plain) < ends(wider)
    assert wider.around == ("pelvis-drop:right",)
    assert node(wider, "pelvis-drop:right").hop == 0
    assert max(h.number for h in wider.hops) >= 1


_WORDS = ["deep calf", "Soleus:left", "soleus::weak", "soleus:both:weak", "hip flexors:left:shortened", "lumbar-extended"]


@pytest.mark.parametrize("words", _WORDS)
def test_a_place_is_asked_for_in_words_or_by_its_key(words: str) -> None:
    assert run({"findings": []}).chain(around=words).nodes


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"around": "glutes maximuss"}, "did you mean.*gluteus-maximus"),
        ({"around": "pelvis-drop:up"}, "no side of a place"),
        ({"around": "x" * 500}, "longer than any name"),
        ({"taught": "weak-hips"}, "unknown chain"),
        ({"taught": "upper-crossed:up"}, "no side of a chain"),
    ],
)
def test_what_nobody_knows_is_said(asked: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run({"findings": []}).chain(**asked)


# --- the six chains -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_every_taught_chain_is_drawn_step_by_step(name: str, side: str, knowledge: Knowledge) -> None:
    """Each step of the review, with its sides or mirrored, lies in the picture; a step leads on from where an earlier one arrived."""
    own = "right" if name in ("upper-crossed", "back-oblique-sling") else "left"
    told = run({"findings": []}).chain(taught=f"{name}:{side}")
    key_of, links = drawn_as(told, knowledge), ends(told)
    seen = lambda state: key_of.get(state if side == own else state._replace(side=MIRROR.get(state.side, state.side)))  # noqa: E731
    for begin, end in CHAINS[name][1]:
        assert {(seen(a), seen(b)) for a in states(begin, knowledge) for b in states(end, knowledge)} & links, (begin, end)
    assert {x.link for x in told.links} == set(knowledge.kb.chains[name].steps)
    assert told.taught is not None
    assert (told.taught.side, told.taught.caution) == (side, knowledge.kb.chains[name].caution)
    check_shape(told)


def test_the_loops_of_a_taught_chain_are_marked() -> None:
    told = run({"findings": []}).chain(taught="lower-crossed")
    assert ("hamstrings-stretched", "pelvis-tilted-forward", "biceps-femoris-long-head:both:lengthened") in [c.nodes for c in told.loops]


def test_a_chain_starts_on_the_left_where_no_side_is_said() -> None:
    told = run({"findings": []}).chain(taught="stiff-ankle")
    assert told.taught is not None
    assert told.taught.side == "left"
    assert node(told, "ankle-dorsiflexion-limited:left").hop == 0
    assert [h.title for h in told.hops][:2] == ["Where it starts", "Step 1"]


# --- what is alike ------------------------------------------------------------------------------------------------------------------


def test_muscles_of_a_group_that_stand_alike_are_one_place_with_their_names() -> None:
    told = run({"findings": []}).chain(taught="lower-crossed")
    flexors = node(told, "hip-flexors:both:shortened")
    assert flexors.kind == "group"
    assert "psoas-major" in [m.id for m in flexors.members]
    assert "Psoas major" in told.text[flexors_line(told)]


def flexors_line(told: Chain) -> int:
    return next(n for n, line in enumerate(told.text) if "Hip flexors" in line)


def test_left_and_right_are_one_place_only_where_no_link_crosses_and_both_are_known_alike() -> None:
    told = run({"findings": []}).chain(taught="lower-crossed")
    assert node(told, "gluteus-maximus:both:underactive")
    assert node(told, "hip-extension-less:left")  # the step of the other leg is the shorter one
    assert node(told, "hip-extension-less:right")
    seen = run({"findings": [{"name": "hip extension limited", "side": "left"}]}).chain(taught="lower-crossed")
    assert node(seen, "hip-extension-less:left").known == "seen"


# --- laws ---------------------------------------------------------------------------------------------------------------------------

_SWAPPED = {"left": "right", "right": "left"}


def swapped(text: str) -> str:
    return re.sub(r"\b(left|right)\b", lambda m: _SWAPPED[m[0]], text)


def settled(told: Chain, turn: Any) -> Any:
    """What a chain says, without order and numbers; `turn` is applied to whatever has a side."""
    look = lambda c: c and (c.finding, turn(c.side), tuple(t.id for t in c.tasks))  # noqa: E731

    def place(n: Node) -> Any:
        return (
            turn(n.key), turn(n.label), turn(n.side), n.kind, n.state, n.hop, n.known, n.status, n.strength, n.standing, len(n.loops),
            n.joints, n.depth, tuple(m.id for m in n.members), look(n.check),
        )  # fmt: skip

    def link(x: Link) -> Any:
        return turn(x.start), turn(x.to), x.link, x.hop, x.strength, x.mechanism, x.joints, len(x.loops), look(x.check)

    return {
        "nodes": {place(n) for n in told.nodes},
        "links": {link(x) for x in told.links},
        "apart": {place(n) for n in told.apart},
        "hops": [h.title for h in told.hops],
        "drivers": {(turn(d.key), d.standing, frozenset(map(turn, d.nodes))) for d in told.drivers},
        "loops": {(frozenset(map(turn, c.nodes)), frozenset(map(turn, c.also))) for c in told.loops},
        "counted": (told.kinds, told.joints),
    }


def same(here: Chain, there: Chain) -> None:
    expected, found = settled(there, swapped), settled(here, str)
    for part, value in found.items():
        assert value == expected[part], part


@given(cases(least=1, most=8))
@settings(max_examples=15)
def test_a_mirrored_case_has_the_mirrored_chain(case: CaseDict) -> None:
    answer, twin = run(case), run(mirrored_case(case))
    same(answer.chain(), twin.chain())
    same(answer.chain(around="gluteus medius:left"), twin.chain(around="gluteus medius:right"))
    same(answer.chain(taught="foot-pronates:left"), twin.chain(taught="foot-pronates:right"))


@given(cases(least=2, most=6), st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_the_order_in_which_findings_are_told_bears_on_nothing(case: CaseDict, random: Any) -> None:
    again = {**case, "findings": random.sample(case.get("findings", []), len(case.get("findings", [])))}
    assert run(case).chain(around="soleus").to_json() == run(again).chain(around="soleus").to_json()


def test_an_empty_case_has_an_empty_chain_that_says_what_to_do() -> None:
    told = run({"findings": []}).chain()
    assert not any((told.nodes, told.links, told.hops, told.text, told.loops, told.drivers))
    assert "Add what was seen" in str(told)


def everything(told: Any) -> Iterable[Any]:
    yield told
    if isinstance(told, dict):
        for part in told.values():
            yield from everything(part)
    elif isinstance(told, list):
        for part in told:
            yield from everything(part)


def test_a_chain_is_plain_data_and_tells_its_caution_in_every_format() -> None:
    told = example("desk-worker").chain()
    assert json.loads(told.to_json()) == told.to_dict()
    assert {type(part) for part in everything(told.to_dict())} <= {dict, list, str, int, float, bool, type(None)}
    for format in ("txt", "md", "html"):
        assert "Order is not cause" in told.report(format).replace("\n", " ")
    assert "style=" not in told.report("html", fragment=True)
