"""An answer arranged for reading: what is the same is told once, keys become names, lists are cut, labels of the body are placed.

Data in, data out: the words that join them stand in reports/templates/.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from expert.model import AXIS_OF, LEVELS, KnowledgeBase, Tree, mirrored
from expert.words import short


def arranged(a: Tree, kb: KnowledgeBase, top: int) -> Tree:
    """What the templates show beside the answer itself: numbered rows, words for keys, groups of causes, steps of the plan."""
    names = _Names(a, kb)
    lists = _lists(a["hypotheses"], names, top)
    _tell_steadiness(lists, a["uncertainty"])
    return {
        "names": names,
        "lists": lists,
        "shown": [row for each in lists.values() for row in each["rows"]],
        "contradicted": _contradicted(a["contradicted"], names),
        "unsuspected": sum(not _was_asked(h, names) for h in a["contradicted"]),
        "unsteady": _unsteady(lists, a["uncertainty"]),
        "drivers": _drivers(a, names),
        "disputes": _disputes(a["conflicts"]),
        "insufficient": sum(h["status"] == "insufficient" for h in a["hypotheses"]),
        "seen": names.things([i["key"] for i in a["inputs"]["used"]]),
        "half_met": [h for h in a["referral"]["half_met"] if h["level"] in ("emergency", "urgent")],
        "unasked": _unasked(a["referral"]["not_asked"], kb),
        "causes": _causes(a["causes"], names),
        "beside": sorted(a["causes"], key=itemgetter("grade"))[:3],
        **_plan(a["plan"]["phases"]),
        "again": names.things(item["key"] for item in (a["plan"].get("reassess") or {}).get("look_at", ())),
        "strata": lambda: _strata(a["trace"], names),
        "starts": _starts(a["predicted"][:top], kb),
    }




class _Names:
    """Keys of the answer (`hip-drop:right:running`, `soleus:left:shortened`, `pattern:layer`) as things with names."""

    def __init__(self, a: Tree, kb: KnowledgeBase) -> None:
        self.kb = kb
        self.items = {i["key"]: i for i in a["inputs"]["used"]}
        self.known: dict[str, Tree] = {}

    def thing(self, key: str) -> Tree:
        """One key as {name, short, side, task, state, present ...}; what is not known by name keeps its key."""
        if key not in self.known:
            thing = self._thing(key)
            self.known[key] = {**thing, "short": short(thing["name"])}
        return self.known[key]

    def _thing(self, key: str) -> Tree:
        item = self.items.get(key)
        kb, (first, *rest) = self.kb, key.split(":")
        if item is not None:
            task = kb.tasks[item["task"]].name if item["task"] else ""
            return {**item, "task": task, "state": "", "stated": True}
        if first == "pattern" and rest:
            first, *rest = rest
        known = next((t[first].name for t in (kb.muscles, kb.groups, kb.nodes, kb.patterns, kb.findings, kb.measures) if first in t), first)
        side = next((r for r in rest if r in ("left", "right", "both")), "midline")
        state = next((r for r in rest if r in AXIS_OF), "")
        task = next((kb.tasks[r].name for r in rest if r in kb.tasks), "")
        return {"key": key, "name": known, "side": side, "task": task, "state": state, "present": True, "stated": False}

    def things(self, keys: Iterable[str]) -> list[Tree]:
        """Keys as things, each once; left and right of the same thing are one, on both sides."""
        found: dict[tuple[Any, ...], Tree] = {}
        for thing in map(self.thing, keys):
            same = (thing["name"], thing["task"], thing["state"], thing["present"], thing.get("severity"), thing.get("painful"))
            other = found.get((*same, mirrored(thing["side"]))) if thing["side"] in ("left", "right") else None
            if other is not None and other["side"] != thing["side"]:
                other["side"] = "both"
            else:
                found.setdefault((*same, thing["side"]), dict(thing))
        return list(found.values())

    def place(self, key: str) -> Tree:
        """A key of a state (`soleus:left:shortened`, `pelvis-drop:right`, a cause) as a place of the body."""
        first = key.split(":")[0]
        if first in self.kb.causes and first not in self.kb.nodes and first not in self.kb.muscles:
            return {"kind": "cause", "name": self.kb.causes[first].title, "side": self.thing(key)["side"], "state": "present"}
        thing = self.thing(key)
        return {"kind": "muscle" if first in self.kb.muscles else "node", **{k: thing[k] for k in ("name", "side", "state")}}

    def title(self, rule: str) -> str:
        """What a rule or pattern is called."""
        return self.kb.title(rule)

    def muscles(self, ids: Sequence[str]) -> str:
        """Muscles in words, the first few of many: "Gluteus medius, Piriformis, Soleus and 3 others"."""
        named = [self.kb.muscles[i].name for i in ids]
        return ", ".join(named) if len(named) <= 4 else f"{', '.join(named[:3])} and {len(named) - 3} others"

    def asked(self, ids: Sequence[str], most: int = 6) -> str:
        """What has yet to be asked, in words."""
        named = [self.kb.findings[i].name if i in self.kb.findings else i for i in ids]
        told = [name if name[1:2].isupper() else name[:1].lower() + name[1:] for name in named]
        return ", ".join(told[:most]) + (f" and {len(told) - most} more" if len(told) > most else "")

    def source(self, name: str) -> str:
        """The title of a source."""
        return self.kb.sources[name].title if name in self.kb.sources else name


def _lists(hypotheses: Sequence[Tree], names: _Names, top: int) -> dict[str, Tree]:
    """The rows of each status, what is the same in one row, cut at `top` and numbered through."""
    lists: dict[str, Tree] = {}
    number = 0
    for status in ("supported", "possible", "contested"):
        heaps = _paired(_alike([h for h in hypotheses if h["status"] == status]))
        rows = []
        for heap in heaps[:top]:
            number += 1
            row, *rival = (_row(side, pairs, names) for side, pairs in heap)
            rows.append({**row, "number": number, "rival": rival[0] if rival else None})
        lists[status] = {"rows": rows, "more": len(heaps[top:]), "muscles": sum(len(heap[0][1]) for heap in heaps[top:])}
    return lists


_Heap = tuple[str, list[list[Tree]]]  # a side and, for each muscle, its one or two hypotheses
_SHEET = ("axis", "state", "status", "held", "points", "points_for", "points_against", "confidence")


def _alike(hypotheses: Iterable[Tree]) -> list[_Heap]:
    """What makes one row: the two sides of a muscle with mirrored balance sheets, and muscles with one and the same balance sheet."""
    sides: dict[tuple[Any, ...], list[Tree]] = defaultdict(list)
    for h in hypotheses:
        pieces = [(_sheet_line(h["side"], e), e) for e in h["evidence"]]
        pieces.sort(key=itemgetter(0))
        key = (h["muscle"], *(h[k] for k in _SHEET), tuple(sheet for sheet, _ in pieces))
        sides[key].append({**h, "evidence": [e for _, e in pieces]})
    alike: dict[tuple[Any, ...], list[list[Tree]]] = defaultdict(list)
    for (_, *sheet), pair in sides.items():
        alike["both" if len(pair) == 2 else pair[0]["side"], *sheet].append(pair)
    return [(side, pairs) for (side, *_), pairs in alike.items()]


def _paired(heaps: Iterable[_Heap]) -> list[list[_Heap]]:
    """Contested rows in twos: the weaker of the two states of an axis goes with the stronger one. Others stay alone."""
    kept: dict[tuple[Any, ...], list[_Heap]] = defaultdict(list)
    for number, (side, pairs) in enumerate(heaps):
        first = pairs[0][0]
        about = (tuple(sorted(p[0]["muscle"] for p in pairs)), side, first["axis"])
        whole = first["status"] == "contested" and len(kept.get(about, ())) < 2
        kept[about if whole else (number,)].append((side, pairs))
    return list(kept.values())


def _sheet_line(side: str, piece: Tree) -> tuple[Any, ...]:
    """One line of a balance sheet as it is compared and sorted: what weighs most comes first, for or against."""
    findings = _seen_from(side, piece["findings"])
    return (-abs(piece["points"]), piece["points"] < 0, piece["rule"], piece["channel"], findings, piece["because"])


def _seen_from(side: str, keys: Iterable[str]) -> tuple[str, ...]:
    """Keys with `left` and `right` told from a side, sorted: equal for mirror images."""
    turn = {side: "same", mirrored(side): "other"} if side in ("left", "right") else {}
    return tuple(sorted(":".join(turn.get(part, part) for part in key.split(":")) for key in keys))


def _row(side: str, pairs: Sequence[Sequence[Tree]], names: _Names) -> Tree:
    """One row from all hypotheses it stands for."""
    first = pairs[0][0]
    evidence, every = [], dict[str, None]()
    for number, piece in enumerate(first["evidence"]):
        keys = [key for h in pairs[0] for key in h["evidence"][number]["findings"]]
        every |= dict.fromkeys(keys if piece["points"] else ())
        evidence.append({**piece, "things": names.things(keys)})
    amounts = {"direct_for": 0.0, "inferred_for": 0.0, "direct_against": 0.0, "inferred_against": 0.0}
    for piece in evidence:
        amounts[f"{piece['channel']}_{'for' if piece['points'] > 0 else 'against'}"] += abs(piece["points"])
    told = amounts["direct_against"] + amounts["inferred_against"]
    return {
        **first, **amounts, "side": side, "muscles": [pair[0]["muscle"] for pair in pairs], "parts": _parts(pairs, names.kb),
        "evidence": evidence, "things": names.things(every), "rivals": max(0.0, round(first["points_against"] - told, 3)),
    }  # fmt: skip


def _parts(pairs: Sequence[Sequence[Tree]], kb: KnowledgeBase) -> list[Tree]:
    """Muscles as people speak of them: a group that came whole (or but for one) by its name, the others one by one."""
    came: dict[str, list[Tree]] = defaultdict(list)
    for pair in pairs:
        via = next((e["via"] for e in pair[0]["evidence"] if e["via"] in kb.groups), "")
        came[via or pair[0]["muscle"]].append(pair[0])
    parts: list[Tree] = []
    for via, members in came.items():
        every = kb.groups[via].members if via in kb.groups else ()
        missing = [kb.muscles[m].name for m in every if m not in {h["muscle"] for h in members}]
        if len(members) > 1 and len(missing) <= (len(members) > 3):
            ids = [h["muscle"] for h in members]
            parts.append({"name": kb.groups[via].name, "count": len(ids), "muscles": ids, "but": missing})
        else:
            parts += [{"name": h["name"], "count": 1, "muscles": [h["muscle"]], "but": []} for h in members]
    return parts


def _unasked(flags: Iterable[str], kb: KnowledgeBase) -> list[Tree]:
    """Flags that could not be decided, by level, the gravest first."""
    grouped: dict[str, list[str]] = {level: [] for level in LEVELS}
    for flag in flags:
        if flag in kb.flags:
            grouped[kb.flags[flag].level].append(flag)
    return [{"level": level, "ids": ids, "titles": [kb.flags[i].title for i in ids]} for level, ids in grouped.items() if ids]


def _contradicted(states: Sequence[Tree], names: _Names) -> list[Tree]:
    """What is contradicted and had been suspected, by evidence or by somebody who tested for it."""
    asked = [s for s in states if _was_asked(s, names)]
    return [{**_row(side, pairs, names), "rival": None} for side, pairs in _alike(asked)]


def _was_asked(state: Tree, names: _Names) -> bool:
    """Whether something speaks for a contradicted state, or a test of it was stated and found nothing."""
    tested = any(not names.thing(key)["present"] for e in state["evidence"] if e["points"] < 0 for key in e["findings"])
    return bool(state["points_for"]) or tested


def _tell_steadiness(lists: Mapping[str, Tree], uncertainty: Tree) -> None:
    """Every row with how steady it is: what is said of the first of the hypotheses it stands for is true of all of them."""
    told = {(h["muscle"], h["side"], h["state"]): h for h in uncertainty["stability"]["hypotheses"]}
    for row in (row for each in lists.values() for row in each["rows"]):
        side = "left" if row["side"] == "both" else row["side"]
        row["steady"] = told.get((row["muscles"][0], side, row["state"]))


def _unsteady(lists: Mapping[str, Tree], uncertainty: Tree) -> list[Tree]:
    """Supported rows that lose their status in a fifth of the drawings or more."""
    drawings = uncertainty["stability"]["drawings"]
    return [row for row in lists["supported"]["rows"] if row["steady"] and 5 * row["steady"]["status_kept"] <= 4 * drawings]


def _drivers(a: Tree, names: _Names) -> list[Tree]:
    """The sets of drivers with everything they name in words."""
    known = {_state_key(d): d for d in a["drivers"]}
    sets = []
    for one in a["driver_sets"]:
        instead = {entry["of"]: entry["could_be"] for entry in one["instead"]}
        drivers = [{**known[key], "instead": [names.place(other) for other in instead.get(key, ())]} for key in one["drivers"]]
        accounts = [{**d, "explains": names.things(d["explains"]), "leaves": names.things(d["leaves"])} for d in drivers]
        sets.append({"drivers": accounts, "explains": names.things(one["explains"]), "leaves": names.things(one["leaves"])})
    return sets


def _state_key(state: Tree) -> str:
    side = "" if state["side"] == "midline" else f":{state['side']}"
    return f"{state['id']}{side}" + ("" if state["state"] == "present" else f":{state['state']}")


def _disputes(conflicts: Iterable[Tree]) -> list[Tree]:
    """Claims that dispute each other, gathered about the one that disputes most of the others."""
    left = list(conflicts)
    claims = {claim["rule"]: claim for c in left for claim in c["claims"]}
    found = []
    while left:
        counts = Counter(rule for c in left for rule in c["between"])
        one = min(counts, key=lambda rule: (-counts[rule], rule))
        here = [c for c in left if one in c["between"]]
        left = [c for c in left if one not in c["between"]]
        others = [claims[rule] for c in here for rule in c["between"] if rule != one]
        muscles = list(dict.fromkeys(m for c in here for m in c["muscles"]))
        found.append({"one": claims[one], "others": others, "muscles": muscles})
    return found


def _causes(causes: Iterable[Tree], names: _Names) -> list[Tree]:
    """Other explanations, gathered under what they explain: what explains most together comes first, and the best graded of it."""
    about: dict[tuple[str, ...], list[Tree]] = defaultdict(list)
    for cause in causes:
        about[tuple(cause["from"])].append(cause)
    groups = sorted(about.items(), key=lambda group: -len({key.split(":")[0] for key in group[0]}))
    return [{"things": names.things(keys), "causes": sorted(found, key=itemgetter("grade"))} for keys, found in groups]


def _plan(phases: Iterable[Tree]) -> Tree:
    """Phases in which the same thing to do is said once, and the sets of muscles it is said for, lettered where they are long."""
    sets: dict[tuple[tuple[str, str], ...], Tree] = {}
    told = []
    for phase in phases:
        same: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        sources: dict[tuple[str, str], list[str]] = {}
        examples: dict[tuple[str, str], dict[str, Tree]] = defaultdict(dict)
        for item in phase["items"]:
            key = (item["do"], item["because"])
            sources.setdefault(key, item["sources"])
            for exercise in item.get("exercises", ()):
                examples[key].setdefault(exercise["id"], {**exercise, "muscles": {}})["muscles"][item["name"]] = None
            known = same[key].get(item["name"], item["side"])
            same[key][item["name"]] = known if known == item["side"] else "both"
        steps = []
        for (do, because), muscles in same.items():
            listed = [{"name": name, "side": side} for name, side in muscles.items()]
            one = sets.setdefault(tuple(muscles.items()), {"muscles": listed, "named": len(listed) > 2})
            shown = [{**e, "muscles": list(e["muscles"])} for e in examples[do, because].values()]
            steps.append({"do": do, "because": because, "sources": sources[do, because], "set": one, "exercises": shown})
        told.append({**phase, "items": steps})
    for number, one in enumerate(s for s in sets.values() if s["named"]):
        one["letter"] = chr(ord("A") + number) if number < 26 else f"A{number}"
    return {"phases": told, "sets": list(sets.values())}


def _starts(predicted: Iterable[Tree], kb: KnowledgeBase) -> list[Tree]:
    """Predictions by where they start, each with the kinds of its links and, once, the chains of which it walks two links."""
    starts: dict[tuple[str, ...], Tree] = {}
    said: set[str] = set()
    for prediction in predicted:
        start, *steps = prediction["path"]
        links = {step["link"] for step in steps}
        told = {
            **prediction, "steps": [{**s, "of": kb.link_kinds[kb.link(s["link"]).kind] if s["link"] else None} for s in steps],
            "chains": [c for c in kb.chains.values() if len(links & set(c.steps)) >= 2 and c.id not in said],
        }  # fmt: skip
        said |= {c.id for c in told["chains"]}
        key = (start["kind"], start["id"], start["side"], start["state"])
        starts.setdefault(key, {"start": start, "predicted": []})["predicted"].append(told)
    return list(starts.values())


def _strata(trace: Iterable[Tree], names: _Names) -> list[Tree]:
    """The trace by stratum, premises and conclusions as things; conclusions of one kind together."""
    strata: dict[int, list[Tree]] = defaultdict(list)
    for line in trace:
        drawn: dict[tuple[bool, str, str], list[Tree]] = defaultdict(list)
        for text in filter(None, line["conclusion"].split(", ")):
            thing = names.thing(text.removeprefix("not "))
            drawn[text.startswith("not "), thing["side"], thing["state"]].append(thing)
        conclusions = [{"against": k[0], "side": k[1], "state": k[2], "things": found} for k, found in drawn.items()]
        strata[line["stratum"]].append({**line, "things": names.things(line["premises"]), "drawn": conclusions})
    return [{"stratum": number, "lines": lines} for number, lines in sorted(strata.items())]


# --- the labels of the body picture --------------------------------------------------------------------------------------------------

_GAP = 20.5  # between two labels
_TOP, _BOTTOM = 30.0, 452.0


def placed(rows: Iterable[Tree], spots: Mapping[str, Any], kb: KnowledgeBase) -> dict[str, list[Tree]]:
    """Where marks and labels of the body picture go, by view. `spots`: muscle or region -> (view, x from the midline, y).

    Coordinates have the midline at 0. In the front view the patient's left is on the viewer's right, in the back view on the left.
    """
    marks: dict[tuple[str, float, float], list[Tree]] = defaultdict(list)
    for row in rows:
        for part in row["parts"]:
            at = [spots.get(m) or spots[kb.muscles[m].region] for m in part["muscles"]]
            at = [spot for spot in at if spot[0] == at[0][0]]
            x, y = (round(sum(spot[n] for spot in at) / len(at), 1) for n in (1, 2))
            for side in ("left", "right") if row["side"] == "both" else (row["side"],):
                outward = x if (side == "left") == (at[0][0] == "front") else -x
                if row not in marks[at[0][0], outward, y]:
                    marks[at[0][0], outward, y].append(row)
    views: dict[str, list[Tree]] = {"front": [], "back": []}
    for view, labels in views.items():
        for sign in (-1, 1):
            here = sorted((y, x * sign) for v, x, y in marks if v == view and x * sign > 0)
            for (y, x), label in zip(here, _spread([y for y, _ in here]), strict=True):
                labels.append({"x": x * sign, "y": y, "sign": sign, "label": label, "rows": marks[view, x * sign, y]})
    return views


def _spread(wanted: Sequence[float]) -> list[float]:
    """Heights (sorted) moved apart to keep their distance, and back up where the last would leave the picture."""
    heights: list[float] = []
    for y in wanted:
        heights.append(max(y, heights[-1] + _GAP if heights else _TOP))
    limit = _BOTTOM
    for n in range(len(heights) - 1, -1, -1):
        heights[n] = min(heights[n], limit)
        limit = heights[n] - _GAP
    return [round(y, 1) for y in heights]
