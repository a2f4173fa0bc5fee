"""The sources as BibTeX, for whoever wants to read on or to cite."""

from __future__ import annotations

from expert.formats import Source
from expert.model import KnowledgeBase

_KINDS = {"study": "article", "review": "article", "textbook": "book", "web": "online"}
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{c: f"\\{c}" for c in "&%$#_"},
}  # braces must balance, even escaped ones


def bibtex(kb: KnowledgeBase) -> str:
    """All sources in order of their ids."""
    return "\n".join(_entry(source) for _, source in sorted(kb.sources.items()))


def _entry(source: Source) -> str:
    year, kind = str(source.year) if source.year else None, _KINDS.get(source.kind, "misc")
    fields = {
        "author": source.authors and "{" + _escaped(source.authors) + "}", "title": "{" + _escaped(source.title) + "}", "year": year,
        "journal" if kind == "article" else "howpublished": _escaped(source.where), "note": _escaped(f"{source.kind}; read: {source.read}"),
    }  # fmt: skip
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@{kind}{{{source.id},\n" + ",\n".join(lines) + "\n}\n"


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(c, c) for c in text)
