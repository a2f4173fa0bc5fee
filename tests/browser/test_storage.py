"""What a tab holds: pages open whatever stands in its storage, and a full storage costs steps of undo, never the case."""

from __future__ import annotations

from typing import Any

import pytest
from seeing import case_in, put_case

_BROKEN = ["no JSON", "null", "[]", '"text"', "{}", '{"findings": 7}']


@pytest.mark.parametrize("path", ["/", "/why"])
def test_a_page_opens_whatever_the_storage_holds(path: str, page: Any) -> None:
    page.goto("/")
    for text in _BROKEN:
        page.evaluate("text => { for (const key of ['myologic.case', 'myologic.past']) sessionStorage.setItem(key, text); }", text)
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert case_in(page) == {"findings": []}
        assert not page.evaluate("() => window.myologic.canUndo()")
    put_case(page, {"findings": [{"name": "hip drop", "side": "left"}]})
    assert page.evaluate("() => window.myologic.undo()") == "test"


def test_a_full_storage_costs_steps_of_undo_and_not_the_case(page: Any) -> None:
    page.goto("/knowledge")
    for number in range(12):
        put_case(page, {"findings": [], "notes": f"{number}" + "x" * 800_000})
    assert case_in(page)["notes"].startswith("11x")
    assert page.evaluate("() => window.myologic.canUndo()")
    put_case(page, {"findings": [], "notes": "y" * 6_000_000})
    assert case_in(page)["notes"].startswith("11x")
    assert "no room" in page.locator("#trouble").inner_text()
    assert page.evaluate("() => window.myologic.canUndo()")
