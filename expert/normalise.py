"""A case into sided items in the knowledge base's own ids, or every reason why it cannot be read so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from expert.cases import Case
from expert.errors import CaseError, Fault
from expert.formats import CaseFile, CaseFinding, CaseMeasurement, FindingType, Flag, Measure, Unit
from expert.measures import Person, Value, judged, unit_named
from expert.model import MIRROR, Amount, Item, KnowledgeBase, Measured, Patient, Stated, Surgery, Unused, mirrored
from expert.reading import Document, Path
from expert.words import Found, Unclear, split_side

_PAINFUL = ("pain", "fear")
# What an instrument's word is enough for. A range test tells neither muscle from joint nor from nerve, so it settles nothing by itself.
_SETTLES = {"length-test": "length", "strength-test": "strength"}
# So many names of a case that nobody knows as they stand are read forgivingly, and for so many that stay unknown it is sought what may
# be meant: seeking takes time, and who has more of them has sent something else than a case.
_FORGIVEN, _HINTED = 60, 20


class Unreadable(CaseError):
    """A case with faults, and what of it could be read all the same."""

    def __init__(self, faults: Iterable[Fault], readable: Stated) -> None:
        super().__init__(faults)
        self.readable = readable


def normalise(case: Case, kb: KnowledgeBase) -> Stated:
    """Read every name, side and task; join repeats; refuse contradictions. Raises CaseError with all faults at once."""
    reader = _Reader(case, kb)
    for section in ("findings", "symptoms", "history"):
        for number, entry in enumerate(getattr(case.shape, section)):
            reader.read(entry, (section, number))
    for section in ("conditions", "medicines"):
        for number, words in enumerate(getattr(case.shape.patient, section)):
            reader.read_leniently(words, ("patient", section, number))
    measured = reader.measure()
    stated = Stated(
        case_id=case.shape.case_id,
        items=tuple(reader.items[k] for k in sorted(reader.items)),
        patient=_patient(case),
        unknown=tuple(sorted(reader.unknown - set(reader.items))),
        ruled_out=tuple(sorted(reader.ruled_out)),
        unused=tuple(reader.unused),
        warnings=tuple(sorted(reader.warnings)),
        measured=measured,
        amounts=tuple(reader.amounts),
        case=case.shape,
    )
    if reader.faults:
        raise Unreadable(reader.faults, stated)
    return stated


def _patient(case: Case) -> Patient:
    told = case.shape.patient
    surgery = tuple(Surgery(s.name, s.side or "", s.date or "", s.restrictions) for s in case.shape.surgery)
    sex = told.sex if told.sex != "other" else None
    return Patient(told.age, sex, told.pregnancy, told.postpartum_weeks, surgery)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a name was read as, and what it says about side and task."""

    type: FindingType
    side: str | None
    task: str


