"""kb/ and rules/ into one KnowledgeBase: read, laid over one another, cross-checked, every fault at once.

The parsed files are kept as JSON in the user's cache directory under the hash of their bytes, since reading YAML is slow;
a cache that cannot be read or written is done without.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Any

import platformdirs

from expert import derive, resources
from expert.errors import Fault, KnowledgeError
from expert.formats import Condition, FindingType, KnowledgeFile, Link, Rule
from expert.model import KnowledgeBase
from expert.reading import KNOWLEDGE_CAP, Document, Unreadable, did_you_mean, read_yaml, shaped
from expert.words import Reading, Words, index

CACHE_VERSION = 2
SECTIONS = tuple(n for n, f in KnowledgeFile.model_fields.items() if n not in ("schema_version", "about", "constants"))
_SEEN = ("findings", "symptoms", "history")
_KIND = {"findings": "finding", "symptoms": "symptom", "history": "history"}


@dataclass(frozen=True, slots=True)
class _File:
    """One parsed file: its data, and the lines of its entries by (section, number)."""

    where: str
    layer: int
    shape: KnowledgeFile
    lines: Mapping[str, int]

    def place(self, section: str, number: int) -> tuple[str, int]:
        return self.where, self.lines.get(f"{section}.{number}", 0)


def load(kb: str | os.PathLike[str] | None = None, rules: str | os.PathLike[str] | None = None) -> KnowledgeBase:
    """The shipped knowledge, with the user's own folders laid over it where given."""
    layers = [_texts((name, resources.root() / name) for name in ("kb", "rules"))]
    own = [(str(folder), Path(folder)) for folder in (kb, rules) if folder is not None]
    missing = [Fault(name, 0, "there is no such folder") for name, folder in own if not folder.is_dir()]
    if missing:
        raise KnowledgeError(missing)
    if own:
        layers.append(_texts(own))
    return from_texts(layers)


def load_whole(folder: str | os.PathLike[str]) -> KnowledgeBase:
    """The knowledge of one folder that holds kb/ and rules/, and nothing of the shipped one."""
    parts = [(name, Path(folder) / name) for name in ("kb", "rules")]
    missing = [Fault(str(part), 0, "there is no such folder") for _, part in parts if not part.is_dir()]
    if missing:
        raise KnowledgeError(missing)
    return from_texts([_texts(parts)])


def from_texts(layers: Sequence[Sequence[tuple[str, str]]]) -> KnowledgeBase:
    """A knowledge base from (name, text) pairs, one list a layer, later layers over earlier ones."""
    return _assembled(_files(layers))


def _texts(folders: Iterable[tuple[str, Traversable]]) -> list[tuple[str, str]]:
    """(name, text) of every file below these folders, or every reason why one cannot be read."""
    found: list[tuple[str, str]] = []
    faults: list[Fault] = []
    for name, folder in folders:
        try:
            for where, content in resources.knowledge_files(folder, name):
                try:
                    found.append((where, content.decode("utf-8-sig")))
                except UnicodeDecodeError as error:
                    faults.append(Fault(where, content[: error.start].count(b"\n") + 1, "this is not UTF-8 text"))
        except OSError as error:
            faults.append(Fault(str(error.filename or name), 0, f"cannot be read: {error.strerror}"))
    if faults:
        raise KnowledgeError(faults)
    return found


# --- files --------------------------------------------------------------------------------------------------------------


def _files(layers: Sequence[Sequence[tuple[str, str]]]) -> list[_File]:
    faults: list[Fault] = []
    files = [file for number, texts in enumerate(layers) for file in _layer(texts, number, faults)]
    if faults:
        raise KnowledgeError(faults)
    return files


def _layer(texts: Sequence[tuple[str, str]], number: int, faults: list[Fault]) -> list[_File]:
    """The files of one layer; each layer is kept by itself, so that one's own folder does not make the shipped one be read anew."""
    digest = _digest([CACHE_VERSION, texts])
    kept = _from_cache(digest)
    documents = _parsed(texts, faults) if kept is None else kept
    files: list[_File] = []
    sound = not faults
    for document in documents:
        shape, found = shaped(KnowledgeFile, document)
        faults += found
        if shape is not None:
            lines = {f"{p[0]}.{p[1]}": n for p, n in document.lines.items() if len(p) == 2}
            files.append(_File(document.where, number, shape, lines))
    if kept is None and sound and not faults:
        _to_cache(digest, documents)
    return files


