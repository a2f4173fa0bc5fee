"""What if the case were another one? The case is edited and assessed afresh, so that the answer is a fresh run's by construction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from expert import contract, pipeline
from expert.cases import Case, case_from_mapping, case_from_quick
from expert.errors import CaseError, UsageError
from expert.formats import CaseFile, CaseFinding, CaseMeasurement
from expert.model import MIRROR, Knowledge, KnowledgeBase, Measured, Result, Stated, Tree
from expert.normalise import keys_of, named, normalise, values_of
from expert.questions.answer import Answer
from expert.questions.change import Change, Thing, changed, thing
from expert.questions.change import named as told
from expert.reading import did_you_mean
from expert.words import Found, split_side

STATES: Mapping[str, Any] = {"present": True, "absent": False, "unknown": "unknown"}
_SECTIONS = ("findings", "history", "symptoms")
_LISTS = ("conditions", "medicines")
_SAID = ("present", "severity", "pain", "limited_by")  # what a quick entry may say beside what it is about
_SHOWN = 12
_FIELD = re.compile(r"^(findings|measurements)\[\d+\](\.\w+)?: ")


@dataclass(frozen=True, slots=True)
class Looked:
    """What a case says of one thing.

    state: present | absent | borderline (measured, and neither) | unknown (said to be) | not_stated | measured (then `value`).
    """

    state: str
    severity: float | None = None
    painful: bool = False
    value: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing of the case, as it was and as it is in the edited case. `unused`: why nothing reads it now, "" where something does."""

    thing: Thing
    was: Looked
    now: Looked
    unused: str = ""


@dataclass(frozen=True, slots=True)
class Switch:
    """One thing of a case that an edit can take away or change. `edit`: the words by which `what_if` drops or measures it.

    of: findings | history | symptoms | conditions | medicines | measurements (then `value` in `unit`).
    """

    edit: str
    of: str
    thing: Thing
    looked: Looked
    value: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class WhatIf(Answer):
    """What an edited case changes. `case`: the edited case as a mapping, to assess or to keep."""

    template = "what-if"
    case_id: str
    edits: tuple[Edit, ...]
    change: Change
    case: Tree


Entries = str | Iterable[str]
Settings = Mapping[str, str] | Entries


def what_if(
    result: Result, knowledge: Knowledge, add: Entries = (), drop: Entries = (), set: Settings = (), measure: Entries = ()
) -> WhatIf:
    """The difference that edits of the case make; they are written as quick entries (`hip drop:right:running`).

    `add`: it is there. `drop`: it is not stated at all. `set`: a mapping or "F=present|absent|unknown". `measure`: a measured value.
    Raises UsageError for an edit that cannot be read or that names nothing of the case.
    """
    before = given(result)
    case, edits = edited(before, knowledge, add, drop, set, measure)
    fresh = pipeline.conclude(case, knowledge, "native")
    change = changed(contract.to_dict(result, knowledge), contract.to_dict(fresh, knowledge), knowledge.kb)
    return WhatIf(result.stated.case_id, edits, change, contract.case_of(case.shape))


def switches(result: Result, knowledge: Knowledge) -> tuple[Switch, ...]:
    """Everything of the case that can be switched off or measured otherwise, in the order written."""
    return tuple(_Editor(given(result), knowledge.kb).switches())


def given(result: Result) -> CaseFile:
    """The case that a result was derived from. Raises UsageError where it was not kept."""
    if result.stated.case is None:
        raise UsageError("this result was not derived from a case, so there is no case to change")
    return result.stated.case


def edited(
    before: CaseFile, knowledge: Knowledge, add: Entries = (), drop: Entries = (), set: Settings = (), measure: Entries = ()
) -> tuple[Case, tuple[Edit, ...]]:
    """The edited case, and what each edit did."""
    editor = _Editor(before, knowledge.kb)
    for text in _several(drop):
        editor.drop(text)
    for text, state in (*((text, "present") for text in _several(add)), *_settings(set)):
        editor.put(text, state)
    for text in _several(measure):
        editor.measure(text)
    if not editor.touched:
        raise UsageError("nothing to change: say what to add, to drop, to set or to measure")
    return editor.done()


def _several(given: Entries) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _settings(given: Settings) -> Iterator[tuple[str, str]]:
    """(words, state) pairs."""
    pairs = given.items() if isinstance(given, Mapping) else (text.rpartition("=")[::2] for text in _several(given))
    for words, state in pairs:
        if not words or state.strip().casefold() not in STATES:
            raise UsageError(f"'{words}={state}': write FINDING=present, FINDING=absent or FINDING=unknown")
        yield words, state.strip().casefold()


