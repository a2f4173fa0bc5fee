"""The knowledge as people look it up: an entry with everything named in words and all that speaks of it, lists, a search.

What names what is read from one table of fields (`_NAMES`); what an entry is named by is the same table read backwards, so a
page of the knowledge can forget nothing. Data only: wording stands in templates.
"""

from __future__ import annotations

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from pydantic import BaseModel
from rapidfuzz import fuzz, process

from expert import formats, inference, pipeline
from expert.cases import case_from_mapping
from expert.errors import CaseError, ExpertError, UsageError
from expert.model import CompiledRule, Knowledge, KnowledgeBase, Program, Stated, Tree
from expert.normalise import normalise
from expert.premises import fact_of
from expert.reading import did_you_mean
from expert.stored import StoredCase
from expert.words import Found, normal

KINDS = (
    "muscles", "groups", "joints", "findings", "tasks", "measures", "batteries", "rules", "patterns", "flags", "causes", "nodes", "links",
    "link-kinds", "chains", "risks", "outlooks", "strategies", "phases", "exercises", "provocations", "contraindications", "cautions",
    "guidance", "regions", "sources", "claims", "glossary", "units", "coverage",
)  # fmt: skip
GRADES = ("A", "B", "C", "D")
MOST = 20  # hits that a search shows, cases that a list of cases names
_LONGEST = 120
_ALIKE = 80  # how alike (0..100) a misspelt word and a known one are
_SHORTEST = 4  # shorter words are never taken for misspelt ones

# --- which fields name what ----------------------------------------------------------------------------------------------------

_DIRECTION = ("directions",)
_NAMES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("sources", "source", "side_source", "angle_source", "seeds"), ("sources",)),
    **dict.fromkeys(("muscle", "muscles", "members", "surface", "deep"), ("muscles", "groups")),
    **dict.fromkeys(("finding", "symptom", "history", "equal", "explains", "told_by", "first"), ("findings",)),
    **dict.fromkeys(("task", "tasks"), ("tasks",)),
    **dict.fromkeys(("node", "opposes"), ("nodes",)),
    **dict.fromkeys(("disputes", "refines"), ("rules",)),
    **dict.fromkeys(("direction", "actions", "below", "above", "angle_of"), _DIRECTION),
    "prompts": ("findings", "tasks"), "pattern": ("patterns",), "measure": ("measures",), "phases": ("phases",),
    "provokes": ("provocations",), "unit": ("units",),
}  # fmt: skip
_NAMES_IN: Mapping[tuple[type[BaseModel], str], tuple[str, ...]] = {
    (formats.Judgement, "to"): ("measures",),
    (formats.Link, "kind"): ("link-kinds",),
    (formats.Chain, "steps"): ("links",),
    **{(formats.Served, field): (field.replace("_", "-"),) for field in formats.Served.model_fields if field.replace("_", "-") in KINDS},
}
_HAVE_EVERYDAY = ("muscles", "groups", "findings", "contraindications")
_TITLES = ("name", "title", "term", "symbol")  # where an entry says what it is called
_TAGS: Mapping[str, tuple[str, ...]] = {
    "muscles": ("region",), "findings": ("of", "method", "region"), "rules": ("made_by", "grade"), "patterns": ("grade",),
    "flags": ("level", "grade"), "causes": ("kind", "grade"), "nodes": ("kind",),
    "links": ("kind", "made_by", "grade"), "risks": ("grade",),
    "outlooks": ("grade",), "strategies": ("grade",), "exercises": ("kind", "grade"), "contraindications": ("grade",),
    "cautions": ("effect",), "regions": ("view",), "guidance": ("kind", "grade"), "sources": ("kind", "read"), "units": ("dimension",),
}  # fmt: skip


# --- what is given ---------------------------------------------------------------------------------------------------------------


class Ref(NamedTuple):
    """Something of the knowledge: where to look it up, and what it is called."""

    kind: str
    id: str
    name: str


