"""The live results of the clinician's page, the findings of a place of the body, and the answers that change the case."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from corpus import mirrored
from starlette.testclient import TestClient

from expert import assess, load_case, regions
from expert.model import Knowledge

EXAMPLES = sorted((Path(__file__).resolve().parent.parent.parent / "examples").glob("*.yaml"))
RED_FLAG = {"findings": [], "symptoms": [{"name": "saddle-numbness"}, {"name": "low-back-pain"}]}
RUNNER = {
    "case_id": "runner",
    "findings": [
        {"name": "hip-drop", "side": "right", "task": "running"},
        {"name": "knee-valgus", "side": "left", "task": "single-leg-squat"},
    ],
}
"""Both findings speak of the left leg: the pelvis drops on the right while the left leg stands."""


def told(client: TestClient, path: str, case: Mapping[str, Any], **fields: str) -> str:
    answer = client.post(path, data={"case": json.dumps(case), **fields}, headers={"hx-request": "true"})
    assert answer.status_code == 200, answer.text
    return answer.text


def plain(markup: str) -> str:
    """What is read of it, without what only the map draws."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup)))


def panel(client: TestClient, case: Mapping[str, Any]) -> str:
    return told(client, "/clinic/results", case).split('<div id="bodymap-figure"')[0]


def rows(markup: str) -> list[str]:
    return re.findall(r'data-row="([^"]+)"', markup)


# --- the panel -------------------------------------------------------------------------------------------------------------------


def test_red_flags_come_before_everything_else_with_what_to_do(client: TestClient) -> None:
    text = plain(panel(client, RED_FLAG))
    assert text.index("EMERGENCY: act now") < text.index("Possible cauda equina syndrome") < text.index("Hypotheses")
    assert "Send to an emergency department with MRI now" in text
    assert "No exercise plan is given." in text


def test_where_a_flag_is_grave_the_plan_is_withheld_and_no_exercise_is_named(client: TestClient) -> None:
    markup = panel(client, {**RUNNER, "symptoms": RED_FLAG["symptoms"]})
    assert "Plan: withheld" in plain(markup)
    assert 'id="phase-' not in markup


def test_without_a_flag_it_is_said_how_much_was_asked(client: TestClient) -> None:
    text = plain(panel(client, RUNNER))
    assert re.search(r"Not screened: none of the \d+ red flags could be decided|No red flag among the \d+ of \d+ asked", text)


def test_a_flag_that_is_half_met_says_what_to_ask_next(client: TestClient) -> None:
    text = plain(panel(client, {"findings": [], "symptoms": ["low-back-pain"]}))
    assert "Half met: ask next" in text


def test_every_line_of_the_panel_is_a_hypothesis_of_the_answer_with_its_state_status_and_confidence(
    client: TestClient, knowledge: Knowledge
) -> None:
    answer = assess(RUNNER, knowledge).to_dict()
    known = {(h["muscle"], h["side"], h["state"]): h for h in answer["hypotheses"]}
    markup = panel(client, RUNNER)
    lines = re.findall(r'<li class="hypothesis (\w+)" data-row="([^"]+)"[^>]*>(.*?)</li>', markup, re.DOTALL)
    assert len(lines) > 5
    for status, name, line in lines:
        h = known[tuple(name.split(":"))]  # type: ignore[index]
        assert status == h["status"]
        assert f'class="state {h["state"]}"' in line
        assert f"{h['status']}, {h['confidence']}" in plain(line)


def test_what_stands_best_comes_first_as_in_the_report(client: TestClient, knowledge: Knowledge) -> None:
    first = assess(RUNNER, knowledge).hypotheses[0]
    assert rows(panel(client, RUNNER))[0] == f"{first.muscle}:{first.side}:{first.state}"


def test_left_stands_under_left_and_right_under_right(client: TestClient) -> None:
    case = {"findings": [*RUNNER["findings"], {"name": "hip-hike", "side": "right", "task": "walking"}]}
    columns = re.split(r"<h4>(Left|Right)</h4>", panel(client, case))
    found = {(name, row.split(":")[1]) for name, column in zip(columns[1::2], columns[2::2], strict=True) for row in rows(column)}
    assert found == {("Left", "left"), ("Right", "right")}


