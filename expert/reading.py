"""Text into plain data, with the line of every value. Strict: what YAML or JSON would settle on the quiet is a fault here.

Refused: duplicate keys, anchors, aliases, tags, several documents, NaN and infinity, control and bidirectional characters, more
than 30 levels, texts over the cap. YAML is read event by event, so depth costs no stack.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from rapidfuzz import fuzz, process
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from expert.errors import Fault

YAML_CAP = 128 * 1024
JSON_CAP = 1024 * 1024
KNOWLEDGE_CAP = 2 * 1024 * 1024
DEPTH_CAP = 30
LONGEST_NUMBER = 18  # digits
MOST_FAULTS = 200  # that are told of the shape of one document: to word one takes time, and nobody reads so many

Path = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

# C0 and C1 controls but tab, line feed and carriage return; zero-width and bidirectional controls; lone surrogates.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data and, for each path into it, its line (1-based). JSON's lines are found from its text when something is at fault.

    `at`: where in the text the data stands, when it is a part of what was read.
    """

    where: str
    data: Any
    lines: Mapping[Path, int] = field(default_factory=dict)
    text: str = ""
    at: Path = ()

    def part(self, *path: str | int) -> Document:
        """What stands at a path, as a document of its own that still knows its place."""
        data = self.data
        for step in path:
            data = data[step]
        return Document(self.where, data, self.lines, self.text, (*self.at, *path))

    def fault(self, path: Path, message: str, meant: Sequence[str] = ()) -> Fault:
        """A fault at the nearest enclosing place whose line is known."""
        lines, whole = self.lines or _lines(self.text), (*self.at, *path)
        place = pointer((*self.at, *_there(self.data, path)))
        for end in range(len(whole), -1, -1):
            if line := lines.get(whole[:end]):
                return Fault(self.where, line, message, place, tuple(meant))
        return Fault(self.where, 0, f"{spell(path)}: {message}" if path else message, place, tuple(meant))


def _there(data: Any, path: Path) -> Path:
    """As much of a path as the data have: what is told by a name alone has no field `name`."""
    for end, step in enumerate(path):
        known = step in data if isinstance(data, dict) else isinstance(data, (list, tuple)) and isinstance(step, int) and step < len(data)
        if not known:
            return path[:end]
        data = data[step]
    return path


@lru_cache(maxsize=4)
def _lines(text: str) -> Mapping[Path, int]:
    """The lines of JSON, read as the YAML that it also is, as far as that goes."""
    builder = _Builder("")
    if len(text) <= YAML_CAP:
        with suppress(YAMLError, ValueError, Unreadable):
            builder.build(text)
    return builder.lines


class Unreadable(Exception):
    """The text is no document: the faults say where."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults


def spell(path: Path) -> str:
    """`findings[2].side` for ("findings", 2, "side")."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def pointer(path: Path) -> str:
    """`/findings/2/side` for ("findings", 2, "side"): RFC 6901."""
    return "".join(f"/{str(p).replace('~', '~0').replace('/', '~1')}" for p in path)


def read_yaml(text: str, where: str, cap: int = YAML_CAP) -> Document:
    """Read one YAML 1.2 document (core schema, without its exotic parts)."""
    text = text.removeprefix("\ufeff")
    _refuse_size(text, where, cap)
    _refuse_hidden(text, where)
    try:
        return _Builder(where).build(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise Unreadable(Fault(where, line, f"this is not YAML: {error.problem or error.context}")) from None
    except (YAMLError, ValueError) as error:
        raise Unreadable(Fault(where, 1, f"this is not YAML: {str(error).splitlines()[0]}")) from None


def read_json(text: str, where: str, cap: int = JSON_CAP) -> Document:
    """Read one JSON value; lines are found only for what turns out to be at fault."""
    text = text.removeprefix("\ufeff")
    _refuse_size(text, where, cap)
    _refuse_hidden(text, where)
    _refuse_depth(text, where)
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_short)
    except json.JSONDecodeError as error:
        raise Unreadable(Fault(where, error.lineno, f"this is not JSON: {error.msg}")) from None
    except (_Refused, ValueError, RecursionError) as error:
        line = _line_of(text, error.args[1]) if isinstance(error, _Refused) and len(error.args) > 1 else 1
        raise Unreadable(Fault(where, line, str(error.args[0]))) from None
    return Document(where, data, text=text)


class _Refused(ValueError):
    pass


