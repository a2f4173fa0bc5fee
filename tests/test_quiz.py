"""A learner's calls, marked: what is supported is hit or missed, what the case does not bear is over-called, the rest is left open."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus import mirrored
from hypothesis import given
from strategies import CaseDict
from strategies import cases as drawn
from test_laws import mirrored_case, settled, swapped

from expert import assess, load_knowledge
from expert.cases import load_case
from expert.errors import CaseError, UsageError
from expert.packs import shipped_packs
from expert.questions.quiz import MOST_CALLS, Call, Quiz, quiz

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def of(case: object, *muscles: str, patterns: tuple[str, ...] = (), flagged: bool = False) -> Quiz:
    knowledge = load_knowledge()
    return quiz(assess(case, knowledge, "native").result, knowledge, muscles, patterns, flagged)  # type: ignore[arg-type]


def hip(*muscles: str, patterns: tuple[str, ...] = (), flagged: bool = False) -> Quiz:
    return of(shipped_packs()["motion"].sheets[0].case, *muscles, patterns=patterns, flagged=flagged)


def told(marked: Quiz, verdict: str, kind: str = "muscle") -> list[Call]:
    return [c for c in marked.calls if (c.verdict, c.kind) == (verdict, kind)]


def keys(marked: Quiz, verdict: str, kind: str = "muscle") -> set[str]:
    return {c.key for c in told(marked, verdict, kind)}


def test_the_right_side_is_a_hit_and_the_side_that_drops_is_over_called() -> None:
    marked = hip("gluteus medius:left:weak", "gluteus medius:right:weak")
    assert keys(marked, "hit") == {"gluteus-medius:left:weak"}
    assert keys(marked, "over") == {"gluteus-medius:right:weak"}
    (hit,), (over,) = told(marked, "hit"), told(marked, "over")
    assert hit.status == "supported"
    assert hit.because
    assert (over.status, over.because) == ("unmentioned", "")
    assert keys(marked, "missed") == {"gluteus-minimus:left:weak"}


def test_what_is_only_possible_may_be_named_or_left() -> None:
    named, left = hip("gluteus medius:left:underactive"), hip()
    assert keys(named, "open") == {"gluteus-medius:left:underactive"}
    assert not told(left, "open")
    assert next(s for s in named.scores if s.kind == "muscle") == (
        next(s for s in named.scores if s.kind == "muscle").__class__("muscle", 2, 0, 0, 1)
    )


def test_a_group_covers_its_members_and_stands_as_its_best_one() -> None:
    marked = hip("hip abductors:left:weak")
    (hit,) = told(marked, "hit")
    assert "Gluteus medius" in hit.members
    assert not told(marked, "missed")
    assert hit.name != "Gluteus medius"


def test_however_it_is_called_there_is_as_much_to_find() -> None:
    def scores(*lines: str) -> tuple[int, int]:
        score = next(s for s in hip(*lines).scores if s.kind == "muscle")
        return score.there, score.hit

    one, group, other = "gluteus medius:left:weak", "hip abductors:left:weak", "gluteals:left:weak"
    assert [scores(), scores(one), scores(group), scores(one, group, other)] == [(2, 0), (2, 1), (2, 2), (2, 2)]


def test_patterns_are_called_by_name_and_their_side_is_told() -> None:
    shoulder = shipped_packs()["motion"].sheets[2].case
    marked = of(shoulder, patterns=("shoulder elevation imbalance", "lower crossed"))
    assert keys(marked, "hit", "pattern") == {"pattern:shoulder-elevation-imbalance:right"}
    assert keys(marked, "over", "pattern") == {"pattern:lower-crossed"}
    assert keys(of(shoulder), "missed", "pattern") == {"pattern:shoulder-elevation-imbalance:right"}


@pytest.mark.parametrize(("flagged", "verdict"), [(True, "hit"), (False, "missed")])
def test_a_red_flag_is_hit_or_missed(flagged: bool, verdict: str) -> None:
    marked = of(load_case(EXAMPLES / "red-flag.yaml"), flagged=flagged)
    assert "flag:cauda-equina" in keys(marked, verdict, "flag")
    assert marked.calls[0].kind == "flag", "red flags come first"


def test_a_red_flag_where_none_is_raised_is_over_called() -> None:
    assert [c.status for c in told(hip(flagged=True), "over", "flag")] == ["none"]
    assert not told(hip(), "hit", "flag")


def test_what_a_flag_holds_back_may_be_named_and_need_not_be() -> None:
    marked = of(load_case(EXAMPLES / "red-flag.yaml"), "tibialis anterior:right:weak")
    assert [c.status for c in told(marked, "open")] == ["held"]
    assert "tibialis-anterior:right:weak" not in keys(of(load_case(EXAMPLES / "red-flag.yaml")), "missed")


def test_where_nothing_is_to_be_found_nothing_is_missed() -> None:
    marked = of(shipped_packs()["crossed"].sheets[2].case)
    assert [(s.there, s.over) for s in marked.scores] == [(0, 0)] * 3
    assert "Muscles: rightly none" in marked.report("txt")


def test_every_line_that_cannot_be_read_is_told() -> None:
    with pytest.raises(CaseError) as refused:
        hip("gluteus medus:left:weak", "gluteus medius:left:sad", "gluteus medius:left")
    messages = [f.message for f in refused.value.faults]
    assert len(messages) == 3
    assert any("did you mean 'Gluteus medius'?" in m for m in messages)
    with pytest.raises(UsageError, match="more than"):
        hip(*(["none"] * (MOST_CALLS + 1)))


def test_nothing_called_twice_counts_twice() -> None:
    marked = hip("gluteus medius:left:weak", "Gluteus medius:left:weak", "glute med:left:weak")
    assert len(told(marked, "hit")) == 1


def test_the_marking_prints_in_every_format() -> None:
    marked = hip("gluteus medius:left:weak", "gluteus medius:right:weak")
    for format in ("txt", "md", "html"):
        text = marked.report(format)
        assert "Over-called" in text or "OVER-CALLED" in text
        assert "no grade" in text
    assert "1 of 2 found, 1 over-called" in marked.report("txt")


@given(drawn())
def test_a_mirrored_case_marks_mirrored_calls_alike(case: CaseDict) -> None:
    lines = ("gluteus medius:left:weak", "upper trapezius:right:overactive", "iliacus:left:shortened")
    here = of(case, *lines, patterns=("lower-crossed",)).to_dict()
    there = of(mirrored_case(case), *mirrored(list(lines)), patterns=("lower-crossed",)).to_dict()
    assert settled(here) == settled(swapped(there))
