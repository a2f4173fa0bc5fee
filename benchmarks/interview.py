"""How many questions does it take? Interviews of generated patients, in the order that changes most and in the battery's own order.

    python benchmarks/interview.py            # make bench-interview: writes benchmarks/interview.json and docs/interview.svg

A patient has one to three true muscle states, drawn from those that the battery can show. A line of the battery is there with a chance that
grows with the points of the rules by which it speaks for a true state; what is seen is then turned round with a chance that grows as
observers agree less. Both orders get the same answers, red flags left out. After each question the states suspected so far are compared
with those of the whole examination. The same seed gives the same bytes. docs/interview.md says what this shows and what not.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from expert import Interview, load_knowledge
from expert.formats import BatteryItem
from expert.interview import Question, Reply
from expert.model import About, Knowledge, Target, Variant, mirrored
from expert.normalise import reliability

ROOT = Path(__file__).resolve().parent.parent
BATTERY, SEED, PATIENTS = "whole-body-40", 20261122, 24
USUAL = 0.08  # the chance that a line is there without any of the true states: usual people deviate
SHOWN = 0.8  # the chance that a state shows in a line for which a rule gives it as many points as an expert's table may
ORDERS = ("best", "fixed")
Line = tuple[str, str, str]  # finding, side, task
Found = dict[str, list[float]]


# --- patients -------------------------------------------------------------------------------------------------------------------


def lines(items: Iterable[BatteryItem], knowledge: Knowledge) -> list[Line]:
    """Every line of the battery, once a side."""
    sides = {f.id: ("left", "right") if "left" in f.sides else ("midline",) for f in knowledge.kb.findings.values()}
    return [(i.finding, side, i.task or "") for i in items if i.finding for side in sides[i.finding]]


def shows(line: Line, knowledge: Knowledge) -> Mapping[About, int]:
    """The states for which a line speaks by itself, each with the most points that a rule gives it, in thousandths."""
    finding, side, task = line
    found: dict[About, int] = {}
    for variant in knowledge.rulebase.programs["direct"].variants:
        if _reads(variant, finding, task) and not variant.rule.startswith("mechanics."):
            for target in knowledge.rulebase.rules[variant.rule].targets:
                for about in _abouts(variant, target, side):
                    found[about] = max(found.get(about, 0), target.points)
    return found


def _reads(variant: Variant, finding: str, task: str) -> bool:
    term = variant.terms[0]
    alone = len(variant.terms) == 1 and not variant.unless and not variant.absent
    return alone and term.name == finding and (not term.contexts or task in term.contexts)


def _abouts(variant: Variant, target: Target, side: str) -> Sequence[About]:
    bound = mirrored(side) if variant.terms[0].side == "opposite" else side
    return () if target.against else target.abouts(bound, "")


def patient(chance: random.Random, showing: Mapping[Line, Mapping[About, int]], knowledge: Knowledge) -> Mapping[Line, bool]:
    """What an examiner would answer to each line about one patient."""
    states = sorted({about for abouts in showing.values() for about in abouts})
    true = chance.sample(states, chance.randint(1, 3))
    cap = 1000 * knowledge.kb.constants.caps["C"]
    answers = {}
    for line, abouts in showing.items():
        unseen = 1 - USUAL
        for state in true:
            unseen *= 1 - SHOWN * min(1.0, abouts.get(state, 0) / cap)
        there = chance.random() >= unseen
        agreed = reliability(knowledge.kb.findings[line[0]], line[2], knowledge.kb) / 1000
        answers[line] = there is not (chance.random() < (1 - agreed) / 2)
    return answers


# --- interviews -----------------------------------------------------------------------------------------------------------------


def suspected(held: Interview, only: Sequence[str]) -> set[tuple[About, str]]:
    """What is suspected, with its status."""
    return {(h.about, h.status) for h in held.weighed.hypotheses if h.status in only}


def agreement(one: set[Any], other: set[Any]) -> float:
    """How much two sets share: the size of what both hold, by the size of what either holds. Two empty sets agree."""
    return len(one & other) / len(one | other) if one | other else 1.0


def interviewed(answers: Mapping[Line, bool], order: str, battery: str, knowledge: Knowledge) -> tuple[list[Interview], int]:
    """The interview after 0, 1, 2 ... questions, and after how many it first said that nothing more would change the answer."""
    held = Interview.begin(battery, None, knowledge, order).skip_flags()
    past, settled = [held], -1
    while (asked := held.question) is not None:
        if order == "best" and settled < 0 and held.settled:
            settled = len(past) - 1
        held = held.answer(_reply(asked, answers))
        past.append(held)
    return past, len(past) - 1 if settled < 0 else settled


def _reply(asked: Question, answers: Mapping[Line, bool]) -> Reply:
    """The answer of one patient; nothing is measured."""
    if asked.kind == "measure":
        return Reply("skipped")
    _, finding, task = (*asked.ask.split(":"), "")[:3]
    there = tuple(side for side in asked.sides if answers[finding, side, task])
    return Reply("present", there) if there else Reply("absent")


Curves = dict[str, dict[str, list[float]]]


def curves_of(answers: Mapping[Line, bool], battery: str, knowledge: Knowledge) -> tuple[Curves, int]:
    """One patient's agreement after each question: of all that is suspected with its status, and of what is supported; by order."""
    found: Curves = {"statuses": {}, "supported": {}}
    settled = 0
    most = len(knowledge.kb.batteries[battery].items)
    for order in ORDERS:
        past, ended = interviewed(answers, order, battery, knowledge)
        settled = ended if order == "best" else settled
        for what, only in (("statuses", ("supported", "possible", "contested")), ("supported", ("supported",))):
            whole = suspected(past[-1], only)
            curve = [agreement(suspected(held, only), whole) for held in past]
            found[what][order] = (curve + [1.0] * most)[: most + 1]
    return found, settled


