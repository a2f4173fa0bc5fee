"""assess(), and what it gives: one run that prints, explains and shows itself, and answers what is asked of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from expert import contract, pdf, pipeline, questions, render, voices
from expert.cases import Case, case_from_mapping, load_case
from expert.errors import UsageError
from expert.model import Hypothesis, Knowledge, Plan, Referral, Result, Tree
from expert.packs import Pack, load_pack


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one run concluded, and the knowledge it concluded it from. Frozen; prints, explains and shows itself."""

    result: Result
    knowledge: Knowledge

    @property
    def case_id(self) -> str:
        """The case's own id."""
        return self.result.stated.case_id

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """All hypotheses, best first."""
        return self.result.hypotheses

    @property
    def referral(self) -> Referral:
        """The red-flag screening."""
        return self.result.referral

    @property
    def plan(self) -> Plan:
        """The proposal, or why it is withheld."""
        return self.result.plan

    def hypothesis(self, muscle: str, side: str, state: str) -> Hypothesis | None:
        """One hypothesis by muscle id, side and state, or None where nothing speaks for it."""
        return next((h for h in self.hypotheses if (h.muscle, h.side, h.state) == (muscle, side, state)), None)

    def why(self, muscle: str | None = None, side: str | None = None, state: str | None = None) -> questions.Why:
        """Why a muscle is suspected (or what it would need): trees of data that print well. Words are understood as in a case.

        Also `pattern:...`, `flag:...` and `prediction:...`, with their side after another colon where they have one. Asked of
        nothing, it tells of the first hypothesis. Raises UsageError where that is none, or for what nobody knows.
        """
        if muscle is None:
            if not self.hypotheses:
                raise UsageError("nothing is suspected; say what to ask about, for example 'gluteus medius:left'")
            muscle = self.hypotheses[0].about.key
        return questions.why(self.result, self.knowledge, muscle, side, state)

    def uncertainty(self) -> questions.Uncertainty:
        """What is contested, with both sides, and how stable the ranking is when every weight moves."""
        return questions.uncertainty(self.result, self.knowledge)

    def why_not(self, muscle: str, side: str | None = None, state: str | None = None, top: int | None = None) -> questions.WhyNot:
        """Why a muscle state is not suspected, or not more, clause by clause; or why a pattern was not found (`pattern:...`)."""
        return questions.why_not(self.result, self.knowledge, muscle, side, state, top)

    def drivers(self) -> questions.Drivers:
        """The fewest problems that account for what was found: candidates to check, what they leave, what was struck out."""
        return questions.drivers(self.result, self.knowledge)

    def steps(self) -> questions.Steps:
        """The reasoning as a sequence to follow: what was known, which rules were ready, what each added to which sheet."""
        return questions.steps(self.result, self.knowledge)

    def quiz(self, muscles: Iterable[str], patterns: Iterable[str] = (), flagged: bool = False) -> questions.Quiz:
        """Mark what a learner committed to before looking: `gluteus medius:left:underactive`, `lower-crossed`; a red flag or none."""
        return questions.quiz(self.result, self.knowledge, tuple(muscles), tuple(patterns), flagged)

    def chain(self, around: str | None = None, taught: str | None = None) -> questions.Chain:
        """The graph around the case, hop by hop; with the links around one place (`multifidus`, `pelvis-drop:right`), or a chain as
        it is taught (`weak-hip-abductors:left`). Raises UsageError for what nobody knows."""
        return questions.chain(self.result, self.knowledge, around, taught)

    def next_tests(self, target: str | None = None, battery: str | None = None) -> questions.NextTests:
        """What to look at next, best first, with what each outcome would change, and whether to stop. `target`: what to rule in or out."""
        return questions.next_tests(self.result.stated, self.knowledge, target, battery, screening=self.referral)

    def what_if(
        self, add: questions.Entries = (), drop: questions.Entries = (), set: questions.Settings = (), measure: questions.Entries = ()
    ) -> questions.WhatIf:
        """What changes when the case is edited and assessed afresh; edits are quick entries ("hip drop:right:running")."""
        return questions.what_if(self.result, self.knowledge, add, drop, set, measure)

    def overturn(self, about: str, side: str | None = None, state: str | None = None) -> questions.Overturn:
        """The smallest sets of findings without which a suspicion, a pattern (`pattern:...`) or a red flag (`flag:...`) falls."""
        return questions.overturn(self.result, self.knowledge, about, side, state)

    def concluded(self) -> Tree:
        """The contract's object but for what to look at next, which takes as long again: `next` and `next_tests` are empty."""
        return contract.to_dict(self.result, self.knowledge, uncertainty=self.uncertainty().to_dict())

    def to_dict(self) -> Tree:
        """The contract's JSON object (docs/json.md)."""
        following = self.next_tests().to_dict()
        told = {key: following[key] for key in ("should_stop", "because", "at_stake", "flags_open", "cautions")}
        return contract.to_dict(
            self.result, self.knowledge, uncertainty=self.uncertainty().to_dict(), next=told, next_tests=following["tests"]
        )  # fmt: skip

    def to_json(self) -> str:
        """The contract's JSON, one line, the same bytes for the same input."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    def report(self, format: str = "txt", *, voice: str = "clinician", part: str = "full", **options: Any) -> str:
        """The report as txt, md, html or json. `voice`: for whom (clinician, client, teaching, letter); `part`: of teaching.

        The name of the person stands in the client's text and in the letter, where the case tells it; the JSON holds none.
        """
        if format == "json":
            return self.to_json()
        return voices.report(voice, self.to_dict(), self.knowledge.kb, self.result.stated.case, format, part, **options)

    def pdf(self, *, voice: str = "clinician", part: str = "full") -> bytes:
        """The report as PDF: nothing is fetched for it, the same bytes for the same input. Needs the extra `pdf`."""
        return pdf.pdf(self.report("html", voice=voice, part=part))

    def _repr_html_(self) -> str:
        return render.report(self.to_dict(), self.knowledge.kb, "html", fragment=True)

    def __str__(self) -> str:
        return self.report("txt")


def assess(case: Case | Mapping[str, Any] | str | os.PathLike[str], knowledge: Knowledge | None = None, engine: str = "auto") -> Assessment:
    """Reason about one case (a Case, plain data, or a file's path).

    Raises CaseError with everything that is wrong with it, EngineError for an engine that is not there.
    """
    knowledge = knowledge or pipeline.load_knowledge()
    if not isinstance(case, Case):
        case = case_from_mapping(case) if isinstance(case, Mapping) else load_case(case)
    return Assessment(pipeline.conclude(case, knowledge, engine), knowledge)


def compare(assessments: Iterable[Assessment]) -> questions.Comparison:
    """What changed between visits of one person, in the order of their dates where each has one.

    Raises UsageError for fewer than two, or for assessments with different knowledge.
    """
    visits = _under_one_knowledge(assessments)
    if not visits:
        raise UsageError("give at least two visits to compare")
    return questions.compare([a.result for a in visits], visits[0].knowledge)


def side_by_side(assessments: Iterable[Assessment]) -> questions.SideBySide:
    """Visits of one person as a table: every suspicion and measured value, left and right, in the order of their dates.

    Raises UsageError for none, or for assessments with different knowledge.
    """
    visits = _under_one_knowledge(assessments)
    if not visits:
        raise UsageError("give at least one visit")
    return questions.side_by_side([a.result for a in visits], visits[0].knowledge)


def _under_one_knowledge(assessments: Iterable[Assessment]) -> list[Assessment]:
    visits = list(assessments)
    if len({a.knowledge.kb.sha256 for a in visits}) > 1:
        raise UsageError("visits are compared under the same knowledge; these were assessed with different ones")
    return visits


def replay(text: str, knowledge: Knowledge | None = None, where: str = "report") -> questions.Replay:
    """Derive a report in JSON again from the case it carries (several: one a line) and compare byte for byte.

    Raises CaseError for what is no report, with what is wrong with it.
    """
    knowledge = knowledge or pipeline.load_knowledge()
    return questions.replay(text, knowledge, lambda case, engine: assess(case, knowledge, engine).to_json(), where)


def check_pack(pack: Pack | str | os.PathLike[str], knowledge: Knowledge | None = None) -> questions.Marking:
    """Hold every expected answer of a pack of cases to what is concluded. Raises CaseError for what cannot be read."""
    return questions.check(pack if isinstance(pack, Pack) else load_pack(pack), knowledge or pipeline.load_knowledge())


def pack_handout(pack: Pack | str | os.PathLike[str], knowledge: Knowledge | None = None, key: bool = False) -> questions.Handout:
    """What a class is given of a pack, or (`key`) the answers with their reasons. Raises CaseError for what cannot be read."""
    return questions.handout(pack if isinstance(pack, Pack) else load_pack(pack), knowledge or pipeline.load_knowledge(), key)
