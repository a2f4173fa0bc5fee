"""What hostile callers found once, and must not find again."""

from __future__ import annotations

import json
import logging
import threading
from itertools import product
from typing import Any

import pytest
from loop import in_a_loop
from starlette.requests import Request
from starlette.testclient import TestClient

from expert.cases import Case, case_from_mapping, case_from_text
from expert.errors import CaseError
from expert.model import Knowledge
from expert.normalise import normalise
from expert.reading import MOST_FAULTS
from expert.web import why
from expert.web.desk import case_of
from expert.web.safety import Safety
from expert.web.settings import Settings


def test_of_500_unknown_names_all_are_told_and_a_few_are_guessed_at(knowledge: Knowledge) -> None:
    """To guess at one takes some 20 ms: 500 of them held a thread for a minute."""
    letters = "".join
    unknown = [{"name": f"hip drop {letters(three)} quux", "side": "left"} for three in product("bcdfghjk", repeat=3)]
    with pytest.raises(CaseError) as refused:
        normalise(case_from_mapping({"findings": unknown[:500]}), knowledge.kb)
    assert len(refused.value.faults) == 500
    assert 0 < sum(bool(fault.meant) for fault in refused.value.faults) <= 20


def test_a_misspelt_name_is_still_mended_after_thirty_unknown_ones(knowledge: Knowledge) -> None:
    findings = [*({"name": f"unheard of {n}", "side": "left"} for n in range(30)), {"name": "kness cave", "side": "left"}]
    with pytest.raises(CaseError) as refused:
        normalise(case_from_mapping({"findings": findings}), knowledge.kb)
    assert not [fault for fault in refused.value.faults if "kness" in fault.message]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"findings": [{"nmae": "x"}] * 3000}), json.dumps({f"key{n}": 1 for n in range(3000)}),
        json.dumps({"findings": ["\0"] * 3000}), "findings:\n" + "- !tag x\n" * 3000,
    ],
    ids=["unknown keys", "keys", "hidden characters", "tags"],
)  # fmt: skip
def test_the_faults_that_are_told_of_a_document_are_bounded(text: str) -> None:
    with pytest.raises(CaseError) as refused:
        case_from_text(text)
    assert 0 < len(refused.value.faults) <= MOST_FAULTS + 1


def test_a_case_is_read_in_a_thread_so_that_a_faulty_one_holds_nobody_up(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    where: list[str] = []

    def noted(form: dict[str, str]) -> Case:
        where.append(threading.current_thread().name)
        return case_of(form)

    monkeypatch.setattr(why, "case_of", noted)
    client.post("/why/conclusions", data={"case": '{"findings": []}'})
    assert [name.partition("_")[0] for name in where] == ["reasoning"]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json"}, {"content-type": "text/plain"}, {"content-type": "multipart/form-data; boundary=x"}, {},
        {"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"},
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused_and_not_taken_for_an_empty_case(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/clinic/results", headers=headers, content=b'{"findings":[]}').status_code == 415


def test_head_is_answered_like_get_and_a_refused_method_says_which_are_taken(client: TestClient) -> None:
    assert [client.head(path).status_code for path in ("/", "/healthz", "/v1/knowledge", "/cases")] == [200] * 4
    refused = client.put("/healthz")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


def test_an_address_that_no_person_has_is_a_page_that_is_missing(client: TestClient) -> None:
    for path in ("/cases/%00", "/cases/..", "/cases/FFFFFFFFFFFFFFFF", "/cases/" + "f" * 5000):
        answer = client.get(path)
        assert answer.status_code in (200, 404), path
        assert answer.headers["content-type"].startswith("text/html")


def test_who_hangs_up_while_sending_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    async def room(scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None:
        raise AssertionError("nobody is there to be answered")

    scope = {
        "type": "http", "method": "POST", "path": "/", "scheme": "http", "headers": [(b"host", b"127.0.0.1")], "query_string": b"",
    }  # fmt: skip
    with caplog.at_level(logging.DEBUG):
        in_a_loop(Safety(room, Settings())(scope, gone, send))
    assert not caplog.records or "ClientDisconnect" not in caplog.text
