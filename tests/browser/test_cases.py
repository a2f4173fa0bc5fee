"""Saved cases in the browser: saved from the clinic, seen again, compared, handed on, and gone for good; all of it by keyboard as well."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seeing import case_in, no_violations, put_case

from expert import assess, load_case
from expert.model import Knowledge

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
VISITS = [
    load_case(path).document.data
    for path in (EXAMPLES / "ankle-runner.yaml", EXAMPLES / "visits" / "ankle-runner-2.yaml", EXAMPLES / "visits" / "ankle-runner-3.yaml")
]


def save(page: Any, case: Any, label: str = "") -> None:
    """Put a case into the tab and save it on the page of cases, for a new person or for whoever is chosen there."""
    put_case(page, case)
    page.goto("/cases")
    if label:
        page.get_by_label("Whose visit is it?").select_option("")
        page.get_by_label("Name or number").fill(label)
    page.get_by_role("button", name="Save this visit").click()
    page.locator("[data-kept]").wait_for()


def test_visits_are_saved_compared_exported_and_deleted_for_good(page: Any) -> None:
    page.goto("/cases")
    assert "not encrypted" in page.locator("main").inner_text()
    page.get_by_role("button", name="Save this visit", disabled=True).wait_for()
    no_violations(page)
    save(page, VISITS[0], "Runner 7")
    page.get_by_role("button", name="Save this visit", disabled=True).wait_for()  # a second press saves nothing twice
    save(page, VISITS[1])  # the person of the last visit is chosen already
    assert "Runner 7 has 2 visits now" in page.locator("#cases-kept").inner_text()
    page.locator("#people").get_by_role("link", name="Runner 7").click()
    page.get_by_role("heading", name="2 visits, oldest first").wait_for()
    assert re.fullmatch(r".*/cases/[0-9a-f]{16}", page.url)
    no_violations(page)

    page.get_by_role("button", name="Compare the chosen visits").click()
    page.get_by_role("heading", name="Visits side by side").wait_for()
    compared = page.locator("#compared").inner_text()
    assert "better (+5 cm" in compared
    assert page.evaluate("() => document.activeElement.id") == "compared"
    assert page.locator("#compared table.sides svg").count() > 5
    no_violations(page, "#compared")

    with page.expect_download() as download:
        page.get_by_role("link", name="Export all visits as JSON").click()
    told = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [v["case"] for v in told["persons"][0]["visits"]] == VISITS[:2]

    page.get_by_text("Delete this visit").first.click()
    page.get_by_role("button", name="Delete the visit of 2026-11-22 for good").click()
    page.get_by_role("heading", name="1 visit", exact=True).wait_for()
    assert page.locator("#cases-said").inner_text() == "The visit is deleted for good."
    page.get_by_text("Delete this person", exact=True).click()
    no_violations(page, "#person")
    page.get_by_role("button", name="Delete this person for good").click()
    page.get_by_text("The person is deleted for good.").wait_for()
    assert page.url.endswith("/cases")
    assert page.locator("#people").get_by_text("Runner 7").count() == 0


def test_a_visit_is_saved_from_the_clinic_by_keyboard_and_opened_there_again(page: Any) -> None:
    page.goto("/cases")
    put_case(page, VISITS[0])
    page.goto("/")
    menu = page.locator("#save-menu summary")
    menu.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Whose visit is it?").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("Keyboard 1")
    page.keyboard.press("Enter")
    page.locator("#save-menu [data-kept]").wait_for()
    page.wait_for_load_state("networkidle")  # the clinic's own parts have come
    no_violations(page, "#save-menu")
    page.locator("#save-menu [data-kept]").click()
    page.get_by_role("heading", name="Keyboard 1").wait_for()
    page.evaluate("() => window.myologic.setCase({findings: []}, 'test')")
    page.get_by_role("button", name="Open in the clinic").click()
    page.wait_for_url(lambda url: url.endswith("/"))
    assert case_in(page) == VISITS[0]


def test_a_new_visit_begins_with_the_person_and_not_with_the_old_findings(page: Any) -> None:
    page.goto("/cases")
    save(page, VISITS[0], "Begun again")
    page.locator("[data-kept]").click()
    page.get_by_role("button", name="Begin a new visit").click()
    page.wait_for_url(lambda url: url.endswith("/"))
    begun = case_in(page)
    assert (begun["findings"], begun["patient"]) == ([], {key: VISITS[0]["patient"][key] for key in ("age", "sex")})
    assert "measurements" not in begun
    page.goto("/cases")
    chosen = page.get_by_label("Whose visit is it?")
    assert "Begun again" in chosen.locator("option:checked").inner_text()
    put_case(page, {"findings": [{"name": "hip drop", "side": "left"}]})
    page.evaluate("() => window.myologic.setCase({findings: []}, 'emptied')")  # an emptied tab belongs to nobody
    page.goto("/cases")
    assert chosen.input_value() == ""


def test_the_report_opens_to_be_printed_in_each_voice_and_keeps_to_its_own_policy(page: Any, knowledge: Knowledge) -> None:
    complaints: list[str] = []
    page.context.on("page", lambda opened: opened.on("console", lambda said: complaints.append(said.text)))
    page.goto("/cases")
    put_case(page, VISITS[0])
    page.goto("/cases")
    form = page.locator("form[data-reporting]")
    for voice, word in (("clinician", "Soleus"), ("teaching", "Reasoning step by step"), ("letter", "Letter of findings")):
        form.get_by_label("For whom").select_option(voice)
        with page.expect_popup() as popup:
            form.get_by_role("button", name="Open to print").click()
        paper = popup.value
        paper.wait_for_load_state()
        assert paper.url.endswith("/cases/report")
        assert word in paper.locator("body").inner_text(), voice
        assert paper.evaluate("() => getComputedStyle(document.querySelector('.myo')).maxWidth") != "none"  # its style is allowed
        paper.close()
    with page.expect_download() as download:
        form.get_by_role("button", name="JSON").click()
    told = Path(download.value.path()).read_text(encoding="utf-8")
    assert told == assess(VISITS[0], knowledge).to_json() + "\n"
    assert not complaints


def test_the_pages_fit_a_phone_and_the_list_narrows(pages: Callable[..., Any]) -> None:
    page = pages(width=390)
    for n in range(9):
        case = json.dumps({"findings": [{"name": "hip drop", "side": "left"}]})
        assert page.request.post("/cases/save", form={"case": case, "label": f"Narrow {n}"}).ok
    page.goto("/cases")
    page.get_by_label("Find").fill("narrow 4")
    assert page.locator("#people li:visible").all_inner_texts()[0].startswith("Narrow 4")
    assert page.locator("#people li:visible").count() == 1
    for path in ("/cases", page.get_by_role("link", name="Narrow 4").get_attribute("href")):
        page.goto(path)
        assert page.evaluate("() => document.documentElement.scrollWidth") == 390
        no_violations(page)


def test_what_is_typed_as_a_name_is_shown_and_never_run(page: Any) -> None:
    page.goto("/cases")
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    save(page, VISITS[0], evil)
    page.locator("#people").get_by_role("link", name=evil).click()
    assert page.get_by_role("heading", level=1).first.inner_text() == evil
