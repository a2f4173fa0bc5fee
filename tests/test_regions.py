"""The regions of the drawn body: every muscle is shown somewhere, every region has something, and findings are offered where they speak."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from small import small_kb

from expert import regions
from expert.errors import KnowledgeError, UsageError
from expert.formats import Region
from expert.model import Knowledge
from expert.regions import Mark, Place


def region(id: str, **fields: Any) -> Region:
    return Region(id=id, name=id, view="front", **fields)


# --- the shipped map --------------------------------------------------------------------------------------------------------------


def test_every_muscle_is_shown_on_some_region(knowledge: Knowledge) -> None:
    assert set(regions.places(knowledge.kb)) == set(knowledge.kb.muscles)


def test_every_muscle_is_named_by_a_region_itself(knowledge: Knowledge) -> None:
    named = {m for r in knowledge.kb.regions.values() for m in (*r.surface, *r.deep)}
    assert named == set(knowledge.kb.muscles)


def test_every_region_has_muscles(knowledge: Knowledge) -> None:
    assert not [r.id for r in knowledge.kb.regions.values() if not regions.muscles_of(r, knowledge.kb)]


def test_a_deep_muscle_is_shown_once_and_never_at_the_surface(knowledge: Knowledge) -> None:
    every = [m for r in knowledge.kb.regions.values() for m in r.deep]
    assert len(every) == len(set(every))
    assert not set(every) & {m for r in knowledge.kb.regions.values() for m in r.surface}


def test_every_part_of_the_body_has_one_region_for_muscles_that_none_names(knowledge: Knowledge) -> None:
    parts = [part for r in knowledge.kb.regions.values() for part in r.nearest]
    assert sorted(parts) == sorted({m.region for m in knowledge.kb.muscles.values()})


def test_regions_look_for_findings_of_regions_that_findings_have(knowledge: Knowledge) -> None:
    known = {f.region for f in knowledge.kb.findings.values()}
    wanted = {seen for r in knowledge.kb.regions.values() for seen in r.seen}
    assert wanted <= known
    assert known - wanted == {"general"}  # whatever has a place can be pointed at


@pytest.mark.parametrize(
    ("muscle", "shown"),
    [
        ("gluteus-medius", [Place("gluteus-medius", False)]),
        ("gluteus-minimus", [Place("gluteus-medius", True)]),
        ("quadratus-lumborum", [Place("lower-back-ql", True)]),
        ("piriformis", [Place("gluteus-maximus", True)]),
        ("psoas-major", [Place("hip-flexor", True)]),
        ("upper-trapezius", [Place("shoulder-front", False), Place("nape", False), Place("traps-upper", False)]),
    ],
)
def test_a_muscle_is_shown_where_it_lies(muscle: str, shown: list[Place], knowledge: Knowledge) -> None:
    assert list(regions.places(knowledge.kb)[muscle]) == shown


# --- places -----------------------------------------------------------------------------------------------------------------------


def test_a_muscle_of_ones_own_is_shown_as_deep_on_the_region_nearest_to_its_part_of_the_body(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    own = kb.muscles["soleus"].model_copy(update={"id": "own", "region": "hip"})
    assert regions.places(replace(kb, muscles={**kb.muscles, "own": own}))["own"] == (Place("gluteus-maximus", True),)


def test_the_muscles_of_a_region_come_surface_first_in_the_order_of_the_file(knowledge: Knowledge) -> None:
    kb = replace(knowledge.kb, regions={"r": region("r", surface=("soleus", "gracilis"), deep=("psoas-major", "iliacus"))})
    assert regions.muscles_of(kb.regions["r"], kb) == ("soleus", "gracilis", "psoas-major", "iliacus")


def test_a_region_that_names_an_unknown_muscle_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="calf: unknown plain muscle 'soleuss'"):
        small_kb("regions: [{id: calf, name: Calf, view: back, surface: [soleuss]}]")


def test_a_region_that_there_is_not_is_refused_with_near_ones(knowledge: Knowledge) -> None:
    with pytest.raises(UsageError, match="no region 'gluteus-medus' of the body, did you mean 'gluteus-medius'"):
        regions.region_named("gluteus-medus", knowledge.kb)


# --- what is offered ---------------------------------------------------------------------------------------------------------------


def offered(name: str, knowledge: Knowledge) -> dict[str, regions.Choice]:
    return {c.finding.id: c for c in regions.choices(knowledge.kb.regions[name], knowledge)}


def test_a_hip_that_drops_speaks_to_the_buttock_of_the_other_side(knowledge: Knowledge) -> None:
    choice = offered("gluteus-medius", knowledge)["hip-drop"]
    assert "gluteus-medius" in choice.opposite
    assert not choice.same


def test_knees_that_cave_in_speak_to_the_buttock_of_their_own_side(knowledge: Knowledge) -> None:
    choice = offered("gluteus-medius", knowledge)["knee-valgus"]
    assert "gluteus-medius" in choice.same
    assert not choice.opposite


def test_a_finding_of_the_midline_speaks_to_both_sides(knowledge: Knowledge) -> None:
    choice = offered("neck", knowledge)["forward-head"]
    assert "sternocleidomastoid" in choice.same
    assert "sternocleidomastoid" in choice.opposite


def test_what_is_looked_for_there_is_offered_although_it_speaks_to_no_muscle(knowledge: Knowledge) -> None:
    choice = offered("chest-upper", knowledge)["chest-pain"]
    assert (choice.same, choice.opposite, choice.points) == ((), (), 0)


def test_nothing_of_the_past_is_offered_and_nothing_twice(knowledge: Knowledge) -> None:
    for r in knowledge.kb.regions.values():
        found = [c.finding.id for c in regions.choices(r, knowledge)]
        assert len(found) == len(set(found))
        assert {knowledge.kb.kinds[f] for f in found} <= {"finding", "symptom"}


def test_what_is_looked_for_there_comes_before_the_rest_and_what_says_most_before_what_says_less(knowledge: Knowledge) -> None:
    here = knowledge.kb.regions["gluteus-medius"]
    order = [(c.finding.region not in here.seen, -c.points, c.finding.name) for c in regions.choices(here, knowledge)]
    assert order == sorted(order)
    assert (order[0][0], order[-1][0]) == (False, True)


# --- what is shown -----------------------------------------------------------------------------------------------------------------


def hypothesis(muscle: str, side: str, state: str, **changed: Any) -> dict[str, Any]:
    told = {
        "muscle": muscle, "name": muscle.capitalize(), "side": side, "axis": "activity", "state": state, "status": "supported",
        "held": False, "confidence": "high", "points": 4.0, "evidence": [],
    }  # fmt: skip
    return {**told, **changed}


def test_a_conclusion_is_shown_on_its_own_side_alone(knowledge: Knowledge) -> None:
    evidence = [{"points": 4, "findings": ["a", "b"]}, {"points": -1, "findings": ["b"]}, {"points": 0, "findings": ["c"]}]
    shown = regions.marks({"hypotheses": [hypothesis("gluteus-medius", "left", "weak", evidence=evidence)]}, knowledge.kb)
    mark = Mark("gluteus-medius", "Gluteus-medius", "activity", "weak", "supported", False, "high", 4.0, False, ("a", "b"))
    assert shown == {("gluteus-medius", "left"): (mark,)}


def test_a_deep_muscle_says_so(knowledge: Knowledge) -> None:
    shown = regions.marks({"hypotheses": [hypothesis("gluteus-minimus", "right", "weak", held=True)]}, knowledge.kb)
    assert [(m.deep, m.held) for m in shown["gluteus-medius", "right"]] == [(True, True)]


def test_what_has_too_little_evidence_is_not_shown(knowledge: Knowledge) -> None:
    assert not regions.marks({"hypotheses": [hypothesis("soleus", "left", "weak", status="insufficient")]}, knowledge.kb)


def test_what_stands_best_is_shown_first(knowledge: Knowledge) -> None:
    told = [
        hypothesis("soleus", "left", "weak", status="possible", points=9.0), hypothesis("soleus", "left", "shortened", points=3.0),
        hypothesis("tibialis-posterior", "left", "weak", points=5.0),
        hypothesis("soleus", "left", "strong", status="contested", points=1.0),
    ]  # fmt: skip
    shown = regions.marks({"hypotheses": told}, knowledge.kb)["calves-soleus", "left"]
    assert [(m.muscle, m.state) for m in shown] == [
        ("tibialis-posterior", "weak"), ("soleus", "shortened"), ("soleus", "strong"), ("soleus", "weak"),
    ]  # fmt: skip


def test_a_list_tells_a_muscle_once_with_every_region_that_shows_it(knowledge: Knowledge) -> None:
    told = [hypothesis("upper-trapezius", "right", "overactive"), hypothesis("levator-scapulae", "right", "overactive", points=5.0)]
    found = regions.lines(regions.marks({"hypotheses": told}, knowledge.kb), knowledge.kb)
    assert found["left"] == ()
    assert [(line.mark.muscle, line.mark.deep, line.regions) for line in found["right"]] == [
        ("levator-scapulae", True, ("Top of the shoulder",)),
        ("upper-trapezius", False, ("Top of the shoulder, from the front", "Back of the neck", "Top of the shoulder")),
    ]
