"""What was not said and would have mattered: named where something asks for it, with the reason, and not otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from corpus import mirrored
from hypothesis import given
from small import rule, rules, small_knowledge
from strategies import CaseDict, cases

from expert import assess, load_knowledge
from expert.model import Knowledge

HIP = {"name": "hip abduction strength", "side": "left", "value": 80, "unit": "N"}
KNOWN = {"age": 30, "sex": "male"}


def gaps(knowledge: Knowledge | None = None, **case: Any) -> dict[str, str]:
    told = assess({"findings": [], **case}, knowledge or load_knowledge(), "native").to_dict()
    return {m["what"]: m["because"] for m in told["inputs"]["missing"]}


def test_age_is_missed_by_the_red_flags_and_norms_that_ask_for_it(knowledge: Knowledge) -> None:
    told = gaps(measurements=[HIP])["patient.age"]
    open_ = [f for f in knowledge.kb.flags.values() if "age" in f.when.asked]
    assert f"{len(open_)} red flags ask for it" in told
    gravest = [f.title for f in open_ if f.level == min((f.level for f in open_), key=("emergency", "urgent", "soon", "routine").index)]
    assert any(title in told for title in gravest)
    assert "a norm asks for it: Hip abduction strength" in told


def test_what_is_known_of_the_person_is_not_missed() -> None:
    assert not [what for what in gaps(patient={**KNOWN, "mass_kg": 70}, measurements=[HIP]) if what.startswith("patient.")]


def test_body_mass_is_missed_where_a_norm_is_per_kilogram_and_nowhere_else() -> None:
    assert "Hip abduction strength" in gaps(patient=KNOWN, measurements=[HIP])["patient.mass_kg"]
    assert "patient.mass_kg" not in gaps(patient=KNOWN)
    assert "patient.mass_kg" not in gaps(patient={**KNOWN, "mass_kg": 70}, measurements=[HIP])


def test_the_other_side_of_a_measure_is_missed_until_it_is_measured() -> None:
    assert "one side" in gaps(measurements=[HIP])["hip-abduction-strength:right"]
    both = gaps(measurements=[HIP, {**HIP, "side": "right"}])
    assert not [what for what in both if what.startswith("hip-abduction-strength")]


RATIO = """\
units: [{id: newton, symbol: N, dimension: force}]
measures:
- id: push
  name: Push
  how: push
  dimensions: [force]
  most: 900
  judgements: [{by: ratio, to: pull, finding: dip, present: 0.5, absent: 0.9, because: so it is, source: study}]
  sources: [study]
- id: pull
  name: Pull
  how: pull
  dimensions: [force]
  most: 900
  judgements: [{by: norm, finding: lift, present: 50, absent: 60, unit: N, because: so it is, source: study}]
  sources: [study]
"""


def test_the_partner_of_a_ratio_is_missed_on_its_side() -> None:
    push, pull = ({"name": name, "side": "left", "value": 80, "unit": "N"} for name in ("push", "pull"))
    knowledge = small_knowledge(RATIO)
    assert "Push" in gaps(knowledge, measurements=[push])["pull:left"]
    assert "pull:left" not in gaps(knowledge, measurements=[push, pull])
    assert "push:left" not in gaps(knowledge, measurements=[pull])


def test_the_task_of_a_finding_is_missed_where_rules_ask_for_it() -> None:
    knowledge = small_knowledge(
        rules(
            rule("by-task", "{finding: dip, task: [walking]}", "{muscle: puller, state: weak, points: 2}"),
            rule("always", "{finding: dip}", "{muscle: pusher, state: weak, points: 2}"),
        )
    )
    bare = gaps(knowledge, findings=[{"name": "dip", "side": "left"}])
    assert bare["dip:left"] == "said without a task; 1 rule speaks of it in: walking"
    assert "dip:left:walking" not in gaps(knowledge, findings=[{"name": "dip", "side": "left", "task": "walking"}])
    assert "dip:left" not in gaps(knowledge, findings=[{"name": "dip", "side": "left", "present": False}])
    assert "lift:left" not in gaps(knowledge, findings=[{"name": "lift", "side": "left"}])


@given(cases())
def test_every_gap_has_a_reason_and_none_is_told_twice(case: CaseDict) -> None:
    told = assess(case, load_knowledge(), "native").to_dict()["inputs"]["missing"]
    assert len({m["what"] for m in told}) == len(told)
    assert all(m["because"] for m in told)


@given(cases(least=1))
def test_a_mirrored_case_misses_the_mirror(case: CaseDict) -> None:
    here, there = (assess(c, load_knowledge(), "native").to_dict()["inputs"]["missing"] for c in (case, mirrored(case)))
    order = lambda told: sorted((m["what"], m["because"]) for m in told)  # noqa: E731
    assert order(mirrored(here)) == order(there)


@pytest.mark.parametrize("format", ["txt", "md", "html"])
def test_the_report_names_what_was_not_said_with_the_reason(format: str) -> None:
    text = " ".join(assess({"findings": [], "measurements": [HIP]}, load_knowledge(), "native").report(format).split())
    assert "one side was measured alone" in text
    assert "body mass" in text
