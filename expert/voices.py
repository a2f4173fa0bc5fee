"""The report for another reader: the person concerned, a class, a colleague. One document, the contract's; another order and other words.

Data in, data out: what each reader needs of the answer, in the order in which it is read. The words stand in reports/templates/voice-*.j2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from expert.arrange import arranged
from expert.errors import UsageError
from expert.formats import Asking, CaseFile
from expert.model import KnowledgeBase, Tree
from expert.plan import ADULT
from expert.reading import did_you_mean
from expert.render import report as clinician
from expert.render import voice as spoken

VOICES = ("clinician", "client", "teaching", "letter")
PARTS = ("full", "worksheet", "key")
_BEFORE_A_DOCTOR = ("emergency", "urgent", "soon")  # levels at which a client is given no exercise
_UNKNOWN = {"strength-test": "strength", "length-test": "length"}  # what a test that hurt leaves unknown
_LIMBS = {"legs": ("hip", "thigh", "knee", "leg", "ankle", "foot"), "arms": ("shoulder", "arm", "elbow", "forearm", "wrist", "hand")}
_IN_A_STEP = 2  # exercises of one step that a client reads
_IN_ALL = 5  # and that are described to him at all
_TO_ASK = 3  # questions that a class is to put first
_TOLD = 3  # statements about muscles that he reads
_IN_A_LETTER = {"findings": 8, "measured": 5, "muscles": 4, "causes": 4, "flags": 2, "near": 4, "others": 5, "asked": 12}


def report(
    voice: str, answer: Tree, kb: KnowledgeBase, case: CaseFile | None = None, format: str = "txt", part: str = "full", **options: Any
) -> str:
    """The report in a voice, as txt, md or html. `answer`: the contract's data. `case`: as given, for the person's name, age and sex.

    `part` belongs to teaching: the worksheet without answers, its marking key, or the full reasoning. Raises UsageError.
    """
    _known("voice", voice, VOICES)
    _known("part", part, PARTS)
    if part != "full" and voice != "teaching":
        raise UsageError(f"the part '{part}' belongs to the voice teaching")
    if voice == "clinician":
        return clinician(answer, kb, format, **options)
    whose = {"person": _person(case), "case_id": answer["case_id"], "knowledge": answer["knowledge"]}
    data = {**_VOICES[voice](answer, kb), **whose, "part": part}
    return spoken(voice, data, kb, format, **options)


def _known(what: str, word: str, words: Sequence[str]) -> None:
    if word not in words:
        raise UsageError(f"unknown {what} '{word}'{did_you_mean(word, words)}; it is one of {', '.join(words)}")


def _person(case: CaseFile | None) -> Tree:
    """Whom it is about, as far as the case says; the contract holds no name."""
    patient, visit = (case.patient, case.visit) if case else (None, None)
    return {
        "name": (patient and patient.name) or "", "age": patient.age if patient else None, "sex": (patient and patient.sex) or "",
        "date": (visit and visit.date) or "",
    }  # fmt: skip


# --- for the person concerned ---------------------------------------------------------------------------------------------------


def _client(a: Tree, kb: KnowledgeBase) -> Tree:
    """What was seen, what it may mean, what comes next; no points, no rules, and no exercise before somebody has looked who has to."""
    v = arranged(a, kb, 10)
    level = a["referral"]["level"] if a["referral"]["flags"] else ""
    seen = [_plain(thing, kb) for thing in v["seen"]]
    rows = [] if level in _BEFORE_A_DOCTOR[:2] else [row for row in v["lists"]["supported"]["rows"] if not row["held"]]
    plan = a["plan"]
    near = _near(a, kb)
    spared = _spared(near, a, kb)
    waits = level in _BEFORE_A_DOCTOR or bool(spared)
    examined_first = _examined_first(a)
    planned = not waits and not examined_first and not plan["withheld"]
    muscles = _once({**_everyday(part, kb), "side": row["side"], "state": row["state"]} for row in rows for part in row["parts"])
    age = (a["inputs"]["case"].get("patient") or {}).get("age")
    growing = age is not None and age < ADULT
    told = [s for s in seen if s["kind"] != "finding" and s["present"]]
    please_not = _please_not(a, kb)
    operations = _operations(a)
    hurts = any(s["hurt"] for s in seen) or any(s["pain"] for s in told)
    return {
        "level": level,
        "waits": waits,
        "reasons": [_plain(t, kb) for t in v["names"].things(key for f in a["referral"]["flags"] for key in f["findings"]) if t["present"]],
        "open_questions": [_plain(t, kb) for t in v["names"].things(key for half in near for key in half["findings"])],
        "spared": spared,
        "operations": operations,
        "please_not": please_not,
        "hurts": hurts,
        "comfort": not (hurts or level or near or please_not or operations or examined_first or plan["withheld"]),
        "seen": [s for s in seen if s["kind"] == "finding" and (s["present"] or s["hurt"])],
        "told": told,
        "fine": [s for s in seen if s["kind"] == "finding" and not s["present"] and not s["hurt"]],
        "muscles": [] if growing else muscles[:_TOLD],
        "more_muscles": 0 if growing else len(muscles[_TOLD:]),
        "growing": growing,
        "hints": len(v["lists"]["possible"]["rows"]),
        "open": len(v["lists"]["contested"]["rows"]),
        "kinds": list(dict.fromkeys(c["kind"] for c in a["causes"])),
        "gate": plan["gate"],
        "provider": plan["provider"],
        "examined_first": examined_first,
        "examined_for": [_plain(t, kb) for t in v["names"].things(plan["provider"]["from"])] if examined_first else [],
        "provisional": plan["provisional"],
        "withheld": plan["withheld"],
        "order": [_order(one, kb) for one in plan["order"]] if planned else [],
        "phases": _exercises(plan["phases"], kb) if planned else [],
        "stop": plan["stop"] if planned else [],
        "self_care": [] if waits else [one for one in plan["self_care"] if planned or not kb.guidance[one["id"]].moves],
        "reassess": plan["reassess"] if planned else None,
        "escalate": [] if waits else plan["escalate"],
    }


def _near(a: Tree, kb: KnowledgeBase) -> list[Tree]:
    """Urgent and graver red flags not decided: a symptom of them is there, and something in the part of the body they are of."""
    items = {i["key"]: i for i in a["inputs"]["used"] if i["present"]}
    here = {kb.findings[i["finding"]].region for i in items.values()}
    patient = a["inputs"]["case"].get("patient") or {}
    found = []
    for half in a["referral"]["half_met"]:
        asking = kb.flags[half["id"]].asking
        told = [key for key in half["findings"] if key in items and items[key]["kind"] == "symptom"]
        near = told and (not asking.regions or here & set(asking.regions)) and _is_of(asking, patient)
        if half["level"] in _BEFORE_A_DOCTOR[:2] and near:
            found.append({**half, "findings": told})
    return sorted(found, key=lambda half: -len(half["findings"]))


def _is_of(asking: Asking, patient: Tree) -> bool:
    """Whether a question is one for this person, as far as age and sex are known."""
    age, sex, of = patient.get("age"), patient.get("sex"), asking.age
    if sex is not None and asking.sex not in (None, sex):
        return False
    if age is None or of is None:
        return True
    return not (of.at_least is not None and age < of.at_least) and not (of.at_most is not None and age > of.at_most)


def _spared(near: Iterable[Tree], a: Tree, kb: KnowledgeBase) -> list[str]:
    """Which limbs carry no load until such a flag is decided (`legs`, `arms`): those in which the person has the symptom."""
    regions = {i["key"]: kb.findings[i["finding"]].region for i in a["inputs"]["used"]}
    limbs = set()
    for half in near:
        asking = kb.flags[half["id"]].asking
        sore = {regions[key] for key in half["findings"]} & set(asking.regions)
        limbs |= {limb for limb in asking.spares if sore & set(_LIMBS[limb])}
    return sorted(limbs)


def _examined_first(a: Tree) -> bool:
    """Whether who plans is named because of a sign or symptom, and not of what is known already: then it is examined before anything."""
    kinds = {i["key"]: i["kind"] for i in a["inputs"]["used"]}
    provider = a["plan"]["provider"]
    return bool(provider) and any(kinds.get(key) != "history" for key in provider["from"])


def _please_not(a: Tree, kb: KnowledgeBase) -> list[Tree]:
    """What the plan leaves out and a person might do at home, in plain words, each once; what has none by its title."""
    closed = [c for c in kb.contraindications.values() if any(told.startswith(f"{c.title}: ") for told in a["plan"]["left_out"])]
    told = {kb.everyday[c.id].says if c.id in kb.everyday else c.title: c.id in kb.everyday for c in closed}
    return [{"says": words, "plain": plain} for words, plain in told.items()]


def _operations(a: Tree) -> list[Tree]:
    """Operations that bound what may be done: those with restrictions, and those so recent that the plan asks for them."""
    said = " ".join(a["plan"]["because"])
    stated = a["inputs"]["case"].get("surgery") or ()
    told = [{"side": None, "date": "", "restrictions": [], **s} for s in stated]
    return [s for s in told if s["restrictions"] or f"after {s['name']}: " in said]


_TESTED = re.compile(r"^(?P<what>.+?)(?: is| are)? (?:weak|short|hard)$|^(?P<tired>.+) tires? early$", re.IGNORECASE)


def _plain(thing: Tree, kb: KnowledgeBase) -> Tree:
    """A thing that the case states, in everyday words. Of a test that hurt only that it hurt: it measured nothing."""
    says = kb.everyday[thing["finding"]].says if thing["finding"] in kb.everyday else thing["name"]
    finding = kb.findings[thing["finding"]]
    test = _TESTED.match(says) if finding.method in _UNKNOWN and thing["painful"] else None
    if test:
        what = test["what"] or test["tired"]
        says = f"{what} hurt" if what.split()[0].endswith("ing") else f"Testing {what[:1].lower()}{what[1:]} hurt"
    return {
        "says": says, "side": thing["side"], "task": thing["task"], "present": thing["present"], "kind": thing["kind"],
        "mild": thing["present"] and thing["severity"] < 1 and not test, "hurt": thing["painful"], "tested": bool(test),
        "unknown": _UNKNOWN[finding.method] if test else "", "pain": finding.pain,
    }  # fmt: skip


def _everyday(part: Tree, kb: KnowledgeBase) -> Tree:
    """What people call a muscle or a group, with its own name; `region` where there is no such word."""
    first = kb.muscles[part["muscles"][0]]
    group = next((g.id for g in kb.groups.values() if g.name == part["name"]), "") if part["count"] > 1 else ""
    known = kb.everyday.get(group or (first.id if part["count"] == 1 else ""))
    return {"name": part["name"], "says": known.says if known else "", "region": first.region, "count": part["count"]}


def _of_muscle(muscle: str, kb: KnowledgeBase) -> Tree:
    return _everyday({"name": kb.muscles[muscle].name, "count": 1, "muscles": [muscle]}, kb)


def _order(one: Tree, kb: KnowledgeBase) -> Tree:
    return {"first": one["first"], "until": one["until"], "muscles": _once(_of_muscle(m["id"], kb) for m in one["muscles"])}


def _exercises(phases: Iterable[Tree], kb: KnowledgeBase) -> list[Tree]:
    """The steps that hold exercises, each once in its step, few in all. `again`: the step that describes it, where an earlier one does."""
    told: list[Tree] = []
    described: dict[str, int] = {}
    for phase in phases:
        every = list(_gathered(phase["items"], kb))
        exercises: list[Tree] = []
        for one in every:
            if len(exercises) < _IN_A_STEP and (one["id"] in described or len(described) < _IN_ALL):
                first = described.setdefault(one["id"], len(told) + 1)
                exercises.append({**one, "again": first if first <= len(told) else 0})
        if every:
            told.append({
                "id": phase["id"], "name": phase["name"], "progress": phase["progress"], "exercises": exercises,
                "more": len(every) - len(exercises),
            })  # fmt: skip
    return told


def _gathered(items: Iterable[Tree], kb: KnowledgeBase) -> Iterator[Tree]:
    """Each exercise of a step, with the muscles and sides it is for."""
    found: dict[str, Tree] = {}
    sides: dict[str, dict[str, str]] = {}
    for item in items:
        for exercise in item["exercises"]:
            found.setdefault(exercise["id"], exercise)
            of = sides.setdefault(exercise["id"], {})
            of[item["muscle"]] = item["side"] if of.get(item["muscle"], item["side"]) == item["side"] else "both"
    for name, exercise in found.items():
        whose = set(sides[name].values())
        side = whose.pop() if len(whose) == 1 else "both"
        muscles = _once({**_of_muscle(m, kb), "side": its} for m, its in sides[name].items())
        turns = side == "both" and bool(_THIS.search(exercise["how"]))
        yield {**exercise, "how": _sided(exercise["how"], side), "turns": turns, "muscles": muscles}


_THIS = re.compile(r"\bthis (?=[a-z])")


def _sided(how: str, side: str) -> str:
    """How an exercise is done, with `this hand` told as the hand of the side that it is for."""
    return _THIS.sub(f"your {side} ", how) if side in ("left", "right") else how


def _once(muscles: Iterable[Tree]) -> list[Tree]:
    """Muscles that have one everyday name, side and state told once."""
    told: dict[tuple[str, ...], Tree] = {}
    for m in muscles:
        told.setdefault((m["says"] or m["region"], m.get("side", ""), m.get("state", "")), m)
    return list(told.values())


# --- for a class ------------------------------------------------------------------------------------------------------------------


def _teaching(a: Tree, kb: KnowledgeBase) -> Tree:
    """Every step of the reasoning in order, and the questions that the case can answer."""
    v = arranged(a, kb, 10)
    rows = [row for row in v["shown"] if row["status"] != "possible"] or v["shown"][:2]
    told = {
        "facts": [{**thing, "side_means": (kb.findings[thing["finding"]].side_means or "").rstrip(".")} for thing in v["seen"]],
        "referral": a["referral"],
        "unasked": v["unasked"],
        "half_met": v["half_met"],
        "names": v["names"],
        "strata": [{**s, "lines": [_line(line, kb, v["names"]) for line in s["lines"]]} for s in v["strata"]()],
        "rows": rows,
        "possible": max(0, len(v["shown"]) - len(rows)) + v["lists"]["possible"]["more"],
        "patterns": a["patterns"],
        "starts": v["starts"],
        "loops": a["loops"],
        "causes": v["causes"],
        "conflicts": a["conflicts"],
        "plan": a["plan"],
        "next": a["next_tests"],
        "drivers": a["drivers"],
        "contradicted": v["contradicted"],
        "sources": _reading(a, kb),
    }
    return {**told, "questions": list(_questions(told))}


def _line(line: Tree, kb: KnowledgeBase, names: Any) -> Tree:
    """One firing with what a class asks of it: the rule's title, why, on whose word."""
    rule = kb.rules.get(line["rule"]) or kb.patterns.get(line["rule"])
    told = {"title": names.title(line["rule"]), "because": "", "grade": "D", "sources": []}
    if rule is not None:
        told |= {"because": rule.because, "grade": rule.grade, "sources": [kb.sources[s].title for s in rule.sources]}
    return {**line, **told}


