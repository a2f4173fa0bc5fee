"""Twenty of each anomaly of a rule base, planted in what is shipped: all are found at their line, and none where nothing was planted.

Every recipe restates real entries of the shipped knowledge, spread evenly over it, in a file laid over it. What lint finds, loads;
what does not load is refused with the same file and line.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

import pytest

from expert import knowledge, load_knowledge, resources
from expert.errors import ExpertError, KnowledgeError, RuleError
from expert.formats import Rule
from expert.lint import Issue, lint
from expert.model import AXIS_OF, OPPOSITE_STATE, Knowledge
from expert.rulebase import compile_rules

Entry = dict[str, Any]
Planted = Mapping[str, Sequence[Entry]]  # section -> entries
T = TypeVar("T")

HOW_MANY = 20
FILE = "zz/planted.yaml"
SHIPPED = load_knowledge()
KB = SHIPPED.kb


def spread_out(things: Iterable[T]) -> list[T]:
    """Twenty of them, evenly over the whole."""
    every = list(things)
    assert len(every) >= HOW_MANY, f"only {len(every)} to choose from"
    return [every[number * len(every) // HOW_MANY] for number in range(HOW_MANY)]


def text_of(planted: Planted) -> tuple[str, dict[str, int]]:
    """A file with one entry a line, and the line of each."""
    lines, places = [], {}
    for section, entries in planted.items():
        lines.append(f"{section}:")
        for entry in entries:
            lines.append(f"- {json.dumps(entry)}")
            places[entry["id"]] = len(lines)
    return "\n".join(lines) + "\n", places


def laid_over(text: str) -> Knowledge:
    shipped = [
        (where, content.decode("utf-8"))
        for name in ("kb", "rules")
        for where, content in resources.knowledge_files(resources.root() / name, name)
    ]
    kb = knowledge.from_texts([shipped, [(FILE, text)]])
    return Knowledge(kb, compile_rules(kb))


# --- real entries, restated ---------------------------------------------------------------------------------------------------------


def dumped(entry: Any, new_id: str, **changed: Any) -> Entry:
    told = entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    known = type(entry).model_fields
    kept = {k: v for k, v in told.items() if k not in ("disputes", "refines", "overrides")}
    return {**kept, "id": new_id, **{k: v for k, v in changed.items() if k in known}}


def restated(kind: str, rules: Iterable[Rule], change: Callable[[Entry], Entry] = lambda entry: {}) -> Iterator[Entry]:
    for number, rule in enumerate(rules):
        entry = dumped(rule, f"zz-{kind}.{number}")
        yield {**entry, **change(entry)}


def renamed(kind: str, entries: Iterable[Any]) -> list[Entry]:
    """Real entries under names that nothing else has."""
    return [dumped(e, f"zz-{kind}-{e.id}", name=f"Zz {kind} {e.name}", synonyms=[], deviation=[]) for e in entries]


def rules_where(holds: Callable[[Rule], bool]) -> list[Rule]:
    return spread_out(rule for _, rule in sorted(KB.rules.items()) if holds(rule))


def is_direct(rule: Rule) -> bool:
    return SHIPPED.rulebase.rules[rule.id].stage == "direct"


def plain(rule: Rule) -> bool:
    """Of one finding, with words for and none against."""
    return bool(rule.when.finding and is_direct(rule) and not any(c.against for c in rule.then))


def other_than(name: str) -> str:
    """A sided finding that this rule does not name."""
    return next(f for f in sorted(KB.findings) if f != name and KB.kinds[f] == "finding" and "left" in KB.findings[f].sides)


SIDED = [f for n, f in sorted(KB.findings.items()) if KB.kinds[n] == "finding" and "left" in f.sides]
MIDLINE = [f for _, f in sorted(KB.findings.items()) if f.sides == ("midline",) and not f.side_optional]
SYMPTOM = next(n for n, kind in sorted(KB.kinds.items()) if kind == "symptom")
A_SOURCE = next(r.sources[0] for r in KB.rules.values() if KB.sources[r.sources[0]].read == "whole")
A_MUSCLE, ANOTHER = "gluteus-medius", "soleus"


def a_rule(name: str, when: Entry, *then: Entry, **more: Any) -> Entry:
    said = list(then) or [{"muscle": A_MUSCLE, "state": "weak", "points": 1}]
    return {"id": name, "title": name, "when": when, "then": said, "because": "planted", "grade": "D", "sources": [A_SOURCE], **more}


def a_cause(name: str, when: Entry) -> Entry:
    return {"id": name, "title": name, "kind": "other", "when": when, "because": "planted", "grade": "D", "sources": [A_SOURCE]}


# --- what lint finds ------------------------------------------------------------------------------------------------------------------


def duplicates() -> Planted:
    return {"rules": list(restated("duplicate", rules_where(lambda rule: True)))}


def duplicates_in_another_order() -> Planted:
    """The premises turned round, where a rule has several."""
    several = [r for r in KB.rules.values() if len(r.when.all) > 1]

    def turned(entry: Entry) -> Entry:
        return {"when": {**entry["when"], "all": entry["when"]["all"][::-1]}}

    return {"rules": list(restated("turned", spread_out(several), turned))}


def narrowed(kind: str, more: Callable[[Rule], Entry]) -> Planted:
    chosen = rules_where(plain)
    entries = []
    for number, rule in enumerate(chosen):
        entry = dumped(rule, f"zz-{kind}.{number}")
        beside = {"finding": other_than(rule.when.finding or ""), "side": "any"}
        entries.append({**entry, "when": {"all": [entry["when"], beside]}, **more(rule)})
    return {"rules": entries}


def subsumed() -> Planted:
    return narrowed("subsumed", lambda rule: {})


def said_to_refine() -> Planted:
    return narrowed("refines", lambda rule: {"refines": [rule.id]})


def flipped(entry: Entry) -> Entry:
    return {"then": [{**c, "state": OPPOSITE_STATE[c["state"]]} for c in entry["then"]]}


def ambivalent() -> Planted:
    return {"rules": list(restated("ambivalent", rules_where(plain), flipped))}


def against() -> Planted:
    return {"rules": list(restated("against", rules_where(plain), lambda e: {"then": [{**c, "against": True} for c in e["then"]]}))}


def said_to_dispute() -> Planted:
    chosen = rules_where(plain)
    return {"rules": [{**entry, "disputes": [rule.id]} for rule, entry in zip(chosen, restated("disputes", chosen, flipped), strict=True)]}


def self_contradictions() -> Planted:
    def both_ways(entry: Entry) -> Entry:
        first = entry["then"][0]
        return {"then": [first, {**first, "state": OPPOSITE_STATE[first["state"]]}]}

    return {"rules": list(restated("both-ways", rules_where(plain), both_ways))}


def circles() -> Planted:
    """From one muscle to another and back: two rules a circle."""
    muscles = spread_out(sorted(KB.muscles))
    entries = []
    for number, muscle in enumerate(muscles):
        other = muscles[number - 1]
        here, there = f"zz-round.{number}.there", f"zz-round.{number}.back"
        entries.append(
            a_rule(here, {"hypothesis": {"muscle": muscle, "state": "strong"}}, {"muscle": other, "state": "strong", "points": 1})
        )
        entries.append(
            a_rule(there, {"hypothesis": {"muscle": other, "state": "strong"}}, {"muscle": muscle, "state": "strong", "points": 1})
        )
    return {"rules": entries}


def self_loops() -> Planted:
    loops = [
        a_rule(f"zz-loop.{n}", {"hypothesis": {"muscle": m, "state": "strong"}}, {"muscle": m, "state": "strong", "points": 1})
        for n, m in enumerate(spread_out(sorted(KB.muscles)))
    ]
    return {"rules": loops}


def ruled_out_at_once() -> Planted:
    whens = [{"all": [{"finding": f.id}, {"none": [{"finding": f.id}]}]} for f in spread_out(SIDED)]
    return {"rules": [a_rule(f"zz-ruled-out.{n}", when) for n, when in enumerate(whens)]}


def never_recorded_there() -> Planted:
    chosen = spread_out(f for f in SIDED if f.tasks and set(f.tasks) != set(KB.tasks))
    return {
        "rules": [
            a_rule(f"zz-task.{n}", {"finding": f.id, "task": next(t for t in sorted(KB.tasks) if t not in f.tasks)})
            for n, f in enumerate(chosen)
        ]
    }


def no_opposite() -> Planted:
    whens = [{"all": [{"finding": SIDED[n].id}, {"finding": f.id, "side": "opposite"}]} for n, f in enumerate(spread_out(MIDLINE))]
    return {"rules": [a_rule(f"zz-no-side.{n}", when) for n, when in enumerate(whens)]}


def empty_ages() -> Planted:
    whens = [{"all": [{"finding": f.id}, {"age": {"at_least": 40 + n, "at_most": 39}}]} for n, f in enumerate(spread_out(SIDED))]
    return {"causes": [a_cause(f"zz-age-{n}", when) for n, when in enumerate(whens)]}


def no_such_person() -> Planted:
    whens = [{"all": [{"finding": f.id}, {"sex": "male"}, {"pregnancy": True}]} for f in spread_out(SIDED)]
    return {"causes": [a_cause(f"zz-person-{n}", when) for n, when in enumerate(whens)]}


def nobody_concludes() -> list[tuple[str, str]]:
    drawn = {(t.muscle, t.state) for r in SHIPPED.rulebase.rules.values() for t in r.targets if not t.against}
    return spread_out((m, s) for m in sorted(KB.muscles) for s in AXIS_OF if (m, s) not in drawn and ("", s) not in drawn)


def unreachable() -> Planted:
    there = {"muscle": A_MUSCLE, "state": "weak", "points": 1}
    whens = [{"hypothesis": {"muscle": m, "state": s}} for m, s in nobody_concludes()]
    return {"rules": [a_rule(f"zz-unreachable.{n}", when, there) for n, when in enumerate(whens)]}


def unreachable_patterns() -> Planted:
    entries = [
        {"id": f"zz-pattern-{n}", "name": f"Zz pattern {n}", "core": [{"hypothesis": {"muscle": m, "state": s}}], "because": "planted",
         "grade": "D", "sources": [A_SOURCE]}
        for n, (m, s) in enumerate(nobody_concludes())
    ]  # fmt: skip
    return {"patterns": entries}


def unread_findings() -> Planted:
    """Real ones under another name, which no rule knows."""
    return {"findings": renamed("unread", spread_out(SIDED))}


def unlinked_muscles() -> Planted:
    new = renamed("lonely", spread_out(m for _, m in sorted(KB.muscles.items())))
    return {"muscles": [{k: v for k, v in entry.items() if k in ("id", "name", "region", "sources")} for entry in new]}


def unexplained_findings() -> Planted:
    seen = spread_out(f for f in SIDED if f.method == "observation")
    entries = renamed("unexplained", seen)
    return {"findings": entries, "rules": [a_rule(f"zz-reads.{n}", {"finding": e["id"]}) for n, e in enumerate(entries)]}


def untaught_findings() -> Planted:
    return {"findings": [{k: v for k, v in entry.items() if k != "how"} for entry in renamed("untaught", spread_out(SIDED))]}


def one_side_of_the_midline() -> Planted:
    return {"rules": [a_rule(f"zz-midline.{n}", {"finding": f.id}) for n, f in enumerate(spread_out(MIDLINE))]}


def one_sided_measures() -> Planted:
    sided = spread_out(m for _, m in sorted(KB.measures.items()) if "left" in m.sides)
    return {"measures": [{**entry, "sides": ["left"]} for entry in renamed("one-side", sided)]}


def pointless() -> Planted:
    return {"rules": list(restated("pointless", rules_where(plain), lambda e: {"then": [{**c, "points": 0} for c in e["then"]]}))}


def always_true() -> Planted:
    whens = [{"any": [{"finding": f.id}, {"none": [{"finding": f.id}]}]} for f in spread_out(SIDED)]
    return {"causes": [a_cause(f"zz-always-{n}", when) for n, when in enumerate(whens)]}


def said_twice() -> Planted:
    whens = [{"all": [{"finding": f.id}, {"finding": f.id}]} for f in spread_out(SIDED)]
    return {"rules": [a_rule(f"zz-twice.{n}", when) for n, when in enumerate(whens)]}


def uncited_sources() -> Planted:
    return {"sources": [dumped(s, f"zz-{n}") for n, s in spread_out(sorted(KB.sources.items()))]}


def unread_sources_above_d() -> Planted:
    unread = next(n for n, s in sorted(KB.sources.items()) if s.read == "none")
    causes = spread_out(c for _, c in sorted(KB.causes.items()))
    return {"causes": [dumped(c, f"zz-{c.id}", grade="B", sources=[unread]) for c in causes]}


class Kind(NamedTuple):
    """One way to go wrong: which check finds it, how it is planted, and in which file (what shares one does not disturb the other)."""

    check: str
    recipe: Callable[[], Planted]
    section: str = "rules"
    file: str = "by itself"


FOUND: Mapping[str, Kind] = {
    "a rule said twice": Kind("duplicate", duplicates, file="twice"),
    "a rule said twice with its premises turned round": Kind("duplicate", duplicates_in_another_order, file="twice"),
    "a rule that a wider one of the same author says already": Kind("subsumed", subsumed, file="narrower"),
    "the opposite of a rule": Kind("ambivalent", ambivalent, file="against"),
    "a word against what a rule says": Kind("ambivalent", against, file="against"),
    "both states of an axis in one rule": Kind("self-contradiction", self_contradictions),
    "two rules that keep each other up": Kind("circular", circles),
    "a rule that keeps itself up": Kind("circular", self_loops),
    "there and ruled out at once": Kind("unfirable", ruled_out_at_once),
    "in a task in which it is never recorded": Kind("unfirable", never_recorded_there),
    "opposite to what has no side": Kind("unfirable", no_opposite),
    "an age that nobody has": Kind("unfirable", empty_ages, "causes"),
    "a person that there is not": Kind("unfirable", no_such_person, "causes"),
    "a rule on what nobody concludes": Kind("unreachable", unreachable, file="loose"),
    "a pattern on what nobody concludes": Kind("unreachable", unreachable_patterns, "patterns", "loose"),
    "a finding that nothing reads": Kind("missing", unread_findings, "findings"),
    "a finding that only muscles explain": Kind("missing", unexplained_findings, "findings"),
    "a finding that nobody is told how to see": Kind("missing", untaught_findings, "findings"),
    "a muscle that nothing links": Kind("missing", unlinked_muscles, "muscles"),
    "a measure of one side": Kind("one-sided", one_sided_measures, "measures"),
    "one side concluded from the midline": Kind("one-sided", one_side_of_the_midline),
    "a rule that gives nothing": Kind("vacuous", pointless),
    "a condition that always holds": Kind("vacuous", always_true, "causes"),
    "a premise said twice": Kind("vacuous", said_twice),
    "a source that nothing cites": Kind("unsourced", uncited_sources, "sources"),
    "a strong word on a source that nobody read": Kind("unsourced", unread_sources_above_d, "causes"),
}


def together(plantings: Iterable[Planted]) -> Planted:
    joined: dict[str, list[Entry]] = defaultdict(list)
    for planted in plantings:
        for section, entries in planted.items():
            joined[section] += entries
    return joined


@cache
def _planted(file: str) -> tuple[Mapping[str, int], tuple[Issue, ...]]:
    """The lines of all that is planted in one file, and what lint then finds."""
    text, places = text_of(together(kind.recipe() for kind in FOUND.values() if kind.file == file))
    return places, lint(laid_over(text))


@pytest.mark.parametrize("what", FOUND)
def test_twenty_planted_anomalies_are_each_found_by_their_id_and_line(what: str) -> None:
    kind = FOUND[what]
    places, issues = _planted(kind.file)
    names = [entry["id"] for entry in kind.recipe()[kind.section]]
    assert len(set(names)) == len(names) >= HOW_MANY
    told = {(i.where, i.line, i.message.partition(":")[0]) for i in issues if i.check == kind.check}
    assert [name for name in names if (FILE, places[name], name) not in told] == []


@pytest.mark.parametrize(
    ("check", "kind", "recipe"), [("subsumed", "refines", said_to_refine), ("ambivalent", "disputes", said_to_dispute)]
)
def test_what_says_how_it_stands_to_another_rule_is_no_anomaly(check: str, kind: str, recipe: Callable[[], Planted]) -> None:
    named = {entry["id"]: entry[kind][0] for entry in recipe()["rules"]}
    found = [(i.message.partition(":")[0], i.message) for i in lint(laid_over(text_of(recipe())[0])) if i.check == check]
    assert [message for name, message in found if name in named and f" {named[name]} " in message] == []


def test_in_what_is_shipped_none_of_them_is_found(knowledge: Knowledge) -> None:
    assert [str(i) for i in lint(knowledge)] == []


def test_twenty_rules_with_nothing_wrong_are_not_blamed() -> None:
    """Rules of an author of their own, each of something of which nothing else speaks."""
    source = {"id": "zz-new", "title": "New", "where": "here", "kind": "table", "read": "whole"}
    then = {"muscle": nobody_concludes()[0][0], "state": nobody_concludes()[0][1], "points": 1}
    entries = [a_rule(f"zz-good.{n}", {"finding": f.id}, then, sources=["zz-new"]) for n, f in enumerate(spread_out(SIDED))]
    assert [str(i) for i in lint(laid_over(text_of({"sources": [source], "rules": entries})[0]))] == []


# --- what does not load ---------------------------------------------------------------------------------------------------------------


def empty_all() -> Planted:
    return {"rules": list(restated("empty", rules_where(plain), lambda e: {"when": {"all": []}}))}


def without_source() -> Planted:
    return {"rules": [{k: v for k, v in e.items() if k != "sources"} for e in restated("no-source", rules_where(plain))]}


def with_no_sources() -> Planted:
    return {"rules": list(restated("no-sources", rules_where(plain), lambda e: {"sources": []}))}


def on_hearsay() -> Planted:
    unread = next(n for n, s in sorted(KB.sources.items()) if s.read == "none")
    chosen = rules_where(lambda rule: plain(rule) and rule.grade != "D")
    return {"rules": list(restated("hearsay", chosen, lambda e: {"sources": [unread]}))}


def above_the_cap() -> Planted:
    caps = KB.constants.caps
    chosen = rules_where(lambda rule: plain(rule) and rule.grade != "A")

    def more(entry: Entry) -> Entry:
        return {"then": [{**entry["then"][0], "points": caps[entry["grade"]] + 0.5}, *entry["then"][1:]]}

    return {"rules": list(restated("above", chosen, more))}


def of_unknown_findings() -> Planted:
    return {"rules": list(restated("unknown", rules_where(plain), lambda e: {"when": {"finding": e["when"]["finding"] + "-zz"}}))}


def of_unknown_muscles() -> Planted:
    return {"rules": list(restated("unknown-muscle", rules_where(plain), lambda e: {"then": [{**e["then"][0], "muscle": "zz-muscle"}]}))}


def one_sided_findings() -> Planted:
    return {"findings": [{**entry, "sides": ["left"]} for entry in renamed("one-side", spread_out(SIDED))]}


def patterns_in_a_circle() -> Planted:
    entries = renamed("circle", spread_out(p for _, p in sorted(KB.patterns.items())))
    whole = {"need": 1, "supporting": []}
    return {"patterns": [{**entry, **whole, "core": [{"pattern": entries[n - 1]["id"]}]} for n, entry in enumerate(entries)]}


def nothing_that_must_be_there() -> Planted:
    whens = [{"all": [{"none": [{"finding": f.id}]}]} for f in spread_out(SIDED)]
    return {"rules": [a_rule(f"zz-nothing.{n}", when) for n, when in enumerate(whens)]}


def of_an_id_that_is_taken() -> Planted:
    return {"rules": [dumped(rule, rule.id) for rule in rules_where(plain)]}


class Refusal(NamedTuple):
    """One way to be refused: how it is planted, in which words it is told, as what, and in which file."""

    recipe: Callable[[], Planted]
    words: str
    error: type[ExpertError] = KnowledgeError
    file: str = "names and numbers"


REFUSED: Mapping[str, Refusal] = {
    "an empty `all`": Refusal(empty_all, "is empty", file="shape"),
    "no source": Refusal(without_source, "sources", file="shape"),
    "an empty list of sources": Refusal(with_no_sources, "sources", file="shape"),
    "a source that nobody read, above grade D": Refusal(on_hearsay, "was not read by anyone here"),
    "points above the cap": Refusal(above_the_cap, "exceed the cap"),
    "an unknown finding": Refusal(of_unknown_findings, "unknown finding"),
    "an unknown muscle": Refusal(of_unknown_muscles, "unknown muscle 'zz-muscle'"),
    "a finding of one side": Refusal(one_sided_findings, "has its mirror"),
    "an id that is taken": Refusal(of_an_id_that_is_taken, "already defined"),
    "patterns in a circle": Refusal(patterns_in_a_circle, "rests on itself", RuleError, "rules"),
    "nothing that must be there": Refusal(nothing_that_must_be_there, "nothing that must be there", RuleError, "rules"),
}


@cache
def _refused(file: str) -> tuple[Mapping[str, int], ExpertError]:
    text, places = text_of(together(refusal.recipe() for refusal in REFUSED.values() if refusal.file == file))
    with pytest.raises(ExpertError) as caught:
        laid_over(text)
    return places, caught.value


@pytest.mark.parametrize("what", REFUSED)
def test_twenty_planted_faults_are_each_refused_at_their_line(what: str) -> None:
    refusal = REFUSED[what]
    places, error = _refused(refusal.file)
    names = [entry["id"] for entries in refusal.recipe().values() for entry in entries]
    told = {(f.where, f.line) for f in error.faults if refusal.words in f.message}
    assert type(error) is refusal.error
    assert len(set(names)) == HOW_MANY
    assert [name for name in names if (FILE, places[name]) not in told] == []
