"""Drivers: the fewest problems that account for what was found. What counts as explaining, which sets are smallest, what cannot be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from command import run_here
from corpus import cases as stored
from hypothesis import given, settings
from hypothesis import strategies as st
from small import rule, rules, small_knowledge
from strategies import CaseDict, cases
from test_laws import mirrored_case, settled, swapped

from expert import Assessment, assess, drivers, load_case, load_knowledge
from expert.contract import state_key
from expert.model import MIRROR, Account, Covering, Driver, DriverSet, Knowledge, State
from expert.questions import Drivers

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PAGE = (EXAMPLES.parent / "docs" / "drivers.md").read_text(encoding="utf-8")


def run(case: Any, knowledge: Knowledge | None = None) -> Assessment:
    return assess(case, knowledge or load_knowledge(), "native")


def covering(*seen: tuple[str, str] | tuple[str, str, str] | str, knowledge: Knowledge | None = None, **more: Any) -> Covering:
    """The drivers of a case that states findings: `dip`, (`dip`, left), (`dip`, left, squat)."""
    entries = [{"name": one} if isinstance(one, str) else dict(zip(("name", "side", "task"), one, strict=False)) for one in seen]
    absent = [dict(zip(("name", "side", "task"), one, strict=False), present=False) for one in more.pop("absent", ())]
    return run({"findings": [*entries, *absent], **more}, knowledge).result.drivers


def named(one: DriverSet) -> set[str]:
    return {state_key(d.about) for d in one.drivers}


def example(name: str) -> Assessment:
    return run(load_case(EXAMPLES / f"{name}.yaml"))


# --- the smallest sets, by hand ----------------------------------------------------------------------------------------------------


def candidate(name: str, explains: str, universe: str = "abcdef", *, standing: str = "seen", own: int = 100, strength: int = 500) -> Driver:
    """A candidate that explains the items named by single letters."""
    accounts = tuple(Account(item, strength, "rests", ()) for item in sorted(explains))
    leaves = tuple(item for item in universe if item not in explains)
    about = State("muscle", name, "weak", "left")
    return Driver(about, standing, own, own + strength * len(explains), (), accounts, leaves, None)


def sets(*candidates: Driver, universe: str = "abcdef") -> list[set[str]]:
    shown, more, complete = drivers.smallest_sets(candidates, universe)
    assert complete
    assert not more
    return [{d.about.id for d in s.drivers} for s in shown]


def test_one_that_explains_all_is_the_smallest_set() -> None:
    assert sets(candidate("x", "abc"), candidate("y", "ab"), candidate("z", "c")) == [{"x"}]


def test_sets_of_one_size_are_all_shown_the_better_supported_first() -> None:
    found = sets(candidate("x", "ab"), candidate("y", "cd"), candidate("v", "ac", own=300), candidate("w", "bd"), universe="abcd")
    assert found == [{"v", "w"}, {"x", "y"}]


def test_what_overlaps_is_covered_once() -> None:
    assert sets(candidate("x", "abc"), candidate("y", "cde"), candidate("z", "bcd"), universe="abcde") == [{"x", "y"}]


def test_what_only_one_explains_must_be_in_every_set() -> None:
    found = sets(candidate("x", "ab"), candidate("y", "bc"), candidate("z", "cd"), candidate("only", "e"), universe="abcde")
    assert found == [{"x", "z", "only"}]


def test_what_nothing_explains_is_left() -> None:
    (shown,), _, _ = drivers.smallest_sets([candidate("x", "ab")], "abz")
    assert (shown.explains, shown.leaves) == (("a", "b"), ("z",))


def test_no_candidate_gives_no_set() -> None:
    assert drivers.smallest_sets([], "ab") == ((), 0, True)


def test_what_nothing_speaks_for_yet_comes_in_only_where_nothing_else_explains() -> None:
    guess = candidate("guess", "abc", standing="unseen", own=0)
    assert sets(candidate("x", "a"), candidate("y", "b"), guess, universe="abc") == [{"x", "y", "guess"}]
    assert sets(candidate("x", "a"), candidate("y", "bc"), guess, universe="abc") == [{"x", "y"}]


def test_what_could_stand_in_a_place_leaves_nothing_more() -> None:
    told = [candidate("x", "abc"), candidate("same", "abc", own=0), candidate("y", "cd"), candidate("part", "d"), candidate("less", "ab")]
    (shown,), _, _ = drivers.smallest_sets(told, "abcd")
    instead = {d.about.id: [o.about.id for o in found] for d, found in zip(shown.drivers, shown.instead, strict=True)}
    assert instead == {"x": ["same", "less"], "y": ["part"]}


def test_only_so_many_are_told_and_the_rest_is_counted() -> None:
    alike = [candidate(f"m{n}", "ab", own=100 - n) for n in range(drivers.INSTEAD + 4)]
    (shown,), _, _ = drivers.smallest_sets(alike, "ab")
    assert (len(shown.instead[0]), shown.others) == (drivers.INSTEAD, (3,))
    pairs = "ab", "bc", "cd", "de", "ef", "fa", "ac", "bd", "ce", "df", "ea", "fb", "ad", "be", "cf"  # every set is three of these
    told, more, complete = drivers.smallest_sets([candidate(p, p, own=n) for n, p in enumerate(pairs)], "abcdef")
    assert (len(told), more, complete) == (drivers.SETS, 15 - drivers.SETS, True)
    assert [s.support for s in told] == sorted((s.support for s in told), reverse=True)


def test_a_search_that_goes_too_far_settles_for_a_cover_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "STEPS", 3)
    told = [candidate(p, p) for p in ("abc", "bcd", "cde", "def", "efa", "fab")]
    (shown, *_), _, complete = drivers.smallest_sets(told, "abcdef")
    assert not complete
    assert shown.leaves == ()


items_of = st.sets(st.sampled_from("abcdef"), min_size=1, max_size=4)


@given(st.lists(st.tuples(items_of, st.sampled_from(["seen", "possible", "unseen"])), min_size=1, max_size=7))
def test_no_smaller_set_of_the_same_candidates_covers_as_much_and_no_tie_is_missed(drawn: list[tuple[set[str], str]]) -> None:
    told = [candidate(f"m{n}", "".join(items), standing=standing) for n, (items, standing) in enumerate(drawn)]
    shown, more, complete = drivers.smallest_sets(told, "abcdef")
    assert complete
    everything = explained_by(told)
    spoken = explained_by(d for d in told if d.standing != "unseen")

    def covers(chosen: Iterable[Driver]) -> bool:
        """Whether they explain everything, those for which nothing speaks only what nothing else explains."""
        firm = explained_by(d for d in chosen if d.standing != "unseen")
        return firm == spoken and firm | (explained_by(chosen) - spoken) == everything

    least = next(size for size in range(1, len(told) + 1) if any(covers(c) for c in combinations(told, size)))
    firm = {worth(d, spoken): any(o.standing == "seen" for o in told if worth(o, spoken) == worth(d, spoken)) for d in told}
    whole = [d for d in told if not any(worth(d, spoken) < o and f >= firm[worth(d, spoken)] for o, f in firm.items())]
    ties = {frozenset(worth(d, spoken) for d in c) for c in combinations(whole, least) if covers(c)}
    most_firm = max(sum(d.standing == "seen" for d in c) for c in combinations(told, least) if covers(c))
    assert sum(d.standing == "seen" for d in shown[0].drivers) == most_firm
    assert len(shown) + more == len(ties)
    for one in shown:
        assert {*one.explains} == explained_by(one.drivers) == everything
        assert {*one.leaves} == {*"abcdef"} - everything
        assert len(one.drivers) == least
        assert covers(one.drivers)
        assert frozenset(worth(d, spoken) for d in one.drivers) in ties
        for d, others in zip(one.drivers, one.instead, strict=True):
            assert all(covers([o, *(other for other in one.drivers if other is not d)]) for o in others)


def explained_by(chosen: Iterable[Driver]) -> set[str]:
    return {item for d in chosen for item in d.items_explained}


def worth(d: Driver, spoken: set[str]) -> frozenset[str]:
    """What a candidate counts for."""
    return frozenset(d.items_explained - spoken if d.standing == "unseen" else d.items_explained)


# --- what counts as explaining, on a small body ------------------------------------------------------------------------------------

BODY = """\
findings:
- {id: stiff, name: Stiff, side_means: the stiff side, method: range-test}
- {id: tilt, name: Tilt, side_means: the side that tilts, tasks: [walking, squat]}
- {id: sink, name: Sink, side_means: the side that sinks}
- {id: odd, name: Odd, side_means: the side}
- {id: puller-weak, name: Puller weak, side_means: the tested side, method: strength-test}
- {id: fine, name: Fine, sides: [midline]}
symptoms:
- {id: ache, name: Ache, side_means: where it aches, pain: true}
history:
- {id: sits, name: Sits, sides: [midline]}
nodes:
- {id: joint-stiff, kind: restriction, name: This joint is stiff, seen_as: [{finding: stiff}]}
- {id: tilts, kind: joint, name: This side tilts, seen_as: [{finding: tilt, task: [walking]}]}
- {id: sinks, kind: joint, name: This side sinks, seen_as: [{finding: sink}]}
- {id: leg-long, kind: joint, name: This leg is long, may_start: true, seen_as: [{finding: odd, side: opposite}]}
- {id: aches, kind: pain, name: This place aches, seen_as: [{finding: ache}]}
- {id: sitting, kind: habit, name: Sitting, sided: false, seen_as: [{finding: sits}]}
link_kinds:
- {id: joint-coupling, name: Coupling, allowed: [[present, present]], caution: none}
- {id: muscle-joint, name: Pull, allowed: [[weak, present], [present, weak]], caution: none}
links:
- {id: stiff-tilts, kind: joint-coupling, from: {node: joint-stiff}, to: {node: tilts}, map: {present: present}, strength: 0.5,
   mechanism: A stiff joint tilts., grade: D, sources: [table]}
