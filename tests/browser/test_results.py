"""The live results in a browser: red flags on top, one click answers the next test, nothing moves under the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import run_here
from seeing import case_in, no_violations, put_case

RUNNER = {
    "findings": [
        {"name": "hip-drop", "side": "right", "task": "running"},
        {"name": "knee-valgus", "side": "left", "task": "single-leg-squat"},
    ]
}


def showing(page: Any, case: dict[str, Any], first: str) -> Any:
    """The page with a case, once a text stands in its results and what to look at next stands below."""
    page.goto("/")
    page.locator("#next-test .next").wait_for()
    put_case(page, case)
    page.locator("#results-panel", has_text=first).wait_for()
    page.locator("#next-test .next").wait_for()
    return page


def test_a_red_flag_stands_above_every_hypothesis_and_is_spoken(page: Any) -> None:
    showing(page, {**RUNNER, "symptoms": ["saddle-numbness"]}, "EMERGENCY")
    flag, first = page.locator("#results-panel .flag.emergency").bounding_box(), page.locator(".hypothesis").first.bounding_box()
    assert flag["y"] + flag["height"] < first["y"]
    assert page.locator("#results-said").inner_text().startswith("Red flag, emergency: Possible cauda equina syndrome")
    assert page.locator("#results-said").get_attribute("aria-live") == "polite"
    assert "Stop testing" in page.locator("#next-test").inner_text()
    no_violations(page)


def test_an_answer_to_the_next_test_changes_the_case_and_the_next_test_follows(page: Any) -> None:
    showing(page, RUNNER, "Gluteus medius")
    asked = page.locator("#next-test .test .who").inner_text()
    page.locator("#next-test .test .answers button").first.click()
    page.wait_for_function("asked => document.querySelector('#next-test .test .who')?.innerText !== asked", arg=asked)
    page.locator("#next-test .next").wait_for()
    added = [entry for entry in case_in(page)["findings"] if entry not in RUNNER["findings"]]
    assert len(added) == 1
    assert added[0]["present"] is True
    assert added[0]["side"] in asked
    page.wait_for_function("() => document.activeElement.id === 'next-title'")  # and not at the top of the page
    page.evaluate("() => window.myologic.undo()")
    assert case_in(page) == RUNNER


def test_what_was_open_stays_open_and_the_focus_stays_when_the_case_changes(page: Any) -> None:
    showing(page, RUNNER, "Gluteus medius")
    chip = page.locator("details.evidence").first
    name = chip.get_attribute("id")
    chip.locator("summary").click()
    page.locator("#status-possible > summary").click()
    page.locator("#status-supported > summary").focus()
    page.evaluate("() => { document.getElementById('results-panel').firstElementChild.dataset.before = 'yes' }")
    put_case(page, {**RUNNER, "symptoms": [{"name": "night-pain", "present": False}]})
    page.wait_for_function("() => !document.querySelector('#results-panel [data-before]')")  # it is shown anew
    page.wait_for_function("name => document.getElementById(name)?.open", arg=name)
    assert page.evaluate("() => document.activeElement.id") == "status-supported-s"
    page.locator("#next-test .next").wait_for()
    assert not page.locator("#status-possible").get_attribute("open")
    assert chip.locator("p strong").inner_text()


def test_what_the_page_shows_is_what_the_command_line_says_of_the_same_case(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    showing(page, RUNNER, "Gluteus medius")
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case_in(page)), encoding="utf-8")
    answer = json.loads(run_here(monkeypatch, "assess", str(file), "--format", "json").out)
    known = {f"{h['muscle']}:{h['side']}:{h['state']}": h for h in answer["hypotheses"]}
    lines = page.locator(".hypothesis")
    shown = lines.evaluate_all("all => all.map(e => [e.dataset.row, e.querySelector('.how').innerText.replace(/\\s+/g, ' ')])")
    assert len(shown) > 5
    for row, said in shown:
        h = known[row]
        assert said == f"{h['status']}, {h['confidence']} {h['points']:+.1f}"
    test = next(t for t in answer["next_tests"] if t["kind"] == "test")
    assert page.locator("#next-test .test .who").inner_text().startswith(test["name"])


def test_on_a_narrow_screen_nothing_is_wider_than_it(pages: Any) -> None:
    page = showing(pages(width=390), {**RUNNER, "symptoms": ["low-back-pain"]}, "Half met")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    no_violations(page)
