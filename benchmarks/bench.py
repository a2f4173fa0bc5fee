"""How long one assessment takes, against a yardstick measured in the same minute, and against the committed baseline.

Milliseconds inform; ratios decide. The yardstick is a fixed piece of plain Python, so that a slow or busy machine slows both.
Run: make bench            (or: python benchmarks/bench.py [--save] [--quick])
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import expert
from expert.inference import experta_door
from expert.model import Knowledge, Program, RuleBase

HERE = Path(__file__).parent
BASELINE = HERE / "baseline.json"
EXAMPLE = HERE.parent / "examples" / "runner.yaml"

FINDINGS = [
    "hip drop:right:running", "hip drop:right:single-leg squat", "knee valgus:left:squat", "shoulder hike:right:overhead reach",
    "rounded shoulders:right", "forward head", "anterior pelvic tilt", "low back arch:squat", "foot pronation:left:squat",
    "heel rise:left:squat", "dorsiflexion limited:left", "trunk lean:left:running",
]  # fmt: skip
MORE = [
    "knee valgus:right:squat", "foot turn out:left:squat", "foot turn out:right:squat", "heel rise:right:squat", "kyphosis",
    "foot pronation:right:squat", "forward lean:squat", "arms fall forward:overhead squat", "weight shift:left:squat", "lordosis",
    "head tilt:left", "shoulder high:right", "hip abduction weak:left", "hip extension weak:left", "hamstrings short:left",
    "hamstrings short:right", "hip flexors short:left", "hip flexors short:right", "dorsiflexion limited:right", "flat back",
    "scapular winging:left", "scapular tipping:right", "head turn:right", "rounded shoulders:left", "knee varus:right:lunge",
    "iliotibial band short:left", "rectus femoris short:left", "serratus weak:left",
]  # fmt: skip


def main() -> None:
    """Measure, print the tables, and say how the ratios stand to the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true", help="write these ratios as the baseline")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no growth table, no processes")
    options = parser.parse_args()
    rounds = 7 if options.quick else 25
    knowledge = expert.load_knowledge()
    engines = ["native", *(["experta"] if experta_door.installed() else [])]
    ratios = {}
    print(f"12 findings, {len(knowledge.rulebase.rules)} rules, everything included\n")
    print("| engine | median ms | least ms | yardsticks | against the baseline |\n|---|---|---|---|---|")
    known = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    for engine in engines:
        case = expert.case_from_quick(FINDINGS)
        times = measured(lambda case=case, engine=engine: expert.assess(case, knowledge, engine), rounds)
        ratios[engine] = round(statistics.median(t / y for t, y in times), 2)
        milliseconds = [1000 * t for t, _ in times]
        against = f"x{ratios[engine] / known[engine]:.2f}" if engine in known else "none yet"
        print(f"| {engine} | {statistics.median(milliseconds):.1f} | {min(milliseconds):.1f} | {ratios[engine]} | {against} |")
    print(f"\nPeak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    if not options.quick:
        growth(knowledge, engines)
        processes(engines)
        where_it_goes(engines)
    if options.save:
        BASELINE.write_text(json.dumps(ratios, indent=2) + "\n")
        print(f"\nwrote {BASELINE.name}")


def yardstick() -> float:
    """Seconds that a fixed piece of work takes: tuples, dictionaries, sorting, as the product does."""
    start = time.process_time()
    table: dict[tuple[int, str], int] = {}
    for number in range(6000):
        table[number % 997, "side"] = table.get((number % 991, "side"), 0) + number
    sorted(table.items(), key=lambda entry: (-entry[1], entry[0]))
    return time.process_time() - start


def measured(work: Callable[[], object], rounds: int) -> list[tuple[float, float]]:
    """(seconds of work, seconds of the yardstick right before it), after two warm-up calls. Processor time, not the clock's."""
    work(), work()
    found = []
    for _ in range(rounds):
        pace = yardstick()
        start = time.process_time()
        work()
        found.append((time.process_time() - start, pace))
    return found


def growth(knowledge: Knowledge, engines: list[str]) -> None:
    """How the time of inference grows with rules and findings. The vocabulary grows with the rules, as it would in life."""
    print("\nGrowth, in yardsticks (a whole assessment)\n")
    print("| engine | rules | 5 findings | 12 | 40 |\n|---|---|---|---|---|")
    for engine in engines:
        for times in (1, 3, 10):
            larger = multiplied(knowledge, times)
            cells = []
            for findings in (FINDINGS[:5], FINDINGS, FINDINGS + MORE):
                case = expert.case_from_quick(findings)
                found = measured(lambda case=case, larger=larger, engine=engine: expert.assess(case, larger, engine), 7)
                cells.append(f"{statistics.median(t / y for t, y in found):.1f}")
            print(f"| {engine} | {times}x | {' | '.join(cells)} |")


def multiplied(knowledge: Knowledge, times: int) -> Knowledge:
    """The same rules, and times - 1 copies of them about findings that no case has."""
    programs = {}
    for stage, program in knowledge.rulebase.programs.items():
        copies = [
            replace(v, rule=f"{v.rule}.copy{n}", derives="", terms=tuple(replace(t, name=f"{t.name}-copy{n}") for t in v.terms))
            for n in range(1, times)
            for v in program.variants
            if all(t.name for t in v.terms)
        ]
        programs[stage] = Program(tuple(sorted((*program.variants, *copies))))
    return Knowledge(knowledge.kb, RuleBase(knowledge.rulebase.rules, programs))


def processes(engines: list[str]) -> None:
    """Whole processes: `myologic assess examples/runner.yaml --json`, with the cache and on the first run."""
    print("\nAs a process (wall seconds, median of 5; these depend on the machine)\n")
    print("| engine | with the cache | first run |\n|---|---|---|")
    command = [sys.executable, "-m", "expert.cli", "assess", str(EXAMPLE), "--json"]
    for engine in engines:
        with tempfile.TemporaryDirectory() as cache:
            once(command, engine, cache)
            warm = statistics.median(once(command, engine, cache) for _ in range(5))
        first = []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as cache:
                first.append(once(command, engine, cache))
        print(f"| {engine} | {warm:.2f} | {statistics.median(first):.2f} |")


WHERE = """
import sys, time
start = time.perf_counter()
import expert.cli, networkx, expert
imported = time.perf_counter()
knowledge = expert.load_knowledge()
loaded = time.perf_counter()
expert.assess(sys.argv[1], knowledge, sys.argv[2]).to_json()
print(f"{imported - start:.2f} | {loaded - imported:.2f} | {time.perf_counter() - loaded:.2f}")
"""


def where_it_goes(engines: list[str]) -> None:
    """The parts of one process with the cache: imports, knowledge, the first assessment (building the engine and the graph)."""
    print("\n| engine | imports, s | knowledge, s | first assessment, s |\n|---|---|---|---|")
    for engine in engines:
        command = [sys.executable, "-c", WHERE, str(EXAMPLE), engine]
        told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent).stdout.strip()
        print(f"| {engine} | {told} |")


def once(command: list[str], engine: str, cache: str) -> float:
    """Wall seconds of one process."""
    start = time.perf_counter()
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    subprocess.run([*command, "--engine", engine], check=True, stdout=subprocess.DEVNULL, env=environment, cwd=HERE.parent)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
