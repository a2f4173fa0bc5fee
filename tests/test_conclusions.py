"""Everything that was concluded, and how to ask about it: flags first, each once, and every question finds its answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from expert import assess
from expert.model import Knowledge
from expert.questions.conclusions import conclusions

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
CASES = sorted(EXAMPLES.glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_why_answers_for_every_conclusion_of_every_example(path: Path, knowledge: Knowledge) -> None:
    answer = assess(path, knowledge, "native")
    told = conclusions(answer.result, knowledge)
    assert len({c.about for c in told if c.kind != "prediction"}) == len([c for c in told if c.kind != "prediction"])
    for one in told:
        found = answer.why(one.about)
        proofs = {"flag": found.flags, "hypothesis": found.hypotheses, "pattern": found.patterns, "prediction": found.predictions}
        assert proofs[one.kind], one


def test_red_flags_come_first_and_the_gravest_of_them_at_the_top(knowledge: Knowledge) -> None:
    told = conclusions(assess(EXAMPLES / "red-flag.yaml", knowledge, "native").result, knowledge)
    assert (told[0].kind, told[0].level, told[0].status) == ("flag", "emergency", "raised")
    kinds = [one.kind for one in told]
    assert kinds == sorted(kinds, key=["flag", "hypothesis", "pattern", "prediction"].index)


def test_a_hypothesis_is_told_with_its_side_state_status_and_points(knowledge: Knowledge) -> None:
    answer = assess(EXAMPLES / "runner.yaml", knowledge, "native")
    one = next(c for c in conclusions(answer.result, knowledge) if c.kind == "hypothesis")
    best = answer.hypotheses[0]
    assert (one.about, one.name, one.side, one.state, one.status, one.points) == (
        best.about.key, best.name, best.side, best.state, best.status, best.points,
    )  # fmt: skip


def test_nothing_is_concluded_from_nothing(knowledge: Knowledge) -> None:
    assert conclusions(assess({"findings": []}, knowledge, "native").result, knowledge) == ()
