"""The knowledge in the browser: every entry has a page, every link of it leads somewhere, and nothing typed stands in an address."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from expert import lookup
from expert.lookup import KINDS, listing, look_up
from expert.model import Knowledge
from expert.neighbours import neighbours
from expert.render import screen
from expert.stored import StoredCase
from expert.web import browse

INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)|javascript:", re.IGNORECASE)
HERE = {"HX-Request": "true", "Origin": "http://127.0.0.1"}


def entries(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        yield from ((kind, row.ref.id) for row in listing(kind, knowledge).rows)


def drawn(kind: str, id: str, knowledge: Knowledge) -> str:
    """The page as the room draws it, without a call."""
    told = look_up(kind, id, knowledge)
    near = neighbours(told, knowledge)
    return screen("knowledge-entry", kb=knowledge.kb, here="/knowledge/x/y", e=told, near=near, with_cases=kind in ("rules", "patterns"))


def links(html: str) -> set[str]:
    return set(re.findall(r'href="(/[^"]*)"', html))


# --- every page -----------------------------------------------------------------------------------------------------------


def test_every_entry_has_a_page_that_every_link_leads_somewhere_from_and_that_holds_nothing_inline(
    client: TestClient, knowledge: Knowledge
) -> None:
    known = {f"/knowledge/{kind}/{id}" for kind, id in entries(knowledge)}
    leads: set[str] = set()
    for kind, id in entries(knowledge):
        html = drawn(kind, id, knowledge)
        assert not INLINE.search(html), (kind, id)
        assert "Undefined" not in html
        assert "Ref(kind=" not in html, (kind, id)
        leads |= links(html)
    others = leads - known
    assert {f"/knowledge/{kind}" for kind in KINDS} <= others
    assert not [href for href in sorted(others) if client.get(href).status_code != 200]


def test_pages_are_served_as_they_are_drawn(client: TestClient, knowledge: Knowledge) -> None:
    some = list(entries(knowledge))[::60]
    assert {kind for kind, _ in some} > {"muscles", "findings", "rules", "links", "sources"}
    for kind, id in some:
        answer = client.get(f"/knowledge/{kind}/{id}")
        assert answer.status_code == 200
        assert f"<h1>{drawn(kind, id, knowledge).split('<h1>')[1].split('</h1>')[0]}</h1>" in answer.text


@pytest.mark.parametrize("path", ["", "/overview", "/muscles", "/links", "/sources", "/coverage", "/muscles?region=hip", "/rules?grade=D"])
def test_lists_and_numbers_lead_only_to_pages_that_there_are(path: str, client: TestClient, knowledge: Knowledge) -> None:
    answer = client.get(f"/knowledge{path}")
    assert answer.status_code == 200
    assert not INLINE.search(answer.text)
    known = {f"/knowledge/{kind}/{id}" for kind, id in entries(knowledge)} | {f"/knowledge/{kind}" for kind in KINDS}
    for href in links(answer.text):
        if href.startswith("/knowledge/") and "?" not in href:
            assert href in known | {"/knowledge/overview"}
    for href in sorted(href for href in links(answer.text) if "?" in href)[:6]:
        assert client.get(href).status_code == 200


@pytest.mark.parametrize(
    "path", ["/muscle", "/muscles/none", "/muscles/%3Cscript%3E", "/rules/..%2f..", "/muscles?colour=red", "/nothing/at/all", "/muscles/"]
)
def test_what_there_is_not_is_404_and_repeats_nothing(path: str, client: TestClient) -> None:
    answer = client.get(f"/knowledge{path}", follow_redirects=False)
    assert answer.status_code in (404, 307)
    assert "script>" not in answer.text.replace('<script src="', "").replace("</script>", "")
    assert "colour" not in answer.text


def test_an_unknown_word_of_a_tag_shows_an_empty_list_and_is_not_repeated(client: TestClient) -> None:
    answer = client.get("/knowledge/muscles?region=<b>zqx")
    assert answer.status_code == 200
    assert "zqx" not in answer.text


# --- what single pages say --------------------------------------------------------------------------------------------------


def test_a_muscle_tells_who_speaks_of_it_on_what_and_where_it_lies(client: TestClient) -> None:
    html = client.get("/knowledge/muscles/gluteus-medius").text
    for said in ("Superior gluteal nerve", "A pelvis that drops points at the abductors of the stance leg", "What it pulls", "Around it"):
        assert said in html
    for href in ("/knowledge/findings/hip-drop", "/knowledge/exercises/clam", "/knowledge/groups/hip-abductors"):
        assert f'href="{href}"' in html


def test_a_rule_is_told_in_words_with_its_sources_and_how_they_were_read(client: TestClient) -> None:
    html = client.get("/knowledge/rules/hip-drop.stance-abductors").text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert "When Hip (pelvic) drop" in text
    assert "Gluteus medius other side underactive 4 tells nothing" in text
    assert "C an expert table" in text
    assert "abstract read" in text


def test_a_finding_tells_whose_side_it_is_and_which_words_mean_the_other(client: TestClient) -> None:
    html = client.get("/knowledge/findings/hip-drop").text
    assert "The side of the pelvis that drops" in html
    assert re.search(r"Trendelenburg sign\s*<span[^>]*>its side is the other one", html)


def test_a_rule_shows_the_stored_cases_in_which_it_fires(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    drop = {"findings": [{"name": "hip drop", "side": "left"}]}
    none = StoredCase("x", "None", {"findings": []}, {}, ())
    stored = (*(StoredCase("x", f"Drop <{n}>", drop, {}, ()) for n in range(lookup.MOST + 2)), none)
    monkeypatch.setattr(browse, "_stored", lambda: stored)
    shown = client.post("/knowledge/rules/hip-drop.stance-abductors/cases", headers=HERE).text
    assert shown.count("<li>") == lookup.MOST
    assert "Drop &lt;0&gt;" in shown
    assert "And 2 more." in shown
    assert "none of the stored cases" in client.post("/knowledge/patterns/upper-crossed/cases", headers=HERE).text
    assert client.post("/knowledge/muscles/gluteus-medius/cases", headers=HERE).status_code == 404


# --- searching ------------------------------------------------------------------------------------------------------------------


def test_a_search_is_posted_and_shows_what_is_called_so(client: TestClient) -> None:
    html = client.post("/knowledge/search", data={"words": "glut med"}, headers=HERE).text
    assert html.index("/knowledge/muscles/gluteus-medius") < html.index("</li>")
    assert client.get("/knowledge/search?words=glut").status_code == 404


@pytest.mark.parametrize(
    ("words", "path"),
    [("bum muscle", "muscles/gluteus-maximus"), ("hunchback", "findings/kyphosis"), ("glutius medeus", "muscles/gluteus-medius")],
)
def test_everyday_and_misspelt_words_find_what_is_meant(words: str, path: str, client: TestClient) -> None:
    html = client.post("/knowledge/search", data={"words": words}, headers=HERE).text
    assert f'href="/knowledge/{path}' in html.partition("</li>")[0]


@pytest.mark.parametrize("words", ["", "<img src=x onerror=alert(1)>", "' or 1=1 --", "{{ 7*7 }}", "\x00\x01", "é" * 100])
def test_hostile_words_find_nothing_and_come_back_as_text_or_not_at_all(words: str, client: TestClient) -> None:
    answer = client.post("/knowledge/search", data={"words": words}, headers=HERE)
    assert answer.status_code == 200
    assert "<img" not in answer.text
    assert "49" not in answer.text


def test_words_longer_than_any_name_are_refused_in_words(client: TestClient) -> None:
    answer = client.post("/knowledge/search", data={"words": "hip " * 90}, headers=HERE)
    assert answer.status_code == 422
    assert "at most 120" in answer.text
