"""A program that saves cases and is killed, or finds the disk full: what it acknowledged must be there.

    python tests/saver.py kill FILE TIMES    kills a saving process TIMES times at random moments
    python tests/saver.py fill FILE BYTES    saves until no file may grow beyond BYTES

Each prints one JSON object with what happened. It forks, so that the engine is imported once (not on Windows).
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import time
from typing import Any

from expert.cases import case_from_mapping
from expert.errors import StoreError, UnknownSaved
from expert.store import Store

MOST = 4  # lines that are awaited before a kill
LONGEST = 0.02  # seconds from there to the kill
CASE = case_from_mapping({"findings": [{"name": "hip drop", "side": "right"}], "notes": "x" * 3000})
ANSWER = {"knowledge": {"sha256": "ab" * 32}, "told": [os.urandom(9).hex() for _ in range(300)]}


def save_on(path: str, out: int) -> None:
    """Save until killed; an id is written only after `save` has returned. Three of four are further visits, and some are deleted."""
    store, person = Store(path), ""
    for turn in range(1_000_000):
        visit = store.save(CASE, ANSWER, **({"person": person} if turn % 4 else {"label": f"person of turn {turn}"}))
        person = visit.person
        os.write(out, f"{visit.id}\n".encode())
        if turn % 4 == 2:
            os.write(out, f"-{visit.id}\n".encode())  # from here on it may be there or not
            store.delete_visit(visit.id)


def one_kill(path: str, chance: random.Random) -> list[str]:
    """Start a saving process, kill it at a random moment, and give what it acknowledged and did not begin to delete."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            save_on(path, writing)
        finally:
            os._exit(70)  # only a kill is expected
    os.close(writing)
    with os.fdopen(reading) as told:
        lines = [told.readline() for _ in range(chance.randrange(MOST + 1))]
        time.sleep(chance.uniform(0, LONGEST))
        os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, 0)[1]
        lines = [line[:-1] for line in (*lines, *told) if line.endswith("\n")]
    assert os.WIFSIGNALED(ended), "the saving process ended by itself"
    doubtful = {line[1:] for line in lines if line.startswith("-")}
    return [line for line in lines if line not in doubtful and not line.startswith("-")]


def kill(path: str, times: int, seed: int = 5) -> dict[str, Any]:
    """The file is opened as it was left, without help, after every kill."""
    chance, store = random.Random(seed), Store(path)  # noqa: S311 - when to kill is no secret
    acknowledged: list[str] = []
    faults: list[str] = []
    for _ in range(times):
        acknowledged += one_kill(path, chance)
        faults += store.check()
    lost = [i for i in acknowledged if not _is_there(store, i)]
    return {"kills": times, "acknowledged": len(acknowledged), "lost": lost, "faults": faults}


def _is_there(store: Store, id: str) -> bool:
    try:
        return store.visit(id).case == CASE.document.data
    except UnknownSaved:
        return False


def fill(path: str, limit: int) -> dict[str, Any]:
    """Save until the system refuses to let a file grow: an error of the write itself, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    store, acknowledged = Store(path), []
    try:
        for turn in range(10_000):
            acknowledged.append(store.save(CASE, ANSWER, label=f"person {turn}").id)
    except StoreError as error:
        there = len(store.persons())
        return {"acknowledged": acknowledged, "said": str(error), "there": there}
    return {"acknowledged": acknowledged, "said": "", "there": 0}


if __name__ == "__main__":
    what, file, number = sys.argv[1:]
    sys.stdout.write(json.dumps({"kill": kill, "fill": fill}[what](file, int(number))) + "\n")
