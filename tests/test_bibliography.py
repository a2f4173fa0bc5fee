"""The sources as BibTeX: each once, well formed whatever its title holds."""

from __future__ import annotations

import re

import pytest
from small import small_kb

from expert.bibliography import bibtex
from expert.model import Knowledge


def entry(title: str = "A title", more: str = "") -> str:
    """The BibTeX of one source, out of a small base."""
    kb = small_kb(f"sources:\n- {{id: tried, title: {title}, where: A journal, kind: study, read: whole{more}}}\n")
    (found,) = [e for e in re.split(r"\n(?=@)", bibtex(kb)) if "{tried," in e]
    return found


def depth(text: str) -> int:
    """How deep braces stand open at the end; fails where one is closed that is not open. BibTeX counts escaped braces too."""
    level = 0
    for c in text:
        level += {"{": 1, "}": -1}.get(c, 0)
        assert level >= 0
    return level


def test_every_source_stands_there_once_under_its_own_key(knowledge: Knowledge) -> None:
    keys = re.findall(r"^@\w+\{([^,]+),$", bibtex(knowledge.kb), flags=re.MULTILINE)
    assert keys == sorted(knowledge.kb.sources)


def test_every_shipped_entry_opens_and_closes_its_braces(knowledge: Knowledge) -> None:
    for one in re.split(r"\n(?=@)", bibtex(knowledge.kb)):
        assert depth(one) == 0, one
        assert re.fullmatch(r"@\w+\{[a-z0-9-]+,\n(  \w+ = \{.*\},\n)*  \w+ = \{.*\}\n\}\n?", one), one


def test_every_shipped_entry_tells_title_and_place(knowledge: Knowledge) -> None:
    for one in re.split(r"\n(?=@)", bibtex(knowledge.kb)):
        told = set(re.findall(r"^  (\w+) = ", one, flags=re.MULTILINE))
        assert {"title", "note"} <= told
        assert ("journal" in told) is one.startswith("@article")
        assert len({"journal", "howpublished"} & told) == 1


def test_no_special_character_is_left_bare(knowledge: Knowledge) -> None:
    assert re.findall(r"(?<!\\)[&%$#_]", bibtex(knowledge.kb)) == []


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("'Bone & muscle'", r"Bone \& muscle"), ("'50 % of #1 for $2'", r"50 \% of \#1 for \$2"), ("'a_b'", r"a\_b"),
        ("'a~b^c'", r"a\textasciitilde{}b\textasciicircum{}c"), (r"'a\b'", r"a\textbackslash{}b"),
    ],
)  # fmt: skip
def test_what_bibtex_would_read_as_a_command_is_escaped(written: str, told: str) -> None:
    assert told in entry(written)


@pytest.mark.parametrize("written", ["'one { brace'", "'one } brace'", "'} the wrong way round {'", r"'a backslash \ and a {'"])
def test_braces_in_a_title_do_not_upset_those_of_the_entry(written: str) -> None:
    assert depth(entry(written)) == 0


def test_a_study_is_an_article_a_textbook_a_book_and_a_page_online() -> None:
    text = "".join(
        f"- {{id: of-{kind}, title: T, where: W, kind: {kind}, read: whole}}\n" for kind in ("study", "textbook", "web", "guideline")
    )
    found = dict(re.findall(r"@(\w+)\{of-(\w+),", bibtex(small_kb("sources:\n" + text))))
    assert found == {"article": "study", "book": "textbook", "online": "web", "misc": "guideline"}


def test_year_and_authors_are_told_where_they_are_known_and_left_out_where_not() -> None:
    known = entry(more=", year: 1999, authors: 'Smith J, Jones K'")
    assert "  year = {1999}" in known
    assert "  author = {{Smith J, Jones K}}" in known  # as written: it is no list that BibTeX could split
    assert "year" not in entry()
    assert "author" not in entry()


def test_how_much_was_read_is_told() -> None:
    assert "read: whole" in entry()
