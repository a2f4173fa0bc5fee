"""The hand-written cases that come with the knowledge: what each states, what follows from it, on whose word."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expert import resources
from expert.errors import Fault, KnowledgeError
from expert.reading import KNOWLEDGE_CAP, Unreadable, read_yaml

_KEYS = ("name", "case", "expected", "source")


@dataclass(frozen=True, slots=True)
class StoredCase:
    """One entry of a file of cases."""

    file: str
    name: str
    case: Mapping[str, Any]
    expected: Mapping[str, Any]
    source: tuple[str, ...]


def stored_cases(folder: Path | None = None, files: Collection[str] = ()) -> tuple[StoredCase, ...]:
    """Every case of every YAML file of a folder (default: those that come with the knowledge), in the order written; or of some `files`."""
    found: list[StoredCase] = []
    faults: list[Fault] = []
    for where, content in resources.knowledge_files(folder or resources.cases(), "cases"):
        if files and where.removeprefix("cases/").partition(".")[0] not in files:
            continue
        try:
            found += _cases(read_yaml(content.decode("utf-8"), where, KNOWLEDGE_CAP).data, where, faults)
        except Unreadable as unreadable:
            faults += unreadable.faults
        except UnicodeDecodeError:
            faults.append(Fault(where, 0, "this is not UTF-8 text"))
    if faults:
        raise KnowledgeError(faults)
    return tuple(found)


def _cases(entries: Any, where: str, faults: list[Fault]) -> Iterator[StoredCase]:
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries]):
        if not isinstance(entry, Mapping) or set(entry) != set(_KEYS):
            faults.append(Fault(where, 0, f"entry {number + 1}: a stored case has the keys {', '.join(_KEYS)}, no more and no fewer"))
            continue
        source = entry["source"] if isinstance(entry["source"], list) else [entry["source"]]
        name = where.removeprefix("cases/").removesuffix(".yaml").removesuffix(".yml")
        yield StoredCase(name, entry["name"], entry["case"], entry["expected"], tuple(source))
