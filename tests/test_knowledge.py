"""kb/ and rules/ into one knowledge base: every fault at once with its place; layers; the cache; files that were damaged."""

from __future__ import annotations

import functools
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from house import RULE, small_house
from small import rule, rules, small_kb

from expert import knowledge, load_knowledge, reading, resources
from expert.errors import ExpertError, KnowledgeError, RuleError
from expert.model import Knowledge, KnowledgeBase
from expert.rulebase import compile_rules
from expert.words import Found

SHIPPED = resources.root()


def faults_of(*added: str) -> list[str]:
    with pytest.raises(KnowledgeError) as caught:
        small_kb(*added)
    assert caught.value.exit_code == 3
    return [str(f) for f in caught.value.faults]


# --- every fault, with its place ------------------------------------------------------------------------------------------------------


def test_every_fault_of_every_file_comes_at_once_in_order_of_place() -> None:
    found = faults_of(
        "findings:\n- {id: a, name: A, side_means: x, tasks: [wlaking]}\n- {id: b, name: B}\n",
        rules(rule("r", "{finding: dipp}", "{muscle: pulller, state: weak, points: 2}", source="stduy")),
    )
    assert [f.split(": ")[0] for f in found] == ["kb/x1.yaml:2", "kb/x1.yaml:3", "kb/x2.yaml:2", "kb/x2.yaml:2", "kb/x2.yaml:2"]
    assert "unknown task 'wlaking', did you mean 'walking'?" in found[0]
    assert "'side_means' is missing" in found[1]
    assert any("unknown finding 'dipp', did you mean 'dip'" in f for f in found)
    assert any("unknown muscle 'pulller', did you mean 'puller'" in f for f in found)
    assert any("unknown source 'stduy', did you mean 'study'" in f for f in found)


def test_files_that_are_not_yaml_and_files_of_the_wrong_shape_are_told_together() -> None:
    found = faults_of("findings: [", "findngs: []\n", "muscles: [{id: A, name: B}]\n")
    assert {f.split(":")[0] for f in found} == {"kb/x1.yaml", "kb/x2.yaml", "kb/x3.yaml"}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("findings:\n- {id: a, name: A, sidemeans: x}", 2, "unknown key 'sidemeans', did you mean 'side_means'"),
        ("ruls: []", 1, "unknown key 'ruls', did you mean 'rules'?"),
        ("tasks:\n- {id: Jumping, name: Jump}", 2, "'tasks[0].id'"),
        ("tasks:\n- {id: jump}", 2, "'name' is missing"),
        ("tasks:\n- {id: jump, name: J, single_leg: yes}", 2, "single_leg"),
        ("schema_version: 2\ntasks: []", 1, "schema_version"),
        ("tasks: []\ntasks: []", 2, "twice"),
        ("tasks: &t []", 1, "anchor"),
        ("", 0, "empty"),
    ],
)
def test_a_file_of_the_wrong_shape_is_told_with_its_line(text: str, line: int, says: str) -> None:
    (fault,) = faults_of(text)
    assert fault.startswith(f"kb/x1.yaml:{line}: " if line else "kb/x1.yaml: ")
    assert says in fault