def _questions(told: Tree) -> Iterator[Tree]:
    """The questions that this case has an answer to, by the step after which each is asked."""
    sided = [f for f in told["facts"] if f["side_means"] and f["side"] in ("left", "right", "both")]
    first = told["rows"][0] if told["rows"] else None
    checks = [p for s in told["starts"] for p in s["predicted"] if p["check"]]
    asked: list[tuple[str, str, Any]] = [
        ("facts", "sides", sided),
        ("flags", "screening", [told["referral"]]),
        ("flags", "ask-first", [test for test in told["next"] if test["kind"] == "flag"][:_TO_ASK]),
        ("rules", "speaks-for", first),
        ("balance", "sum", first),
        ("balance", "against", [e for e in first["evidence"] if e["points"] < 0] if first else []),
        ("balance", "disputed", told["conflicts"]),
        ("patterns", "pattern", told["patterns"]),
        ("others", "others", told["causes"]),
        ("walk", "walk", told["starts"]),
        ("walk", "check", checks[:3]),
        ("plan", "plan", [told["plan"]] if told["plan"]["because"] or told["plan"]["left_out"] else []),
    ]
    for number, (step, name, about) in enumerate((one for one in asked if one[2]), start=1):
        yield {"number": number, "step": step, "id": name, "about": about}


