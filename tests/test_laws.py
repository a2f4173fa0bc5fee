"""Laws that hold for every case: order, mirror, repeats, absence, proof. Generated cases over the shipped knowledge, native engine
(that the other engine says the same is shown in test_inference)."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from copy import deepcopy
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import CaseDict, cases, entries

from expert import Assessment, assess, load_knowledge
from expert.model import AXIS_OF, OPPOSITE_STATE
from expert.spread import seen_states

Json = dict[str, Any]
SECTIONS = ("findings", "symptoms", "history")


def run(case: CaseDict) -> Assessment:
    return assess(case, load_knowledge(), "native")


def answer(case: CaseDict) -> Json:
    """What is said of a case; the case itself, which the answer repeats as it was given, left out."""
    told = run(case).to_dict()
    told["inputs"].pop("case")
    return told


def direct_points(result: Json, spared: frozenset[str] = frozenset()) -> dict[tuple[str, str, str], int]:
    """What direct evidence brings for each hypothesis, in thousandths, but for the rules that are spared."""
    found: Counter[tuple[str, str, str]] = Counter()
    for h in result["hypotheses"]:
        for e in h["evidence"]:
            if e["channel"] == "direct" and e["points"] > 0 and e["rule"] not in spared:
                found[h["muscle"], h["side"], h["state"]] += round(1000 * e["points"])
    return found


# --- order, repetition, silence --------------------------------------------------------------------------------------------------


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_findings_does_not_matter_to_a_byte(case: CaseDict, random: Any) -> None:
    shuffled = deepcopy(case)
    for section in SECTIONS:
        random.shuffle(shuffled[section])
    assert run(shuffled).to_json() == run(case).to_json()


@given(cases(least=2), st.randoms(use_true_random=False))
def test_the_order_of_repeated_findings_does_not_matter_to_a_byte(case: CaseDict, random: Any) -> None:
    repeated = deepcopy(case)
    for section in SECTIONS:
        repeated[section] *= 2
    shuffled = deepcopy(repeated)
    for section in SECTIONS:
        random.shuffle(shuffled[section])
    assert run(shuffled).to_json() == run(repeated).to_json()


@given(cases(), cases())
def test_a_case_gives_the_same_answer_again_whatever_was_assessed_in_between(case: CaseDict, other: CaseDict) -> None:
    first = run(case).to_json()
    run(other)
    assert run(case).to_json() == first


@given(cases(least=1))
def test_what_stands_twice_counts_once_and_is_said(case: CaseDict) -> None:
    twice = deepcopy(case)
    for section in SECTIONS:
        twice[section] *= 2
    single, double = answer(case), answer(twice)
    known = [e for s in SECTIONS for e in case[s] if e["present"] != "unknown"]
    assert single["warnings"] == []
    assert bool(double["warnings"]) == bool(known)
    assert {**double, "warnings": []} == single


@given(cases(least=1, present=(True, False)))
def test_a_bilateral_finding_is_two_sided_findings(case: CaseDict) -> None:
    split = deepcopy(case)
    for section in SECTIONS:
        split[section] = [
            {**e, "side": side} for e in case[section] for side in (("left", "right") if e.get("side") == "bilateral" else (e.get("side"),))
        ]
    kb = load_knowledge().kb
    assume(all(e["side"] is None or e["side"] in kb.findings[e["name"]].sides for s in SECTIONS for e in split[s]))
    assert answer(split) == answer(case)


@given(cases(least=1))
def test_unknown_is_the_same_as_not_asked_but_for_what_is_missing(case: CaseDict) -> None:
    silent = deepcopy(case)
    for section in SECTIONS:
        silent[section] = [e for e in case[section] if e["present"] != "unknown"]
    asked, unasked = answer(case), answer(silent)
    assert asked["inputs"].pop("missing") != unasked["inputs"].pop("missing") or silent == case
    assert asked == unasked


@given(cases(least=1, present=(False, False, "unknown")))
def test_an_absent_finding_alone_concludes_nothing(case: CaseDict) -> None:
    result = answer(case)
    assert result["hypotheses"] == result["patterns"] == result["predicted"] == result["loops"] == []
    assert result["causes"] == []
    assert all(not phase["items"] for phase in result["plan"]["phases"])


@given(cases(), entries(present=(False,)))
def test_an_absent_finding_speaks_for_nothing(case: CaseDict, absent: CaseDict) -> None:
    assume(not any(e["name"] == absent["name"] for s in SECTIONS for e in case[s]))
    absent.pop("pain", None)
    absent.pop("limited_by", None)
    before = direct_points(answer(case))
    after = direct_points(answer({**case, "findings": [*case["findings"], absent]}))
    assert all(points <= before[about] for about, points in after.items())


@given(cases(), entries(present=(True,)))
def test_an_added_finding_never_lowers_the_direct_points_of_what_it_speaks_for(case: CaseDict, added: CaseDict) -> None:
    assume(not any(e["name"] == added["name"] for s in SECTIONS for e in case[s]))
    added.pop("pain", None)
    added.pop("limited_by", None)
    exceptions = frozenset(v.rule for v in load_knowledge().rulebase.programs["direct"].variants if v.unless)
    before = direct_points(answer(case), exceptions)
    result = answer({**case, "findings": [*case["findings"], added]})
    after = direct_points(result, exceptions)
    for h in result["hypotheses"]:
        about = h["muscle"], h["side"], h["state"]
        if any(e["points"] > 0 and any(f.split(":")[0] == added["name"] for f in e["findings"]) for e in h["evidence"]):
            assert after[about] >= before[about], about


@given(cases(), st.sampled_from(["a", "Z.9_x", "someone-else"]))
def test_names_of_people_and_cases_bear_on_nothing(case: CaseDict, name: str) -> None:
    renamed = {**case, "case_id": name, "patient": {**case["patient"], "name": f"The {name}"}, "visit": {"examiner": name}, "notes": name}
    assert answer(renamed) == {**answer(case), "case_id": name}


# --- the mirror ----------------------------------------------------------------------------------------------------------------

_SIDE = {"left": "right", "right": "left"}
_WORD = re.compile(r"\b(left|right)\b")


def mirrored_case(case: CaseDict) -> CaseDict:
    """The same person in a mirror: every side, and the hand."""
    twin = deepcopy(case)
    for entry in [e for s in (*SECTIONS, "surgery") for e in twin.get(s, [])]:
        if entry.get("side") in _SIDE:
            entry["side"] = _SIDE[entry["side"]]
    hand = twin["patient"].get("dominant_hand")
    if hand in _SIDE:
        twin["patient"]["dominant_hand"] = _SIDE[hand]
    return twin


def swapped(value: Any) -> Any:
    """Every side field and every side within a key, the other way round."""
    if isinstance(value, dict):
        return {k: _WORD.sub(lambda m: _SIDE[m[0]], v) if k == "why" else swapped(v) for k, v in value.items()}
    if isinstance(value, list):
        return [swapped(v) for v in value]
    if isinstance(value, str):
        return _SIDE.get(value) or re.sub(r":(left|right)\b", lambda m: ":" + _SIDE[m[1]], value)
    return value


def settled(value: Any) -> Any:
    """A result with every list in an order of its own, so that ties that are broken by side compare equal. Paths, whose order is their
    meaning, stay; a loop, which begins where its least state is, and a conclusion, which lists left before right, are told in order."""
    if isinstance(value, dict):
        if "nodes" in value:
            return {"nodes": sorted(value["nodes"]), "because": sorted(value["because"].split())}
        if "conclusion" in value:
            value = {**value, "conclusion": value["conclusion"].split(", ")}
        return {k: v if k == "path" else settled(v) for k, v in value.items()}
    if isinstance(value, list):
        return sorted((settled(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
    return value


@given(cases())
def test_a_mirrored_case_gives_the_mirrored_result_exactly(case: CaseDict) -> None:
    plain, twin = answer(case), answer(mirrored_case(case))
    rank = [(h["points"], h["muscle"], h["axis"], h["state"]) for h in plain["hypotheses"]]
    assert rank == [(h["points"], h["muscle"], h["axis"], h["state"]) for h in twin["hypotheses"]]
    assert [(p["strength"], p["id"], p["state"]) for p in plain["predicted"]] == [
        (p["strength"], p["id"], p["state"]) for p in twin["predicted"]
    ]
    assert_same_but_for_order(plain, swapped(twin))


def assert_same_but_for_order(found: Json, expected: Json) -> None:
    """Part by part; what is the same as it stands need not be put in order first."""
    for part, value in found.items():
        assert value == expected[part] or settled(value) == settled(expected[part]), part


def symmetrical(case: CaseDict) -> CaseDict:
    """The same case with everything that has a side on both."""
    twin = deepcopy(case)
    for section in SECTIONS:
        both = [{**e, "side": side} for e in case[section] if e.get("side") in _SIDE for side in _SIDE]
        once = {(e["name"], e["side"], e.get("task")): e for e in both}
        taken = {(e["name"], e.get("task")) for e in both}
        rest = [e for e in case[section] if e.get("side") not in _SIDE and (e["name"], e.get("task")) not in taken]
        twin[section] = [*once.values(), *rest]
        for entry in twin[section]:
            first = next(e for e in twin[section] if (e["name"], e.get("task")) == (entry["name"], entry.get("task")))
            entry |= {k: v for k, v in first.items() if k != "side"}
    return twin | {"surgery": []}


@given(cases(least=1))
def test_a_case_that_is_its_own_mirror_gives_a_result_that_is_its_own_mirror(case: CaseDict) -> None:
    result = answer(symmetrical(case))
    assert_same_but_for_order(result, swapped(result))


@given(cases())
def test_the_mirror_of_the_mirror_is_the_case_itself(case: CaseDict) -> None:
    assert mirrored_case(mirrored_case(case)) == case
    assert swapped(swapped(answer(case))) == answer(case)


# --- proofs and sums -------------------------------------------------------------------------------------------------------------


@given(cases(least=1))
def test_every_proof_ends_in_items_that_the_case_states(case: CaseDict) -> None:
    result = answer(case)
    stated = {i["key"] for i in result["inputs"]["used"]}
    abouts = {f"{h['muscle']}:{h['side']}:{h['state']}" for h in result["hypotheses"]}
    wholes = {t["conclusion"] for t in result["trace"] if t["conclusion"].startswith("pattern:")}
    for h in result["hypotheses"]:
        assert any(e["points"] > 0 for e in h["evidence"])
        assert all(set() < set(e["findings"]) <= stated for e in h["evidence"])
        assert all(e["because"] and e["sources"] and e["grade"] in "ABCD" for e in h["evidence"])
    for line in result["trace"]:
        known = stated if line["stratum"] == 0 else stated | abouts if line["stratum"] == 1 else stated | abouts | wholes
        assert set() < set(line["premises"]) <= known
    for whole in result["patterns"]:
        assert set() < set(whole["core"]) <= stated | abouts | wholes
    for flag in result["referral"]["flags"]:
        assert set(flag["findings"]) <= stated  # a flag may rest on age alone
    for cause in result["causes"]:
        assert set() < set(cause["from"]) <= stated


@given(cases(least=1))
def test_every_conclusion_of_the_trace_is_a_hypothesis_or_speaks_against_one(case: CaseDict) -> None:
    result = answer(case)
    fired = {t["rule"] for t in result["trace"]}
    assert {e["rule"] for h in result["hypotheses"] for e in h["evidence"]} <= fired
    pained = {u["finding"] for u in result["unused"] if u["because"].startswith("pain")}
    abouts = {f"{h['muscle']}:{h['side']}:{h['state']}" for h in result["hypotheses"]}
    for line in result["trace"]:
        if line["stratum"] < 2 and not pained & set(line["premises"]):
            told = [c for c in line["conclusion"].split(", ") if c and not c.startswith("not ")]
            assert all(c in abouts or is_overridden(c, line, result["hypotheses"]) for c in told), line


def is_overridden(conclusion: str, line: Json, hypotheses: list[Json]) -> bool:
    """Whether better sources speak of that axis of that muscle from every finding that an inferred conclusion rests on."""
    muscle, side, state = conclusion.split(":")
    grade = load_knowledge().rulebase.rules[line["rule"]].grade
    alike = [h for h in hypotheses if (h["muscle"], h["side"], h["axis"]) == (muscle, side, AXIS_OF[state])]
    better = [e for h in alike for e in h["evidence"] if e["channel"] == "direct" and e["points"] >= 0 and e["grade"] < grade]
    bases = [h for h in hypotheses if f"{h['muscle']}:{h['side']}:{h['state']}" in line["premises"]]
    resting = {f for h in bases for e in h["evidence"] if e["channel"] == "direct" and e["points"] > 0 for f in e["findings"]}
    return line["stratum"] == 1 and bool(resting) and resting <= {f for e in better for f in e["findings"]}


@given(cases(least=1))
def test_only_supported_states_that_are_not_held_and_what_is_seen_send_predictions(case: CaseDict) -> None:
    assessment = run(case)
    seen = {state for state, _ in seen_states(assessment.result.stated.items, load_knowledge().kb)}
    sending = {("muscle", h.muscle, h.state, h.side) for h in assessment.hypotheses if h.status == "supported" and not h.held}
    allowed = {*sending, *map(tuple, seen)}
    for prediction in assessment.result.predicted:
        start = prediction.start
        sides = ("left", "right") if start.side == "both" else (start.side,)
        assert {(start.kind, start.id, start.state, s) for s in sides} <= allowed
        assert tuple(prediction.target) not in allowed


@given(cases(least=1))
def test_points_are_finite_add_up_and_decide_the_status(case: CaseDict) -> None:
    found = {(h["muscle"], h["side"], h["state"]): h for h in answer(case)["hypotheses"]}
    for (muscle, side, state), h in found.items():
        own, pro = balance(h)
        rival, rival_pro = balance(found.get((muscle, side, OPPOSITE_STATE[state])))
        net = own - rival_pro
        assert all(math.isfinite(h[k]) for k in ("points", "points_for", "points_against"))
        assert (round(1000 * h["points_for"]), round(1000 * h["points"])) == (pro, net)
        assert round(1000 * h["points_against"]) == pro - net
        assert h["status"] == status(own, rival, net, h)
        assert h["confidence"] == ("hint" if net < 1000 else "low" if net < 3000 else "moderate" if net < 6000 else "high")


def balance(h: Json | None) -> tuple[int, int]:
    """(for less against, for) of one state, from its evidence."""
    points = [round(1000 * e["points"]) for e in h["evidence"]] if h else []
    return sum(points), sum(p for p in points if p > 0)


def status(own: int, rival: int, net: int, h: Json) -> str:
    if min(own, rival) >= 1000 and 2 * min(own, rival) >= max(own, rival):
        return "contested"
    if net < 3000:
        return "possible" if net >= 1000 else "insufficient"
    pro = [e for e in h["evidence"] if e["points"] >= 0]
    looks = {f.replace(":left", "").replace(":right", "") for e in pro for f in e["findings"]}
    tested = any(e["reliability"] == 1 and e["channel"] == "direct" and axes_settled(e["findings"]) == {h["axis"]} for e in pro)
    telling = any(e["severity"] >= 1 for e in pro)
    return "supported" if telling and (tested or len(looks) > 1) else "possible"


def axes_settled(findings: list[str]) -> set[str]:
    """The axes that tests of these findings settle, where an instrument makes them."""
    axes = {"length-test": "length", "strength-test": "strength"}
    known = load_knowledge().kb.findings
    return {axes.get(known[f.split(":")[0]].method, "") for f in findings}
