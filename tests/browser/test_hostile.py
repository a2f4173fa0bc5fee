"""Fifty strings that want to become markup, script, or something else than text: on every page they stay text.

A dialog, an error in the console, a refused script or style (the policy forbids all but files), or a request to another machine fails
the test: see `pages` in conftest.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from seeing import case_in, put_case

HOSTILE = [
    "<script>alert(1)</script>", "\"><script>alert(1)</script>", "'><script>alert(1)</script>", "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)", "' onfocus='alert(1)' autofocus='", "<svg onload=alert(1)>", "<svg/onload=alert(1)//",
    "<body onload=alert(1)>", "<iframe src=javascript:alert(1)>", "javascript:alert(1)", "data:text/html,<script>alert(1)</script>",
    "<a href=javascript:alert(1)>x</a>", "<input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)>", "<math><mtext><script>alert(1)</script>", "<template><script>alert(1)</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<!--<script>alert(1)</script>-->", "]]><script>alert(1)</script>",
    "<style>*{background:url(http://evil.example)}</style>", "<link rel=stylesheet href=http://evil.example>",
    "<base href=http://evil.example/>", "<meta http-equiv=refresh content=0;url=http://evil.example>",
    "<form action=http://evil.example><button>x</button>", "<object data=http://evil.example>", "<embed src=http://evil.example>",
    "<img src=http://evil.example/x.png>", "<div hx-get=http://evil.example hx-trigger=load>", "<div hx-on:load=alert(1)>",
    "<div data-hx-get=/healthz data-hx-trigger=load>", "<script type=application/json data-case>{\"findings\":[]}</script>",
    "{{7*7}}{% raw %}", "${alert(1)}", "{{constructor.constructor('alert(1)')()}}", "#{7*7}", "&lt;script&gt;alert(1)&lt;/script&gt;",
    "%3Cscript%3Ealert(1)%3C/script%3E", "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e", "＜script＞alert(1)＜/script＞",
    "';alert(1)//", "\\';alert(1)//", "`;alert(1)//", "--><svg onload=alert(1)>", "=cmd|' /C calc'!A0", "'); DROP TABLE persons; --",
]  # fmt: skip


def free_text() -> dict[str, Any]:
    """A case that holds all of them wherever a person may write what he likes."""
    seen = {"name": "hip drop", "side": "right", "task": "running", "note": " | ".join(HOSTILE)[:2000]}
    return {
        "visit": {"examiner": HOSTILE[0]}, "patient": {"name": HOSTILE[1], "conditions": HOSTILE[:25], "medicines": HOSTILE[25:]},
        "findings": [seen], "notes": "\n".join(HOSTILE),
    }  # fmt: skip


def test_there_are_fifty_of_them() -> None:
    assert len(set(HOSTILE)) == 50


def settled(page: Any) -> None:
    """Nothing more is asked for, and nothing has come alive that a page does not have of itself."""
    page.wait_for_load_state("networkidle")
    alive = "main script:not([type='application/json']), main iframe, main object, main embed, base, main style, [onerror], [onload]"
    assert page.locator(alive).count() == 0


def unknown_names() -> dict[str, Any]:
    """A case that names what nobody knows: the faults repeat it."""
    return {"findings": [{"name": text[:120], "side": "left"} for text in HOSTILE]}


@pytest.mark.parametrize("case", [free_text(), unknown_names()], ids=["free-text", "unknown-names"])
def test_every_page_shows_hostile_text_as_text(case: dict[str, Any], page: Any) -> None:
    page.goto("/cases")
    put_case(page, case)
    for path in ("/", "/why", "/chain", "/learn", "/learn/quiz", "/cases"):
        page.goto(path)
        settled(page)


def test_hostile_words_typed_into_the_box_stay_words(page: Any) -> None:
    page.goto("/")
    box = page.get_by_role("combobox").first
    for text in HOSTILE:
        box.fill(text)
        box.press("Enter")
    settled(page)
    assert case_in(page)["findings"] == []


def test_hostile_labels_of_saved_persons_stay_labels(page: Any) -> None:
    page.goto("/")
    put_case(page, free_text())
    post = "async labels => { for (const label of labels) await window.myologic.post('/cases/save', {person: '', label}); }"
    page.evaluate(post, HOSTILE)
    page.goto("/cases")
    settled(page)
    told = page.locator("main").inner_text()
    assert [text for text in HOSTILE if " ".join(text.split()) not in " ".join(told.split())] == []
