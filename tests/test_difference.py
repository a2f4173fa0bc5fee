"""What a change of the knowledge changes: exactly the cases whose answer is another one, and how."""

from __future__ import annotations

from typing import Any

from small import rule, rules, small_knowledge

from expert.difference import Changed, changed
from expert.model import Knowledge

MORE = """\
findings:
- {id: dip-test, name: Dip test, side_means: the side tested, method: strength-test}
- {id: lift-test, name: Lift test, side_means: the side tested, method: strength-test}
- {id: bow-test, name: Bow test, sides: [midline], method: strength-test}
symptoms: [{id: ache, name: Ache, sides: [midline]}]
flags: [{id: bad, title: Bad, level: LEVEL, when: {symptom: ache}, because: x, action: Go, grade: C, sources: [table]}]
causes: [{id: why, title: Why, kind: other, when: {finding: bow-test}, because: x, grade: D, sources: [table]}]
"""


def base(dip: str = "weak", points: float = 4, level: str = "soon", more: str = "") -> Knowledge:
    told = rules(
        rule("dipping", "{finding: dip-test}", f"{{muscle: puller, state: {dip}, points: {points}}}"),
        rule("lifting", "{finding: lift-test}", "{muscle: pusher, state: weak, points: 4}"),
    )
    return small_knowledge(MORE.replace("LEVEL", level), told, *([more] if more else []))


def seen(*names: str, **case: Any) -> dict[str, Any]:
    return {"findings": [{"name": f"{n} test", "seen_by": "instrument", **({"side": "left"} if n != "bow" else {})} for n in names], **case}


CASES = [
    ("a dip", seen("dip")), ("a lift", seen("lift")), ("both", seen("dip", "lift")), ("nothing", seen()),
    ("an ache", seen(symptoms=["ache"])), ("a bow", seen("bow")),
]  # fmt: skip


def told(old: Knowledge, new: Knowledge) -> dict[str, tuple[str, ...]]:
    return {one.name: one.lines for one in changed(CASES, old, new)}


def test_the_same_knowledge_changes_no_answer() -> None:
    assert told(base(), base()) == {}


def test_a_changed_rule_shows_exactly_the_cases_whose_answer_changes() -> None:
    assert told(base(), base(dip="strong")) == dict.fromkeys(
        ("a dip", "both"), ("puller left strength: weak, supported (+4.0) -> strong, supported (+4.0)",)
    )


def test_cases_are_told_in_the_order_in_which_they_come() -> None:
    assert list(changed(CASES[::-1], base(), base(dip="strong"))) == [
        Changed(name, ("puller left strength: weak, supported (+4.0) -> strong, supported (+4.0)",)) for name in ("both", "a dip")
    ]


def test_fewer_points_are_told_only_where_the_status_changes_with_them() -> None:
    assert told(base(), base(points=3.5)) == {}
    assert told(base(), base(points=2))["a dip"][0] == "puller left strength: weak, supported (+4.0) -> weak, possible (+2.0)"
    assert told(base(), base(points=0.5))["a dip"][0] == "puller left strength: weak, supported (+4.0) -> nothing"


def test_a_new_rule_is_told_as_what_it_adds() -> None:
    new = base(more=rules(rule("bowing", "{finding: bow-test}", "{muscle: turner, side: both, state: weak, points: 4}")))
    assert told(base(), new) == {
        "a bow": ("turner left strength: nothing -> weak, supported (+4.0)", "turner right strength: nothing -> weak, supported (+4.0)"),
    }


def test_a_red_flag_changes_the_referral_the_flag_and_the_plan() -> None:
    assert set(told(base(), base(level="urgent"))["an ache"]) == {
        "referral: soon -> urgent", "flag bad: soon -> urgent", "plan: none -> withheld",
    }  # fmt: skip


def test_a_cause_that_is_no_longer_given_is_told() -> None:
    new = small_knowledge(MORE.replace("LEVEL", "soon").replace("finding: bow-test", "finding: lift-test"), rules(
        rule("dipping", "{finding: dip-test}", "{muscle: puller, state: weak, points: 4}"),
        rule("lifting", "{finding: lift-test}", "{muscle: pusher, state: weak, points: 4}"),
    ))  # fmt: skip
    assert told(base(), new) == {
        "a bow": ("cause why: given -> nothing",), "a lift": ("cause why: nothing -> given",), "both": ("cause why: nothing -> given",),
    }  # fmt: skip


def test_a_pattern_that_is_found_is_told() -> None:
    core = "[{finding: dip-test}, {finding: lift-test}]"
    pattern = f"patterns: [{{id: whole, name: Whole, core: {core}, because: x, grade: D, sources: [table]}}]\n"
    assert told(base(), base(more=pattern)) == {"both": ("pattern whole left: nothing -> found",)}


def test_a_case_that_one_of_them_cannot_read_is_told_as_refused() -> None:
    new = base(more="findings: [{id: sway-test, name: Sway test, side_means: x}]\n")
    one, = changed([("sways", seen("sway"))], base(), new)  # fmt: skip
    assert one.lines[0].startswith("case: refused: ")
    assert "unknown finding 'sway test'" in one.lines[0]
    assert one.lines[0].endswith("-> nothing")
