"""Saved cases over HTTP: kept only when asked, told whole, deleted for good; no case in an address or a log."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from expert import assess, case_from_mapping, load_case
from expert.model import Knowledge
from expert.store import Store
from expert.web.app import create_app
from expert.web.settings import Settings

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
RUNNER = load_case(EXAMPLES / "ankle-runner.yaml").document.data
AGAIN = load_case(EXAMPLES / "visits" / "ankle-runner-2.yaml").document.data
PART = {"HX-Request": "true"}


@pytest.fixture
def store(client: TestClient) -> Iterator[Store]:
    """The application's file of saved cases, empty at first."""
    kept = Store(client.app.app.state.desk.settings.database)  # type: ignore[attr-defined]
    for person in kept.persons():
        kept.delete_person(person.id)
    return kept


def posted(client: TestClient, path: str, **fields: Any) -> Any:
    told = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    return client.post(path, data=told, headers=PART)


def save(client: TestClient, case: Any = RUNNER, **fields: str) -> Any:
    return posted(client, "/cases/save", case=case, **fields)


@pytest.fixture
def runner(client: TestClient, store: Store) -> str:
    """The id of a person with two visits."""
    save(client, label="Runner 7")
    person = store.persons()[0].id
    save(client, AGAIN, whose=person)
    return person


# --- keeping ----------------------------------------------------------------------------------------------------------------------------


def test_nothing_is_saved_unless_it_is_asked_for(client: TestClient, store: Store) -> None:
    client.get("/cases")
    client.get("/cases/people")
    client.get("/cases/whose")
    posted(client, "/cases/report", case=RUNNER, **{"as": "json"})
    assert store.persons() == ()


def test_a_case_is_saved_as_it_is_with_the_answer_of_the_command_line(client: TestClient, store: Store, knowledge: Knowledge) -> None:
    answer = save(client, label="Runner 7")
    assert answer.status_code == 200
    assert "Runner 7 has 1 visit now" in answer.text
    assert answer.headers["HX-Trigger"] == "myologic:saved"
    visit = store.visit(store.persons()[0].visits[0].id)
    assert visit.case == RUNNER
    assert visit.answer == assess(case_from_mapping(RUNNER), knowledge).to_json()


