"""A page as PDF: nothing is fetched, the same bytes each time, a letter is one page. Skipped without the library, but not in the gate."""

from __future__ import annotations

import builtins
import contextlib
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import expert
from expert import Assessment, ExpertError, assess, load_case, pack_handout
from expert import pdf as paper
from expert.cli import app
from expert.model import Knowledge

ROOT = Path(expert.__file__).resolve().parent.parent


def _there() -> bool:
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


needs_library = pytest.mark.skipif(
    not _there() and os.environ.get("MYOLOGIC_PDF") != "required", reason="WeasyPrint or the Pango library is not here"
)


def page(body: str) -> str:
    return f"<!doctype html><html><head><title>t</title><style>.myo{{display:grid}}</style></head><body>{body}</body></html>"


def pages(made: bytes) -> int:
    """How many pages a PDF tells that it has."""
    return len(re.findall(rb"/Type\s*/Page(?!s)", opened(made)))


def opened(made: bytes) -> bytes:
    """A PDF with its streams inflated."""
    found = [made]
    for stream in re.findall(rb"stream\n(.*?)\nendstream", made, re.DOTALL):
        with contextlib.suppress(zlib.error):
            found.append(zlib.decompress(stream))
    return b"\n".join(found)


@pytest.fixture(scope="module")
def red_flag(knowledge: Knowledge) -> Assessment:
    return assess(load_case(ROOT / "examples" / "red-flag.yaml"), knowledge, "native")


@needs_library
def test_the_same_page_gives_the_same_bytes_in_another_process_too() -> None:
    made = paper.pdf(page("<p>one</p>"))
    assert made.startswith(b"%PDF-")
    assert paper.pdf(page("<p>one</p>")) == made
    assert paper.pdf(page("<p>two</p>")) != made
    program = f"import sys; from expert import pdf; sys.stdout.buffer.write(pdf.pdf({page('<p>one</p>')!r}))"
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=ROOT, env=env)
        assert done.stdout == made


@needs_library
def test_a_pdf_carries_no_date(red_flag: Assessment) -> None:
    made = opened(red_flag.pdf(voice="letter"))
    assert b"/Producer" in made
    assert b"/CreationDate" not in made
    assert b"/ModDate" not in made


@needs_library
def test_nothing_is_fetched_from_the_network_or_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET", encoding="utf-8")
    asked: list[int] = []
    kept = paper._refused

    def noted() -> None:
        asked.append(1)
        kept()

    monkeypatch.setattr(paper, "_refused", noted)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was opened"))
    body = (
        f'<img src="file://{secret}"><img src="http://example.org/x.png"><link rel="stylesheet" href="http://example.org/x.css">'
        f'<link rel="attachment" href="file://{secret}"><p style="background:url(file://{secret})">text</p>'
        f'<object data="file://{secret}"></object><style>@import "http://example.org/y.css"; '
        f"@font-face{{font-family:x;src:url(file://{secret})}}</style>"
    )
    made = paper.pdf(page(body))
    assert made.startswith(b"%PDF-")
    assert b"SECRET" not in opened(made)
    assert b"EmbeddedFile" not in opened(made)
    assert len(asked) >= 3


@needs_library
@pytest.mark.parametrize("voice", ["clinician", "client", "teaching", "letter"])
def test_every_voice_is_printed(voice: str, red_flag: Assessment) -> None:
    made = red_flag.pdf(voice=voice)
    assert made.startswith(b"%PDF-")
    assert pages(made) >= 1


@needs_library
@pytest.mark.parametrize("name", ["runner", "red-flag", "squatter", "desk-worker"])
def test_a_letter_is_one_page(name: str, knowledge: Knowledge) -> None:
    answer = assess(load_case(ROOT / "examples" / f"{name}.yaml"), knowledge, "native")
    assert pages(answer.pdf(voice="letter")) == 1
    assert pages(answer.pdf(voice="client")) <= 4


@needs_library
def test_a_letter_about_many_findings_is_one_page_as_well(knowledge: Knowledge) -> None:
    seen = [i for i, f in knowledge.kb.findings.items() if knowledge.kb.kinds[i] == "finding" and "left" in f.sides and not f.visceral]
    findings = [{"name": i, "side": "left", "task": (knowledge.kb.findings[i].tasks or (None,))[0]} for i in seen[:60]]
    case = {
        "patient": {"name": "N" * 60, "age": 40}, "symptoms": ["saddle numbness", "night pain", "fever", "chest pain"],
        "findings": [{k: v for k, v in f.items() if v} for f in findings],
    }  # fmt: skip
    assert pages(assess(case, knowledge, "native").pdf(voice="letter")) == 1


@needs_library
def test_a_handout_and_its_key_are_printed(knowledge: Knowledge) -> None:
    for key in (False, True):
        assert paper.pdf(pack_handout(ROOT / "examples" / "packs" / "pelvis", knowledge, key).report("html")).startswith(b"%PDF-")


@needs_library
def test_the_command_writes_the_file_or_the_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words = ["report", "examples/healthy.yaml", "--voice", "letter", "--format", "pdf", "--engine", "native"]
    assert CliRunner().invoke(app, [*words, "-o", str(tmp_path / "l.pdf")]).exit_code == 0
    assert (tmp_path / "l.pdf").read_bytes().startswith(b"%PDF-")
    piped = CliRunner().invoke(app, words)
    assert piped.stdout_bytes == (tmp_path / "l.pdf").read_bytes()


@pytest.mark.parametrize("error", [ImportError, OSError])
def test_without_the_library_the_error_names_the_extra(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "weasyprint":
            raise error("not here")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ExpertError, match=r"pip install 'myologic\[pdf\]'"):
        paper.pdf(page("x"))


def test_only_the_style_is_made_fit_for_paper() -> None:
    made = paper._paged(page("<p>display:grid</p>"))
    assert "<p>display:grid</p>" in made
    assert ".myo{display:block}" in made


def test_weasyprint_is_not_imported_by_whoever_does_not_ask_for_it() -> None:
    program = (
        "import sys, expert; expert.assess({'findings': []}, engine='native').report('html', voice='client'); "
        "assert 'weasyprint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
