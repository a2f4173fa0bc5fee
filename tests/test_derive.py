"""Links that follow from anatomy alone: whom they join, how strongly, and that every reviewed link stands above them."""

from __future__ import annotations

from math import sqrt

import pytest
from small import small_kb

from expert import load_knowledge
from expert.model import Knowledge, KnowledgeBase
from expert.spread import SpreadGraph

MUSCLES = """\
muscles:
- {id: bender, name: Bender, region: hip, sources: [table]}
- {id: straightener, name: Straightener, region: hip, sources: [table]}
"""


def shares(*told: str) -> str:
    """`bender hip-flexion 0.64`, one line each."""
    lines = [dict(zip(("muscle", "direction", "share"), line.split(), strict=True)) for line in told]
    return "shares:\n" + "".join(f"- {{muscle: {s['muscle']}, direction: {s['direction']}, share: {s['share']}}}\n" for s in lines)


def derived(kb: KnowledgeBase) -> dict[tuple[str, str, str], float]:
    return {(e.kind, e.start.muscle or "", e.to.muscle or ""): float(e.strength) for e in kb.derived.values()}


def measured(*told: str, more: str = "") -> dict[tuple[str, str, str], float]:
    """What the measured shares link, without what textbook or nerve add."""
    return derived(small_kb(shares(*told), MUSCLES, *([more] if more else [])))


# --- measured pairs -----------------------------------------------------------------------------------------------------------------


def test_the_strength_of_a_link_is_the_scale_times_the_root_of_both_shares() -> None:
    scale = float(small_kb().constants.derived.scale)
    found = measured("bender hip-flexion 0.64", "straightener hip-extension 0.25")
    assert found["antagonist", "bender", "straightener"] == pytest.approx(scale * sqrt(0.64 * 0.25), abs=0.0005)
    assert found["antagonist", "straightener", "bender"] == found["antagonist", "bender", "straightener"]


def test_who_turns_a_joint_the_same_way_is_a_synergist_and_who_turns_it_back_an_antagonist() -> None:
    assert set(measured("bender hip-flexion 0.64", "puller hip-flexion 0.36", "straightener hip-extension 0.5")) == {
        ("synergist", "bender", "puller"), ("synergist", "puller", "bender"),
        ("antagonist", "bender", "straightener"), ("antagonist", "straightener", "bender"),
        ("antagonist", "puller", "straightener"), ("antagonist", "straightener", "puller"),
    }  # fmt: skip


def test_a_muscle_counts_in_the_direction_in_which_it_gives_more() -> None:
    found = measured("bender hip-flexion 0.64", "bender hip-extension 0.3", "straightener hip-extension 0.5")
    assert set(found) == {("antagonist", "bender", "straightener"), ("antagonist", "straightener", "bender")}


def test_a_muscle_that_gives_as_much_one_way_as_the_other_takes_no_part() -> None:
    assert measured("bender hip-flexion 0.5", "bender hip-extension 0.5", "straightener hip-extension 0.5") == {}


def test_muscles_that_turn_no_common_axis_are_not_linked() -> None:
    assert measured("bender hip-flexion 0.9", "straightener lumbar-extension 0.9") == {}


def test_weak_pairs_are_left_out() -> None:
    least = float(small_kb().constants.derived.at_least)
    exact = least**2
    assert measured("bender hip-flexion 1", f"straightener hip-extension {exact}")
    assert not measured("bender hip-flexion 1", f"straightener hip-extension {exact * 0.98:.6f}")


def test_of_several_axes_the_one_that_joins_two_muscles_most_is_told() -> None:
    found = small_kb(
        shares(
            "bender hip-flexion 0.3", "puller hip-flexion 0.3", "bender lumbar-flexion 0.8", "puller lumbar-flexion 0.8",
        ),
        MUSCLES,
    )  # fmt: skip
    (link,) = [e for e in found.derived.values() if e.start.muscle == "bender"]
    assert float(link.strength) == pytest.approx(0.8 * float(found.constants.derived.scale), abs=0.0005)
    assert "lumbar flexion" in link.mechanism


