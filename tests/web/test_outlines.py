"""The geometry of the body map: sides are the patient's, left and right are mirror images, everything lies inside the picture."""

from __future__ import annotations

import re

import pytest

from expert.model import Knowledge
from expert.web.app import is_built
from expert.web.outlines import Outline, View, views

pytestmark = pytest.mark.skipif(not is_built(), reason="the front-end files are not built: make assets")

Box = tuple[float, float, float, float]  # left, top, right, bottom
_WORD = re.compile(r"[A-Za-z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TAKES = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6}
TOLERANCE = 1.4  # of a body 92.5 high: the package's right buttock is drawn a little lower than its left one


@pytest.fixture(scope="module")
def drawn(knowledge: Knowledge) -> dict[str, View]:
    return {view.name: view for view in views(knowledge.kb)}


def points(path: str) -> list[tuple[float, float]]:
    """The points of a path: ends of lines and curves."""
    words = iter(_WORD.findall(path))
    x = y = start_x = start_y = 0.0
    command, found = "", []
    for word in words:
        if word.isalpha():
            command = word
            if command in "zZ":
                x, y = start_x, start_y
                continue
            word = next(words)
        numbers = [float(word), *(float(next(words)) for _ in range(_TAKES[command.lower()] - 1))]
        from_x, from_y = (x, y) if command.islower() else (0.0, 0.0)
        if command.lower() == "h":
            x = from_x + numbers[0]
        elif command.lower() == "v":
            y = from_y + numbers[0]
        else:
            x, y = from_x + numbers[-2], from_y + numbers[-1]
        if command.lower() == "m":
            start_x, start_y = x, y
            command = "l" if command == "m" else "L"
        found.append((x, y))
    return found


def box_of(outline: Outline) -> Box:
    ends = [point for path in outline.paths for point in points(path)]
    xs, ys = [x for x, _ in ends], [y for _, y in ends]
    return min(xs), min(ys), max(xs), max(ys)


def pairs(view: View) -> list[tuple[Outline, Outline]]:
    by_side = {(o.region.id, o.side): o for o in view.outlines}
    return [(by_side[name, "left"], by_side[name, "right"]) for name, side in by_side if side == "left"]


@pytest.mark.parametrize(
    ("path", "ends"),
    [
        ("m 1,2 3,4 h -1 z", [(1, 2), (4, 6), (3, 6)]),
        ("M 1 2 L 3 4 V 9 Z m 1 1", [(1, 2), (3, 4), (3, 9), (2, 3)]),
        ("M0 0 c 1,1 2,2 3,3 -1,0 -1,0 -1,-1e1", [(0, 0), (3, 3), (2, -7)]),
    ],
)
def test_a_path_is_read_as_browsers_read_it(path: str, ends: list[tuple[float, float]]) -> None:
    assert points(path) == ends


def test_all_89_outlines_of_the_package_are_regions_of_the_knowledge(drawn: dict[str, View], knowledge: Knowledge) -> None:
    outlines = [o for view in drawn.values() for o in view.outlines]
    assert len(outlines) - sum(o.half for o in outlines) // 2 == sum(len(v.skin) for v in drawn.values()) == 89
    assert {o.region.id for o in outlines} == set(knowledge.kb.regions)


def test_a_region_lies_in_the_view_that_the_knowledge_says(drawn: dict[str, View]) -> None:
    assert not [o.region.id for view in drawn.values() for o in view.outlines if o.region.view != view.name]


def test_every_region_is_there_left_and_right(drawn: dict[str, View]) -> None:
    for view in drawn.values():
        assert [(o.region.id, o.side) for o in view.outlines[::2]] == [(o.region.id, "left") for o in view.outlines[1::2]]
        assert {o.side for o in view.outlines[1::2]} == {"right"}


def test_from_the_front_the_patients_left_is_on_the_viewers_right(drawn: dict[str, View]) -> None:
    view = drawn["front"]
    for left, right in pairs(view):
        if not left.half:
            assert box_of(left)[0] > view.split > box_of(right)[2], left.region.id


def test_from_the_back_the_patients_left_is_on_the_viewers_left(drawn: dict[str, View]) -> None:
    view = drawn["back"]
    for left, right in pairs(view):
        if not left.half:
            assert box_of(left)[2] < view.split < box_of(right)[0], left.region.id


def test_the_halves_of_what_crosses_the_midline_lie_where_the_other_outlines_of_their_side_lie(drawn: dict[str, View]) -> None:
    assert drawn["front"].half("left") == (15.75, 17.0)
    assert drawn["front"].half("right") == (-1.25, 17.0)
    assert drawn["back"].half("left") == (35.575, 17.0)
    assert drawn["back"].half("right") == (52.575, 17.0)
    halved = [(o, view) for view in drawn.values() for o in view.outlines if o.half]
    assert {o.region.id for o, _ in halved} == {"head", "face", "head-back", "nape", "spine"}
    for outline, view in halved:
        assert box_of(outline)[0] < view.split < box_of(outline)[2]


def test_left_and_right_are_mirror_images(drawn: dict[str, View]) -> None:
    for view in drawn.values():
        for left, right in pairs(view):
            x0, y0, x1, y1 = box_of(right)
            turned = (2 * view.split - x1, y0, 2 * view.split - x0, y1)
            apart = [abs(one - other) for one, other in zip(box_of(left), turned, strict=True)]
            assert max(apart) < TOLERANCE, (left.region.id, apart)


def test_everything_lies_inside_its_picture(drawn: dict[str, View]) -> None:
    for view in drawn.values():
        x, y, width, height = view.box
        for outline in view.outlines:
            left, top, right, bottom = box_of(outline)
            assert min(left - x, top - y, x + width - right, y + height - bottom) > 0, outline.region.id


def test_the_upper_body_lies_above_the_lower(drawn: dict[str, View]) -> None:
    heights = {o.region.id: box_of(o)[1] for view in drawn.values() for o in view.outlines}
    front = ["head", "chest-upper", "abs-lower", "knee", "foot"]
    back = ["head-back", "traps-mid", "gluteus-medius", "knee-back", "foot-back"]
    for order in (front, back):
        assert [heights[name] for name in order] == sorted(heights[name] for name in order)