def test_the_other_side_of_the_case_gives_the_other_side_of_the_panel(client: TestClient) -> None:
    there, here = rows(panel(client, RUNNER)), rows(panel(client, mirrored(RUNNER)))
    assert [mirrored(row) for row in there] == here


def test_evidence_names_the_finding_and_on_demand_the_rule(client: TestClient, knowledge: Knowledge) -> None:
    markup = panel(client, RUNNER)
    chip = next(c for c in re.findall(r'<details class="evidence for".*?</details>', markup, re.DOTALL) if "/knowledge/rules/" in c)
    rule = re.findall(r'href="/knowledge/rules/([^"]+)"', chip)[0]
    summary, more = chip.split("</summary>")
    assert re.search(r"\+\d", summary)
    assert knowledge.kb.rules[rule].title in plain(more)


def test_addresses_carry_ids_of_the_knowledge_and_nothing_that_was_typed(client: TestClient, knowledge: Knowledge) -> None:
    case = {**RUNNER, "case_id": "secret-id", "notes": "secret note"}
    markup = told(client, "/clinic/results", case) + told(client, "/clinic/next", case)
    assert "secret" not in markup
    for about in re.findall(r'href="/why#([^"]+)"', markup):
        name, *_ = about.removeprefix("pattern:").removeprefix("flag:").split(":")
        assert name in knowledge.kb.muscles or name in knowledge.kb.patterns or name in knowledge.kb.flags


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_has_its_panel_without_inline_style_or_script(example: Path, client: TestClient) -> None:
    case = load_case(example).document.data
    markup = told(client, "/clinic/results", case) + told(client, "/clinic/next", case)
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=|javascript:", markup)


def test_an_id_stands_once_in_what_is_shown_together(client: TestClient) -> None:
    parts = (("/clinic/results", {}), ("/clinic/next", {}), ("/clinic/region", {"region": "gluteus-medius", "side": "left"}))
    together = "".join(told(client, path, RUNNER, **fields) for path, fields in parts).replace('<div id="next-test"', "<div")
    ids = re.findall(r'\sid="([^"]+)"', together)
    assert sorted(ids) == sorted(set(ids))


def test_hostile_words_are_shown_as_words(client: TestClient) -> None:
    case = {"findings": [{"name": "hip-drop", "side": "left", "task": "<img src=x onerror=alert(1)>"}]}
    answer = client.post("/clinic/results", data={"case": json.dumps(case)}, headers={"hx-request": "true"})
    assert answer.status_code == 422
    assert "<img" not in answer.text


def test_where_the_case_cannot_be_read_the_map_shows_nothing_and_every_fault_is_told(client: TestClient) -> None:
    case = {"findings": [{"name": "hip-drop"}, {"name": "knee-valgus"}]}  # neither says which side
    answer = client.post("/clinic/results", data={"case": json.dumps(case)}, headers={"hx-request": "true"})
    assert answer.status_code == 422
    assert answer.text.count("which side?") == 2 + 1  # each once, and the first is spoken
    assert 'id="bodymap-figure"' in answer.text
    assert "layer" not in answer.text


def test_an_empty_case_concludes_nothing_and_says_how_to_begin(client: TestClient) -> None:
    assert "Nothing is stated yet." in plain(panel(client, {"findings": []}))


# --- the map ---------------------------------------------------------------------------------------------------------------------


def region(markup: str, name: str, side: str) -> str:
    found = re.search(rf'<g class="region[^"]*" id="region-{name}-{side}".*?(?=<g class="region|<g class="letters")', markup, re.DOTALL)
    assert found
    return found[0]