class _Reader:
    def __init__(self, case: Case, kb: KnowledgeBase) -> None:
        self.case, self.kb = case, kb
        self.items: dict[str, Item] = {}
        self.paths: dict[str, Path] = {}
        self.unknown: set[str] = set()
        self.ruled_out: set[str] = set()
        self.faults: list[Fault] = []
        self.warnings: list[str] = []
        self.unused: list[Unused] = []
        self.amounts: list[Amount] = []
        self.forgiven: dict[str, Found | Unclear | None] = {}
        self.hinted = 0

    def fault(self, path: Path, message: str, meant: tuple[str, ...] = ()) -> None:
        self.faults.append(self.case.document.fault(path, message, meant))

    def read(self, entry: CaseFinding, path: Path) -> None:
        flag = self._flag(entry)
        if flag and path[:1] == ("history",) and (earlier := self._earlier(entry)):
            entry, flag = earlier, None
        if flag:
            self._rule_out(flag, entry, path)
            return
        named = self._named(entry, path)
        if named is None:
            return
        task = self._task(entry, named, path)
        side = self._side(named, path)
        if task is None or side is None:
            return
        self._check_stance(entry, named.type, side, path)
        for one in ("left", "right") if side == "bilateral" else (side,):
            self._put(self._item(entry, named.type, one, task), entry, path)

    def read_leniently(self, words: str, path: Path) -> None:
        """A condition or medicine: used where the vocabulary knows it, else said to be unused."""
        found = self.kb.words.exact("finding", words)
        if isinstance(found, Found) and self.kb.findings[found.reading.id].needs_no_side:
            self.read(CaseFinding(name=words), path)
        else:
            self.unused.append(Unused(".".join(map(str, path)), f"'{words}': no rule reads it"))

    def measure(self) -> tuple[Measured, ...]:
        """Read all measured values and add what they show to what is stated: an instrument's word stands above a glance's."""
        values: dict[tuple[str, str], Value] = {}
        places: dict[str, int] = {}
        for number, entry in enumerate(self.case.shape.measurements):
            for value in self._values(entry, number):
                if (value.measure, value.side) in values:
                    self.fault(("measurements", number), f"{value.measure} {value.side} is measured twice: keep the one that counts")
                values[value.measure, value.side] = value
                places.setdefault(value.measure, number)
        told = self.case.shape.patient
        person = Person(told.sex if told.sex != "other" else None, told.age, told.mass_kg)
        self.amounts = [Amount(v.measure, v.side, v.dimension, v.amount, v.written) for _, v in sorted(values.items())]
        found = judged(values.values(), person, self.kb)
        for measured in found:
            self._put_measured(measured)
        used = {name for m in found for name in m.measures}
        for name in sorted({v.measure for v in values.values()} - used):
            because = "nothing to compare it with: measure the other side, or say sex, age and body mass where its norm asks for them"
            self.unused.append(Unused(f"measurements[{places[name]}]", f"'{self.kb.measures[name].name}': {because}"))
        return found

    def _values(self, entry: CaseMeasurement, number: int) -> Iterator[Value]:
        """One entry as values in base units: none where nobody knows the measure, two where it stands for both sides."""
        path: Path = ("measurements", number)
        words, said = entry.name, entry.side
        found = self.kb.words.look_up("measure", words)
        if isinstance(found, Unclear):
            words, inside = split_side(entry.name)
            if inside is not None and isinstance(again := self.kb.words.look_up("measure", words), Found):
                if said is not None and said != inside:
                    self.fault((*path, "side"), f"'{entry.name}' says {inside}, its side says {said}: which is it?")
                    return
                found, said = again, said or inside  # type: ignore[assignment]
        if isinstance(found, Unclear):
            self.unused.append(Unused(f"measurements[{number}]", f"'{entry.name}': no norm is known for it{found.hint}"))
            return
        if found.mended:
            self.warnings.append(f"'{entry.name}' was read as {found.reading.id}")
        measure = self.kb.measures[found.reading.id]
        unit = self._unit(entry, measure, path)
        sides = self._measured_sides(said, measure, path)
        if unit is None or not sides:
            return
        amount = round(float(entry.value) * float(unit.factor), 6)
        usual = unit.dimension == measure.dimensions[0]
        if (usual and not measure.least <= amount <= measure.most) or (unit.most is not None and not 0 <= entry.value <= unit.most):
            least, most = (measure.least, measure.most) if usual else (0, unit.most or 0)
            range_ = f"{least:g} to {most:g} in the base unit of {unit.dimension}"
            self.fault((*path, "value"), f"{measure.id}: {entry.value:g} {entry.unit} is not plausible ({range_})")
            return
        for side in sides:
            yield Value(measure.id, side, unit.dimension, amount, f"{entry.value:g} {entry.unit}", entry.pain > 0)

    def _unit(self, entry: CaseMeasurement, measure: Measure, path: Path) -> Unit | None:
        unit = unit_named(entry.unit, self.kb.units)
        if unit is None or unit.dimension not in measure.dimensions:
            takes = ", ".join(u.symbol for u in self.kb.units.values() if u.dimension in measure.dimensions)
            wrong = f"unknown unit '{entry.unit}'" if unit is None else f"'{entry.unit}' is no unit of it"
            self.fault((*path, "unit"), f"{measure.id}: {wrong}; it is told in: {takes}")
            return None
        return unit

    def _measured_sides(self, said: str | None, measure: Measure, path: Path) -> tuple[str, ...]:
        if "left" not in measure.sides:
            if said not in (None, "midline"):
                self.fault((*path, "side"), f"{measure.id} does not take the side '{said}'; it has none")
                return ()
            return ("midline",)
        if said is None or said == "midline":
            asks = f" ({measure.side_means.rstrip('.')})" if measure.side_means else ""
            self.fault((*path, "name"), f"{measure.id}: which side? Say left or right{asks}")
            return ()
        return ("left", "right") if said == "bilateral" else (said,)

    def _put_measured(self, measured: Measured) -> None:
        """A verdict as a stated item; a borderline one is neither present nor absent."""
        kind = self.kb.findings[measured.finding]
        task = next((t for name in measured.measures if (t := self.kb.measures[name].task)), "")
        side = measured.side if "left" in kind.sides else "midline"
        reliable = reliability(kind, task, self.kb) if measured.manual else round(1000 * self.kb.constants.reliability.instrumented)
        item = Item(
            key=key_of(kind.id, side, task), finding=kind.id, kind=self.kb.kinds[kind.id], side=side, task=task,
            present=measured.verdict == "present", severity=_severity("severe" if measured.severe else "moderate", self.kb),
            reliability=reliable,
            instrumented=not measured.manual, painful=measured.painful,
            written=f"{self.kb.measures[measured.measures[0]].name}: {measured.written}",
            seen_by="hand" if measured.manual else "instrument",
            settles="" if measured.manual else _SETTLES.get(kind.method, ""),
        )  # fmt: skip
        seen = self.items.get(item.key)
        if measured.verdict == "borderline":
            if seen is None:
                self.unknown.add(item.key)
            return
        if seen is not None and seen.present != item.present:
            was, now = ("present", "absent") if seen.present else ("absent", "present")
            self.warnings.append(f"{item.key} is said to be {was}, but was measured and is {now}; the measurement counts")
            seen = None
        self.items[item.key] = item if seen is None else _joined(seen, item)

    def _flag(self, entry: CaseFinding) -> str | None:
        """The red flag that a name means, where it is no finding's name."""
        if isinstance(self.kb.words.exact("finding", entry.name), Found):
            return None
        flag = self.kb.words.exact("flag", entry.name)
        return flag.reading.id if isinstance(flag, Found) else None

    def _earlier(self, entry: CaseFinding) -> CaseFinding | None:
        """What a red flag's name means in the history, where the vocabulary knows an earlier one: 'stroke' is a previous stroke there."""
        words = f"previous {entry.name}"
        return entry.model_copy(update={"name": words}) if isinstance(self._find(words), Found) else None

    def _rule_out(self, flag: str, entry: CaseFinding, path: Path) -> None:
        """A red flag said to be absent counts as asked about. What is stated may still raise it: nothing takes a flag away."""
        if entry.present is False:
            self.ruled_out.add(flag)
        elif entry.present is True:
            asks = ", ".join(name for name in self.kb.flags[flag].when.asks if name in self.kb.findings)
            message = f"'{entry.name}' is a red flag: it can be ruled out here (present: false); to raise it, say what is there: {asks}"
            self.fault((*path, "name"), message)

    def _named(self, entry: CaseFinding, path: Path) -> _Named | None:
        words, said = entry.name, entry.side
        found = self._find(words)
        if not isinstance(found, Found):
            words, inside = split_side(entry.name)
            if inside is not None:
                found = self._find(words)
                if said is not None and said != inside:
                    self.fault((*path, "side"), f"'{entry.name}' says {inside}, its side says {said}: which is it?")
                    return None
                said = said or inside  # type: ignore[assignment]
        if not isinstance(found, Found):
            unclear = found or self._meant(words)
            self.fault((*path, "name"), self._unclear(entry.name, unclear), unclear.near)
            return None
        if found.mended:
            self.warnings.append(f"'{entry.name}' was read as {found.reading.id}")
        side = mirrored(said) if said and found.reading.side == "opposite" else said
        return _Named(self.kb.findings[found.reading.id], side, found.reading.task)

    def _find(self, words: str) -> Found | Unclear | None:
        """The finding that words name; forgivingly only for the first of a case that nobody knows as they stand."""
        exact = self.kb.words.exact("finding", words)
        if exact is not None or words in self.forgiven or len(self.forgiven) >= _FORGIVEN:
            return exact or self.forgiven.get(words)
        return self.forgiven.setdefault(words, self.kb.words.read("finding", words))

    def _meant(self, words: str) -> Unclear:
        """What may be meant by words that cannot be read."""
        self.hinted += 1
        found = self.kb.words.look_up("finding", words) if self.hinted <= _HINTED else None
        return found if isinstance(found, Unclear) else Unclear(())

    def _unclear(self, name: str, unclear: Unclear) -> str:
        if unclear.ambiguous:
            return f"'{name}' can be read in more than one way: {', '.join(unclear.near)}; say which"
        near = [f"'{self.kb.findings[i].name}' ({i})" for i in unclear.near]
        return f"unknown finding '{name}'" + (f", did you mean {' or '.join(near)}?" if near else "")

    def _task(self, entry: CaseFinding, named: _Named, path: Path) -> str | None:
        if entry.task is None:
            return named.task
        found = self.kb.words.look_up("task", split_side(entry.task)[0])
        if isinstance(found, Unclear):
            self.fault((*path, "task"), f"unknown task '{entry.task}'{found.hint}", found.near)
            return None
        task = found.reading.id
        if named.task and named.task != task:
            self.fault((*path, "task"), f"'{entry.name}' says {named.task}, its task says {task}: which is it?")
            return None
        if named.type.tasks and task not in named.type.tasks:
            takes = ", ".join(named.type.tasks)
            self.fault((*path, "task"), f"{named.type.id} is not recorded in '{task}'; it is in: {takes}")
            return None
        return task

    def _side(self, named: _Named, path: Path) -> str | None:
        sides = named.type.sides
        if named.side is not None:
            if named.side in sides:
                return named.side
            self.fault((*path, "side"), f"{named.type.id} does not take the side '{named.side}'; it takes {_listed(sides)}")
            return None
        if named.type.needs_no_side:
            return "midline"
        asks = f" ({named.type.side_means.rstrip('.')})" if named.type.side_means else ""
        self.fault((*path, "name"), f"{named.type.id}: which side? Say {_listed(sides)}{asks}")
        return None

    def _check_stance(self, entry: CaseFinding, kind: FindingType, side: str, path: Path) -> None:
        """The leg that stands, where it is said, must be the one that the finding's side means."""
        by_task = split_side(entry.task)[1] if entry.task else None
        if entry.stance and by_task in MIRROR and by_task != entry.stance:
            self.fault((*path, "stance"), f"'{entry.task}' says that the {by_task} leg stands, stance says {entry.stance}: which is it?")
            return
        stated = entry.stance or by_task
        if kind.stance is None or stated not in MIRROR:
            return
        for one in ("left", "right") if side == "bilateral" else (side,):
            meant = one if kind.stance == "same" else mirrored(one)
            if meant in MIRROR and stated != meant:
                self.fault(
                    (*path, "stance") if entry.stance else (*path, "task"),
                    f"{kind.id} {one} means that the {meant} leg stands, but the {stated} leg is said to stand: either '{kind.id}' "
                    f"{MIRROR[one]}, or {meant} stance" + (f" ({kind.side_means.rstrip('.')})" if kind.side_means else ""),
                )

    def _item(self, entry: CaseFinding, kind: FindingType, side: str, task: str) -> Item:
        instrumented = entry.seen_by == "instrument"
        return Item(
            key=key_of(kind.id, side, task), finding=kind.id, kind=self.kb.kinds[kind.id], side=side, task=task,
            present=entry.present is True, severity=_severity(entry.severity, self.kb),
            reliability=round(1000 * self.kb.constants.reliability.instrumented) if instrumented else reliability(kind, task, self.kb),
            instrumented=instrumented, painful=entry.pain > 0 or entry.limited_by in _PAINFUL, written=entry.name,
            note=entry.note or "", seen_by=entry.seen_by or "", settles=_SETTLES.get(kind.method, "") if instrumented else "",
        )  # fmt: skip

    def _put(self, item: Item, entry: CaseFinding, path: Path) -> None:
        if entry.present == "unknown":
            self.unknown.add(item.key)
            return
        first = self.items.get(item.key)
        if first is None:
            self.items[item.key], self.paths[item.key] = item, path
        elif first.present != item.present:
            line = self.case.document.fault(self.paths[item.key], "").line
            place = f" (line {line})" if line else ""
            self.fault(path, f"{item.key} is both present and absent{place}; in another task it would be information")
        else:
            self.warnings.append(f"{item.key} stands twice; it counts once, with the higher severity")
            self.items[item.key] = _joined(first, item)