class Cited(NamedTuple):
    """A source that an entry rests on, and how much of it was read."""

    id: str
    title: str
    authors: str
    year: int | None
    kind: str
    read: str
    lineage: str


class Use(NamedTuple):
    """Entries that name this one. `role`: the field in which they do; `via`: they name a group that it belongs to."""

    kind: str
    role: str
    via: Ref | None
    entries: tuple[Ref, ...]


class Speaks(NamedTuple):
    """What a rule says of a muscle. `side` is seen from the finding's; `via`: said of a group; `on`: what it asks for; points as capped.

    `made_by`: hand | mechanics; `inferred`: it speaks of what a hypothesis implies, not of what is observed.
    """

    rule: Ref
    made_by: str
    inferred: bool
    state: str
    side: str
    points: float
    absent: float
    against: bool
    grade: str
    because: str
    via: Ref | None
    on: tuple[Ref, ...]


class Pull(NamedTuple):
    """A direction in which a muscle, or a part of it, pulls. `share`: how much of that movement it gives, where it was measured."""

    direction: Ref
    part: str
    taught: bool
    measured: bool
    share: float | None


class Turn(NamedTuple):
    """Where a muscle, or a part of it, turns round: below the angle it acts one way, above it the other."""

    part: str
    below: Ref
    above: Ref
    angle_of: Ref
    from_deg: float
    to_deg: float
    source: Ref


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, whole. `fields`: what its file says, ids as Refs, what is empty left out; `file`, `line`: where.

    `grade` "": the kind has none. `everyday`: what people without anatomy call it. `made_by`: hand | mechanics | anatomy. Of a muscle:
    `speaks`, `pulls`, `turns`; of a joint: `pulled`, what moves it into which direction; of a source: `rests`, how many entries of which
    grade rest on it, and `kin`, the others of its lineage.
    """

    kind: str
    id: str
    name: str
    grade: str
    made_by: str
    file: str
    line: int
    everyday: str
    fields: Tree
    cited: tuple[Cited, ...]
    used_by: tuple[Use, ...]
    speaks: tuple[Speaks, ...] = ()
    pulls: tuple[Pull, ...] = ()
    turns: tuple[Turn, ...] = ()
    pulled: tuple[tuple[str, tuple[Ref, ...]], ...] = ()
    rests: tuple[tuple[str, int], ...] = ()
    kin: tuple[Ref, ...] = ()

    @property
    def uses(self) -> int:
        """How many entries name it."""
        return len({ref for use in self.used_by for ref in use.entries})


class Row(NamedTuple):
    """One line of a list. `tags`: (what, which) by which the list can be narrowed; `uses`: how many entries name it."""

    ref: Ref
    tags: tuple[tuple[str, str], ...]
    uses: int


class Facet(NamedTuple):
    """A way to narrow a list: which values there are, and how many entries of each."""

    name: str
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Entries of one kind, in the order of their names. `of`: how many there are before narrowing."""

    kind: str
    rows: tuple[Row, ...]
    of: int
    facets: tuple[Facet, ...]
    chosen: Mapping[str, str]


class Hit(NamedTuple):
    """Something that a search found. `matched`: the words by which; how: exact | begins | within | spread over several of its names."""

    ref: Ref
    matched: str
    how: str


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found, best first; `more`: how many are not shown; `mended`: (word as typed, word as read) where none fitted."""

    hits: tuple[Hit, ...]
    more: int
    mended: tuple[tuple[str, str], ...]


class Count(NamedTuple):
    """How many entries a kind has, and how many of each grade (none where the kind has no grades)."""

    kind: str
    entries: int
    grades: tuple[tuple[str, int], ...]


class Lineage(NamedTuple):
    """Whose claims they are in the end: its sources, and how many entries rest on one of them, by grade."""

    lineage: str
    sources: tuple[Ref, ...]
    entries: int
    grades: tuple[tuple[str, int], ...]


class Asked(NamedTuple):
    """A row of what the source documents ask for, and how much serves it and shows it."""

    ref: Ref
    row: int
    served: int
    cases: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The knowledge in numbers. `best`: muscles by the best grade of any rule that speaks of them ("": none); `read`: sources by how."""

    version: str
    sha256: str
    shipped: bool
    counts: tuple[Count, ...]
    read: tuple[tuple[str, int], ...]
    lineages: tuple[Lineage, ...]
    best: tuple[tuple[str, tuple[Ref, ...]], ...]
    silent: tuple[Ref, ...]
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """Stored cases in which a rule fires. `more`: how many are not named; None: the rest was not tried."""

    cases: tuple[str, ...]
    more: int | None


