"""The entry side of the clinic page without a browser: each part answers, each edit gives its case, mistakes are said in words."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

RUNNER = {"findings": [{"name": "knees cave in", "side": "left", "task": "squat"}], "symptoms": ["night pain"]}
CANARY = "Zebulon Quattlebaum"


def post(client: TestClient, path: str, case: dict[str, Any] | None = None, **fields: str) -> Any:
    held = {"findings": []} if case is None else case
    return client.post(path, data={"case": json.dumps(held), **fields}, headers={"HX-Request": "true"})


def case_of(answer: Any) -> dict[str, Any]:
    """The case that a part brings."""
    found = re.search(r'<script type="application/json" data-case="[^"]*">(.*?)</script>', answer.text, re.DOTALL)
    assert found, answer.text
    brought: dict[str, Any] = json.loads(found[1])
    return brought


def outcome(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return re.search(r'data-outcome="([a-z]+)"', answer.text)[1]  # type: ignore[index]


def edit(client: TestClient, case: dict[str, Any], do: str, **fields: str) -> dict[str, Any]:
    return case_of(post(client, "/clinic/edit", case, do=do, **fields))


def test_the_page_has_the_box_the_body_and_the_results(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    for place in ('<section id="entry"', 'id="bodymap-figure"', '<section id="results"', 'role="combobox"', "autofocus"):
        assert place in page.text


def test_what_is_clear_is_added_at_once(client: TestClient) -> None:
    answer = post(client, "/clinic/add", text="knees cave l mod")
    assert outcome(answer) == "added"
    assert case_of(answer) == {"findings": [{"name": "knee-valgus", "side": "left", "severity": "moderate"}]}
    assert 'data-say="Added: Knee moves in (knee valgus), left, moderate."' in answer.text


def test_what_is_not_clear_is_asked_and_the_case_stays(client: TestClient) -> None:
    answer = post(client, "/clinic/add", text="knee")
    assert outcome(answer) == "choose"
    assert "data-case" not in answer.text
    chosen = post(client, "/clinic/add", text="knee r", choice="finding:knee-varus")
    assert case_of(chosen)["findings"] == [{"name": "knee-varus", "side": "right"}]


def test_the_same_said_twice_counts_once_and_the_contrary_takes_its_place_and_both_are_told(client: TestClient) -> None:
    held = {"findings": [{"name": "hip-drop", "side": "left"}]}
    again = post(client, "/clinic/add", held, text="hip drop left")
    assert case_of(again) == held
    assert 'data-say="It stands there already, and counts once: Hip (pelvic) drop, left."' in again.text
    contrary = post(client, "/clinic/add", held, text="no hip drop left")
    assert case_of(contrary)["findings"] == [{"name": "hip-drop", "side": "left", "present": False}]
    assert 'data-say="In place of what stood there: Hip (pelvic) drop, left, absent."' in contrary.text


def test_several_findings_typed_at_once_come_back_one_by_one(client: TestClient) -> None:
    answer = post(client, "/clinic/add", text="hip drop right, <b>knees cave l; night pain")
    assert outcome(answer) == "several"
    assert re.findall(r"data-part>(.*?)</span>", answer.text) == ["hip drop right", "&lt;b&gt;knees cave l", "night pain"]


def test_a_side_that_is_missing_is_asked_for_and_its_answer_adds(client: TestClient) -> None:
    answer = post(client, "/clinic/add", text="trendelenburg")
    assert outcome(answer) == "ask"
    assert "names it by its other side" in answer.text
    assert "pelvis that drops" in answer.text
    added = post(client, "/clinic/add", text="trendelenburg", choice="finding:hip-drop", side="left")
    assert case_of(added)["findings"] == [{"name": "hip-drop", "side": "left"}]


def test_a_value_its_unit_and_its_side_are_asked_for_together(client: TestClient) -> None:
    answer = post(client, "/clinic/add", text="knee to wall")
    assert outcome(answer) == "ask"
    for name in ("value", "unit", "side"):
        assert f'name="{name}"' in answer.text
    added = post(client, "/clinic/add", text="knee to wall", choice="measure:knee-to-wall", value="4,5", unit="cm", side="left")
    assert case_of(added)["measurements"] == [{"name": "knee-to-wall", "side": "left", "value": 4.5, "unit": "cm"}]


def test_a_red_flag_is_not_added_as_a_whole_but_may_be_denied(client: TestClient) -> None:
    assert outcome(post(client, "/clinic/add", text="cauda equina")) == "choose"
    assert case_of(post(client, "/clinic/add", text="no cauda equina"))["symptoms"] == [{"name": "cauda-equina", "present": False}]


def test_suggestions_come_as_options_and_an_empty_box_has_none(client: TestClient) -> None:
    assert post(client, "/clinic/suggest", text="hip dr").text.count('role="option"') >= 1
    nothing = post(client, "/clinic/suggest", text="  ")
    assert nothing.status_code == 200
    assert 'role="option"' not in nothing.text


def test_an_entry_is_changed_and_removed(client: TestClient) -> None:
    case = edit(client, RUNNER, "set", section="findings", number="0", field="present", value="absent")
    assert case["findings"] == [{"name": "knee-valgus", "side": "left", "task": "squat", "present": False}]
    case = edit(client, case, "set", section="findings", number="0", field="side", value="bilateral")
    case = edit(client, case, "set", section="findings", number="0", field="severity", value="severe")
    assert case["findings"][0] == {"name": "knee-valgus", "side": "bilateral", "task": "squat", "present": False, "severity": "severe"}
    assert edit(client, case, "remove", section="findings", number="0")["findings"] == []


def test_many_things_that_are_not_there_fold_into_one_line_of_the_entries(client: TestClient) -> None:
    case = edit(client, RUNNER, "rest", battery="overhead-squat", view="front")
    markup = post(client, "/clinic/entries", case).text
    shown, folded = markup.split('<details id="entries-absent">')
    assert re.findall(r'class="entry (\w+)', shown) == ["present", "present"]
    assert set(re.findall(r'class="entry (\w+)', folded)) == {"absent"}
    few = {"findings": [{"name": "hip-drop", "side": "left", "present": False}]}
    assert "entries-absent" not in post(client, "/clinic/entries", few).text


def test_grids_tick_and_wave_the_rest(client: TestClient) -> None:
    case = edit(client, {"findings": []}, "tick", finding="knee-valgus", task="overhead-squat", value="left")
    case = edit(client, case, "rest", battery="overhead-squat", view="front")
    said = {(f["name"], f["side"]): f.get("present", True) for f in case["findings"]}
    assert said["knee-valgus", "left"] is True
    assert said["knee-valgus", "right"] is False
    assert not any(value for place, value in said.items() if place != ("knee-valgus", "left"))


def test_red_flags_are_answered_one_by_one_and_by_the_group(client: TestClient) -> None:
    one = edit(client, {"findings": []}, "flag", flag="cauda-equina", value="no")
    assert "<strong>1 of 76</strong>" in post(client, "/clinic/flags", one).text
    group = edit(client, one, "flags", group="head-and-neck")
    shown = post(client, "/clinic/flags", group).text
    assert "<strong>10 of 76</strong>" in shown
    assert "All of these were asked: no (0 open)" in shown
    assert edit(client, one, "flag", flag="cauda-equina", value="open") == {"findings": []}
    assert edit(client, one, "thing", finding="saddle-numbness", value="present")["symptoms"][-1] == {"name": "saddle-numbness"}


def test_a_grave_flag_stands_above_everything_with_every_part(client: TestClient) -> None:
    shown = post(client, "/clinic/entries", {"findings": [], "symptoms": ["saddle numbness"]})
    assert re.search(r'id="alarm"[^>]*>\s*<p class="flag emergency">', shown.text)


def test_measured_values_stand_beside_each_other_with_their_difference(client: TestClient) -> None:
    case = edit(client, {"findings": []}, "measure", measure="knee-to-wall", side="left", value="4", unit="cm")
    case = edit(client, case, "measure", measure="knee-to-wall", side="right", value="10", unit="cm", pain="1")
    shown = post(client, "/clinic/measures", case).text
    assert "6.0 cm (60 %), less on the left" in re.sub(r"\s+", " ", shown)
    assert edit(client, case, "measure", measure="knee-to-wall", side="left", value="", unit="cm")["measurements"][0]["side"] == "right"


def test_the_person_is_told_and_a_name_may_be_left_out(client: TestClient) -> None:
    case = edit(client, {"findings": []}, "tell", section="patient", field="age", value="34")
    case = edit(client, case, "tell", section="patient", field="pregnancy", value="no")
    case = edit(client, case, "tell", section="patient", field="conditions", value="diabetes; asthma")
    assert case["patient"] == {"age": 34, "pregnancy": False, "conditions": ["diabetes", "asthma"]}
    shown = post(client, "/clinic/person", case).text
    assert 'value="diabetes; asthma"' in shown
    assert "A name is better left out" in shown


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"do": "tell", "section": "patient", "field": "age", "value": "200"}, "130"),
        ({"do": "tell", "section": "patient", "field": "age", "value": "old"}, "whole number"),
        ({"do": "tell", "section": "visit", "field": "date", "value": "soon"}, "date"),
        ({"do": "measure", "measure": "knee-to-wall", "side": "left", "value": "400", "unit": "cm"}, "not plausible"),
        ({"do": "measure", "measure": "knee-to-wall", "side": "left", "value": "nan", "unit": "cm"}, "number"),
        ({"do": "set", "section": "findings", "number": "7", "field": "side", "value": "left"}, "no such entry"),
        ({"do": "set", "section": "findings", "number": "0", "field": "wings", "value": "left"}, "no such field"),
        ({"do": "set", "section": "findings", "number": "0", "field": "task", "value": "lying"}, "not recorded"),
        ({"do": "fly"}, "no such edit"),
        ({"do": "tick", "finding": "knee-valgus"}, "'value' is missing"),
        ({"do": "set", "section": "findings", "number": "0", "field": "present", "value": "perhaps"}, "present, absent or unknown"),
    ],
)  # fmt: skip
def test_what_no_case_may_hold_is_refused_in_words_and_changes_nothing(client: TestClient, fields: dict[str, str], says: str) -> None:
    answer = post(client, "/clinic/edit", RUNNER, **fields)
    assert answer.status_code == 422
    assert "data-case" not in answer.text
    assert says in unescape(answer.text)


def test_everything_that_is_wrong_with_a_case_is_said_at_its_place_at_once(client: TestClient) -> None:
    case = {"findings": [{"name": "hip drop"}, {"name": "forward head", "side": "left"}, "gibberish words"]}
    shown = unescape(post(client, "/clinic/entries", case).text)
    rows = re.findall(r'<li class="entry[^"]*faulty".*?</li>\s*</ul>', shown, re.DOTALL)
    assert len(rows) == 3
    for row, said in zip(rows, ("which side?", "does not take the side 'left'", "unknown finding"), strict=True):
        assert said in row
    assert "3 things are not as it should be" in shown or "3 things are" in shown


def test_a_case_with_mistakes_can_still_be_put_right(client: TestClient) -> None:
    case = {"findings": [{"name": "hip drop"}, {"name": "forward head", "side": "left"}]}
    after = edit(client, case, "set", section="findings", number="0", field="side", value="left")
    assert after["findings"][0] == {"name": "hip-drop", "side": "left"}
    assert edit(client, after, "remove", section="findings", number="1")["findings"] == after["findings"][:1]


@pytest.mark.parametrize("text", ["findings: [{name: hip drop, side: left}]\n", '{"findings": [{"name": "hip drop", "side": "left"}]}'])
def test_a_file_is_opened_in_yaml_and_json(client: TestClient, text: str) -> None:
    assert case_of(post(client, "/clinic/open", text=text)) == {"findings": [{"name": "hip drop", "side": "left"}]}


def test_a_file_that_is_no_case_is_refused_with_all_its_faults(client: TestClient) -> None:
    answer = post(client, "/clinic/open", text="findings: 3\nwings: 2\n")
    assert answer.status_code == 422
    assert answer.text.count("<li>") == 2


def test_every_example_loads_and_can_be_shown(client: TestClient) -> None:
    names = re.findall(r'<option value="((?:people|seeds)-\d+)">', client.get("/").text)
    assert len(names) == 27
    for name in (names[0], names[-1]):
        case = case_of(post(client, "/clinic/example", example=name))
        for part in ("entries", "grids", "flags", "measures", "person"):
            assert post(client, f"/clinic/{part}", case).status_code == 200, (name, part)
    assert post(client, "/clinic/example", example="people-999").status_code == 422


def test_every_battery_is_a_grid(client: TestClient) -> None:
    for battery in re.findall(r'data-battery="([a-z-]+)" aria-pressed', post(client, "/clinic/grids").text):
        shown = post(client, "/clinic/grids", battery=battery)
        assert shown.status_code == 200
        assert shown.text.count("The rest of this view was looked at and not seen") >= 1


def test_what_a_person_typed_stands_in_no_error(client: TestClient) -> None:
    for path, fields in (
        ("/clinic/edit", {"do": CANARY}), ("/clinic/example", {"example": CANARY}), ("/clinic/grids", {"battery": CANARY}),
        ("/clinic/edit", {"do": "tell", "section": "patient", "field": "age", "value": CANARY}), ("/clinic/add", {"text": CANARY * 20}),
        ("/clinic/edit", {"do": "measure", "measure": "knee-to-wall", "side": "left", "value": CANARY, "unit": "cm"}),
    ):  # fmt: skip
        answer = post(client, path, **fields)
        assert answer.status_code == 422, path
        assert CANARY not in answer.text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)"])
def test_hostile_words_come_back_as_words(client: TestClient, hostile: str) -> None:
    case = {"findings": [{"name": hostile}, {"name": "knee-varus", "side": "left", "note": hostile}], "notes": hostile}
    case |= {"patient": {"name": hostile, "conditions": [hostile]}}
    for part in ("entries", "person"):
        shown = post(client, f"/clinic/{part}", case).text
        assert hostile not in shown
    added = post(client, "/clinic/add", case, text="hip drop left")
    assert case_of(added)["notes"] == hostile
    assert "</script><" not in added.text.replace("</script>", "", 1)