- {id: tilts-sinks, kind: joint-coupling, from: {node: tilts}, to: {node: sinks, side: opposite}, map: {present: present}, strength: 0.5,
   mechanism: A tilt sinks the other side., grade: D, sources: [table]}
- {id: weak-sinks, kind: muscle-joint, from: {muscle: puller}, to: {node: sinks, side: opposite}, map: {weak: present}, strength: 0.8,
   mechanism: A weak puller lets the other side sink., grade: D, sources: [table]}
- {id: long-tilts, kind: joint-coupling, from: {node: leg-long}, to: {node: tilts}, map: {present: present}, strength: 0.1,
   mechanism: A long leg tilts., grade: D, sources: [table]}
"""
RULES = rules(
    rule("tilt-puller", "{finding: tilt}", "{muscle: puller, side: same, state: weak, points: 2}"),
    rule("weak-puller", "{finding: puller-weak}", "{muscle: puller, side: same, state: weak, points: 3}"),
    rule("fine-pusher", "{finding: fine}", "{muscle: pusher, side: both, state: weak, points: 3, against: true}"),
)
CAUSES = """\
causes:
- {id: nerve-of-sink, title: A nerve, kind: nerve, when: {finding: sink}, because: a nerve, grade: C, sources: [table]}
- {id: after-sitting, title: After sitting, kind: habit, when: {all: [{finding: sink}, {history: sits}]}, because: it sat, grade: C,
   sources: [table]}
