"""Batteries: every item on the form, and a blank case that is valid and from which nothing follows."""

from __future__ import annotations

import pytest
from small import small_knowledge

from expert import assess, load_knowledge
from expert.batteries import battery_named, blank_case, blank_measurements, lines
from expert.errors import ExpertError, KnowledgeError
from expert.model import Knowledge
from expert.render import page

SMALL = """\
units:
- {id: kilogram-force, symbol: kg, dimension: force, factor: 9.80665}
- {id: newton, symbol: N, dimension: force}
measures:
- {id: push, name: Push, how: Push hard., side_means: the side that pushes, dimensions: [force], most: 900, sources: [table],
   judgements: [{by: norm, finding: dip, present: 3, absent: 4, unit: N, because: x, source: table}]}
findings:
- {id: told, name: Told, how: Look at it., side_means: the side told}
batteries:
- id: hips
  name: Hips
  synonyms: [hip screen]
  purpose: to see
  instruction: stand
  stop: when it hurts
  items:
  - {finding: dip, task: squat, instruct: Squat down.}
  - {finding: bow}
  - {finding: told}
  - {measure: push}
  sources: [table]
"""
IDS = list(load_knowledge().kb.batteries)


def small() -> Knowledge:
    return small_knowledge(SMALL)


def test_a_battery_is_found_by_its_id_its_name_and_its_synonyms() -> None:
    for words in ("hips", "Hips", "hip screen", "HIP SCREEN"):
        assert battery_named(words, small().kb).id == "hips"


def test_a_battery_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ExpertError, match=r"no battery is called 'knees'.*there are: hips"):
        battery_named("knees", small().kb)


def test_a_line_says_what_to_look_at_in_which_task_of_which_side_and_what_to_say() -> None:
    kb = small().kb
    dip, bow, told, push = lines(kb.batteries["hips"], kb)
    assert (dip["id"], dip["name"], dip["task"], dip["sided"], dip["how"]) == ("dip", "Dip", "Squat", True, "Squat down.")
    assert (bow["sided"], bow["task"], bow["measured"]) == (False, "", False)
    assert (told["how"], told["side_means"]) == ("Look at it.", "the side told")  # its own words, where the battery has none
    assert (push["measured"], push["units"], push["side_means"]) == (True, "N", "the side that pushes")


def test_a_blank_case_asks_for_each_side_of_what_has_sides() -> None:
    kb = small().kb
    assert blank_case(kb.batteries["hips"], kb) == {
        "case_id": "hips",
        "findings": [
            {"name": "dip", "side": "left", "task": "squat", "present": "unknown"},
            {"name": "dip", "side": "right", "task": "squat", "present": "unknown"},
            {"name": "bow", "present": "unknown"},
            {"name": "told", "side": "left", "present": "unknown"},
            {"name": "told", "side": "right", "present": "unknown"},
        ],
    }


def test_what_a_battery_measures_stands_below_the_blank_case_to_be_uncommented(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    hips = blank_measurements(kb.batteries["hip-screen"], kb)
    measured = [i.measure for i in kb.batteries["hip-screen"].items if i.measure]
    assert measured
    for name in measured:
        sides = [line for line in hips if f"name: {name}," in line]
        assert len(sides) == (2 if "left" in kb.measures[name].sides else 1)
    unmeasured = [b for b in kb.batteries.values() if not any(i.measure for i in b.items)]
    assert all(blank_measurements(b, kb) == [] for b in unmeasured)


@pytest.mark.parametrize("name", IDS)
def test_the_blank_case_of_a_shipped_battery_is_valid_and_nothing_follows_from_it(name: str, knowledge: Knowledge) -> None:
    case = blank_case(knowledge.kb.batteries[name], knowledge.kb)
    result = assess(case, knowledge, "native").result
    assert result.stated.items == ()
    assert result.hypotheses == result.patterns == result.predicted == result.causes == result.plan.phases == ()
    assert result.referral.level == "not_screened"
    assert len(result.stated.unknown) == len(case["findings"])


@pytest.mark.parametrize("name", IDS)
def test_the_form_of_a_shipped_battery_has_every_item_and_says_when_to_stop(name: str, knowledge: Knowledge) -> None:
    kb = knowledge.kb
    battery = kb.batteries[name]
    form = page("form", kb, battery=battery, lines=lines(battery, kb)).replace("\\", "")  # as Markdown shows it
    numbered = [line.split("**")[1] for line in form.splitlines() if line[:1].isdigit()]
    items = [kb.findings[i.finding].name if i.finding else kb.measures[i.measure or ""].name for i in battery.items]
    assert numbered == items
    assert battery.stop.strip() in form
    assert form.count("left: + [ ]") == sum(line["sided"] and not line["measured"] for line in lines(battery, kb))


@pytest.mark.parametrize("name", IDS)
def test_each_item_of_a_shipped_battery_is_in_a_task_in_which_it_is_recorded(name: str, knowledge: Knowledge) -> None:
    for item in knowledge.kb.batteries[name].items:
        if item.finding and item.task:
            takes = knowledge.kb.findings[item.finding].tasks
            assert not takes or item.task in takes, item.finding


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("{finding: bow}", "{finding: bwo}", "unknown finding 'bwo'"),
        ("{measure: push}", "{measure: pull}", "unknown measure 'pull'"),
        ("task: squat", "task: sqat", "unknown task 'sqat'"),
        ("{finding: bow}", "{finding: bow, measure: push}", "an item is either a finding or a measure"),
    ],
)
def test_a_battery_of_what_is_not_there_does_not_load(was: str, now: str, words: str) -> None:
    with pytest.raises(KnowledgeError) as caught:
        small_knowledge(SMALL.replace(was, now))
    assert words in str(caught.value)
