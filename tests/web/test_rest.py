"""REST: the engine's own bytes come out, and whatever is wrong with what goes in is said with its place, never as a failure of ours."""

from __future__ import annotations

import json
import re
import shlex
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from loop import in_a_loop
from starlette.testclient import TestClient
from typer.testing import CliRunner

from expert import assess, load_case
from expert.assessment import compare
from expert.cli import app as command
from expert.model import Knowledge
from expert.web import problems, rest, rest_document, rest_work
from expert.web.app import create_app
from expert.web.desk import Overloaded
from expert.web.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
RUNNER = ROOT / "examples" / "runner.yaml"
CASE = rest_document.CASE
JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "application/yaml"}
LINES = {"Content-Type": "application/x-ndjson"}
CANARY = "Zebediah Quux"
BODIES = [one for one in rest.OPERATIONS if one.method == "post"]
STRICT = [one for one in BODIES if one.id not in ("validate", "batch")]  # those answer 200 and tell what is wrong


def told(response: Any) -> dict[str, Any]:
    """A problem, as every refusal is."""
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["status"] == response.status_code
    assert {"type", "title", "status", "detail"} <= set(found)
    return found


def as_sent(path: Path) -> dict[str, Any]:
    case = load_case(path).shape.model_dump(mode="json", exclude_defaults=True)
    return {"findings": [], **case}


def pointers(problem: dict[str, Any]) -> set[str]:
    return {fault["pointer"] for fault in problem["faults"]}


# --- what comes out -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_assessment_is_byte_for_byte_what_the_command_prints(path: Path, client: TestClient) -> None:
    printed = CliRunner().invoke(command, ["assess", str(path), "--json"]).stdout.removesuffix("\n")
    answer = client.post("/v1/assess", content=path.read_bytes(), headers=YAML)
    assert answer.headers["content-type"] == "application/json"
    assert answer.content.decode() == printed


def test_a_case_in_json_and_in_yaml_gives_the_same_bytes(client: TestClient) -> None:
    in_json = client.post("/v1/assess?engine=native", content=json.dumps(as_sent(RUNNER)), headers=JSON)
    in_yaml = client.post("/v1/assess?engine=native", content=RUNNER.read_bytes(), headers=YAML)
    assert in_json.content == in_yaml.content
    assert in_json.json()["engine"]["name"] == "native"


ABOUT = "gluteus-medius:left:underactive"
ASKED: dict[str, tuple[dict[str, Any], Any]] = {
    "why": ({"about": ABOUT}, lambda a: a.why(ABOUT)),
    "why-not": ({"about": "gluteus medius", "side": "right", "top": 2}, lambda a: a.why_not("gluteus medius", "right", None, 2)),
    "what-if": (
        {"drop": ["hip drop:right"], "set": {"night pain": "present"}},
        lambda a: a.what_if(drop=["hip drop:right"], set={"night pain": "present"}),
    ),
    "overturn": ({"about": ABOUT}, lambda a: a.overturn(ABOUT)),
    "next": ({"target": "gluteus medius:left"}, lambda a: a.next_tests("gluteus medius:left")),
    "drivers": ({}, lambda a: a.drivers()),
    "uncertainty": ({}, lambda a: a.uncertainty()),
    "graph": ({"around": "multifidus"}, lambda a: a.chain("multifidus")),
    "steps": ({}, lambda a: a.steps()),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_a_question_is_answered_in_the_bytes_of_the_python_face(name: str, client: TestClient, knowledge: Knowledge) -> None:
    body, ask = ASKED[name]
    answer = client.post(f"/v1/{name}", json={"case": as_sent(RUNNER), **body})
    assert answer.status_code == 200
    assert answer.content.decode() == ask(assess(as_sent(RUNNER), knowledge)).to_json()


def test_why_without_a_word_tells_of_the_first_hypothesis(client: TestClient, knowledge: Knowledge) -> None:
    answer = client.post("/v1/why", json={"case": as_sent(RUNNER)})
    assert answer.content.decode() == assess(as_sent(RUNNER), knowledge).why().to_json()


def test_visits_are_compared_as_in_python(client: TestClient, knowledge: Knowledge) -> None:
    visits = [as_sent(p) for p in (ROOT / "examples" / "ankle-runner.yaml", *sorted((ROOT / "examples" / "visits").glob("*.yaml")))]
    answer = client.post("/v1/compare", json={"cases": visits})
    assert answer.content.decode() == compare([assess(v, knowledge) for v in visits]).to_json()


@pytest.mark.parametrize(
    ("format", "media"), [("txt", "text/plain"), ("md", "text/markdown"), ("html", "text/html"), ("json", "application/json")]
)
@pytest.mark.parametrize("voice", ["clinician", "letter"])
def test_a_report_is_the_one_of_the_python_face(format: str, media: str, voice: str, client: TestClient, knowledge: Knowledge) -> None:
    answer = client.post("/v1/report", json={"case": as_sent(RUNNER), "format": format, "voice": voice})
    assert answer.headers["content-type"].startswith(media)
    assert answer.text == assess(as_sent(RUNNER), knowledge).report(format, voice=voice)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script" not in answer.headers["content-security-policy"]


def test_a_report_comes_as_pdf(client: TestClient) -> None:
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))
    answer = client.post("/v1/report", json={"case": CASE, "format": "pdf", "voice": "letter"})
    assert (answer.status_code, answer.headers["content-type"], answer.content[:5]) == (200, "application/pdf", b"%PDF-")


