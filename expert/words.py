"""What people call things: a look-up that forgives spelling and refuses to guess meaning.

A misspelt word is mended ("kness cave"); a different word is not ("external" for "internal"), however near the letters are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

_FILLER = frozenset({"a", "an", "and", "at", "de", "is", "it", "my", "of", "on", "s", "the", "to", "when", "while", "with"})
_SIDE_WORDS: Mapping[str, str] = {
    "left": "left", "right": "right", "lt": "left", "rt": "right", "l": "left", "r": "right",
    "lft": "left", "rgt": "right", "both": "bilateral", "bilateral": "bilateral", "bilaterally": "bilateral", "bilat": "bilateral",
    "bil": "bilateral", "b": "bilateral", "b/l": "bilateral", "bl": "bilateral", "r+l": "bilateral", "l+r": "bilateral",
}  # fmt: skip
# A sign before or after a name is a word; losing it would turn the meaning round.
_PLUS = re.compile(r"^\s*\+(?:ve\b)?|\+(?:ve)?\s*$|(?<!\w)\+ve\b")
_MINUS = re.compile(r"^\s*[-\u2212](?:ve\b)?|[-\u2212](?:ve)?\s*$|(?<!\w)[-\u2212]ve\b")
_SHORTEST = 4  # a word shorter than this is never taken for a misspelt one
_NEAR = 75  # how alike (0..100) two words must be for a suggestion
_LONG = 8  # from this length on, two slips are forgiven instead of one
# Beginnings that turn a word round: what differs in these is another word, not a slip.
_CONTRASTS = (
    ("ab", "ad"), ("in", "de"), ("in", "e"), ("in", "ex"), ("uni", "bi"), ("uni", "multi"), ("pro", "re"), ("hyper", "hypo"),
    ("supra", "infra"), ("con", "ec"), ("an", "re"), ("pre", "post"), ("endo", "exo"), ("medi", "later"), ("un", ""), ("in", ""),
    ("im", ""), ("dis", ""), ("non", ""), ("ab", ""), ("a", ""), ("de", ""), ("bi", ""), ("uni", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """What some words mean: an id; whether the side said with them is its own or the other; a task they imply."""

    id: str
    side: str = "same"
    task: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The one reading, and the known words it was read as when they had to be mended."""

    reading: Reading
    mended: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """No reading, or more than one: what may have been meant, nearest first."""

    near: tuple[str, ...]
    ambiguous: bool = False

    @property
    def hint(self) -> str:
        """`, did you mean 'x' or 'y'?`, or nothing where nothing is near."""
        return f", did you mean {' or '.join(repr(n) for n in self.near)}?" if self.near else ""


@dataclass(frozen=True, slots=True)
class Table:
    """The vocabulary of one subject: words -> readings; the same with the words in alphabetical order; every single word."""

    known: Mapping[str, tuple[Reading, ...]]
    in_any_order: Mapping[str, tuple[Reading, ...]]
    vocabulary: frozenset[str]


@dataclass(frozen=True, slots=True)
class Words:
    """The vocabulary by subject (finding, muscle, task)."""

    by_subject: Mapping[str, Table]
    vocabulary: frozenset[str]

    def look_up(self, subject: str, words: str) -> Found | Unclear:
        """Read words as an id of a subject: exactly, in any order, else with misspellings mended, else not at all."""
        return self.read(subject, words) or Unclear(self._near(subject, words))

    def read(self, subject: str, words: str) -> Found | Unclear | None:
        """The same without a guess at what was meant: None where the words cannot be read."""
        if exact := self.exact(subject, words):
            return exact
        table = self.by_subject[subject]
        near = _mend(words, table, self.vocabulary)
        readings = {r for w in near for r in table.known[w]}
        if len({r.id for r in readings}) == 1:
            return _one(tuple(sorted(readings))[:1], near[0])
        if readings:
            return Unclear(tuple(sorted({r.id for r in readings})), ambiguous=True)
        return None

    def exact(self, subject: str, words: str) -> Found | Unclear | None:
        """The same without mending: only words as they are known, in any order."""
        table = self.by_subject[subject]
        plain = normal(words)
        without = " ".join(t for t in plain.split() if t != "in")  # "pain in the hip" is hip pain; yet "knee in" is no knee
        for said in (plain, without):
            if exact := table.known.get(said) or table.in_any_order.get(_ordered(said)):
                return _one(exact, "")
        return None

    def _near(self, subject: str, words: str) -> tuple[str, ...]:
        """The three ids whose words are nearest to words that could not be read."""
        asked = set(normal(words).split())
        ranked = self._ranked(subject, normal(words), 65)
        return tuple(i for i, matched in ranked if _is_near(asked, matched))[:3]

    def search(self, subject: str, words: str, most: int = 10, at_least: int = 55) -> tuple[tuple[str, str], ...]:
        """(id, the words that matched): first what a look-up reads, then what is near, nearest first; ties by id."""
        read = self.look_up(subject, words)
        first = (read.reading.id,) if isinstance(read, Found) else read.near if read.ambiguous else ()
        plain = normal(words)
        ranked = self._ranked(subject, plain, at_least)
        words_of = dict(ranked)
        read_first = [(name, words_of.get(name, plain)) for name in first]
        return (*read_first, *(entry for entry in ranked if entry[0] not in first))[:most]

    def _ranked(self, subject: str, plain: str, at_least: int) -> list[tuple[str, str]]:
        known = self.by_subject[subject].known
        alike = fuzz.WRatio if len(plain) >= _SHORTEST else fuzz.ratio  # parts of words say nothing about an abbreviation
        best: dict[str, tuple[float, str]] = {}
        for name, score, _ in process.extract(plain, known.keys(), scorer=alike, score_cutoff=at_least, limit=60):
            for reading in known[name]:
                if score >= at_least and score > best.get(reading.id, (0.0, ""))[0]:
                    best[reading.id] = (score, name)
        ranked = sorted(best.items(), key=lambda entry: (-entry[1][0], entry[0]))
        return [(name, matched) for name, (_, matched) in ranked]


