"""A report is derived again from the case it carries: the same bytes, or what differs; a stranger's file is never trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import run_here
from hypothesis import given, settings
from hypothesis import strategies as st
from small import rule, rules, small_knowledge
from strategies import CaseDict, cases
from worked import is_as_shown, keys, shown, told_keys

from expert import Assessment, CaseError, assess, load_case, load_knowledge, replay
from expert.questions.replay import REPORT_CAP, Differs, Made, Replay, Replayed, differences

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted([*(ROOT / "examples").glob("*.yaml"), *(ROOT / "examples").glob("*/*.yaml")])
Json = dict[str, Any]


def run(case: CaseDict | Path, engine: str = "native") -> Assessment:
    return assess(load_case(case) if isinstance(case, Path) else case, load_knowledge(), engine)


@pytest.fixture(scope="module")
def report() -> str:
    return run(ROOT / "examples" / "runner.yaml").to_json()


def verdicts(text: str, **more: Any) -> list[str]:
    return [r.verdict for r in replay(text, load_knowledge(), **more).reports]


def edited(report: str, edit: Any) -> str:
    data = json.loads(report)
    edit(data)
    return json.dumps(data, ensure_ascii=False)


# --- the same bytes -------------------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(cases())
def test_the_report_of_every_case_is_replayed_to_the_same_bytes(case: CaseDict) -> None:
    text = run(case).to_json()
    assert verdicts(text) == ["identical"]
    assert run(json.loads(text)["inputs"]["case"]).to_json() == text


_FREE = st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "Zs")), min_size=1, max_size=20).filter(str.strip)


@settings(max_examples=30)
@given(cases(least=1), st.data())
def test_what_is_left_out_of_the_carried_case_changes_no_byte_of_what_is_said(case: CaseDict, data: Any) -> None:
    """Names, the examiner, the hand and free notes: nothing reads them, so no report carries them."""
    told = json.loads(json.dumps(case))
    for entry in [e for s in ("findings", "symptoms", "history") for e in told[s]]:
        entry |= {"note": data.draw(_FREE), "onset": data.draw(_FREE), "region": data.draw(_FREE), "year": 2019}
    told |= {"visit": {"examiner": "Somebody Else"}, "notes": data.draw(_FREE)}
    told["patient"] |= {"name": "Jane Roe", "dominant_hand": "left"}
    text = run(told).to_json()
    assert text == run({**case, "patient": {**case["patient"], "dominant_hand": "right"}}).to_json()
    assert "Jane Roe" not in text
    assert "Somebody Else" not in text
    assert verdicts(text) == ["identical"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_is_replayed_to_the_same_bytes_by_the_engine_that_made_it(path: Path) -> None:
    text = run(path, "auto").to_json()
    (replayed,) = replay(text).reports
    assert replayed.verdict == "identical"
    assert replayed.here.engine == json.loads(text)["engine"]["name"]


def test_several_reports_stand_one_a_line(report: str) -> None:
    other = run(ROOT / "examples" / "healthy.yaml").to_json()
    answer = replay(f"{report}\n{other}\n\n")
    assert [(r.number, r.case_id, r.verdict) for r in answer.reports] == [(1, "runner", "identical"), (2, "healthy", "identical")]
    assert answer.same


# --- what differs ---------------------------------------------------------------------------------------------------------------------


def test_a_report_that_was_written_anew_is_told_from_one_that_was_altered(report: str) -> None:
    assert verdicts(json.dumps(json.loads(report), indent=1)) == ["rewritten"]
    assert verdicts(json.dumps(json.loads(report), sort_keys=True)) == ["rewritten"]
    assert not replay(json.dumps(json.loads(report), indent=1)).same


def test_another_engine_is_no_difference_of_the_answer(report: str) -> None:
    assert verdicts(edited(report, lambda d: d.update(engine={"name": "clips", "version": "6"}))) == ["engine"]
    assert verdicts(edited(report, lambda d: d["engine"].update(version="0.0"))) == ["engine"]
    assert replay(edited(report, lambda d: d["engine"].update(version="0.0"))).same


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (lambda d: d["hypotheses"][0].update(points=9.9), "hypotheses[0].points"),
        (lambda d: d["hypotheses"].pop(), "hypotheses"),
        (lambda d: d["hypotheses"][0].update(held=True), "hypotheses[0].held"),
        (lambda d: d["plan"].update(withheld=True), "plan.withheld"),
        (lambda d: d["referral"].update(level="routine"), "referral.level"),
        (lambda d: d["inputs"]["used"][0].update(side="right"), "inputs.used[0].side"),
        (lambda d: d["knowledge"].update(rules=1), "knowledge.rules"),
        (lambda d: d.update(signed="yes"), "signed"),
        (lambda d: d["trace"][0].pop("rule"), "trace[0].rule"),
        (lambda d: d.pop("warnings"), "warnings"),
    ],
)  # fmt: skip
def test_a_report_that_was_altered_says_where(edit: Any, where: str, report: str) -> None:
    (told,) = replay(edited(report, edit)).reports
    assert told.verdict == "altered"
    assert [d.where for d in told.differs] == [where]
    assert where in str(replay(edited(report, edit)))


def test_a_case_that_was_altered_within_its_report_shows_in_the_conclusions(report: str) -> None:
    (told,) = replay(edited(report, lambda d: d["inputs"]["case"]["findings"].pop())).reports
    assert told.verdict == "altered"
    assert told.more


def test_another_knowledge_is_named_with_what_it_changes() -> None:
    say = lambda points: small_knowledge(rules(rule("r", "{finding: dip}", f"{{muscle: puller, state: weak, points: {points}}}")))  # noqa: E731
    case = {"findings": [{"name": "dip", "side": "left"}]}
    old, new = say(4), say(2)
    text = assess(case, old, "native").to_json()
    assert replay(text, old).reports[0].verdict == "identical"
    (told,) = replay(text, new).reports
    assert told.verdict == "knowledge"
    assert told.change is not None
    (row,) = told.change.hypotheses
    assert (row.points_was, row.points_now) == (2.4, 1.2)
    assert told.report.sha256 != told.here.sha256


def test_another_knowledge_that_says_the_same_is_told_to(report: str) -> None:
    (told,) = replay(edited(report, lambda d: d["knowledge"].update(sha256="0" * 64))).reports
    assert told.verdict == "knowledge"
    assert told.change is not None
    assert told.change.nothing
    assert "The conclusions are the same." in str(replay(edited(report, lambda d: d["knowledge"].update(sha256="0" * 64))))


def test_a_case_that_this_knowledge_no_longer_understands_is_told_so() -> None:
    text = assess({"findings": [{"name": "dip", "side": "left"}]}, small_knowledge(), "native").to_json()
    (told,) = replay(text, load_knowledge()).reports
    assert told.verdict == "knowledge"
    assert any("dip" in fault for fault in told.refused)


# --- what is no report ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "this is not JSON"), ("{", "this is not JSON"), ("[]", "this is no report"), ("{}", "this is no report"),
        ('{"schema_version": 1}', "this is no report"), ('{"schema_version": 2, "hypotheses": []}', "another schema version"),
        ('{"schema_version": true, "hypotheses": []}', "another schema version"),
        ('{"schema_version": 1, "hypotheses": [], "inputs": {}}', "does not carry its case"),
        ('{"schema_version": 1, "hypotheses": NaN}', "NaN"), ('{"schema_version": 1, "schema_version": 1}', "stands here twice"),
        ("[" * 40 + "]" * 40, "levels deep"), ('{"a": 1e999}', "too large a number"), ('{"a": ' + "9" * 40 + "}", "a number this long"),
        ('{"a": "\u202e"}', "hidden character"), ("findings: []", "this is not JSON"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(CaseError, match=says):
        replay(text, load_knowledge())


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.update(hypotheses=5), lambda d: d["hypotheses"].append(None), lambda d: d["hypotheses"][0].update(points="many"),
        lambda d: d["hypotheses"][0].update(points=True), lambda d: d["hypotheses"][0].update(evidence={}),
        lambda d: d.update(plan=[]), lambda d: d.pop("plan"), lambda d: d["referral"].update(flags=[{}]),
        lambda d: d["inputs"].update(used=[[]]), lambda d: d["inputs"].update(case=[]), lambda d: d["inputs"].update(case={}),
        lambda d: d["inputs"]["case"].update(findings=[{"name": "hip drop"}]), lambda d: d.update(engine=None),
        lambda d: d["inputs"]["case"].update(findings=[{"name": "\u202e"}]), lambda d: d["knowledge"].update(sha256=1),
        lambda d: d.update(outlook=None), lambda d: d.update(predicted=[{"id": 1}]), lambda d: d["hypotheses"][0].update(points=1e300),
    ],
)  # fmt: skip
def test_a_report_out_of_shape_is_refused_and_never_looked_into(edit: Any, report: str) -> None:
    with pytest.raises(CaseError):
        replay(edited(report, edit))


def test_a_text_over_the_cap_is_refused() -> None:
    with pytest.raises(CaseError, match="larger than the cap"):
        replay(" " * (REPORT_CAP + 1), load_knowledge())
    with pytest.raises(CaseError, match="more than 1000 reports"):
        replay('{"a": 1}\n' * 1001, load_knowledge())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=8,
)  # fmt: skip


@given(st.data())
def test_a_report_with_anything_anywhere_is_read_or_refused_and_nothing_else(data: Any) -> None:
    document = json.loads(_RUNNER)
    here: Any = document
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(here[key], dict | list) or not here[key] or data.draw(st.booleans()):
            here[key] = data.draw(_JSON)
            break
        here = here[key]
    document["knowledge"] = {"version": "1", "sha256": "0", "shipped": False} if data.draw(st.booleans()) else document["knowledge"]
    try:
        answer = replay(json.dumps(document), load_knowledge())
    except CaseError:
        return
    for format in ("txt", "md", "html"):
        assert answer.report(format)


@given(_JSON, _JSON)
def test_two_values_differ_somewhere_exactly_where_they_are_not_the_same(one: Any, other: Any) -> None:
    text = json.dumps(one, sort_keys=True), json.dumps(other, sort_keys=True)
    assert bool(list(differences(one, other))) == (text[0] != text[1])
    assert not list(differences(one, json.loads(text[0])))


_RUNNER = run(ROOT / "examples" / "runner.yaml").to_json()


# --- the page -----------------------------------------------------------------------------------------------------------------------


def test_the_worked_example_of_the_page_is_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ((command, block),) = shown("replay.md")
    assert is_as_shown(command, block)


@pytest.mark.parametrize(("heading", "shape"), [("replay", Replay), ("replayed", Replayed), ("made", Made), ("differs", Differs)])
def test_every_key_of_the_answer_stands_on_the_page(heading: str, shape: Any) -> None:
    assert told_keys("replay.md", heading) == keys(shape)


# --- the doorway ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["auto", "native"])
def test_what_assess_prints_replay_takes(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made = run_here(monkeypatch, "assess", "examples/runner.yaml", "examples/desk-worker.yaml", "--json", "--engine", engine)
    told = run_here(monkeypatch, "replay", "-", stdin=made.out)
    assert (told.code, told.err) == (0, "")
    assert told.out.count("identical, byte for byte") == 2


def test_the_exit_code_tells_same_different_and_no_report(report: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    for text, code in ((report, 0), (edited(report, lambda d: d.update(signed="yes")), 1), ("{}", 3)):
        path.write_text(text, encoding="utf-8")
        assert run_here(monkeypatch, "replay", str(path)).code == code
    assert run_here(monkeypatch, "replay", str(tmp_path / "none.json")).code == 3
    data = json.loads(run_here(monkeypatch, "replay", "-", "--json", stdin=report).out)
    assert data["same"] is True
