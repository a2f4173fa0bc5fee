"""The contract's data into text through a template: the only module that imports Jinja2.

All wording stands in reports/templates/; `arrange` puts the answer in order for them. Here text is made safe for the format it goes into.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from expert import resources
from expert.arrange import arranged, placed
from expert.errors import ExpertError
from expert.model import KnowledgeBase, Tree

FORMATS = ("txt", "md", "html", "trace", "json")
ANSWERS = ("txt", "md", "html")
WIDTH = 80
_STYLES = {"bold": "1", "dim": "2", "red": "1;31", "yellow": "33", "green": "32", "cyan": "36"}


def report(answer: Tree, kb: KnowledgeBase, format: str = "txt", **options: Any) -> str:
    """The report in one format. Options: `top` (how many entries a list shows), `colour` (txt, trace), `fragment` (html)."""
    format = "txt" if format == "text" else format
    if format == "json":
        return json.dumps(answer, ensure_ascii=False, allow_nan=False)
    if format not in FORMATS:
        raise ExpertError(f"unknown format '{format}'; it is one of {', '.join(FORMATS)}")
    given = {"top": 10, "colour": False, "fragment": False, **options}
    template = _environment(format, bool(given["colour"])).get_template(f"report.{format}.j2")
    return template.render(a=answer, kb=kb, about=kb.about, v=arranged(answer, kb, int(given["top"])), **given)


def answer(name: str, data: Tree, format: str = "txt", **options: Any) -> str:
    """The answer to a question, through its one template for all formats.

    Options: `colour` (txt), `fragment` (html), `paper` (txt, md: never more than one empty line).
    """
    return _through(f"answer-{name}.j2", name, data, format, options)


def voice(name: str, data: Tree, kb: KnowledgeBase, format: str = "txt", **options: Any) -> str:
    """The report for another reader, through the one template of its voice. Options as of an answer."""
    return _through(f"voice-{name}.j2", name, data, format, {**options, "paper": True}, kb=kb)


def screen(name: str, **data: Any) -> str:
    """A page, or a part of one, for a browser: web/<name>.html.j2."""
    return _environment("html", False).get_template(f"web/{name}.html.j2").render(**data)


def style() -> str:
    """The look of reports and answers, as a style sheet of its own."""
    return _environment("html", False).get_template("_style.html.j2").render()


def _through(inner: str, name: str, data: Tree, format: str, options: Mapping[str, Any], **more: Any) -> str:
    """A template of blocks; a whole HTML page has the shell around it."""
    format = "txt" if format == "text" else format
    if format not in ANSWERS:
        raise ExpertError(f"unknown format '{format}'; it is one of {', '.join(ANSWERS)}")
    environment = _environment(format, bool(options.get("colour", False)))
    shell = "_page.html.j2" if format == "html" and not options.get("fragment") else inner
    told = environment.get_template(shell).render(a=data, format=format, name=name, inner=inner, **more)
    return re.sub(r"\n{3,}", "\n\n", told).strip("\n") + "\n" if options.get("paper") and format != "html" else told


def phrase(template: str, macro: str, *data: Any) -> str:
    """A few words by one macro of a template, as plain text in one line: for answers whose data hold a sentence."""
    words = getattr(_environment("txt", False).get_template(template).module, macro)
    return " ".join(str(words(*data)).split())


def page(name: str, kb: KnowledgeBase, **data: Any) -> str:
    """A page about the knowledge itself, in Markdown."""
    return _environment("md", False).get_template(f"kb-{name}.md.j2").render(kb=kb, about=kb.about, **data)


# --- environments: what makes text safe in each format ---------------------------------------------------------------------------


class _Made(str):
    """Text that is ready for its format: made by a filter or a macro here, not taken from data."""

    __slots__ = ()


class _PlainEnvironment(Environment):
    """For formats other than HTML: what a macro or block gives is made text, so `finalize` leaves it alone."""

    concat = staticmethod(lambda parts: _Made("".join(parts)))


@lru_cache(maxsize=8)
def _environment(format: str, colour: bool) -> Environment:
    """One environment a format: every value is made safe, by hand and not by file name; a missing value is an error."""
    html = format == "html"
    environment = (Environment if html else _PlainEnvironment)(
        loader=FunctionLoader(resources.template), autoescape=html, undefined=StrictUndefined, auto_reload=False,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        finalize={"html": _for_html, "md": markdown}.get(format, clean),
    )  # fmt: skip
    environment.filters |= {
        "wrap": wrapped, "md": markdown, "points": points, "style": styled if colour else lambda text, _: text,
        "share": lambda part, whole: f"{100 * part / whole:.4g}" if whole else "0", "placed": placed,
        "inline": lambda text: text if text[1:2].isupper() else type(text)(text[:1].lower() + text[1:]),
    }  # fmt: skip
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "allow_nan": False}  # keys in their own order
    return environment


def clean(value: Any) -> Any:
    """Data as text for a terminal: nothing that a terminal would obey or that would turn the reading direction."""
    if not isinstance(value, str) or isinstance(value, _Made):
        return value
    if value.isprintable():
        return value
    return _Made("".join(c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in value))


_MARKUP = re.compile(r"[\\`*_\[\]{}<>#|~$!@]|:(?=//)|(?<=\bwww)\.|^[-+=]|(?<=^\d)[.)](?=\s|$)|(?<=^\d\d)[.)](?=\s|$)", re.IGNORECASE)


def markdown(value: Any) -> Any:
    """Data as text for Markdown: everything that Markdown or HTML would read as markup escaped."""
    if not isinstance(value, str) or isinstance(value, _Made):
        return value
    plain = str(clean(re.sub(r"\s+", " ", value))).replace("&", "&amp;")
    return _Made(_MARKUP.sub(lambda m: {"<": "&lt;", ">": "&gt;"}.get(m[0], f"\\{m[0]}"), plain))


_NOT_IN_HTML = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def _for_html(value: Any) -> Any:
    """Characters that HTML forbids, replaced; Jinja2 escapes the rest."""
    return _NOT_IN_HTML.sub("\ufffd", value) if isinstance(value, str) and not isinstance(value, Markup) else value


def wrapped(text: Any, indent: int = 0, lead: str = "", width: int = WIDTH) -> str:
    """Text in lines of at most `width` columns: `lead` before the first, `indent` blanks before the others."""
    plain = str(clean(" ".join(str(text).split())))
    size_of = len if plain.isascii() else _columns
    blanks, lines, begun = " " * indent, [], False
    line = lead or blanks
    used = _columns(line)
    for word in plain.split(" "):
        size = size_of(word)
        if begun and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if begun:
            lines.append(line)
            line, used = blanks, indent
        while used + size > width:  # a word longer than a line is cut
            kept = next((n for n in range(len(word), 0, -1) if used + size_of(word[:n]) <= width), 1)
            lines.append(line + word[:kept])
            line, used, word = blanks, indent, word[kept:]
            size = size_of(word)
        line, used, begun = line + word, used + size, True
    return _Made("\n".join([*lines, line]))


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def points(value: float) -> str:
    """Points with sign, one decimal: +2.4, -0.6."""
    return _Made(f"{value:+.1f}")


def styled(text: str, style: str) -> str:
    """Text in a terminal colour."""
    return _Made(f"\x1b[{_STYLES[style]}m{clean(text)}\x1b[0m")
