"""The calculus, as tables: what one piece counts, how pieces of one finding are grouped, and what a sum is called."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expert.formats import Constants
from expert.ledger import balance, conclusions, confidence, draw_direct, draw_inferred, hypotheses, reweigh, scale, weigh
from expert.model import AXIS_OF, About, Basis, CompiledRule, Firing, Hypothesis, Item, Knowledge, Piece, Target

NAMES = {"m": "Muscle", "n": "Other muscle"}


@pytest.fixture(scope="module")
def constants(knowledge: Knowledge) -> Constants:
    return knowledge.kb.constants


def item(key: str = "f:left", *, severity: int = 1000, reliability: int = 600, **told: Any) -> Item:
    return Item(
        key=key, finding=key.split(":")[0], kind="finding", side="left", task="", present=told.get("present", True), severity=severity,
        reliability=reliability, instrumented=told.get("instrumented", False), painful=told.get("painful", False), written=key,
        settles=told.get("settles", ""),
    )  # fmt: skip


def rule(name: str = "r", *targets: Target, lineage: str = "", group: str = "f") -> CompiledRule:
    return CompiledRule(name, name, "direct", targets, "because", "C", ("source",), lineage or name, group)


def target(points: int = 4000, state: str = "weak", *, side: str = "same", absent: int = 0, against: bool = False) -> Target:
    return Target("m", "", side, state, points, absent, against)


def piece(full: int, name: str = "r", state: str = "weak", **told: Any) -> Piece:
    """A piece that is worth `full` thousandths before repeats are discounted."""
    basis = Basis("direct", told.get("group", "f"), told.get("findings", ("f:left",)), told.get("findings", ("f:left",)),
                  1000, told.get("severity", 1000), told.get("settles", ""), told.get("absent", False))  # fmt: skip
    made = rule(name, lineage=told.get("lineage", ""))
    return Piece(About("m", "left", AXIS_OF[state], state), full * 1_000_000, made, target(full, state), basis)


def only(found: tuple[Hypothesis, ...]) -> Hypothesis:
    assert len(found) == 1
    return found[0]


def counted(pieces: list[Piece], constants: Constants) -> list[tuple[str, int, int]]:
    return [(e.piece.rule.id, e.weight, e.points) for e in only(weigh(pieces, NAMES, constants)).evidence]


# --- one piece -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "reliability", "severity", "counts"),
    [
        (4000, 1000, 1000, 4000),  # measured, moderate: the points themselves
        (4000, 800, 1000, 3200),
        (4000, 600, 1000, 2400),  # nothing published
        (4000, 400, 1000, 1600),
        (4000, 600, 500, 1200),  # mild
        (4000, 600, 1250, 3000),  # severe
        (6000, 1000, 1250, 7500),
        (2000, 600, 525, 630),  # a number, 0.35: 1.5 x 0.35
        (1, 600, 1000, 1),  # 0.6 of a thousandth, half up
        (1, 400, 1000, 0),
        (5, 400, 1250, 3),  # exactly 2.5 thousandths: up, not to even
        (3, 400, 1250, 2),  # exactly 1.5: up
    ],
)
def test_a_piece_is_points_times_reliability_times_severity_rounded_once_half_up(
    points: int, reliability: int, severity: int, counts: int, constants: Constants
) -> None:
    seen = item(severity=severity, reliability=reliability)
    fired = [Firing("r", "left", "", False, (seen.key,))]
    # a second, larger piece of another group keeps the hypothesis there when the first rounds to nothing
    rules = {"r": rule("r", target(points)), "big": rule("big", target(1000), group="other")}
    pieces, _ = draw_direct([*fired, Firing("big", "left", "", False, (seen.key,))], rules, {seen.key: seen})
    found = only(weigh(pieces, NAMES, constants))
    assert next(e.points for e in found.evidence if e.piece.rule.id == "r") == counts


def test_rounding_happens_once_after_the_weight_and_not_before(constants: Constants) -> None:
    # 5 thousandths x 0.5 are 2.5, halved as the second source 1.25: that is 1. Rounded before the weight as well it would be 2.
    seen = item(reliability=500)
    rules = {"a": rule("a", target(9000)), "b": rule("b", target(5))}
    pieces, _ = draw_direct([Firing(n, "left", "", False, (seen.key,)) for n in rules], rules, {seen.key: seen})
    assert counted(list(pieces), constants) == [("a", 1000, 4500), ("b", 500, 1)]


def test_of_several_premises_the_least_reliable_and_the_mildest_decide(constants: Constants) -> None:
    sure, mild = item("f:left", reliability=1000, severity=1250, settles="strength"), item("g:left", reliability=400, severity=500)
    made = rule("r", target(4000))
    (drawn,), _ = draw_direct([Firing("r", "left", "", False, ("f:left", "g:left"))], {"r": made}, {"f:left": sure, "g:left": mild})
    assert (drawn.basis.reliability, drawn.basis.severity, drawn.basis.settles) == (400, 500, "")
    assert only(weigh([drawn], NAMES, constants)).net == 800


@pytest.mark.parametrize(("side", "meant"), [("same", {"left"}), ("opposite", {"right"}), ("both", {"left", "right"})])
def test_a_conclusion_falls_on_the_side_that_the_rule_means(side: str, meant: set[str]) -> None:
    seen = item()
    pieces, _ = draw_direct([Firing("r", "left", "", False, (seen.key,))], {"r": rule("r", target(side=side))}, {seen.key: seen})
    assert {p.about.side for p in pieces} == meant


def test_a_midline_finding_concludes_on_both_sides() -> None:
    seen = item("f")
    pieces, _ = draw_direct([Firing("r", "midline", "", False, ("f",))], {"r": rule("r", target(side="same"))}, {"f": seen})
    assert {p.about.side for p in pieces} == {"left", "right"}


# --- absence, and rules that speak against ----------------------------------------------------------------------------------------


def test_an_absent_finding_counts_against_its_state_only_and_without_severity(constants: Constants) -> None:
    gone, seen = item("g:left", present=False, severity=1250), item("f:left")
    rules = {"r": rule("r", target(4000)), "gone": rule("gone", target(4000, absent=1000), group="g")}
    firings = [Firing("r", "left", "", False, ("f:left",)), Firing("gone", "left", "", True, ("g:left",))]
    pieces, _ = draw_direct(firings, rules, {"g:left": gone, "f:left": seen})
    found = only(weigh(pieces, NAMES, constants))
    assert (found.points_for, found.points_against, found.net) == (2400, 600, 1800)
    assert [e.points for e in found.evidence] == [2400, -600]


def test_absence_alone_makes_no_hypothesis_about_either_state(constants: Constants) -> None:
    assert weigh([piece(1000, absent=True)], NAMES, constants) == ()


def test_absence_that_tells_nothing_brings_nothing() -> None:
    gone = item(present=False)
    pieces, _ = draw_direct([Firing("r", "left", "", True, ("f:left",))], {"r": rule("r", target(absent=0))}, {"f:left": gone})
    assert pieces == ()


def test_absence_does_not_help_the_opposite_state(constants: Constants) -> None:
    alone = only(weigh([piece(2000, "s", "strong")], NAMES, constants))
    pieces = [piece(2000, "s", "strong"), piece(1000, "w", "weak", absent=True, findings=("g:left",), group="g")]
    assert only(weigh(pieces, NAMES, constants)).net == alone.net == 2000


def test_a_conclusion_against_a_state_lowers_it_and_raises_no_other(constants: Constants) -> None:
    seen = item(reliability=1000)
    rules = {"for": rule("for", target(4000)), "not": rule("not", target(1500, against=True), group="g")}
    pieces, _ = draw_direct([Firing(n, "left", "", False, ("f:left",)) for n in rules], rules, {"f:left": seen})
    found = only(weigh(pieces, NAMES, constants))
    assert (found.state, found.points_for, found.points_against, found.net) == ("weak", 4000, 1500, 2500)


def test_conclusions_say_against_what_they_speak() -> None:
    made = rule("r", target(4000, absent=1000), target(2000, "strong", against=True))
    assert conclusions(Firing("r", "left", "", False, ()), made) == ["m:left:weak", "not m:left:strong"]
    assert conclusions(Firing("r", "left", "", True, ()), made) == ["not m:left:weak"]


# --- pain ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "counts"),
    [("overactive", False), ("underactive", False), ("weak", False), ("strong", False), ("shortened", True), ("lengthened", True)],
)
def test_pain_takes_away_strength_and_activity_but_not_length(state: str, counts: bool) -> None:
    sore = item(painful=True)
    pieces, unused = draw_direct([Firing("r", "left", "", False, ("f:left",))], {"r": rule("r", target(4000, state))}, {"f:left": sore})
    assert bool(pieces) is counts
    assert [u.finding for u in unused] == ([] if counts else ["f:left"])


def test_pain_in_one_of_two_premises_is_enough_and_is_named() -> None:
    items = {"f:left": item("f:left"), "g:left": item("g:left", painful=True)}
    made = rule("r", target(4000), target(2000, "shortened"))
    pieces, unused = draw_direct([Firing("r", "left", "", False, ("f:left", "g:left"))], {"r": made}, items)
    assert [p.about.state for p in pieces] == ["shortened"]
    assert [u.finding for u in unused] == ["g:left"]


# --- grouping --------------------------------------------------------------------------------------------------------------------------


def test_independent_sources_on_one_finding_count_in_full_a_half_a_quarter_and_nothing(constants: Constants) -> None:
    pieces = [piece(4000, "a"), piece(3000, "b"), piece(2000, "c"), piece(1000, "d"), piece(1000, "e")]
    weights = [("a", 1000, 4000), ("b", 500, 1500), ("c", 250, 500), ("d", 0, 0), ("e", 0, 0)]
    assert sorted(counted(pieces, constants)) == weights


def test_of_one_lineage_only_the_largest_counts(constants: Constants) -> None:
    pieces = [piece(3000, "old", lineage="author"), piece(4000, "new", lineage="author"), piece(2000, "other")]
    assert sorted(counted(pieces, constants)) == [("new", 1000, 4000), ("old", 0, 0), ("other", 500, 1000)]


def test_different_findings_add_in_full_even_from_one_lineage(constants: Constants) -> None:
    pieces = [piece(4000, "a", lineage="author"), piece(4000, "b", lineage="author", group="g", findings=("g:left",))]
    assert only(weigh(pieces, NAMES, constants)).net == 8000


def test_one_finding_over_all_its_tasks_is_one_group(constants: Constants) -> None:
    pieces = [piece(4000, "a", lineage="author", findings=(f"f:left:{task}",)) for task in ("running", "walking", "squat")]
    assert only(weigh(pieces, NAMES, constants)).net == 4000


def test_what_speaks_for_and_against_is_discounted_apart(constants: Constants) -> None:
    pieces = [piece(4000, "a"), piece(3000, "b", absent=True), piece(2000, "c", absent=True)]
    found = only(weigh(pieces, NAMES, constants))
    assert (found.points_for, found.points_against) == (4000, 4000)


def test_the_order_of_pieces_does_not_matter(constants: Constants) -> None:
    pieces = [piece(4000, "a"), piece(4000, "b", lineage="a"), piece(4000, "c"), piece(2000, "d", group="g"), piece(1000, "e", absent=True)]
    expected = weigh(pieces, NAMES, constants)
    assert all(weigh(order, NAMES, constants) == expected for order in permutations(pieces))


@given(st.lists(st.tuples(st.integers(1, 5000), st.sampled_from("abc"), st.sampled_from("fg")), min_size=1, max_size=8))
def test_points_for_are_the_weighted_sum_whatever_the_pieces(drawn: list[tuple[int, str, str]]) -> None:
    from expert import load_knowledge

    constants = load_knowledge().kb.constants
    pieces = [piece(full, f"r{n}", lineage=source, group=group) for n, (full, source, group) in enumerate(drawn)]
    expected = 0
    for group in {g for _, _, g in drawn}:
        largest = sorted(max(f for f, s, g in drawn if (s, g) == (source, group)) for source in {s for _, s, g in drawn if g == group})
        expected += sum((2 * full * weight + 4) // 8 for full, weight in zip(reversed(largest), (4, 2, 1), strict=False))
    assert only(weigh(pieces, NAMES, constants)).points_for == expected


# --- what a sum is called ----------------------------------------------------------------------------------------------------------------


def two(points: int, state: str = "weak") -> list[Piece]:
    """The points, told by two separate items."""
    return [piece(points - 1, "a", state), piece(1, "b", state, group="g", findings=("g:left",))]


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        (two(999), "insufficient"), (two(1000), "possible"), (two(2999), "possible"), (two(3000), "supported"), (two(9000), "supported"),
        ([piece(3000)], "possible"),  # one glance, however heavy
        ([piece(30_000)], "possible"),
        ([piece(3000, settles="strength")], "supported"),  # a test of that very axis with an instrument
        ([piece(2999, settles="strength")], "possible"),
        ([piece(3000, settles="length")], "possible"),  # an instrument that measured something else is one glance
        ([piece(3000, settles="strength", severity=500)], "possible"),  # what is only mild is usual
        ([piece(2000, "a", severity=500), piece(2000, "b", group="g", findings=("g:left",), severity=500)], "possible"),
        ([piece(2000, "a", severity=500), piece(2000, "b", group="g", findings=("g:left",))], "supported"),
        ([piece(3000, findings=("f:left", "g:left"))], "supported"),
        ([piece(4000, "a"), piece(4000, "b")], "possible"),  # two tables about one glance are still one glance
        ([piece(4000), piece(500, "b", absent=True, group="g", findings=("g:left",))], "possible"),  # absence corroborates nothing
    ],
)  # fmt: skip
def test_status_by_points_and_by_how_often_it_was_seen(pieces: list[Piece], status: str, constants: Constants) -> None:
    assert only(weigh(pieces, NAMES, constants)).status == status


@pytest.mark.parametrize(
    ("weak", "strong", "statuses"),
    [
        (4000, 2000, ("contested", "contested")),  # the smaller is exactly half
        (4000, 1999, ("possible", "insufficient")),  # net 2001
        (2000, 1000, ("contested", "contested")),
        (1998, 999, ("insufficient", "insufficient")),  # below 1 nothing contests; net 999
        (1999, 999, ("possible", "insufficient")),
        (8000, 3999, ("supported", "insufficient")),
        (6000, 6000, ("contested", "contested")),
    ],
)
def test_two_opposite_states_that_are_both_strong_are_contested(
    weak: int, strong: int, statuses: tuple[str, str], constants: Constants
) -> None:
    found = {h.state: h for h in weigh([*two(weak), *two(strong, "strong")], NAMES, constants)}
    assert (found["weak"].status, found["strong"].status) == statuses
    assert (found["weak"].net, found["strong"].net) == (weak - strong, strong - weak)
    assert found["weak"].points_against == strong


def test_what_is_absent_is_taken_off_before_states_contest(constants: Constants) -> None:
    gone = piece(1500, "gone", "strong", absent=True, group="h", findings=("h:left",))
    found = {h.state: h for h in weigh([*two(4000), *two(2000, "strong"), gone], NAMES, constants)}
    assert found["weak"].status == "possible"
    assert found["strong"].net == 2000 - 1500 - 4000


def test_axes_do_not_contest_one_another(constants: Constants) -> None:
    found = weigh([*two(4000, "weak"), *two(4000, "overactive"), *two(4000, "shortened")], NAMES, constants)
    assert {h.status for h in found} == {"supported"}


@pytest.mark.parametrize(
    ("net", "word"),
    [(-5000, "hint"), (0, "hint"), (999, "hint"), (1000, "low"), (2999, "low"), (3000, "moderate"), (5999, "moderate"), (6000, "high")],
)
def test_confidence_words_by_amount(net: int, word: str, constants: Constants) -> None:
    assert confidence(net, scale(constants)) == word


def test_the_best_stands_first_and_ties_are_told_by_name(constants: Constants) -> None:
    pieces = [piece(2000, "a", "weak"), piece(3000, "b", "shortened"), piece(2000, "c", "overactive")]
    assert [h.state for h in weigh(pieces, NAMES, constants)] == ["shortened", "overactive", "weak"]


# --- what rests on hypotheses -------------------------------------------------------------------------------------------------------------


def test_inferred_evidence_shares_the_group_and_factors_of_what_it_rests_on(constants: Constants) -> None:
    seen = item(severity=500)
    shown, _ = draw_direct([Firing("r", "left", "", False, ("f:left",))], {"r": rule("r", target(4000, "shortened"))}, {"f:left": seen})
    base = only(weigh(shown, NAMES, constants))
    link = replace(rule("link", replace(target(2000, "overactive"), muscle=""), group=""), stage="inferred")
    (drawn,) = draw_inferred([Firing("link", "left", "m", False, (base.about.key,))], {"link": link}, shown, {base.about.key: base}, {})
    assert drawn.about == About("m", "left", "activity", "overactive")
    assert (drawn.basis.channel, drawn.basis.group, drawn.basis.findings) == ("inferred", "f", ("f:left",))
    # a table that says overactive from the same finding and the link that repeats it do not add in full: 1.2 + 0.6 / 2
    table = piece(1200, "table", "overactive")
    assert next(h for h in weigh([*shown, table, drawn], NAMES, constants) if h.state == "overactive").net == 1500


def test_inferred_evidence_from_one_glance_is_no_second_glance(constants: Constants) -> None:
    seen = item(reliability=1000)
    shown, _ = draw_direct([Firing("r", "left", "", False, ("f:left",))], {"r": rule("r", target(4000, "shortened"))}, {"f:left": seen})
    base = only(weigh(shown, NAMES, constants))
    link = replace(rule("link", target(2000, "overactive")), stage="inferred")
    drawn = draw_inferred([Firing("link", "left", "m", False, (base.about.key,))], {"link": link}, shown, {base.about.key: base}, {})
    found = weigh([piece(4000, "table", "overactive"), *drawn], NAMES, constants)
    assert only(found).status == "possible"


def test_weighing_only_what_more_pieces_touch_is_the_same_as_weighing_everything(constants: Constants) -> None:
    first = [*two(4000), piece(3000, "s", "shortened"), piece(2000, "o", "overactive")]
    added = [piece(2500, "n", "strong", group="h", findings=("h:left",)), piece(1000, "u", "overactive")]
    sheets = balance(first, constants)
    anew = reweigh(hypotheses(sheets, NAMES, constants), sheets, added, NAMES, constants)
    assert anew == weigh([*first, *added], NAMES, constants)
