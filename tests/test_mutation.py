"""The mutation of the rules, itself tried: a good set of cases kills every mutant, a poor one lets them live and they are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mutation
import pytest
from corpus import CorpusCase
from small import rule, rules, small_knowledge

from expert.model import Knowledge

WHEN = "{all: [{finding: dip, task: squat, severity: severe}, {none: [{finding: lift, side: opposite}]}]}"
RULE = rule("tried", WHEN, "{muscle: puller, side: opposite, state: weak, points: 4}")
PLAIN = rule("plain", "{finding: dip}", "{muscle: puller, state: weak, points: 2}")
INFERRED = rule("onward", "{hypothesis: {muscle: puller, state: weak}}", "{muscle: pusher, state: overactive, points: 1}")
PATTERN = "patterns: [{id: whole, name: Whole, core: [{finding: dip}, {finding: lift}], because: x, grade: D, sources: [table]}]\n"

Give = Callable[..., None]


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Give:
    """Make these the stored cases: (what it says of which rules, its findings as `name side task severity [no]`)."""

    def give(*told: tuple[dict[str, Any], list[str]], pain: float = 0) -> None:
        entries = tuple(
            CorpusCase("x", str(number), {"findings": [_finding(f, pain) for f in findings]}, expected, ("table",))
            for number, (expected, findings) in enumerate(told)
        )
        monkeypatch.setattr(mutation, "cases", lambda: entries)

    return give


def _finding(words: str, pain: float) -> dict[str, Any]:
    name, side, *rest = words.split()
    given: dict[str, Any] = {"name": name, "side": side, "present": "no" not in rest, "pain": pain}
    for word in rest:
        given |= {"task": word} if word in ("squat", "walking") else {"severity": word} if word in ("mild", "severe") else {}
    return given


SAYS = {"says": {"tried": ["puller left weak"]}}
SILENT = {"silent": ["tried"]}
GOOD = [
    (SAYS, ["dip right squat severe"]),
    (SILENT, ["dip right walking severe"]),
    (SILENT, ["dip right squat mild"]),
    (SILENT, ["dip right squat severe no"]),
    (SILENT, ["dip right squat severe", "lift left"]),
]


def lived(knowledge: Knowledge, *wanted: str) -> list[str]:
    found, _ = mutation.survivors(knowledge, frozenset(wanted))
    return [m.how for m in found]


# --- killed or not --------------------------------------------------------------------------------------------------------------


def test_cases_that_show_every_premise_and_every_side_kill_every_mutant(stored: Give) -> None:
    stored(*GOOD)
    found, count = mutation.survivors(small_knowledge(rules(RULE)), frozenset())
    assert [m.key for m in found] == []
    assert count["tried"] == count["killed"] > 6


@pytest.mark.parametrize(
    ("left_out", "survivor"),
    [
        (1, "variant 0: premise dip: task forgotten"),
        (2, "variant 0: premise dip: severity or certainty forgotten"),
        (4, "variant 0: 'none' lift dropped"),
    ],
)
def test_without_the_case_that_shows_a_premise_the_mutant_without_it_lives(left_out: int, survivor: str, stored: Give) -> None:
    stored(*(case for number, case in enumerate(GOOD) if number != left_out))
    assert lived(small_knowledge(rules(RULE))) == [survivor]


def test_without_any_case_every_mutant_lives_and_the_deleted_rule_first(stored: Give) -> None:
    stored()
    found, count = mutation.survivors(small_knowledge(rules(RULE)), frozenset())
    assert (found[0].key, len(found), count["killed"]) == ("tried: deleted", count["tried"], 0)


def test_a_case_of_silence_alone_does_not_notice_that_the_rule_is_gone(stored: Give) -> None:
    stored((SILENT, ["lift left"]))
    assert "deleted" in lived(small_knowledge(rules(RULE)))


def test_a_case_that_does_not_speak_of_the_rule_kills_none_of_its_mutants(stored: Give) -> None:
    stored(({"says": {"plain": ["puller right weak"]}}, ["dip right squat severe"]))
    told = lived(small_knowledge(rules(RULE, PLAIN)), "tried")
    assert "deleted" in told
    assert lived(small_knowledge(rules(RULE, PLAIN)), "plain") == []


def test_a_case_with_a_painful_test_is_left_out(stored: Give) -> None:
    stored(*GOOD, pain=3)
    assert mutation.looked_at(small_knowledge(rules(RULE))) == ()
    assert "deleted" in lived(small_knowledge(rules(RULE)))


def test_only_the_rules_that_were_asked_for_are_broken(stored: Give) -> None:
    stored()
    found, _ = mutation.survivors(small_knowledge(rules(RULE, PLAIN)), frozenset(["plain"]))
    assert {m.rule for m in found} == {"plain"}


def test_a_pattern_is_broken_and_killed_like_a_rule(stored: Give) -> None:
    stored(({"patterns": ["whole left"]}, ["dip left", "lift left"]))
    assert lived(small_knowledge(PATTERN), "whole") == ["needs 1 instead of 2"]
    stored(
        ({"patterns": ["whole left"]}, ["dip left", "lift left"]), ({"no_patterns": ["whole left"]}, ["dip left"]),
        ({"no_patterns": ["whole"]}, ["lift left"]),
    )  # fmt: skip
    assert lived(small_knowledge(PATTERN), "whole") == []


def test_a_rule_about_a_hypothesis_is_broken_in_the_state_it_asks_for(stored: Give) -> None:
    stored(({"says": {"onward": ["pusher left overactive"]}}, ["dip left"]))
    knowledge = small_knowledge(rules(PLAIN, INFERRED))
    changed = "variant 0: premise puller weak: state changed"
    assert changed in {m.how for m in broken(knowledge, "onward", "inferred")}
    assert changed not in lived(knowledge, "onward")
    stored(({"silent": ["onward"]}, ["lift left"]))
    assert changed in lived(knowledge, "onward")


def test_what_the_rod_says_by_itself_is_not_broken(stored: Give) -> None:
    stored()
    text = """\