CROSS_FAULTS: dict[str, tuple[str, str]] = {
    "a group of an unknown muscle": ("groups:\n- {id: g, name: G, members: [puler]}", "muscle 'puler', did you mean 'puller'"),
    "a muscle that moves nowhere": (
        "muscles:\n- {id: m, name: M, region: hip, actions: [hip-flexon], sources: [table]}", "did you mean 'hip-flexion'",
    ),
    "a finding for one side only": (
        "findings:\n- {id: f, name: F, sides: [left], side_means: x}", "takes one of left and right only; every finding has its mirror",
    ),
    "a finding whose side means nothing": ("findings:\n- {id: f, name: F}", "'side_means' is missing"),
    "a deviation that no joint has": (
        "findings:\n- {id: f, name: F, sides: [midline], deviation: [{direction: sideways, driven_by: muscle, source: table}]}",
        "unknown direction 'sideways'",
    ),
    "a symptom where a finding is": (
        rules(rule("r", "{symptom: dip}", "{muscle: puller, state: weak, points: 2}")), "write `finding: dip`",
    ),
    "a rule that disputes none": (
        rules(rule("r", "{finding: dip}", "{muscle: puller, state: weak, points: 2}", more="disputes: [s]")), "unknown rule 's'",
    ),
    "a pattern that needs more than it has": (
        "patterns:\n- {id: p, name: P, core: [{finding: dip}], need: 2, because: x, grade: D, sources: [table]}", "needs 2 of a core of 1",
    ),
    "a flag that explains what nobody sees": (
        "flags:\n- {id: f, title: F, level: soon, when: {finding: dip}, because: x, action: y, explains: [dipp], grade: D, "
        "sources: [table]}", "unknown finding 'dipp', did you mean 'dip'",
    ),
    "a chain of no link": ("chains:\n- {id: c, title: C, steps: [l], caution: x, sources: [table]}", "unknown link 'l'"),
    "a node that no finding shows": ("nodes:\n- {id: n, kind: joint, name: N, seen_as: [{finding: dipp}]}", "unknown finding 'dipp'"),
}  # fmt: skip


@pytest.mark.parametrize("name", CROSS_FAULTS)
def test_what_names_something_that_is_not_there_is_told_with_its_line(name: str) -> None:
    text, says = CROSS_FAULTS[name]
    (fault,) = faults_of(text)
    assert fault.startswith("kb/x1.yaml:2: ")
    assert says in fault


def test_a_share_of_no_muscle_is_told_with_its_file_and_line() -> None:
    share = "- {{muscle: {}, direction: hip-flexion, share: 0.5}}\n"
    (fault,) = faults_of("shares:\n" + share.format("puller") + share.format("pulller"))
    assert fault.startswith("kb/x1.yaml:3: ")
    assert "muscle 'pulller', did you mean 'puller'" in fault


@pytest.mark.parametrize(("grade", "points", "cap"), [("B", 6.5, 6), ("C", 4.1, 4), ("D", 3, 2)])
def test_points_above_the_cap_of_their_grade_are_refused(grade: str, points: float, cap: int) -> None:
    (fault,) = faults_of(rules(rule("r", "{finding: dip}", f"{{muscle: puller, state: weak, points: {points}}}", grade=grade)))
    assert fault.startswith("kb/x1.yaml:2: r: ")
    assert f"exceed the cap of grade {grade} ({cap})" in fault.replace(".0)", ")")


@pytest.mark.parametrize(("grade", "cap"), [("A", 30), ("B", 6), ("C", 4), ("D", 2)])
def test_points_at_the_cap_of_their_grade_are_taken(grade: str, cap: int) -> None:
    kb = small_kb(rules(rule("r", "{finding: dip}", f"{{muscle: puller, state: weak, points: {cap}}}", grade=grade)))
    assert kb.rules["r"].then[0].points == cap


@pytest.mark.parametrize("points", ["-1", "31", ".nan", ".inf", "'2'", "true"])
def test_points_that_are_no_amount_are_refused(points: str) -> None:
    text = rules(rule("r", "{finding: dip}", f"{{muscle: puller, state: weak, points: {points}}}"))
    assert all(f.startswith("kb/x1.yaml:2: ") for f in faults_of(text))


def test_a_source_that_nobody_read_supports_grade_d_only() -> None:
    then = "{muscle: puller, state: weak, points: 2}"
    (fault,) = faults_of(rules(rule("r", "{finding: dip}", then, grade="C", source="hearsay")))
    assert "'hearsay' was not read by anyone here; such a rule is grade D" in fault
    assert small_kb(rules(rule("r", "{finding: dip}", then, grade="D", source="hearsay"))).rules["r"].grade == "D"


