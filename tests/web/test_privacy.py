"""What a person types stays where it belongs: in no header, no log, no address, and in no error that a program gets.

Every route of the application is driven, found by walking it, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

CANARY = "Quetzalcoatl-7261"
_HEX = "0123456789abcdef"
_PARTS = {"kind": "muscles", "id": "gluteus-medius", "person": _HEX, "visit": _HEX, "name": "case", "path": "app.js"}


def private() -> dict[str, Any]:
    """A case with the canary in every field that nothing reasons with."""
    return {
        "visit": {"examiner": CANARY}, "patient": {"name": CANARY, "age": 40},
        "findings": [{"name": "hip drop", "side": "left", "task": "running", "note": CANARY, "onset": CANARY}], "notes": CANARY,
    }  # fmt: skip


def broken() -> Iterator[str]:
    """Cases with the canary where it makes a fault, and texts that are no case."""
    case = private()
    yield json.dumps({**case, "patient": {"name": [CANARY]}})
    yield json.dumps({**case, "visit": {"date": CANARY}})
    yield json.dumps({**case, "notes": CANARY * 2000})
    yield json.dumps({**case, "findings": [{"name": "hip drop", "side": "left", "note": {CANARY: CANARY}}]})
    yield json.dumps(case)[:-1]
    yield f"{CANARY}\\"


def _walked(routes: Any) -> Iterator[tuple[str, str]]:
    """Every path and method, those of included routers too."""
    for route in routes:
        if (inner := getattr(route, "original_router", None)) is not None:
            yield from _walked(inner.routes)
        elif (methods := getattr(route, "methods", None)) is not None:
            yield from ((route.path, method) for method in methods - {"HEAD"})
        else:
            yield f"{route.path}/{{path}}", "GET"


def routes_of(client: TestClient) -> list[tuple[str, str]]:
    return sorted({(re.sub(r":\w+}", "}", path), method) for path, method in _walked(client.app.app.routes)})  # type: ignore[attr-defined]


def _filled(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda part: _PARTS[part[1]], path)


def test_all_routes_are_found(client: TestClient) -> None:
    paths = {path for path, _ in routes_of(client)}
    assert {"/", "/clinic/results", "/cases/{person}", "/v1/assess", "/v1/knowledge/{kind}/{id}", "/static/{path}", "/why/answer"} <= paths
    assert len(paths) > 60


def _driven(client: TestClient, path: str, method: str, cases: tuple[str, ...], loud: dict[str, str]) -> Iterator[Any]:
    """The answers of one route: a page of ours gets forms, REST gets documents."""
    if method == "GET":
        yield client.get(_filled(path), headers={"x-note": CANARY})
    elif path.startswith("/v1"):
        for text in (*cases, *(f'{{"case": {case}, "about": "{CANARY}"}}' for case in cases[:2])):
            yield client.post(path, content=text, headers={"content-type": "application/json"})
    else:
        yield client.post(_filled(path), data={"case": cases[0], **loud})
        for case in cases:
            yield client.post(_filled(path), data={"case": case, "label": CANARY})


def test_no_header_address_or_log_tells_what_was_typed_on_any_route(
    client: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Driven with a good case, with faulty ones, and with every other field that pages send."""
    fields = ("text", "words", "label", "about", "name", "suppose", "value", "around", "muscle", "muscles", "lesson", "shared", "pack")
    cases = (json.dumps(private()), *broken())
    with caplog.at_level(logging.INFO):
        for path, method in routes_of(client):
            for answer in _driven(client, path, method, cases, dict.fromkeys(fields, CANARY)):
                assert answer.status_code < 500, (path, answer.status_code)
                assert CANARY not in f"{answer.headers} {answer.request.url}", path
    assert CANARY not in caplog.text
    assert CANARY not in "".join(capfd.readouterr())


def test_no_error_of_rest_repeats_a_private_field(client: TestClient) -> None:
    for path, method in routes_of(client):
        if method == "POST" and path.startswith("/v1"):
            for case in broken():
                for text in (case, f'{{"case": {case}}}'):
                    for kind in ("application/json", "application/yaml", "application/x-ndjson"):
                        answer = client.post(path, content=text, headers={"content-type": kind})
                        if answer.status_code >= 400:
                            assert CANARY not in answer.text, (path, case[:60], answer.text[:300])


def test_what_rest_concludes_holds_no_private_field(client: TestClient) -> None:
    answer = client.post("/v1/assess", json=private())
    assert answer.status_code == 200
    assert CANARY not in json.dumps({key: part for key, part in answer.json().items() if key != "case"})


@pytest.mark.parametrize("path", ["/v1/nothing", "/cases/0123456789abcdef", "/knowledge/muscles", "/v1/knowledge"])
def test_a_query_or_path_that_somebody_wrote_by_hand_is_not_repeated_in_an_error(client: TestClient, path: str) -> None:
    for asked in (f"{path}?x={CANARY}", f"{path}?{CANARY}=x", f"{path}/{CANARY}"):
        answer = client.get(asked)
        assert answer.status_code in (200, 400, 404, 422)
        assert CANARY not in answer.text, asked