class _Editor:
    """A case being edited: entries by section, each with the keys it states."""

    def __init__(self, case: CaseFile, kb: KnowledgeBase) -> None:
        self.case, self.kb = case, kb
        self.was = normalise(case_from_mapping(_dumped(case)), kb)
        self.entries = {s: [(e, keys_of(e, kb)) for e in getattr(case, s)] for s in _SECTIONS}
        self.lists = {s: [(w, _lenient(w, kb)) for w in getattr(case.patient, s)] for s in _LISTS}
        self.measured = [(e, tuple((v.measure, v.side) for v in vs)) for e, vs in zip(case.measurements, values_of(case, kb), strict=True)]
        self.touched: dict[Any, str] = {}  # what was edited -> the state wanted

    # --- the three edits

    def drop(self, text: str) -> None:
        """Take out what these words name: exactly, or in every task and on every side that they leave open."""
        keys = self._named(text)
        if isinstance(keys, tuple):
            self._touch(keys, "not_stated", text)
            self._rewrite(frozenset(keys), None)
        elif measured := self._measured_named(text):
            self._touch(measured, "not_stated", text)
            self._unmeasure(frozenset(measured))
        else:
            raise UsageError(keys)

    def put(self, text: str, state: str) -> None:
        """State it so, in place of what the case says of it."""
        entry = self._quick(text, state)
        keys = self._read(entry, text)
        self._touch(keys, state, text)
        update: dict[str, Any] = {f: getattr(entry, f) for f in _SAID if f in entry.model_fields_set}
        known = self._rewrite(frozenset(keys), update)
        if missing := [k for k in keys if k not in known]:
            self.entries["findings"].append((_restricted(entry, tuple(missing), self.kb), tuple(missing)))

    def measure(self, text: str) -> None:
        """A measured value in place of the one there was."""
        with _as_usage():
            entry = case_from_quick(measured=[text]).shape.measurements[0]
        places = self._measures(entry, text)
        self._touch(places, "measured", text)
        at = self._unmeasure(frozenset(places))
        self.measured.insert(at, (entry, places))

    # --- what there is to edit

    def switches(self) -> Iterator[Switch]:
        """Each thing that the case states, once."""
        stated: dict[str, str] = {}
        for of, pairs in (*self.entries.items(), *self.lists.items()):
            for key in (key for _, keys in pairs for key in keys):
                stated.setdefault(key, of)
        for key, of in stated.items():
            yield Switch(key.removeprefix("flag:"), of, self._thing(key, self.was), looked(key, self.was))
        for entry, places in self.measured:
            for place in places:
                key, written = ":".join(place), f"{entry.value:g} {entry.unit}"
                about = told(key, self.kb.measures[place[0]].name, place[1])
                yield Switch(key, "measurements", about, _measured(written), float(entry.value), entry.unit)

    # --- what they need

    def _touch(self, places: Sequence[Any], state: str, text: str) -> None:
        if twice := [p for p in places if p in self.touched]:
            raise UsageError(f"'{text}': {_spelt(twice[0])} is changed twice")
        self.touched |= dict.fromkeys(places, state)

    def _quick(self, text: str, state: str) -> CaseFinding:
        with _as_usage():
            return case_from_quick(**{state: [text]}).shape.findings[0]  # type: ignore[arg-type]

    def _read(self, entry: CaseFinding, text: str) -> tuple[str, ...]:
        with _as_usage(f"'{text}': "):
            keys = keys_of(entry, self.kb)
        if not keys:
            raise UsageError(f"'{text}' is a red flag: as a whole it is ruled out (absent) or left open (drop it)")
        return keys

    def _named(self, text: str) -> tuple[str, ...] | str:
        """The keys of the case that words name, or why there are none."""
        entry = self._quick(text, "absent")
        stated = dict.fromkeys(k for pairs in (*self.entries.values(), *self.lists.values()) for _, keys in pairs for k in keys)
        with_side: tuple[str, ...] = ()
        with suppress(CaseError):
            with_side = keys_of(entry, self.kb)
        if exact := tuple(k for k in with_side if k in stated):
            return exact
        try:
            finding, side, task = named(entry, self.kb)
        except CaseError as error:
            return self._not_stated(text, stated, _FIELD.sub("", error.faults[0].message))
        loose = tuple(k for k in stated if _fits(k, finding, side, task))
        return loose or self._not_stated(text, stated, "", finding)

    def _not_stated(self, text: str, stated: Iterable[str], why: str, finding: str = "") -> str:
        measured = [m for m in self.was.measured if m.finding == finding]
        if measured:
            behind = " and ".join(f"'{name}'" for name in measured[0].measures)
            return f"'{text}' is what measured values show: drop or change {behind}"
        every = [k.removeprefix("flag:") for k in stated]
        near = [k for k in every if finding and k.split(":")[0] == finding]
        meant = f", did you mean {' or '.join(repr(k) for k in near[:3])}?" if near else did_you_mean(text, every)
        more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
        told = f"; it states: {', '.join(every[:_SHOWN])}{more}" if every else "; it states no finding"
        return f"the case does not state '{text}'{meant or (f' ({why})' if why else '')}{told}"

    def _rewrite(self, keys: frozenset[str], update: Mapping[str, Any] | None) -> frozenset[str]:
        """Change (or with None drop) what states these keys; an entry that also states others is split. The keys that were there."""
        known: set[str] = set()
        for section, pairs in self.entries.items():
            kept: list[tuple[CaseFinding, tuple[str, ...]]] = []
            for entry, own in pairs:
                hit = tuple(k for k in own if k in keys)
                rest = tuple(k for k in own if k not in keys)
                known.update(hit)
                if rest:
                    kept.append((_restricted(entry, rest, self.kb), rest))
                if hit and update is not None:
                    kept.append((_restricted(entry, hit, self.kb).model_copy(update=dict(update)), hit))
            self.entries[section] = kept
        if update is None or update["present"] is not True:
            self.lists = {s: [(w, own) for w, own in pairs if not keys & frozenset(own)] for s, pairs in self.lists.items()}
            return frozenset(known)
        return frozenset(known | {k for pairs in self.lists.values() for _, own in pairs for k in own if k in keys})

    def _measured_named(self, text: str) -> tuple[tuple[str, str], ...]:
        """The measured values of the case that words name: "knee to wall", "knee to wall:left"."""
        name, *parts = (p.strip() for p in text.split(":"))
        words, inside = split_side(name)
        side = next((s for p in parts if (s := split_side(p)[1])), inside)
        found = next((f for w in (name, words) if isinstance(f := self.kb.words.look_up("measure", w), Found)), None)
        return tuple(
            place for _, places in self.measured for place in places
            if found and place[0] == found.reading.id and (side in (None, "bilateral") or place[1] == side)
        )  # fmt: skip

    def _measures(self, entry: CaseMeasurement, text: str) -> tuple[tuple[str, str], ...]:
        probe = CaseFile(findings=(), measurements=(entry,))
        with _as_usage(f"'{text}': "):
            places = tuple((v.measure, v.side) for v in values_of(probe, self.kb)[0])
        if not places:
            raise UsageError(f"'{text}': no measure of this name is known")
        return places

    def _unmeasure(self, places: frozenset[tuple[str, str]]) -> int:
        """Take these values out; an entry for both sides keeps the other one. Where the first of them stood."""
        kept: list[tuple[CaseMeasurement, tuple[tuple[str, str], ...]]] = []
        first = None
        for entry, own in self.measured:
            rest = tuple(p for p in own if p not in places)
            if len(rest) < len(own):
                first = len(kept) if first is None else first
                if rest:
                    kept.append((entry.model_copy(update={"name": rest[0][0], "side": rest[0][1]}), rest))
            else:
                kept.append((entry, own))
        self.measured = kept
        return len(kept) if first is None else first

    # --- the edited case

    def done(self) -> tuple[Case, tuple[Edit, ...]]:
        """The edited case, checked, and what became of everything that was touched."""
        patient = self.case.patient.model_copy(update={s: tuple(w for w, _ in pairs) for s, pairs in self.lists.items()})
        sections = {s: tuple(e for e, _ in pairs) for s, pairs in self.entries.items()}
        shape = self.case.model_copy(
            update={**sections, "patient": patient, "measurements": tuple(e for e, _ in self.measured)}
        )  # fmt: skip
        with _as_usage():
            case = case_from_mapping(_dumped(shape))
            now = normalise(case, self.kb)
        self._refuse_overruled(now)
        return case, tuple(self._edit(place, now, shape) for place in self.touched)

    def _refuse_overruled(self, now: Stated) -> None:
        """An edit that a measured value overrules would be told as one that changes nothing."""
        for place, wanted in self.touched.items():
            if isinstance(place, str) and not place.startswith("flag:") and looked(place, now).state != wanted:
                behind = next((m.measures for m in now.measured if place.split(":")[0] == m.finding), ())
                what = " and ".join(f"'{self.kb.measures[m].name}'" for m in behind) or "a measured value"
                raise UsageError(f"'{place}' is what {what} shows: drop or change the measured value instead")

    def _edit(self, place: Any, now: Stated, shape: CaseFile) -> Edit:
        if isinstance(place, tuple):
            was, is_now = (_values(case, self.kb).get(place, "") for case in (self.case, shape))
            about = told(":".join(place), self.kb.measures[place[0]].name, place[1])
            return Edit(about, _measured(was), _measured(is_now))
        unused = next((u.because for u in now.unused if u.finding == place), "")
        before, after = looked(place, self.was), looked(place, now)
        return Edit(self._thing(place, now), before, after, unused)

    def _thing(self, key: str, now: Stated) -> Thing:
        item = next((i for stated in (now, self.was) for i in stated.items if i.key == key), None)
        if item is not None:
            return thing(contract.item_of(item, self.kb), self.kb)
        return key_thing(key, self.kb)