def _parsed(texts: Sequence[tuple[str, str]], faults: list[Fault]) -> list[Document]:
    """Every file that can be read; what cannot is added to the faults."""
    documents: list[Document] = []
    for where, text in texts:
        try:
            documents.append(read_yaml(text, where, KNOWLEDGE_CAP))
        except Unreadable as unreadable:
            faults += unreadable.faults
    return documents


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, ensure_ascii=True).encode()).hexdigest()


def _cache_path(digest: str) -> Path:
    return platformdirs.user_cache_path("myologic") / f"knowledge-{digest[:32]}.json"


def _from_cache(digest: str) -> list[Document] | None:
    """The documents kept under this digest, if they are there, whole and undamaged."""
    try:
        kept = json.loads(_cache_path(digest).read_text(encoding="utf-8"))
        if kept["digest"] != digest or kept["content"] != _digest(kept["documents"]):
            return None
        return [Document(where, data, {(s, n): line for s, n, line in lines}) for where, data, lines in kept["documents"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _to_cache(digest: str, documents: Sequence[Document]) -> None:
    kept = [[d.where, d.data, [[*p, line] for p, line in d.lines.items() if len(p) == 2]] for d in documents]
    path = _cache_path(digest)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"digest": digest, "content": _digest(kept), "documents": kept}, file, ensure_ascii=False)
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)


# --- assembling ------------------------------------------------------------------------------------------------------------


class _Shelves:
    """Entries by section and id, as the files are laid over one another, with the place of each and the faults met."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {s: {} for s in SECTIONS}
        self.places: dict[str, tuple[str, int]] = {}
        self.layers: dict[str, int] = {}
        self.faults: list[Fault] = []

    def put(self, section: str, entry: Any, file: _File, number: int) -> bool:
        """Lay an entry on its shelf; False where something of its name lies there already."""
        shelf = "findings" if section in _SEEN else section
        where, line = file.place(section, number)
        name = _name_of(section, entry)
        key = f"{shelf}:{name}"
        if key in self.places:
            first, first_line = self.places[key]
            if not getattr(entry, "overrides", False) or self.layers[key] == file.layer:
                advice = "" if self.layers[key] == file.layer else "; to replace it, write `overrides: true`"
                self.fault((where, line), f"'{name}' is already defined at {first}:{first_line}{advice}")
                return False
        elif getattr(entry, "overrides", False):
            self.fault((where, line), f"'{name}' says `overrides: true`, but there is nothing of that id to override")
        self.entries[shelf][name] = entry
        self.places[key] = (where, line)
        self.layers[key] = file.layer
        return True

    def fault(self, place: tuple[str, int], message: str) -> None:
        self.faults.append(Fault(*place, message))


def _name_of(section: str, entry: Any) -> str:
    """What an entry is known by: its id, or for what is said of a muscle's pull, of which muscle and where to."""
    if section in ("shares", "measured_actions"):
        return " ".join(filter(None, (entry.muscle, entry.part, entry.direction)))
    if section == "reversals":
        return " ".join(filter(None, (entry.muscle, entry.part, entry.below, entry.angle_of)))
    return str(entry.id)