# --- the face ----------------------------------------------------------------------------------------------------------------------


def look_up(kind: str, id: str, knowledge: Knowledge) -> Entry:
    """One entry by kind (one of KINDS) and id. Raises UsageError where there is none."""
    return _catalogue(knowledge).entry(*_known(kind, id, knowledge))


def exists(kind: str, id: str, knowledge: Knowledge) -> bool:
    """Whether there is such an entry."""
    return id in _catalogue(knowledge).shelves.get(kind, ())


def listing(kind: str, knowledge: Knowledge, narrowed: Mapping[str, str] | None = None) -> Listing:
    """All entries of a kind, or those with these tags (`{"region": "hip"}`). Raises UsageError for a kind or tag there is not."""
    narrowed = narrowed or {}
    if kind not in KINDS:
        raise UsageError(f"there is no kind '{kind[:40]}'; there are: {', '.join(KINDS)}")
    if strange := [name for name in narrowed if name not in _TAGS.get(kind, ())]:
        raise UsageError(f"{kind} cannot be narrowed by '{strange[0][:40]}'{did_you_mean(strange[0][:40], list(_TAGS.get(kind, ())))}")
    rows = _catalogue(knowledge).rows(kind)
    facets = tuple(_facet(name, rows) for name in _TAGS.get(kind, ()))
    kept = tuple(row for row in rows if all((name, value) in row.tags for name, value in narrowed.items()))
    return Listing(kind, kept, len(rows), facets, narrowed)


def search(words: str, knowledge: Knowledge, kinds: Sequence[str] = KINDS, most: int = MOST) -> Search:
    """What is called so, or nearly: every word must begin a word of its names. Misspelt words are mended where nothing fits.

    Raises UsageError for words longer than any name.
    """
    if len(words) > _LONGEST:
        raise UsageError(f"longer than any name: at most {_LONGEST} characters")
    catalogue = _catalogue(knowledge)
    asked = normal(words).split()
    hits = catalogue.hits(asked, kinds)
    mended: tuple[tuple[str, str], ...] = ()
    if asked and not hits:
        read = [catalogue.mended(word) for word in asked]
        mended = tuple((word, catalogue.vocabulary[known]) for word, known in zip(asked, read, strict=True) if word != known)
        hits = catalogue.hits(read, kinds) if mended else []
    return Search(tuple(hits[:most]), len(hits[most:]), mended if hits else ())


def overview(knowledge: Knowledge) -> Overview:
    """The knowledge in numbers: what there is, how well it is founded, on whose word, and what the sources ask for."""
    return _catalogue(knowledge).overview()


def entries_named(name: str, kb: KnowledgeBase) -> list[tuple[str, formats.Entry, tuple[str, int]]]:
    """(section, entry, place) of everything with this id, as it was read; words are read as ids where no id fits."""
    everything: dict[str, list[tuple[str, formats.Entry]]] = defaultdict(list)
    for kind in KINDS:
        shelf = kind.replace("-", "_")
        for entry in _shelf(shelf, kb).values():
            everything[entry.id].append((shelf, entry))
    read = [kb.words.look_up(subject, name) for subject in ("finding", "muscle", "task", "flag")]
    ids = [name] if name in everything else [r.reading.id for r in read if isinstance(r, Found)]
    found = [(shelf, entry, kb.places.get(f"{shelf}:{entry.id}", ("kb", 0))) for i in ids[:1] for shelf, entry in everything.get(i, ())]
    if not found:
        raise ExpertError(f"nothing is called '{name}'{did_you_mean(name, list(everything))}")
    return found