def test_a_case_is_checked_without_being_reasoned_about(client: TestClient) -> None:
    right = client.post("/v1/validate", content=RUNNER.read_bytes(), headers=YAML).json()
    assert (right["valid"], right["faults"]) == (True, [])
    assert "hip-drop:right:running" in right["items"]
    wrong = client.post("/v1/validate", json={"findings": [{"name": "hip drop"}, {"name": "blorb", "side": "left"}]})
    assert wrong.status_code == 200
    assert {fault["pointer"] for fault in wrong.json()["faults"]} == {"/findings/0/name", "/findings/1/name"}
    broken = client.post("/v1/validate", content=b"{", headers=JSON)
    assert (broken.status_code, broken.json()["valid"], broken.json()["faults"][0]["line"]) == (200, False, 1)


def test_what_is_typed_is_looked_up_from_the_body(client: TestClient) -> None:
    hits = client.post("/v1/search", json={"text": "glute med"}).json()["hits"]
    assert hits[0]["ref"]["id"] == "gluteus-medius"
    read = client.post("/v1/read", json={"text": "knees cave l mod"}).json()
    assert (read["candidates"][0]["id"], read["side"], read["severity"]) == ("knee-valgus", "left", "moderate")


def test_the_knowledge_is_looked_up_by_kind_and_id(client: TestClient, knowledge: Knowledge) -> None:
    overview = client.get("/v1/knowledge").json()
    assert (overview["version"], overview["sha256"]) == (knowledge.kb.version, knowledge.kb.sha256)
    rows = client.get("/v1/knowledge/muscles").json()["rows"]
    assert {row["ref"]["id"] for row in rows} == set(knowledge.kb.muscles)
    assert client.get("/v1/knowledge/muscles/gluteus-medius").json()["name"] == knowledge.kb.muscles["gluteus-medius"].name
    for missing in ("/v1/knowledge/muscle", "/v1/knowledge/muscles/nobody", "/v1/schema/nothing", "/v1/nothing"):
        assert told(client.get(missing))["status"] == 404


# --- many at once -----------------------------------------------------------------------------------------------------------------------


