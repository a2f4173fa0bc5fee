"""Mechanics beside tables: what the rod says of a finding and what rules say of it, line by line."""

from __future__ import annotations

import pytest
from small import rule, rules, small_knowledge

from expert.mechanics import Compared, compared, unexplained
from expert.model import Knowledge

SLIDE = """\
findings:
- id: slide
  name: Slide
  side_means: the side that slides
  tasks: [walking, squat]
  deviation: [{direction: hip-flexion, driven_by: muscle, source: own-moment-arms}]
- {id: sag, name: Sag, sides: [midline], deviation: [{direction: lumbar-flexion, driven_by: gravity, source: own-moment-arms}]}
shares:
- {muscle: puller, direction: hip-flexion, share: 0.5}
- {muscle: pusher, direction: hip-extension, share: 0.5}
- {muscle: turner, direction: lumbar-flexion, share: 0.5}
"""


def table(*rules_told: str) -> Knowledge:
    return small_knowledge(SLIDE, rules(*rules_told) if rules_told else "rules: []\n")


def of(knowledge: Knowledge, finding: str = "slide") -> Compared:
    (one,) = [c for c in compared(knowledge) if c.finding.id == finding]
    return one


def verdicts(knowledge: Knowledge, finding: str = "slide") -> dict[tuple[str, str], str]:
    return {(line.muscle, line.side): line.verdict for line in of(knowledge, finding).lines}


def says(then: str, name: str = "r", when: str = "{finding: slide}", because: str = "") -> str:
    text = rule(name, when, then)
    return text.replace(f"because: of {name}", f"because: {because}") if because else text


@pytest.mark.parametrize(
    ("state", "verdict"),
    [("shortened", "agree"), ("overactive", "agree"), ("lengthened", "contradict"), ("underactive", "contradict"), ("weak", "contradict")],
)
def test_a_rule_agrees_with_the_rod_or_contradicts_it_by_the_default_reading_of_its_state(state: str, verdict: str) -> None:
    assert verdicts(table(says(f"{{muscle: puller, state: {state}, points: 2}}")))["puller", "same"] == verdict


def test_of_the_muscle_that_is_held_long_the_same_words_mean_the_opposite() -> None:
    assert verdicts(table(says("{muscle: pusher, state: weak, points: 2}")))["pusher", "same"] == "agree"
    assert verdicts(table(says("{muscle: pusher, state: overactive, points: 2}")))["pusher", "same"] == "contradict"


def test_where_no_rule_speaks_the_tables_are_silent() -> None:
    assert verdicts(table()) == {("puller", "same"): "tables silent", ("pusher", "same"): "tables silent"}


def test_of_a_muscle_or_a_side_that_the_position_does_not_load_the_rod_is_silent() -> None:
    told = verdicts(table(says("{muscle: turner, state: weak, points: 2}, {muscle: puller, side: opposite, state: weak, points: 2}")))
    assert (told["turner", "same"], told["puller", "opposite"]) == ("rod silent", "rod silent")


def test_tables_that_contradict_each_other_are_divided() -> None:
    both = table(
        says("{muscle: puller, state: overactive, points: 2}"), says("{muscle: puller, state: lengthened, points: 2}", name="other")
    )
    assert verdicts(both)["puller", "same"] == "divided"
    assert {line.muscle: line.rules for line in of(both).lines}["puller"] == ("other", "r")


@pytest.mark.parametrize(
    "told",
    [
        says("{muscle: puller, state: strong, points: 2}"),  # no reading as short or long
        says("{muscle: puller, state: weak, points: 2, against: true}"),
        says("{muscle: puller, state: weak, points: 2}", when="{all: [{finding: slide}, {finding: dip}]}"),
        says("{muscle: puller, state: weak, points: 2}", when="{finding: dip}"),
    ],
)
def test_only_what_a_rule_says_from_this_finding_alone_and_for_a_state_is_set_beside_the_rod(told: str) -> None:
    assert verdicts(table(told))["puller", "same"] == "tables silent"


def test_a_rule_of_some_tasks_speaks_of_the_finding_all_the_same() -> None:
    some = says("{muscle: puller, state: weak, points: 2}", when="{finding: slide, task: squat}")
    assert verdicts(table(some))["puller", "same"] == "contradict"


def test_both_sides_are_told_as_two_and_the_midline_as_one() -> None:
    both = "{muscle: puller, side: both, state: overactive, points: 2}"
    assert verdicts(table(says(both))) == {
        ("puller", "same"): "agree", ("puller", "opposite"): "rod silent", ("pusher", "same"): "tables silent",
    }  # fmt: skip
    sag = says("{muscle: turner, side: both, state: overactive, points: 2}", when="{finding: sag}")
    assert verdicts(table(sag), "sag") == {("turner", "both"): "agree"}


def test_a_finding_without_a_position_is_not_compared() -> None:
    assert {c.finding.id for c in compared(table())} == {"slide", "sag"}


def test_lines_are_counted_by_their_verdict() -> None:
    one = of(table(says("{muscle: puller, state: overactive, points: 2}")))
    assert [one.count(v) for v in ("agree", "contradict", "divided", "tables silent", "rod silent")] == [1, 0, 0, 1, 0]


def test_a_rule_that_contradicts_the_position_must_say_why() -> None:
    silent = table(says("{muscle: puller, state: lengthened, points: 2}"))
    (told,) = unexplained(compared(silent), silent)
    assert told.startswith("r: slide holds puller (same) short, the rule says long")
    explained = table(says("{muscle: puller, state: lengthened, points: 2}", because="Mechanically it is short but it tires"))
    assert list(unexplained(compared(explained), explained)) == []


def test_every_shipped_contradiction_is_explained_in_its_rule(knowledge: Knowledge) -> None:
    found = compared(knowledge)
    assert len(found) > 40
    assert sum(c.count("agree") for c in found) > sum(c.count("contradict") for c in found) > 0
    assert list(unexplained(found, knowledge)) == []