def _assembled(files: Sequence[_File]) -> KnowledgeBase:
    shelves = _Shelves()
    kinds: dict[str, str] = {}
    for file in files:
        for section in SECTIONS:
            for number, entry in enumerate(getattr(file.shape, section)):
                if shelves.put(section, entry, file, number) and section in _SEEN:
                    kinds[entry.id] = _KIND[section]
    about = _single(files, "about", shelves)
    constants = _single(files, "constants", shelves)
    if about is None or constants is None:
        raise KnowledgeError(shelves.faults or [Fault("kb", 0, "'about' and 'constants' must stand in some file")])
    e = shelves.entries
    _check(e, shelves, kinds, constants)
    words = _words(e, shelves)
    if shelves.faults:
        raise KnowledgeError(shelves.faults)
    content = [[f.shape.model_dump(mode="json", by_alias=True, exclude_defaults=True) for f in files]]
    sha = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    base = KnowledgeBase(
        version=about.version, sha256=sha, shipped=all(f.layer == 0 for f in files), about=about, constants=constants,
        sources=e["sources"], muscles=e["muscles"], groups=e["groups"], regions=e["regions"], joints=e["joints"],
        shares=_sorted(e["shares"]), measured_actions=_sorted(e["measured_actions"]), reversals=_sorted(e["reversals"]),
        units=e["units"], measures=e["measures"], batteries=e["batteries"], risks=e["risks"], outlooks=e["outlooks"],
        claims=e["claims"], glossary=e["glossary"], everyday=e["everyday"], coverage=e["coverage"], tasks=e["tasks"],
        findings=e["findings"], kinds=kinds,
        nodes=e["nodes"], link_kinds=e["link_kinds"], links=e["links"], chains=e["chains"], causes=e["causes"],
        strategies=e["strategies"], phases=tuple(e["phases"].values()), cautions=e["cautions"],
        contraindications=e["contraindications"], provocations=e["provocations"], exercises=e["exercises"], guidance=e["guidance"],
        rules=e["rules"],
        patterns=e["patterns"], flags=e["flags"], words=words, places=shelves.places,
    )  # fmt: skip
    return replace(base, derived=derive.links(base))


