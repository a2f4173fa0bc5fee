"""A small shipped knowledge on disk, and room for a user's own folders beside it: what layers, caches and damage are tested on."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import _NEEDED as NEEDED
from small import rule, rules

from expert import resources

RULE = rule("a-rule", "{finding: dip}", "{muscle: puller, state: weak, points: 2}")


def small_house(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put it into a folder and make it what is shipped: shipped/kb, shipped/rules; own/ is empty; the cache is there too."""
    constants = (resources.root() / "kb" / "constants.yaml").read_text(encoding="utf-8")
    (folder / "shipped" / "kb" / "deep").mkdir(parents=True)
    (folder / "shipped" / "rules").mkdir()
    (folder / "own").mkdir()
    (folder / "shipped" / "kb" / "needed.yaml").write_text(NEEDED, encoding="utf-8")
    (folder / "shipped" / "kb" / "deep" / "constants.yml").write_text(constants, encoding="utf-8")
    (folder / "shipped" / "kb" / "notes.txt").write_text("no knowledge: [", encoding="utf-8")
    (folder / "shipped" / "rules" / "r.yaml").write_text(rules(RULE), encoding="utf-8")
    monkeypatch.setattr(resources, "root", lambda: folder / "shipped")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    return folder
