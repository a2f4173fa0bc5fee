"""The classroom without a browser: lessons, links, packs and the quiz, and that no answer is told before it is asked for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import expert
from expert import assess, load_knowledge
from expert.packs import shipped_packs
from expert.web.learn_picture import picture

PACKS = Path(expert.__file__).resolve().parent.parent / "examples" / "packs"
ASKED = {"hx-request": "true"}
HIP = "motion.hip-drops"
LESSONS = [f"{folder}.{sheet.name}" for folder, pack in shipped_packs().items() for sheet in pack.sheets]


def post(client: TestClient, path: str, **fields: str) -> Any:
    return client.post(f"/learn/{path}", data=fields, headers=ASKED)


def motion(**changed: str) -> str:
    texts = {p.name: p.read_text(encoding="utf-8") for p in (PACKS / "motion").glob("*.yaml")}
    return json.dumps({**texts, **changed})


def script_of(text: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_start_page_offers_every_shipped_lesson_for_stepping_and_for_the_quiz(client: TestClient) -> None:
    page = client.get("/learn").text
    for lesson in LESSONS:
        assert f'href="/learn#lesson={lesson}"' in page
        assert f'href="/learn/quiz#lesson={lesson}"' in page
    for wanted in ("hip-drops", "knees-cave-in", "shoulder-hikes", "tips-forward", "tips-backward", "upper-cross", "lower-cross"):
        assert any(lesson.endswith(f".{wanted}") for lesson in LESSONS)


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_is_told_in_the_steps_of_the_engine(lesson: str, client: TestClient) -> None:
    answer = post(client, "steps", lesson=lesson)
    assert answer.status_code == 200
    folder, _, name = lesson.partition(".")
    case = next(s.case for s in shipped_packs()[folder].sheets if s.name == name)
    told = assess(case, load_knowledge()).steps()
    sentences = re.findall(r'data-to="\d+">(.*?)</a>', answer.text)
    assert [s.replace("&#34;", '"').replace("&#39;", "'") for s in sentences] == [s.sentence for s in told.steps]
    assert script_of(answer.text, "lesson-steps")["nodes"] == [list(s.nodes) for s in told.steps]


@pytest.mark.parametrize("lesson", LESSONS)
def test_whatever_a_rule_touches_lights_up_in_the_picture_on_its_own_side(lesson: str) -> None:
    folder, _, name = lesson.partition(".")
    answer = assess(next(s.case for s in shipped_packs()[folder].sheets if s.name == name), load_knowledge())
    told = answer.steps()
    drawn = picture(told, answer.result, answer.knowledge.kb)
    boxes = {n.key: n for n in drawn.nodes}
    lit = {step for edge in drawn.edges for step in edge.steps}
    for step in told.steps:
        if step.balance:
            assert step.number in lit or step.stratum == "inferred", "a suspicion may lead to another within one box"
            for moved in step.balance:
                others = dict(boxes[f"other:{moved.side}"].told) if f"other:{moved.side}" in boxes else {}
                assert moved.key in boxes or moved.speaks == "opposite" or step.number in others
    x_of = {"right": {n.x for n in drawn.nodes if ":right" in n.key and n.kind in ("state", "other")}}
    x_of["left"] = {n.x for n in drawn.nodes if ":left" in n.key and n.kind in ("state", "other")}
    assert x_of["right"] <= {0}, "the patient's right stands on the left, as one faces a person"
    assert x_of["left"] <= {780}
    places = [(n.x, n.y) for n in drawn.nodes]
    assert len(set(places)) == len(places)
    assert all(n.y + 30 <= drawn.height for n in drawn.nodes)


def test_the_picture_of_the_mirrored_case_is_the_mirror() -> None:
    def kinds(side: str, free: int) -> list[tuple[str, str, str, int, int, int]]:
        answer = assess({"findings": [{"name": "hip drop", "side": side, "task": "running"}]}, load_knowledge())
        nodes = picture(answer.steps(), answer.result, answer.knowledge.kb).nodes
        return sorted((n.kind, n.label, n.state, abs(n.x - free), n.y, n.since) for n in nodes)

    assert kinds("left", 780) == kinds("right", 0)


def test_the_last_points_of_a_lesson_are_those_of_the_answer(client: TestClient) -> None:
    moved = script_of(post(client, "steps", lesson=HIP).text, "lesson-steps")["points"]
    last = {key: (points, status) for step in moved for key, points, status in step}
    case = shipped_packs()["motion"].sheets[0].case
    for h in assess(case, load_knowledge()).hypotheses:
        assert last[h.about.key] == (round(h.points, 1), h.status)


def test_the_tabs_own_case_has_a_link_of_ids_that_opens_the_same_steps(client: TestClient) -> None:
    case = {
        "case_id": "canary-1", "patient": {"name": "Canary Two", "age": 31, "sex": "female"}, "notes": "canary three",
        "findings": [{"name": "Trendelenburg", "side": "left", "task": "running", "note": "canary four"}],
    }  # fmt: skip
    own = post(client, "steps", case=json.dumps(case)).text
    assert "canary" not in own.replace("canary-1", "").lower(), "nothing that was typed goes along, but the case's own id"
    link = re.search(r'data-link="case=([^"]*)"', own)
    assert link
    assert link[1] == "hip-drop:r:running"
    again = post(client, "steps", shared=link[1]).text
    assert script_of(again, "lesson-steps") == script_of(own, "lesson-steps")


def test_a_case_of_an_own_pack_has_no_link(client: TestClient) -> None:
    told = post(client, "steps", pack=motion(), number="2").text
    assert "Knees that cave in" in told
    assert "data-link" not in told


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"lesson": "motion.nothing"}, "no such lesson"), ({"lesson": "../../etc.passwd"}, "no such lesson"),
        ({"shared": "<script>"}, "this link is damaged"), ({"shared": "x" * 9000}, "too long"),
        ({"pack": ""}, "holds no pack any more"), ({"pack": motion(), "number": "9"}, "no case of that number"),
        ({"pack": motion(), "number": "1e3"}, "no case of that number"), ({"pack": "[]", "number": "1"}, "texts of its files"),
        ({"pack": '{"a": 1}', "number": "1"}, "texts of its files"), ({"pack": "{", "number": "1"}, "not JSON"),
        ({"case": '{"findings": [{"name": "no such sign"}]}'}, "unknown finding"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["steps", "quiz/case"])
def test_what_names_no_case_is_refused_kindly(path: str, fields: dict[str, str], said: str, client: TestClient) -> None:
    answer = post(client, path, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<script>" not in answer.text


def test_a_pack_is_read_and_every_fault_is_told_with_its_file_and_line(client: TestClient) -> None:
    good = post(client, "pack", pack=motion())
    assert good.status_code == 200
    assert good.text.count("Step by step") == 3
    texts = json.loads(motion())
    hip = texts["hip-drops.yaml"].replace("{name: hip drop,", "{name: hip dorp sign,")
    shoulder = texts["shoulder-hikes.yaml"].replace("kind: pattern", "kind: sculpture")
    both = post(client, "pack", pack=motion(**{"hip-drops.yaml": hip}))
    assert both.status_code == 422
    assert re.search(r"<code>hip-drops.yaml, line 6</code>: unknown finding", both.text)
    shapes = post(client, "pack", pack=motion(**{"shoulder-hikes.yaml": shoulder, "knees-cave-in.yaml": "title: only"}))
    assert "shoulder-hikes.yaml, line" in shapes.text
    assert "knees-cave-in.yaml" in shapes.text


@pytest.mark.parametrize(
    ("pack", "said"),
    [
        ({"one.yaml": "title: x"}, "no pack.yaml"), ({"pack.yaml": "x: &a 1"}, "pack.yaml"),
        ({"pack.yaml": "<img src=x onerror=alert(1)>"}, "pack.yaml"),
        ({f"f{n}.yaml": "" for n in range(100)}, "more than 60 files"), ({"pack.yaml": "a", "../x.yaml": "b"}, "no folders"),
        ({"pack.yaml": "#" * 200_000}, "larger than the cap"),
    ],
)  # fmt: skip
def test_what_is_no_pack_is_refused(pack: dict[str, str], said: str, client: TestClient) -> None:
    answer = post(client, "pack", pack=json.dumps(pack))
    assert answer.status_code == 422
    assert said in answer.text
    assert "<img" not in answer.text


def test_the_handout_of_the_quiz_holds_the_case_and_no_answer(client: TestClient) -> None:
    for lesson in LESSONS:
        given = post(client, "quiz/case", lesson=lesson).text
        before = given.partition("<datalist")[0] + given.partition("</datalist>")[2].partition('<select id="pattern">')[0]
        folder, _, name = lesson.partition(".")
        sheet = next(s for s in shipped_packs()[folder].sheets if s.name == name)
        for question in sheet.shape.questions:
            assert question.because not in before
            if question.kind in ("hypotheses", "pattern", "flag"):
                assert not [line for line in question.expect if line != "none" and line in before]
        for word in ("points", "Grade", "Missed", "EMERGENCY"):
            assert word not in before, (lesson, word)


def test_nothing_is_told_before_the_learner_has_committed(client: TestClient) -> None:
    for fields in ({}, {"flagged": "no"}, {"muscles": "gluteus-medius:left:weak"}, {"flagged": "perhaps", "none": "yes"}):
        answer = post(client, "quiz/mark", lesson=HIP, **fields)
        assert answer.status_code == 422
        assert "first commit" in answer.text
        assert "supported" not in answer.text


def test_what_was_committed_is_marked_with_links_to_why_and_the_lecturers_key(client: TestClient) -> None:
    calls = "gluteus-medius:left:weak,gluteus-medius:right:weak"
    told = post(client, "quiz/mark", lesson=HIP, flagged="no", muscles=calls, patterns="lower-crossed").text
    for key in ("gluteus-medius:left:weak", "gluteus-minimus:left:weak", "gluteus-medius:right:weak", "pattern:lower-crossed"):
        assert f'href="/why#{key}"' in told
    row = re.search(r'data-kind="muscle">(.*?)</tr>', told)
    assert row
    assert re.findall(r"<td>(\d+)</td>", row[1]) == ["2", "1", "1", "1", "0"]
    assert "Muscles: 1 of 2 found, 1 over-called" in told
    assert "Which leg stands while the right side of the pelvis sinks?" in told
    assert script_of(told, "lesson-case")["findings"]


def test_what_is_to_be_said_of_both_sides_is_said_once_with_a_way_to_each(client: TestClient) -> None:
    told = post(client, "quiz/mark", lesson="motion.knees-cave-in", flagged="no", none="yes").text
    entry = re.search(r'<li class="call missed"><p><strong>Tensor fasciae latae</strong>(.*?)</li>', told, re.DOTALL)
    assert entry
    assert entry[1].count("badge left") == entry[1].count("badge right") == 1
    assert re.findall(r'href="/why#tensor-fasciae-latae:(\w+):overactive"', entry[1]) == ["left", "right"]


def test_an_expected_red_flag_is_told_by_its_name(client: TestClient) -> None:
    told = post(client, "quiz/mark", lesson="pelvis.usual-and-urgent", flagged="yes", none="yes").text
    assert "<li>Possible cauda equina syndrome</li>" in told


def test_the_tabs_own_case_and_an_own_pack_have_a_quiz_as_well(client: TestClient) -> None:
    case = json.dumps({"findings": [{"name": "hip drop", "side": "right", "task": "running"}]})
    assert "Hip (pelvic) drop (right, running)" in post(client, "quiz/case", case=case).text
    assert post(client, "quiz/mark", case=case, flagged="no", none="yes").status_code == 200
    assert "The lecturer" in post(client, "quiz/mark", pack=motion(), number="3", flagged="yes", none="yes").text


@pytest.mark.parametrize(
    ("muscle", "side", "state", "said"),
    [
        ("gluteus medus", "left", "weak", "did you mean"), ("gluteus medius", "middle", "weak", "no side"),
        ("gluteus medius", "left", "sad", "sad"), ("", "left", "weak", ""), ("<b>x</b>", "left", "weak", "unknown muscle"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_as_a_call_is_told_at_once(muscle: str, side: str, state: str, said: str, client: TestClient) -> None:
    answer = post(client, "quiz/call", muscle=muscle, side=side, state=state)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<b>x" not in answer.text


def test_a_group_and_both_sides_are_read_as_calls(client: TestClient) -> None:
    told = post(client, "quiz/call", muscle="hip abductors", side="both", state="weak").text
    assert re.findall(r'data-call="([^"]+)"', told) == ["hip-abductors:left:weak", "hip-abductors:right:weak"]


def test_the_lessons_hold_no_exercise_and_put_an_emergency_first(client: TestClient) -> None:
    told = post(client, "steps", lesson="pelvis.usual-and-urgent").text
    assert '<div class="flag emergency">' in told
    assert "Whatever else is suspected waits" in told