def keys_of(entry: CaseFinding, kb: KnowledgeBase) -> tuple[str, ...]:
    """The keys of what one entry states, left before right; a red flag that it rules out, as `flag:cauda-equina`.

    Raises CaseError for an entry that cannot be read.
    """
    stated = normalise(Case(CaseFile(findings=(entry,)), Document("", {})), kb)
    return (*sorted({*(i.key for i in stated.items), *stated.unknown}), *(f"flag:{flag}" for flag in stated.ruled_out))


def named(entry: CaseFinding, kb: KnowledgeBase) -> tuple[str, str, str]:
    """The finding that an entry names, the side and the task that it says, "" for what it leaves open.

    Raises CaseError for words that cannot be read.
    """
    reader = _Reader(Case(CaseFile(findings=()), Document("", {})), kb)
    found = reader._named(entry, ())
    task = reader._task(entry, found, ()) if found else None
    if found is None or task is None:
        raise CaseError(reader.faults)
    return found.type.id, found.side or "", task


def flag_words(flag: Flag, kb: KnowledgeBase) -> str:
    """Words by which an entry names a red flag as a whole: its id, unless that is read as a finding of the same name; "": none are."""
    titles = (flag.id, flag.title, flag.title.removeprefix("Possible "))
    return next((words for words in titles if not isinstance(kb.words.exact("finding", words), Found)), "")


