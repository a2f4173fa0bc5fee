"""Where the shipped rules, knowledge and templates are found."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from expert import resources
from expert.render import FORMATS


def test_rules_knowledge_and_templates_are_found_under_one_root() -> None:
    assert (resources.root() / "rules").is_dir()
    assert (resources.root() / "kb").is_dir()
    assert (resources.root() / "reports" / "templates").is_dir()


def test_every_format_of_a_report_has_its_template() -> None:
    for format in (f for f in FORMATS if f != "json"):
        assert resources.template(f"report.{format}.j2")


def test_a_template_that_is_not_there_is_an_error_of_files() -> None:
    with pytest.raises(OSError, match="nothing"):
        resources.template("nothing.j2")


def test_files_below_a_folder_come_with_their_path_in_order_of_name(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "notes.md", "c/d.yaml", "c/.hidden.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    found = list(resources.knowledge_files(tmp_path, "kb"))
    assert found == [("kb/a.yml", b"a.yml"), ("kb/b.yaml", b"b.yaml"), ("kb/c/d.yaml", b"c/d.yaml")]


def test_a_folder_inside_an_archive_is_read_like_one_on_disk(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("kb/b.yaml", "b: é")
        archive.writestr("kb/a/c.yaml", "c: 1")
    folder = zipfile.Path(tmp_path / "a.zip", "kb/")
    found = list(resources.knowledge_files(folder, "kb"))  # type: ignore[arg-type]
    assert found == [("kb/a/c.yaml", b"c: 1"), ("kb/b.yaml", "b: é".encode())]


def test_everything_that_is_shipped_is_text_in_utf_8_without_hidden_characters() -> None:
    for folder in ("rules", "kb"):
        files = list(resources.knowledge_files(resources.root() / folder, folder))
        assert files
        for name, content in files:
            text = content.decode("utf-8")
            assert "\r" not in text, name
            assert "\t" not in text, name