class _Builder:
    """Events into data. A stack of open collections, so that depth costs memory and not recursion."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.lines: dict[Path, int] = {}
        self.faults: list[Fault] = []

    def build(self, text: str) -> Document:
        root: list[Any] = []
        stack: list[tuple[Any, Path, str | None]] = []
        documents = 0
        for event in YAML(typ="safe", pure=True).parse(io.StringIO(text)):
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, "a second document starts here; one file holds one")
            elif isinstance(event, AliasEvent):
                self._stop(event, f"the alias '*{event.anchor}' is refused; write the value out")
            elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
                self._plain(event)
                if len(stack) >= DEPTH_CAP:
                    self._stop(event, f"more than {DEPTH_CAP} levels deep")
                new: Any = {} if isinstance(event, MappingStartEvent) else []
                path = self._add(root, stack, new, event)
                stack.append((new, path, None))
            elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
                stack.pop()
            elif isinstance(event, ScalarEvent):
                self._plain(event)
                self._scalar(root, stack, event)
        if self.faults:
            raise Unreadable(*self.faults)
        return Document(self.where, root[0] if root else None, self.lines)

    def _scalar(self, root: list[Any], stack: list[tuple[Any, Path, str | None]], event: ScalarEvent) -> None:
        if stack and isinstance(stack[-1][0], dict) and stack[-1][2] is None:
            mapping, path, _ = stack[-1]
            key = str(event.value)
            if _HIDDEN.search(key):
                self._note(event, "a key with a hidden character is refused")
            if key in mapping:
                self._note(event, f"the key '{key}' stands here twice")
            if key == "<<" and event.style is None:
                self._note(event, "merge keys (<<) are refused; write the values out")
            self.lines[(*path, key)] = event.start_mark.line + 1
            stack[-1] = (mapping, path, key)
            return
        self._add(root, stack, self._value(event), event)

    def _add(self, root: list[Any], stack: list[tuple[Any, Path, str | None]], value: Any, event: Any) -> Path:
        if not stack:
            root.append(value)
            self.lines[()] = event.start_mark.line + 1
            return ()
        parent, path, key = stack[-1]
        if isinstance(parent, list):
            here: Path = (*path, len(parent))
            parent.append(value)
        elif key is None:
            self._stop(event, "a key must be a plain word")
        else:
            here = (*path, key)
            parent[key] = value
            stack[-1] = (parent, path, None)
        self.lines.setdefault(here, event.start_mark.line + 1)
        return here

    def _value(self, event: ScalarEvent) -> Any:
        text = event.value
        if hidden := _HIDDEN.search(text):
            self._note(event, f"the hidden character U+{ord(hidden.group()):04X} is refused")
        if event.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _NOT_FINITE.fullmatch(text):
            self._note(event, f"'{text}' is not a number that can be reckoned with")
            return None
        if _INT.fullmatch(text):
            if len(text) > LONGEST_NUMBER:
                self._note(event, "a number this long is refused")
                return None
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if number in (float("inf"), float("-inf")):
                self._note(event, f"'{text}' is too large a number")
                return None
            return number
        return text

    def _plain(self, event: Any) -> None:
        if event.anchor:
            self._note(event, f"the anchor '&{event.anchor}' is refused; write values out")
        if event.ctag is not None and str(event.ctag) not in ("None", "!"):
            self._note(event, f"the tag '{event.ctag}' is refused; values are text, numbers, true, false, lists, maps")

    def _note(self, event: Any, message: str) -> None:
        self.faults.append(Fault(self.where, event.start_mark.line + 1, message))
        if len(self.faults) >= MOST_FAULTS:
            raise Unreadable(*self.faults)

    def _stop(self, event: Any, message: str) -> None:
        self._note(event, message)
        raise Unreadable(*self.faults)


def _refuse_size(text: str, where: str, cap: int) -> None:
    size = len(text) if len(text) > cap else len(text.encode("utf-8", "surrogatepass"))
    if size > cap:
        raise Unreadable(Fault(where, 0, f"larger than the cap of {cap // 1024} kB"))


def _refuse_hidden(text: str, where: str) -> None:
    faults = []
    for found in _HIDDEN.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        faults.append(Fault(where, line, f"the hidden character U+{ord(found.group()):04X} is refused"))
        if len(faults) == 20:
            break
    if faults:
        raise Unreadable(*faults)


def refuse_hidden(document: Document) -> None:
    """Raise Unreadable for hidden characters anywhere in a document's data, however they came in, each with its line."""
    faults: list[Fault] = []
    todo: list[tuple[Path, Any]] = [((), document.data)]
    while todo and len(faults) < MOST_FAULTS:
        path, here = todo.pop()
        if isinstance(here, str) and (hidden := _HIDDEN.search(here)):
            faults.append(document.fault(path, f"the hidden character U+{ord(hidden.group()):04X} is refused"))
        elif isinstance(here, dict):
            todo += [((*path, key), part) for key, value in here.items() for part in (key, value)]
        elif isinstance(here, (list, tuple)):
            todo += [((*path, number), part) for number, part in enumerate(here)]
    if faults:
        raise Unreadable(*faults)


def _refuse_depth(text: str, where: str) -> None:
    depth, quoted, line = 0, False, 1
    for found in re.finditer(r'\\.|["\[\]{}\n]', text):
        mark = found.group()
        if mark == "\n":
            line += 1
        elif mark == '"':
            quoted = not quoted
        elif not quoted and mark in "[{":
            depth += 1
            if depth > DEPTH_CAP:
                raise Unreadable(Fault(where, line, f"more than {DEPTH_CAP} levels deep"))
        elif not quoted and mark in "]}":
            depth -= 1


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise _Refused(f"the key '{key}' stands here twice", f'"{key}"')
        seen[key] = value
    return seen