def _of_shipped(answers: Mapping[Line, bool]) -> tuple[Curves, int]:
    return curves_of(answers, BATTERY, load_knowledge())


def measured(battery: str, seed: int, patients: int, knowledge: Knowledge, each: Any = None) -> dict[str, Any]:
    """For each order and each number of questions, the mean agreement and its quartiles over all patients.

    `each`: how the patients are gone through, as `map` does.
    """
    items = knowledge.kb.batteries[battery].items
    showing = {line: shows(line, knowledge) for line in lines(items, knowledge)}
    chance = random.Random(seed)  # noqa: S311  (patients to try it on, no secret)
    people = [patient(chance, showing, knowledge) for _ in range(patients)]
    done = list(each(_of_shipped, people)) if each else [curves_of(answers, battery, knowledge) for answers in people]
    told = {
        what: {order: _summed([curves[what][order] for curves, _ in done]) for order in ORDERS} for what in ("statuses", "supported")
    }  # fmt: skip
    return {
        "battery": battery, "seed": seed, "patients": patients, "questions": len(items),
        "settled_after": _spread([settled for _, settled in done]), **told,
    }  # fmt: skip


def _summed(curves: Sequence[Sequence[float]]) -> Found:
    steps = [_spread(values) for values in zip(*curves, strict=True)]
    return {key: [step[key] for step in steps] for key in ("mean", "low", "high")}


def _spread(values: Sequence[float]) -> dict[str, float]:
    """Mean and quartiles."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    return {"mean": round(statistics.fmean(values), 3), "low": round(low, 3), "high": round(high, 3)}


# --- the figure -----------------------------------------------------------------------------------------------------------------

_WIDE, _HIGH, _LEFT, _TOP, _X, _Y = 720, 420, 64, 46, 620, 300
_COLOURS = {"best": "#0b6e6e", "fixed": "#b0552a"}
_NAMES = {"best": "what changes most first", "fixed": "the battery's own order"}


def figure(found: Mapping[str, Any]) -> str:
    """The agreement by number of questions as SVG: means as lines, quartiles as bands."""
    most = found["questions"]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-labelledby="t d" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<title id="t">Agreement with the whole examination, by number of questions ({found["battery"]})</title>',
        f'<desc id="d">{_told(found)}</desc>',
        f'<rect width="{_WIDE}" height="{_HIGH}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" fill="#1b1b1b">Agreement with the whole examination, by number of questions</text>',
    ]
    for tenth in range(0, 11, 2):
        y = _at(0, tenth / 10, most)[1]
        parts.append(f'<line x1="{_LEFT}" x2="{_LEFT + _X}" y1="{y}" y2="{y}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end" fill="#444444">{tenth / 10:.1f}</text>')
    for number in range(0, most + 1, 5 if most >= 10 else 1):
        x = _at(number, 0, most)[0]
        parts.append(f'<text x="{x}" y="{_TOP + _Y + 20}" text-anchor="middle" fill="#444444">{number}</text>')
    for row, order in enumerate(ORDERS):
        curve, colour = found["statuses"][order], _COLOURS[order]
        band = [*_points(curve["high"], most), *reversed(_points(curve["low"], most))]
        dash = ' stroke-dasharray="7 4"' if order == "fixed" else ""
        parts.append(f'<polygon points="{" ".join(band)}" fill="{colour}" fill-opacity="0.14"/>')
        line = " ".join(_points(curve["mean"], most))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"{dash}/>')
        y = _TOP + _Y - 44 + 20 * row
        parts.append(f'<line x1="{_LEFT + 380}" x2="{_LEFT + 416}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2.5"{dash}/>')
        parts.append(f'<text x="{_LEFT + 424}" y="{y + 4}" fill="#1b1b1b">{_NAMES[order]}</text>')
    told = f"questions answered ({found['patients']} generated patients, mean and quartiles)"
    parts.append(f'<text x="{_LEFT + _X / 2:g}" y="{_HIGH - 16}" text-anchor="middle" fill="#444444">{told}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _told(found: Mapping[str, Any]) -> str:
    """The figure in words."""
    half = found["questions"] // 2
    means = {order: found["statuses"][order]["mean"][half] for order in ORDERS}
    return f"After {half} questions: {means['best']} where what changes most is asked first, {means['fixed']} in the battery's own order."


def _points(values: Sequence[float], most: int) -> list[str]:
    return ["{},{}".format(*_at(number, value, most)) for number, value in enumerate(values)]


def _at(number: int, value: float, most: int) -> tuple[float, float]:
    return round(_LEFT + _X * number / most, 1), round(_TOP + _Y * (1 - value), 1)


def table(found: Mapping[str, Any]) -> str:
    """The numbers in steps of five questions, as Markdown."""
    rows = [
        "| Questions | Best order | Battery's order | Best order, supported alone | Battery's order, supported alone |",
        "|---|---|---|---|---|",
    ]
    for number in range(0, found["questions"] + 1, 5):
        cells = [f"{found[what][order]['mean'][number]:.2f}" for what in ("statuses", "supported") for order in ORDERS]
        rows.append(f"| {number} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    with ProcessPoolExecutor() as pool:
        found = measured(BATTERY, given.seed, given.patients, load_knowledge(), pool.map)
    if (given.patients, given.seed) == (PATIENTS, SEED):
        (ROOT / "benchmarks" / "interview.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (ROOT / "docs" / "interview.svg").write_text(figure(found), encoding="utf-8")
    print(table(found))
    print(f"\nNothing more would change the answer after {found['settled_after']} questions.")


if __name__ == "__main__":
    main()
