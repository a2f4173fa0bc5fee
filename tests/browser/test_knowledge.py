"""The knowledge in a browser: searched as one types, with nothing of it in an address; pages that everybody can use."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect
from seeing import no_violations

expect.set_options(timeout=20_000)


def test_a_search_answers_as_one_types_and_the_words_stay_out_of_every_address(page: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/knowledge")
    no_violations(page)
    page.get_by_label("Search the knowledge").press_sequentially("trendelenberg")
    expect(page.locator("#hits")).to_contain_text("Read as trendelenburg")
    page.get_by_label("Search the knowledge").press("Enter")
    expect(page.locator("#hits a").first).to_have_text("Hip (pelvic) drop")
    assert page.url.endswith("/knowledge")
    assert not [url for url in asked if "trendel" in url]
    no_violations(page, "#hits")
    page.locator("#hits a").first.click()
    expect(page.locator("h1")).to_have_text("Hip (pelvic) drop")


def test_a_long_list_is_narrowed_by_its_tags_and_as_one_types(page: Any) -> None:
    page.goto("/knowledge/muscles")
    page.get_by_label("Region").select_option("hip")
    page.get_by_role("button", name="Narrow").click()
    expect(page.locator("#count")).to_contain_text(" of ")
    assert "region=hip" in page.url
    page.get_by_label("Find in this list").fill("gluteus m")
    expect(page.locator("#entries li:visible")).to_have_count(3)
    expect(page.locator("#count")).to_contain_text("3 of")
    assert "gluteus" not in page.url
    no_violations(page)


@pytest.mark.parametrize(
    ("width", "paths"),
    [(1280, ("findings/hip-drop", "flags/cauda-equina")), (390, ("muscles/gluteus-medius", "rules/hip-drop.stance-abductors"))],
)
def test_entries_of_every_sort_can_be_used_by_everybody(width: int, paths: tuple[str, ...], pages: Any) -> None:
    page = pages(width=width)
    for path in paths:
        page.goto(f"/knowledge/{path}")
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        no_violations(page)


def test_the_numbers_lead_to_what_rests_on_each_grade(page: Any) -> None:
    page.goto("/knowledge/overview")
    no_violations(page)
    page.get_by_role("link", name="rules of grade D").click()
    expect(page.locator("h1")).to_have_text("Rules")
    expect(page.locator("#count")).to_contain_text(" of ")
    assert page.locator("#entries .grade.c").count() == 0