def shown_by(rule: str, cases: Iterable[StoredCase], knowledge: Knowledge, most: int = MOST) -> Shown:
    """The stored cases in which a rule or pattern fires: what to look at for whoever doubts it.

    What rests on findings alone is tried by itself; what rests on hypotheses or patterns asks for whole runs, and stops at `most`.
    """
    program, alone = _program(rule, knowledge)
    found: list[str] = []
    for case in cases:
        stated = _stated(case, knowledge)
        if stated is not None and _fires(rule, program if alone else None, stated, knowledge):
            found.append(case.name)
            if len(found) == most and not alone:
                return Shown(tuple(found), None)
    return Shown(tuple(found[:most]), len(found[most:]))


def _program(rule: str, knowledge: Knowledge) -> tuple[Program, bool]:
    """The variants of one rule or pattern, and whether they rest on findings alone."""
    variants = tuple(v for p in knowledge.rulebase.programs.values() for v in p.variants if v.rule == rule)
    return Program(variants), all(t.kind == "finding" for v in variants for t in (*v.terms, *v.unless))


def _stated(case: StoredCase, knowledge: Knowledge) -> Stated | None:
    """A stored case as it is reasoned with; None for one that is there to be refused."""
    try:
        return normalise(case_from_mapping(case.case), knowledge.kb)
    except CaseError:
        return None


def _fires(rule: str, program: Program | None, stated: Stated, knowledge: Knowledge) -> bool:
    if program is not None:
        return bool(inference.infer(program, [fact_of(item) for item in stated.items], _NATIVE))
    return any(line.rule == rule for line in pipeline.run(stated, knowledge, _NATIVE).trace)


# --- how -----------------------------------------------------------------------------------------------------------------------------

_NATIVE = inference.choose("native")
_catalogues: WeakKeyDictionary[Knowledge, _Catalogue] = WeakKeyDictionary()
_making = threading.Lock()


def _catalogue(knowledge: Knowledge) -> _Catalogue:
    """What was read from one knowledge; made once."""
    with _making:
        made = _catalogues.get(knowledge)
        if made is None:
            made = _catalogues[knowledge] = _Catalogue(knowledge)
    return made


def _known(kind: str, id: str, knowledge: Knowledge) -> tuple[str, str]:
    shelves = _catalogue(knowledge).shelves
    if kind not in shelves:
        raise UsageError(f"there is no kind '{kind[:40]}'; there are: {', '.join(KINDS)}")
    if id not in shelves[kind]:
        raise UsageError(f"there is nothing called '{id[:80]}' among the {kind}{did_you_mean(id[:80], list(shelves[kind]))}")
    return kind, id


def _shelf(name: str, kb: KnowledgeBase) -> Mapping[str, formats.Entry]:
    """What was written of one section, by id."""
    shelf: Any = getattr(kb, name)
    return shelf if isinstance(shelf, Mapping) else {entry.id: entry for entry in shelf}


def _facet(name: str, rows: Iterable[Row]) -> Facet:
    counted = Counter(value for row in rows for tag, value in row.tags if tag == name)
    return Facet(name, tuple(sorted(counted.items())))




