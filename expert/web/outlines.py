"""The outlines of the drawn body, from the front and from the back, as they are served (docs/body-map.md).

Sides are the patient's: in the front view the left is on the viewer's right, in the back view on the viewer's left.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from expert import resources
from expert.formats import Region
from expert.model import KnowledgeBase

SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Outline:
    """A region of one side. `half`: the outline crosses the midline, and this is what lies on one side of it."""

    region: Region
    side: str
    paths: tuple[str, ...]
    half: bool


@dataclass(frozen=True, slots=True)
class View:
    """The body from one side. `skin`: every path, also those that no region of the knowledge names; `split`: x of the midline."""

    name: str
    box: tuple[float, float, float, float]
    split: float
    skin: tuple[str, ...]
    outlines: tuple[Outline, ...]

    def half(self, side: str) -> tuple[float, float]:
        """Where one side of the body lies in the picture: x and width."""
        left, _, width, _ = self.box
        on_the_right = (side == "left") == (self.name == "front")
        return (self.split, left + width - self.split) if on_the_right else (left, self.split - left)


def views(kb: KnowledgeBase) -> tuple[View, ...]:
    """Front and back, regions in the order of the knowledge, the left one first."""
    order = {name: number for number, name in enumerate(kb.regions)}
    made = []
    for name, drawn in _drawn().items():
        shapes = drawn["regions"]
        known = sorted((s for s in shapes if s["id"] in order), key=lambda s: (order[s["id"]], s["side"]))
        outlines = tuple(
            Outline(kb.regions[shape["id"]], side, tuple(shape["paths"]), shape["side"] == "midline")
            for shape in known
            for side in (SIDES if shape["side"] == "midline" else (shape["side"],))
        )
        left, top, width, height = map(float, drawn["viewBox"].split())
        skin = tuple(path for shape in shapes for path in shape["paths"])
        made.append(View(name, (left, top, width, height), drawn["middle"], skin, outlines))
    return tuple(made)


@lru_cache(maxsize=1)
def _drawn() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(resources.vendored("body-muscles.json"))["views"]
    return found
