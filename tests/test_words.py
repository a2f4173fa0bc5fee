"""The look-up: forgives spelling, case, order and plurals; refuses to guess meaning."""

from __future__ import annotations

import pytest

from expert.model import Knowledge
from expert.words import Found, Reading, Table, Unclear, Words, index, normal, side_word, split_side

TABLE = index(
    [
        ("hip-drop", Reading("hip-drop")),
        ("hip drops", Reading("hip-drop")),
        ("Trendelenburg", Reading("hip-drop", "opposite")),
        ("hip drops when running", Reading("hip-drop", "same", "running")),
        ("knee valgus", Reading("knee-valgus")),
        ("knees cave in", Reading("knee-valgus")),
        ("knee varus", Reading("knee-varus")),
        ("internal rotation", Reading("internal-rotation")),
        ("external rotation", Reading("external-rotation")),
        ("hip hitch", Reading("hip-hike")),
        ("QL", Reading("quadratus-lumborum")),
    ]
)


def words_of(table: Table, subject: str = "finding") -> Words:
    return Words({subject: table}, table.vocabulary)


WORDS = words_of(TABLE)


def read(words: str) -> Found | Unclear:
    return WORDS.look_up("finding", words)


# --- the shipped vocabulary ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "words", "meaning"),
    [
        ("finding", "knees cave in", "knee-valgus"),
        ("finding", "knee valgus", "knee-valgus"),
        ("finding", "kness cave", "knee-valgus"),
        ("finding", "Knee-Valgus", "knee-valgus"),
        ("finding", "cave in knees", "knee-valgus"),
        ("finding", "hip drops", "hip-drop"),
        ("finding", "dropping pelvis", "hip-drop"),
        ("finding", "Trendelenburg's sign", "hip-drop"),
        ("muscle", "TFL", "tensor-fasciae-latae"),
        ("muscle", "tfl", "tensor-fasciae-latae"),
        ("muscle", "upper traps", "upper-trapezius"),
        ("muscle", "Upper Trap", "upper-trapezius"),
        ("muscle", "QL", "quadratus-lumborum"),
        ("muscle", "gluteus medus", "gluteus-medius"),
        ("muscle", "hip flexors", "hip-flexors"),
        ("task", "single leg squats", "single-leg-squat"),
        ("task", "SLS", "single-leg-squat"),
        ("task", "jogging", "running"),
    ],
)
def test_what_clinicians_write_is_understood(subject: str, words: str, meaning: str, knowledge: Knowledge) -> None:
    found = knowledge.kb.words.look_up(subject, words)
    assert isinstance(found, Found), found
    assert found.reading.id == meaning


@pytest.mark.parametrize(
    ("subject", "words", "wrong"),
    [
        ("finding", "decreased tone", "spasticity"),
        ("finding", "decreased lumbar lordosis", "lordosis"),
        ("finding", "decreased thoracic kyphosis", "kyphosis"),
        ("finding", "decreased tendon reflexes", "hyperreflexia"),
        ("finding", "weak ankle eversion", "ankle-inversion-weak"),
        ("finding", "weak scapular retraction", "serratus-weak"),
        ("finding", "weak supraspinatus", "shoulder-external-rotation-weak"),
        ("finding", "hypomobile", "hypermobility"),
        ("finding", "knee hypoextension", "knee-hyperextension"),
        ("finding", "hip external rotation limited", "hip-internal-rotation-limited"),
        ("task", "unilateral squat", "squat"),
        ("task", "arm adduction", "overhead-reach"),
    ],
)
def test_a_real_word_is_never_mended_into_its_opposite(subject: str, words: str, wrong: str, knowledge: Knowledge) -> None:
    found = knowledge.kb.words.look_up(subject, words)
    assert not (isinstance(found, Found) and found.reading.id == wrong)


