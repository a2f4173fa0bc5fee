"""Looking things up: an entry says all that it names and all that names it, a list can be narrowed, a search forgives."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from small import rule, rules, small_knowledge

from expert import formats, lookup
from expert.errors import ExpertError, UsageError
from expert.lookup import KINDS, Ref, entries_named, exists, listing, look_up, overview, search, shown_by
from expert.model import Knowledge
from expert.questions.answer import plain
from expert.stored import StoredCase

OWN = """\
findings:
- {id: sag, name: Sag (of a side), synonyms: [sagging, {words: slump, side: opposite}], side_means: the side that sags, tasks: [walking],
   reliability: [{kappa: 0.5, source: study}]}
patterns:
- {id: whole, name: The whole, core: [{finding: sag}, {finding: dip}], because: of both, grade: C, sources: [study]}
nodes:
- {id: low, name: This side is low, kind: joint, seen_as: [{finding: sag}]}
link_kinds:
- {id: pull, name: A pull, allowed: [[weak, present]], caution: only a pull}
links:
- {id: puller-low, kind: pull, from: {muscle: movers}, to: {node: low}, map: {weak: present}, strength: 0.5, mechanism: it lets go,
   grade: D, sources: [copy-of-table]}
everyday:
- {id: puller, says: the thing that pulls}
""" + rules(
    rule("sag.pulls", "{all: [{finding: sag}, {none: [{finding: lift}]}]}", "{muscle: puller, side: opposite, state: weak, points: 3}"),
    rule("sag.group", "{finding: sag, task: walking}", "{muscle: movers, state: overactive, points: 2}", grade="D", source="copy-of-table"),
)


@pytest.fixture(scope="module")
def small() -> Knowledge:
    return small_knowledge(OWN)


def used(entry: lookup.Entry) -> dict[tuple[str, str, str], list[str]]:
    return {(u.kind, u.role, u.via.id if u.via else ""): [r.id for r in u.entries] for u in entry.used_by}


# --- an entry -----------------------------------------------------------------------------------------------


def test_a_rule_is_told_with_everything_it_names_in_words(small: Knowledge) -> None:
    entry = look_up("rules", "sag.pulls", small)
    sag, lift = Ref("findings", "sag", "Sag (of a side)"), Ref("findings", "lift", "Lift")
    assert entry.fields["when"]["all"][0]["finding"] == sag
    assert entry.fields["when"]["all"][1]["none"][0]["finding"] == lift
    assert entry.fields["then"] == [{"muscle": Ref("muscles", "puller", "Puller"), "side": "opposite", "state": "weak", "points": 3}]
    assert (entry.name, entry.grade, entry.made_by, entry.file, entry.line) == ("sag.pulls", "C", "hand", "kb/x1.yaml", 16)
    assert entry.cited == (lookup.Cited("table", "A table", "", None, "table", "whole", "table"),)


def test_a_finding_knows_every_entry_that_names_it_and_in_which_field(small: Knowledge) -> None:
    assert used(look_up("findings", "sag", small)) == {
        ("rules", "when", ""): ["sag.group", "sag.pulls"], ("patterns", "core", ""): ["whole"], ("nodes", "seen_as", ""): ["low"],
    }  # fmt: skip


def test_a_muscle_knows_the_rules_that_speak_of_it_and_on_what(small: Knowledge) -> None:
    told = look_up("muscles", "puller", small).speaks
    assert [(s.rule.id, s.state, s.side, s.points, s.grade, s.via and s.via.id, [r.id for r in s.on]) for s in told] == [
        ("sag.pulls", "weak", "opposite", 3.0, "C", None, ["sag", "lift"]),
        ("sag.group", "overactive", "same", 2.0, "D", "movers", ["sag"]),
    ]


def test_what_names_a_group_of_a_muscle_is_told_with_that_group(small: Knowledge) -> None:
    told = used(look_up("muscles", "puller", small))
    assert told["links", "from", "movers"] == ["puller-low"]
    assert told["groups", "members", ""] == ["movers"]


def test_a_link_is_called_by_its_ends_with_the_states_of_which_it_speaks(small: Knowledge) -> None:
    assert look_up("links", "puller-low", small).name == "Movers, weak → This side is low"


def test_a_source_knows_what_rests_on_it_by_grade_and_its_kin(small: Knowledge) -> None:
    entry = look_up("sources", "table", small)
    assert entry.rests == (("C", 1),)
    assert [ref.id for ref in entry.kin] == ["copy-of-table"]
    assert look_up("sources", "hearsay", small).used_by == ()


def test_a_muscle_has_its_everyday_name(small: Knowledge) -> None:
    assert look_up("muscles", "puller", small).everyday == "the thing that pulls"
    assert look_up("muscles", "pusher", small).everyday == ""


def test_a_rule_that_mechanics_makes_is_told_like_one_that_is_written(knowledge: Knowledge) -> None:
    entry = look_up("rules", "mechanics.knee-valgus", knowledge)
    assert (entry.made_by, entry.grade) == ("mechanics", "D")
    assert entry.fields["when"]["finding"].id == "knee-valgus"
    assert {"shortened", "lengthened"} == {told["state"] for told in entry.fields["then"]}


def test_a_pull_tells_what_is_taught_and_what_was_measured(knowledge: Knowledge) -> None:
    pulls = {(p.part, p.direction.name): p for p in look_up("muscles", "gluteus-medius", knowledge).pulls}
    assert pulls["", "hip abduction"].taught
    assert pulls["", "hip abduction"].measured
    assert not pulls["", "hip internal rotation"].taught
    assert pulls["", "hip internal rotation"].share == pytest.approx(0.316, abs=0.05)
    assert dict(look_up("joints", "hip", knowledge).pulled)["hip-abduction"]


@pytest.mark.parametrize(("kind", "id"), [("muscle", "puller"), ("muscles", "pullr"), ("muscles", ""), ("", ""), ("muscles", "x" * 999)])
def test_what_there_is_not_is_refused(kind: str, id: str, small: Knowledge) -> None:
    assert not exists(kind, id, small)
    with pytest.raises(UsageError, match="there is no"):
        look_up(kind, id, small)


# --- nothing is forgotten -----------------------------------------------------------------------------------

PLAIN = {  # fields of ids that name no entry: words of an author's own, or what the entry itself is called
    (formats.Source, "lineage"), (formats.Axis, "id"), (formats.Axis, "directions"), (formats.FindingType, "group"),
    (formats.FindingType, "region"), (formats.Rule, "group"), (formats.Asking, "regions"), (formats.Task, "angles_deg"),
}  # fmt: skip


def shapes(of: type[BaseModel], seen: set[type[BaseModel]]) -> None:
    if of in seen:
        return
    seen.add(of)
    for field in of.model_fields.values():
        for part in parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                shapes(part, seen)


def parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in typing.get_args(annotation):
        yield from parts(part)


def test_every_field_that_holds_ids_says_what_it_names() -> None:
    seen: set[type[BaseModel]] = set()
    for field in formats.KnowledgeFile.model_fields.values():
        for part in parts(field.annotation):
            if isinstance(part, type) and issubclass(part, formats.Entry):
                shapes(part, seen)
    pattern = "a-z0-9"
    silent = {
        (shape, name)
        for shape in seen
        for name, field in shape.model_fields.items()
        if name != "id" and pattern in repr(field) and (shape, name) not in PLAIN
        and name not in lookup._NAMES and (shape, name) not in lookup._NAMES_IN
    }  # fmt: skip
    assert len(seen) > 40
    assert not silent


def test_every_entry_of_the_knowledge_is_found_and_all_that_it_names_is_there(knowledge: Knowledge) -> None:
    seen = 0
    for kind in KINDS:
        for row in listing(kind, knowledge).rows:
            entry = look_up(kind, row.ref.id, knowledge)
            named = [*lookup.refs_in(entry.fields), *(r for use in entry.used_by for r in use.entries), *entry.kin]
            assert all(exists(ref.kind, ref.id, knowledge) for ref in named), row
            assert entry.name
            seen += 1
    assert seen > 3000


def test_what_names_an_entry_is_what_it_is_named_by(knowledge: Knowledge) -> None:
    for kind in ("flags", "batteries", "exercises", "measures"):
        for row in listing(kind, knowledge).rows:
            for ref in lookup.refs_in(look_up(kind, row.ref.id, knowledge).fields):
                if ref[:2] != row.ref[:2]:
                    assert any(row.ref in use.entries for use in look_up(ref.kind, ref.id, knowledge).used_by), (row.ref, ref)


def test_an_entry_is_plain_data_and_the_same_bytes_each_time(knowledge: Knowledge) -> None:
    one, again = (json.dumps(plain(look_up("muscles", "psoas-major", knowledge)), allow_nan=False) for _ in range(2))
    assert one == again
    assert json.loads(one)["fields"]["sources"][0].keys() == {"kind", "id", "name"}


# --- lists --------------------------------------------------------------------------------------------------


def test_a_list_is_in_the_order_of_names_and_can_be_narrowed(small: Knowledge) -> None:
    assert [row.ref.id for row in listing("muscles", small).rows] == ["puller", "pusher", "turner"]
    told = listing("rules", small, {"grade": "D"})
    assert [row.ref.id for row in told.rows] == ["sag.group"]
    assert told.of == 2
    assert lookup.Facet("grade", (("C", 1), ("D", 1))) in told.facets


def test_a_list_counts_what_names_each_entry(small: Knowledge) -> None:
    assert {row.ref.id: row.uses for row in listing("findings", small).rows} == {"sag": 4, "dip": 1, "lift": 1, "bow": 0}


@pytest.mark.parametrize(("kind", "narrowed"), [("muscels", {}), ("muscles", {"grade": "C"}), ("rules", {"colour": "red"})])
def test_a_list_that_there_is_not_is_refused(kind: str, narrowed: dict[str, str], small: Knowledge) -> None:
    with pytest.raises(UsageError):
        listing(kind, small, narrowed)


# --- searching ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "first", "how"),
    [
        ("glut med", ("muscles", "gluteus-medius"), "exact"),
        ("Knees cave in", ("findings", "knee-valgus"), "exact"),
        ("gluteus medi", ("muscles", "gluteus-medius"), "begins"),
        ("outer hip muscle", ("muscles", "gluteus-medius"), "exact"),
        ("cauda equina", ("flags", "cauda-equina"), "exact"),
        ("hip-drop.stance-abductors", ("rules", "hip-drop.stance-abductors"), "exact"),
    ],
)
def test_a_search_finds_by_names_synonyms_everyday_words_and_ids(
    words: str, first: tuple[str, str], how: str, knowledge: Knowledge
) -> None:
    hit = search(words, knowledge).hits[0]
    assert (hit.ref[:2], hit.how) == (first, how)


def test_a_search_mends_a_misspelt_word_and_says_so(knowledge: Knowledge) -> None:
    found = search("gluteus mediuss", knowledge)
    assert found.hits[0].ref.id == "gluteus-medius"
    assert found.mended == (("mediuss", "medius"),)


def test_a_search_can_be_of_some_kinds_and_tells_how_many_it_does_not_show(knowledge: Knowledge) -> None:
    found = search("hip", knowledge, kinds=("muscles", "groups"), most=3)
    assert len(found.hits) == 3
    assert found.more > 0
    assert {hit.ref.kind for hit in found.hits} <= {"muscles", "groups"}


@pytest.mark.parametrize("words", ["", " ", "zzqqjx", "\x00", "'; drop zzq", "%%%", "qx"])
def test_words_that_name_nothing_find_nothing(words: str, knowledge: Knowledge) -> None:
    assert search(words, knowledge) == lookup.Search((), 0, ())


def test_words_longer_than_any_name_are_refused(knowledge: Knowledge) -> None:
    with pytest.raises(UsageError):
        search("hip " * 60, knowledge)


# --- numbers, cases -----------------------------------------------------------------------------------------


def test_the_overview_counts_by_grade_and_by_whose_word_it_is(small: Knowledge) -> None:
    told = overview(small)
    counts = {c.kind: c for c in told.counts}
    assert (counts["rules"].entries, counts["rules"].grades) == (2, (("C", 1), ("D", 1)))
    table = next(line for line in told.lineages if line.lineage == "table")
    assert [s.id for s in table.sources] == ["table", "copy-of-table"]
    assert table.grades == (("C", 1), ("D", 2))
    assert [(grade, [ref.id for ref in refs]) for grade, refs in told.best] == [("C", ["puller"]), ("D", ["pusher"]), ("", ["turner"])]
    assert [ref.id for ref in told.silent] == ["bow", "dip"]


def test_the_overview_of_what_is_shipped_agrees_with_its_lists(knowledge: Knowledge) -> None:
    for count in overview(knowledge).counts:
        assert count.entries == len(listing(count.kind, knowledge).rows)


def stored(name: str, *findings: str) -> StoredCase:
    return StoredCase("x", name, {"findings": [dict(zip(("name", "side", "task"), f.split(":"), strict=False)) for f in findings]}, {}, ())


CASES = [
    stored("A side that sags", "sag:left"), stored("A side that sags and lifts", "sag:left", "lift:left"),
    stored("Both", "sag:right", "dip:right"), stored("One that is refused", "no such thing"),
]  # fmt: skip


def test_a_rule_is_shown_by_the_stored_cases_in_which_it_fires(small: Knowledge) -> None:
    assert shown_by("sag.pulls", CASES, small) == lookup.Shown(("A side that sags", "Both"), 0)
    assert shown_by("sag.pulls", CASES, small, most=1) == lookup.Shown(("A side that sags",), 1)
    assert shown_by("sag.group", CASES, small) == lookup.Shown((), 0)
    assert shown_by("whole", CASES, small) == lookup.Shown(("Both",), 0)


def test_a_rule_about_hypotheses_is_shown_by_whole_runs_up_to_the_first_few(knowledge: Knowledge) -> None:
    case = stored("A drop", "hip-abduction-weak:left", "hip drop:right:single-leg-squat", "knee cave:left:single-leg-squat")
    name = "dominance.gluteus-medius-tensor-fasciae-latae"
    assert shown_by(name, [case], knowledge, most=1) == lookup.Shown(("A drop",), None)


# --- entries as they were read ------------------------------------------------------------------------------


def test_an_entry_is_found_by_its_id_with_its_place(knowledge: Knowledge) -> None:
    ((section, entry, place),) = entries_named("hip-drop", knowledge.kb)
    assert (section, entry.id) == ("findings", "hip-drop")
    assert place[0].endswith(".yaml")
    assert place[1] > 0


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("TFL", "tensor-fasciae-latae"), ("QL", "quadratus-lumborum"), ("knees cave in", "knee-valgus"), ("jogging", "running")],
)
def test_an_entry_is_found_by_the_words_that_name_it(words: str, wanted: str, knowledge: Knowledge) -> None:
    assert {entry.id for _, entry, _ in entries_named(words, knowledge.kb)} == {wanted}


def test_entries_of_every_section_are_found_by_their_id(knowledge: Knowledge) -> None:
    places = [place.split(":", 1) for place in knowledge.kb.places]
    nameless = ("shares", "measured_actions", "reversals", "everyday")  # of what others are called by, and of a pull, there is no id
    one_of_each = {section: name for section, name in places if section not in nameless}
    assert {section.replace("_", "-") for section in one_of_each} == set(KINDS)
    for section, name in one_of_each.items():
        assert (section, name) in {(s, e.id) for s, e, _ in entries_named(name, knowledge.kb)}


def test_a_name_that_nothing_has_is_refused_with_near_ones(knowledge: Knowledge) -> None:
    with pytest.raises(ExpertError, match="nothing is called 'zzqqj'"):
        entries_named("zzqqj", knowledge.kb)