LINKED = """\
nodes:
- {{id: tilt, kind: joint, name: Tilt, seen_as: [{{finding: dip}}]}}
- {{id: hidden, kind: joint, name: Hidden}}
link_kinds:
- {{id: antagonist, name: Antagonist, allowed: [[shortened, lengthened]], caution: x}}
- {{id: joint, name: Joint, allowed: [[present, present], [shortened, present]], caution: x}}
links:
- {{id: l, {link}, strength: 0.5, mechanism: x, grade: D, sources: [table]}}
"""


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("kind: antagonist, from: {muscle: puller}, to: {muscle: pusher}, map: {weak: overactive}, check: {finding: dip}",
         "a link of kind 'antagonist' may not lead from weak to overactive"),
        ("kind: joint, from: {muscle: puller}, to: {node: tilt}, map: {present: present}", "'present' is no state of puller"),
        ("kind: antagonist, from: {muscle: puller}, to: {node: tilt}, map: {shortened: lengthened}", "'lengthened' is no state of tilt"),
        ("kind: antagonist, from: {muscle: puller}, to: {muscle: pusher}, map: {shortened: lengthened}", "'check' is missing"),
        ("kind: joint, from: {muscle: puller}, to: {node: hidden}, map: {shortened: present}", "'check' is missing"),
        ("kind: antagonits, from: {node: tilt}, to: {node: tilt}, map: {present: present}", "unknown link kind 'antagonits', did you mean"),
        ("kind: joint, from: {node: tlit}, to: {node: tilt}, map: {present: present}", "unknown node 'tlit', did you mean 'tilt'"),
        ("kind: joint, from: {node: tilt, side: opposite}, to: {node: tilt}, map: {present: present}", "starts on the same side"),
        ("kind: joint, from: {node: tilt, muscle: puller}, to: {node: tilt}, map: {present: present}", "either a muscle or a node"),
    ],
)  # fmt: skip
def test_a_link_says_only_what_its_kind_may_say(link: str, says: str) -> None:
    faults = faults_of(LINKED.format(link=link))
    assert all(f.startswith("kb/x1.yaml:8: ") for f in faults)
    assert any(says in f for f in faults)


def test_a_link_that_keeps_to_its_kind_is_taken() -> None:
    kb = small_kb(LINKED.format(link="kind: joint, from: {muscle: puller}, to: {node: tilt, side: both}, map: {shortened: present}"))
    assert kb.links["l"].to.side == "both"


# --- words ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "findings:\n- {id: a, name: A thing, side_means: x, synonyms: [the dips]}",
        "symptoms:\n- {id: a, name: Dip, side_means: x}",
        "muscles:\n- {id: a, name: A, region: hip, synonyms: [prime movers], sources: [table]}",
        "muscles:\n- {id: a, name: Movers prime, region: hip, sources: [table]}",
        "tasks:\n- {id: a, name: A, synonyms: [Squats]}",
    ],
)
def test_words_that_mean_two_things_are_refused_and_both_are_named(text: str) -> None:
    (fault,) = faults_of(text)
    assert "mean two things: " in fault
    assert " and " in fault.split("mean two things: ")[1]
    assert fault.startswith(("kb/x1.yaml:", "kb/needed.yaml:"))


def test_words_that_a_user_gives_a_second_meaning_are_told_in_the_users_file(house: Path) -> None:
    (fault,) = own_faults(house, "tasks:\n- {id: a, name: A, synonyms: [Squats]}")
    assert fault.startswith(f"{house / 'own'}/mine.yaml:2: the words 'squat' mean two things")


def test_words_with_two_sides_are_refused() -> None:
    (fault,) = faults_of("findings:\n- {id: a, name: A, side_means: x, synonyms: [slump, {words: slumps, side: opposite}]}")
    assert fault.startswith("kb/x1.yaml:2: the words 'slump' of a have two sides")


def test_the_same_word_may_name_a_muscle_and_a_finding() -> None:
    kb = small_kb("findings:\n- {id: a, name: Puller, side_means: x}")
    assert {kb.words.look_up(s, "puller").reading.id for s in ("muscle", "finding")} == {"puller", "a"}  # type: ignore[union-attr]


# --- layers --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return small_house(tmp_path, monkeypatch)


