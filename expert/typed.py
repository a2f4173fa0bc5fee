"""What a clinician types into one box: "knees cave l mod", "no knee valgus left", "knee to wall l 4 cm", "night pain".

Marks that stand beside a name (side, severity, task, there or not, pain, a value) are taken off wherever what is left is a name. What the
words mean, and of what their side is the side, is the vocabulary's and the normaliser's affair: nothing about sides is decided here. Where
more than one thing may be meant, all are given, nearest first; nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from pydantic import ValidationError
from rapidfuzz.distance import OSA

from expert.errors import CaseError, UsageError
from expert.formats import CaseFile, CaseFinding, CaseMeasurement
from expert.measures import unit_named, units_of
from expert.model import KnowledgeBase, mirrored
from expert.normalise import flag_words, keys_of, named, values_of
from expert.words import Found, Unclear, normal, side_word

MOST = 9  # as many choices as there are number keys
LONGEST = 200
MOST_PARTS = 20
SECTIONS: Mapping[str, str] = {
    "finding": "findings", "symptom": "symptoms", "history": "history", "flag": "symptoms", "measure": "measurements",
}  # fmt: skip
_SUBJECTS = ("finding", "flag", "measure")
_PRESENCE: Mapping[str, bool | str] = {
    **dict.fromkeys(("no", "not", "without", "absent", "negative", "neg", "none"), False),
    **dict.fromkeys(("yes", "present", "positive", "pos"), True), "unknown": "unknown", "unsure": "unknown", "?": "unknown",
}  # fmt: skip
_SEVERITY: Mapping[str, str] = {
    **dict.fromkeys(("mild", "mildly", "slight", "slightly"), "mild"), **dict.fromkeys(("mod", "moderate", "moderately"), "moderate"),
    **dict.fromkeys(("sev", "severe", "severely", "marked", "markedly"), "severe"),
}  # fmt: skip
_PAINFUL = ("pain", "painful")
_IDLE = ("side", "during")  # words that may stand between name and marks and say nothing
_SIDES = ("left", "right", "both", "bilateral")
_JOINS = ("in", "on", "at", "the", "while", "when")
_SIGNS: Mapping[str, bool] = {"+": True, "-": False, "\u2212": False}  # first or last; elsewhere they join
_TOKEN = re.compile(r"[0-9]+(?:[.,][0-9]+)?|/[0-9]+|[^\W\d_](?:[\w'./+&-]*\w)?|[-+?\u2212\u00b0]")
_MOST_MARKS = 8
_MISSING_FIRST = ("value", "unit", "side")
_USES: Mapping[str, frozenset[str]] = {  # which marks mean something beside which subject
    "finding": frozenset({"side", "task", "severity", "present", "stance", "pain", "painful"}),
    "measure": frozenset({"side", "value", "bare", "pain", "present"}), "flag": frozenset({"present"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that may be meant. kind: finding, symptom, history, measure or flag (said to be absent as a whole).

    side: of the finding itself, whatever words named it; `turned`: they name it by its other side. `missing`: what has yet to be said
    before it can stand in a case (value, unit, side), `sides` and `units` what may be chosen. `wrong`: why no case may state it so.
    """

    kind: str
    id: str
    name: str
    words: str
    side: str
    task: str
    turned: bool
    mended: str
    missing: tuple[str, ...]
    sides: tuple[str, ...]
    units: tuple[str, ...]
    side_means: str
    wrong: str
    entry: Mapping[str, Any] = field(hash=False)

    @property
    def section(self) -> str:
        """The part of a case in which it stands."""
        return SECTIONS[self.kind]

    @property
    def ready(self) -> bool:
        """Whether it can be added to a case as it is."""
        return not self.missing and not self.wrong


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, read. `clear`: the first candidate alone is meant. present, severity, value ...: None where not said.

    `flag`: a red flag that the words name; it is raised by what is there, so the candidates are what it asks about.
    """

    text: str
    candidates: tuple[Candidate, ...]
    clear: bool
    side: str | None = None
    task: str | None = None
    present: bool | str | None = None
    severity: str | None = None
    value: float | None = None
    unit: str | None = None
    pain: int | None = None
    painful: bool = False
    flag: str | None = None
    not_understood: tuple[str, ...] = ()


def read_typed(text: str, kb: KnowledgeBase, kinds: Iterable[str] = tuple(SECTIONS)) -> Typed:
    """Read what was typed; only things of these kinds are meant. Raises UsageError for more text than any entry has."""
    if len(text) > LONGEST:
        raise UsageError(f"an entry has at most {LONGEST} characters")
    return _Reader(text, kb, frozenset(kinds)).read()


_BETWEEN = re.compile(r"[;\n]|,\s")


def parts_of(text: str, kb: KnowledgeBase, kinds: Iterable[str] = tuple(SECTIONS)) -> tuple[str, ...]:
    """The entries of a list ("hip drop right, knees cave left"), () where it is one entry, or where none of them is clear."""
    parts = tuple(part for piece in _BETWEEN.split(text) if (part := piece.strip()))
    if not 2 <= len(parts) <= MOST_PARTS or (len(text) <= LONGEST and read_typed(text, kb, kinds).clear):
        return ()
    return parts if any(read_typed(part, kb, kinds).clear for part in parts if len(part) <= LONGEST) else ()


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    plain: str
    glued: bool  # to the token before it, as in "4cm"


@dataclass(frozen=True, slots=True)
class _Mark:
    """Tokens (by number) that may be a mark, and what they would say."""

    tokens: tuple[int, ...]
    kind: str
    says: Any


_TWO_THINGS = object()


@dataclass(slots=True)
class _Said:
    """What the marks say together; `odd`: those that cannot be joined."""

    marks: dict[str, Any] = field(default_factory=dict)
    spelt: dict[str, list[str]] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)

    def add(self, kind: str, says: Any, spelt: str) -> None:
        self.spelt.setdefault(kind, []).append(spelt)
        if self.marks.setdefault(kind, says) != says:
            self.marks[kind] = _TWO_THINGS

    def refuse(self, kinds: Iterable[str]) -> None:
        """Marks that cannot count here are odd."""
        for kind in sorted(set(kinds) & self.marks.keys()):
            del self.marks[kind]
            self.odd += self.spelt[kind]

    def get(self, kind: str) -> Any:
        return self.marks.get(kind)


@dataclass(frozen=True, slots=True)
class _Name:
    """Words of the vocabulary that were found: the subject, the thing, what it was found as, how it was mended."""

    subject: str
    id: str
    words: str
    mended: str = ""


class _Reader:
    def __init__(self, text: str, kb: KnowledgeBase, kinds: frozenset[str]) -> None:
        self.text, self.kb, self.kinds = text, kb, kinds
        self.tokens = tuple(_tokens(text))
        self.marks = self._marks()

    def read(self) -> Typed:
        if not self.tokens:
            return Typed(self.text, (), clear=False)
        names, left, dropped = self._named()
        said = self._said(left)
        if names:
            names = _preferred(names, said)
            said.refuse(said.marks.keys() - _USES[names[0].subject])
        meant = {(n.subject, n.id) for n in names}
        flag = names[0].id if len(meant) == 1 and names[0].subject == "flag" and said.get("present") is not False else None
        if flag:
            asks = [_Name("finding", i, i) for i in self.kb.flags[flag].when.asks if i in self.kb.findings]
            return self._typed(self._candidates(asks, said), said, False, flag, dropped)
        clear = len(meant) == 1 and not dropped and not said.odd
        others = self._near(self._words(left), ("measure",) if said.get("value") is not None else ("finding", "measure"), not names)
        found = self._candidates([*names, *(o for o in others if (o.subject, o.id) not in meant)], said)
        return self._typed(found, said, clear and bool(found), None, dropped if found else self._words(left).split())

    def _typed(self, found: list[Candidate], said: _Said, clear: bool, flag: str | None, strange: Sequence[str]) -> Typed:
        value = said.get("value")
        return Typed(
            self.text, tuple(found[:MOST]), clear, said.get("side"), said.get("task"), said.get("present"), said.get("severity"),
            value[0] if value else None, value[1] if value else None, said.get("pain"), bool(said.get("painful")), flag,
            (*strange, *said.odd),
        )  # fmt: skip

    # --- marks -----------------------------------------------------------------------------------------------------------------------

    def _marks(self) -> tuple[_Mark, ...]:
        """Every run of tokens that may be a mark, longest first at each place; runs do not overlap."""
        found: list[_Mark] = []
        at = 0
        while at < len(self.tokens):
            mark = self._mark_at(at)
            if mark:
                found.append(mark)
            at += len(mark.tokens) if mark else 1
        return tuple(found)

    def _mark_at(self, at: int) -> _Mark | None:
        plain = [t.plain for t in self.tokens[at:]]
        if plain[0][0].isdecimal():
            return self._amount_at(at, [t.plain for t in self.tokens])
        length, kind, says = self._phrase(plain) or (1, *self._word(plain[0], at in (0, len(self.tokens) - 1)))
        return _Mark(tuple(range(at, at + length)), kind, says) if kind else None

    def _phrase(self, plain: Sequence[str]) -> tuple[int, str, Any] | None:
        """(how many tokens, mark, what it says) of words that belong together: "left and right", "left stance", a task."""
        side = side_word(plain[0])
        if side in ("left", "right"):
            if plain[1:2] == ["stance"]:
                return 2, "stance", side
            if len(plain) > 2 and plain[1] in ("and", "+") and side_word(plain[2]) == mirrored(side):
                return 3, "side", "bilateral"
        for length in range(min(5, len(plain)), 0, -1) if plain[0] not in _JOINS else ():
            task = self.kb.words.exact("task", " ".join(plain[:length]))
            if isinstance(task, Found):
                return length, "task", task.reading.id
        return None

    def _word(self, plain: str, at_end: bool) -> tuple[str, Any]:
        """(mark, what it says) of a single word; no mark, where it is none."""
        says: Mapping[str, Any] = {"side": side_word(plain), "severity": _SEVERITY.get(plain), "present": _PRESENCE.get(plain)}
        if plain in _SIGNS:
            says = {"present": _SIGNS[plain]} if at_end else {"idle": True}
        if plain in _PAINFUL:
            says = {"painful": True}
        if plain in _IDLE:
            says = {"idle": True}
        if _misspelt_side(plain) and plain not in self.kb.words.vocabulary:
            says = {"misspelt": plain}
        return next(((kind, said) for kind, said in says.items() if said is not None), ("", None))

    def _amount_at(self, at: int, plain: Sequence[str]) -> _Mark:
        """A number: a value with the unit after it, pain out of ten, or a number that says nothing yet."""
        number = float(plain[at].replace(",", "."))
        if plain[at + 1 : at + 2] == ["/10"]:
            return _Mark((at, at + 1), "number", number)
        for length in (3, 2, 1):
            words = plain[at + 1 : at + 1 + length]
            if len(words) == length and (unit := unit_named(" ".join(words), self.kb.units)):
                return _Mark(tuple(range(at, at + 1 + length)), "value", (number, unit.symbol))
        return _Mark((at,), "number", number)

    def _said(self, marks: Iterable[_Mark]) -> _Said:
        """Marks joined: each says its own once; what says two things at once is odd, and counts for nothing."""
        said = _Said()
        for mark in sorted(marks, key=lambda m: m.tokens):
            kind, says = mark.kind, mark.says
            if kind == "number":
                before = self.tokens[mark.tokens[0] - 1].plain if mark.tokens[0] else ""
                of_ten = len(mark.tokens) == 2 or before in _PAINFUL
                kind, says = ("pain", int(says)) if of_ten and says in range(11) else ("bare", says)
            if kind != "idle":
                said.add(kind, says, self._spelt(mark.tokens))
        said.refuse(kind for kind, says in tuple(said.marks.items()) if says is _TWO_THINGS)
        if said.get("value") is not None:
            said.refuse(["bare"])
        if said.get("pain") is not None:
            said.marks.pop("painful", None)
        return said

    # --- the name --------------------------------------------------------------------------------------------------------------------

    def _named(self) -> tuple[list[_Name], tuple[_Mark, ...], list[str]]:
        """(what the words name, the marks beside it, the words that had to be left out): the longest name that is known wins."""
        wordless = [m for m in self.marks if self.tokens[m.tokens[0]].plain in ("?", *_SIGNS) and len(m.tokens) == 1]
        loose = [m for m in self.marks if m not in wordless][:_MOST_MARKS]  # the rest are marks, whatever they might be in a name
        fixed = [m for m in self.marks if m not in loose]
        ways = [(*taken, *fixed) for n in range(len(loose) + 1) for taken in combinations(loose, n)]
        ways.sort(key=lambda taken: sum(len(m.tokens) for m in taken))
        best: list[_Name] = []
        marks: tuple[_Mark, ...] = self.marks
        for taken in ways:
            size = sum(len(m.tokens) for m in taken)
            if best and size > sum(len(m.tokens) for m in marks):
                break
            if found := self._known(self._words(taken), exactly=True):
                best += [f for f in found if (f.subject, f.id) not in {(b.subject, b.id) for b in best}]
                marks = taken
        if best:
            return best, marks, []
        everything = self._words(self.marks)
        if mended := self._known(everything, exactly=False):
            return mended, self.marks, []
        strange = [t for t in everything.split() if not set(normal(t).split()) <= self.kb.words.vocabulary]
        rest = " ".join(t for t in everything.split() if t not in strange)
        found = self._known(rest, exactly=True) if strange and rest else []
        return found, self.marks, strange if found else []

    def _known(self, words: str, exactly: bool) -> list[_Name]:
        found = []
        for subject in _SUBJECTS if words else ():
            read = (self.kb.words.exact if exactly else self.kb.words.read)(subject, words)
            if isinstance(read, Found) and self._wanted(subject, read.reading.id):
                found.append(_Name(subject, read.reading.id, words, read.mended))
            elif isinstance(read, Unclear):
                found += [_Name(subject, name, "") for name in read.near if self._wanted(subject, name)]
        return found

    def _wanted(self, subject: str, name: str) -> bool:
        return (self.kb.kinds.get(name, subject) if subject == "finding" else subject) in self.kinds

    def _words(self, without: Iterable[_Mark]) -> str:
        """The text without some marks."""
        gone = {n for mark in without for n in mark.tokens}
        return self._spelt(n for n in range(len(self.tokens)) if n not in gone)

    def _spelt(self, numbers: Iterable[int]) -> str:
        spelt, last = "", -2
        for n in numbers:
            token = self.tokens[n]
            spelt += token.text if not spelt or (token.glued and last == n - 1) else f" {token.text}"
            last = n
        return spelt

    def _near(self, words: str, subjects: Sequence[str], by_letters: bool) -> list[_Name]:
        """What the words may be the beginning of, and, where that is little, what is near by its letters."""
        begun = normal(words).split()
        if not begun:
            return []
        found = [name for _, name in sorted(self._begun(begun, subjects), key=lambda entry: entry[0])]
        if by_letters and len({(n.subject, n.id) for n in found}) < 3:
            found += [
                _Name(subject, name, known)
                for subject in subjects for name, known in self.kb.words.search(subject, words, 4, 70) if self._wanted(subject, name)
            ]  # fmt: skip
        first: dict[tuple[str, str], _Name] = {}
        for name in found:
            first.setdefault((name.subject, name.id), name)
        return list(first.values())[:MOST]

    def _begun(self, begun: Sequence[str], subjects: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], _Name]]:
        """Everything of whose words each typed one is a beginning: what is nearly whole, then what begins so, then by use."""
        looked_at = Counter(i.finding or i.measure for b in self.kb.batteries.values() for i in b.items)
        for subject in subjects:
            for known, readings in self.kb.words.by_subject[subject].known.items():
                if not all(word in known for word in begun):  # most of them, at once
                    continue
                left = known.split()
                if len(left) < len(begun) or not _takes(begun, list(left)):
                    continue
                begins = left[0].startswith(begun[0])
                for reading in readings:
                    if self._wanted(subject, reading.id):
                        yield (len(left), not begins, -looked_at[reading.id], subject, reading.id, known), _Name(subject, reading.id, known)

    # --- candidates ------------------------------------------------------------------------------------------------------------------

    def _candidates(self, names: Iterable[_Name], said: _Said) -> list[Candidate]:
        return [
            self._flag(n) if n.subject == "flag" else (self._measure if n.subject == "measure" else self._finding)(n, said) for n in names
        ]

    def _finding(self, name: _Name, said: _Said) -> Candidate:
        kind = self.kb.findings[name.id]
        side, task, turned, wrong = self._placed(name, said)
        entry = {
            "name": name.id, "side": side or None, "task": task or None, "severity": said.get("severity"), "stance": said.get("stance"),
            "present": None if said.get("present") in (None, True) else said.get("present"),
            **(self._pain(said) if self.kb.kinds[name.id] == "finding" else {"note": " ".join(said.spelt.get("pain", ())) or None}),
        }  # fmt: skip
        whole = _without_none(entry)
        needs = not side and not kind.needs_no_side
        means = (kind.side_means or "").rstrip(".") if side in ("", "left", "right", "bilateral") and "left" in kind.sides else ""
        return Candidate(
            self.kb.kinds[name.id], name.id, kind.name, self._as_written(name), side, task, turned, name.mended,
            ("side",) if needs else (), kind.sides if needs else (), (), means, wrong or ("" if needs else _refused(whole, self.kb)), whole,
        )  # fmt: skip

    def _pain(self, said: _Said) -> Mapping[str, Any]:
        """Pain in a test. Of a symptom it is none: there it stands as a note."""
        return {"pain": said.get("pain") or None, "limited_by": "pain" if said.get("painful") else None}

    def _placed(self, name: _Name, said: _Said) -> tuple[str, str, bool, str]:
        """(side of the finding itself, task, whether its words go by the other side, what is wrong), as the normaliser reads them."""
        words = name.words or name.id
        asked = {"name": words, "side": said.get("side") if name.words else None, "task": said.get("task")}
        read = self.kb.words.read("finding", words)
        turned = isinstance(read, Found) and read.reading.side == "opposite"
        try:
            found, side, task = named(CaseFinding.model_validate(_without_none(asked)), self.kb)
        except CaseError as error:
            return (said.get("side") or "") if name.words and not turned else "", said.get("task") or "", turned, _told(error)
        return (side, task, turned, "") if found == name.id else ("", said.get("task") or "", False, "")

    def _measure(self, name: _Name, said: _Said) -> Candidate:
        measure = self.kb.measures[name.id]
        sided = "left" in measure.sides
        value, bare, side = said.get("value"), said.get("bare"), said.get("side") or ""
        amount = value[0] if value else bare
        units = tuple(u.symbol for u in units_of(measure, self.kb))
        lacks = {"value": amount is None, "unit": value is None, "side": sided and side not in ("left", "right", "bilateral")}
        missing = tuple(what for what in _MISSING_FIRST if lacks[what])
        entry = _without_none({
            "name": name.id, "side": side or None, "value": _whole(amount), "unit": value[1] if value else None,
            "pain": said.get("pain") or None,
        })  # fmt: skip
        wrong = "a measurement is told by its value" if said.get("present") is not None else "" if missing else _refused(entry, self.kb)
        return Candidate(
            "measure", name.id, measure.name, self._as_written(name), side, "", False, name.mended, missing,
            ("left", "right", "bilateral") if "side" in missing else (), units if "unit" in missing else (),
            (measure.side_means or "").rstrip("."), wrong, entry,
        )  # fmt: skip

    def _flag(self, name: _Name) -> Candidate:
        title = self.kb.flags[name.id].title
        entry = {"name": flag_words(self.kb.flags[name.id], self.kb), "present": False}
        return Candidate("flag", name.id, title, self._as_written(name), "", "", False, name.mended, (), (), (), "", "", entry)

    def _as_written(self, name: _Name) -> str:
        """The words as the knowledge base spells them, where they are its own."""
        if name.subject != "finding":
            return name.words
        kind = self.kb.findings[name.id]
        spelt = (w for w in (kind.name, *(s.words for s in kind.synonyms)) if normal(w) == normal(name.words))
        return next(spelt, name.words)


def _tokens(text: str) -> Iterator[_Token]:
    end = -1
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", text)):
        yield _Token(match[0], match[0].casefold(), match.start() == end)
        end = match.end()


def _preferred(names: list[_Name], said: _Said) -> list[_Name]:
    """A value is one of a measure; otherwise words that name something seen, told or asked are no measure, and no flag as a whole."""
    order = ("measure",) if said.get("value") is not None else _SUBJECTS
    return next((kept for subject in order if (kept := [n for n in names if n.subject == subject])), names)


def _misspelt_side(plain: str) -> bool:
    """Whether a word is a side but for one slip of a finger. A side is never guessed: it counts as not understood, and is asked for."""
    return any(plain[:1] == side[0] and len(plain) > 2 and OSA.distance(plain, side) == 1 for side in _SIDES)


def _takes(begun: Sequence[str], left: list[str]) -> bool:
    """Whether each typed word begins a word of its own."""
    for token in begun:
        match = next((word for word in left if word == token), None) or next((word for word in left if word.startswith(token)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _refused(entry: Mapping[str, Any], kb: KnowledgeBase) -> str:
    """Why no case may state this, "" where it may."""
    try:
        if "value" in entry:
            values_of(CaseFile(findings=(), measurements=(CaseMeasurement.model_validate(entry),)), kb)
        else:
            keys_of(CaseFinding.model_validate(entry), kb)
    except CaseError as error:
        return _told(error)
    except ValidationError as error:
        return "; ".join(sorted({e["msg"] for e in error.errors()}))
    return ""


_PLACE = re.compile(r"^[a-z]+(?:\[[0-9]+\])?(?:\.[a-z_]+)*: ")


def _told(error: CaseError) -> str:
    """What is wrong, without the place: there is one entry only."""
    return "; ".join(_PLACE.sub("", fault.message) for fault in error.faults)


def _whole(number: float | None) -> float | int | None:
    return int(number) if number is not None and number.is_integer() else number


def _without_none(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if value is not None}
