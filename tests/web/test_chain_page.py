"""The chain page without a browser: what it asks for, what it shows, and that the list holds every place and link of the data."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from expert import assess, load_case
from expert.contract import case_of
from expert.questions import Chain

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
DASHES = Path(EXAMPLES.parent / "reports" / "templates" / "web" / "chain-graph.html.j2").read_text(encoding="utf-8")
EMPTY = '{"findings": []}'


def case_text(name: str) -> str:
    written = assess(load_case(EXAMPLES / f"{name}.yaml")).result.stated.case
    assert written is not None
    return json.dumps(case_of(written))


def chain(name: str, **asked: str) -> Chain:
    return assess(load_case(EXAMPLES / f"{name}.yaml")).chain(**asked)


def graph(client: TestClient, case: str, **fields: str) -> str:
    answer = client.post("/chain/graph", data={"case": case, **fields}, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.text
    return answer.text


def data_of(part: str) -> Any:
    found = re.search(r'<script type="application/json" id="chain-data">(.*?)</script>', part, re.DOTALL)
    assert found
    return json.loads(found[1])


def attributes(part: str, name: str) -> list[str]:
    return [html.unescape(value) for value in re.findall(rf'{name}="([^"]*)"', part)]


def test_the_page_is_a_shell_that_asks_for_its_graph(client: TestClient) -> None:
    page = client.get("/chain").text
    assert 'hx-post="/chain/graph"' in page
    assert "data-with-case" in page
    assert '<option value="Multifidus">' in page
    assert '<option value="weak-hip-abductors">' in page
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)


@pytest.mark.parametrize("name", ["runner", "desk-worker", "red-flag", "squatter"])
def test_the_list_holds_every_place_and_link_of_the_data_and_each_has_its_details(client: TestClient, name: str) -> None:
    part, told = graph(client, case_text(name)), chain(name)
    data = data_of(part)
    assert [n["key"] for n in data["nodes"]] == attributes(part, "data-node") == [n.key for n in told.nodes]
    assert sorted(x["key"] for x in data["links"]) == sorted(attributes(part, "data-link")) == sorted(x.key for x in told.links)
    assert attributes(part, "data-for") == [entry.key for entry in (*told.nodes, *told.links)]
    assert all(html.escape(h.title, quote=True) in part for h in told.hops)
    assert "Order is not cause" in part
    assert not re.search(r"<style|\sstyle=|\son\w+=", part)


def test_filters_count_the_links_of_each_kind_and_joint(client: TestClient) -> None:
    part, told = graph(client, case_text("runner")), chain("runner")
    for entry in (*told.kinds, *told.joints):
        assert re.search(rf'value="{entry.id}" checked>.*?<span class="soft">{entry.count}</span>', part), entry.id


def test_every_kind_of_link_has_a_line_of_its_own(client: TestClient) -> None:
    kinds = [k.id for k in assess({"findings": []}).knowledge.kb.link_kinds.values()]
    drawn = dict(re.findall(r'"([a-z-]+)": "([\d ]+)"', DASHES))
    assert set(drawn) <= set(kinds)
    assert len(set(drawn.values())) == len(drawn)


def test_a_red_flag_is_said_before_everything_and_nothing_is_to_be_looked_for(client: TestClient) -> None:
    part = graph(client, case_text("red-flag"))
    assert part.index("EMERGENCY: act now") < part.index("Order is not cause") < part.index("chain-picture")
    assert "No further test is proposed while this stands" in part
    assert "Look for" not in part


def test_without_a_case_it_says_what_to_do_and_offers_the_taught_chains(client: TestClient) -> None:
    part = graph(client, EMPTY)
    assert "There is no case yet" in part
    assert "chain-picture" not in part
    assert len(attributes(part, "data-taught")) == 6


def test_a_deep_muscle_is_found_by_its_name_on_the_side_that_was_chosen(client: TestClient) -> None:
    part = graph(client, EMPTY, around="Multifidus", side="right")
    assert {key.split(":")[1] for key in data_of(part)["around"]} == {"right"}
    assert "A deep muscle: it lies under others." in part


def test_a_taught_chain_starts_on_the_side_that_was_chosen(client: TestClient) -> None:
    data = data_of(graph(client, EMPTY, taught="weak-hip-abductors", side="right"))
    assert data["taught"]["side"] == "right"
    assert "pelvis-drop:left" in [n["key"] for n in data["nodes"]]


@pytest.mark.parametrize(
    "fields", [{"around": "no such muscle"}, {"taught": "no-such-chain"}, {"around": "<script>alert(1)</script>"}, {"around": "a" * 200}]
)
def test_what_nobody_knows_is_a_fault_and_no_trouble(client: TestClient, fields: dict[str, str]) -> None:
    answer = client.post("/chain/graph", data={"case": EMPTY, **fields}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_a_case_that_cannot_be_read_is_a_fault(client: TestClient) -> None:
    answer = client.post("/chain/graph", data={"case": '{"findings": [{"name": "hip drop"}]}'}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "side" in answer.text
