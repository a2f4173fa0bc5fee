"""The command: stdout is data, stderr is messages, exit codes mean what they say, files are written whole or not at all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import ROOT, Ran, environment, run_here, start
from house import RULE, small_house
from small import rules

from expert import assess, case_from_quick, load_case
from expert.formats import CaseFile, KnowledgeFile
from expert.inference import experta_door
from expert.model import Knowledge

RUNNER, RED = ROOT / "examples" / "runner.yaml", ROOT / "examples" / "red-flag.yaml"
QUICK = ("assess", "-f", "hip drop:right:running", "-x", "knee valgus:right", "-u", "ankle dorsiflexion limited:right")
COMMANDS = (("assess",), ("validate",), ("search",), ("why",), ("trace",), ("kb", "lint"), ("kb", "schema"), ("kb", "show"))
TITLE = "\x1b]0;gotcha\x07"  # changes the title of a terminal window


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, knowledge: Knowledge) -> Any:
    """Runs the command in this process; what is shipped is read already."""
    return lambda *args, stdin="": run_here(monkeypatch, *map(str, args), stdin=stdin)


def good(ran: Ran) -> Ran:
    assert ran.code == 0, ran
    assert ran.out
    return ran


def bad(ran: Ran, code: int) -> str:
    """The messages of a command that failed as it should: nothing on stdout, no traceback."""
    assert ran.code == code, ran
    assert ran.out == ""
    assert ran.err
    assert "Traceback" not in ran.err
    return ran.err


def is_printable(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


# --- assess ------------------------------------------------------------


def test_a_report_is_told_in_text_by_default_and_stderr_stays_empty(run: Any) -> None:
    ran = good(run("assess", RUNNER))
    assert ran.err == ""
    assert "Gluteus medius" in ran.out
    assert ran.out.endswith("\n")
    assert is_printable(ran.out)


@pytest.mark.parametrize(("format", "sign"), [("md", "# "), ("html", "<!doctype html"), ("json", '{"schema_version"')])
def test_a_report_is_told_in_the_format_asked_for(format: str, sign: str, run: Any) -> None:
    assert sign in good(run("assess", RUNNER, "--format", format)).out.lower()


def test_json_is_what_the_python_face_gives(run: Any, knowledge: Knowledge) -> None:
    wanted = assess(load_case(RUNNER), knowledge).to_json() + "\n"
    assert good(run("assess", "--json", RUNNER)).out == wanted
    assert good(run("assess", "--format", "json", RUNNER)).out == wanted


def test_a_case_may_come_by_a_pipe(run: Any) -> None:
    piped = good(run("assess", "--json", "-", stdin=RUNNER.read_text(encoding="utf-8")))
    assert piped.out == good(run("assess", "--json", RUNNER)).out


def test_several_cases_give_one_line_of_json_each_in_their_order(run: Any) -> None:
    lines = good(run("assess", "--json", RED, RUNNER, "-f", "hip drop:left:running")).out.splitlines()
    assert [json.loads(line)["case_id"] for line in lines] == ["red-flag", "runner", "quick"]


def test_several_cases_do_not_fit_into_one_html_report(run: Any) -> None:
    assert "one case" in bad(run("assess", RED, RUNNER, "--format", "html"), 2)


def test_findings_may_be_given_without_a_file(run: Any, knowledge: Knowledge) -> None:
    case = case_from_quick(["hip drop:right:running"], ["knee valgus:right"], ["ankle dorsiflexion limited:right"])
    ran = good(run(*QUICK, "--json"))
    assert ran.out == assess(case, knowledge).to_json() + "\n"
    answer = json.loads(ran.out)
    assert {(i["key"], i["present"]) for i in answer["inputs"]["used"]} == {("hip-drop:right:running", True), ("knee-valgus:right", False)}
    assert "dorsiflexion-limited:right" in {m["what"] for m in answer["inputs"]["missing"]}
    assert ("gluteus-medius", "left") in {(h["muscle"], h["side"]) for h in answer["hypotheses"]}


def test_top_cuts_what_is_listed(run: Any) -> None:
    assert len(good(run("assess", RUNNER, "--top", 1)).out) < len(good(run("assess", RUNNER, "--top", 50)).out)


@pytest.mark.parametrize("engine", ["native", *(["experta"] if experta_door.installed() else [])])
def test_the_engine_asked_for_is_the_one_that_reasons(engine: str, run: Any) -> None:
    assert json.loads(good(run("assess", "--json", RUNNER, "--engine", engine)).out)["engine"]["name"] == engine


def test_an_engine_that_is_not_installed_is_a_failure_that_says_how_to_get_it(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experta_door, "installed", lambda: False)
    monkeypatch.setattr(experta_door, "_loaded", [])
    assert "pip install 'myologic[experta]'" in bad(run("assess", RUNNER, "--engine", "experta"), 1)
    assert json.loads(good(run("assess", "--json", RUNNER)).out)["engine"]["name"] == "native"


def test_a_red_flag_fails_the_command_only_where_that_is_asked_for(run: Any) -> None:
    assert run("assess", RED).code == 0
    ran = run("assess", RED, "--fail-on-red-flag", "--json")
    assert ran.code == 4
    assert json.loads(ran.out)["referral"]["flags"]
    assert run("assess", RUNNER, RED, "--fail-on-red-flag").code == 4
    assert run("assess", ROOT / "examples" / "healthy.yaml", "--fail-on-red-flag").code == 0


# --- files that are written ------------------------------------------------------------


def test_a_report_is_written_to_the_file_asked_for_and_stdout_stays_empty(run: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    ran = run("assess", "--json", RUNNER, "-o", target)
    assert (ran.code, ran.out, ran.err) == (0, "", f"wrote {target}\n")
    assert target.read_text(encoding="utf-8") == good(run("assess", "--json", RUNNER)).out
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_written_may_be_read_by_those_who_may_read_files_here(run: Any, tmp_path: Path) -> None:
    run("assess", RUNNER, "-o", tmp_path / "out.txt")
    (tmp_path / "plain").write_text("", encoding="utf-8")
    assert stat.S_IMODE((tmp_path / "out.txt").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_an_older_report_is_replaced(run: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.html"
    target.write_text("old " * 100_000, encoding="utf-8")
    assert run("assess", RUNNER, "--format", "html", "-o", target).code == 0
    assert "old old" not in target.read_text(encoding="utf-8")


def test_a_report_in_a_file_has_no_colour(run: Any, tmp_path: Path) -> None:
    run("assess", RUNNER, "-o", tmp_path / "out.txt")
    assert "\x1b" not in (tmp_path / "out.txt").read_text(encoding="utf-8")


def test_a_target_that_cannot_be_written_is_a_failure_that_names_it(run: Any, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    for target in (tmp_path / "gone" / "out.txt", tmp_path / "folder", tmp_path / "file" / "out.txt"):
        assert f"{target}: cannot be written" in bad(run("assess", RUNNER, "-o", target), 1)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "folder"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_where_writing_fails_half_way_the_older_file_stays_and_nothing_is_left(
    failing: str, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.txt"
    target.write_text("kept", encoding="utf-8")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    assert "No space left on device" in bad(run("assess", RUNNER, "-o", target), 1)
    assert target.read_text(encoding="utf-8") == "kept"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_is_replaced_and_what_it_points_to_stays(run: Any, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("kept", encoding="utf-8")
    (tmp_path / "out.txt").symlink_to(tmp_path / "elsewhere")
    assert run("assess", RUNNER, "-o", tmp_path / "out.txt").code == 0
    assert (tmp_path / "elsewhere").read_text(encoding="utf-8") == "kept"
    assert "Gluteus medius" in (tmp_path / "out.txt").read_text(encoding="utf-8")


def test_a_case_that_is_wrong_writes_nothing(run: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    bad(run("assess", "-f", "hip drop", "-o", target), 3)
    bad(run("assess", RUNNER, RED, "--format", "html", "-o", target), 2)
    assert list(tmp_path.iterdir()) == []


# --- usage ------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        ("assess",),
        ("validate",),
        ("assess", str(RUNNER), "--engine", "clips"),
        ("assess", str(RUNNER), "--format", "pdf"),
        ("assess", str(RUNNER), "--top", "0"),
        ("assess", str(RUNNER), "--top", "many"),
        ("assess", str(RUNNER), "--no-such-option"),
        ("why",),
        ("why", str(RUNNER), "gluteus medius:left:weak:now"),
        ("why-not", str(RUNNER)),
        ("why-not", str(RUNNER), "flag:cauda-equina"),
        ("why-not", str(RUNNER), "gluteus medius:left", "--top", "0"),
        ("search",),
        ("diagnose", str(RUNNER)),
        ("kb", "schema", "rule"),
        ("kb", "show"),
        (),
    ],
    ids=" ".join,
)
def test_a_command_that_is_written_wrongly_is_exit_code_2(args: tuple[str, ...], run: Any) -> None:
    bad(run(*args), 2)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_has_an_example(command: tuple[str, ...], run: Any) -> None:
    told = good(run(*command, "--help")).out
    assert f"myologic {' '.join(command)}" in told.split("Usage:")[1].split("\n", 1)[1]


def test_the_help_names_every_command(run: Any) -> None:
    told = good(run("--help")).out + good(run("kb", "--help")).out
    assert all(command[-1] in told for command in COMMANDS)


# --- the other commands ------------------------------------------------------------


def test_validate_says_of_each_case_that_it_is_valid_and_tells_warnings_apart(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("findings:\n- {name: hipp drop, side: left}\n", encoding="utf-8")
    ran = good(run("validate", RUNNER, file))
    assert [line.split(": ")[0] for line in ran.out.splitlines()] == [str(RUNNER), str(file)]
    assert ran.err == f"{file}: 'hipp drop' was read as hip-drop\n"


def test_validate_tells_every_fault_of_every_case(run: Any, tmp_path: Path) -> None:
    for name, text in (("a", "findings: [hip drop]"), ("b", "findings: []\nx: 1"), ("c", "findings: []")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    told = bad(run("validate", tmp_path / "a", tmp_path / "c"), 3) + bad(run("validate", tmp_path / "b"), 3)
    assert f"{tmp_path / 'a'}:1: hip-drop: which side?" in told
    assert f"{tmp_path / 'b'}:2: unknown key 'x'" in told


@pytest.mark.parametrize(
    ("words", "first"),
    [("TFL", "tensor-fasciae-latae"), ("QL", "quadratus-lumborum"), ("knees cave", "knee-valgus"), ("kness cave", "knee-valgus"),
     ("upper traps", "upper-trapezius"), ("jogging", "running")],
)  # fmt: skip
def test_search_puts_what_the_words_name_first(words: str, first: str, run: Any) -> None:
    assert good(run("search", *words.split())).out.splitlines()[0].split()[1] == first


def test_search_that_finds_nothing_is_a_failure(run: Any) -> None:
    assert "'zzqqj'" in bad(run("search", "zzqqj"), 1)


def test_why_ends_in_what_the_case_states(run: Any) -> None:
    ran = good(run("why", RUNNER, "glute med:left"))
    assert "Gluteus medius, left: underactive\nSupported" in ran.out
    assert "[hip-drop:right:running]" in ran.out
    assert "[hip-drop:right:running]" not in good(run("why", RUNNER, "pectoralis minor:left:shortened")).out


def test_why_asked_of_nothing_tells_of_the_first_hypothesis(run: Any) -> None:
    first = assess(load_case(RUNNER)).hypotheses[0]
    assert good(run("why", RUNNER)).out == good(run("why", RUNNER, first.about.key)).out
    assert "nothing is suspected" in bad(run("why", "-", stdin="findings: []\n"), 2)


def test_why_not_says_what_would_be_needed(run: Any) -> None:
    assert "not asked" in good(run("why", RUNNER, "QL:right:shortened")).out
    told = good(run("why-not", RUNNER, "gluteus medius:right:underactive", "--top", "1")).out
    assert "seen on the right, this needs the left" in " ".join(told.split())
    assert json.loads(good(run("why-not", RUNNER, "gluteus medius:right:underactive", "--json")).out)["states"]


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ("gluteus medeous maxi:left", "unknown muscle"), ("gluteus medius:up", "say left or right"),
        ("gluteus medius:left:tight", "overactive"),
    ],
)
def test_why_about_something_that_is_not_there_is_told(about: str, says: str, run: Any) -> None:
    assert says in bad(run("why", RUNNER, about), 2)


def test_trace_shows_the_rules_that_fired(run: Any) -> None:
    told = good(run("trace", RUNNER)).out
    assert "[hip-drop.stance-abductors] because of Hip (pelvic) drop (right, running)" in " ".join(told.split())


def test_kb_lint_is_quiet_about_what_is_shipped_and_counts_it_on_stderr(run: Any) -> None:
    ran = run("kb", "lint")
    assert (ran.code, ran.out) == (0, "")
    assert "0 issues" in ran.err


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return small_house(tmp_path, monkeypatch)


def test_kb_lint_tells_what_to_mend_in_a_users_folder_and_fails(run: Any, house: Path) -> None:
    (house / "own" / "mine.yaml").write_text(rules(RULE.replace("a-rule", "b-rule")), encoding="utf-8")
    ran = run("kb", "lint", "--rules", house / "own")
    assert ran.code == 1
    assert "what a-rule says; keep one [duplicate]" in ran.out
    assert f"{house / 'own' / 'mine.yaml'}:2: b-rule" in ran.out


@pytest.mark.parametrize(
    "args",
    [("kb", "lint"), ("kb", "show", "dip"), ("assess", RUNNER), ("validate", RUNNER), ("why", RUNNER, "puller:left"), ("trace", RUNNER)],
    ids=lambda args: args[0],
)
def test_knowledge_that_does_not_load_is_exit_code_3_and_told_with_file_and_line(args: tuple[Any, ...], run: Any, house: Path) -> None:
    (house / "own" / "mine.yaml").write_text(rules(RULE.replace("a-rule", "b").replace("puller", "pulller")), encoding="utf-8")
    told = bad(run(*args, "--rules", house / "own"), 3)
    assert f"{house / 'own' / 'mine.yaml'}:2: b: unknown muscle 'pulller', did you mean 'puller'" in told


def test_a_users_folder_that_is_not_there_is_exit_code_3(run: Any, tmp_path: Path) -> None:
    assert "there is no such folder" in bad(run("assess", RUNNER, "--kb", tmp_path / "gone"), 3)


@pytest.mark.parametrize(("subject", "model"), [("case", CaseFile), ("knowledge", KnowledgeFile)])
def test_kb_schema_prints_a_json_schema(subject: str, model: Any, run: Any) -> None:
    schema = json.loads(good(run("kb", "schema", subject)).out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert set(schema["properties"]) == set(model.model_fields)
    assert schema["type"] == "object"


def test_kb_show_shows_an_entry_with_its_file_and_line(run: Any) -> None:
    told = good(run("kb", "show", "hip-drop")).out
    assert told.startswith("finding hip-drop  (kb/findings/")
    assert "side_means: The side of the pelvis that drops" in " ".join(told.split())
    assert good(run("kb", "show", "TFL")).out.startswith("muscle tensor-fasciae-latae")


def test_kb_show_of_nothing_is_a_failure_with_near_names(run: Any) -> None:
    assert "did you mean" in bad(run("kb", "show", "hip-dropp-x"), 1)


# --- terminals ------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        ("assess", "-f", f"hip{TITLE} drop:right"),
        ("assess", "-f", f"hip drop:right:run{TITLE}ning"),
        ("assess", "-f", "hip drop:right\u202e"),
        ("assess", f"gone{TITLE}.yaml"),
        ("validate", f"gone{TITLE}.yaml"),
        ("search", f"zzqqj{TITLE}"),
        ("why", str(RUNNER), f"gluteus{TITLE}:left"),
        ("why", str(RUNNER), f"gluteus medius:{TITLE}"),
        ("why", str(RUNNER), f"gluteus medius:left:{TITLE}"),
        ("why", str(RUNNER), f"{TITLE}"),
        ("kb", "show", f"zzqqj{TITLE}"),
        ("kb", "lint", "--kb", f"gone{TITLE}"),
        ("assess", str(RUNNER), "-o", f"gone{TITLE}/out.txt"),
        ("assess", str(RUNNER), f"--{TITLE}"),
        ("assess", str(RUNNER), "--engine", TITLE),
        (f"com{TITLE}mand",),
    ],
    ids=repr,
)
def test_escape_codes_given_on_the_command_line_never_come_out_raw(args: tuple[str, ...], run: Any) -> None:
    ran = run(*args)
    assert ran.code in (0, 1, 2, 3)
    assert is_printable(ran.out + ran.err), ran


def test_escape_codes_in_the_names_of_files_that_are_there_never_come_out_raw(run: Any, tmp_path: Path) -> None:
    file = tmp_path / f"a{TITLE}b.yaml"
    file.write_text("findings:\n- {name: hipp drop, side: left}\n", encoding="utf-8")
    for args in (("validate", file), ("assess", file), ("assess", RUNNER, "-o", tmp_path / f"out{TITLE}.txt")):
        ran = run(*args)
        assert ran.code == 0
        assert is_printable(ran.out + ran.err), ran


def on_a_terminal(*args: str, **env: str) -> str:
    """What a terminal receives."""
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "expert.cli", *args], stdout=child, stderr=child, stdin=subprocess.DEVNULL, cwd=ROOT,
        env={k: v for k, v in environment(TERM="xterm", **env).items() if k != "NO_COLOR" or "NO_COLOR" in env},
    )  # fmt: skip
    os.close(child)
    received = b""
    while True:
        try:
            piece = os.read(parent, 65536)
        except OSError:
            break
        if not piece:
            break
        received += piece
    os.close(parent)
    assert process.wait(timeout=60) == 0
    return received.decode("utf-8")


def test_colour_comes_on_a_terminal_and_not_where_no_color_is_set() -> None:
    assert "\x1b[" in on_a_terminal("assess", str(RUNNER))
    assert "\x1b[" not in on_a_terminal("assess", str(RUNNER), NO_COLOR="1")


# --- as a process ------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code"),
    [(("assess", str(RUNNER), "--json"), 0), (("assess", "--no-such-option"), 2), (("assess", str(RED), "--fail-on-red-flag"), 4)],
    ids=["done", "usage", "red flag"],
)
def test_a_process_ends_with_the_exit_code_of_what_happened(args: tuple[str, ...], code: int, tmp_path: Path) -> None:
    ran = start(*args, cwd=tmp_path)
    assert ran.returncode == code
    assert b"Traceback" not in ran.stderr
    assert bool(ran.stdout) == (code in (0, 4))
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_that_is_closed_ends_the_command_quietly() -> None:
    command = [sys.executable, "-m", "expert.cli", "assess", "--json", *[str(RUNNER)] * 4]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environment()) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10)
        process.stdout.close()
        told = process.stderr.read()
        process.wait(timeout=60)
    assert told == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize("args", [("assess", "--json", str(RUNNER)), ("kb", "schema")], ids=lambda args: args[0])
def test_a_full_disk_behind_stdout_is_a_failure_and_no_traceback(args: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "expert.cli", *args], stdout=full, stderr=subprocess.PIPE, cwd=ROOT, env=environment(), timeout=60,
            check=False,
        )  # fmt: skip
    assert ran.returncode != 0
    assert b"Traceback" not in ran.stderr
    assert ran.stderr


def test_a_terminal_that_knows_ascii_only_is_served() -> None:
    ran = start("assess", str(RUNNER), LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ran.returncode == 0
    assert b"Gluteus medius" in ran.stdout