def test_what_is_concluded_is_drawn_on_its_side_and_said_in_the_name_of_the_place(client: TestClient) -> None:
    markup = told(client, "/clinic/results", RUNNER)
    left, right = region(markup, "gluteus-medius", "left"), region(markup, "gluteus-medius", "right")
    assert 'aria-label="Side of the buttock, left, back view: gluteus medius underactive, supported' in left
    assert 'fill="url(#fill-underactive)"' in left
    assert 'aria-label="Side of the buttock, right, back view"' in right
    assert "layer" not in right


def test_a_deep_muscle_is_hatched_over_and_called_deep(client: TestClient) -> None:
    case = {"findings": [{"name": "hip-hike", "side": "right", "task": "walking"}]}
    drawn = region(told(client, "/clinic/results", case), "lower-back-ql", "right")
    assert 'fill="url(#fill-deep)"' in drawn
    assert re.search(r"quadratus lumborum \w+, \w+(, held)?, deep", drawn)


def test_the_list_says_what_the_map_shows(client: TestClient, knowledge: Knowledge) -> None:
    markup = told(client, "/clinic/results", RUNNER)
    drawn = {(name, side) for name, side in re.findall(r'class="region found" id="region-([\w-]+)-(left|right)"', markup)}
    listed = markup.split('<div id="bodymap-list"')[1]
    named = {(muscle, side) for muscle, side in re.findall(r'href="/why#([\w-]+):(left|right):', listed)}
    shown = {(place.region, side) for muscle, side in named for place in regions.places(knowledge.kb)[muscle]}
    assert len(drawn) > 4
    assert shown == drawn


def test_one_region_alone_is_in_the_order_of_the_tab_key(client: TestClient) -> None:
    reached = re.findall(r'class="region[^"]*" id="([\w-]+)" role="button" tabindex="0"', told(client, "/clinic/results", RUNNER))
    assert reached == ["region-head-left"]


# --- the findings of a place -------------------------------------------------------------------------------------------------------


def test_a_place_offers_its_findings_with_the_side_that_was_pointed_at_first(client: TestClient) -> None:
    markup = told(client, "/clinic/region", {"findings": []}, region="gluteus-medius", side="left")
    assert "Side of the buttock, the patient's left" in plain(markup)
    buttons = re.findall(r'<button[^>]*class="primary"[^>]*data-state="hip-drop"[^>]*>', markup)
    assert len(buttons) == 1
    assert 'data-side="left"' in buttons[0]
    assert "On this side it speaks to the muscles of the other side, right." in plain(markup)


def test_a_place_tells_what_the_case_states_of_its_findings(client: TestClient) -> None:
    markup = told(client, "/clinic/region", RUNNER, region="gluteus-medius", side="right")
    assert "stated: Hip (pelvic) drop (right, running)" in plain(markup)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"region": "gluteus-medus", "side": "left"}, "did you mean"),
        ({"region": "gluteus-medius", "side": "bilateral"}, "on the left or on the right"),
        ({"side": "left"}, "there is no region"),
    ],
)
def test_a_place_that_there_is_not_is_refused(fields: dict[str, str], said: str, client: TestClient) -> None:
    answer = client.post("/clinic/region", data=fields, headers={"hx-request": "true"})
    assert answer.status_code == 422
    assert said in answer.text


def test_every_place_can_be_pointed_at(client: TestClient, knowledge: Knowledge) -> None:
    for name in knowledge.kb.regions:
        assert 'data-state="' in told(client, "/clinic/region", {"findings": []}, region=name, side="right")


# --- one thing stated --------------------------------------------------------------------------------------------------------------


def stated(client: TestClient, case: Mapping[str, Any], **fields: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(client, "/clinic/state", case, **fields))
    return found


def test_what_was_pointed_at_is_added_with_its_side_and_task(client: TestClient) -> None:
    after = stated(client, {"findings": []}, name="hip-drop", side="left", task="running", severity="mild")
    assert after == {"findings": [{"name": "hip-drop", "side": "left", "task": "running", "severity": "mild"}]}