"""


@pytest.fixture(scope="module")
def body() -> Knowledge:
    return small_knowledge(BODY, RULES, CAUSES)


def test_a_candidate_explains_what_it_shows_and_what_its_links_lead_to(body: Knowledge) -> None:
    told = covering(("stiff", "left"), ("tilt", "left", "walking"), ("sink", "right"), knowledge=body)
    (one,) = told.sets
    (stiff,) = one.drivers
    assert (state_key(stiff.about), stiff.standing) == ("joint-stiff:left", "seen")
    assert {a.item: (a.how, a.strength, [s.link for s in a.path]) for a in stiff.explains} == {
        "stiff:left": ("seen", 1000, []),
        "tilt:left:walking": ("walk", 500, ["stiff-tilts"]),
        "sink:right": ("walk", 250, ["stiff-tilts", "tilts-sinks"]),
    }
    assert one.leaves == stiff.leaves == told.unexplained == ()


def test_a_walk_ends_only_where_a_finding_shows_it_in_its_task(body: Knowledge) -> None:
    told = covering(("stiff", "left"), ("tilt", "left", "squat"), knowledge=body)
    everything = [d for s in told.sets for d in s.drivers] + list(told.candidates)
    assert all(a.item != "tilt:left:squat" for d in everything if d.about.id == "joint-stiff" for a in d.explains)


def test_a_joint_position_is_no_first_problem_unless_the_knowledge_says_so(body: Knowledge) -> None:
    told = covering(("stiff", "right"), ("tilt", "left", "walking"), ("odd", "right"), knowledge=body)
    everything = {d.about.id for s in told.sets for d in s.drivers} | {d.about.id for d in told.candidates}
    assert "leg-long" in everything
    assert not everything & {"tilts", "sinks"}


def test_a_walk_that_grows_too_weak_explains_nothing(body: Knowledge) -> None:
    told = covering(("odd", "right"), ("tilt", "left", "walking"), ("sink", "right"), knowledge=body)
    everything = [d for s in told.sets for d in s.drivers] + list(told.candidates)
    (leg,) = [d for d in everything if d.about.id == "leg-long"]
    assert leg.items_explained == {"odd:right", "tilt:left:walking"}  # the sinking lies 0.1 x 0.5 away


def test_a_hypothesis_explains_what_it_rests_on(body: Knowledge) -> None:
    told = covering(("puller-weak", "left"), ("sink", "right"), knowledge=body)
    (puller,) = told.sets[0].drivers
    assert {a.item: a.how for a in puller.explains} == {"puller-weak:left": "rests", "sink:right": "walk"}
    assert puller.standing in ("supported", "possible")


def test_what_was_looked_for_and_is_not_there_is_struck_out_and_nothing_leads_through_it(body: Knowledge) -> None:
    told = covering(("stiff", "left"), ("sink", "right"), absent=[("tilt", "left", "walking")], knowledge=body)
    (one,) = told.sets
    assert {"joint-stiff:left"} < named(one)
    assert "sink:right" not in explained(one, "joint-stiff")  # it would lead there by the tilt alone
    clear = covering(("tilt", "left", "walking"), ("sink", "right"), absent=[("stiff", "left")], knowledge=body)
    (struck,) = [s for s in clear.struck_out if s.about.id == "joint-stiff"]
    assert (struck.because, struck.items, struck.about.side) == ("absent", ("stiff:left",), "left")
    assert struck.explains == ("sink:right", "tilt:left:walking")


def explained(one: DriverSet, name: str) -> set[str]:
    return {i for d in one.drivers if d.about.id == name for i in d.items_explained}


def test_a_muscle_state_whose_own_test_is_clear_is_struck_out(body: Knowledge) -> None:
    told = covering(("tilt", "left", "walking"), ("sink", "right"), absent=[("puller-weak", "left")], knowledge=body)
    assert [s.because for s in told.struck_out if state_key(s.about) == "puller:left:weak"] in (["absent"], ["contradicted"])
    assert not any(d.about.id == "puller" and d.about.side == "left" for s in told.sets for d in s.drivers)


def test_what_no_candidate_leads_to_fits_nothing(body: Knowledge) -> None:
    told = covering(("stiff", "left"), ("tilt", "left", "walking"), "bow", knowledge=body)
    assert told.unexplained == told.sets[0].leaves == ("bow",)


def test_what_only_speaks_against_something_asks_for_no_explanation(body: Knowledge) -> None:
    told = covering(("stiff", "left"), ("tilt", "left", "walking"), "fine", knowledge=body)
    assert [(a.item, a.because) for a in told.set_aside] == [("fine", "reassures")]
    assert "fine" not in told.to_explain


def test_one_sign_alone_joins_nothing(body: Knowledge) -> None:
    assert covering(("stiff", "left"), knowledge=body).nothing == "one"
    assert covering(("stiff", "left"), ("stiff", "right"), knowledge=body).nothing == "one"
    assert covering(knowledge=body).nothing == "none"


def test_an_explanation_that_history_speaks_for_stands_as_stated_and_one_that_nothing_does_as_unseen(body: Knowledge) -> None:
    told = covering(("sink", "right"), ("stiff", "left"), knowledge=body, history=["sits"])
    found = {d.about.id: d for d in (*(d for s in told.sets for d in s.drivers), *told.candidates)}
    assert (found["after-sitting"].standing, found["nerve-of-sink"].standing) == ("stated", "unseen")
    assert found["after-sitting"].items == ("sink:right", "sits")


def test_a_candidate_that_was_not_looked_at_names_the_finding_that_would_show_it(body: Knowledge) -> None:
    told = covering(("tilt", "left", "walking"), ("sink", "right"), knowledge=body)
    (stiff,) = [d for d in told.candidates if d.about.id == "joint-stiff"]
    assert stiff.standing == "unseen"
    assert stiff.check is not None
    assert (stiff.check.finding, stiff.check.side) == ("stiff", "left")
    (puller,) = told.sets[0].drivers
    assert puller.check is not None
    assert puller.check.finding == "puller-weak"


def test_left_and_right_that_explain_the_same_are_one_candidate_on_both_sides(body: Knowledge) -> None:
    both = [(name, side, *task) for name, task in (("stiff", ()), ("tilt", ("walking",))) for side in MIRROR]
    told = covering(*both, knowledge=body)
    (one,) = told.sets
    assert named(one) == {"joint-stiff:both"}
    assert one.leaves == ()


def test_a_candidate_on_both_sides_is_told_on_one_where_the_other_is_not_needed() -> None:
    told = example("squatter").result.drivers
    assert named(told.sets[0]) == {"ankle-dorsiflexion-limited:left", "tensor-fasciae-latae:right:overactive"}


def test_a_driver_says_of_what_it_may_be_an_effect() -> None:
    (ankle,) = example("ankle-runner").result.drivers.sets[0].drivers
    assert "soleus:left:shortened" in [state_key(s) for s in ankle.follows]


# --- the examples ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ankle-runner", "runner"])
def test_a_stiff_left_ankle_accounts_for_the_runner_and_the_hip_is_the_rival(name: str) -> None:
    told = example(name).drivers()
    (one,) = told.sets
    (ankle,) = one.drivers
    assert (ankle.place.id, ankle.place.side, ankle.standing, ankle.leaves) == ("ankle-dorsiflexion-limited", "left", "seen", ())
    rival = told.rivals[0]
    assert [(c.place.id, c.place.side, c.place.state) for c in rival.candidates] == [("gluteus-medius", "left", "underactive")]
    assert "dorsiflexion-limited:left" in {t.key for t in rival.leaves}


def test_in_the_measured_runner_the_weak_hip_is_struck_out() -> None:
    struck = {p.key: s.because for s in example("ankle-runner").drivers().struck_out for p in s.places}
    assert struck["gluteus-medius:left:weak"] == struck["gluteus-minimus:left:weak"] == "contradicted"


def test_the_right_ankle_that_bends_well_does_not_explain_the_right_knee() -> None:
    told = example("squatter").drivers()
    (struck,) = [s for s in told.struck_out if s.places[0].key == "ankle-dorsiflexion-limited:right"]
    assert struck.because == "absent"
    assert "knee-valgus:right:squat" in {t.key for t in struck.explains}


def test_before_a_grave_red_flag_nothing_else_is_accounted_for() -> None:
    answer = example("red-flag").drivers()
    assert (answer.nothing, answer.sets, answer.rivals, answer.to_check) == ("flag", (), (), ())
    assert [f.level for f in answer.flags] == ["emergency", "urgent"]
    for format in ("txt", "md", "html"):
        assert "cauda equina" in answer.report(format)


@pytest.mark.parametrize("name", ["healthy"])
def test_a_healthy_person_has_no_drivers(name: str) -> None:
    answer = example(name)
    assert answer.to_dict()["drivers"] == answer.to_dict()["driver_sets"] == []
    assert answer.drivers().nothing == "mild"


@pytest.mark.parametrize("case", [c for c in stored() if c.file.startswith("healthy")], ids=lambda c: c.name)
def test_no_muscle_drives_where_nothing_is_wrong_or_no_muscle_does_it(case: Any) -> None:
    chosen = [d for s in run(case.case).result.drivers.sets for d in s.drivers]
    assert not [state_key(d.about) for d in chosen if d.about.kind == "muscle" and d.standing != "supported"]


def test_pregnancy_and_a_longer_leg_come_before_muscles() -> None:
    tilt = {"findings": [{"name": "anterior pelvic tilt", "task": "standing"}, {"name": "lordosis", "task": "standing"}]}
    (one,) = run({**tilt, "patient": {"sex": "female", "age": 31, "pregnancy": True}}).result.drivers.sets
    assert named(one) == {"anterior-tilt-pregnancy"}
    assert named(run(tilt).result.drivers.sets[0]) != {"anterior-tilt-pregnancy"}
    crest = [{"name": "high iliac crest", "side": "right", "task": "standing"}, {"name": "leg length difference", "side": "left"}]
    (one,) = run({"findings": [*crest, {"name": "foot pronation", "side": "right", "task": "standing"}]}).result.drivers.sets
    assert named(one) == {"leg-length-longer:right"}


SLUMP = ("slump test positive", "left")
TIGHT = ("hamstrings short", "left")
TILT = {"name": "anterior pelvic tilt", "task": "standing"}


def driving(*findings: Any, **more: Any) -> Covering:
    """The drivers of a case, its findings given as (name, side) or as a mapping."""
    entries = [f if isinstance(f, dict) else dict(zip(("name", "side", "task"), f, strict=False)) for f in findings]
    return run({"findings": entries, **more}).result.drivers


def test_a_positive_nerve_test_asks_for_the_nerve_which_leads_and_explains_the_tight_hamstrings() -> None:
    told = driving(SLUMP, TIGHT, TILT)
    assert not told.set_aside
    first = told.sets[0].drivers[0]
    assert (state_key(first.about), first.standing) == ("leg-nerve-tense:left", "seen")
    assert first.items_explained == {"leg-neural-test-positive:left", "hamstrings-short:left"}
    assert driving(TIGHT, TILT).sets[0].drivers[0].about.id != "leg-nerve-tense"


def test_a_disputed_rule_and_one_that_the_position_speaks_against_carry_no_explanation() -> None:
    for told in (driving(SLUMP, TIGHT, TILT), driving(TIGHT, TILT)):
        short = [d for d in told_drivers(told) if (d.about.id, d.about.state) == ("semitendinosus", "shortened")]
        assert all("anterior-pelvic-tilt:standing" not in d.items_explained for d in short)
    assert short  # without the nerve they are still candidates, for the test that is theirs


@pytest.mark.parametrize("grade", ["C", "D"])
def test_of_two_rules_that_dispute_each_other_the_better_graded_carries_and_of_equal_ones_neither(grade: str) -> None:
    told = rule("tilt-puller", "{finding: tilt}", "{muscle: puller, side: same, state: weak, points: 3}")
    against = "{muscle: puller, side: same, state: weak, points: 1, against: true}"
    other = rule("sink-puller", "{finding: sink}", against, grade=grade, more="disputes: [tilt-puller]")
    covered = covering(("tilt", "left", "squat"), ("sink", "left"), knowledge=small_knowledge(BODY, rules(told, other), CAUSES))
    carried = {a.item for d in told_drivers(covered) if d.about.id == "puller" and d.about.side == "left" for a in d.explains}
    assert ("tilt:left:squat" in carried) is (grade == "D")


def test_pregnancy_comes_before_a_chain_of_muscles_that_nothing_shows() -> None:
    patient = {"age": 31, "sex": "female", "pregnancy": True}
    found = TILT, ("hip drop", "left", "walking"), ("hip abduction weak", "right")
    told = driving(*found, patient=patient, symptoms=["low back pain"])
    assert named(told.sets[0]) == {"anterior-tilt-pregnancy", "gluteus-medius:right:weak", "low-back-hurts"}
    (weak,) = [d for d in told.sets[0].drivers if d.about.id == "gluteus-medius"]
    assert "anterior-pelvic-tilt:standing" not in weak.items_explained
    plain = driving(*found, symptoms=["low back pain"])
    (weak,) = [d for d in plain.sets[0].drivers if d.about.id == "gluteus-medius"]
    assert "anterior-pelvic-tilt:standing" in weak.items_explained


def test_of_sets_as_small_the_one_with_more_that_is_seen_or_stated_comes_first() -> None:
    chain = candidate("chain", "bc", standing="possible", own=900)
    found = sets(candidate("x", "ab"), chain, candidate("stated", "c", own=0), universe="abc")
    assert found == [{"x", "stated"}, {"x", "chain"}]


def test_one_test_of_one_muscle_group_gives_one_driver() -> None:
    told = driving(("quadriceps weak", "left"), ("ankle dorsiflexion limited", "left"), ("knees cave in", "left", "squat"))
    abouts = {d.about for d in told_drivers(told)}
    assert State("group", "quadriceps", "weak", "left") in abouts
    assert not [a for a in abouts if a.id in load_knowledge().kb.groups["quadriceps"].members and a.state == "weak"]
    both = driving(*((name, side) for name in ("quadriceps weak", "ankle dorsiflexion limited") for side in MIRROR))
    assert "quadriceps:both:weak" in {state_key(d.about) for d in both.sets[0].drivers}
    case = {"findings": [{"name": "quadriceps weak", "side": "left"}, {"name": "ankle dorsiflexion limited", "side": "left"}]}
    assert "Quadriceps femoris, left, weak" in str(run(case).drivers())


def test_what_was_looked_at_is_not_to_be_checked_again_on_that_side() -> None:
    found = [{"name": "pelvic-belt-eases-leg-raise", "side": "left"}, {"name": "hip-flexion-weak", "side": "bilateral"}]
    case: CaseDict = {"patient": {}, "findings": found}
    for one in (case, mirrored_case(case)):
        answer = run(one).drivers()
        looks = [c.check for group in (*answer.rivals, *answer.to_check) for c in group.candidates if c.check]
        assert not [look for look in looks if look.finding == "hip-flexion-weak"]
    left = run({"findings": [*found[:1], {"name": "hip-flexion-weak", "side": "left"}, {"name": "hip drop", "side": "left"}]})
    assert all(d.check.side == "right" for d in told_drivers(left.result.drivers) if d.check and d.check.finding == "hip-flexion-weak")


# --- laws over generated cases -------------------------------------------------------------------------------------------------------


def told_drivers(told: Covering) -> list[Driver]:
    return [*(d for s in told.sets for d in s.drivers), *(d for s in told.sets for found in s.instead for d in found), *told.candidates]


@given(cases(least=2, most=8))
@settings(max_examples=40)
def test_every_explanation_ends_in_items_of_the_case_by_links_of_the_knowledge(case: CaseDict) -> None:
    answer = run(case)
    kb, told = answer.knowledge.kb, answer.result.drivers
    stated = {i.key: i for i in answer.result.stated.items}
    assert {*told.to_explain} <= {k for k, i in stated.items() if i.present and i.kind != "history"}
    for d in told_drivers(told):
        assert d.explains
        assert {*d.items} <= {*stated}
        assert d.items_explained | {*d.leaves} == {*told.to_explain}
        assert not d.items_explained & {*d.leaves}
        assert d.support == d.own + sum(a.strength for a in d.explains)
        for a in d.explains:
            assert a.item in told.to_explain
            assert bool(a.path) == (a.how == "walk")
            assert len(a.path) <= kb.constants.spread.links
            for before, step in pairwise([d.about, *(s.to for s in a.path)]):
                assert before[:3] != step[:3] or before.side != step.side
            assert all(s.link in kb.links or s.link in kb.derived for s in a.path)
            for before, s in zip([d.about, *(s.to for s in a.path)], a.path, strict=False):
                link = kb.link(s.link)
                begins = kb.members(link.start.muscle) if link.start.muscle else (link.start.node,)
                assert before.id in begins
                assert before.state in link.map
                assert link.map[before.state] == s.to.state


@given(cases(least=2, most=8))
@settings(max_examples=40)
def test_a_set_covers_what_it_says_and_leaves_the_rest(case: CaseDict) -> None:
    told = run(case).result.drivers
    for one in told.sets:
        covered = {i for d in one.drivers for i in d.items_explained}
        assert {*one.explains} == covered
        assert {*one.leaves} == {*told.to_explain} - covered
        assert {*told.unexplained} == {*one.leaves}  # what any candidate explains, every set explains
        firm = [d for d in one.drivers if d.standing != "unseen"]
        for d in firm:  # none of them could be left out
            assert explained_by(o for o in firm if o is not d) != explained_by(firm)


@given(cases(least=2, most=8))
@settings(max_examples=40)
def test_what_was_refuted_never_drives_and_nothing_leads_through_it(case: CaseDict) -> None:
    answer = run(case)
    told = answer.result.drivers
    out = {s.about for s in told.struck_out} | {State("muscle", h.muscle, h.state, h.side) for h in answer.result.contradicted}
    for d in told_drivers(told):
        assert d.about not in out
        assert not {s.to for a in d.explains for s in a.path} & out
    held = {(h.muscle, h.side, h.state) for h in answer.hypotheses if h.held}
    assert not held & {(d.about.id, d.about.side, d.about.state) for d in told_drivers(told)}


@given(cases(least=2, most=8))
@settings(max_examples=40)
def test_a_mirrored_case_has_the_mirrored_drivers(case: CaseDict) -> None:
    plain, twin = ({**run(c).drivers().to_dict(), "loops": []} for c in (case, mirrored_case(case)))  # loops: test_laws
    expected, found = settled(swapped(twin)), settled(plain)
    for part, value in found.items():
        assert value == expected[part], part


@given(cases(least=2, most=8))
@settings(max_examples=20)
def test_a_grave_flag_leaves_no_driver_and_the_same_case_gives_the_same_bytes(case: CaseDict) -> None:
    answer = run(case)
    assert answer.drivers().to_json() == run(case).drivers().to_json()
    if answer.referral.stops_plan:
        assert answer.result.drivers.nothing == "flag"
        assert not answer.to_dict()["drivers"]


def test_every_stored_case_is_searched_to_the_end() -> None:
    for case in stored()[::40]:
        assert run(case.case).result.drivers.complete, case.name


# --- loops -----------------------------------------------------------------------------------------------------------------------------


def test_circles_that_lie_in_one_another_are_told_once_with_what_the_wider_ones_add() -> None:
    (loop,) = example("ankle-runner").result.loops
    assert [state_key(s) for s in loop.nodes] == ["soleus:left:shortened", "ankle-dorsiflexion-limited:left"]
    assert [state_key(s) for s in loop.also] == ["foot-turned-out:left", "heel-eversion:left"]


def test_left_and_right_of_one_circle_are_told_as_one() -> None:
    (loop,) = example("red-flag").result.loops
    assert [state_key(s) for s in loop.nodes] == ["scapula-tipped-forward:both", "pectoralis-minor:both:shortened"]


@given(cases(least=2, most=8))
@settings(max_examples=25)
def test_no_circle_lies_in_another_and_none_is_told_twice(case: CaseDict) -> None:
    loops = [frozenset(x.nodes) for x in run(case).result.loops]
    assert len(loops) == len(set(loops))
    assert not [(a, b) for a in loops for b in loops if a < b]


# --- the answer ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda p: p.stem)
@pytest.mark.parametrize("format", ["txt", "md", "html"])
def test_the_answer_prints_in_every_format_and_never_names_the_cause(path: Path, format: str) -> None:
    answer = run(load_case(path)).drivers()
    text = " ".join(answer.report(format).split())
    assert "Candidates to check, never the cause" in text
    assert "None" not in text
    assert "{{" not in text
    for one in answer.sets:
        for d in one.drivers:
            assert all(t.item.name in text.replace("\\", "") for t in d.explains)


def test_the_answer_is_plain_data_that_agrees_with_the_result() -> None:
    answer = example("squatter")
    told, whole = json.loads(answer.drivers().to_json()), answer.to_dict()
    assert [d["place"]["key"] for d in told["sets"][0]["drivers"]] == whole["driver_sets"][0]["drivers"]
    assert [[a["item"]["key"] for a in d["explains"]] for d in told["sets"][0]["drivers"]] == [d["explains"] for d in whole["drivers"]]
    assert isinstance(answer.drivers(), Drivers)


def test_the_text_says_in_short_what_it_comes_to() -> None:
    text = " ".join(str(example("ankle-runner").drivers()).split())
    assert "In short: The left ankle bends up too little: this one problem would account for all that was found." in text
    assert "The nearest other candidate is Gluteus medius, left, underactive" in text
    assert "Gluteus medius, left, weak: more speaks against it than for it" in text


def test_the_command_prints_the_answer_and_its_json(monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(EXAMPLES / "ankle-runner.yaml")
    plain = run_here(monkeypatch, "drivers", path, "--engine", "native")
    assert (plain.code, plain.err) == (0, "")
    assert plain.out.rstrip("\n") == str(example("ankle-runner").drivers())
    told = run_here(monkeypatch, "drivers", path, "--json", "--engine", "native")
    assert told.out.count("\n") == 1
    assert json.loads(told.out) == json.loads(example("ankle-runner").drivers().to_json())


# --- the page --------------------------------------------------------------------------------------------------------------------------


def test_the_example_on_the_page_is_what_the_command_prints() -> None:
    (block,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert block.startswith("In short: ")
    assert block.strip() in str(example("ankle-runner").drivers())


def test_the_page_tells_every_key_of_the_answer_and_no_other() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE.split("## The answer as JSON")[1], re.MULTILINE)
    answer = example("ankle-runner").drivers().to_dict()
    assert told == list(answer)
    (driver,) = answer["sets"][0]["drivers"]
    assert all(f"`{key}`" in PAGE for part in (driver, driver["explains"][2], driver["explains"][2]["path"][0]) for key in part)


def test_the_numbers_of_the_page_are_those_of_the_program(knowledge: Knowledge) -> None:
    constants = knowledge.kb.constants
    for words in (
        f"at most {constants.spread.links} links", f"at least {constants.spread.explain}", f"as a share of {constants.high:g}",
        f"At most {drivers.SETS} sets and {drivers.INSTEAD} such others", f"after {drivers.STEPS} steps",
    ):  # fmt: skip
        assert words in " ".join(PAGE.split())