OPPOSITES = (
    "external internal, anterior posterior, abduction adduction, abductor adductor, flexion extension, flexor extensor, "
    "pronation supination, inversion eversion, medial lateral, upper lower, elevation depression, valgus varus, short long, "
    "kyphosis lordosis, dorsiflexion plantarflexion, protraction retraction, supraspinatus infraspinatus, superior inferior, "
    "major minor, maximus minimus, longus brevis, inward outward, increased decreased, forward backward, anteversion retroversion, "
    "overactive underactive, proximal distal, superficial deep, concentric eccentric, unilateral bilateral, hypermobile hypomobile, "
    "hyperextension hypoextension"
)


def test_no_name_with_one_word_turned_round_is_mended_back(knowledge: Knowledge) -> None:
    pairs = [tuple(normal(w) for w in pair.split()) for pair in OPPOSITES.split(",")]
    turned_back = []
    for subject, table in knowledge.kb.words.by_subject.items():
        for words in table.known:
            for one, other in (p for pair in pairs for p in (pair, pair[::-1])):
                if one in words.split():
                    turned = " ".join(other if w == one else w for w in words.split())
                    found = knowledge.kb.words.look_up(subject, turned)
                    if isinstance(found, Found) and found.mended and one in found.mended.split():
                        turned_back.append((subject, turned, found.reading.id))
    assert turned_back == []


def test_every_known_name_is_read_as_what_it_names(knowledge: Knowledge) -> None:
    for subject, table in knowledge.kb.words.by_subject.items():
        for words, readings in table.known.items():
            found = knowledge.kb.words.look_up(subject, words.upper())
            assert isinstance(found, Found), words
            assert found.reading == readings[0]
            assert not found.mended


def test_a_letter_lost_is_forgiven_or_asked_about_but_never_read_as_something_else(knowledge: Knowledge) -> None:
    wrong = []
    for finding in knowledge.kb.findings.values():
        plain = normal(finding.name)
        long = max(plain.split(), key=len)
        if len(long) >= 7:
            typo = plain.replace(long, long[:3] + long[4:], 1)
            found = knowledge.kb.words.look_up("finding", typo)
            if isinstance(found, Found) and found.reading.id != finding.id:
                wrong.append((typo, found))
    assert wrong == []


# --- how it reads ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["hip drop", "HIP DROP", "Hip-Drop", "hip drops", "drop hip", "the hip's drop", "hip, drop."])
def test_case_hyphens_plurals_order_and_filler_do_not_matter(words: str) -> None:
    assert read(words) == Found(Reading("hip-drop"))


def test_a_misspelt_word_is_mended_and_the_mending_is_told() -> None:
    assert read("internl rotation") == Found(Reading("internal-rotation"), "internal rotation")
    assert read("hip drpo when runing") == Found(Reading("hip-drop", "same", "running"), "hip drop running")


def test_a_known_word_is_not_a_misspelling_of_another_one() -> None:
    both = index([("internal rotation", Reading("inward")), ("external turn", Reading("outward"))])
    found = words_of(both).look_up("finding", "external rotation")
    assert isinstance(found, Unclear)
    assert not found.ambiguous


def test_short_words_are_never_mended() -> None:
    assert isinstance(read("QR"), Unclear)
    assert isinstance(read("hop drop"), Unclear)


def test_two_readings_that_are_equally_near_are_listed_and_not_chosen_between() -> None:
    found = read("knee vargus")  # one letter from valgus, one from varus
    assert isinstance(found, Unclear)
    assert found.ambiguous
    assert set(found.near) == {"knee-valgus", "knee-varus"}


def test_words_that_name_two_things_are_listed_and_not_chosen_between() -> None:
    table = index([("shift", Reading("hip-shift")), ("shift", Reading("weight-shift"))])
    assert words_of(table).look_up("finding", "shifts") == Unclear(("hip-shift", "weight-shift"), ambiguous=True)


def test_a_synonym_keeps_its_side_and_its_task() -> None:
    assert read("trendelenburg") == Found(Reading("hip-drop", "opposite"))
    assert read("running when hip drops") == Found(Reading("hip-drop", "same", "running"))