def key_thing(key: str, kb: KnowledgeBase) -> Thing:
    """A key in words, where no item stands behind it: `hip-drop:right:running`, `flag:cauda-equina`."""
    first, *rest = key.removeprefix("flag:").split(":")
    if key.startswith("flag:"):
        return told(key, kb.flags[first].title)
    side = rest.pop(0) if rest and rest[0] in MIRROR else "midline"
    return told(key, kb.findings[first].name, side, kb.tasks[rest[0]].name if rest else "")


def looked(key: str, stated: Stated) -> Looked:
    """What a case says of one key."""
    item = next((i for i in stated.items if i.key == key), None)
    if item is not None:
        return Looked("present" if item.present else "absent", contract.decimal(item.severity) if item.present else None, item.painful)
    if key.startswith("flag:") and key.removeprefix("flag:") in stated.ruled_out:
        return Looked("absent")
    if key in stated.unknown:
        return Looked("borderline" if any(m.verdict == "borderline" and is_of(key, m) for m in stated.measured) else "unknown")
    return Looked("not_stated")


def is_of(key: str, measured: Measured) -> bool:
    """Whether measured values speak of a key."""
    finding, *rest = key.split(":")
    return finding == measured.finding and (rest[0] if rest and rest[0] in MIRROR else "midline") in (measured.side, "midline")


