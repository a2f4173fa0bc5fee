"""An examination as a dialogue: which question comes next, what an answer makes of the case, one step back, and where to go on later.

An interview is a value: an answer gives the next interview and changes nothing. Its whole state stands in the case it writes, so that
whoever keeps the case can go on exactly where it stopped. No text is printed here and nothing is read: terminals and pages are rooms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from expert import pipeline
from expert.batteries import battery_named
from expert.cases import case_from_mapping
from expert.errors import UsageError
from expert.formats import BatteryItem, Condition, FindingType, Flag
from expert.model import LEVELS, FlagRaised, Hypothesis, Knowledge, Stated, Tree
from expert.normalise import flag_words, key_of, normalise
from expert.questions.answer import Answer
from expert.questions.next_tests import RARITY, Candidate, barred, plain_item, status, worked_out
from expert.weighing import Place, Turn, Weighed, weigh

ORDERS = ("best", "fixed")
GRAVE = ("emergency", "urgent")
NO_MORE_FLAGS = "flags"  # stands in the log where the rest of the red-flag questions was passed over
NO_MORE_OF_PERSON = "person"  # the same of the questions about the person
SEXES = ("female", "male", "other")
_MAY_BEAR = range(10, 61)  # at which ages pregnancy is asked about
# What is asked of the person before anything else: its name, how to ask it, and which entries of `patient` an answer writes.
_OF_PERSON = {
    "age": ("Age", "In years.", ("age",)),
    "sex": ("Sex", "As far as it bears on red flags and pregnancy.", ("sex",)),
    "pregnancy": ("Pregnant, or a birth in the last year", "If a birth, tell the weeks since.", ("pregnancy", "postpartum_weeks")),
    "recent-surgery": ("An operation in the last year", "Ask which, and what the surgeon does not allow.", ()),
}
_ANSWERS = ("present", "absent", "unknown", "skipped")


@dataclass(frozen=True, slots=True)
class Question(Answer):
    """One question. kind: person, flag (as a whole: yes or no), ask (one thing of a flag), look, measure. `sides`: those it asks about."""

    template = "question"
    ask: str
    kind: str
    name: str
    task: str | None
    how: str | None
    side_means: str | None
    sides: tuple[str, ...]
    level: str | None
    unit: str | None
    number: int
    of: int

    @property
    def sided(self) -> bool:
        """Whether an answer has to say on which side."""
        return self.sides != ("midline",)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `sides`: where it is present; the other sides that were asked about count as absent. severity: a case's own words.

    Of the person: an age is a `value`, a sex a `choice` of SEXES; the weeks since a birth are the `value` where pregnancy is asked about.
    """

    answer: str
    sides: tuple[str, ...] = ()
    severity: str | None = None
    hurts: bool = False
    value: float | None = None
    unit: str | None = None
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One question that was answered, and how many entries it wrote into the case."""

    ask: str
    answer: str
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Standing(Answer):
    """How things stand: red flags, the foremost hypotheses, how far the interview has come."""

    template = "standing"
    level: str
    flags: tuple[str, ...]
    hypotheses: tuple[str, ...]
    asked: int
    of: int


@dataclass(frozen=True)
class Interview:
    """An interview as it stands. `case`: what the case states so far, as plain data; `log`: what was asked."""

    knowledge: Knowledge
    battery: str
    order: str
    case: Mapping[str, Any]
    log: tuple[Step, ...] = ()

    @classmethod
    def begin(
        cls, battery: str, case: Mapping[str, Any] | None = None, knowledge: Knowledge | None = None, order: str = "best"
    ) -> Interview:
        """A new interview over a battery, about a case as plain data (none: a new one).

        Raises UsageError for an order, ExpertError for a battery that nobody knows, CaseError for a case that cannot be read.
        """
        if order not in ORDERS:
            raise UsageError(f"unknown order '{order}'; it is one of {', '.join(ORDERS)}")
        known = knowledge or pipeline.load_knowledge()
        given = {key: value for key, value in (case or {}).items() if key != "interview"}
        held = cls(known, battery_named(battery, known.kb).id, order, {**given, "findings": [*given.get("findings", ())]})
        held.stated  # noqa: B018  (a case that cannot be read is refused here)
        return held

    @classmethod
    def resume(cls, saved: Mapping[str, Any], knowledge: Knowledge | None = None) -> Interview:
        """The interview that a saved case holds. Raises CaseError for what is no case, UsageError where it holds none."""
        told = case_from_mapping(saved).shape.interview
        if told is None:
            raise UsageError("this case holds no interview to go on with")
        log = tuple(Step(s.ask, s.answer, s.entries) for s in told.log)
        return replace(cls.begin(told.battery, saved, knowledge, told.order), log=log)

    # --- where it stands ---------------------------------------------------------------------------------------------------------

    @cached_property
    def stated(self) -> Stated:
        """What the case states so far. Raises CaseError where it cannot be read."""
        return normalise(case_from_mapping(self.case), self.knowledge.kb)

    @cached_property
    def weighed(self) -> Weighed:
        """What is suspected so far."""
        return weigh(self.stated, self.knowledge)

    @property
    def flags(self) -> tuple[FlagRaised, ...]:
        """The red flags that are raised, most urgent first."""
        return self.weighed.screening.flags

    @cached_property
    def looks(self) -> tuple[BatteryItem, ...]:
        """What of the battery is still to be looked at, in its own order."""
        done = {s.ask for s in self.log}
        items = self.knowledge.kb.batteries[self.battery].items
        return tuple(i for i in items if (i.measure or _ask(i) not in done) and self._sides(i))

    @cached_property
    def question(self) -> Question | None:
        """What to ask next; None where nothing is left."""
        first = next(self._of_person(), None) or next(self._red(), None)
        if first is not None:
            return first
        if not self.looks or self.is_over:
            return None
        return self._look(min(self.looks, key=self._turn) if self.order == "best" else self.looks[0])

    def _turn(self, item: BatteryItem) -> tuple[int, float]:
        """What changes most comes first; a change of the movement after the movement itself, and what provokes pain last of all."""
        kind = self.knowledge.kb.findings[item.finding] if item.finding else None
        late = 0 if kind is None else 2 if kind.pain else 1 if kind.method == "response" else 0
        return late, -self.worth[_ask(item)]

    @cached_property
    def worth(self) -> Mapping[str, float]:
        """For each look that is left how many statuses it is expected to change, present and absent worked out alike."""
        return {_ask(i): self._worth(i) for i in self.looks}

    @property
    def is_over(self) -> bool:
        """Whether a red flag, urgent or an emergency, is raised: then nothing is looked at any more, for no test may load or delay."""
        return any(flag.level in GRAVE for flag in self.flags)

    @property
    def said_yes(self) -> tuple[Flag, ...]:
        """Flags that were said to be there as a whole, of which nobody told which thing it is: they are not decided, and not denied."""
        yes = [s.ask.removeprefix("flag:") for s in self.log if s.ask.startswith("flag:") and s.answer == "present"]
        return tuple(self.knowledge.kb.flags[name] for name in yes if name in self.weighed.screening.not_asked)

    @property
    def settled(self) -> bool:
        """Whether no single answer that is left would change a status or a red flag. What can still be measured may."""
        if self.is_over:
            return self.question is None
        measured = any(i.measure for i in self.looks)
        return next(self._of_person(), None) is None and next(self._red(), None) is None and not measured and not any(self.worth.values())

    @property
    def progress(self) -> tuple[int, int]:
        """How many lines of the battery are done, of how many."""
        every = len(self.knowledge.kb.batteries[self.battery].items)
        return every - len(self.looks), every

    def why(self) -> str:
        """Why the question is asked, in words."""
        asked = self.question
        if asked is None:
            return ""
        if asked.kind == "person":
            return "it bears on which red flags fit and on whether a plan may be proposed"
        if asked.kind in ("flag", "ask"):
            return self._flag_behind(asked).because
        if asked.kind == "measure":
            return "its value is judged by a published norm"
        item = next(i for i in self.looks if i.finding and _ask(i) == asked.ask)
        candidate = Candidate(item.finding or "", asked.sides, item.task or "", 0)
        test = worked_out(self.weighed, frozenset(t.about for some in self._outcomes(item) for t in some), candidate)
        return "no status would change" if test is None else test.why

    def standing(self, most: int = 5) -> Standing:
        """How things stand."""
        best = [h for h in self.weighed.hypotheses if h.status in ("supported", "contested", "possible")]
        best.sort(key=lambda h: ("supported", "contested", "possible").index(h.status))
        flags = tuple(f"{f.level}: {f.title}. {f.action}" for f in self.flags)
        return Standing(self.weighed.screening.level, flags, tuple(_told(h) for h in best[:most]), *self.progress)

    # --- what an answer makes of it --------------------------------------------------------------------------------------------------

    def answer(self, reply: Reply) -> Interview:
        """The interview after an answer to its question.

        Raises UsageError for what is no answer to it, CaseError for what no case may state.
        """
        asked = self.question
        if asked is None:
            raise UsageError("nothing is left to ask")
        if reply.answer not in _ANSWERS:
            raise UsageError(f"'{reply.answer}' is no answer; it is one of {', '.join(_ANSWERS)}")
        told = _told_of_person(asked, reply)
        section, entries = ("findings", []) if told else self._entries(asked, reply)
        case = {**self.case, section: [*self.case.get(section, ()), *entries]} if entries else self.case
        if told:
            before = {key: case[key] for key in ("schema_version", "case_id", "visit") if key in case}  # where a case has it
            case = {**before, "patient": {**self.case.get("patient", {}), **told}} | {k: v for k, v in case.items() if k != "patient"}
        following = replace(self, case=case, log=(*self.log, Step(asked.ask, reply.answer, len(entries))))
        following.stated  # noqa: B018  (a case that cannot be read is refused here)
        return following

    def skip_flags(self) -> Interview:
        """The interview without the rest of its questions about the person and red flags; they count as not asked."""
        return replace(self, log=(*self.log, Step(NO_MORE_FLAGS, "skipped")))

    def skip_person(self) -> Interview:
        """The interview without the rest of its questions about the person."""
        return replace(self, log=(*self.log, Step(NO_MORE_OF_PERSON, "skipped")))

    def undo(self) -> Interview:
        """The interview before its last answer; itself where there is none."""
        if not self.log:
            return self
        last = self.log[-1]
        section = "measurements" if last.ask.startswith("measure:") else "findings"
        entries = list(self.case.get(section, ()))
        case = {**self.case, section: entries[: len(entries) - last.entries]}
        if section == "measurements" and not case[section]:
            del case[section]
        written = _OF_PERSON[last.ask.partition(":")[2]][2] if last.ask.startswith("person:") else ()
        if written and "patient" in case:
            case["patient"] = {key: value for key, value in case["patient"].items() if key not in written}
            if not case["patient"]:
                del case["patient"]
        return replace(self, case=case, log=self.log[:-1])

    @property
    def saved(self) -> Tree:
        """The case with what it takes to go on: `resume` gives this very interview back."""
        steps = [{"ask": s.ask, "answer": s.answer, **({"entries": s.entries} if s.entries else {})} for s in self.log]
        return {**self.case, "interview": {"battery": self.battery, "order": self.order, "log": steps}}

    def _entries(self, asked: Question, reply: Reply) -> tuple[str, list[Tree]]:
        """Where an answer is written, and what; without what a case takes for granted, so that it reads back as it was."""
        if reply.answer == "skipped":
            return "findings", []
        name, _, task = asked.ask.partition(":")[2].partition(":")
        if asked.kind == "measure":
            if reply.value is None or reply.unit is None:
                raise UsageError("a measure is answered with a value and its unit, for example 12 cm")
            return "measurements", [_without_none({"name": name, "side": task or None, "value": reply.value, "unit": reply.unit})]
        if asked.kind == "person" and name != "recent-surgery":
            return "findings", []
        if asked.kind == "flag":
            words = flag_words(self.knowledge.kb.flags[name], self.knowledge.kb) or name  # its id may be read as a finding
            return "findings", [{"name": words, "present": False}] if reply.answer == "absent" else []
        wrong = set(reply.sides) - set(asked.sides)
        if wrong or (reply.answer == "present" and asked.sided and not reply.sides):
            raise UsageError(f"on which side? It is one of {', '.join(asked.sides)}")
        there = reply.sides or asked.sides if reply.answer == "present" else ()
        kind = self.knowledge.kb.findings[name]
        return "findings", [
            _without_none({
                "name": name, "side": side if side != "midline" or not kind.needs_no_side else None, "task": task or None,
                "severity": reply.severity if side in there and reply.severity != "moderate" else None,
                "present": "unknown" if reply.answer == "unknown" else None if side in there else False,
                "limited_by": "pain" if reply.hurts else None,
            })
            for side in asked.sides
        ]  # fmt: skip

    # --- the person, before anything else --------------------------------------------------------------------------------------------

    def _of_person(self) -> Iterator[Question]:
        """What has yet to be asked of the person: age, sex, pregnancy where it may be, a recent operation."""
        done, patient = {s.ask for s in self.log}, self.stated.patient
        if {NO_MORE_FLAGS, NO_MORE_OF_PERSON} & done:
            return
        may_bear = patient.sex != "male" and (patient.age is None or patient.age in _MAY_BEAR)
        open_still = {
            "age": patient.age is None,
            "sex": patient.sex is None and "sex" not in self.case.get("patient", {}),
            "pregnancy": may_bear and patient.pregnancy is None and patient.postpartum_weeks is None,
            "recent-surgery": not patient.surgery and "recent-surgery" not in self._told,
        }
        for name, (words, how, _) in _OF_PERSON.items():
            if open_still[name] and f"person:{name}" not in done:
                yield self._question(f"person:{name}", "person", words, None, how)

    # --- red flags first -------------------------------------------------------------------------------------------------------------

    def _red(self) -> Iterator[Question]:
        """The questions about red flags, in order: of those that were said to be there, of those half met, then flag by flag."""
        done = {s.ask for s in self.log}
        if NO_MORE_FLAGS in done:
            return
        for flag in self._flags_waiting():
            if flag.id not in self.knowledge.kb.findings and f"flag:{flag.id}" not in done and not self._is_half_met(flag):
                yield self._question(f"flag:{flag.id}", "flag", flag.title, flag.level, self._things_of(flag))
                continue
            for name in dict.fromkeys((*flag.when.core, *flag.when.asks)):  # what speaks for it before what explains it away
                if f"ask:{name}" not in done and name in self.knowledge.kb.findings and name not in self._told:
                    kind = self.knowledge.kb.findings[name]
                    yield self._question(f"ask:{name}", "ask", kind.name, flag.level, kind.how, kind)

    def _flags_waiting(self) -> list[Flag]:
        """Flags that are not decided and bear on this examination: opened ones first, then half-met ones, most urgent first."""
        kb, screening = self.knowledge.kb, self.weighed.screening
        battery = {i.finding for i in kb.batteries[self.battery].items}
        seen = {i.finding for i in self.stated.items if i.present}
        opened = [s.ask.removeprefix("flag:") for s in self.log if s.ask.startswith("flag:") and s.answer == "present"]
        closed = {s.ask.removeprefix("flag:") for s in self.log if s.ask.startswith("flag:") and s.answer != "present"}
        half = [h.id for h in screening.half_met if h.level != "routine"]
        bearing = [f.id for f in kb.flags.values() if f.level in GRAVE and (battery | seen) & set(f.explains)]
        bearing.sort(key=lambda name: (LEVELS.index(kb.flags[name].level), RARITY.index(kb.flags[name].asking.rarity)))
        waiting = dict.fromkeys((*opened, *half, *bearing))
        return [kb.flags[name] for name in waiting if name in screening.not_asked and name not in closed]

    @cached_property
    def _told(self) -> frozenset[str]:
        """What the case says anything about, if only that it is not known."""
        return frozenset(i.finding for i in self.stated.items) | {key.split(":")[0] for key in self.stated.unknown}

    def _is_half_met(self, flag: Flag) -> bool:
        return any(h.id == flag.id for h in self.weighed.screening.half_met)

    def _things_of(self, flag: Flag) -> str:
        """What a flag consists of, in words; what would explain it away stands apart."""
        top = flag.when
        parts = [words for part in (top.parts or (top,)) if (words := self._in_words(part))]
        lead = {"any": "Any of these? ", "all": "All of these together? "}.get(top.term if len(parts) > 1 else "", "Is this there? ")
        if top.term == "at_least":
            lead = f"At least {top.at_least} of these? "
        apart = [self.knowledge.kb.findings[a].name for a in flag.when.asks if a not in flag.when.core and a in self.knowledge.kb.findings]
        return lead + "; ".join(dict.fromkeys(parts)) + "." + (f" Unless explained by: {'; '.join(apart)}." if apart else "")

    def _in_words(self, condition: Condition) -> str:
        """A condition in words, without what is told of the person; "" where nothing else is in it."""
        if not condition.parts:
            found = self.knowledge.kb.findings.get(condition.asks[0])
            return found.name if found else ""
        if condition.term == "none":
            return ""
        said = [words for part in condition.parts if (words := self._in_words(part))]
        names = list(dict.fromkeys(said))
        if len(names) < 2:
            return "".join(names) + (" on both sides" if len(said) > 1 else "")
        if condition.term == "all":
            return " with ".join(names)
        least = condition.at_least or 1
        return f"{'one' if least == 1 else least} of ({', '.join(names)})"

    def _flag_behind(self, asked: Question) -> Flag:
        """The flag for the sake of which something is asked."""
        name = asked.ask.partition(":")[2]
        if asked.kind == "flag":
            return self.knowledge.kb.flags[name]
        return next(f for f in self._flags_waiting() if name in f.when.asks)

    # --- looks -----------------------------------------------------------------------------------------------------------------------

    def _question(
        self, ask: str, kind: str, name: str, level: str | None, how: str | None, thing: FindingType | None = None, task: str | None = None,
        sides: Sequence[str] = ("midline",), unit: str | None = None,
    ) -> Question:  # fmt: skip
        if thing is not None and not thing.needs_no_side and sides == ("midline",) and "left" in thing.sides:
            sides = ("left", "right")
        means = thing.side_means if thing is not None and tuple(sides) != ("midline",) else None
        done, every = self.progress
        return Question(ask, kind, name, task, how, means, tuple(sides), level, unit, done + 1, every)

    def _look(self, item: BatteryItem) -> Question:
        kb = self.knowledge.kb
        task = kb.tasks[item.task].name if item.task else None
        if item.finding is None:
            measure = kb.measures[item.measure or ""]
            unit = next(u.symbol.strip("{}") for u in kb.units.values() if u.dimension == measure.dimensions[0] and u.factor == 1)
            side = self._sides(item)[0]  # a value at a time
            return self._question(
                _ask(item, side), "measure", measure.name, None, item.instruct or measure.how, None, task, (side,), unit
            )
        kind = kb.findings[item.finding]
        return self._question(_ask(item), "look", kind.name, None, item.instruct or kind.how, kind, task, self._sides(item))

    def _sides(self, item: BatteryItem) -> tuple[str, ...]:
        """The sides of a line that are still to be looked at: not told, and not one that hurts or must not be tested."""
        kb = self.knowledge.kb
        if item.finding is None:
            taken = {(m["name"], m.get("side")) for m in self.case.get("measurements", ())}
            sides = ("left", "right") if "left" in kb.measures[item.measure or ""].sides else ("midline",)
            done = {s.ask for s in self.log}
            return tuple(s for s in sides if (item.measure, None if s == "midline" else s) not in taken and _ask(item, s) not in done)
        kind = kb.findings[item.finding]
        sides = ("left", "right") if "left" in kind.sides else ("midline",)
        told = {*self.weighed.items, *self.stated.unknown}
        return tuple(s for s in sides if key_of(kind.id, s, item.task or "") not in told and (kind.id, s) not in self._barred)

    @cached_property
    def _barred(self) -> frozenset[tuple[str, str]]:
        return frozenset(barred(self.stated, self.knowledge))

    def _outcomes(self, item: BatteryItem) -> list[tuple[Turn, ...]]:
        """What would change with it present on each side by itself, and last with it absent on all."""
        kb, every = self.knowledge.kb, _everything(self.knowledge)
        measure = kb.measures[item.measure] if item.measure else None
        name, task = (measure.judgements[0].finding, measure.task or "") if measure else (item.finding or "", item.task or "")
        sides = self._sides(item) if "left" in kb.findings[name].sides else ("midline",)
        new = [s for s in sides if key_of(name, s, task) not in self.weighed.items]
        present = [self.weighed.with_items([plain_item(name, side, task, True, kb)], every) for side in new]
        return [*present, self.weighed.with_items([plain_item(name, side, task, False, kb) for side in new], every)]

    def _worth(self, item: BatteryItem) -> float:
        *present, absent = self._outcomes(item)
        weight = self.knowledge.kb.constants.next.present
        return weight * max((_switched(turns) for turns in present), default=0) + (1 - weight) * _switched(absent)


def _told_of_person(asked: Question, reply: Reply) -> Tree:
    """What an answer about the person writes into `patient`. Raises UsageError for what is none."""
    name = asked.ask.partition(":")[2]
    if asked.kind != "person" or name == "recent-surgery" or reply.answer in ("unknown", "skipped"):
        return {}
    if name == "sex":
        if reply.choice not in SEXES:
            raise UsageError(f"it is one of {', '.join(SEXES)}")
        return {"sex": reply.choice}
    if reply.value is not None and not float(reply.value).is_integer():
        raise UsageError("write a whole number")
    if name == "pregnancy":
        weeks = {} if reply.value is None else {"postpartum_weeks": int(reply.value)}
        return {"pregnancy": reply.answer == "present" and not weeks, **weeks}
    if reply.value is None:
        raise UsageError("an age is answered in years, for example 34")
    return {"age": int(reply.value)}


def _ask(item: BatteryItem, side: str = "midline") -> str:
    """How a line of a battery is named in the log; of a measure each side has its own."""
    if item.finding:
        return f"look:{item.finding}" + (f":{item.task}" if item.task else "")
    return f"measure:{item.measure}" + (f":{side}" if side != "midline" else "")


def _switched(turns: Iterable[Turn]) -> int:
    return sum(status(t.before) != status(t.after) for t in turns)


def _everything(knowledge: Knowledge) -> frozenset[Place]:
    return frozenset(product(knowledge.kb.muscles, ("left", "right")))


def _told(h: Hypothesis) -> str:
    return f"{h.name} {h.side} {h.state}: {h.status}, {h.points:g} points" + (", held" if h.held else "")


def _without_none(entry: Tree) -> Tree:
    return {key: value for key, value in entry.items() if value is not None}