def test_a_word_too_many_or_too_few_is_another_name() -> None:
    assert isinstance(read("no hip drop"), Unclear)
    assert isinstance(read("hip"), Unclear)
    assert isinstance(read("hip drop absent"), Unclear)


@pytest.mark.parametrize("words", ["", " ", "...", "the", "\N{ZERO WIDTH SPACE}", "日本"])
def test_words_that_say_nothing_are_read_as_nothing(words: str) -> None:
    assert isinstance(read(words), Unclear)


def test_what_may_have_been_meant_is_listed_nearest_first() -> None:
    found = read("knee valgus moment")
    assert isinstance(found, Unclear)
    assert found.near[0] == "knee-valgus"


def test_an_empty_vocabulary_knows_nothing() -> None:
    assert words_of(Table({}, {}, frozenset()), "task").look_up("task", "running") == Unclear(())


# --- search ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "words", "first"),
    [
        ("finding", "knees cave", "knee-valgus"),
        ("finding", "kness cave", "knee-valgus"),
        ("muscle", "TFL", "tensor-fasciae-latae"),
        ("muscle", "QL", "quadratus-lumborum"),
        ("muscle", "upper traps", "upper-trapezius"),
    ],
)
def test_search_puts_what_is_meant_first(subject: str, words: str, first: str, knowledge: Knowledge) -> None:
    assert knowledge.kb.words.search(subject, words)[0][0] == first


def test_search_names_each_id_once_and_no_more_than_asked(knowledge: Knowledge) -> None:
    found = [i for i, _ in knowledge.kb.words.search("finding", "hip", most=7)]
    assert len(found) == len(set(found)) <= 7


# --- sides ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "rest", "side"),
    [
        ("right hip drop", "hip drop", "right"),
        ("hip drop LEFT", "hip drop", "left"),
        ("hip drop R", "hip drop", "right"),
        ("both knees cave in", "knees cave in", "bilateral"),
        ("hip drop bilaterally", "hip drop", "bilateral"),
        ("hip drop", "hip drop", None),
        ("left hip drop right", "left hip drop right", None),
    ],
)
def test_a_side_said_with_the_words_is_taken_from_them_and_two_are_not(words: str, rest: str, side: str | None) -> None:
    assert split_side(words) == (rest, side)


def test_a_word_that_only_contains_a_side_is_no_side() -> None:
    assert split_side("upright posture") == ("upright posture", None)


@pytest.mark.parametrize(
    ("word", "side"),
    [
        ("left", "left"), (" Right ", "right"), ("L", "left"), ("rt", "right"), ("both", "bilateral"), ("centre", "midline"),
        ("running", None),
    ],
)
def test_a_side_is_known_by_its_word_or_letter(word: str, side: str | None) -> None:
    assert side_word(word) == side


def test_normal_words_are_stable() -> None:
    for words in ("Knees cave in", "the Hip's-drop", "ＴＦＬ", "gluteus maximus", "iss"):
        assert normal(normal(words)) == normal(words)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("+ve Ober", "iliotibial-band-short"), ("Thomas test +", "hip-flexors-short"), ("pain in the hip", "hip-pain"),
        ("knees in", "knee-valgus"),
    ],
)
def test_a_plus_is_a_word_and_in_is_left_out_only_where_that_leaves_a_name(knowledge: Knowledge, words: str, meant: str) -> None:
    found = knowledge.kb.words.look_up("finding", words)
    assert isinstance(found, Found)
    assert found.reading.id == meant


@pytest.mark.parametrize("words", ["-ve Ober", "- Thomas", "Thomas test -", "toe", "knee"])
def test_a_minus_is_never_read_away_and_a_part_of_the_body_is_no_finding(knowledge: Knowledge, words: str) -> None:
    assert isinstance(knowledge.kb.words.look_up("finding", words), Unclear)