@pytest.mark.parametrize(("present", "entry"), [("present", True), ("absent", False), ("unknown", "unknown")])
def test_an_answer_says_whether_it_is_there(present: str, entry: bool | str, client: TestClient) -> None:
    after = stated(client, {"findings": []}, name="hip-drop", side="left", task="running", present=present)
    assert after["findings"] == [{"name": "hip-drop", "side": "left", "task": "running", "present": entry}]


def test_a_symptom_stands_among_the_symptoms_and_history_among_the_history(client: TestClient, knowledge: Knowledge) -> None:
    past = next(f for f, kind in knowledge.kb.kinds.items() if kind == "history" and knowledge.kb.findings[f].needs_no_side)
    after = stated(client, stated(client, {"findings": []}, name="night-pain"), name=past, present="absent")
    assert [e["name"] for e in after["symptoms"]] == ["night-pain"]
    assert after["history"] == [{"name": past, "present": False}]


def test_the_later_word_about_the_same_thing_counts_whatever_words_named_it(client: TestClient) -> None:
    case = {"findings": [{"name": "Trendelenburg", "side": "left"}]}  # named after the stance leg: the right hip drops
    after = stated(client, case, name="hip-drop", side="right", present="absent")
    assert after["findings"] == [{"name": "hip-drop", "side": "right", "present": False}]


@pytest.mark.parametrize(
    "fields", [{"name": "no-such-thing"}, {"name": "hip-drop", "side": "left", "present": "perhaps"}, {"name": "hip-drop"}]
)
def test_what_is_no_statement_is_refused(fields: dict[str, str], client: TestClient) -> None:
    answer = client.post("/clinic/state", data={"case": '{"findings": []}', **fields}, headers={"hx-request": "true"})
    assert answer.status_code == 422


# --- what to look at next ----------------------------------------------------------------------------------------------------------


def test_the_next_test_is_the_engines_first_with_its_reason(client: TestClient, knowledge: Knowledge) -> None:
    first = next(t for t in assess(RUNNER, knowledge).next_tests().tests if t.kind == "test")
    markup = told(client, "/clinic/next", RUNNER)
    main = markup.split('class="test"')[1]
    assert first.name in plain(main).split("4 more")[0]
    assert first.why[1:] in plain(main)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_answer_that_is_offered_can_be_given(example: Path, client: TestClient) -> None:
    case = load_case(example).document.data
    markup = told(client, "/clinic/next", case)
    for button in re.findall(r"<button[^>]*data-state=[^>]*>", markup):
        fields = dict(re.findall(r'data-(side|task|present)="([^"]*)"', button))
        name = re.findall(r'data-state="([^"]*)"', button)[0]
        stated(client, case, name=name, **fields)


def test_where_a_flag_is_grave_no_test_is_proposed(client: TestClient) -> None:
    markup = told(client, "/clinic/next", RED_FLAG)
    assert "Stop testing" in plain(markup)
    assert 'class="test"' not in markup


def test_where_nothing_is_at_stake_it_is_said_that_nothing_more_would_change_the_answer(client: TestClient) -> None:
    denied = {"findings": [], "symptoms": [{"name": "night-pain", "present": False}]}
    assert "Nothing more would change the answer." in plain(told(client, "/clinic/next", denied))


def test_before_the_first_finding_it_is_not_said_that_nothing_would_change(client: TestClient) -> None:
    markup = plain(told(client, "/clinic/next", {"findings": []}))
    assert "It follows from the first finding." in markup
    assert "Nothing more" not in markup


def test_where_no_test_makes_or_breaks_a_supported_hypothesis_it_is_said_so(client: TestClient, knowledge: Knowledge) -> None:
    little = {"findings": [{"name": "forward-lean", "task": "squat"}]}
    for case in (RUNNER, little):
        tests = [t for t in assess(case, knowledge).next_tests().to_dict()["tests"] if t["kind"] == "test"]
        states = {state for t in tests for c in t["changes"] for state in (c["now"], c["if_present"], c["if_absent"])}
        said = "Little more would change." in plain(told(client, "/clinic/next", case))
        assert tests
        assert said == (not states & {"supported", "contested"})
