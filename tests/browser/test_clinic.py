"""The clinic page as a clinician uses it: by keyboard alone, by preset, with the red flags; and the case is the command line's case."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from seeing import case_in, no_violations, put_case
from typer.testing import CliRunner

from expert import assess
from expert.cli import app as command_line
from expert.model import Knowledge


def said(page: Any, words: str) -> None:
    """Wait until the page has said so."""
    page.wait_for_function("words => document.getElementById('said').textContent.includes(words)", arg=words)


def usable(page: Any) -> None:
    """Once everything that was asked for is there, anybody can use the page as it stands."""
    page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    no_violations(page)


def type_in(page: Any, words: str) -> None:
    page.keyboard.type(words)
    page.keyboard.press("Enter")


def entries(page: Any) -> list[str]:
    return [str(row.get_attribute("aria-label")) for row in page.locator("#panel-entries .entry").all()]


def test_by_keyboard_alone_from_the_empty_page_to_a_supported_hypothesis(page: Any, knowledge: Knowledge, tmp_path: Path) -> None:
    page.goto("/")
    page.wait_for_selector("#panel-entries .empty")
    assert page.evaluate("document.activeElement.id") == "type"
    usable(page)

    page.keyboard.type("knees cave l")
    page.wait_for_selector("#type-option-1")
    usable(page)
    type_in(page, " mod")
    type_in(page, "hip drop right running")  # one may type on while the server reads
    said(page, "running")
    page.wait_for_selector("#findings-1")
    assert entries(page) == ["Knee moves in (knee valgus), left, present", "Hip (pelvic) drop, right, Running, present"]

    type_in(page, "trendelenburg")
    page.wait_for_selector(".ask")
    usable(page)
    page.keyboard.press("l")  # the side of the pelvis that drops
    said(page, "drop, left")
    type_in(page, "knee")
    said(page, "Which one?")
    usable(page)
    page.keyboard.press("3")
    page.wait_for_selector(".ask")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "type"

    page.wait_for_selector("#findings-2")
    page.keyboard.press("ArrowDown")  # from the empty box to the entries
    assert page.evaluate("document.activeElement.id") == "findings-0"
    page.keyboard.press("3")
    page.wait_for_selector("#findings-0-severity-severe[aria-pressed=true]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    page.wait_for_selector("#findings-2.absent")
    page.keyboard.press("Delete")
    page.wait_for_selector("#findings-2", state="detached")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "type"
    page.wait_for_selector("#results .hypothesis.supported")
    usable(page)

    held = case_in(page)
    assert held["findings"] == [
        {"name": "knee-valgus", "side": "left", "severity": "severe"}, {"name": "hip-drop", "side": "right", "task": "running"},
    ]  # fmt: skip
    with page.expect_download() as downloading:
        page.locator("#case-menu > summary").click()
        page.locator("#save-file").click()
    file = tmp_path / "case.json"
    downloading.value.save_as(file)
    assert json.loads(file.read_text(encoding="utf-8")) == held
    told = CliRunner().invoke(command_line, ["assess", str(file), "--json"])
    assert json.loads(told.stdout) == assess(held, knowledge).to_dict()


def test_undo_and_redo_work_from_everywhere_and_say_what_they_did(page: Any) -> None:
    page.goto("/")
    type_in(page, "hip drop right running")
    said(page, "Added")
    page.wait_for_selector("#findings-0")
    page.keyboard.type("half typ")
    page.keyboard.press("Control+z")
    said(page, "Undone: Hip (pelvic) drop, right, running")
    page.wait_for_selector("#panel-entries .empty")
    page.keyboard.press("Control+Shift+Z")
    said(page, "Redone:")
    page.wait_for_selector("#findings-0")
    page.locator("#findings-0").focus()
    page.keyboard.press("Delete")
    page.wait_for_selector("#panel-entries .empty")
    page.locator("#undo").click()
    page.wait_for_selector("#findings-0")
    assert case_in(page)["findings"] == [{"name": "hip-drop", "side": "right", "task": "running"}]


def test_a_preset_is_ticked_and_the_rest_of_a_view_waved_through(page: Any) -> None:
    page.goto("/")
    page.locator("#tab-grids").click()
    page.wait_for_selector("#rest-front")
    page.locator("#tick-knee-valgus-overhead-squat-left").check()
    page.wait_for_selector("tr.left #tick-knee-valgus-overhead-squat-left:checked")
    page.locator("#rest-front").click()
    page.wait_for_selector("#rest-front:disabled")
    assert page.locator("#tick-foot-turn-out-overhead-squat-absent").is_checked()
    assert page.locator("#tick-knee-valgus-overhead-squat-left").is_checked()
    assert page.locator("#tick-heel-rise-overhead-squat-open").is_checked()  # of another view nothing is said
    usable(page)
    stated = {(f["name"], f["side"]): f.get("present", True) for f in case_in(page)["findings"]}
    assert stated["knee-valgus", "left"] is True
    assert [place for place, there in stated.items() if there] == [("knee-valgus", "left")]
    assert page.locator("#sum-flags").inner_text().startswith("0/")
    page.locator("#battery-gait").click()
    page.wait_for_selector("#tick-hip-drop-walking-left")
    usable(page)


def test_red_flag_questions_are_counted_as_they_are_asked_and_a_grave_one_stands_above_everything(page: Any) -> None:
    page.goto("/")
    page.locator("#tab-flags").click()
    page.wait_for_selector("#flags-general-no")
    assert page.locator(".count").inner_text().startswith("0 of 76")
    page.locator("#flags-general-no").click()
    page.wait_for_selector("#flags-general-no:disabled")
    asked = int(re.match(r"(\d+) of 76", page.locator(".count").inner_text())[1])  # type: ignore[index]
    assert 20 <= asked < 76
    usable(page)
    page.locator("#flags-trunk > summary").click()
    page.locator("#flag-cauda-equina-yes").click()
    page.locator("#flag-cauda-equina-saddle-numbness-present").click()
    page.wait_for_selector("#alarm .flag.emergency")
    page.wait_for_selector("#flag-cauda-equina.raised")
    usable(page)
    assert {"name": "saddle-numbness"} in case_in(page)["symptoms"]


def test_measurements_and_the_person_are_filled_in_and_a_mistake_is_said_beside_its_field(page: Any) -> None:
    page.goto("/")
    page.locator("#tab-measures").click()
    page.locator("#open-measure").select_option("knee-to-wall")
    page.wait_for_selector("#measure-knee-to-wall-left")
    page.locator("#measure-knee-to-wall-left").fill("4")
    page.locator("#measure-knee-to-wall-right").fill("10")
    page.keyboard.press("Tab")
    page.wait_for_selector("#measure-knee-to-wall >> text=less on the left")
    usable(page)
    page.locator("#tab-person").click()
    page.wait_for_selector("#patient-age")
    page.locator("#patient-age").fill("340")
    page.keyboard.press("Tab")
    page.wait_for_selector("#patient-age-fault >> text=130")
    assert page.locator("#patient-age").get_attribute("aria-invalid") == "true"
    page.locator("#patient-age").fill("34")
    page.keyboard.press("Tab")
    page.wait_for_selector("#patient-age-fault", state="detached")
    page.wait_for_function("() => window.myologic.getCase().patient?.age === 34")
    page.locator("#told").fill("ankle sprain left")
    page.keyboard.press("Enter")
    page.wait_for_selector("#told-history-0")
    usable(page)
    assert case_in(page)["history"] == [{"name": "ankle-sprain", "side": "left"}]


def test_a_file_with_mistakes_opens_and_each_is_said_at_its_row(page: Any, tmp_path: Path) -> None:
    page.goto("/")
    file = tmp_path / "case.yaml"
    file.write_text("findings: [{name: hip drop}, {name: knee varus, side: left}]\n", encoding="utf-8")
    page.locator("#case-menu > summary").click()
    page.locator("#open-file").set_input_files(file)
    page.wait_for_selector("#findings-0.faulty >> text=which side?")
    usable(page)
    page.locator("#findings-0-side-right").click()
    page.wait_for_selector("#findings-0:not(.faulty)")
    assert case_in(page)["findings"][0] == {"name": "hip-drop", "side": "right"}


@pytest.mark.parametrize("width", [390, 800])
def test_narrow_screens_hold_everything_without_scrolling_sideways(pages: Any, width: int) -> None:
    page = pages(width=width)
    page.goto("/")
    put_case(page, {"findings": [{"name": "hip-drop", "side": "right", "task": "running"}], "symptoms": ["night-pain"]})
    page.wait_for_selector("#findings-0")
    for tab in ("entries", "grids", "flags", "measures", "person"):
        page.locator(f"#tab-{tab}").click()
        page.wait_for_selector(f"#panel-{tab} > *")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab
    usable(page)


def test_the_keys_are_listed_on_demand_and_leave_the_focus_where_it_was(page: Any) -> None:
    page.goto("/")
    page.wait_for_selector("#panel-entries .empty")
    page.locator("#keys").focus()
    page.keyboard.press("?")
    page.wait_for_selector("#keys-help[open]")
    usable(page)
    page.keyboard.press("Escape")
    page.wait_for_selector("#keys-help", state="hidden")
    assert page.evaluate("document.activeElement.id") == "keys"
