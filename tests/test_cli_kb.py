"""The commands about the knowledge and the batteries: what they print, and with which code they end."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from command import ROOT, Ran, run_here
from house import small_house
from ruamel.yaml import YAML
from small import rule, rules

from expert import pipeline
from expert.model import Knowledge

Run = Callable[..., Ran]

GLOSSARY = "glossary: [{id: dip-word, term: dipping, meaning: To go down.}]\n"
WHOLE = """\
muscles:
- {id: bender, name: Bender, region: hip, sources: [table], actions: [hip-flexion]}
measured_actions:
- {muscle: bender, direction: DIRECTION}
findings:
- id: slide
  name: Slide
  side_means: the side that slides
  deviation: [{direction: hip-flexion, driven_by: muscle, source: own-moment-arms}]
shares:
- {muscle: bender, direction: hip-flexion, share: 0.5}
batteries:
- id: hips
  name: Hip screen
  purpose: To see the hips.
  instruction: Stand still.
  stop: When it hurts.
  items: [{finding: dip, task: squat, instruct: Squat down.}, {finding: bow, instruct: Bow.}]
  sources: [table]
coverage:
- {id: row-1, row: 1, title: Dipping, seeds: [table], served: {rules: [SERVED], commands: [kb lint], answers: [plan]}, cases: [A dip]}
"""
CASES = """\
- name: A dip
  case: {findings: [{name: dip, side: left, seen_by: instrument}]}
  expected: {plan: none}
  source: table