def test_a_batch_answers_each_line_in_order_and_a_faulty_one_by_its_problem(client: TestClient, knowledge: Knowledge) -> None:
    cases = [{**CASE, "case_id": f"line-{number}"} for number in range(3)]
    sent = [json.dumps(cases[0]), "{", json.dumps(cases[1]), '{"findings": ["blorb"]}', "", json.dumps(cases[2])]
    answer = client.post("/v1/assess/batch?engine=native", content="\n".join(sent) + "\n", headers=LINES)
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = answer.text.split("\n")
    assert lines.pop() == ""
    for line, case in zip((lines[0], lines[2], lines[5]), cases, strict=True):
        assert line == assess(case, knowledge, "native").to_json()
    assert [json.loads(lines[n])["status"] for n in (1, 3, 4)] == [400, 422, 400]
    assert json.loads(lines[3])["faults"][0]["pointer"] == "/findings/0"


def test_a_batch_of_nothing_is_answered_by_nothing_and_too_many_lines_are_refused(client: TestClient) -> None:
    assert client.post("/v1/assess/batch", content=b"", headers=LINES).content == b""
    assert told(client.post("/v1/assess/batch", content=b"{}\n" * (rest.MOST_LINES + 1), headers=LINES))["status"] == 413


def test_a_fault_of_ours_in_one_line_stops_no_other(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    real = rest_work.assessed

    def fails_once(work: Any, raw: bytes, kind: str) -> bytes:
        if b"second" in raw:
            raise KeyError(CANARY)
        return real(work, raw, kind)

    monkeypatch.setattr(rest_work, "assessed", fails_once)
    sent = "\n".join(json.dumps({**CASE, "case_id": name}) for name in ("first", "second", "third"))
    lines = [json.loads(line) for line in client.post("/v1/assess/batch", content=sent, headers=LINES).text.splitlines()]
    assert [line.get("status", line.get("case_id")) for line in lines] == ["first", 500, "third"]
    assert CANARY not in json.dumps(lines)


def test_eight_callers_at_once_get_each_the_answer_of_their_own_case(client: TestClient, knowledge: Knowledge) -> None:
    cases = [{**as_sent(path), "case_id": f"caller-{number}"} for number, path in enumerate(EXAMPLES)]
    offline = {case["case_id"]: assess(case, knowledge).to_json() for case in cases}

    def calls(number: int) -> list[bool]:
        mine = [cases[(number + turn) % len(cases)] for turn in range(3)]
        return [client.post("/v1/assess", json=case).text == offline[case["case_id"]] for case in mine]

    with ThreadPoolExecutor(8) as callers:
        assert all(all(right) for right in callers.map(calls, range(8)))


def test_more_than_the_server_takes_is_refused_with_a_time_to_wait_and_never_answered_wrongly(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inside, go_on, real = threading.Semaphore(0), threading.Event(), rest_work.assess

    def held(*args: Any) -> Any:
        inside.release()
        assert go_on.wait(60)
        return real(*args)

    monkeypatch.setattr(rest_work, "assess", held)
    settings = Settings(workers=1, waiting=1, database=tmp_path / "cases.db")
    with TestClient(create_app(settings, knowledge), base_url="http://127.0.0.1") as calling, ThreadPoolExecutor(2) as callers:
        taken = [callers.submit(calling.post, "/v1/assess", json={**CASE, "case_id": name}) for name in ("one", "two")]
        assert inside.acquire(timeout=60)  # one is reasoned about, the other waits
        refused = None
        while refused is None or refused.status_code == 200:  # until both are in
            refused = calling.post("/v1/validate", json=CASE)
        assert told(refused)["status"] == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert told(calling.post("/v1/assess/batch", content=json.dumps(CASE), headers=LINES))["status"] == 503
        go_on.set()
        for name, answer in zip(("one", "two"), taken, strict=True):
            assert answer.result(60).text == real({**CASE, "case_id": name}, knowledge).to_json()


def test_a_line_of_a_batch_waits_for_its_place_and_at_last_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_PAUSE", 0)
    turns = [0]

    async def busy() -> bytes:
        turns[0] += 1
        if turns[0] < 5:
            raise Overloaded
        return b"done"

    assert in_a_loop(rest._patiently(busy)) == b"done"
    turns[0] = -10 * rest._PATIENCE
    assert json.loads(in_a_loop(rest._patiently(busy)))["status"] == 503


# --- what goes in -----------------------------------------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    return b'{"findings":' + b"[" * depth + b"]" * depth + b"}"


HOSTILE: dict[str, tuple[bytes, int]] = {
    "NaN": (b'{"findings": [], "patient": {"mass_kg": NaN}}', 400),
    "infinity": (b'{"findings": [], "patient": {"mass_kg": -Infinity}}', 400),
    "1e999": (b'{"findings": [], "patient": {"mass_kg": 1e999}}', 400),
    "a number of 5000 digits": (b'{"findings": [], "patient": {"age": ' + b"9" * 5000 + b"}}", 400),
    "a whole number beyond 64 bits": (b'{"findings": [], "patient": {"age": 18446744073709551617}}', 400),
    "a number that is too high": (b'{"findings": [], "patient": {"age": 131}}', 422),
    "deep nesting": (nested(200_000), 400),
    "31 levels": (nested(31), 400),
    "keys that stand twice": (b'{"findings": [], "findings": ["hip drop"]}', 400),
    "a lone surrogate": (b'{"findings": [], "notes": "\\ud800"}', 400),
    "a surrogate in a key": (b'{"findings": [], "\\udfff": 1}', 400),
    "a surrogate in bytes": (b'{"findings": [], "notes": "\xed\xa0\x80"}', 400),
    "NUL": (b'{"findings": [], "notes": "\\u0000"}', 400),
    "NUL in bytes": (b'{"findings": [], "notes": "\x00"}', 400),
    "bytes that are no text": (b"\xff\xfe{\x00}\x00", 400),
    "UTF-16": ('{"findings": []}'.encode("utf-16"), 400),
    "nothing": (b"", 400),
    "blanks": (b"  \n ", 400),
    "half a case": (b'{"findings": [', 400),
    "two cases": (b'{"findings": []} {"findings": []}', 400),
    "YAML where JSON is said": (b"findings: []", 400),
    "a list": (b"[]", 422),
    "null": (b"null", 422),
    "a string": (b'"findings"', 422),
    "a number": (b"1", 422),
    "text for true": (b'{"findings": [{"name": "hip drop", "side": "left", "present": "false"}]}', 422),
    "a string for a list": (b'{"findings": "hip drop"}', 422),
    "an unknown key": (b'{"findings": [], "__class__": 1}', 422),
    "too many findings": (json.dumps({"findings": ["hip drop"] * 501}).encode(), 422),
    "a name that is too long": (json.dumps({"findings": ["a" * 121]}).encode(), 422),
    "a name with a bidirectional control": (b'{"findings": ["hip \\u202e drop"]}', 400),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("operation", STRICT, ids=lambda one: one.id)
def test_a_hostile_body_is_refused_by_every_operation_in_our_own_words(name: str, operation: Any, client: TestClient) -> None:
    body, status = HOSTILE[name]
    inside = {
        "compare": b'{"cases": [' + body + b', {"findings": []}]}', "assess": body, "search": b'{"text": ' + body + b"}",
        "read": b'{"text": ' + body + b"}",
    }.get(operation.id, b'{"case": ' + body + b"}")  # fmt: skip
    if operation.id in ("search", "read") and name == "a string":
        return
    answer = client.post(f"/v1{operation.path}", content=inside, headers=JSON)
    problem = told(answer)
    assert answer.status_code in (status, 422 if operation.id in ("search", "read") else status), answer.text
    assert problem["faults"]


def test_a_body_with_a_byte_order_mark_is_read(client: TestClient) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(CASE).encode()
    assert client.post("/v1/assess", content=body, headers=JSON).content == client.post("/v1/assess", json=CASE).content


def test_a_million_findings_are_too_much_however_they_come(client: TestClient) -> None:
    many = b'{"findings": [' + b",".join([b'"hip drop"'] * 1_000_000) + b"]}"
    assert told(client.post("/v1/assess", content=many, headers=JSON))["status"] == 413

    def pieces() -> Any:
        for start in range(0, len(many), 100_000):
            yield many[start : start + 100_000]

    assert told(client.post("/v1/assess", content=pieces(), headers=JSON))["status"] == 413


def test_a_body_in_pieces_without_a_length_is_read_as_a_whole(client: TestClient) -> None:
    body = json.dumps(CASE).encode()
    answer = client.post("/v1/assess", content=(body[n : n + 7] for n in range(0, len(body), 7)), headers=JSON)
    assert answer.content == client.post("/v1/assess", json=CASE).content


def test_what_is_larger_than_a_case_may_be_is_too_much(client: TestClient) -> None:
    large = json.dumps({"findings": [], "notes": "a" * 1_100_000}).encode()
    assert told(client.post("/v1/assess", content=large, headers=JSON))["status"] == 413
    assert told(client.post("/v1/assess", content=b"notes: " + b"a" * 200_000, headers=YAML))["status"] == 413


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Content-Type": ""}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"}, {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"}, {"Content-Type": "application/jsonp"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("operation", BODIES, ids=lambda one: one.id)
def test_only_the_media_types_that_are_told_are_taken(headers: dict[str, str], operation: Any, client: TestClient) -> None:
    problem = told(client.post(f"/v1{operation.path}", content=b"{}", headers=headers))
    assert problem["status"] == 415
    assert all(media in problem["detail"] for media in operation.takes)


@pytest.mark.parametrize("media", ["application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"'])
def test_a_media_type_may_be_spelt_as_the_standard_allows(media: str, client: TestClient) -> None:
    assert client.post("/v1/assess", content=json.dumps(CASE), headers={"Content-Type": media}).status_code == 200


@pytest.mark.parametrize("query", ["engine=fast", "engine=", "engine=native&engine=native", "engin=native", "x", "ENGINE=native"])
def test_a_query_that_nobody_reads_is_refused(query: str, client: TestClient) -> None:
    assert told(client.post(f"/v1/assess?{query}", json=CASE))["type"] == "/v1/docs#query"
    assert told(client.get(f"/v1/knowledge?{query}"))["status"] == 400


def test_an_address_of_another_method_says_which_it_takes(client: TestClient) -> None:
    answer = client.get("/v1/assess")
    assert (told(answer)["status"], answer.headers["allow"]) == (405, "POST")
    assert told(client.delete("/v1/knowledge"))["status"] == 405


# --- what is wrong, and where ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/assess", {"findings": [{"name": "hip drop", "side": "lef"}]}, {"/findings/0/side"}),
        ("/assess", {"findings": [{"name": "hip drop"}, {"name": "blorb"}]}, {"/findings/0/name", "/findings/1/name"}),
        ("/assess", {"findings": [], "patient": {"age": 200}}, {"/patient/age"}),
        ("/assess", {}, {""}),
        ("/why", {"case": {"findings": ["blorb"]}}, {"/case/findings/0"}),
        ("/why", {"case": {"findings": [{"name": "hip drop", "a/b~": 1}]}}, {"/case/findings/0/a~1b~0"}),
        ("/compare", {"cases": [{"findings": ["blorb"]}, {"findings": ["hip drop"]}]}, {"/cases/0/findings/0", "/cases/1/findings/0"}),
        ("/what-if", {"case": CASE, "set": {"hip drop:right": "maybe"}}, {"/set/hip drop:right"}),
        ("/why", {"case": CASE, "about": "blorb"}, {""}),
        ("/report", {"case": CASE, "voice": "nobody"}, {"/voice"}),
    ],
)  # fmt: skip
def test_a_fault_points_at_its_place_in_what_was_sent(path: str, body: Any, where: set[str], client: TestClient) -> None:
    for sent in (json.dumps(body), json.dumps(body, indent=1), json.dumps(body, indent="\t")):
        assert pointers(told(client.post(f"/v1{path}", content=sent, headers=JSON))) == where


def test_a_fault_says_what_may_have_been_meant(client: TestClient) -> None:
    problem = told(client.post("/v1/assess", json={"findngs": []}))
    assert [f.get("did_you_mean") for f in problem["faults"] if f["pointer"] == "/findngs"] == [["findings"]]
    problem = told(client.post("/v1/assess", json={"findings": [{"name": "hipp dorp x", "side": "left"}]}))
    assert "hip-drop" in problem["faults"][0]["did_you_mean"]


def test_an_emergency_is_said_beside_the_faults_of_a_case(client: TestClient) -> None:
    case = {**as_sent(ROOT / "examples" / "red-flag.yaml")}
    case["findings"] = [*case["findings"], {"name": "blorb"}]
    problem = told(client.post("/v1/why", json={"case": case, "about": ABOUT}))
    assert problem["faults"][0]["message"].startswith("EMERGENCY")


def test_no_more_than_a_hundred_faults_are_told_and_the_rest_is_counted(client: TestClient) -> None:
    problem = told(client.post("/v1/assess", json={"findings": [{"name": "hip drop", f"key-{n}": 1} for n in range(130)]}))
    assert len(problem["faults"]) == 100
    assert "30 faults more" in problem["detail"]


PRIVATE: list[dict[str, Any]] = [
    {"patient": {"name": [CANARY]}}, {"patient": {"name": CANARY * 200}}, {"patient": CANARY}, {"visit": {"examiner": {"a": CANARY}}},
    {"visit": {"date": CANARY}}, {"visit": CANARY}, {"notes": CANARY * 2000}, {"notes": [CANARY]},
    {"findings": [{"name": "hip drop", "note": CANARY * 200}]}, {"patient": {"name": CANARY}, "findings": ["blorb"]},
    {"notes": CANARY, "visit": {"examiner": CANARY}, "findings": [{"name": "hip drop"}]}, {"notes": CANARY + "\u202e"},
]  # fmt: skip


@pytest.mark.parametrize("part", PRIVATE, ids=str)
@pytest.mark.parametrize("operation", [one for one in BODIES if one.id not in ("search", "read")], ids=lambda one: one.id)
def test_no_refusal_repeats_names_or_free_text_and_no_log_holds_them(
    part: dict[str, Any], operation: Any, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    case = {"findings": [], **part}
    body = {"compare": {"cases": [case, case]}, "assess": case, "validate": case, "batch": case}.get(operation.id, {"case": case})
    answer = client.post(f"/v1{operation.path}", content=json.dumps(body), headers=LINES if operation.id == "batch" else JSON)
    assert answer.status_code in (400, 422) or operation.id in ("validate", "batch")
    assert "Zebediah" not in answer.text
    assert "Zebediah" not in caplog.text


# --- the document -----------------------------------------------------------------------------------------------------------------------


def test_the_document_tells_of_every_route_and_of_no_other(client: TestClient) -> None:
    told_of = {(path, method.upper()) for path, methods in client.get("/v1/openapi.json").json()["paths"].items() for method in methods}
    served = {(route.path, method) for route in rest.router.routes for method in route.methods - {"HEAD"}}  # type: ignore[attr-defined]
    assert served == told_of | {("/v1/docs", "GET")}


def test_the_document_names_only_what_stands_in_it(client: TestClient) -> None:
    document = client.get("/v1/openapi.json").json()
    for ref in set(re.findall(r'"\$ref": "#/components/([^"]+)"', json.dumps(document))):
        section, name = ref.split("/")
        assert name in document["components"][section], ref
    operations = {one["operationId"] for methods in document["paths"].values() for one in methods.values()}
    right = [one["responses"]["200"] for methods in document["paths"].values() for one in methods.values()]
    links = [link for answer in right for link in answer.get("links", {}).values()]
    assert links
    assert {link["operationId"] for link in links} <= operations


@pytest.mark.parametrize("operation", rest.OPERATIONS, ids=lambda one: one.id)
def test_the_example_of_every_operation_is_answered_as_the_document_says(operation: Any, client: TestClient) -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs", reason="it comes with schemathesis: the extra 'dev'")
    document = client.get("/v1/openapi.json").json()
    path = operation.path.format(kind="muscles", id="gluteus-medius", name="assessment")
    if operation.method == "get":
        answer = client.get(f"/v1{path}")
    else:
        sent = operation.example if isinstance(operation.example, str) else json.dumps(operation.example)
        answer = client.post(f"/v1{path}", content=sent, headers={"Content-Type": next(iter(operation.takes))})
    media = answer.headers["content-type"].partition(";")[0]
    declared = document["paths"][f"/v1{operation.path}"][operation.method]["responses"]["200"]["content"]
    assert (answer.status_code, media in declared) == (200, True)
    if media == "application/json":
        jsonschema_rs.validator_for({**declared[media]["schema"], "components": document["components"]}).validate(answer.json())


def test_every_schema_is_handed_out(client: TestClient) -> None:
    for name in rest_document.SCHEMAS:
        answer = client.get(f"/v1/schema/{name}")
        assert answer.headers["content-type"] == "application/schema+json"
        assert answer.json()["$schema"].endswith("2020-12/schema")


def test_the_reference_page_tells_of_every_operation_and_problem_without_a_script_of_its_own(client: TestClient) -> None:
    page = client.get("/v1/docs").text
    for one in rest.OPERATIONS:
        assert f'id="{one.id}"' in page
    for link in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{link}"' in page, link
    assert "style=" not in page
    assert not re.findall(r"<script(?![^>]* src=)", page)


def test_a_problem_links_to_its_explanation(client: TestClient) -> None:
    page = client.get("/v1/docs").text
    for body, headers in ((b"{", JSON), (b"[]", JSON), (b'{"findings": ["blorb"]}', JSON)):
        kind = told(client.post("/v1/assess", content=body, headers=headers))["type"]
        assert f'id="{kind.removeprefix("/v1/docs#")}"' in page


# --- the page of the papers ---------------------------------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "rest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh curl ?(\d*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [(int(status or 200), words) for status, block in BLOCKS for words in re.split(r"(?m)^(?=curl )", block) if words]


@pytest.mark.parametrize(("status", "words"), COMMANDS)
def test_every_command_of_the_page_is_answered(status: int, words: str, client: TestClient) -> None:
    name, address, *options = shlex.split(words)
    assert (name, address.startswith("http://127.0.0.1:8000/v1/")) == ("curl", True)
    given = dict(zip(options[::2], options[1::2], strict=True))
    headers = dict([given["-H"].split(": ")]) if "-H" in given else {}
    data = given.get("-d") or given.get("--data-binary") or ""
    body = (ROOT / data[1:]).read_bytes() if data.startswith("@") else data.encode()
    answer = client.request("POST" if data else "GET", address.removeprefix("http://127.0.0.1:8000"), content=body, headers=headers)
    assert answer.status_code == status, answer.text
    for line in answer.text.splitlines() if given.get("-H", "").endswith("ndjson") else ():
        assert "status" not in json.loads(line)


def test_the_page_lists_every_operation_with_the_fields_it_takes() -> None:
    told_of = re.findall(r"^\| `(\w+) (/v1\S*)` \|([^|]*)\|", PAGE, re.MULTILINE)
    assert [(method, path) for method, path, _ in told_of] == [(one.method.upper(), f"/v1{one.path}") for one in rest.OPERATIONS]
    for (_, _, fields), one in zip(told_of, rest.OPERATIONS, strict=True):
        model = next(iter(one.takes.values()), None)
        if model is not None and "case" not in model.model_fields and "findings" in model.model_fields:
            continue  # a case alone
        assert set(re.findall(r"`(\w+)`", fields)) == set(model.model_fields if model else ()) - {"case"}


def test_the_page_lists_every_kind_of_problem() -> None:
    told_of = re.findall(r"^\| (\d{3}) \| `/v1/docs#(\w+)` \|", PAGE, re.MULTILINE)
    assert told_of == [(str(status), kind) for kind, status, _, _ in problems.KINDS.values()]
