"""Where the shipped rules, kb and templates are: in the wheel beside the package, in a checkout beside `expert/`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def root() -> Traversable:
    """The folder that holds rules/, kb/ and reports/templates/."""
    packaged = files("expert") / "data"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parent.parent


def knowledge_files(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every YAML file below a folder, in order of their names."""
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        here = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from knowledge_files(entry, here)
        elif entry.name.endswith((".yaml", ".yml")):
            yield here, entry.read_bytes()


def cases() -> Traversable:
    """The folder of hand-written cases: with the tests in a checkout, beside the knowledge in the wheel."""
    here = root()
    return here / "cases" if (here / "cases").is_dir() else here / "tests" / "cases"


def packs() -> Traversable:
    """The folder of packs of cases for a class: among the examples in a checkout, beside the knowledge in the wheel."""
    here = root()
    return here / "packs" if (here / "packs").is_dir() else here / "examples" / "packs"


def vendored(name: str) -> str:
    """The text of one front-end file that the pages are served with. Raises FileNotFoundError where they are not built."""
    return (files("expert") / "web" / "vendor" / name).read_text(encoding="utf-8")


def template(name: str) -> str:
    """The text of one template."""
    return (root() / "reports" / "templates" / name).read_text(encoding="utf-8")