- name: A bow
  case: {findings: [{name: bow, seen_by: instrument}]}
  expected: {plan: none}
  source: table
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return lambda *args: run_here(monkeypatch, *map(str, args))


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small shipped knowledge, own/ beside it, and two stored cases."""
    templates = ROOT / "reports" / "templates"
    folder = small_house(tmp_path, monkeypatch)
    copytree(templates, folder / "shipped" / "reports" / "templates")
    monkeypatch.setattr(pipeline, "_shipped", [])
    (folder / "cases").mkdir()
    (folder / "cases" / "all.yaml").write_text(CASES, encoding="utf-8")
    return folder


def own(house: Path, text: str = WHOLE, **words: str) -> Path:
    for word, put in ({"DIRECTION": "hip-flexion", "SERVED": "a-rule"} | words).items():
        text = text.replace(word, put)
    (house / "own" / "mine.yaml").write_text(text, encoding="utf-8")
    return house / "own"


# --- coverage ---------------------------------------------------------------------------------------------------------------------------


def test_coverage_without_gaps_is_a_table_and_a_zero(run: Run, house: Path) -> None:
    ran = run("kb", "coverage", "--kb", own(house), "--cases", house / "cases")
    assert (ran.code, ran.err) == (0, "")
    assert "1 of 1 rows" in ran.out
    assert re.search(r"\| 1 \| Dipping \| rules: a-rule; commands: kb lint; answers: plan \| A dip \|", ran.out)


@pytest.mark.parametrize(
    ("words", "gap"),
    [
        ({"SERVED": "b-rule"}, "there is no 'b-rule' among the rules"),
        ({"cases: [A dip]": "cases: [A dp]"}, "there is no 'A dp' among the cases"),
        ({"commands: [kb lint]": "commands: [kb lnt]"}, "there is no 'kb lnt' among the commands"),
        ({"cases: [A dip]": "cases: []"}, "no case shows it"),
        ({"served: {rules: [SERVED], commands: [kb lint], answers: [plan]}": "served: {}"}, "nothing serves it"),
    ],
)
def test_a_gap_in_the_coverage_is_told_in_its_row_and_fails(words: dict[str, str], gap: str, run: Run, house: Path) -> None:
    text = WHOLE
    for was, now in words.items():
        assert was in text
        text = text.replace(was, now)
    ran = run("kb", "coverage", "--kb", own(house, text), "--cases", house / "cases")
    assert ran.code == 1
    assert "0 of 1 rows" in ran.out
    assert gap in ran.out.replace("\\", "")


def test_where_nothing_was_asked_for_nothing_is_covered(run: Run, house: Path) -> None:
    assert run("kb", "coverage", "--cases", house / "cases").code == 1


def test_a_folder_of_cases_that_cannot_be_read_is_told(run: Run, house: Path) -> None:
    (house / "cases" / "bad.yaml").write_text("- {name: A}", encoding="utf-8")
    ran = run("kb", "coverage", "--kb", own(house), "--cases", house / "cases")
    assert (ran.code, "cases/bad.yaml" in ran.err) == (3, True)


def test_every_row_of_the_sources_is_served_and_shown(run: Run, knowledge: Knowledge) -> None:
    assert sorted(row.row for row in knowledge.kb.coverage.values()) == list(range(1, 111))
    ran = run("kb", "coverage")
    assert re.findall(r"\*\*(.*?)\*\*", ran.out) == []
    assert (ran.code, "110 of 110 rows" in ran.out) == (0, True)


# --- mechanics and anatomy --------------------------------------------------------------------------------------------------------------


def slide(state: str, because: str) -> str:
    told = rule("sliding", "{finding: slide}", f"{{muscle: bender, state: {state}, points: 2}}")
    return WHOLE + rules(told.replace("because: of sliding", f"because: {because}"))


def test_mechanics_sets_the_rod_beside_the_tables_and_tells_both(run: Run, house: Path) -> None:
    ran = run("kb", "mechanics", "--kb", own(house, slide("overactive", "it is")))
    assert (ran.code, ran.err) == (0, "")
    assert "| Bender | same | short | short | agree | sliding |" in ran.out
    assert "| Slide | 1 | 0 | 0 | 0 | 0 |" in ran.out


def test_a_contradiction_that_no_rule_explains_fails(run: Run, house: Path) -> None:
    ran = run("kb", "mechanics", "--kb", own(house, slide("lengthened", "it is")))
    assert ran.code == 1
    assert "sliding: slide holds bender (same) short, the rule says long" in ran.err
    assert "contradict" in ran.out


def test_a_contradiction_that_is_explained_is_told_with_its_reason(run: Run, house: Path) -> None:
    ran = run("kb", "mechanics", "--kb", own(house, slide("lengthened", "Mechanically short but tired")))
    assert (ran.code, ran.err) == (0, "")
    assert "sliding: Mechanically short but tired" in ran.out


def test_anatomy_tells_how_much_of_the_textbook_was_measured_so(run: Run, house: Path) -> None:
    ran = run("kb", "anatomy", "--kb", own(house))
    assert (ran.code, ran.err) == (0, "")
    assert "1 of 1 (100.0 %) agree" in ran.out


def test_a_difference_without_a_reason_fails_and_so_does_too_little_agreement(run: Run, house: Path) -> None:
    ran = run("kb", "anatomy", "--kb", own(house, DIRECTION="hip-extension"))
    assert ran.code == 1
    assert "bender: taught hip-flexion, measured hip-extension, and no reason is given" in ran.err
    reason = WHOLE.replace("actions: [hip-flexion]}", "actions: [hip-flexion], differs: [{direction: hip-flexion, because: of bones}]}")
    ran = run("kb", "anatomy", "--kb", own(house, reason, DIRECTION="hip-extension"))
    assert (ran.code, ran.err) == (1, "")  # 0 of 1 is below 97 %
    assert "of bones" in ran.out


def test_where_nothing_was_measured_nothing_agrees(run: Run, house: Path) -> None:
    assert run("kb", "anatomy").code == 1


@pytest.mark.parametrize("command", ["mechanics", "anatomy"])
def test_what_is_shipped_passes_its_own_pages(command: str, run: Run) -> None:
    ran = run("kb", command)
    assert (ran.code, ran.err) == (0, "")


# --- glossary, sources, version ---------------------------------------------------------------------------------------------------------


def test_the_glossary_explains_each_term_once_in_order(run: Run, knowledge: Knowledge) -> None:
    ran = run("kb", "glossary")
    terms = re.findall(r"^- \*\*(.+?)\*\*: .", ran.out.replace("\\", ""), flags=re.MULTILINE)
    assert ran.code == 0
    assert terms == sorted((g.term for g in knowledge.kb.glossary.values()), key=str.lower)
    assert len(terms) > 20


def test_a_term_of_ones_own_stands_in_the_glossary(run: Run, house: Path) -> None:
    assert "**dipping**: To go down." in run("kb", "glossary", "--kb", own(house, GLOSSARY)).out


def test_sources_are_listed_with_how_much_was_read(run: Run, knowledge: Knowledge) -> None:
    ran = run("kb", "sources")
    assert ran.code == 0
    listed = re.findall(r"^- \*\*(\S+?)\*\*: ", ran.out.replace("\\", ""), flags=re.MULTILINE)
    assert listed == sorted(knowledge.kb.sources)
    assert ran.out.count("read: ") == len(listed)


def test_sources_as_bibtex_are_one_entry_each(run: Run, knowledge: Knowledge) -> None:
    ran = run("kb", "sources", "--format", "bibtex")
    assert ran.code == 0
    assert sorted(re.findall(r"^@\w+\{([^,]+),", ran.out, flags=re.MULTILINE)) == sorted(knowledge.kb.sources)


def test_a_format_that_there_is_not_is_a_mistake_of_usage(run: Run) -> None:
    assert run("kb", "sources", "--format", "ris").code == 2


def test_the_version_tells_hash_counts_and_changes(run: Run, house: Path, knowledge: Knowledge) -> None:
    ran = run("kb", "version")
    assert ran.code == 0
    assert re.search(r"version 1, sha256 [0-9a-f]{64}\n", ran.out)
    assert "3 muscles" in ran.out
    assert "not as shipped" not in ran.out
    changes = 'about: {version: "2", title: t, intended_use: u, not_for: n, changes: [{version: "2", date: "2026-11-01", what: More}]}\n'
    ran = run("kb", "version", "--kb", own(house, changes))
    assert re.search(r"version 2, sha256 [0-9a-f]{64}, not as shipped", ran.out)
    assert "- 2 (2026-11-01): More" in ran.out.replace("\\", "")


def test_the_shipped_change_log_begins_with_the_shipped_version(knowledge: Knowledge) -> None:
    about = knowledge.kb.about
    assert about.changes
    assert about.changes[0].version == about.version


# --- what a change changes --------------------------------------------------------------------------------------------------------------


def other(house: Path, text: str) -> Path:
    """Another whole knowledge: the shipped one with one rule file instead of its own."""
    folder = house / "older"
    for name in ("kb", "rules"):
        (folder / name).mkdir(parents=True)
    for file in (house / "shipped" / "kb").rglob("*.y*ml"):
        (folder / "kb" / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "rules" / "r.yaml").write_text(text, encoding="utf-8")
    return folder


def test_diff_names_exactly_the_cases_whose_answer_changes(run: Run, house: Path) -> None:
    older = other(house, rules(rule("a-rule", "{finding: dip}", "{muscle: puller, state: strong, points: 2}")))
    ran = run("kb", "diff", older, "--cases", house / "cases")
    assert ran.code == 0
    assert ran.out.splitlines() == ["A dip", "    puller left strength: strong, possible (+2.0) -> weak, possible (+2.0)"]
    assert "1 of 2 cases change their answer" in ran.err


def test_diff_can_be_told_both_versions(run: Run, house: Path) -> None:
    older = other(house, rules(rule("a-rule", "{finding: dip}", "{muscle: puller, state: strong, points: 2}")))
    ran = run("kb", "diff", house / "shipped", older, "--cases", house / "cases")
    assert "weak, possible (+2.0) -> strong, possible (+2.0)" in ran.out


def test_diff_of_the_same_knowledge_tells_no_case(run: Run, house: Path) -> None:
    ran = run("kb", "diff", house / "shipped", "--cases", house / "cases")
    assert (ran.code, ran.out) == (0, "")
    assert "0 of 2 cases change their answer" in ran.err


def test_diff_with_a_folder_that_is_no_knowledge_is_told(run: Run, house: Path) -> None:
    ran = run("kb", "diff", house / "own", "--cases", house / "cases")
    assert ran.code == 3
    assert "there is no such folder" in ran.err


# --- batteries --------------------------------------------------------------------------------------------------------------------------


def test_the_shipped_batteries_are_listed_with_how_much_they_ask(run: Run, knowledge: Knowledge) -> None:
    ran = run("battery", "list")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == list(knowledge.kb.batteries)
    for line in ran.out.splitlines():
        assert int(line.split()[1]) == len(knowledge.kb.batteries[line.split()[0]].items)
    wanted = {"overhead-squat", "single-leg-squat", "gait", "reach", "hip-screen", "shoulder-screen", "neck-screen"}
    assert wanted | {"posture-front", "posture-side", "posture-back"} <= set(knowledge.kb.batteries)


def test_a_battery_is_shown_with_what_to_say_and_when_to_stop(run: Run, house: Path) -> None:
    ran = run("battery", "show", "hip screen", "--kb", own(house))
    assert ran.code == 0
    for words in ("# Hip screen", "To see the hips.", "**Stop:** When it hurts.", "**Dip** (Squat): Squat down.", "**Bow**"):
        assert words in ran.out.replace("\\", "")


def test_a_battery_as_a_form_has_boxes_for_each_side(run: Run, house: Path) -> None:
    text = run("battery", "form", "hips", "--kb", own(house)).out.replace("\\", "")
    dip, bow = text.split("1. **Dip**")[1].split("2. **Bow**")
    assert dip.count("[ ]") == 6  # there, not there, not judged; left and right
    assert bow.count("[ ]") == 3


def test_a_battery_as_a_case_can_be_assessed_as_it_is(run: Run, house: Path) -> None:
    file = house / "case.yaml"
    ran = run("battery", "form", "hips", "--format", "yaml", "-o", file, "--kb", own(house))
    assert ran.code == 0
    case: Any = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    assert [f["present"] for f in case["findings"]] == ["unknown"] * 3
    assert run("validate", file, "--kb", own(house)).code == 0


@pytest.mark.parametrize("command", ["show", "form"])
def test_a_battery_that_there_is_not_is_told_with_those_that_there_are(command: str, run: Run, house: Path) -> None:
    ran = run("battery", command, "knees", "--kb", own(house))
    assert (ran.code, ran.out) == (1, "")
    assert "no battery is called 'knees'" in ran.err
    assert "there are: hips" in ran.err


# --- measured values on the command line ------------------------------------------------------------------------------------------------


def test_measured_values_are_entered_quickly_and_judged(run: Run) -> None:
    ran = run("assess", "-m", "hip abduction strength:left:90 N", "-m", "hip abduction strength:right:181 N", "--format", "json")
    assert ran.code == 0
    assert '"finding": "hip-abduction-weak"' in ran.out
    assert '"verdict": "present"' in ran.out
    assert '"values": "left 90 N, right 181 N"' in ran.out


def test_a_measured_value_without_a_unit_is_a_mistake_that_is_told(run: Run) -> None:
    ran = run("assess", "-m", "hip abduction strength:left:90")
    assert ran.code == 3
    assert "'90' has no unit" in ran.err