findings:
- {id: slide, name: Slide, side_means: x, deviation: [{direction: hip-flexion, driven_by: muscle, source: own-moment-arms}]}
shares: [{muscle: puller, direction: hip-flexion, share: 0.5}]
"""
    knowledge = small_knowledge(text)
    assert "mechanics.slide" in knowledge.rulebase.rules
    assert lived(knowledge) == []


# --- every small way to break a rule --------------------------------------------------------------------------------------------


def broken(knowledge: Knowledge, name: str, stage: str = "direct") -> list[mutation.Mutant]:
    variants = tuple(v for v in knowledge.rulebase.programs[stage].variants if v.rule == name and not v.absent)
    return list(mutation.mutants(variants, knowledge.rulebase.rules[name], frozenset(["dip", "lift"])))


def ways(text: str, name: str) -> set[str]:
    return {m.how for m in broken(small_knowledge(rules(text)), name)}


def test_a_rule_is_deleted_its_premises_turned_flipped_and_forgotten_and_its_conclusions_turned() -> None:
    assert ways(RULE, "tried") == {
        "deleted", "variant 0: premise dip flipped", "variant 0: premise dip: side turned", "variant 0: premise dip: task forgotten",
        "variant 0: premise dip: severity or certainty forgotten", "variant 0: 'none' lift dropped",
        "puller opposite weak: state changed", "puller opposite weak: side turned",
    }  # fmt: skip


def test_of_several_premises_each_is_dropped_and_a_single_one_is_not() -> None:
    both = rule("both", "{all: [{finding: dip}, {finding: lift}]}", "{muscle: puller, side: both, state: weak, points: 2}")
    assert {"variant 0: premise dip  dropped", "variant 0: premise lift  dropped"} <= ways(both, "both")
    assert not [how for how in ways(PLAIN, "plain") if "dropped" in how]


def test_what_is_concluded_of_both_sides_has_no_side_to_turn() -> None:
    both = rule("both", "{finding: dip}", "{muscle: puller, side: both, state: weak, points: 2}")
    assert "puller both weak: state changed" in ways(both, "both")
    assert not [how for how in ways(both, "both") if how.startswith("puller") and "side turned" in how]


def test_each_mutant_differs_from_the_rule_in_one_thing_only() -> None:
    knowledge = small_knowledge(rules(RULE))
    variants = tuple(v for v in knowledge.rulebase.programs["direct"].variants if not v.absent)
    compiled = knowledge.rulebase.rules["tried"]
    for mutant in broken(knowledge, "tried"):
        changed = (mutant.variants != variants, _states(mutant.targets) != _states(compiled.targets))
        assert changed in ((True, False), (False, True)) or mutant.how == "deleted", mutant.key


def _states(targets: Any) -> list[tuple[str, str, str]]:
    return sorted((t.muscle, t.side, t.state) for t in targets)


def test_what_has_no_side_is_not_turned() -> None:
    midline = rule("bowing", "{finding: bow}", "{muscle: puller, side: both, state: weak, points: 2}")
    assert ways(midline, "bowing") == {"deleted", "variant 0: premise bow flipped", "puller both weak: state changed"}


def test_a_rule_that_reads_absence_is_not_kept_up_by_a_case_in_which_it_is_absent(stored: Give) -> None:
    stored(({"silent": ["plain"]}, ["dip left no"]))
    assert "deleted" in lived(small_knowledge(rules(PLAIN)))  # it says nothing there, and neither does what was deleted


# --- the command ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Callable[..., int]:
    """Run the command over a small rule base, with these reasons for survivors."""

    def run(*names: str, reasons: str = "{}", text: str = RULE) -> int:
        file = tmp_path / "survivors.yaml"
        file.write_text(reasons, encoding="utf-8")
        monkeypatch.setattr(mutation, "SURVIVORS", file)
        monkeypatch.setattr(mutation, "load_knowledge", lambda: small_knowledge(rules(text)))
        return mutation.main(list(names))

    return run


def test_the_command_passes_where_all_are_killed_and_prints_the_figure(
    over: Callable[..., int], stored: Give, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(*GOOD)
    assert over() == 0
    assert capsys.readouterr().out == "8 of 8 mutants killed (100.0 %)\n"


def test_a_survivor_without_a_reason_fails_and_is_named(over: Callable[..., int], stored: Give, capsys: pytest.CaptureFixture[str]) -> None:
    stored(*GOOD[:-1])
    assert over() == 1
    assert "survives: tried: variant 0: 'none' lift dropped\n" in capsys.readouterr().out


def test_too_few_killed_fail_even_with_reasons(over: Callable[..., int], stored: Give) -> None:
    stored(*GOOD[:-1])
    assert over(reasons="{\"tried: variant 0: 'none' lift dropped\": nobody looks}") == 1  # 7 of 8 is below 95 %


def test_a_reason_for_what_no_longer_survives_is_to_be_taken_out(
    over: Callable[..., int], stored: Give, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(*GOOD)
    assert over(reasons='{"tried: deleted": never}') == 1
    assert "'tried: deleted' does not survive any more" in capsys.readouterr().out
    assert over("tried", reasons='{"tried: deleted": never}') == 0  # one rule by itself is no audit of the list