def _measured(value: str) -> Looked:
    return Looked("measured" if value else "not_stated", value=value)


def _values(case: CaseFile, kb: KnowledgeBase) -> dict[tuple[str, str], str]:
    return {(v.measure, v.side): v.written for values in values_of(case, kb) for v in values}


def _fits(key: str, finding: str, side: str, task: str) -> bool:
    """Whether a key is of this finding, on this side and in this task as far as they are said."""
    first, *rest = key.split(":")
    own = rest.pop(0) if rest and rest[0] in MIRROR else "midline"
    told = rest[0] if rest else ""
    return first == finding and (not side or side == own or (side == "bilateral" and own in MIRROR)) and task in ("", told)


def _restricted(entry: CaseFinding, keys: tuple[str, ...], kb: KnowledgeBase) -> CaseFinding:
    """The same entry for some of its keys only: one side of two."""
    if set(keys_of(entry, kb)) == set(keys):
        return entry
    first, *rest = keys[0].split(":")
    side = rest.pop(0) if rest and rest[0] in MIRROR else None
    plain = {"name": first, "side": side, "task": rest[0] if rest else None}
    for update in ({"side": "left"}, {"side": "right"}, plain):
        try:
            if keys_of(one := entry.model_copy(update=update), kb) == keys:
                return one
        except CaseError:
            continue
    raise UsageError(f"{first} is told of both sides at once: it cannot be changed on one side")


def _lenient(words: str, kb: KnowledgeBase) -> tuple[str, ...]:
    """The keys of a condition or medicine, where the vocabulary knows it as a case does."""
    probe = CaseFile.model_validate({"findings": [], "patient": {"conditions": [words]}})
    return tuple(i.key for i in normalise(case_from_mapping(_dumped(probe)), kb).items)


def _dumped(case: CaseFile) -> Tree:
    told: Tree = case.model_dump(mode="json", exclude_defaults=True)
    return told


@contextmanager
def _as_usage(lead: str = "") -> Iterator[None]:
    """A fault of what was typed as an edit is one of the question, and not of the case."""
    try:
        yield
    except CaseError as error:
        raise UsageError(lead + _FIELD.sub("", error.faults[0].message)) from None


def _spelt(place: Any) -> str:
    return place if isinstance(place, str) else ":".join(place)