def test_the_date_that_is_said_becomes_the_visits_and_comes_back_to_the_tab(client: TestClient, store: Store) -> None:
    answer = save(client, label="Runner 7", date="2026-12-24")
    visit = store.persons()[0].visits[0]
    assert visit.day == "2026-12-24"
    assert visit.case == {**RUNNER, "visit": {**RUNNER["visit"], "date": "2026-12-24"}}
    brought = re.search(r"<script type=\"application/json\" data-case=[^>]*>(.*?)</script>", answer.text)
    assert brought is not None
    assert json.loads(brought[1]) == visit.case


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"label": ""}, "say whose visit it is"), ({"whose": "0" * 16}, "no person is saved"), ({"label": "An\u202ena"}, "hidden"),
        ({"label": "x", "date": "2026-02-31"}, "visit.date"), ({"label": "x", "case": '{"findings": []}'}, "holds no case yet"),
        ({"label": "x", "case": '{"findings": [{"name": "hip drop"}]}'}, "which side?"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_told_and_nothing_is_kept(fields: dict[str, str], said: str, client: TestClient, store: Store) -> None:
    answer = posted(client, "/cases/save", **{"case": RUNNER, **fields})
    assert answer.status_code == 422
    assert said in answer.text
    assert store.persons() == ()


# --- looking ----------------------------------------------------------------------------------------------------------------------------


def test_the_page_lists_persons_and_says_where_the_file_is_and_how_safe(client: TestClient, runner: str, store: Store) -> None:
    page = client.get("/cases").text
    assert f'href="/cases/{runner}"' in page
    assert "2 visits, last 2027-01-31" in page
    assert str(store.path) in page
    assert "not encrypted" in page


def test_a_persons_page_shows_visits_and_an_unknown_one_is_not_here(client: TestClient, runner: str, store: Store) -> None:
    page = client.get(f"/cases/{runner}")
    assert page.status_code == 200
    assert page.text.index("2026-11-22") < page.text.index("2027-01-31")
    assert client.get(f"/cases/{'0' * 16}").status_code == 404
    visit = store.persons()[0].visits[0].id
    assert client.get(f"/cases/visits/{visit}/case").json() == RUNNER


def test_a_case_that_states_one_thing_only_has_its_page(client: TestClient, store: Store) -> None:
    save(client, {"findings": [], "symptoms": [{"name": "night pain"}]}, label="a")
    save(client, {"findings": [{"name": "hip drop", "side": "left"}]}, label="b")
    pages = [client.get(f"/cases/{person.id}").text for person in store.persons()]
    assert [re.findall(r"<span>(\d findings?)</span>", page) for page in pages] == [["0 findings"], ["1 finding"]]


def test_what_a_person_typed_is_text_on_every_page(client: TestClient, store: Store) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'"
    save(client, {**RUNNER, "notes": evil, "case_id": "a"}, label=evil)
    person = store.persons()[0]
    for text in (client.get("/cases").text, client.get(f"/cases/{person.id}").text, client.get("/cases/whose").text):
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "&lt;script&gt;alert(1)" in text


# --- comparing --------------------------------------------------------------------------------------------------------------------------


def test_chosen_visits_are_compared_and_stand_side_by_side(client: TestClient, runner: str, store: Store) -> None:
    chosen = {f"visit-{v.id}": "on" for v in store.person(runner).visits}
    answer = posted(client, f"/cases/{runner}/compare", **chosen)
    assert answer.status_code == 200
    assert answer.text.index("Visits compared") < answer.text.index("Visits side by side")
    assert "better (+5 cm" in answer.text
    assert "style=" not in answer.text
    one = posted(client, f"/cases/{runner}/compare", **dict(list(chosen.items())[:1]))
    assert (one.status_code, "choose two visits" in one.text) == (422, True)


def test_a_visit_tells_whether_it_would_be_judged_alike_today(client: TestClient, runner: str, store: Store) -> None:
    visit = store.persons()[0].visits[0].id
    assert "identical, byte for byte" in posted(client, f"/cases/visits/{visit}/today").text


# --- handing on -------------------------------------------------------------------------------------------------------------------------


def test_an_export_is_the_stores_own_as_a_file(client: TestClient, runner: str, store: Store) -> None:
    answer = client.get(f"/cases/{runner}/export")
    assert answer.json() == store.export(runner)
    assert answer.headers["content-disposition"] == f'attachment; filename="myologic-{runner}.json"'


def test_the_json_of_the_tabs_case_and_of_a_visit_is_that_of_the_command(
    client: TestClient, runner: str, store: Store, knowledge: Knowledge
) -> None:
    told = assess(case_from_mapping(RUNNER), knowledge).to_json() + "\n"
    assert posted(client, "/cases/report", case=RUNNER, **{"as": "json"}).text == told
    assert posted(client, "/cases/report", visit=store.persons()[0].visits[0].id, **{"as": "json"}).text == told


@pytest.mark.parametrize("told", ["clinician", "client", "teaching", "teaching/worksheet", "teaching/key", "letter"])
def test_the_report_in_each_voice_is_a_page_whose_policy_allows_its_own_style_and_nothing_else(
    told: str, client: TestClient, knowledge: Knowledge
) -> None:
    answer = posted(client, "/cases/report", case=RUNNER, voice=told)
    voice, _, part = told.partition("/")
    assert answer.text == assess(case_from_mapping(RUNNER), knowledge).report("html", voice=voice, part=part or "full")
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{base64.b64encode(sha256(style.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "@media print" in style
    assert not re.search(r"<[^>]+ style=|<script|<link", answer.text)


def test_a_pdf_is_made_or_the_missing_extra_is_named(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from expert import pdf
    from expert.errors import ExpertError

    def missing() -> None:
        raise ExpertError(pdf._MISSING)

    made: list[str] = []
    monkeypatch.setattr("expert.assessment.pdf.pdf", lambda html: made.append(html) or b"%PDF-1.7 ...")
    answer = posted(client, "/cases/report", case=RUNNER, voice="letter", **{"as": "pdf"})
    assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert "<html" in made[0]
    monkeypatch.undo()
    monkeypatch.setattr("expert.pdf._weasyprint", missing)
    answer = posted(client, "/cases/report", case=RUNNER, **{"as": "pdf"})
    assert (answer.status_code, "myologic[pdf]" in answer.text) == (422, True)


@pytest.mark.parametrize("fields", [{"as": "docx"}, {"voice": "nobody"}, {"visit": "0" * 16}, {"voice": "teaching/other"}])
def test_a_report_that_nobody_tells_is_refused(fields: dict[str, str], client: TestClient) -> None:
    assert posted(client, "/cases/report", case=RUNNER, **fields).status_code == 422


# --- deleting ---------------------------------------------------------------------------------------------------------------------------


def test_nothing_is_deleted_that_was_not_confirmed(client: TestClient, runner: str, store: Store) -> None:
    visit = store.persons()[0].visits[0].id
    for path in (f"/cases/{runner}/delete", f"/cases/visits/{visit}/delete"):
        answer = posted(client, path)
        assert (answer.status_code, "not confirmed" in answer.text) == (422, True)
        assert client.get(path).status_code == 405
    assert len(store.persons()[0].visits) == 2


def test_what_is_deleted_is_gone_from_the_file(client: TestClient, store: Store) -> None:
    save(client, {**RUNNER, "notes": "CANARY-ONE"}, label="CANARY-LABEL")
    person = store.persons()[0]
    save(client, {**AGAIN, "notes": "CANARY-TWO"}, whose=person.id)
    first = posted(client, f"/cases/visits/{person.visits[0].id}/delete", sure="yes")
    assert "The visit is deleted for good" in first.text
    assert b"CANARY-ONE" not in store.path.read_bytes()
    assert b"CANARY-TWO" in store.path.read_bytes()
    last = posted(client, f"/cases/{person.id}/delete", sure="yes")
    assert (last.status_code, last.headers["HX-Redirect"]) == (204, "/cases#deleted")
    assert b"CANARY" not in store.path.read_bytes()
    assert store.persons() == ()


def test_a_person_is_renamed_and_what_is_not_there_cannot_be_changed(client: TestClient, runner: str, store: Store) -> None:
    assert "Number 8" in posted(client, f"/cases/{runner}/rename", label="Number 8").text
    assert store.persons()[0].label == "Number 8"
    for path in (f"/cases/{'0' * 16}/rename", f"/cases/{'0' * 16}/delete", f"/cases/visits/{'0' * 16}/delete"):
        assert posted(client, path, label="x", sure="yes").status_code == 422


# --- safety -----------------------------------------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_used_is_told_in_plain_words(knowledge: Knowledge, tmp_path: Path) -> None:
    (tmp_path / "cases.db").write_bytes(b"no database at all, but long enough to look like one" * 20)
    with TestClient(create_app(Settings(database=tmp_path / "cases.db"), knowledge), base_url="http://127.0.0.1") as client:
        assert "put a backup in its place" in client.get("/cases").text
        answer = save(client, label="x")
        assert (answer.status_code, "put a backup in its place" in answer.text) == (422, True)


def test_a_page_of_another_site_changes_nothing(client: TestClient, runner: str, store: Store) -> None:
    for path in ("/cases/save", "/cases/report", f"/cases/{runner}/delete"):
        from_there = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
        answer = client.post(path, data={"sure": "yes", "label": "x"}, headers=from_there)
        assert answer.status_code == 403
    assert len(store.persons()) == 1


def test_no_log_and_no_address_holds_what_a_case_says(client: TestClient, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        save(client, {**RUNNER, "notes": "CANARY-NOTE"}, label="CANARY-LABEL")
        page = client.get(f"/cases/{store.persons()[0].id}").text
        posted(client, "/cases/report", case={**RUNNER, "notes": "CANARY-NOTE"})
    assert "CANARY" not in caplog.text
    addresses = re.findall(r'(?:href|action|hx-post|hx-get)="([^"]*)"', page)
    assert addresses
    assert not [a for a in addresses if "CANARY" in a]