def test_shares_of_a_part_are_not_shares_of_the_muscle() -> None:
    part = "shares:\n- {muscle: bender, part: upper, direction: hip-flexion, share: 0.9}\n"
    assert derived(small_kb(part, shares("straightener hip-extension 0.9"), MUSCLES)) == {}


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("antagonist", {"overactive": "underactive", "shortened": "lengthened"}),
        ("synergist", {"underactive": "overactive", "weak": "overactive"}),
    ],
)
def test_a_kind_of_link_leads_only_from_and_to_the_states_that_anatomy_can_speak_of(kind: str, states: dict[str, str]) -> None:
    kb = small_kb(shares("bender hip-flexion 0.6", "puller hip-flexion 0.6", "straightener hip-extension 0.6"), MUSCLES)
    assert {tuple(sorted(e.map.items())) for e in kb.derived.values() if e.kind == kind} == {tuple(sorted(states.items()))}


def test_a_derived_link_says_what_it_rests_on() -> None:
    kb = small_kb(shares("bender hip-flexion 0.6", "straightener hip-extension 0.5"), MUSCLES)
    link = kb.derived["anatomy-antagonist-bender-straightener"]
    assert (link.grade, link.sources, link.start.side, link.to.side) == ("D", (kb.constants.mechanics.source,), "same", "same")
    assert "of hip flexion one gives 0.60, of hip extension the other 0.50" in link.mechanism
    assert kb.link(link.id) is link


# --- beside what was reviewed -----------------------------------------------------------------------------------------------------------

REVIEWED = """\
findings: [{id: straight, name: Straight, side_means: its side, method: strength-test}]
link_kinds: [{id: antagonist, name: A, allowed: [[overactive, underactive]], caution: x}]
links:
- {id: mine, kind: antagonist, from: {muscle: FROM}, to: {muscle: straightener}, map: {overactive: underactive}, strength: 0.6,
   mechanism: x, grade: C, sources: [table], check: {finding: straight}}
"""


def test_a_pair_that_was_reviewed_by_hand_is_left_to_the_review_in_that_direction() -> None:
    told = ("bender hip-flexion 0.6", "straightener hip-extension 0.6")
    assert set(measured(*told, more=REVIEWED.replace("FROM", "bender"))) == {("antagonist", "straightener", "bender")}


def test_a_link_from_a_group_reviews_each_of_its_members() -> None:
    group = "groups: [{id: pair, name: The pair, members: [bender, puller]}]\n"
    told = ("bender hip-flexion 0.6", "puller hip-flexion 0.6", "straightener hip-extension 0.6")
    found = measured(*told, more=group + REVIEWED.replace("FROM", "pair"))
    assert not {("antagonist", "bender", "straightener"), ("antagonist", "puller", "straightener")} & set(found)


# --- where nothing was measured ---------------------------------------------------------------------------------------------------------


def taught(*told: str) -> dict[tuple[str, str, str], float]:
    entries = "".join(
        f"- {{id: {line.split()[0]}, name: {line.split()[0]}, region: hip, sources: [table], {line.split(' ', 1)[1]}}}\n" for line in told
    )
    return derived(small_kb("muscles:\n" + entries))


def test_a_muscle_that_nothing_links_leans_on_one_that_textbooks_give_the_same_action() -> None:
    strength = float(small_kb().constants.derived.scale) * float(small_kb().constants.derived.taught)
    found = taught("one actions: [hip-flexion]", "other actions: [hip-flexion]")
    assert set(found) == {("synergist", "one", "other"), ("synergist", "other", "one")}
    assert list(found.values()) == [pytest.approx(strength, abs=0.0005)] * 2


