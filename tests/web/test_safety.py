"""What stands before every room: who is answered, how much is taken, what a browser may do, and that nothing of a case is told on."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from loop import in_a_loop
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.testclient import TestClient

from expert.errors import UsageError
from expert.web.safety import HEADERS, Safety, unexpected
from expert.web.settings import Settings, checked

CANARY = "Quetzalcoatl-7261"
TOKEN = "a secret of many letters"  # noqa: S105


def guarded(settings: Settings | None = None, base_url: str = "http://127.0.0.1") -> TestClient:
    """An application of three rooms behind the safety."""
    app = FastAPI()

    async def echo(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    async def broken(request: Request) -> PlainTextResponse:
        raise RuntimeError(f"cannot use {(await request.body()).decode()}")

    async def begun() -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            yield "first\n"
            raise RuntimeError(CANARY)

        return StreamingResponse(lines(), media_type="text/plain")

    app.add_exception_handler(Exception, unexpected)
    app.add_api_route("/echo", echo, methods=["GET", "POST"])
    app.add_api_route("/broken", broken, methods=["POST"])
    app.add_api_route("/begun", begun, methods=["GET"])
    return TestClient(Safety(app, settings or Settings()), base_url=base_url)


@pytest.fixture(scope="module")
def server() -> Iterator[TestClient]:
    with guarded() as calling:
        yield calling


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]", "[::1]:8000"])
def test_this_machine_is_answered_under_its_names(server: TestClient, host: str) -> None:
    assert server.get("/echo", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:80", "[::2]:8000", "127.0.0.2"])
def test_another_name_is_refused_so_that_no_site_can_rebind_its_own(server: TestClient, host: str) -> None:
    assert server.get("/echo", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:9999"}, {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"}, {"origin": "http://127.0.0.1", "sec-fetch-site": "cross-site"},
    ],
)  # fmt: skip
def test_what_another_sites_page_sends_is_refused(server: TestClient, said: dict[str, str]) -> None:
    assert server.post("/echo", headers=said, content=b"x").status_code == 403


@pytest.mark.parametrize("said", [{}, {"origin": "http://127.0.0.1"}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}])
def test_own_pages_and_programs_are_answered(server: TestClient, said: dict[str, str]) -> None:
    assert server.post("/echo", headers=said, content=b"x").status_code == 200


def test_every_answer_carries_the_strict_headers_also_a_refusal(server: TestClient) -> None:
    for answer in (server.get("/echo"), server.get("/nowhere"), server.get("/echo", headers={"host": "evil"})):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    policy = HEADERS["Content-Security-Policy"]
    assert {"default-src 'none'", "frame-ancestors 'none'"} < set(policy.split("; "))
    assert not [word for word in ("unsafe", "http", "*") if word in policy]


def test_a_body_beyond_the_limit_is_refused_whether_it_tells_its_length_or_not() -> None:
    with guarded(Settings(body_bytes=1000)) as small:
        assert small.post("/echo", content=b"x" * 1000).text == "1000"
        assert small.post("/echo", content=b"x" * 1001).status_code == 413
        assert small.post("/echo", content=(b"x" * 100 for _ in range(10))).text == "1000"
        assert small.post("/echo", content=(b"x" * 100 for _ in range(11))).status_code == 413


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 5000, "0x10", "\u0663"])
def test_a_length_that_is_none_is_refused(server: TestClient, length: str) -> None:
    assert server.get("/echo", headers={"content-length": length.encode()}).status_code == 413


def test_a_body_that_does_not_arrive_is_given_up() -> None:
    """Spoken in ASGI, since a client that stalls cannot be had from the test client."""
    sent: list[dict[str, Any]] = []

    async def room(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        raise AssertionError("a body that never ends was taken for whole")

    async def stalls() -> dict[str, Any]:
        if not sent and not hasattr(stalls, "began"):
            stalls.began = True  # type: ignore[attr-defined]
            return {"type": "http.request", "body": b"{", "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/echo", "scheme": "http", "headers": [(b"host", b"127.0.0.1")], "query_string": b"",
    }  # fmt: skip
    in_a_loop(Safety(room, Settings(body_seconds=0.05))(scope, stalls, send))
    assert sent[0]["status"] == 408


def test_an_error_of_ours_is_answered_and_logged_without_a_word_of_the_case(
    server: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = server.post("/broken", content=CANARY.encode())
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert json.loads(answer.text)["detail"] == "an unexpected error; nothing was changed"
    assert "RuntimeError" in caplog.text
    told = caplog.text + "".join(capfd.readouterr()) + answer.text + str(answer.headers)
    assert CANARY not in told


def test_an_error_after_an_answer_has_begun_is_not_told_on_either(server: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert CANARY not in server.get("/begun").text
    assert CANARY not in caplog.text


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", "10.0.0.1"])  # noqa: S104
def test_what_strangers_can_reach_wants_a_token(host: str) -> None:
    with pytest.raises(UsageError, match="MYOLOGIC_TOKEN"):
        checked(Settings(host=host))
    with pytest.raises(UsageError, match="too short"):
        checked(Settings(host=host, token="short"))  # noqa: S106
    assert checked(Settings(host=host, token=TOKEN)).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_loopback_needs_none(host: str) -> None:
    assert checked(Settings(host=host)).token is None


def basic(said: str) -> str:
    return "Basic " + base64.b64encode(said.encode()).decode()


def test_with_a_token_only_who_knows_it_is_answered() -> None:
    with guarded(Settings(token=TOKEN)) as closed:
        for good in (basic(f"anybody:{TOKEN}"), f"Bearer {TOKEN}", f"bearer {TOKEN}"):
            assert closed.get("/echo", headers={"authorization": good}).status_code == 200
        wrong = ("", basic(TOKEN), basic(f"x:{TOKEN} "), f"Digest {TOKEN}", "Basic ???", "Bearer", f"Bearer {TOKEN[:-1]}", "Bearer \u00e9")
        for bad in wrong:
            refused = closed.get("/echo", headers={"authorization": bad.encode()})
            assert (refused.status_code, refused.headers["www-authenticate"][:5]) == (401, "Basic"), bad
