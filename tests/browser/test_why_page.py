"""The page Why in a browser: by keyboard alone, from conclusion to source; switches that leave the case alone until they are taken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from seeing import case_in, no_violations, put_case

from expert import load_case

RUNNER = load_case(Path(__file__).resolve().parent.parent.parent / "examples" / "runner.yaml").shape.model_dump(
    mode="json", exclude_defaults=True
)
BEST = "gluteus-medius:left:underactive"
expect.set_options(timeout=20_000)


def opened(page: Any, about: str = "", case: dict[str, Any] = RUNNER) -> Any:
    """The page, about something, with a case in its tab."""
    page.goto("/learn/quiz")  # a page that asks for nothing
    put_case(page, case)
    page.goto(f"/why#{about}" if about else "/why")
    expect(page.locator("#answer .conclusion").first).to_be_visible()
    return page


def settled(page: Any) -> None:
    """Nothing is under way: what a closing page breaks off would be told as an error."""
    expect(page.locator(".htmx-request")).to_have_count(0)


def test_without_a_fragment_it_tells_of_the_best_and_another_is_chosen_from_the_list(page: Any) -> None:
    opened(page)
    expect(page.locator(".conclusion")).to_contain_text("Gluteus medius underactive: supported")
    no_violations(page)
    page.get_by_role("link", name=re.compile("Tensor fasciae latae")).click()
    expect(page.locator(".conclusion")).to_contain_text("Tensor fasciae latae overactive")
    expect(page.locator("#said")).to_contain_text("Tensor fasciae latae overactive")
    assert page.url.endswith("/why#tensor-fasciae-latae:left:overactive")
    expect(page.locator("#conclusions [aria-current]")).to_have_count(1)


def test_the_tree_opens_by_keyboard_down_to_the_source_and_tabs_follow_the_arrows(page: Any) -> None:
    opened(page, BEST)
    rule = page.locator("summary", has_text="A knee that moves in in the single-leg squat")
    rule.focus()
    page.keyboard.press("Enter")
    inside = rule.locator("..")
    expect(inside.get_by_text("It rests on").first).to_be_visible()
    expect(inside.get_by_text('The case says "knees cave in"')).to_be_visible()
    text = inside.locator("summary", has_text="The rule and its sources")
    text.focus()
    page.keyboard.press("Space")
    expect(inside.locator(".sources").first).to_be_visible()
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")  # on paper nothing can be opened
    assert page.locator(".proof details:not([open])").count() == 0
    page.get_by_role("button", name="Close all").click()
    assert page.locator(".proof details[open]").count() == 0
    page.get_by_role("button", name="Open all").click()
    assert page.locator(".proof details:not([open])").count() == 0
    no_violations(page, "#answer")
    page.locator("#tab-why").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-not")).to_be_focused()
    expect(page.locator("#panel-not")).to_be_visible()
    expect(page.locator("#panel-why")).to_be_hidden()
    page.keyboard.press("End")
    expect(page.locator("#tab-if")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-why")).to_be_focused()
    assert page.locator("[role=tab][tabindex='-1']").count() == 2


def test_what_is_missing_is_supposed_and_taken_into_the_case_only_when_asked(page: Any) -> None:
    opened(page, BEST)
    page.locator("#tab-not").click()
    page.locator("input[name=side][value=right]").check()
    page.locator("#not-state").select_option("underactive")
    expect(page.locator("#not")).to_contain_text("seen on the right, this needs the left")
    no_violations(page, "#not")
    page.locator('#not [data-suppose="hip-drop:left"]').first.click()
    expect(page.locator("#tab-if")).to_be_focused()
    expect(page.locator('input[name="add:hip-drop:left"]')).to_be_checked()
    expect(page.locator("#changed")).to_contain_text("Hip drop (left): not stated")
    assert case_in(page) == RUNNER
    no_violations(page, "#switches")
    page.get_by_role("button", name="Take this into the case").click()
    expect(page.locator("#changed")).to_contain_text("All stands as in the case")
    assert case_in(page)["findings"][-1] == {"name": "hip-drop", "side": "left"}
    expect(page.locator("#conclusions")).to_contain_text(re.compile("right Gluteus medius underactive"))
    settled(page)
    page.evaluate("() => window.myologic.undo()")
    expect(page.locator("#conclusions")).not_to_contain_text(re.compile("right Gluteus medius underactive"))
    settled(page)
    assert case_in(page) == RUNNER


def test_a_switch_and_what_overturns_it_show_the_status_then_and_now(page: Any) -> None:
    opened(page, BEST)
    page.locator("#tab-if").click()
    expect(page.locator("#changed")).to_contain_text("All stands as in the case")
    box = page.locator('[data-edit="hip-drop:right:running"]')
    box.focus()
    page.keyboard.press("Space")
    expect(page.locator(".turn")).to_contain_text(re.compile(r"supported \+4\.5.*possible \+2\.1"))
    page.get_by_role("button", name="All as in the case").click()
    expect(page.locator("#changed")).to_contain_text("All stands as in the case")
    page.get_by_role("button", name=re.compile("Try without Hip drop and")).click()
    expect(page.locator(".turn")).to_contain_text("not concluded")
    assert case_in(page) == RUNNER


def test_on_a_phone_the_list_makes_room_and_nothing_runs_over_the_edge(pages: Any) -> None:
    page = opened(pages(width=390), "prediction:trunk-leans-to-stance:left")
    expect(page.locator("#all")).not_to_have_attribute("open", "")
    expect(page.locator(".chain").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    no_violations(page)
