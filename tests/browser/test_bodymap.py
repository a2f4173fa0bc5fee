"""The body map in a browser: findings picked by pointer and by keyboard have the right side, and results are drawn on it."""

from __future__ import annotations

from typing import Any

from seeing import case_in, no_violations, put_case


def opened(page: Any) -> Any:
    page.goto("/")
    page.locator("#next-test .next").wait_for()
    page.locator("#tab-bodymap").click()
    return page


def choose(page: Any, finding: str, side: str) -> None:
    page.locator(f'#region-choices button[data-state="{finding}"][data-side="{side}"]').click()


def test_what_is_on_the_left_of_the_picture_is_the_patients_right_from_the_front_and_the_left_from_behind(page: Any) -> None:
    opened(page)
    front = page.locator("#body-front").bounding_box()
    knee = page.locator("#region-knee-right .area").bounding_box()
    assert knee["x"] + knee["width"] < front["x"] + front["width"] / 2
    page.locator("#region-knee-right .area").click()
    page.get_by_role("heading", name="Front of the knee, the patient's right").wait_for()
    choose(page, "knee-valgus", "right")
    page.locator("#region-choices .tag", has_text="stated: ").first.wait_for()
    assert case_in(page) == {"findings": [{"name": "knee-valgus", "side": "right"}]}
    assert page.locator("#sum-entries").inner_text() == "1"
    no_violations(page)

    page.evaluate("() => scrollTo(0, 0)")
    back = page.locator("#body-back").bounding_box()
    page.mouse.click(back["x"] + back["width"] * 0.395, back["y"] + back["height"] * 0.455)  # the buttock on the viewer's left
    page.get_by_role("heading", name="the patient's left").wait_for()
    assert page.locator("#region-choices .choices").get_attribute("data-side") == "left"


def test_by_keyboard_alone_a_finding_is_picked_with_its_side_task_and_severity(page: Any) -> None:
    opened(page)
    page.locator("#region-head-left").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    here = page.evaluate("() => [document.activeElement.dataset.side, document.activeElement.getAttribute('tabindex')]")
    assert here == ["left", "0"]
    assert page.locator('.region[tabindex="0"]').count() == 1
    page.keyboard.press("Home")
    assert page.evaluate("() => document.activeElement.id") == "region-head-left"
    page.keyboard.press("End")
    assert page.evaluate("() => document.activeElement.id") == "region-hand-back-right"
    page.locator("#region-gluteus-medius-left").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'choices-title'")
    page.locator("#during").select_option("running")
    page.locator("#how-much").select_option("severe")
    page.locator("#at-hip-drop-right").focus()
    page.keyboard.press("Space")
    page.locator("#region-gluteus-medius-left.found").wait_for(state="attached")
    assert case_in(page) == {"findings": [{"name": "hip-drop", "side": "right", "task": "running", "severity": "severe"}]}
    page.wait_for_function("() => document.activeElement.id === 'at-hip-drop-right'")  # the next one can be picked at once
    assert page.locator("#during").input_value() == "running"
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.activeElement.id === 'region-gluteus-medius-left'")
    assert not page.locator("#choices-title").count()


def test_results_are_drawn_on_the_side_they_are_about_and_stand_in_the_list(page: Any) -> None:
    opened(page)
    put_case(page, {"findings": [{"name": "hip-drop", "side": "right", "task": "running"}]})
    found = page.locator("#region-gluteus-medius-left.found")
    found.wait_for(state="attached")
    assert "gluteus medius underactive" in found.get_attribute("aria-label")
    assert not page.locator("#region-gluteus-medius-right.found").count()
    found.locator(".layer.any").wait_for()
    page.get_by_text("strength", exact=True).click()
    found.locator(".layer.strength.weak").wait_for()
    found.locator(".layer.any").wait_for(state="hidden")
    listed = page.locator("#bodymap-list li", has_text="Gluteus medius").first
    assert "Side of the buttock" in listed.inner_text().replace("side of", "Side of")
    no_violations(page)


def test_on_a_narrow_screen_one_side_of_the_body_is_shown_and_places_are_chosen_by_name(pages: Any) -> None:
    page = opened(pages(width=390))
    page.locator("#body-front").wait_for()
    page.locator("#body-back").wait_for(state="hidden")
    page.locator(".map-side").get_by_role("button", name="Back").click()
    page.locator("#body-back").wait_for()
    page.get_by_label("Place").select_option("lower-back-ql")
    page.get_by_label("Side of the patient").select_option("right")
    page.get_by_role("button", name="Findings here").click()
    page.get_by_role("heading", name="Side of the low back, the patient's right").wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    no_violations(page)