def _reading(a: Tree, kb: KnowledgeBase) -> list[Tree]:
    """Every source that the answer names, in the order of their titles, as a reading list."""
    named = {s for s in _sources(a) if s in kb.sources}
    listed = sorted((kb.sources[s] for s in named), key=lambda s: (s.title.casefold(), s.id))
    return [{"title": s.title, "authors": (s.authors or "").rstrip("."), "year": s.year, "where": s.where, "read": s.read} for s in listed]


def _sources(tree: Any) -> Iterator[str]:
    """The ids under every `sources` of an answer."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from value if key == "sources" else _sources(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _sources(value)


# --- for a colleague --------------------------------------------------------------------------------------------------------------


def _letter(a: Tree, kb: KnowledgeBase) -> Tree:
    """The reason first, what was found, what was asked, and what is asked of the reader: one page, no plan."""
    v = arranged(a, kb, 10)
    flags = a["referral"]["flags"]
    seen = [t for t in v["seen"] if t["present"]]
    rows = [row for row in v["shown"] if row["status"] == "supported"]
    asked = [kb.flags[i].title for i in a["referral"]["asked"] if i in kb.flags and i not in {f["id"] for f in flags}]
    grave = [g for g in v["unasked"] if g["level"] in ("emergency", "urgent")]
    near = _near(a, kb)
    spared = _spared(near, a, kb)
    patient = a["inputs"]["case"].get("patient") or {}
    age, weeks = patient.get("age"), patient.get("postpartum_weeks")

    def things(keys: Iterable[str]) -> list[Tree]:
        return [_colleague(t, a, kb) for t in v["names"].things(keys)]

    return {
        "near": _cut([{**half, "things": things(half["findings"])} for half in near], "near"),
        "spared": spared,
        "refers": bool(flags or spared),
        "pregnant": bool(patient.get("pregnancy")),
        "postpartum": weeks,
        "under_age": age is not None and age < ADULT,
        "operations": _operations(a),
        "level": a["referral"]["level"] if flags else "",
        "to": next((f["to"] for f in flags if f["to"] and f["level"] == flags[0]["level"]), ""),
        "flags": [{**f, "things": things(f["findings"])} for f in flags[: _IN_A_LETTER["flags"]]],
        "others": _cut([f["title"] for f in flags[_IN_A_LETTER["flags"] :]], "others"),
        "findings": _cut([_colleague(t, a, kb) for t in seen], "findings"),
        "absent": _cut([t for t in v["seen"] if not t["present"] and t["kind"] == "finding"], "findings"),
        "measured": _cut(a["measured"], "measured"),
        "asked": _cut(asked, "asked"),
        "screened": len(a["referral"]["asked"]),
        "unasked": len(a["referral"]["not_asked"]),
        "grave": sum(len(g["ids"]) for g in grave),
        "muscles": _cut(rows, "muscles"),
        "possible": len(v["lists"]["possible"]["rows"]) + v["lists"]["possible"]["more"],
        "patterns": a["patterns"][:3],
        "causes": _cut([c["title"] for group in v["causes"] for c in group["causes"]], "causes"),
    }


_WEAK = re.compile(r"\b(?:is |are )?(?:weak|short)$", re.IGNORECASE)


def _colleague(thing: Tree, a: Tree, kb: KnowledgeBase) -> Tree:
    """A thing that the case states; a test that hurt measured nothing, and says so with the pain that was noted."""
    if not (thing["stated"] and thing["painful"] and thing["present"] and _WEAK.search(thing["name"])):
        return thing
    if kb.findings[thing["finding"]].method not in _UNKNOWN:
        return thing
    stated = a["inputs"]["case"].get("findings") or ()
    other = {"left": "right", "right": "left"}.get(thing["side"])
    same = [f for f in stated if isinstance(f, dict) and f.get("name") == thing["written"] and (not other or f.get("side") != other)]
    pain = max((f["pain"] for f in same if f.get("pain") and f["pain"] is not True), default=0)
    told = f"{_WEAK.sub('', thing['name']).rstrip()}: not testable for pain" + (f" ({pain:g}/10)" if pain else "")
    return {**thing, "name": told, "painful": False, "severity": 1}


def _cut(rows: Sequence[Any], what: str) -> Tree:
    """As many as one page holds, and how many more there are."""
    most = _IN_A_LETTER[what]
    return {"rows": list(rows[:most]), "more": max(0, len(rows) - most)}


_VOICES = {"client": _client, "teaching": _teaching, "letter": _letter}
