"""How stable the ranking is: the sums of the ledger over moved weights, and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from corpus import mirrored
from hypothesis import given, settings
from hypothesis import strategies as st
from small import rule, rules, small_knowledge
from strategies import CaseDict, cases

from expert import Assessment, assess, load_knowledge
from expert.ledger import thousandths
from expert.model import OPPOSITE_STATE, About, Hypothesis, Knowledge
from expert.questions import stability
from expert.questions.stability import DRAWINGS, MOVED, Calculus, Stability, _factors, _rank, _unit
from expert.rulebase import compile_rules

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.yaml"))


def of(case: Any, knowledge: Knowledge | None = None, moved: float = MOVED) -> Stability:
    answer = assess(case, knowledge or load_knowledge(), "native")
    return stability(answer.result, answer.knowledge, moved)


# --- the weights ---------------------------------------------------------------------------------------------------------------------


def test_a_weight_moves_by_its_name_alone_evenly_and_never_further_than_told() -> None:
    factors = _factors("caps.C", 300, 1000)
    assert factors == _factors("caps.C", 300, 1000)
    assert factors != _factors("caps.D", 300, 1000)
    assert min(factors) < 720
    assert max(factors) > 1280
    assert all(700 <= f <= 1300 for f in factors)
    assert abs(sum(factors) / len(factors) - 1000) < 20
    assert _factors("caps.C", 300, 10) == factors[:10]


def test_the_drawings_are_those_they_have_always_been() -> None:
    assert _factors("caps.C", 300, 4) == FIRST_DRAWN  # a change would change what every report says of itself


FIRST_DRAWN = (1298, 1016, 925, 726)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_a_drawing_is_what_the_whole_line_says_with_those_numbers_in_its_tables(path: Path) -> None:
    """The oracle: every constant and every rule's points rewritten to one drawing's, the rules compiled anew, the case assessed."""
    base = assess(path, load_knowledge(), "native")
    kb = base.knowledge.kb
    calculus = Calculus(kb.constants, MOVED, DRAWINGS)
    for drawing in (3, 41):
        moved = assess(path, rewritten(base.knowledge, calculus, drawing), "native")
        compared = 0
        for own, again in comparable(base, moved):
            rank = calculus.course(_unit(own, {h.about: h for h in base.hypotheses}))[drawing]
            assert abs(-rank[1] - again.net) <= 4, own.about.key
            compared += 1
        assert compared or all(h.status == "insufficient" for h in base.hypotheses)


def rewritten(knowledge: Knowledge, calculus: Calculus, drawing: int) -> Knowledge:
    kb = knowledge.kb
    c = kb.constants

    def at(name: str, base: float) -> float:
        return calculus.weight(name, thousandths(base))[drawing] / 1000

    names = {"reliability": ("instrumented", "good", "moderate", "poor"), "severity": ("mild", "moderate", "severe", "number_slope")}
    constants = c.model_copy(
        update={
            "caps": {grade: at(f"caps.{grade}", cap) for grade, cap in c.caps.items()},
            "absent_share_of_cap": at("absent_share_of_cap", c.absent_share_of_cap),
            "diminishing": tuple(at(f"diminishing.{n}", w) for n, w in enumerate(c.diminishing)),
            "mechanics": c.mechanics.model_copy(update={"points": at("mechanics.points", c.mechanics.points)}),
            **{
                group: getattr(c, group).model_copy(update={n: at(f"{group}.{n}", getattr(getattr(c, group), n)) for n in of_them})
                for group, of_them in names.items()
            },
        }
    )
    moved = {}
    for rule_ in kb.rules.values():
        cap = c.caps[rule_.grade]
        told = []
        for one in rule_.then:
            points = min(one.points, cap)
            absent = points / 4 if one.absent is None else one.absent
            absent = min(absent, cap * c.absent_share_of_cap)
            told.append(one.model_copy(update={"points": at(f"rules.{rule_.id}", points), "absent": at(f"rules.{rule_.id}", absent)}))
        moved[rule_.id] = rule_.model_copy(update={"then": tuple(told)})
    again = replace(kb, constants=constants, rules=moved)
    return Knowledge(again, compile_rules(again))


def comparable(base: Assessment, moved: Assessment) -> Iterator[tuple[Hypothesis, Hypothesis]]:
    """Hypotheses that rest, with their opposite, on observed evidence alone, of one kind of look a piece, and the same in both."""
    items = {i.key: i for i in base.result.stated.items}

    def plain(h: Hypothesis | None) -> bool:
        pieces = [e.piece for e in h.evidence] if h else []
        looks = ({(items[f].reliability, items[f].severity) for f in p.basis.findings if p.basis.channel == "direct"} for p in pieces)
        return all(len(seen) == 1 for seen in looks)

    there = {h.about: h for h in moved.hypotheses}
    here = {h.about: h for h in base.hypotheses}
    for about, h in here.items():
        rival = About(about.muscle, about.side, about.axis, OPPOSITE_STATE[about.state])
        fired = [[fired_for(found.get(one)) for one in (about, rival)] for found in (here, there)]
        if about in there and plain(h) and plain(here.get(rival)) and fired[0] == fired[1]:
            yield h, there[about]


def fired_for(h: Hypothesis | None) -> list[str]:
    return sorted(e.piece.rule.id for e in h.evidence) if h else []


# --- what is said of them -----------------------------------------------------------------------------------------------------------


@given(cases(least=1))
def test_without_movement_every_drawing_is_the_result_itself(case: CaseDict) -> None:
    answer = assess(case, load_knowledge(), "native")
    calculus = Calculus(answer.knowledge.kb.constants, 0, 3)
    every = {h.about: h for h in answer.hypotheses}
    for h in answer.hypotheses:
        assert calculus.course(_unit(h, every)) == [_rank(h.status, h.net)] * 3
    told = stability(answer.result, answer.knowledge, 0)
    assert told.same_first == told.drawings
    assert all(line.status_kept == line.place_kept == told.drawings for line in told.hypotheses)
    assert all(line.among_first == (told.drawings if line.place <= told.first else 0) for line in told.hypotheses)


@settings(max_examples=25)
@given(cases(least=1))
def test_a_mirrored_case_is_exactly_as_stable(case: CaseDict) -> None:
    here, there = of(case), of(mirrored(case))
    assert replace(here, hypotheses=()) == replace(there, hypotheses=())
    turned = {(line.muscle, mirrored(line.side), line.state): line for line in there.hypotheses}
    for line in here.hypotheses:
        assert replace(turned[line.muscle, line.side, line.state], side=line.side) == line
    assert len(turned) == len(here.hypotheses)


@given(cases(least=1), st.sampled_from([0.1, 0.3]))
def test_what_is_counted_adds_up(case: CaseDict, moved: float) -> None:
    answer = assess(case, load_knowledge(), "native")
    told = stability(answer.result, answer.knowledge, moved)
    shown = [h for h in answer.hypotheses if h.status != "insufficient"]
    assert [(line.muscle, line.side, line.state, line.status) for line in told.hypotheses] == [
        (h.muscle, h.side, h.state, h.status) for h in shown
    ]
    for line in told.hypotheses:
        assert sum(line.statuses.values()) == told.drawings
        assert line.statuses[line.status] == line.status_kept
        assert 0 <= line.place_kept <= told.drawings
        assert line.place_kept <= line.among_first or line.place > told.first
    assert 0 <= told.same_first <= told.drawings
    assert told.first <= told.lines
    assert told.first >= min(3, told.lines)


def small(*texts: str) -> Knowledge:
    return small_knowledge(rules(*texts))


def lines(told: Stability) -> Mapping[str, Any]:
    return {f"{line.muscle} {line.state}": line for line in told.hypotheses}


TWICE = [{"name": "dip", "side": "left", "task": task} for task in ("walking", "squat")]
LIFTED = {"findings": [*TWICE, {"name": "lift", "side": "left"}]}


def test_what_has_much_margin_is_stable_and_what_has_none_is_not() -> None:
    knowledge = small(
        rule("much", "{finding: lift}", "{muscle: puller, state: weak, points: 4}"),
        rule("more", "{finding: dip}", "{muscle: puller, state: weak, points: 15}", grade="A", source="study", more="group: own"),
        rule("little", "{finding: lift}", "{muscle: pusher, state: weak, points: 2}", grade="D", source="hearsay"),
    )  # fmt: skip
    told = lines(of(LIFTED, knowledge))
    assert told["puller weak"].status_kept == told["puller weak"].place_kept == DRAWINGS
    assert told["pusher weak"].status == "possible"
    assert 20 < told["pusher weak"].status_kept < DRAWINGS  # 2 x 0.6 x 1 x 1 = 1.2, and possible begins at 1
    assert told["pusher weak"].statuses["insufficient"] == DRAWINGS - told["pusher weak"].status_kept


def test_what_has_one_balance_sheet_shares_a_place_and_moves_as_one() -> None:
    told = of(
        LIFTED, small(rule("group", "{finding: lift}", "{muscle: movers, state: weak, points: 4}"),
                      rule("other", "{finding: lift}", "{muscle: turner, state: weak, points: 3}")),
    )  # fmt: skip
    assert told.lines == told.first == 2
    found = lines(told)
    assert found["puller weak"].place == found["pusher weak"].place == 1
    assert replace(found["puller weak"], muscle="", name="") == replace(found["pusher weak"], muscle="", name="")
    assert found["turner weak"].place == 2


def test_equals_that_differ_share_their_places_and_neither_is_said_to_lose_its_own() -> None:
    told = of(
        LIFTED, small(rule("one", "{finding: lift}", "{muscle: puller, state: weak, points: 4}"),
                      rule("two", "{finding: lift}", "{muscle: pusher, state: weak, points: 4}")),
    )  # fmt: skip
    found = lines(told)
    assert found["puller weak"].place == found["pusher weak"].place == 1
    assert found["puller weak"].place_kept == found["pusher weak"].place_kept == DRAWINGS


def test_a_look_that_fired_does_not_come_and_go_with_the_weights() -> None:
    """Two looks stay two looks: what is moved down may be only possible, but never for want of a second look."""
    knowledge = small(rule("one", "{finding: lift}", "{muscle: puller, state: weak, points: 20}", grade="A", source="study"))
    told = lines(of({"findings": [{"name": "lift", "side": "left"}]}, knowledge))
    assert told["puller weak"].statuses == {"supported": 0, "possible": DRAWINGS, "contested": 0, "insufficient": 0}


def test_nothing_concluded_is_nothing_to_rank() -> None:
    told = of({"findings": []})
    assert (told.lines, told.first, told.same_first, told.hypotheses) == (0, 0, DRAWINGS, ())


# --- what is uncertain -----------------------------------------------------------------------------------------------------------------


def test_a_contested_axis_tells_both_sides_with_their_findings_and_sources() -> None:
    knowledge = small(
        rule("up", "{finding: lift}", "{muscle: puller, state: overactive, points: 4}", source="table"),
        rule("down", "{finding: dip}", "{muscle: puller, state: underactive, points: 3}", source="study"),
    )  # fmt: skip
    told = assess(LIFTED, knowledge, "native").uncertainty()
    (contest,) = told.contested
    assert (contest.muscle, contest.side, contest.axis) == ("puller", "left", "activity")
    assert [(s.state, s.sources) for s in contest.sides] == [("overactive", ("table",)), ("underactive", ("study",))]
    assert contest.sides[0].findings == ("lift:left",)
    assert set(contest.sides[1].findings) <= {"dip:left:walking", "dip:left:squat"}
    assert contest.sides[0].points == -contest.sides[1].points > 0


@given(cases(least=2))
def test_every_contested_pair_is_told_once(case: CaseDict) -> None:
    answer = assess(case, load_knowledge(), "native")
    told = [(c.muscle, c.side, s.state) for c in answer.uncertainty().contested for s in c.sides]
    assert sorted(told) == sorted((h.muscle, h.side, h.state) for h in answer.hypotheses if h.status == "contested")


@pytest.mark.parametrize("format", ["txt", "md", "html"])
@pytest.mark.parametrize("name", ["squatter", "healthy"])
def test_what_is_uncertain_prints_in_every_format(format: str, name: str) -> None:
    answer = assess(next(p for p in EXAMPLES if p.stem == name), load_knowledge(), "native")
    text = " ".join(answer.uncertainty().report(format).split())
    assert ("Nothing is concluded" in text) == (name == "healthy")
    assert ("of 100 drawings" in text) == (name == "squatter")


def test_the_worked_example_of_the_page_is_what_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    root = EXAMPLES[0].parent.parent
    page = (root / "docs" / "uncertainty.md").read_text(encoding="utf-8")
    code, printed = re.search(r"```python\n(.*?)```.*?```text\n(.*?)```", page, re.DOTALL).groups()  # type: ignore[union-attr]
    monkeypatch.chdir(root)
    exec(code, {})  # noqa: S102
    assert capsys.readouterr().out == printed