def normal(words: str) -> str:
    """Words as they are compared: case, hyphens, plurals, punctuation and filler words do not matter."""
    return " ".join(_singular(t) for t in _tokens(words))


def _tokens(words: str) -> list[str]:
    text = unicodedata.normalize("NFKC", words).casefold()
    text = _MINUS.sub(" negative ", _PLUS.sub(" positive ", text))
    tokens = re.findall(r"\w+", text.replace("'", ""))
    return [t for t in tokens if t not in _FILLER] or tokens


def split_side(words: str) -> tuple[str, str | None]:
    """("hip drop", "right") for "right hip drop"; (words, None) where no side is said or two are."""
    tokens = words.split()
    said = {_SIDE_WORDS[t.casefold()] for t in tokens if t.casefold() in _SIDE_WORDS}
    if len(said) != 1:
        return words, None
    return " ".join(t for t in tokens if t.casefold() not in _SIDE_WORDS), said.pop()


_BRACKETS = re.compile(r" \([^)]*\)")


def short(name: str) -> str:
    """A name in a sentence: without what stands in brackets."""
    return _BRACKETS.sub("", name)


def side_word(word: str) -> str | None:
    """The side that a word or letter names."""
    return "midline" if word.strip().casefold() in ("midline", "centre", "center") else _SIDE_WORDS.get(word.strip().casefold())


def index(entries: Iterable[tuple[str, Reading]]) -> Table:
    """(words, reading) pairs as a look-up table."""
    known: dict[str, set[Reading]] = {}
    in_any_order: dict[str, set[Reading]] = {}
    for words, reading in entries:
        plain = normal(words)
        known.setdefault(plain, set()).add(reading)
        in_any_order.setdefault(_ordered(plain), set()).add(reading)
    return Table(_sorted(known), _sorted(in_any_order), frozenset(t for words in known for t in words.split()))


def _sorted(table: Mapping[str, set[Reading]]) -> dict[str, tuple[Reading, ...]]:
    return {words: tuple(sorted(readings)) for words, readings in sorted(table.items())}


def _ordered(plain: str) -> str:
    return " ".join(sorted(plain.split()))


def _singular(token: str) -> str:
    return token[:-1] if len(token) > 3 and token.endswith("s") and not token.endswith("ss") else token


def _one(readings: tuple[Reading, ...], mended: str) -> Found | Unclear:
    if len(readings) == 1:
        return Found(readings[0], mended)
    return Unclear(tuple(sorted({r.id for r in readings})), ambiguous=True)


def _is_near(asked: set[str], matched: str) -> bool:
    """Whether two names have a word in common, or nearly: letters alone make strange neighbours."""
    return any(_akin(one, other) for one in asked for other in matched.split())


def _akin(one: str, other: str) -> bool:
    """The same word but for its ending, or for a few letters."""
    short = min(len(one), len(other))
    return fuzz.ratio(one, other) >= _NEAR or (short >= _SHORTEST and one[:short] == other[:short])


def _mend(words: str, table: Table, vocabulary: frozenset[str]) -> list[str]:
    """Known words that differ from these in misspelt words only, all that are equally near."""
    asked = _tokens(words)
    right = [_singular(t) for t in asked if _singular(t) in table.vocabulary]
    wrong = [t for t in asked if _singular(t) not in table.vocabulary]
    if not wrong or any(len(t) < _SHORTEST or t in vocabulary or _singular(t) in vocabulary for t in wrong):
        return []
    if not all(_is_like_any(token, table.vocabulary) for token in wrong):
        return []
    as_long = [known for known in table.known if known.count(" ") == len(asked) - 1]
    scored = [(slips, known) for known in as_long if (slips := _misspelling(wrong, right, known.split())) is not None]
    fewest = min(scored, default=(0, ""))[0]
    return [known for slips, known in sorted(scored) if slips == fewest]


def _misspelling(wrong: list[str], right: list[str], meant: list[str]) -> int | None:
    """How many slips turn the misspelt words into those left of `meant` when the right ones are taken away; None: not slips.

    Both have the same number of words.
    """
    left = list(meant)
    for token in right:
        if token not in left:
            return None
        left.remove(token)
    total = 0
    for token in wrong:
        slips, nearest = min((_slips(token, other), other) for other in left)
        if slips > _forgiven(token) or _is_contrast(token, nearest):
            return None
        left.remove(nearest)
        total += slips
    return total


def _forgiven(token: str) -> int:
    """How many slips a word of this length may have."""
    return 2 if len(token) >= _LONG else 1


def _is_like_any(token: str, vocabulary: frozenset[str]) -> bool:
    """Whether it is near enough to any word at all, by a quick look: most words that nobody knows need no other. One more for a plural."""
    return process.extractOne(token, vocabulary, scorer=OSA.distance, score_cutoff=_forgiven(token) + 1) is not None


def _slips(token: str, meant: str) -> int:
    """Letters left out, put in, changed or swapped; the plural of what is meant counts as well as the singular."""
    return min(OSA.distance(token, form) for form in (meant, f"{meant}s"))


def _is_contrast(token: str, meant: str) -> bool:
    for pair in _CONTRASTS:
        for one, other in (pair, pair[::-1]):
            if token.startswith(one) and meant.startswith(other) and OSA.distance(token[len(one) :], meant[len(other) :]) <= 1:
                return True
    return False
