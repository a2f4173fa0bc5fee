"""The pictures of the README are taken here, by driving the pages; `make pictures` puts them into docs/pictures.

Pixels differ from machine to machine, so what is held is that every picture can be taken and that the README shows each of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from seeing import put_case

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURES = ROOT / "docs" / "pictures"
RUNNER = {
    "case_id": "runner", "patient": {"age": 34, "sex": "female"},
    "findings": [
        {"name": "hip drop", "side": "right", "task": "running"},
        {"name": "knees cave in", "side": "left", "task": "single-leg-squat"},
        {"name": "ankle dorsiflexion limited", "side": "left", "present": False},
    ],
}  # fmt: skip


def clinic(page: Any) -> None:
    page.goto("/")
    page.locator("#results").get_by_text("Gluteus medius").first.wait_for()


def body_map(page: Any) -> None:
    clinic(page)
    page.get_by_role("tab", name="Body map").click()
    page.locator("#body-front").wait_for()


def why(page: Any) -> None:
    page.goto("/why#gluteus-medius:left:underactive")
    page.get_by_text("What speaks for it").first.wait_for()


def chain(page: Any) -> None:
    page.goto("/chain")
    page.locator("canvas").first.wait_for()


def learn(page: Any) -> None:
    page.goto("/learn#lesson=motion.hip-drops&step=4")


PAGES: dict[str, Callable[[Any], None]] = {"clinic": clinic, "body-map": body_map, "why": why, "chain": chain, "learn": learn}


@pytest.mark.parametrize("name", PAGES)
def test_a_picture_is_taken_and_shown_in_the_readme(name: str, page: Any, tmp_path: Path) -> None:
    page.goto("/")
    put_case(page, RUNNER)
    PAGES[name](page)
    page.wait_for_load_state("networkidle")
    folder = Path(os.environ.get("MYOLOGIC_PICTURES", tmp_path))
    taken = page.screenshot(path=folder / f"{name}.png")
    assert len(taken) > 20_000
    assert f"(docs/pictures/{name}.png)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (PICTURES / f"{name}.png").stat().st_size < 400_000