def own(house: Path, text: str, name: str = "mine.yaml") -> KnowledgeBase:
    (house / "own" / name).write_text(text, encoding="utf-8")
    return knowledge.load(house / "own")


def own_faults(house: Path, text: str) -> list[str]:
    with pytest.raises(KnowledgeError) as caught:
        own(house, text)
    return [str(f) for f in caught.value.faults]


def test_additions_of_a_user_extend_what_is_shipped_and_the_base_says_so(house: Path) -> None:
    assert knowledge.load().shipped
    kb = own(house, "findings:\n- {id: sway, name: Sway, side_means: x}\n" + rules(RULE.replace("a-rule", "my.rule")))
    assert not kb.shipped
    assert set(kb.rules) == {"a-rule", "my.rule"}
    assert {"dip", "sway"} <= set(kb.findings)
    assert isinstance(kb.words.look_up("finding", "sway"), Found)
    assert kb.places["findings:sway"] == (f"{house / 'own'}/mine.yaml", 2)


def test_rules_and_knowledge_of_a_user_may_lie_in_two_folders(house: Path) -> None:
    (house / "my-rules").mkdir()
    (house / "my-rules" / "m.yaml").write_text(rules(RULE.replace("a-rule", "m").replace("dip", "sway")), encoding="utf-8")
    (house / "own" / "f.yaml").write_text("findings:\n- {id: sway, name: Sway, side_means: x}\n", encoding="utf-8")
    assert "m" in knowledge.load(house / "own", rules=str(house / "my-rules")).rules


def test_a_collision_is_refused_with_both_places_and_the_way_out(house: Path) -> None:
    faults = own_faults(house, rules(RULE) + "tasks:\n- {id: squat, name: My squat}\n")
    assert [f.split(": ", 1)[0] for f in faults] == [f"{house / 'own'}/mine.yaml:2", f"{house / 'own'}/mine.yaml:4"]
    assert "'a-rule' is already defined at rules/r.yaml:2; to replace it, write `overrides: true`" in faults[0]
    assert "kb/needed.yaml" in faults[1]


def test_an_entry_that_says_so_stands_in_for_the_shipped_one(house: Path) -> None:
    kb = own(house, rules(rule("a-rule", "{finding: lift}", "{muscle: pusher, state: weak, points: 1}", more="overrides: true")))
    assert kb.rules["a-rule"].when.finding == "lift"
    assert kb.places["rules:a-rule"][0].endswith("mine.yaml")


def test_an_override_of_nothing_is_refused(house: Path) -> None:
    (fault,) = own_faults(house, rules(RULE.replace("a-rule", "a-rul").replace("}\n", ", overrides: true}\n")))
    assert "'a-rul' says `overrides: true`, but there is nothing of that id to override" in fault


def test_an_override_within_one_layer_is_refused(house: Path) -> None:
    twice = RULE.replace("a-rule", "mine") + RULE.replace("a-rule", "mine").replace("}\n", ", overrides: true}\n")
    (fault,) = own_faults(house, rules(twice))
    assert "mine.yaml:3: 'mine' is already defined at" in fault
    assert "to replace it" not in fault


def test_an_id_that_stands_twice_in_what_is_shipped_is_refused(house: Path) -> None:
    (house / "shipped" / "rules" / "s.yaml").write_text(rules(RULE), encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"rules/s\.yaml:2: 'a-rule' is already defined at rules/r\.yaml:2"):
        knowledge.load()


def test_one_id_cannot_be_a_finding_and_a_symptom(house: Path) -> None:
    (fault,) = own_faults(house, "symptoms:\n- {id: dip, name: Another dip, side_means: x}\n")
    assert f"{house / 'own'}/mine.yaml:2: 'dip' is already defined at kb/needed.yaml:" in fault


def test_a_measured_share_is_not_replaced_on_the_quiet(house: Path) -> None:
    share = "shares:\n- {{muscle: puller, direction: hip-flexion, share: {}}}\n"
    (house / "shipped" / "kb" / "shares.yaml").write_text(share.format(0.5), encoding="utf-8")
    assert own_faults(house, share.format(0.9))


