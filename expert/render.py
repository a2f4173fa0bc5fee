"""The contract's data into text through a template: the only module that imports Jinja2, and the only place where words are chosen."""

from __future__ import annotations

import json
import re
import textwrap
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from expert import resources
from expert.model import KnowledgeBase, Tree

FORMATS = ("txt", "md", "html", "json")
WIDTH = 80
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")
_STYLES = {"bold": "1", "dim": "2", "red": "1;31", "yellow": "33", "green": "32", "cyan": "36"}


def report(answer: Tree, kb: KnowledgeBase, format: str = "txt", **options: Any) -> str:
    """The report in one format. Options: `top` (how many hypotheses a list shows), `colour` (txt), `fragment` (html)."""
    if format == "json":
        return json.dumps(answer, ensure_ascii=False, allow_nan=False)
    given = {"top": 10, "colour": False, "fragment": False, **options}
    template = _environment(format, bool(given["colour"])).get_template(f"report.{format}.j2")
    return template.render(a=answer, kb=kb, about=kb.about, **given)


@lru_cache(maxsize=8)
def _environment(format: str, colour: bool) -> Environment:
    """One environment a format: HTML escapes everything, by hand and not by file name; a missing value is an error."""
    environment = Environment(
        loader=FunctionLoader(resources.template), autoescape=format == "html", undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters |= {
        "wrap": wrapped, "md": markdown, "points": points, "style": styled if colour else lambda text, _: text,
        "percent": lambda part, whole: round(100 * part / whole, 1) if whole else 0,
    }  # fmt: skip
    if format == "md":
        environment.finalize = lambda value: markdown(value) if isinstance(value, str) and not isinstance(value, _Plain) else value
    return environment


class _Plain(str):
    """Text that is Markdown already."""


def wrapped(text: str, indent: int = 0, first: int | None = None, width: int = WIDTH) -> str:
    """Text in lines of at most `width` columns, indented; `first` is the indent of the first line."""
    start = " " * (indent if first is None else first)
    return textwrap.fill(" ".join(str(text).split()), width, initial_indent=start, subsequent_indent=" " * indent, break_long_words=False)


def markdown(text: Any) -> str:
    """Text with everything that Markdown or HTML would read as markup escaped."""
    return _Plain(_MARKDOWN.sub(r"\\\1", str(text).replace("&", "&amp;").replace("<", "&lt;")))


def points(value: float) -> str:
    """Points with sign, one decimal: +2.4, -0.6."""
    return f"{value:+.1f}"


def styled(text: str, style: str) -> str:
    """Text in a terminal colour."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"