def _sorted(shelf: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(entry for _, entry in sorted(shelf.items()))


def _single(files: Sequence[_File], name: str, shelves: _Shelves) -> Any:
    found = [(f.layer, getattr(f.shape, name), f.where) for f in files if getattr(f.shape, name) is not None]
    for (layer, _, first), (other, _, where) in pairwise(found):
        if layer == other:
            shelves.fault((where, 0), f"'{name}' already stands in {first}")
    return found[-1][1] if found else None


def _words(e: Mapping[str, Mapping[str, Any]], shelves: _Shelves) -> Words:
    """The look-up tables; the same words for two things of one subject are a fault."""
    seen = [(w, r, i) for i, f in e["findings"].items() for w, r in _names_of_finding(f)]
    body = [
        (w, Reading(i), i) for s in ("muscles", "groups") for i, m in e[s].items() for w in (i, m.name, *m.synonyms)
    ]
    tasks = [(w, Reading(i), i) for i, t in e["tasks"].items() for w in (i, t.name, *t.synonyms)]
    flags = [(w, Reading(i), i) for i, f in e["flags"].items() for w in (i, f.title, f.title.removeprefix("Possible "))]
    patterns = ((w, Reading(i)) for i, p in e["patterns"].items() for w in (i, p.name, *p.synonyms))
    tables = {"pattern": index(patterns)}  # "flexors over extensors" is not "extensors over flexors": their order tells them apart
    measures = [(w, Reading(i), i) for i, m in e["measures"].items() for w in (i, m.name, *m.synonyms)]
    batteries = [(w, Reading(i), i) for i, b in e["batteries"].items() for w in (i, b.name, *b.synonyms)]
    subjects = (
        ("finding", "findings", seen), ("muscle", "muscles", body), ("task", "tasks", tasks), ("flag", "flags", flags),
        ("measure", "measures", measures), ("battery", "batteries", batteries),
    )  # fmt: skip
    for subject, shelf, named in subjects:
        tables[subject] = index((w, r) for w, r, _ in named)
        for words, readings in tables[subject].in_any_order.items():
            ids = sorted({r.id for r in readings})
            if len(ids) > 1:
                shelves.fault(_latest(ids, shelf, shelves), f"the words '{words}' mean two things: {' and '.join(ids)}")
            elif len(readings) > 1 and {r.side for r in readings} != {"same"}:
                shelves.fault(shelves.places[f"{shelf}:{ids[0]}"], f"the words '{words}' of {ids[0]} have two sides")
    return Words(tables, frozenset(t for table in tables.values() for t in table.vocabulary))


def _latest(ids: Sequence[str], shelf: str, shelves: _Shelves) -> tuple[str, int]:
    """The place of the entry that came last: the one its author can change."""
    keys = [key for i in ids for key in (f"{shelf}:{i}", f"groups:{i}") if key in shelves.places]
    return shelves.places[max(keys, key=lambda key: (shelves.layers[key], *shelves.places[key]))]


def _names_of_finding(finding: FindingType) -> Iterator[tuple[str, Reading]]:
    yield finding.id, Reading(finding.id)
    yield finding.name, Reading(finding.id)
    for synonym in finding.synonyms:
        yield synonym.words, Reading(finding.id, synonym.side, synonym.task or "")


# --- cross-checks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Names:
    """Reports ids that nothing has."""

    shelves: _Shelves
    known: Mapping[str, frozenset[str]]

    def need(self, what: str, ids: Iterable[str | None], place: tuple[str, int], who: str) -> None:
        for name in ids:
            if name is not None and name not in self.known[what]:
                meant = did_you_mean(name, sorted(self.known[what]))
                self.shelves.fault(place, f"{who}: unknown {what} '{name}'{meant}")


def _check(e: Mapping[str, Mapping[str, Any]], shelves: _Shelves, kinds: Mapping[str, str], constants: Any) -> None:
    """Every id that is named exists, and each entry is whole in itself."""
    names = _Names(shelves, {
        "source": frozenset(e["sources"]), "muscle": frozenset(e["muscles"]) | frozenset(e["groups"]),
        "muscle, group, finding or contraindication": frozenset().union(
            *(e[section] for section in ("muscles", "groups", "findings", "contraindications"))
        ),
        "plain muscle": frozenset(e["muscles"]), "task": frozenset(e["tasks"]), "finding": frozenset(e["findings"]),
        "node": frozenset(e["nodes"]), "link": frozenset(e["links"]), "link kind": frozenset(e["link_kinds"]),
        "rule": frozenset(e["rules"]), "pattern": frozenset(e["patterns"]), "measure": frozenset(e["measures"]),
        "provocation": frozenset(e["provocations"]), "unit": frozenset(u.symbol for u in e["units"].values()),
        "direction": frozenset(d for j in e["joints"].values() for a in j.axes for d in a.directions),
    })  # fmt: skip
    for section, shelf in e.items():
        for name, entry in shelf.items():
            place = shelves.places[f"{section}:{name}"]
            names.need("source", getattr(entry, "sources", ()), place, name)
            _CHECKS.get(section, _nothing)(entry, place, names, kinds)
    names.need("source", [constants.mechanics.source], ("kb", 0), "constants")
    for name, rule in e["rules"].items():
        _check_points(rule, shelves.places[f"rules:{name}"], shelves, constants, e["sources"])
    for name, link in e["links"].items():
        if link.kind in e["link_kinds"]:
            _check_claim(link, e["link_kinds"][link.kind], e["nodes"], shelves.places[f"links:{name}"], shelves)


def _nothing(*_: Any) -> None:
    return None


def _check_muscle(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("direction", (*entry.actions, *(a for p in entry.parts for a in p.actions)), place, entry.id)
    names.need("direction", (d.direction for d in entry.differs), place, entry.id)
    names.need("source", (t.source for t in entry.tendency), place, entry.id)


def _check_reversal(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("plain muscle", [entry.muscle], place, "reversals")
    names.need("direction", (entry.below, entry.above, entry.angle_of), place, "reversals")
    names.need("source", [entry.source], place, "reversals")


def _check_task(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("direction", entry.angles_deg, place, entry.id)
    names.need("source", [entry.angle_source], place, entry.id)


def _check_measure(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("source", (*(x.source for x in entry.error), *(j.source for j in entry.judgements)), place, entry.id)
    names.need("finding", (f for j in entry.judgements for f in (j.finding, j.equal)), place, entry.id)
    names.need("task", [entry.task], place, entry.id)
    names.need("measure", (j.to for j in entry.judgements), place, entry.id)
    units = [x.unit for x in (*entry.error, *entry.judgements) if x.unit != "%"]
    names.need("unit", units, place, entry.id)
    for judgement in entry.judgements:
        if (judgement.by == "ratio") != (judgement.to is not None):
            names.shelves.fault(place, f"{entry.id}: 'to' names the measure that a ratio divides by; it goes with `by: ratio`")
        if judgement.by != "ratio" and judgement.unit is None:
            names.shelves.fault(place, f"{entry.id}: 'unit' is missing: of what are {judgement.present} and {judgement.absent}?")
        beyond = judgement.present < judgement.absent if judgement.by == "side-difference" else (
            judgement.present < judgement.absent if judgement.on == "higher" else judgement.present > judgement.absent
        )
        if beyond:
            names.shelves.fault(place, f"{entry.id}: 'present' ({judgement.present}) must lie beyond 'absent' ({judgement.absent})")


def _check_battery(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("finding", (i.finding for i in entry.items), place, entry.id)
    names.need("measure", (i.measure for i in entry.items), place, entry.id)
    names.need("task", (i.task for i in entry.items), place, entry.id)


def _check_pull(section: str) -> Any:
    """The check of a section whose entries say into which direction a muscle pulls."""

    def check(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
        names.need("plain muscle", [entry.muscle], place, section)
        names.need("direction", [entry.direction], place, section)

    return check


def _check_group(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("plain muscle", entry.members, place, entry.id)


def _check_region(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("plain muscle", (*entry.surface, *entry.deep), place, entry.id)


def _check_finding(entry: FindingType, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("task", (*entry.tasks, *(s.task for s in entry.synonyms), *(r.task for r in entry.reliability)), place, entry.id)
    sources = (*(r.source for r in entry.reliability), *(d.source for d in entry.deviation), entry.side_source)
    names.need("source", sources, place, entry.id)
    names.need("direction", (d.direction for d in entry.deviation), place, entry.id)
    if "left" in entry.sides and not entry.side_means and not entry.side_optional:
        names.shelves.fault(place, f"{entry.id}: 'side_means' is missing: say of what the side is the side")
    if ("left" in entry.sides) != ("right" in entry.sides):
        names.shelves.fault(place, f"{entry.id}: takes one of left and right only; every finding has its mirror")


def _check_condition(condition: Condition, place: tuple[str, int], names: _Names, who: str, kinds: Mapping[str, str]) -> None:
    for kind in ("finding", "symptom", "history"):
        name = getattr(condition, kind)
        names.need("finding", [name], place, who)
        if name in kinds and kinds[name] != kind:
            names.shelves.fault(place, f"{who}: '{name}' is a {kinds[name]}: write `{kinds[name]}: {name}`")
    if condition.hypothesis is not None and condition.hypothesis.muscle != "any":
        names.need("plain muscle", [condition.hypothesis.muscle], place, who)
    names.need("pattern", [condition.pattern], place, who)
    names.need("task", condition.task, place, who)
    for part in condition.parts:
        _check_condition(part, place, names, who, kinds)


def _terms(condition: Condition) -> Iterator[str]:
    yield condition.term
    for part in condition.parts:
        yield from _terms(part)


def _check_rule(entry: Rule, place: tuple[str, int], names: _Names, kinds: Mapping[str, str]) -> None:
    _check_condition(entry.when, place, names, entry.id, kinds)
    names.need("muscle", (c.muscle for c in entry.then if c.muscle != "matched"), place, entry.id)
    names.need("rule", (*entry.disputes, *entry.refines), place, entry.id)


def _check_when(entry: Any, place: tuple[str, int], names: _Names, kinds: Mapping[str, str]) -> None:
    _check_condition(entry.when, place, names, entry.id, kinds)
    for term in sorted(set(_terms(entry.when)) & {"hypothesis", "pattern"}):
        names.shelves.fault(place, f"{entry.id}: flags, causes, risks and outlooks rest on what is stated; '{term}' cannot stand here")
    names.need("finding", getattr(entry, "explains", ()), place, entry.id)


def _check_contraindication(entry: Any, place: tuple[str, int], names: _Names, kinds: Mapping[str, str]) -> None:
    _check_guidance(entry, place, names, kinds)
    names.need("muscle", entry.muscles, place, entry.id)


def _check_caution(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("finding", entry.told_by, place, entry.id)


def _check_guidance(entry: Any, place: tuple[str, int], names: _Names, kinds: Mapping[str, str]) -> None:
    if entry.when is not None:
        _check_when(entry, place, names, kinds)
    names.need("provocation", entry.provokes, place, entry.id)


def _check_exercise(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("muscle", entry.muscles, place, entry.id)
    names.need("provocation", entry.provokes, place, entry.id)
    names.need("source", entry.dose.sources, place, entry.id)


def _check_pattern(entry: Any, place: tuple[str, int], names: _Names, kinds: Mapping[str, str]) -> None:
    for condition in (*entry.core, *entry.supporting):
        _check_condition(condition, place, names, entry.id, kinds)
    if entry.need is not None and entry.need > len(entry.core):
        names.shelves.fault(place, f"{entry.id}: needs {entry.need} of a core of {len(entry.core)}")


def _check_everyday(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("muscle, group, finding or contraindication", [entry.id], place, "everyday")


def _check_node(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("finding", (s.finding for s in entry.seen_as), place, entry.id)
    names.need("task", (t for s in entry.seen_as for t in s.task), place, entry.id)
    names.need("node", [entry.opposes], place, entry.id)


def _check_link(entry: Link, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("link kind", [entry.kind], place, entry.id)
    names.need("task", (*entry.task, *(entry.check.task if entry.check else ())), place, entry.id)
    for end in (entry.start, entry.to):
        names.need("muscle", [end.muscle], place, entry.id)
        names.need("node", [end.node], place, entry.id)
    if entry.check is not None:
        names.need("finding", [entry.check.finding], place, entry.id)
    elif entry.to.muscle is not None:
        names.shelves.fault(place, f"{entry.id}: 'check' is missing: which test would show the far end?")
    if entry.start.side != "same":
        names.shelves.fault(place, f"{entry.id}: a link starts on the same side; its far end says where it leads")


def _check_chain(entry: Any, place: tuple[str, int], names: _Names, _: Mapping[str, str]) -> None:
    names.need("link", entry.steps, place, entry.id)


_CHECKS: Mapping[str, Any] = {
    "muscles": _check_muscle, "shares": _check_pull("shares"), "groups": _check_group, "regions": _check_region,
    "findings": _check_finding, "rules": _check_rule,
    "patterns": _check_pattern, "flags": _check_when, "causes": _check_when, "nodes": _check_node,
    "links": _check_link, "chains": _check_chain, "risks": _check_when, "outlooks": _check_when,
    "contraindications": _check_contraindication, "guidance": _check_guidance, "cautions": _check_caution, "exercises": _check_exercise,
    "measured_actions": _check_pull("measured_actions"), "reversals": _check_reversal, "tasks": _check_task, "measures": _check_measure,
    "batteries": _check_battery, "everyday": _check_everyday,
}  # fmt: skip


def _check_points(rule: Rule, place: tuple[str, int], shelves: _Shelves, constants: Any, sources: Mapping[str, Any]) -> None:
    cap = constants.caps[rule.grade]
    for conclusion in rule.then:
        if conclusion.points > cap:
            shelves.fault(place, f"{rule.id}: {conclusion.points} points exceed the cap of grade {rule.grade} ({cap})")
    first = sources.get(rule.sources[0])
    if first is not None and first.read == "none" and rule.grade != "D":
        shelves.fault(place, f"{rule.id}: '{first.id}' was not read by anyone here; such a rule is grade D")


def _check_claim(link: Link, kind: Any, nodes: Mapping[str, Any], place: tuple[str, int], shelves: _Shelves) -> None:
    """A link says only what its kind may say, and `present` only of nodes."""
    for begins, ends in link.map.items():
        if (begins, ends) not in kind.allowed:
            shelves.fault(place, f"{link.id}: a link of kind '{kind.id}' may not lead from {begins} to {ends}")
        for end, state in ((link.start, begins), (link.to, ends)):
            if (end.node is not None) != (state == "present"):
                shelves.fault(place, f"{link.id}: '{state}' is no state of {end.node or end.muscle}")
    node = nodes.get(link.to.node or "")
    if node is not None and not node.seen_as and link.check is None:
        shelves.fault(place, f"{link.id}: 'check' is missing, and node '{node.id}' names no finding that shows it")


