"""Packs of cases: what they expect is what is concluded, every fault has its place, and a handout holds no answer."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from test_docs import text_of
from typer.testing import CliRunner

import expert
from expert import CaseError, check_pack, load_pack, pack_handout
from expert.cli import app
from expert.errors import UsageError
from expert.formats import PackQuestion
from expert.model import Knowledge
from expert.questions.marking import read_claim

ROOT = Path(expert.__file__).resolve().parent.parent
PACKS = sorted(p.parent for p in (ROOT / "examples" / "packs").glob("*/pack.yaml"))

HEAD = "title: T\nfor: Students\nlicence: CC0\ncases: [one]\n"
CASE = """\
title: A pelvis that drops
story: She walks past.
case:
  findings: [{name: hip drop, side: SIDE, task: walking}]
questions:
- ask: Which muscle?
  kind: hypotheses
  expect: [LINE]
  because: The standing side holds the pelvis.
"""


def pack(folder: Path, line: str = "gluteus medius:left:underactive", side: str = "right", case: str = CASE, head: str = HEAD) -> Path:
    (folder / "pack.yaml").write_text(head, encoding="utf-8")
    (folder / "one.yaml").write_text(case.replace("LINE", f'"{line}"').replace("SIDE", side), encoding="utf-8")
    return folder


def faults(folder: Path, knowledge: Knowledge) -> list[str]:
    with pytest.raises(CaseError) as refused:
        check_pack(folder, knowledge)
    return [str(f).removeprefix(f"{folder}/") for f in refused.value.faults]


# --- what comes ready -----------------------------------------------------------------------------------------------------------


def test_two_packs_come_ready_and_the_page_names_them() -> None:
    assert len(PACKS) >= 2
    assert not [p.name for p in PACKS if f"(../examples/packs/{p.name}/pack.yaml)" not in text_of("docs/packs.md")]


@pytest.mark.parametrize("folder", PACKS, ids=lambda p: p.name)
def test_every_expected_answer_of_a_ready_pack_is_what_is_concluded(folder: Path, knowledge: Knowledge) -> None:
    marking = check_pack(folder, knowledge)
    assert [f"{m.expected}: {m.found}" for m in marking.missed] == []
    assert marking.met > 10
    loaded = load_pack(folder)
    assert not [q.ask for s in loaded.sheets for q in s.shape.questions if q.kind in ("hypotheses", "pattern") and not q.sources]


@pytest.mark.parametrize("folder", PACKS, ids=lambda p: p.name)
def test_a_handout_holds_the_questions_and_no_answer(folder: Path, knowledge: Knowledge) -> None:
    loaded = load_pack(folder)
    paper, key = (" ".join(pack_handout(folder, knowledge, k).report("txt").split()) for k in (False, True))
    for question in (q for s in loaded.sheets for q in s.shape.questions):
        assert " ".join(question.ask.split()) in paper
        assert " ".join(question.ask.split()) in key
        assert " ".join(question.because.split()) in key
        assert " ".join(question.because.split()) not in paper
        if question.kind == "text":
            assert not [line for line in question.expect if line in paper]
    assert "What is concluded" in key
    assert "What is concluded" not in paper


def test_the_key_gives_the_proof_of_what_it_expects(knowledge: Knowledge) -> None:
    told = pack_handout(ROOT / "examples" / "packs" / "motion", knowledge, key=True)
    proofs = [h for q in told.cases[0].questions for h in q.proofs]
    assert {(h.muscle, h.side, h.state) for h in proofs} >= {("gluteus-medius", "left", "weak"), ("gluteus-medius", "left", "underactive")}
    assert all(h.grounds and sum(g.points for g in h.grounds) == pytest.approx(h.points) for h in proofs)


# --- claims ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "met"),
    [
        ("gluteus medius:left:underactive", True), ("gluteus medius:left:underactive possible", True),
        ("gluteus medius:left:underactive supported", False), ("gluteus medius:right:underactive", False),
        ("gluteus medius:right:underactive unmentioned", True), ("gluteus medius:left:overactive unmentioned", True), ("none", True),
        ("glute med:left:underactive suspected", True), ("hamstrings:left:shortened unmentioned", False),
    ],
)  # fmt: skip
def test_a_line_is_held_to_status_and_side(line: str, met: bool, tmp_path: Path, knowledge: Knowledge) -> None:
    marking = check_pack(pack(tmp_path, line), knowledge)
    assert marking.passed is met, marking.missed


@pytest.mark.parametrize(
    ("line", "side", "met"),
    [
        ("gluteus medius:left:underactive", "right", True), ("gluteus medius:right:underactive", "left", True),
        ("gluteus medius:left:underactive", "left", False),
    ],
)  # fmt: skip
def test_a_mirrored_case_meets_the_mirrored_line(line: str, side: str, met: bool, tmp_path: Path, knowledge: Knowledge) -> None:
    assert check_pack(pack(tmp_path, line, side), knowledge).passed is met


def test_a_missed_line_is_told_with_its_place_and_what_is_concluded(tmp_path: Path, knowledge: Knowledge) -> None:
    (missed,) = check_pack(pack(tmp_path, "gluteus medius:right:underactive supported"), knowledge).missed
    assert (missed.line, missed.question) == (8, 1)
    assert missed.where.endswith("one.yaml")
    assert missed.found == ("gluteus-medius:right:underactive unmentioned",)


@pytest.mark.parametrize(
    ("kind", "line", "met"),
    [("flag", "none", True), ("flag", "cauda-equina", False), ("pattern", "none", True), ("pattern", "lower-crossed", False)],
)
def test_flags_and_patterns_are_held_to_what_is_shown(kind: str, line: str, met: bool, tmp_path: Path, knowledge: Knowledge) -> None:
    assert check_pack(pack(tmp_path, line, case=CASE.replace("kind: hypotheses", f"kind: {kind}")), knowledge).passed is met


def test_a_choice_holds_its_right_options_and_not_its_wrong_ones(tmp_path: Path, knowledge: Knowledge) -> None:
    options = (
        "kind: choice\n  options: [{say: here, holds: 'gluteus medius:left:underactive'}, "
        "{say: there, holds: 'gluteus medius:right:underactive'}, {say: flag, holds: 'flag:cauda-equina'}]"
    )
    case = CASE.replace("kind: hypotheses", options)
    assert check_pack(pack(tmp_path, "here", case=case), knowledge).passed
    marking = check_pack(pack(tmp_path, "there", case=case), knowledge)
    assert [m.expected for m in marking.missed] == ["not gluteus medius:left:underactive", "gluteus medius:right:underactive"]


# --- faults ---------------------------------------------------------------------------------------------------------------------


def test_every_fault_of_a_pack_is_told_with_file_and_line(tmp_path: Path, knowledge: Knowledge) -> None:
    case = CASE.replace("because: The", "sources: [kendal-2013]\n  because: The")
    first, second = faults(pack(tmp_path, "gluteus mediuss:left:weak", case=case), knowledge)
    assert first == "one.yaml:8: unknown muscle 'gluteus mediuss', did you mean 'Gluteus medius'?"
    assert second.startswith("one.yaml:9: unknown source 'kendal-2013', did you mean 'kendall-2013'")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("gluteus medius:left", "write MUSCLE:SIDE:STATE"), ("gluteus medius:left:weak suported", "did you mean 'supported'"),
        ("gluteus medius:up:weak", "is no side of a muscle"), ("gluteus medius:left:lazy supported", "unknown state 'lazy"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_says_what_is_wrong(line: str, message: str, tmp_path: Path, knowledge: Knowledge) -> None:
    found = faults(pack(tmp_path, line), knowledge)
    assert len(found) == 1
    assert found[0].startswith("one.yaml:8: ")
    assert message in found[0]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (HEAD.replace("one", "oen"), "pack.yaml:4: there is no case 'oen' in this folder, did you mean 'one.yaml'?"),
        (HEAD.replace("[one]", "[one, one.yaml]"), "pack.yaml:4: the case 'one.yaml' stands here twice"),
        (HEAD.replace("licence: CC0\n", ""), "pack.yaml:1: 'licence' is missing"),
        (HEAD + "colour: red\n", "pack.yaml:5: unknown key 'colour'"),
        (HEAD.replace("[one]", "[../one]"), "pack.yaml:4: there is no case '../one' in this folder"),
    ],
)
def test_a_head_that_cannot_be_read_says_where(head: str, message: str, tmp_path: Path, knowledge: Knowledge) -> None:
    assert message in faults(pack(tmp_path, head=head), knowledge)


def test_a_fault_of_the_case_itself_has_its_line_in_the_pack(tmp_path: Path, knowledge: Knowledge) -> None:
    assert faults(pack(tmp_path, case=CASE.replace("hip drop", "hip drip drop")), knowledge)[0].startswith("one.yaml:4: ")
    assert faults(pack(tmp_path, case=CASE.replace("walking", "wlking in the rain")), knowledge)[0].startswith("one.yaml:4: ")


def test_a_missing_folder_and_a_missing_head_are_told(tmp_path: Path, knowledge: Knowledge) -> None:
    assert "there is no such folder" in faults(tmp_path / "nothing", knowledge)[0]
    assert faults(tmp_path, knowledge) == ["pack.yaml: there is no such file"]


@pytest.mark.parametrize("given", [{"kind": "choice"}, {"kind": "text", "options": ["a", "b"]}, {"kind": "choice", "options": ["a"]}])
def test_options_go_with_a_choice(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="go with `kind: choice`"):
        PackQuestion.model_validate({"ask": "?", "expect": ["a"], "because": "b", **given})


def test_an_expected_option_is_one_of_the_options(tmp_path: Path, knowledge: Knowledge) -> None:
    case = CASE.replace("kind: hypotheses", "kind: choice\n  options: [left, right]")
    assert faults(pack(tmp_path, "lefft", case=case), knowledge) == ["one.yaml:9: 'lefft' is none of the options, did you mean 'left'?"]


def test_a_claim_names_side_and_state(knowledge: Knowledge) -> None:
    with pytest.raises(UsageError, match="write MUSCLE:SIDE:STATE"):
        read_claim("gluteus medius", "hypotheses", knowledge)


# --- the command line, and the page ---------------------------------------------------------------------------------------------


def test_the_exit_code_tells_met_missed_and_unreadable(tmp_path: Path) -> None:
    def code(line: str) -> int:
        return CliRunner().invoke(app, ["pack", "check", str(pack(tmp_path, line))], standalone_mode=False).exit_code

    assert code("gluteus medius:left:underactive") == 0
    assert CliRunner().invoke(app, ["pack", "check", str(pack(tmp_path, "gluteus medius:right:weak supported"))]).exit_code == 1
    done = CliRunner().invoke(app, ["pack", "check", str(pack(tmp_path, "nothing:right:weak"))])
    assert isinstance(done.exception, CaseError)
    assert done.exception.exit_code == 3


def test_the_marking_is_data_as_well(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["pack", "check", str(pack(tmp_path, "gluteus medius:right:weak supported")), "--json"])
    told = json.loads(done.stdout)
    assert list(told) == ["title", "cases", "questions", "open", "met", "missed"]
    assert list(told["missed"][0]) == ["where", "line", "case", "question", "expected", "met", "found"]


def test_hostile_words_of_a_pack_stay_text(tmp_path: Path, knowledge: Knowledge) -> None:
    case = CASE.replace("She walks past.", '"<script>x</script> {{ 7*7 }} [a](http://b)"')
    for key in (False, True):
        told = pack_handout(pack(tmp_path, case=case), knowledge, key)
        assert "<script" not in told.report("html")
        assert "](http" not in told.report("md").replace("\\](http", "")
        assert max(map(len, told.report("txt").splitlines())) <= 80


def test_the_pack_of_the_page_can_be_written_so_and_checks(tmp_path: Path, knowledge: Knowledge) -> None:
    lines = text_of("docs/packs.md").splitlines()
    found: dict[str, list[str]] = {}
    kind = ""
    for line in lines:
        if line.strip().startswith("```"):
            kind = line.strip().removeprefix("```yaml ") if line.strip().startswith("```yaml ") else ""
        elif kind:
            found.setdefault(kind, []).append(line.removeprefix("   "))
    (tmp_path / "pack.yaml").write_text("\n".join(found["pack"]), encoding="utf-8")
    (tmp_path / "first.yaml").write_text("\n".join(found["pack-case"]), encoding="utf-8")
    marking = check_pack(tmp_path, knowledge)
    assert marking.passed, marking.missed
    assert (marking.met, marking.open) == (2, 1)


def test_the_printed_example_of_the_page_is_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    command, _, rest = text_of("docs/packs.md").partition("```text ")[2].partition("\n")
    assert CliRunner().invoke(app, command.split()).output == rest.partition("```")[0]


def test_a_copied_pack_needs_nothing_beside_it(tmp_path: Path, knowledge: Knowledge) -> None:
    shutil.copytree(ROOT / "examples" / "packs" / "motion", tmp_path / "mine")
    assert check_pack(tmp_path / "mine", knowledge).passed


def test_a_case_that_is_no_file_is_a_fault_and_nobody_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text(HEAD, encoding="utf-8")
    os.mkfifo(tmp_path / "one.yaml")
    with pytest.raises(CaseError, match="this is not a file"):
        load_pack(tmp_path)