def test_without_a_common_action_a_common_nerve_links_weakness_to_weakness() -> None:
    found = taught("one nerve: Sixth", "other nerve: Sixth", "third nerve: Seventh")
    assert set(found) == {("shared-nerve", "one", "other"), ("shared-nerve", "other", "one")}


def test_a_common_action_comes_before_a_common_nerve() -> None:
    found = taught("one nerve: Sixth, actions: [hip-flexion]", "other nerve: Sixth, actions: [hip-flexion]")
    assert set(found) == {("synergist", "one", "other"), ("synergist", "other", "one")}


def test_muscles_of_which_neither_nerve_nor_action_is_told_stay_alone() -> None:
    assert taught("one two_joint: false", "other two_joint: false") == {}


def test_a_muscle_with_a_measured_link_needs_no_textbook() -> None:
    more = "muscles: [{id: extra, name: Extra, region: hip, actions: [hip-flexion], sources: [table]}]\n"
    actions = MUSCLES.replace("name: Bender,", "name: Bender, actions: [hip-flexion],")
    kb = small_kb(shares("bender hip-flexion 0.6", "straightener hip-extension 0.6"), actions, more)
    weak = {k for k, v in derived(kb).items() if v < 0.1}
    assert weak == {("synergist", "extra", "bender"), ("synergist", "bender", "extra")}  # for the sake of `extra` alone


# --- what is shipped ----------------------------------------------------------------------------------------------------------------------


def test_every_derived_link_lies_below_every_reviewed_one(knowledge: Knowledge) -> None:
    strongest = max(float(e.strength) for e in knowledge.kb.derived.values())
    weakest = min(float(e.strength) for e in knowledge.kb.links.values())
    assert 0 < strongest <= weakest


def test_every_shipped_muscle_has_a_link(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    links = (*kb.links.values(), *kb.derived.values())
    linked = {m for link in links for end in (link.start, link.to) if end.muscle for m in kb.members(end.muscle)}
    assert set(kb.muscles) - linked == set()


def test_no_derived_link_repeats_a_reviewed_one_or_leads_to_itself(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    reviewed = {
        (link.kind, one, other)
        for link in kb.links.values()
        if link.start.muscle and link.to.muscle
        for one in kb.members(link.start.muscle)
        for other in kb.members(link.to.muscle)
    }
    measured_pairs = {key for key, link in derived(kb).items() if link > float(kb.constants.derived.scale) * 0.2501}
    assert not measured_pairs & reviewed
    assert all(one != other for _, one, other in derived(kb))


def test_antagonists_oppose_each_other_whichever_one_asks(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    found = {k: v for k, v in derived(kb).items() if k[0] == "antagonist"}
    missing = [(one, other) for _, one, other in found if ("antagonist", other, one) not in found and not _reviewed(other, one, kb)]
    assert missing == []


def _reviewed(one: str, other: str, kb: KnowledgeBase) -> bool:
    return any(
        e.kind == "antagonist" and one in kb.members(e.start.muscle or "") and other in kb.members(e.to.muscle or "")
        for e in kb.links.values()
    )


def test_the_derived_links_are_the_same_each_time_they_are_made(knowledge: Knowledge) -> None:
    from expert import derive

    again = derive.links(knowledge.kb)
    assert list(again) == list(knowledge.kb.derived)
    assert again == knowledge.kb.derived == load_knowledge().kb.derived


def test_derived_links_are_walked_on_both_sides_alike(knowledge: Knowledge) -> None:
    graph = SpreadGraph(knowledge.kb)
    turned = {"left": "right", "right": "left"}
    for start, steps in graph.steps.items():
        if start.side == "left" and start.kind == "muscle":
            mirror = graph.steps[start._replace(side="right")]
            sides = {(s.link, s.to._replace(side=turned.get(s.to.side, s.to.side))) for s in steps}
            assert sides == {(s.link, s.to) for s in mirror}
