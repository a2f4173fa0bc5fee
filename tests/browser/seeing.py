"""What tests of pages share: whether a page can be used by everybody, and the case that its tab holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

AXE = Path(__file__).resolve().parent.parent.parent / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


@lru_cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def no_violations(page: Any, within: str = "html") -> None:
    """axe-core finds nothing that keeps anybody from using the page as it stands now; `within`: the part that is new, as a selector."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {_axe()} }}")
    run = "async within => (await axe.run(within === 'html' ? document : within, {resultTypes: ['violations']})).violations"
    found = page.evaluate(run, within)
    assert not found, "\n".join(f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in found)


def case_in(page: Any) -> dict[str, Any]:
    """The case that the tab holds."""
    held: dict[str, Any] = json.loads(page.evaluate("() => JSON.stringify(window.myologic.getCase())"))
    return held


def put_case(page: Any, case: Mapping[str, Any]) -> None:
    """Let the tab hold a case before its pages are opened (the page must be one of the site)."""
    page.evaluate("text => window.myologic.setCase(JSON.parse(text), 'test')", json.dumps(case))
