"""Why, why not, what if, as the page asks for them: whose side, the whole proof, what is missing; a case changes only when it is taken."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from expert import assess, load_case
from expert.cases import case_from_mapping
from expert.model import Knowledge
from expert.questions.conclusions import conclusions

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?! type=\"application/json\")|javascript:", re.IGNORECASE)
HERE = {"HX-Request": "true", "Origin": "http://127.0.0.1"}
BEST = "gluteus-medius:left:underactive"


def example(name: str) -> dict[str, Any]:
    told: dict[str, Any] = load_case(EXAMPLES / f"{name}.yaml").shape.model_dump(mode="json", exclude_defaults=True)
    return told


RUNNER, RED = example("runner"), example("red-flag")


def posted(client: TestClient, path: str, case: dict[str, Any], status: int = 200, **fields: str) -> str:
    answer = client.post(f"/why{path}", data={"case": json.dumps(case), **fields}, headers=HERE)
    assert answer.status_code == status, answer.text[:500]
    assert not INLINE.search(answer.text), path
    return answer.text


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


# --- the shell and the list ------------------------------------------------------------------------------------------------


def test_the_shell_knows_no_case_and_offers_every_muscle(client: TestClient, knowledge: Knowledge) -> None:
    answer = client.get("/why")
    assert answer.status_code == 200
    assert all(f'<option value="{muscle}">' in answer.text for muscle in knowledge.kb.muscles)
    assert answer.text.count('role="tab"') == answer.text.count('role="tabpanel"') == 3


def test_every_conclusion_is_listed_and_each_kind_is_explained(client: TestClient, knowledge: Knowledge) -> None:
    for case in (RUNNER, RED):
        told = conclusions(assess(case_from_mapping(case), knowledge).result, knowledge)
        html = posted(client, "/conclusions", case)
        assert set(re.findall(r'data-about="([^"]+)"', html)) == {c.about for c in told}
        for one in {(c.kind, c.of, c.status, c.side): c for c in told}.values():
            answer = posted(client, "/answer", case, about=one.about)
            assert f'data-about="{one.about}"' in answer
            assert 'class="conclusion"' in answer


# --- why ---------------------------------------------------------------------------------------------------------------------


def test_asked_of_nothing_it_tells_of_the_best_and_of_a_raised_flag_first(client: TestClient) -> None:
    assert f'data-about="{BEST}"' in posted(client, "/answer", RUNNER)
    assert 'data-about="flag:cauda-equina"' in posted(client, "/answer", RED)
    assert "The case is empty" in posted(client, "/answer", {"findings": []})


def test_the_proof_says_whose_side_what_counted_why_and_on_whose_word(client: TestClient) -> None:
    told = words(posted(client, "/answer", RUNNER, about=BEST))
    assert "left Gluteus medius underactive : supported (moderate confidence), +4.5 points" in told
    assert "Left is the patient's left." in told
    assert "+2.4 A pelvis that drops points at the abductors of the stance leg" in told
    assert "On one leg the stance-side abductors hold the pelvis level" in told
    assert "4 points x 0.6 (how well observers agree)." in told
    assert "an expert table" in told
    assert "abstract read" in told
    assert 'right Hip (pelvic) drop , running The case says "hip drop" [hip-drop:right:running].' in told


def test_the_tree_opens_down_to_what_the_case_states(client: TestClient) -> None:
    html = posted(client, "/answer", RUNNER, about="tensor-fasciae-latae:left:overactive")
    assert html.count("<details") == html.count("<summary")
    assert "by what was observed alone" in html
    assert 'class="flow' in html, "what is inferred is drawn"


def test_a_prediction_is_drawn_as_a_path_and_said_to_be_no_observation(client: TestClient) -> None:
    html = posted(client, "/answer", RUNNER, about="prediction:trunk-leans-to-stance:left")
    assert 'class="chain"' in html
    assert "<svg" in html
    assert "Reasoned from anatomy, not observed" in html


def test_before_a_grave_flag_nothing_asks_for_a_look_a_test_or_an_exercise(client: TestClient) -> None:
    for path, fields in (
        ("/answer", {"about": "tibialis-anterior:right:weak"}), ("/not", {"name": "gluteus-medius", "side": "left"}),
    ):  # fmt: skip
        html = posted(client, path, RED, **fields)
        assert "EMERGENCY" in html.split("<article")[0]
        assert "data-suppose" not in html
        assert "How to look" not in html
    switches = posted(client, "/what-if", RED)
    assert "Suppose it were there" not in switches


def test_what_the_case_does_not_conclude_any_more_is_said_and_no_fault(client: TestClient) -> None:
    assert "Nothing is foretold about" in posted(client, "/answer", {"findings": []}, about="prediction:trunk-leans-to-stance:left")
    assert "not known" not in posted(client, "/answer", {"findings": []}, about=BEST).lower().split("rules about")[0]


# --- why not -----------------------------------------------------------------------------------------------------------------


def test_why_not_names_the_clause_that_is_missing_and_offers_to_suppose_it(client: TestClient) -> None:
    html = posted(client, "/not", RUNNER, name="gluteus-medius", side="right", state="underactive")
    assert "Not so: Hip (pelvic) drop, left: seen on the right, this needs the left" in words(html)
    assert 'data-suppose="hip-drop:left"' in html


@pytest.mark.parametrize("name", ["gluteus-medius", "soleus", "hip-flexors", "pattern:lower-crossed", "upper-trapezius", "diaphragm"])
def test_everything_that_is_offered_to_be_supposed_can_be(name: str, client: TestClient) -> None:
    edits = sorted(set(re.findall(r'data-suppose="([^"]+)"', posted(client, "/not", RUNNER, name=name, side="left"))))
    assert edits
    for some in (edits[n : n + 20] for n in range(0, len(edits), 20)):
        html = posted(client, "/what-if", RUNNER, suppose="\n".join(some))
        assert not [edit for edit in some if f'name="add:{edit}" value="1" checked' not in html]


def test_why_not_of_nothing_asks_to_choose(client: TestClient) -> None:
    assert "Choose a muscle" in posted(client, "/not", RUNNER, name="")


# --- what if -----------------------------------------------------------------------------------------------------------------


def on(html: str, but: str = "") -> dict[str, str]:
    """The switches of a page as a browser would post them, but for one that is switched off."""
    fields = {name: "1" for name in re.findall(r'name="((?:on|add):[^"]+)" value="1" checked', html) if name != f"on:{but}"}
    return fields | dict(re.findall(r'name="(value:[^"]+)" value="([^"]*)"', html))


def edited(html: str) -> dict[str, Any]:
    case: dict[str, Any] = json.loads(re.search(r"data-edited>(.*?)</script>", html, re.DOTALL)[1])  # type: ignore[index]
    return case


def test_with_all_switches_as_they_are_nothing_changes(client: TestClient) -> None:
    html = posted(client, "/what-if/answer", RUNNER, about=BEST, **on(posted(client, "/what-if", RUNNER, about=BEST)))
    assert "All stands as in the case" in html
    assert "data-edited" not in html


def test_a_finding_switched_off_tells_the_status_then_and_now_and_gives_the_case_without_it(
    client: TestClient, knowledge: Knowledge
) -> None:
    case = {**RUNNER, "notes": "typed by hand", "patient": {**RUNNER["patient"], "name": "Ann"}}
    switches = posted(client, "/what-if", case, about=BEST)
    html = posted(client, "/what-if/answer", case, about=BEST, **on(switches, but="hip-drop:right:running"))
    assert "supported +4.5 → becomes possible +2.1" in words(html)
    taken = edited(html)
    assert [f["name"] for f in taken["findings"]] == [f["name"] for f in case["findings"][1:]]
    assert (taken["notes"], taken["patient"]["name"]) == ("typed by hand", "Ann")
    best = assess(case_from_mapping(taken), knowledge).hypothesis("gluteus-medius", "left", "underactive")
    assert best is not None
    assert (best.status, round(best.points, 1)) == ("possible", 2.1)


def test_supposing_a_finding_adds_it_to_the_edited_case_alone(client: TestClient) -> None:
    fields = on(posted(client, "/what-if", RUNNER, suppose="hip-abduction-weak:left"))
    html = posted(client, "/what-if/answer", RUNNER, about="gluteus-medius:left:weak", **fields)
    assert "Hip abduction weak (left): not stated" in words(html)
    assert edited(html)["findings"][-1] == {"name": "hip-abduction-weak", "side": "left"}


def test_a_measured_value_can_be_another_one(client: TestClient) -> None:
    case = {"findings": [], "measurements": [{"name": "knee to wall", "side": "left", "value": 4, "unit": "cm"}]}
    fields = on(posted(client, "/what-if", case))
    assert fields["value:knee-to-wall:left"] == "4"
    html = posted(client, "/what-if/answer", case, **{**fields, "value:knee-to-wall:left": "12.5"})
    assert "4 cm → becomes 12.5 cm" in words(html)
    posted(client, "/what-if/answer", case, 422, **{**fields, "value:knee-to-wall:left": "a lot"})


def test_what_overturns_it_is_named_and_can_be_tried_but_never_for_a_flag(client: TestClient) -> None:
    html = posted(client, "/overturn", RUNNER, about=BEST)
    assert "No longer supported" in html
    assert 'data-without="hip-drop:right:running"' in html
    red = posted(client, "/overturn", RED, about="flag:cauda-equina")
    assert "cleared by a doctor" in red
    assert "data-without" not in red
    assert posted(client, "/overturn", RUNNER, about="prediction:trunk-leans-to-stance:left").strip() == ""


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/answer", {"about": "<script>alert(1)</script>"}), ("/answer", {"about": "x" * 5000}), ("/answer", {"about": "pattern:"}),
        ("/overturn", {"about": "'; drop table"}), ("/what-if/answer", {"about": "\x00"}),
    ],
)  # fmt: skip
def test_hostile_questions_are_answered_in_words(path: str, fields: dict[str, str], client: TestClient) -> None:
    assert "<script>" not in posted(client, path, RUNNER, **fields)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/not", {"name": "no such muscle"}), ("/what-if", {"suppose": "no such finding:left"}),
        ("/what-if", {"suppose": "\n".join(f"hip drop:{n}" for n in range(30))}), ("/what-if/answer", {"add:" + "x" * 300: "1"}),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_a_fault_in_words(path: str, fields: dict[str, str], client: TestClient) -> None:
    posted(client, path, RUNNER, 422, **fields)