def _refuse_constant(word: str) -> None:
    raise _Refused(f"'{word}' is not a number that can be reckoned with", word)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _Refused(f"'{text}' is too large a number", text)
    return number


def _short(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise _Refused("a number this long is refused", text)
    return int(text)


def _line_of(text: str, needle: str) -> int:
    return text.count("\n", 0, max(text.rfind(needle), 0)) + 1


# --- data into shapes ----------------------------------------------------------------------------------------------------


def shaped(model: type[M], document: Document) -> tuple[M | None, list[Fault]]:
    """The document as a model, or every fault of it, each with its line."""
    if document.data is None:
        return None, [document.fault((), "the file is empty")]
    if not isinstance(document.data, dict):
        return None, [document.fault((), "a map of names and values is expected at the top")]
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        found = error.errors(include_url=False)
        faults = [_fault(model, document, one) for one in found[:MOST_FAULTS] if not _is_echo(one, found)]
        more = len(found) - MOST_FAULTS
        return None, [*faults, document.fault((), f"there are {more} faults more")] if more > 0 else faults


_ID_PATTERN = "[a-z0-9]+"
_IN_WORDS = {
    "tuple_type": "a list is expected", "list_type": "a list is expected", "model_type": "a map of names and values is expected",
    "dict_type": "a map of names and values is expected", "string_type": "text is expected", "float_type": "a number is expected",
    "int_type": "a whole number is expected", "bool_type": "true or false is expected",
}  # fmt: skip


def _is_echo(one: Any, found: Sequence[Any]) -> bool:
    """A list that is "too short" only because what stands in it is at fault."""
    size = len(one["loc"])
    return one["type"] == "too_short" and any(len(o["loc"]) > size and o["loc"][:size] == one["loc"] for o in found)


def _fault(model: type[BaseModel], document: Document, found: Any) -> Fault:
    path: Path = tuple(p for p in found["loc"] if p != "[key]")
    message = found["msg"].removeprefix("Value error, ")
    meant: Sequence[str] = ()
    if found["type"] == "extra_forbidden":
        known = _fields_at(model, path[:-1])
        message, meant = f"unknown key '{path[-1]}'{did_you_mean(str(path[-1]), known)}", near(str(path[-1]), known)
    elif found["type"] == "missing":
        message, path = f"'{path[-1]}' is missing", path[:-1]
    else:
        value = found.get("input")
        told = isinstance(value, (str, int, float)) and not _is_private(model, path)
        shown = f" (here: {json.dumps(value, ensure_ascii=False)[:60]})" if told else ""
        message = _IN_WORDS.get(found["type"], f"{message[:1].lower()}{message[1:]}")
        if found["type"] == "string_pattern_mismatch" and _ID_PATTERN in found["ctx"]["pattern"]:
            message = "this is no id; an id is lower-case words joined by hyphens"
        message = f"'{spell(path)}': {message}{shown}"
    return document.fault(path, message, meant)


def _fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """The field names of the model that stands at this path."""
    here: Any = model
    for found in _fields_on(model, path):
        here = found and _model_in(found.annotation)
    return [f.alias or n for n, f in getattr(here, "model_fields", {}).items()]


def _is_private(model: type[BaseModel], path: Path) -> bool:
    """Whether a message must not repeat what stands here: in a field that is not to be shown, or where a map that has one belongs."""
    fields = [f for f in _fields_on(model, path) if f is not None]
    inside = _model_in(fields[-1].annotation) if fields else None
    return any(not f.repr for f in (*fields, *(inside.model_fields.values() if inside else ())))


def _fields_on(model: type[BaseModel], path: Path) -> Iterator[FieldInfo | None]:
    """The fields by which a path leads from a model; None where it has none of that name."""
    here: Any = model
    for step in path:
        if not isinstance(step, int):
            fields = getattr(here, "model_fields", {})
            named = next((f for n, f in fields.items() if step in (n, f.alias)), None)
            yield named
            here = named and _model_in(named.annotation)


def _model_in(annotation: Any) -> Any:
    """The model inside an annotation such as `tuple[Rule, ...]` or `Case | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := _model_in(a)) is not None), None)


def near(word: str, known: Sequence[str], most: int = 3) -> list[str]:
    """The known words that are nearest to a word, where any is near."""
    return [m for m, _, _ in process.extract(word, sorted(known), scorer=fuzz.WRatio, limit=most, score_cutoff=70)]


def did_you_mean(word: str, known: Sequence[str], most: int = 3) -> str:
    """`, did you mean 'x' or 'y'?`, or nothing where nothing is near."""
    meant = near(word, known, most)
    return f", did you mean {' or '.join(repr(n) for n in meant)}?" if meant else ""