class _Catalogue:
    """One knowledge, read for looking up: every entry, what it names, what names it, and the words by which it is found."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.kb, self.compiled = knowledge.kb, knowledge.rulebase.rules
        self.shelves: Mapping[str, Mapping[str, formats.Entry | CompiledRule]] = {kind: self._shelved(kind) for kind in KINDS}
        self.joint_of = {d: j.id for j in self.kb.joints.values() for axis in j.axes for d in axis.directions}
        self.units = {word: u.id for u in self.kb.units.values() for word in (u.symbol, *u.words)}
        self.refs = {(kind, i): Ref(kind, i, self._name(i, e)) for kind, shelf in self.shelves.items() for i, e in shelf.items()}
        self.fields = {key: self._fields(*key) for key in self.refs}
        self.named_by = self._named_by()
        self.speaking = self._speaking()
        self.words = {key: tuple(dict.fromkeys(map(normal, self._names(ref)))) for key, ref in self.refs.items()}
        spelt = {normal(w): w.casefold() for ref in self.refs.values() for name in self._names(ref) for w in re.findall(r"\w+", name)}
        self.vocabulary = {word: spelt.get(word, word) for names in self.words.values() for name in names for word in name.split()}

    def _shelved(self, kind: str) -> Mapping[str, formats.Entry | CompiledRule]:
        written = dict(_shelf(kind.replace("-", "_"), self.kb))
        match kind:
            case "links":
                return {**written, **self.kb.derived}
            case "rules":
                return {**written, **{i: rule for i, rule in self.compiled.items() if i not in written}}
            case _:
                return written

    def _name(self, id: str, entry: formats.Entry | CompiledRule) -> str:
        if isinstance(entry, formats.Link):
            return f"{self._end(entry.start, entry.map)} \u2192 {self._end(entry.to, entry.map.values())}"
        return next((str(told) for title in _TITLES if (told := getattr(entry, title, None))), id)

    def _end(self, end: formats.End, states: Iterable[str]) -> str:
        """One end of a link in words, with the states of which it speaks."""
        shelves: tuple[Mapping[str, Any], ...] = (self.kb.muscles, self.kb.groups, self.kb.nodes)
        name = end.muscle or end.node or ""
        told = " or ".join(dict.fromkeys(states))
        return f"{next(shelf[name].name for shelf in shelves if name in shelf)}{f', {told}' if end.muscle else ''}"

    # --- what an entry names

    def _fields(self, kind: str, id: str) -> Tree:
        entry = self.shelves[kind][id]
        if isinstance(entry, CompiledRule):
            return self._compiled(entry)
        told = self._shape(entry)
        return {name: value for name, value in told.items() if name not in ("id", "overrides")}

    def _compiled(self, rule: CompiledRule) -> Tree:
        """A rule that mechanics makes, in the fields of one that is written."""
        finding, _, task = rule.id.removeprefix("mechanics.").partition(".")
        when: Tree = {"finding": self.ref(finding, ("findings",))} | ({"task": [self.ref(task, ("tasks",))]} if task else {})
        then = [
            {"muscle": self.ref(t.muscle, ("muscles",)), "side": t.side, "state": t.state, "points": t.points / 1000, "because": t.because}
            for t in rule.targets
        ]
        sources = [self.ref(source, ("sources",)) for source in rule.sources]
        return {"title": rule.title, "when": when, "then": then, "because": rule.because, "grade": rule.grade, "sources": sources}

    def _shape(self, shape: BaseModel) -> Tree:
        """A shape as data: what is empty left out, ids as Refs."""
        told: Tree = {}
        for name, field in type(shape).model_fields.items():
            value = getattr(shape, name)
            if value is None or (value is False and field.default is False) or value in ((), {}):
                continue
            told[field.alias or name] = self._value(value, _NAMES_IN.get((type(shape), name), _NAMES.get(name, ())))
        return told

    def _value(self, value: Any, names: Sequence[str]) -> Any:
        if isinstance(value, BaseModel):
            return self._shape(value)
        if isinstance(value, tuple):
            return [self._value(part, names) for part in value]
        if isinstance(value, dict):
            return {key: self._value(part, ()) for key, part in value.items()}
        return self.ref(value, names) if isinstance(value, str) and names else value

    def ref(self, name: str, kinds: Sequence[str]) -> Ref | str:
        """What a word in a field names; the word itself where it names nothing (`any`, `matched`)."""
        if kinds == _DIRECTION:
            return Ref("joints", self.joint_of[name], name.replace("-", " ")) if name in self.joint_of else name
        if kinds == ("units",):
            name = self.units.get(name, name)
        return next((self.refs[kind, name] for kind in kinds if (kind, name) in self.refs), name)

    # --- what names an entry

    def _named_by(self) -> Mapping[tuple[str, str], Mapping[tuple[str, str], tuple[Ref, ...]]]:
        found: dict[tuple[str, str], dict[tuple[str, str], dict[Ref, None]]] = defaultdict(lambda: defaultdict(dict))
        for key, fields in self.fields.items():
            for role, value in fields.items():
                for ref in refs_in(value):
                    if ref[:2] != key:
                        found[ref[:2]][key[0], role][self.refs[key]] = None
        return {key: {role: tuple(sorted(refs, key=_by_name)) for role, refs in roles.items()} for key, roles in found.items()}

    def _uses(self, kind: str, id: str) -> tuple[Use, ...]:
        """Who names it; of a muscle also who names a group of it, but for rules, which are told one by one."""
        uses = [Use(of, role, None, refs) for (of, role), refs in self.named_by.get((kind, id), {}).items()]
        if kind == "muscles":
            for group in self.named_by.get((kind, id), {}).get(("groups", "members"), ()):
                named = self.named_by.get(group[:2], {})
                uses += [Use(of, role, group, refs) for (of, role), refs in named.items() if of != "rules"]
        return tuple(sorted(uses, key=lambda use: (KINDS.index(use.kind), use.role, use.via is not None, use.via or ())))

    # --- what belongs to single kinds

    def _speaking(self) -> Mapping[str, tuple[Speaks, ...]]:
        found: dict[str, list[Speaks]] = defaultdict(list)
        for rule in self.compiled.values():
            ref, made_by = self.refs["rules", rule.id], self._made_by("rules", rule.id)
            on = tuple(dict.fromkeys(refs_in(self.fields["rules", rule.id]["when"], ("findings", "muscles", "patterns"))))
            for t in rule.targets:
                via = self.refs["groups", t.via] if t.via else None
                found[t.muscle].append(Speaks(
                    ref, made_by, rule.stage == "inferred", t.state, t.side, t.points / 1000, t.absent / 1000, t.against, rule.grade,
                    t.because or rule.because, via, on,
                ))  # fmt: skip
        return {muscle: tuple(sorted(told, key=_strongest_first)) for muscle, told in found.items()}

    def _pulls(self, muscle: str) -> tuple[Pull, ...]:
        """Every direction in which it is taught or was measured to pull, as a whole first, then part by part."""
        known = self.kb.muscles[muscle]
        taught = {("", d) for d in known.actions} | {(part.name, d) for part in known.parts for d in part.actions}
        measured = {(m.part or "", m.direction) for m in self.kb.measured_actions if m.muscle == muscle}
        shares = {(s.part or "", s.direction): float(s.share) for s in self.kb.shares if s.muscle == muscle}
        return tuple(
            Pull(ref, part, (part, direction) in taught, (part, direction) in measured, shares.get((part, direction)))
            for part, direction in sorted({*taught, *measured, *shares})
            if isinstance(ref := self.ref(direction, _DIRECTION), Ref)
        )

    def _turns(self, muscle: str) -> tuple[Turn, ...]:
        def named(name: str, kinds: Sequence[str] = _DIRECTION) -> Ref:
            ref = self.ref(name, kinds)
            return ref if isinstance(ref, Ref) else Ref("", name, name)

        return tuple(
            Turn(r.part or "", named(r.below), named(r.above), named(r.angle_of), r.from_deg, r.to_deg, named(r.source, ("sources",)))
            for r in self.kb.reversals if r.muscle == muscle
        )  # fmt: skip

    def _pulled(self, joint: str) -> tuple[tuple[str, tuple[Ref, ...]], ...]:
        """The directions of a joint, and the muscles that textbooks say move it there."""
        directions = [d for axis in self.kb.joints[joint].axes for d in axis.directions]
        movers = {
            d: [self.refs["muscles", m.id] for m in self.kb.muscles.values() if d in m.actions or any(d in p.actions for p in m.parts)]
            for d in directions
        }
        return tuple((d, tuple(sorted(movers[d], key=_by_name))) for d in directions)

    def _rests(self, source: str) -> tuple[tuple[str, int], ...]:
        resting = {ref for refs in self.named_by.get(("sources", source), {}).values() for ref in refs}
        return _by_grade(self.grade(*ref[:2]) for ref in resting)

    def _kin(self, source: str) -> tuple[Ref, ...]:
        mine = self.kb.lineage(source)
        return tuple(self.refs["sources", s] for s in self.kb.sources if s != source and self.kb.lineage(s) == mine)

    # --- entries, rows, hits

    def grade(self, kind: str, id: str) -> str:
        """The grade of an entry, "" where its kind has none."""
        return str(getattr(self.shelves[kind][id], "grade", ""))

    def _made_by(self, kind: str, id: str) -> str:
        if kind == "rules":
            return "hand" if id in self.kb.rules else "mechanics"
        return "anatomy" if kind == "links" and id not in self.kb.links else "hand"

    def entry(self, kind: str, id: str) -> Entry:
        """An entry, whole."""
        fields, ref = self.fields[kind, id], self.refs[kind, id]
        file, line = self.kb.places.get(f"{kind.replace('-', '_')}:{id}", ("", 0))
        cited = tuple(self._cited(r.id) for r in dict.fromkeys(refs_in(fields, ("sources",))))
        more: Tree = {}
        match kind:
            case "muscles":
                more = {"speaks": self.speaking.get(id, ()), "pulls": self._pulls(id), "turns": self._turns(id)}
            case "joints":
                more = {"pulled": self._pulled(id)}
            case "sources":
                more = {"rests": self._rests(id), "kin": self._kin(id)}
        return Entry(
            kind, id, ref.name, self.grade(kind, id), self._made_by(kind, id), file, line, self._everyday(kind, id), fields, cited,
            self._uses(kind, id), **more,
        )  # fmt: skip

    def _everyday(self, kind: str, id: str) -> str:
        return self.kb.everyday[id].says if kind in _HAVE_EVERYDAY and id in self.kb.everyday else ""

    def _namers(self, ref: Ref) -> int:
        """How many entries name it."""
        return len({namer for refs in self.named_by.get(ref[:2], {}).values() for namer in refs})

    def _cited(self, id: str) -> Cited:
        s = self.kb.sources[id]
        return Cited(id, s.title, s.authors or "", s.year, s.kind, s.read, self.kb.lineage(id))

    def rows(self, kind: str) -> list[Row]:
        """All entries of a kind as lines of a list."""
        refs = sorted((self.refs[kind, i] for i in self.shelves[kind]), key=_by_name)
        return [Row(ref, tuple(self._tags(kind, ref.id)), self._namers(ref)) for ref in refs]

    def _tags(self, kind: str, id: str) -> Iterator[tuple[str, str]]:
        entry = self.shelves[kind][id]
        for tag in _TAGS.get(kind, ()):
            value = self._made_by(kind, id) if tag == "made_by" else self.kb.kinds[id] if tag == "of" else getattr(entry, tag, None)
            if value:
                yield tag, str(value)

    def _names(self, ref: Ref) -> tuple[str, ...]:
        """The names by which an entry is found, the one it is called by first."""
        entry = self.shelves[ref.kind][ref.id]
        synonyms = (*getattr(entry, "synonyms", ()), *getattr(entry, "words", ()), *getattr(entry, "labels", {}).values())
        author = (getattr(entry, "authors", None), str(getattr(entry, "year", None) or ""))
        names = (ref.name, ref.id, *(getattr(s, "words", s) for s in synonyms), self._everyday(*ref[:2]), *author)
        return tuple(filter(None, names))

    def hits(self, asked: Sequence[str], kinds: Sequence[str]) -> list[Hit]:
        """Everything whose names hold all the words, best first."""
        told = (self._hit(self.refs[kind, i], asked) for kind in kinds for i in self.shelves.get(kind, ()))
        return [hit for _, hit in sorted(filter(None, told), key=_best_first)]

    def _hit(self, ref: Ref, asked: Sequence[str]) -> tuple[int, Hit] | None:
        names = self.words[ref[:2]]
        if not asked or not all(any(_begins(name, word) for name in names) for word in asked):
            return None
        said = " ".join(asked)
        for rank, how, fits in (
            (0, "exact", lambda name: name == said), (1, "begins", lambda name: name.startswith(said)),
            (2, "within", lambda name: all(_begins(name, word) for word in asked)),
        ):  # fmt: skip
            if (name := next(filter(fits, names), None)) is not None:
                return rank, Hit(ref, name, how)
        return 3, Hit(ref, names[0], "spread")

    def mended(self, word: str) -> str:
        """The same word where it begins a known one or is too short to judge, else the nearest known one, if any is near."""
        if len(word) < _SHORTEST or any(known.startswith(word) for known in self.vocabulary):
            return word
        near = process.extractOne(word, sorted(self.vocabulary), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return near[0] if near else word

    # --- numbers

    def overview(self) -> Overview:
        """The knowledge in numbers."""
        kb = self.kb
        counts = tuple(Count(kind, len(shelf), _by_grade(self.grade(kind, i) for i in shelf)) for kind, shelf in self.shelves.items())
        best: dict[str, list[Ref]] = defaultdict(list)
        for muscle in kb.muscles:
            best[min((told.grade for told in self.speaking.get(muscle, ())), default="")].append(self.refs["muscles", muscle])
        told_by = {ref.id for i in self.compiled for ref in refs_in(self.fields["rules", i]["when"], ("findings",))}
        silent = [self.refs["findings", f] for f, of in kb.kinds.items() if of == "finding" and f not in told_by]
        asked = (
            Asked(self.refs["coverage", row.id], row.row, len({*refs_in(self.fields["coverage", row.id]["served"])}), len(row.cases))
            for row in sorted(kb.coverage.values(), key=lambda row: (row.row, row.id))
        )
        return Overview(
            kb.version, kb.sha256, kb.shipped, counts, tuple(Counter(s.read for s in kb.sources.values()).most_common()), self._lineages(),
            tuple((grade, tuple(sorted(best[grade], key=_by_name))) for grade in (*GRADES, "") if best[grade]),
            tuple(sorted(silent, key=_by_name)), tuple(asked),
        )  # fmt: skip

    def _lineages(self) -> tuple[Lineage, ...]:
        sources: dict[str, list[Ref]] = defaultdict(list)
        for source in self.kb.sources:
            sources[self.kb.lineage(source)].append(self.refs["sources", source])
        told = []
        for lineage, refs in sources.items():
            resting = {ref for source in refs for named in self.named_by.get(source[:2], {}).values() for ref in named}
            told.append(Lineage(lineage, tuple(refs), len(resting), _by_grade(self.grade(*ref[:2]) for ref in resting)))
        return tuple(sorted(told, key=lambda one: (-one.entries, one.lineage)))


def refs_in(value: Any, kinds: Sequence[str] = KINDS) -> Iterator[Ref]:
    """Everything that a piece of an entry names, in the order written."""
    if isinstance(value, Ref):
        if value.kind in kinds:
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from refs_in(part, kinds)
    elif isinstance(value, list):
        for part in value:
            yield from refs_in(part, kinds)


def _best_first(told: tuple[int, Hit]) -> tuple[Any, ...]:
    rank, hit = told
    return rank, KINDS.index(hit.ref.kind), len(hit.matched), _by_name(hit.ref)


def _by_name(ref: Ref) -> tuple[str, str, str]:
    return ref.name.casefold(), ref.id, ref.kind


def _strongest_first(told: Speaks) -> tuple[Any, ...]:
    return told.grade, told.against, -told.points, told.state, told.rule.id, told.side


def _by_grade(grades: Iterable[str]) -> tuple[tuple[str, int], ...]:
    counted = Counter(grades)
    return tuple((grade, counted[grade]) for grade in GRADES if counted[grade])


def _begins(name: str, word: str) -> bool:
    return name.startswith(word) or f" {word}" in name