def test_constants_are_not_set_twice_in_one_layer(house: Path) -> None:
    constants = (SHIPPED / "kb" / "constants.yaml").read_text(encoding="utf-8")
    (house / "shipped" / "kb" / "more.yaml").write_text(constants, encoding="utf-8")
    with pytest.raises(KnowledgeError, match="'constants' already stands in"):
        knowledge.load()


def test_knowledge_without_its_constants_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="'about' and 'constants' must stand in some file"):
        knowledge.from_texts([[("kb/a.yaml", "tasks: [{id: walking, name: Walking}]")]])


def test_folders_of_a_user_that_are_not_there_are_named_each(house: Path) -> None:
    (house / "file").write_text("", encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        knowledge.load(house / "gone", house / "file")
    assert [str(f) for f in caught.value.faults] == [f"{house / name}: there is no such folder" for name in ("file", "gone")]


def test_an_empty_folder_of_a_user_changes_nothing(house: Path) -> None:
    assert knowledge.load(house / "own").rules == knowledge.load().rules


def test_a_file_of_a_user_that_is_not_text_is_named(house: Path) -> None:
    (house / "own" / "good.yaml").write_text("tasks: []", encoding="utf-8")
    (house / "own" / "bad.yaml").write_bytes(b"tasks: []\n# caf\xe9\n")
    with pytest.raises(KnowledgeError, match=r"bad\.yaml"):
        knowledge.load(house / "own")


def test_a_file_of_a_user_that_leads_nowhere_is_named(house: Path) -> None:
    (house / "own" / "link.yaml").symlink_to(house / "nowhere")
    with pytest.raises(KnowledgeError, match=r"link\.yaml"):
        knowledge.load(house / "own")


def test_what_is_shipped_and_damaged_is_told_and_not_thrown(house: Path) -> None:
    (house / "shipped" / "rules" / "r.yaml").write_bytes(b"rules: []\n# caf\xe9\n")
    with pytest.raises(KnowledgeError, match=r"rules/r\.yaml"):
        knowledge.load()


# --- the fingerprint -------------------------------------------------------------------------------------------------------------------


def test_the_fingerprint_is_of_the_content_and_not_of_how_it_is_written() -> None:
    plain = "tasks:\n- {id: jump, name: Jump, synonyms: [hop]}\n"
    rewritten = "# a remark\ntasks:\n  - synonyms:\n      - hop\n    name: 'Jump'   # another\n    id: jump\n"
    assert small_kb(plain).sha256 == small_kb(rewritten).sha256


@pytest.mark.parametrize(
    "changed",
    [
        "tasks:\n- {id: jump, name: Jump, synonyms: [hops on]}\n",
        "tasks:\n- {id: jump, name: jump, synonyms: [hop]}\n",
        "tasks:\n- {id: jump, name: Jump, synonyms: [hop], single_leg: true}\n",
        "tasks:\n- {id: jump, name: Jump, synonyms: [hop]}\n- {id: fly, name: Fly}\n",
    ],
)
def test_the_fingerprint_changes_with_every_change_of_content(changed: str) -> None:
    assert small_kb("tasks:\n- {id: jump, name: Jump, synonyms: [hop]}\n").sha256 != small_kb(changed).sha256


def test_the_fingerprint_tells_a_users_layer_from_what_is_shipped(house: Path) -> None:
    assert own(house, "tasks: [{id: jump, name: Jump}]").sha256 != knowledge.load().sha256


# --- the cache -----------------------------------------------------------------------------------------------------------------------


def cached(house: Path) -> Path:
    (file,) = (house / "cache").rglob("*.json")
    return file


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that had to be parsed."""
    seen: list[str] = []
    real = knowledge.read_yaml

    def noted(text: str, where: str, cap: int) -> Any:
        seen.append(where)
        return real(text, where, cap)

    monkeypatch.setattr(knowledge, "read_yaml", noted)
    return seen


def test_a_second_load_parses_nothing_and_gives_an_equal_base(house: Path, parses: list[str]) -> None:
    first = knowledge.load()
    assert len(parses) == 3
    second = knowledge.load()
    assert len(parses) == 3
    assert first == second
    assert first.places == second.places


def test_a_change_of_a_file_is_seen_at_once(house: Path, parses: list[str]) -> None:
    first = knowledge.load()
    file = house / "shipped" / "rules" / "r.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("points: 2", "points: 1"), encoding="utf-8")
    second = knowledge.load()
    assert second.rules["a-rule"].then[0].points == 1
    assert first.sha256 != second.sha256


def test_faults_are_told_from_the_cache_as_they_were_without_it(house: Path) -> None:
    text = rules(RULE.replace("a-rule", "mine").replace("dip", "dpi"))
    assert own_faults(house, text) == own_faults(house, text)
    assert own_faults(house, text)[0].split(": ")[0].endswith("mine.yaml:2")


def _changed(change: Callable[[Any], Any]) -> Callable[[str], str]:
    return lambda text: json.dumps(change(json.loads(text)))


def _points_raised(kept: Any) -> Any:
    for _, data, _ in kept["documents"]:
        for entry in data.get("rules", []):
            entry["then"][0]["points"] = 4
    return kept


DAMAGE: dict[str, Callable[[str], str]] = {
    "emptied": lambda text: "",
    "cut": lambda text: text[: len(text) // 2],
    "no JSON": lambda text: "no json at all",
    "a list": lambda text: "[]",
    "a number": lambda text: "7",
    "deeper than can be read": lambda text: "[" * 200_000,
    "of another program": lambda text: '{"version": 3, "items": []}',
    "of other knowledge": _changed(lambda kept: {**kept, "digest": "0" * 64}),
    "without its documents": _changed(lambda kept: {"digest": kept["digest"]}),
    "with no documents": _changed(lambda kept: {**kept, "documents": []}),
    "with a document of another shape": _changed(lambda kept: {**kept, "documents": [["kb/a.yaml", {"x": 1}, []]]}),
    "with half a document": _changed(lambda kept: {**kept, "documents": [["kb/a.yaml"]]}),
    "with lines that are none": _changed(lambda kept: {**kept, "documents": [[*d[:2], [["a", [1], 2]]] for d in kept["documents"]]}),
    "with a file less": _changed(lambda kept: {**kept, "documents": [d for d in kept["documents"] if "rules" not in d[1]]}),
    "with other points": _changed(_points_raised),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_cache_that_was_damaged_or_is_not_ours_is_done_without(name: str, house: Path) -> None:
    first = knowledge.load()
    file = cached(house)
    file.write_text(DAMAGE[name](file.read_text(encoding="utf-8")), encoding="utf-8")
    assert knowledge.load() == first


def test_a_cache_of_bytes_that_are_no_text_is_done_without(house: Path) -> None:
    first = knowledge.load()
    cached(house).write_bytes(b"\xff\xfe\x00")
    assert knowledge.load() == first


def test_where_nothing_can_be_kept_everything_works_and_nothing_is_left(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (house / "blocked").write_text("a file where a folder is wanted", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(house / "blocked"))
    assert knowledge.load().rules
    assert (house / "blocked").read_text(encoding="utf-8") == "a file where a folder is wanted"


def test_a_folder_where_the_kept_file_should_be_is_done_without(house: Path) -> None:
    first = knowledge.load()
    file = cached(house)
    file.unlink()
    file.mkdir()
    assert knowledge.load() == first
    assert [p for p in file.parent.iterdir() if p != file] == []


def test_a_disk_that_is_full_leaves_no_half_file(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(json, "dump", full)
        assert knowledge.load().rules
    assert [p for p in (house / "cache").rglob("*") if p.is_file()] == []


def test_faulty_knowledge_is_not_kept(house: Path) -> None:
    own_faults(house, "tsks: []")
    assert "tsks" not in cached(house).read_text(encoding="utf-8")  # what is shipped is sound, and kept by itself


def test_ones_own_folder_does_not_make_the_shipped_one_be_read_anew(house: Path, parses: list[str]) -> None:
    knowledge.load()
    del parses[:]
    own(house, "tasks: [{id: jump, name: Jump}]")
    assert [Path(where).name for where in parses] == ["mine.yaml"]
    own(house, "tasks: [{id: jump, name: Jump high}]")
    assert [Path(where).name for where in parses] == ["mine.yaml", "mine.yaml"]


def test_what_was_kept_of_ones_own_folder_is_the_same_knowledge_as_what_was_read(house: Path, parses: list[str]) -> None:
    first = own(house, "tasks: [{id: jump, name: Jump}]")
    count = len(parses)
    second = own(house, "tasks: [{id: jump, name: Jump}]")
    assert len(parses) == count
    assert first == second
    assert (second.shipped, second.places["tasks:jump"]) == (False, first.places["tasks:jump"])


def test_what_is_shipped_is_never_taken_for_a_layer_of_ones_own(house: Path) -> None:
    knowledge.load()
    text = (house / "shipped" / "rules" / "r.yaml").read_text(encoding="utf-8")
    assert "already defined" in own_faults(house, text)[0]


# --- what is shipped -------------------------------------------------------------------------------------------------------------------


def test_the_shipped_knowledge_is_read_once_and_shared() -> None:
    assert load_knowledge() is load_knowledge()


def test_every_entry_that_is_shipped_has_its_place(knowledge: Knowledge) -> None:
    for place, (where, line) in knowledge.kb.places.items():
        assert where.startswith(("kb/", "rules/")), place
        assert line > 0, place
    assert len(knowledge.kb.places) > 800


def test_a_group_stands_for_its_members_and_a_muscle_for_itself(knowledge: Knowledge) -> None:
    assert "tensor-fasciae-latae" in knowledge.kb.members("hip-flexors")
    assert knowledge.kb.members("gluteus-medius") == ("gluteus-medius",)


# --- damage ----------------------------------------------------------------------------------------------------------------------------

FILES = ("inferred.yaml", "patterns-upper.yaml", "trunk-tests.yaml", "knee.yaml", "pelvis-and-low-back.yaml")


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with one flipped bit, a piece cut out, its end cut off, or a piece doubled."""
    at = chance.randrange(len(data))
    match chance.choice(["bit", "byte", "piece", "end", "twice"]):
        case "bit":
            return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
        case "byte":
            return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        case "piece":
            return data[:at] + data[at + chance.randrange(1, 80) :]
        case "end":
            return data[:at]
        case _:
            return data[:at] + data[max(0, at - chance.randrange(1, 80)) :]


read_once = functools.lru_cache(512)(knowledge.read_yaml)
_shapes: dict[int, tuple[Any, Any]] = {}


def shaped_once(model: Any, document: Any) -> Any:
    if id(document) not in _shapes:
        _shapes[id(document)] = (document, reading.shaped(model, document))
    return _shapes[id(document)][1]


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped knowledge to damage. What is undamaged is read and shaped once; nothing is kept."""
    for name in ("kb", "rules"):
        shutil.copytree(str(SHIPPED / name), tmp_path / name)
    monkeypatch.setattr(resources, "root", lambda: tmp_path)
    monkeypatch.setattr(knowledge, "_from_cache", lambda digest: None)
    monkeypatch.setattr(knowledge, "_to_cache", lambda digest, documents: None)
    monkeypatch.setattr(knowledge, "read_yaml", read_once)
    monkeypatch.setattr(knowledge, "shaped", shaped_once)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_rule_file_is_told_with_file_and_line_or_it_loads(name: str, workshop: Path) -> None:
    file = workshop / "rules" / name
    whole = file.read_bytes()
    chance = random.Random(name)  # noqa: S311
    told = 0
    for number in range(30):
        file.write_bytes(damaged(whole, chance))
        try:
            compile_rules(knowledge.load())
        except ExpertError as error:
            told += 1
            assert isinstance(error, KnowledgeError | RuleError)  # noqa: PT017
            for fault in error.faults:
                assert fault.where.startswith(("rules/", "kb/")), (number, str(fault))
                assert fault.line > 0 or "empty" in fault.message, (number, str(fault))
    assert told
