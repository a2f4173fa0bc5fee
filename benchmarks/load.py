"""Twenty people at once: requests to a running `myologic serve`, each answer held to the offline answer for that very case.

    python benchmarks/load.py            # 20 users, 2,000 requests in all; writes benchmarks/load.json
    python benchmarks/load.py --requests 200 --users 5 --no-save

Every user has its own connection and its own order of requests; the mix is half assessments, a quarter "why?", a quarter "what next?",
over different cases. A request that is refused for overload (503) is counted and sent again after the time that the server asks for.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from expert import Assessment, assess, case_from_mapping, load_case, load_knowledge
from expert.stored import stored_cases

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "benchmarks" / "load.json"
CASES = 40
MIX = ("assess", "assess", "why", "next")


@dataclass(frozen=True)
class Request:
    """What is sent, and what the answer must be (its digest)."""

    path: str
    body: bytes
    digest: str


@dataclass
class Seen:
    """What all users saw together."""

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    errors: list[str] = field(default_factory=list)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def requests() -> list[Request]:
    """Every question of the mix about every case, answered offline."""
    knowledge = load_knowledge()
    told = [load_case(p) for p in sorted((ROOT / "examples").glob("*.yaml"))]
    stored = stored_cases()
    told += [case_from_mapping(one.case) for one in stored[:: len(stored) // (CASES - len(told))]]
    made: list[Request] = []
    for number, case in enumerate(told[:CASES]):
        data = {**case.shape.model_dump(mode="json", exclude_defaults=True), "case_id": f"load-{number}"}
        data.setdefault("findings", [])
        answer = assess(data, knowledge)
        made += [_request(kind, data, answer) for kind in dict.fromkeys(MIX) if kind != "why" or answer.hypotheses]
    return made


def _request(kind: str, case: dict[str, Any], answer: Assessment) -> Request:
    offline = {"assess": answer.to_json, "why": lambda: answer.why().to_json(), "next": lambda: answer.next_tests().to_json()}[kind]()
    body = case if kind == "assess" else {"case": case}
    return Request(f"/v1/{kind}", json.dumps(body).encode(), digest(offline.encode()))


@contextmanager
def server(*options: str) -> Iterator[tuple[int, int]]:
    """A server of its own on a free port: (port, process id)."""
    command = [sys.executable, "-m", "expert.cli", "serve", "--port", "0", *options]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        assert running.stdout is not None
        said = re.search(r"http://127\.0\.0\.1:(\d+)/", running.stdout.readline())
        assert said, "the server did not say where it listens"
        yield int(said[1]), running.pid
    finally:
        running.terminate()
        running.wait(20)


def resident(process: int) -> float:
    """Memory of a process in MB; 0 where the system does not tell."""
    status = Path(f"/proc/{process}/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return round(int(found[1]) / 1024, 1) if found else 0.0


def user(port: int, mine: list[Request], seen: Seen) -> None:
    """One person's requests, one after the other, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for request in mine:
        begun = time.perf_counter()
        try:
            status, body = sent(connection, request, seen)
        except OSError as error:
            with seen.lock:
                seen.errors.append(type(error).__name__)
            connection.close()
            continue
        with seen.lock:
            seen.seconds.append(time.perf_counter() - begun)
            if status != 200:
                seen.errors.append(f"status {status}")
            elif digest(body) != request.digest:
                seen.wrong += 1


def sent(connection: http.client.HTTPConnection, request: Request, seen: Seen) -> tuple[int, bytes]:
    """The answer; what is refused for overload waits as long as it is told to."""
    while True:
        connection.request("POST", request.path, request.body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 503:
            return answer.status, body
        with seen.lock:
            seen.refused += 1
        time.sleep(float(answer.headers["Retry-After"]))


def load(users: int, count: int, every: list[Request], port: int) -> tuple[Seen, float]:
    """All users at once; how long it took."""
    draw = random.Random(1)  # noqa: S311  # an order, no secret
    kinds = [f"/v1/{kind}" for kind in MIX]
    pools = {path: [r for r in every if r.path == path] for path in dict.fromkeys(kinds)}
    share = [count // users + (number < count % users) for number in range(users)]
    plans = [[draw.choice(pools[draw.choice(kinds)]) for _ in range(many)] for many in share]
    seen = Seen()
    threads = [threading.Thread(target=user, args=(port, plan, seen)) for plan in plans]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen, time.perf_counter() - begun


def measured(users: int, count: int) -> dict[str, Any]:
    """The figures of one run."""
    every = requests()
    with server() as (port, process):
        load(users, min(200, count), every, port)  # each thread builds its engine once
        before = resident(process)
        seen, took = load(users, count, every, port)
        after = resident(process)
    in_order = sorted(seen.seconds) or [0.0]

    def share(percent: int) -> float:
        return round(1000 * in_order[min(len(in_order) - 1, len(in_order) * percent // 100)], 1)

    return {
        "users": users, "requests": count, "different": len(every), "errors": len(seen.errors), "wrong_answers": seen.wrong,
        "refused_and_sent_again": seen.refused, "requests_a_second": round(len(seen.seconds) / took, 1),
        "ms": {"mean": round(1000 * statistics.fmean(in_order), 1), "p50": share(50), "p95": share(95), "p99": share(99)},
        "rss_mb": {"before": before, "after": after},
        "on": {"python": platform.python_version(), "cores": os.cpu_count(), "load_average": round(os.getloadavg()[0], 1)},
    }  # fmt: skip


def main() -> int:
    """Measure, print, keep. Fails where a request fails or an answer is another's."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--users", type=int, default=20)
    asked.add_argument("--requests", type=int, default=2000, help="of all users together")
    asked.add_argument("--no-save", action="store_true", help="do not write benchmarks/load.json")
    told = asked.parse_args()
    figures = measured(told.users, told.requests)
    print(json.dumps(figures, indent=2))
    if not told.no_save:
        KEPT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 1 if figures["errors"] or figures["wrong_answers"] else 0


if __name__ == "__main__":
    sys.exit(main())
