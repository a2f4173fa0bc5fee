"""Bad input, the whole way through the command: a clear error with file and line, exit 3, no traceback, nothing on stdout."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command import Ran, run_here, start

from expert import CaseError, assess, case_from_text, load_case
from expert.model import Knowledge

DEEP = "[" * 31 + "]" * 31

# (the file, the line at fault, what the message says)
YAML_CASES: dict[str, tuple[str, int, str]] = {
    "an unknown finding": ("findings:\n- {name: hip dorp test, side: left}", 2, "did you mean"),
    "an unknown task": ("findings:\n- {name: hip drop, side: left,\n   task: swiming}", 3, "unknown task 'swiming'"),
    "a task the finding is not recorded in": ("findings:\n- {name: hip drop, side: left, task: sitting}", 2, "it is in: walking, running"),
    "an unknown key": ("findings: []\nfinding: []", 2, "unknown key 'finding', did you mean 'findings'?"),
    "an unknown key in a finding": ("findings:\n- name: hip drop\n  sied: left", 3, "did you mean 'side'"),
    "an unknown key in the patient": ("findings: []\npatient: {agee: 3}", 2, "did you mean 'age'"),
    "a key that stands twice": ("findings: []\ncase_id: a\ncase_id: b", 3, "stands here twice"),
    "findings that are no list": ("findings: hip drop", 1, "findings"),
    "a finding that is a number": ("findings:\n- 7", 2, "findings[0]"),
    "a finding that is nothing": ("findings:\n-", 2, "findings[0]"),
    "a finding without a name": ("findings:\n- {side: left}", 2, "'name' is missing"),
    "a side in capitals": ("findings:\n- {name: hip drop, side: LEFT}", 2, "'left'"),
    "a quoted false": ('findings:\n- {name: hip drop, side: left, present: "false"}', 2, "without quotation marks"),
    "a no that is a word": ("findings:\n- {name: hip drop, side: left, present: no}", 2, "present is true, false or unknown"),
    "a present that is a number": ("findings:\n- {name: hip drop, side: left, present: 1}", 2, "present is true, false or unknown"),
    "a severity above one": ("findings:\n- {name: hip drop, side: left, severity: 1.1}", 2, "severity"),
    "a severity that is true": ("findings:\n- {name: hip drop, side: left, severity: true}", 2, "severity"),
    "a severity that is a quoted number": ('findings:\n- {name: hip drop, side: left, severity: "0.5"}', 2, "severity"),
    "a severity that is no number": ("findings:\n- {name: hip drop, side: left, severity: .nan}", 2, ".nan"),
    "a pain without end": ("findings:\n- {name: hip drop, side: left, pain: .inf}", 2, ".inf"),
    "a pain too large to write": ("findings:\n- {name: hip drop, side: left, pain: 1e400}", 2, "too large"),
    "a pain of eleven": ("findings:\n- {name: hip drop, side: left, pain: 11}", 2, "10"),
    "a number of a hundred digits": ("findings: []\npatient: {age: " + "9" * 100 + "}", 2, "long"),
    "an age that is text": ('findings: []\npatient: {age: "34"}', 2, "age"),
    "an age with a fraction": ("findings: []\npatient: {age: 34.5}", 2, "age"),
    "a yes for pregnancy": ("findings: []\npatient: {pregnancy: yes}", 2, "pregnancy"),
    "a name that is a number": ("findings: []\npatient: {name: 7}", 2, "name"),
    "conditions that are one word": ("findings: []\npatient: {conditions: osteoporosis}", 2, "conditions"),
    "a day that the calendar has not": ("findings: []\nvisit: {date: 2026-02-30}", 2, "date"),
    "a year zero": ("findings: []\nsurgery: [{name: hip replacement, date: 0000}]", 2, "date"),
    "another schema version": ("schema_version: 2\nfindings: []", 1, "schema_version"),
    "a schema version that is true": ("schema_version: true\nfindings: []", 1, "schema_version"),
    "both present and absent": (
        "findings:\n- {name: hip drop, side: left}\n- {name: pelvic drop, side: left, present: false}", 3,
        "both present and absent (line 2)",
    ),
    "a side that is missing": ("findings:\n- {name: hip drop}", 2, "which side? Say left, right or bilateral (The side of the pelvis that"),
    "a side that it does not take": ("findings:\n- {name: hip drop, side: midline}", 2, "does not take the side 'midline'"),
    "a drop on the side of the stance leg": (
        "findings:\n- {name: hip drop, side: left, task: single-leg squat,\n   stance: left}", 3, "the right leg stands",
    ),
    "a drop on the side of the leg of the task": (
        "findings:\n- {name: hip drop, side: left, task: left single-leg squat}", 2, "the right leg stands",
    ),
    "two sides for one finding": ("findings:\n- {name: left hip drop, side: right}", 2, "says left, its side says right"),
    "an anchor": ("findings: &a []", 1, "anchor"),
    "an alias": ("findings: []\nsymptoms: *a", 2, "alias"),
    "a tag": ("findings: !!python/object/apply:os.system [id]", 1, "tag"),
    "a merge key": ("findings: []\n<<: {notes: x}", 2, "merge"),
    "a second document": ("findings: []\n---\nfindings: []", 2, "second document"),
    "31 levels": (f"findings: []\nnotes: {DEEP}", 2, "30 levels"),
    "an escape code": ("findings: []\nnotes: \x1b[2J", 2, "U+001B"),
    "an escape code that is written out": ('findings: []\nnotes: "\\e[2J"', 2, "U+001B"),
    "a bell in a name": ('findings:\n- {name: "hip\\a drop", side: left}', 2, "U+0007"),
    "text that runs the other way": ("findings: []\nnotes: a\u202eb", 2, "U+202E"),
    "an isolate": ("findings: []\nnotes: a\u2067b", 2, "U+2067"),
    "a character without width": ("findings:\n- {name: hip\u200bdrop, side: left}", 2, "U+200B"),
    "an id that is a path": ("findings: []\ncase_id: ../../etc/passwd", 2, "case_id"),
    "an id that is a hidden file": ("findings: []\ncase_id: .bashrc", 2, "case_id"),
    "an id with a slash": ("findings: []\ncase_id: a/b", 2, "case_id"),
    "an id with an end of line": ('findings: []\ncase_id: "a\\n"', 2, "case_id"),
    "an empty id": ('findings: []\ncase_id: ""', 2, "case_id"),
    "a long id": ("findings: []\ncase_id: " + "a" * 65, 2, "case_id"),
    "no YAML": ("findings: [\nnotes: }", 2, "not YAML"),
    "a list": ("- findings", 1, "a map"),
    "a word": ("findings", 1, "a map"),
}  # fmt: skip

JSON_CASES: dict[str, tuple[str, int, str]] = {
    "no JSON": ('{"findings": []\n,}', 2, "not JSON"),
    "a key that stands twice in JSON": ('{"findings": [],\n"findings": []}', 2, "twice"),
    "NaN in JSON": ('{"findings": [{"name": "hip drop", "side": "left",\n"severity": NaN}]}', 2, "NaN"),
    "infinity in JSON": ('{"findings": [{"name": "hip drop", "side": "left",\n"pain": Infinity}]}', 2, "Infinity"),
    "a quoted false in JSON": ('{"findings": [{"name": "hip drop", "side": "left",\n"present": "false"}]}', 2, "present"),
    "a lone surrogate": ('{"findings": [],\n"notes": "\\ud800"}', 2, "U+D800"),
    "a bidi control in JSON": ('{"findings": [],\n"notes": "\\u202e"}', 2, "U+202E"),
    "31 levels of JSON": ('{"findings": [],\n"notes": ' + DEEP + "}", 2, "30 levels"),
    "a huge number in JSON": ('{"findings": [{"name": "hip drop", "side": "left",\n"year": ' + "9" * 5000 + "}]}", 2, "long"),
    "a wrong type in JSON": ('{"findings": [],\n"patient": {"age": "34"}}', 2, "age"),
    "text after the end": ('{"findings": []}\n{"findings": []}', 2, "not JSON"),
}
ALL = {**YAML_CASES, **JSON_CASES}


def is_clear(ran: Ran, where: str) -> None:
    """Exit 3, nothing on stdout, every line a message that names its place, no traceback."""
    assert ran.code == 3, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    lines = ran.err.splitlines()
    assert lines
    assert all(line.startswith(f"myologic: {where}") or line.startswith("myologic: and ") for line in lines), lines
    assert ran.err.isascii() or all(c.isprintable() or c == "\n" for c in ran.err)


@pytest.mark.parametrize("name", ALL)
def test_bad_input_is_told_with_file_and_line_and_exit_code_3(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, line, says = ALL[name]
    file = tmp_path / "case.yaml"
    file.write_bytes(text.encode("utf-8"))
    for command in ("assess", "validate"):
        ran = run_here(monkeypatch, command, str(file))
        is_clear(ran, f"{file}:{line}: ")
        assert says in ran.err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"), (b"# a remark\n", "empty"), (b"\xff\xfe\x00", "UTF-8"), (b"a" * (129 * 1024), "128 kB"),
        (b"{" + b" " * (1 << 20), "1024 kB"),
    ],
    ids=["empty", "remark", "no text", "large", "large JSON"],
)  # fmt: skip
def test_a_file_that_is_no_text_of_a_case_is_told_as_that(
    content: bytes, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "case.yaml"
    file.write_bytes(content)
    ran = run_here(monkeypatch, "assess", str(file))
    is_clear(ran, str(file))
    assert says in ran.err
    piped = run_here(monkeypatch, "assess", "-", stdin=content)
    is_clear(piped, "-")
    assert says in piped.err


def test_a_file_that_is_missing_and_a_folder_are_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, says in ((tmp_path / "gone.yaml", "no such file"), (tmp_path, "not a file")):
        ran = run_here(monkeypatch, "assess", str(path))
        is_clear(ran, str(path))
        assert says in ran.err


def test_all_faults_of_a_case_come_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(
        "findings:\n- {name: hip drop}\n- {name: zzgrblk, side: left}\n- {name: hip drop, side: left, task: sitting}\n", encoding="utf-8"
    )
    ran = run_here(monkeypatch, "assess", str(file))
    assert re.findall(r"case.yaml:(\d+):", ran.err) == ["2", "3", "4"]


def test_all_faults_of_several_cases_come_at_once_and_no_case_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, one, two = tmp_path / "good.yaml", tmp_path / "one.yaml", tmp_path / "two.yaml"
    good.write_text("findings: []", encoding="utf-8")
    one.write_text("findings: 3", encoding="utf-8")
    two.write_text("finding: []", encoding="utf-8")
    ran = run_here(monkeypatch, "assess", "--json", str(good), str(one), str(two))
    is_clear(ran, str(tmp_path))
    assert "one.yaml:1" in ran.err
    assert "two.yaml:1" in ran.err


def test_a_hundred_faults_are_cut_to_a_page_that_says_how_many_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "case.yaml"
    file.write_text("findings:\n" + "- {name: hip drop}\n" * 100, encoding="utf-8")
    ran = run_here(monkeypatch, "assess", str(file))
    is_clear(ran, str(file))
    assert len(ran.err.splitlines()) == 21
    assert "80 more" in ran.err


def test_a_process_tells_bad_input_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text('findings:\n- {name: hip drop, side: right, present: "false"}\n', encoding="utf-8")
    ran = start("assess", str(file))
    assert (ran.returncode, ran.stdout) == (3, b"")
    assert f"{file}:2:".encode() in ran.stderr
    assert b"Traceback" not in ran.stderr
    piped = start("assess", "-", stdin=b"findings:\n- hip dorp\n")
    assert (piped.returncode, piped.stdout) == (3, b"")
    assert b"-:2:" in piped.stderr


def test_the_python_face_raises_one_kind_of_error_for_all_of_it(knowledge: Knowledge) -> None:
    for name, (text, line, _) in ALL.items():
        with pytest.raises(CaseError) as caught:
            assess(case_from_text(text, "f"), knowledge)
        assert (caught.value.faults[0].where, caught.value.faults[0].line) == ("f", line), name


def test_the_same_finding_present_and_absent_in_two_tasks_is_information(knowledge: Knowledge) -> None:
    text = "findings:\n- {name: hip drop, side: left, task: running}\n- {name: hip drop, side: left, task: walking, present: false}"
    assert [i.present for i in assess(case_from_text(text), knowledge).result.stated.items] == [True, False]


HOSTILE = "<script>alert(1)</script>{{7*7}}{% raw %}"


@pytest.mark.parametrize("format", ["txt", "md", "html", "json"])
def test_text_of_a_case_is_escaped_in_every_format(format: str, knowledge: Knowledge) -> None:
    text = json.dumps(
        {
            "patient": {"name": HOSTILE, "conditions": [HOSTILE], "medicines": [HOSTILE]},
            "findings": [{"name": "Hip Drop", "side": "right", "task": "running", "note": HOSTILE}],
            "surgery": [{"name": HOSTILE, "side": "left", "date": "2026-10", "restrictions": [HOSTILE]}],
            "measurements": [{"name": HOSTILE, "value": 1, "unit": HOSTILE}],
            "visit": {"date": "2026-11-21", "examiner": HOSTILE},
            "notes": HOSTILE,
        }
    )
    report = assess(case_from_text(text), knowledge).report(format)
    if format == "json":
        assert any(HOSTILE in u["because"] for u in json.loads(report)["unused"])
        return
    packed = "".join(report.split())
    written = {"txt": "{{7*7}}", "md": r"\{\{7\*7\}\}", "html": "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}"}[format]
    assert written in packed
    assert format == "txt" or "<script>alert" not in report


def test_the_largest_case_allowed_is_answered(knowledge: Knowledge) -> None:
    kb = knowledge.kb
    names = [f.id for f in kb.findings.values() if kb.kinds[f.id] == "finding" and "bilateral" in f.sides]
    data = {"findings": [{"name": n, "side": "bilateral", "note": "x" * 500} for n in names]}
    assert assess(data, knowledge).result.stated.items
    with pytest.raises(CaseError, match="500"):
        assess({"findings": [{"name": "hip drop", "side": "left"}] * 501}, knowledge)


def test_a_case_is_read_within_its_memory_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text("findings:\n" + "# remark\n" * 5000 + "- {name: hip drop, sied: left}\n", encoding="utf-8")
    with pytest.raises(CaseError, match=r"case\.yaml:5002: unknown key 'sied'"):
        load_case(file)