def values_of(case: CaseFile, kb: KnowledgeBase) -> tuple[tuple[Value, ...], ...]:
    """The measured values of a case entry by entry: none where nobody knows the measure, two where one entry stands for both sides.

    Raises CaseError for values that cannot be read.
    """
    reader = _Reader(Case(case, Document("", {})), kb)
    found = tuple(tuple(reader._values(entry, number)) for number, entry in enumerate(case.measurements))
    if reader.faults:
        raise CaseError(reader.faults)
    return found


def _joined(a: Item, b: Item) -> Item:
    """Two records of one thing: the higher severity, the better observer, and pain if either hurt."""
    lead = max(a, b, key=lambda i: (i.severity, i.reliability, i.instrumented, i.written, i.note, i.seen_by))
    return replace(
        lead, reliability=max(a.reliability, b.reliability), instrumented=a.instrumented or b.instrumented,
        painful=a.painful or b.painful, seen_by="instrument" if a.instrumented or b.instrumented else lead.seen_by,
        settles=a.settles or b.settles,
    )  # fmt: skip


def key_of(finding: str, side: str, task: str) -> str:
    """`hip-drop:right:running`: how an item is named in every output. Unsided items have no side part."""
    return ":".join(p for p in (finding, "" if side == "midline" else side, task) if p)


def reliability(kind: FindingType, task: str, kb: KnowledgeBase) -> int:
    """The factor (thousandths) for how well observers agree on this finding in this task; moderate where nothing is published."""
    factors = kb.constants.reliability
    published = [r for r in kind.reliability if r.task == task] or [r for r in kind.reliability if r.task is None]
    figures = [figure for r in published for figure in (r.kappa, r.icc) if figure is not None]
    if not figures:
        return round(1000 * factors.moderate)
    figure = min(figures)  # where studies disagree, the worse one counts
    chosen = factors.good if figure > factors.good_above else factors.poor if figure < factors.poor_below else factors.moderate
    return round(1000 * float(chosen))


def _severity(given: str | float, kb: KnowledgeBase) -> int:
    factors = kb.constants.severity
    if isinstance(given, str):
        factor: float = getattr(factors, given)
        return round(1000 * factor)
    return round(1000 * min(factors.severe, factors.number_slope * given))


def _listed(sides: tuple[str, ...]) -> str:
    return " or ".join((", ".join(sides[:-1]), sides[-1])) if len(sides) > 1 else sides[0]


