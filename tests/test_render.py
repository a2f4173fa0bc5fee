"""Reports: what comes first, what never comes through, what every format says. Behaviours, not snapshots."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from expert import Assessment, assess, case_from_quick, load_case
from expert.arrange import arranged, placed
from expert.errors import ExpertError
from expert.model import Knowledge, Tree
from expert.render import report, wrapped

ROOT = Path(__file__).resolve().parent.parent
READ = ("txt", "md", "html", "trace")
REPORTS = ("txt", "md", "html")
HOSTILE = (
    "</td><script>alert(1)</script> \"quoted\" 'single' {{7*7}} {% raw %} | **bold** [x](http://evil.example) `code` "
    "\u202eright-to-left שלום"
)
CONTROLS = "red \x1b[31malert\x1b[0m \x07bell \x9b2J \r\nRED FLAGS: none"


@pytest.fixture(scope="module")
def runner(knowledge: Knowledge) -> Assessment:
    return assess(load_case(ROOT / "examples" / "runner.yaml"), knowledge)


@pytest.fixture(scope="module")
def red_flag(knowledge: Knowledge) -> Assessment:
    return assess(load_case(ROOT / "examples" / "red-flag.yaml"), knowledge)


@pytest.fixture(scope="module")
def big(knowledge: Knowledge) -> Assessment:
    present = [
        "hip drop:right:running", "hip drop:right:single-leg squat", "knee valgus:left:squat", "anterior pelvic tilt", "forward head",
        "rounded shoulders:bilateral", "foot pronation:left:squat", "heel rise:left:squat", "low back arch:squat",
        "shoulder hike:right:overhead reach",
    ]  # fmt: skip
    return assess(case_from_quick(present, ["heel rise:right:squat"]), knowledge)


@pytest.fixture(scope="module")
def nothing(knowledge: Knowledge) -> Assessment:
    return assess({"findings": []}, knowledge)


@pytest.fixture
def hostile(runner: Assessment) -> Tree:
    """The runner's answer with hostile text wherever a case (or somebody's own knowledge) may put free text."""
    answer = copy.deepcopy(runner.to_dict())
    answer["inputs"]["used"][0] |= {"written": HOSTILE, "name": HOSTILE}
    answer["inputs"]["missing"].append({"what": HOSTILE, "because": HOSTILE})
    answer["warnings"] = [HOSTILE, CONTROLS]
    answer["plan"]["because"] = [HOSTILE, CONTROLS]
    answer["plan"]["phases"][0]["items"][0]["name"] = HOSTILE
    answer["unused"] = [{"finding": HOSTILE, "because": CONTROLS}]
    answer["hypotheses"][0]["name"] = HOSTILE
    answer["hypotheses"][0]["evidence"][0]["because"] = CONTROLS
    answer["predicted"][0]["path"][-1]["mechanism"] = HOSTILE
    answer["predicted"][0]["name"] = HOSTILE
    return answer


def in_format(answer: Tree, knowledge: Knowledge, format: str, **options: Any) -> str:
    return report(answer, knowledge.kb, format, **options)


class Page(HTMLParser):
    """What a browser would make of a report: tags in balance, scripts, loads, headings, pictures with their text."""

    VOID = frozenset({"meta", "br", "link", "img", "hr", "input"})
    SHAPES = frozenset({"path", "rect", "circle", "ellipse", "line"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[tuple[int, str]] = []
        self.pictures: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        if tag == "svg":
            self.pictures.append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.SHAPES | self.VOID, f"<{tag}/> closes nothing in HTML"
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a start"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)
        if "svg" in self.open and self.open[-1] == "text":
            self.pictures[-1] += f"[{data.strip()}]"
        if self.open and re.fullmatch(r"h[1-6]", self.open[-1]):
            self.headings[-1] = (self.headings[-1][0], self.headings[-1][1] + data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


# --- red flags ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", READ)
def test_an_emergency_is_the_first_thing_that_is_read(red_flag: Assessment, format: str) -> None:
    text = red_flag.report(format)
    seen = " ".join(Page(text).text) if format == "html" else text
    body = seen.split("case red-flag", 1)[-1] if format == "html" else seen  # the window's title comes before any content
    first = re.sub(r"[\s=>*!]+", " ", body).strip()
    assert first.startswith("EMERGENCY: act now. No exercise plan is given.")
    assert "cauda equina" in first[:200]
    assert first.index("cauda equina") < first.index("Foot drop") < first.casefold().index("case red-flag")


@pytest.mark.parametrize("format", REPORTS)
def test_a_withheld_plan_prints_the_reason_and_no_exercise(red_flag: Assessment, knowledge: Knowledge, format: str) -> None:
    answer = red_flag.to_dict()
    assert answer["plan"]["withheld"]
    text = in_format(answer, knowledge, format)
    assert re.search("plan: withheld", text, re.IGNORECASE)
    steps = [step for strategy in knowledge.kb.strategies.values() for step in strategy.steps.values()]
    assert not [step for step in steps if step[:30] in text]
    assert not [phase.name for phase in knowledge.kb.phases if phase.name in text]
    # even an answer that should never be: withheld, with phases
    answer = copy.deepcopy(answer)
    item = {"muscle": "soleus", "name": "Soleus", "side": "left", "do": "HEAVY SQUATS", "because": "b", "sources": []}
    answer["plan"]["phases"] = [{"name": "Awareness", "goal": "g", "items": [item]}]
    assert "HEAVY SQUATS" not in in_format(answer, knowledge, format)


@pytest.mark.parametrize("format", REPORTS)
def test_what_is_held_is_marked(red_flag: Assessment, knowledge: Knowledge, runner: Assessment, format: str) -> None:
    answer = copy.deepcopy(runner.to_dict())
    mark = "a red flag may explain this by itself"
    assert mark not in in_format(answer, knowledge, format)
    answer["hypotheses"][0]["held"] = True
    assert mark in " ".join(in_format(answer, knowledge, format).split())


@pytest.mark.parametrize("format", REPORTS)
def test_silence_about_red_flags_is_never_reassurance(
    runner: Assessment, nothing: Assessment, knowledge: Knowledge, format: str
) -> None:
    referral = runner.to_dict()["referral"]
    told = runner.report(format)
    whole = len(referral["asked"]) + len(referral["not_asked"])
    assert f"among the {len(referral['asked'])} of {whole} asked" in told
    assert f"not asked about: {len(referral['not_asked'])} of {whole}" in told.casefold()
    grave = [f for f in referral["not_asked"] if knowledge.kb.flags[f].level in ("emergency", "urgent")]
    flat = re.sub(r"\s+", " ", told)
    names = [f.replace("-", " ") if format == "txt" else knowledge.kb.flags[f].title for f in grave]
    assert not [name for name in names if name not in flat]
    assert "Not screened" in nothing.report(format)


# --- order and honesty -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", REPORTS)
def test_sections_come_in_the_order_of_need(big: Assessment, format: str) -> None:
    text = big.report(format)
    heads = [h for _, h in Page(text).headings] if format == "html" else text.splitlines()
    order = ["supported", "possible", "contested", "other explanations", "patterns", "sources that disagree", "how it may spread",
             "vicious cycles", "plan", "red flags not asked"]  # fmt: skip
    places = [next(n for n, h in enumerate(heads) if h.strip("#* ").casefold().startswith(title)) for title in order]
    assert places == sorted(places)


@pytest.mark.parametrize("format", READ)
def test_every_report_says_what_it_is_for_and_from_which_knowledge(runner: Assessment, format: str) -> None:
    text = re.sub(r"\s+", " ", runner.report(format))
    answer = runner.to_dict()
    assert "For professionals and teaching: hypotheses to check, not a diagnosis." in text
    assert f"Knowledge {answer['knowledge']['version']} ({answer['knowledge']['sha256'][:12]}" in text
    assert "probability" not in text.replace("they are no probability", "")


@pytest.mark.parametrize("format", REPORTS)
def test_knowledge_that_is_not_the_shipped_one_is_named_so(runner: Assessment, knowledge: Knowledge, format: str) -> None:
    answer = copy.deepcopy(runner.to_dict())
    assert "changed or added to" not in in_format(answer, knowledge, format)
    answer["knowledge"]["shipped"] = False
    assert "changed or added to" in re.sub(r"\s+", " ", in_format(answer, knowledge, format))


@pytest.mark.parametrize("format", READ)
def test_every_chain_carries_its_caution_and_its_status(runner: Assessment, knowledge: Knowledge, format: str) -> None:
    answer = copy.deepcopy(runner.to_dict())
    answer["predicted"][0]["status"] = "refuted"
    text = re.sub(r"\s+", " ", in_format(answer, knowledge, format))
    for words in ("Reasoned from anatomy, not observed", "Order is not cause", "Check before treating", "refuted"):
        assert words in text
    assert {"txt": "[x]", "trace": "[x]", "md": "~~", "html": "<s>"}[format] in text


@pytest.mark.parametrize("format", REPORTS)
def test_an_empty_case_concludes_nothing_and_says_what_was_not_asked(nothing: Assessment, format: str) -> None:
    text = nothing.report(format)
    assert re.search("nothing is concluded", text, re.IGNORECASE)
    assert "cauda equina" in text
    assert "age" in text
    assert not re.search(r"^(#+ |<h2>)?plan\b", text, re.IGNORECASE | re.MULTILINE)


@pytest.mark.parametrize("format", REPORTS)
def test_where_nothing_is_supported_there_is_no_plan_and_the_report_says_so(knowledge: Knowledge, format: str) -> None:
    answer = assess(case_from_quick(["hip drop:right:running"]), knowledge)
    assert {h.status for h in answer.hypotheses} <= {"possible", "insufficient"}
    text = re.sub(r"\s+", " ", answer.report(format))
    assert "No hypothesis is supported." in text
    assert "no hypothesis is supported and free of red flags, so there is nothing to plan yet" in text


@pytest.mark.parametrize("format", REPORTS)
def test_insufficient_hypotheses_are_counted_and_not_listed(runner: Assessment, knowledge: Knowledge, format: str) -> None:
    answer = runner.to_dict()
    count = sum(h["status"] == "insufficient" for h in answer["hypotheses"])
    shown = {h["name"] for h in answer["hypotheses"] if h["status"] != "insufficient"}
    hidden = {h["name"] for h in answer["hypotheses"]} - shown
    text = in_format(answer, knowledge, format, top=500)
    assert f"too little evidence: {count}" in re.sub(r"\s+", " ", text)
    rows = text.split("OTHER EXPLANATIONS")[0] if format == "txt" else text.split("Other explanations")[0]
    assert not [name for name in hidden if f"{name}: " in rows or f"| {name} |" in rows or f'"who">{name}<' in rows]


@pytest.mark.parametrize("format", REPORTS)
def test_lists_are_cut_at_top_and_say_how_much_more_there_is(big: Assessment, format: str) -> None:
    short, long = big.report(format, top=2), big.report(format, top=500)
    assert len(short) < len(long) / 2
    assert re.search(r"and \d+ more lines", short)
    assert not re.search(r"\.\.\. and \d+", long)


@pytest.mark.parametrize("format", REPORTS)
def test_the_first_lines_answer_what_is_suspected_what_to_look_at_how_sure_it_is_and_what_to_do(runner: Assessment, format: str) -> None:
    text = runner.report(format)
    seen = re.sub(r"\s+", " ", " ".join(Page(text).text) if format == "html" else text)
    wanted = ["Suspected", "Gluteus medius", "May come first", "The left ankle bends up too little", "Look next", "Beside muscles",
              "How steady", "of 100 drawings", "What to do"]  # fmt: skip
    places = [seen.index(words) for words in wanted]
    assert places == sorted(places)
    if format == "txt":
        assert any("What to do" in line for line in text.splitlines()[:24])  # one screen


@pytest.mark.parametrize("format", REPORTS)
def test_what_may_come_first_is_a_candidate_with_what_could_stand_in_its_place(big: Assessment, runner: Assessment, format: str) -> None:
    answer = runner.to_dict()
    assert answer["driver_sets"]
    told = re.sub(r"\s+", " ", runner.report(format))
    assert "Candidates to check, never the cause" in told
    assert "In its place could stand: Soleus" in told


@pytest.mark.parametrize("format", REPORTS)
def test_every_test_that_is_proposed_comes_with_its_reason(runner: Assessment, format: str) -> None:
    told = re.sub(r"\s+", " ", runner.report(format)).casefold()
    tests = [t for t in runner.to_dict()["next_tests"] if t["kind"] == "test"]
    assert tests
    assert tests[0]["name"].casefold() in told
    reason = "if present" if format == "txt" else re.sub(r"\s+", " ", tests[0]["why"]).casefold()
    assert reason in told


@pytest.mark.parametrize("format", REPORTS)
def test_a_row_that_hangs_on_the_numbers_says_so(runner: Assessment, knowledge: Knowledge, format: str) -> None:
    answer = copy.deepcopy(runner.to_dict())
    told = re.sub(r"\s+", " ", in_format(answer, knowledge, format))
    lines = answer["uncertainty"]["stability"]["hypotheses"]
    shaky = next(h for h in lines if h["status"] == "supported" and h["status_kept"] < 50)
    assert f"supported in {shaky['status_kept']} of 100, else possible" in told
    for h in lines:
        h |= {"status_kept": 100, "statuses": dict.fromkeys(h["statuses"], 0) | {h["status"]: 100}}
    assert "else possible" not in in_format(answer, knowledge, format)


@pytest.mark.parametrize("format", REPORTS)
def test_sources_that_disagree_are_told_with_both_claims_and_their_sources(big: Assessment, format: str) -> None:
    answer = big.to_dict()
    told = re.sub(r"\s+", " ", big.report(format, top=500).replace("\\", "")).replace("&#39;", "'")
    claims = [claim for c in answer["conflicts"] for claim in c["claims"]]
    assert claims
    missing = [c["title"] for c in claims if c["title"] not in told]
    assert not missing if format != "txt" else len(missing) < len(claims)  # the terminal names two of each, the rest is counted


def test_what_nobody_suspected_does_not_swamp_what_is_contradicted(knowledge: Knowledge) -> None:
    answer = assess(load_case(ROOT / "examples" / "ankle-runner.yaml"), knowledge).to_dict()
    told = arranged(answer, knowledge.kb, 500)
    listed = {(m, r["state"]) for r in told["contradicted"] for m in r["muscles"]}
    items = {i["key"]: i for i in answer["inputs"]["used"]}
    for h in answer["contradicted"]:
        tested = any(not items[f]["present"] for e in h["evidence"] if e["points"] < 0 for f in e["findings"])
        if h["points_for"] or tested:
            assert (h["muscle"], h["state"]) in listed
    answer["contradicted"] = [h | {"points_for": 0.0} for h in answer["contradicted"]]
    for item in answer["inputs"]["used"]:
        item["present"] = True
    alone = arranged(answer, knowledge.kb, 500)
    assert not alone["contradicted"]
    assert alone["unsuspected"] == len(answer["contradicted"])
    assert f"{alone['unsuspected']} states that nothing spoke for" in re.sub(r"\s+", " ", in_format(answer, knowledge, "txt"))


def test_levels_of_red_flags_weigh_differently_to_the_eye(red_flag: Assessment, knowledge: Knowledge) -> None:
    answer = copy.deepcopy(red_flag.to_dict())
    flag = answer["referral"]["flags"][0]
    answer["referral"]["flags"] = [flag | {"level": level, "title": level} for level in ("emergency", "urgent", "soon", "routine")]
    page = Page(in_format(answer, knowledge, "html"))
    boxes = [attrs for attrs in page.named("div") if (attrs.get("class") or "").startswith("alert")]
    assert [(box["class"], box.get("role")) for box in boxes] == [("alert grave", "alert"), ("alert strong", None), ("alert quiet", None)]
    answer["referral"] |= {"level": "routine", "flags": [flag | {"level": "routine"}]}
    page = Page(in_format(answer, knowledge, "html"))
    assert [a["class"] for a in page.named("div") if (a.get("class") or "").startswith("alert")] == ["alert quiet"]


# --- the plan -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", REPORTS)
def test_a_plan_shows_exercises_with_their_dose_when_to_go_on_when_to_stop_and_when_to_look_again(runner: Assessment, format: str) -> None:
    plan = runner.to_dict()["plan"]
    told = re.sub(r"\s+", " ", runner.report(format, top=500).replace("\\", "")).replace("&#39;", "'")
    exercises = [e for phase in plan["phases"] for item in phase["items"] for e in item["exercises"]]
    assert exercises
    assert exercises[0]["name"] in told
    low, high = exercises[0]["dose"]["times_a_week"]
    assert f"{low}-{high} times a week" in told
    assert plan["phases"][0]["progress"] in told
    assert all((g["title"] if format != "txt" else g["title"].lower()) in told for g in plan["stop"])
    assert plan["reassess"]["when"] in told
    assert all(g["to"] in told for g in plan["escalate"])


@pytest.mark.parametrize("format", REPORTS)
def test_what_is_left_out_stands_under_a_plan_even_where_nothing_else_does(runner: Assessment, knowledge: Knowledge, format: str) -> None:
    answer = copy.deepcopy(runner.to_dict())
    answer["plan"] |= {"phases": [], "because": ["nothing to plan"], "left_out": ["Stretching: left out."], "provisional": False}
    answer["hypotheses"] = answer["uncertainty"]["stability"]["hypotheses"] = []
    text = in_format(answer, knowledge, format)
    heads = [h for _, h in Page(text).headings] if format == "html" else text.splitlines()
    assert any(h.strip("# ").casefold() == "plan" for h in heads)
    assert "Stretching: left out." in text


@pytest.mark.parametrize("format", REPORTS)
def test_where_all_is_mild_the_report_says_that_this_is_usual_and_plans_nothing(knowledge: Knowledge, format: str) -> None:
    answer = assess(load_case(ROOT / "examples" / "healthy.yaml"), knowledge)
    text = re.sub(r"\s+", " ", answer.report(format))
    assert answer.to_dict()["plan"]["gate"]["text"].split(".")[0] in text
    assert re.search("plan: none needed", text, re.IGNORECASE)
    assert "Go on when" not in text


# --- grouping -----------------------------------------------------------------------------------------------------------------------


def test_muscles_that_came_by_one_group_are_one_line(runner: Assessment, knowledge: Knowledge) -> None:
    group = knowledge.kb.groups["adductor-complex"]
    told = f"{group.name} ({len(group.members)} muscles): left, overactive"
    lines = [line for line in runner.report("txt", top=500).splitlines() if told in line]
    assert len(lines) == 1
    assert re.match(r" *\d+ +\+\d", lines[0])


def test_a_midline_finding_gives_one_line_for_both_sides(knowledge: Knowledge) -> None:
    answer = assess(case_from_quick(["anterior pelvic tilt", "low back arch:squat"]), knowledge)
    text = answer.report("txt", top=500)
    assert "both sides" in text
    assert not re.search(r"^ *\d+ .*: (left|right),", text, re.MULTILINE)


def lines_of(answer: Assessment) -> set[tuple[Any, ...]]:
    rows = arranged(answer.to_dict(), answer.knowledge.kb, 500)["shown"]
    return {(tuple(sorted(p["name"] for p in r["parts"])), r["side"], r["state"], r["status"], r["points"]) for r in rows}


def test_mirrored_cases_give_mirrored_lines(knowledge: Knowledge) -> None:
    left, right = (
        lines_of(assess(case_from_quick([f"hip drop:{side}:running", f"knee valgus:{other}:squat", "forward head"]), knowledge))
        for side, other in (("left", "right"), ("right", "left"))
    )
    turn = {"left": "right", "right": "left", "both": "both"}
    assert left == {(names, turn[side], *rest) for names, side, *rest in right}
    assert {side for _, side, *_ in left} == {"left", "right", "both"}


def test_two_sides_with_unlike_evidence_stay_two_lines(knowledge: Knowledge) -> None:
    def sides(left: str, right: str) -> set[str]:
        findings = [{"name": "hip drop", "side": s, "task": "running", "severity": v} for s, v in (("left", left), ("right", right))]
        return {side for names, side, *_ in lines_of(assess({"findings": findings}, knowledge)) if "Gluteus medius" in " ".join(names)}

    assert sides("severe", "severe") == {"both"}
    assert sides("moderate", "severe") == {"left", "right"}


def test_what_speaks_against_is_not_lost_among_small_pieces(big: Assessment, knowledge: Knowledge) -> None:
    answer = copy.deepcopy(big.to_dict())
    evidence = answer["hypotheses"][0]["evidence"]
    assert len([e for e in evidence if e["points"]]) > 5
    evidence[-1] |= {"points": -9.9, "because": "The strongest reason against it."}
    evidence[-2]["points"] = -0.1
    told = re.sub(r"\s+", " ", in_format(answer, knowledge, "txt"))
    assert "-9.9" in told
    assert "The strongest reason against it." in told
    assert re.search(r"smaller pieces \(\+[\d.]+ for, -0\.1 against\)", told)


def test_contested_states_of_one_muscle_are_one_line(big: Assessment) -> None:
    found = [h for h in big.hypotheses if h.status == "contested"]
    rows = arranged(big.to_dict(), big.knowledge.kb, 500)["lists"]["contested"]["rows"]
    assert len(rows) < len(found)
    assert all(row["rival"]["state"] != row["state"] and row["points"] >= row["rival"]["points"] for row in rows)


# --- text ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["runner", "big", "red_flag", "nothing"])
@pytest.mark.parametrize("format", ["txt", "trace"])
def test_no_line_is_wider_than_80_columns(request: pytest.FixtureRequest, name: str, format: str) -> None:
    text = request.getfixturevalue(name).report(format, top=500)
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii() or text.replace("\n", "").isprintable()


@pytest.mark.parametrize("format", ["txt", "trace"])
def test_hostile_text_keeps_to_the_columns_and_sends_no_control(hostile: Tree, knowledge: Knowledge, format: str) -> None:
    hostile["warnings"].append("x" * 300 + " 漢字" * 60)
    text = in_format(hostile, knowledge, format)
    assert "\x1b" not in text
    assert text.replace("\n", "").isprintable()
    assert max(sum(2 if "\u3000" < c < "\ua000" else 1 for c in line) for line in text.splitlines()) <= 80
    assert "\nRED FLAGS: none" not in text


def test_colour_comes_only_when_asked_and_never_from_the_case(hostile: Tree, runner: Assessment, knowledge: Knowledge) -> None:
    assert "\x1b" not in runner.report("txt")
    coloured = in_format(hostile, knowledge, "txt", colour=True)
    assert "\x1b[1m" in coloured
    assert "\x1b[31m" not in coloured
    assert "\\x1b" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", runner.report("txt", colour=True))
    assert plain == runner.report("txt")


def test_the_text_report_is_short_enough_to_read(runner: Assessment) -> None:
    assert len(runner.report("txt").splitlines()) < 170


def test_wrapping_keeps_every_word_and_cuts_only_what_is_wider_than_a_line() -> None:
    words = [f"word{n}" for n in range(60)]
    text = wrapped(" ".join(words), 4, "  - ")
    assert text.split() == ["-", *words]
    assert all(line.startswith("    ") for line in text.splitlines()[1:])
    assert wrapped("a" * 100, 2).replace("\n", "").replace(" ", "") == "a" * 100
    assert wrapped("") == ""


# --- escaping --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", READ)
def test_nothing_of_a_case_is_run_or_read_as_markup(hostile: Tree, knowledge: Knowledge, format: str) -> None:
    text = in_format(hostile, knowledge, format)
    assert "{{7*7}}" in text.replace("\\", "")
    if format in ("html", "md"):
        assert "<script" not in text
        assert "alert(1)" in text
    if format == "md":
        plain = text.replace("\\", "\0")  # every character that is markup stands behind a backslash
        assert "\0*\0*bold\0*\0*" in plain
        assert "\0[x\0](" in plain
        assert "\0`code\0`" in plain
        assert "\0|" in plain
    if format == "html":
        page = Page(text)
        assert not page.named("script")
        assert "{{7*7}}" in "".join(page.text)


def test_markdown_tables_keep_their_columns(hostile: Tree, knowledge: Knowledge) -> None:
    rows = [line for line in in_format(hostile, knowledge, "md").splitlines() if line.startswith("|")]
    assert rows
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}


def test_free_text_of_a_real_case_reaches_the_report_escaped(knowledge: Knowledge) -> None:
    surgery = {"name": "<b>knee</b> & {{7*7}}", "date": "2026-10", "restrictions": ['no "loading" <script>']}
    seen = (("hip drop", "left", "running"), ("knees cave in", "right", "single-leg squat"))
    findings = [{"name": name, "side": side, "task": task} for name, side, task in seen]
    answer = assess({"visit": {"date": "2026-11-21"}, "findings": findings, "surgery": [surgery]}, knowledge)
    html = answer.report("html")
    assert "&lt;b&gt;knee&lt;/b&gt; &amp; {{7*7}}" in html
    assert "<script" not in html
    assert "\\{\\{7\\*7\\}\\}" in answer.report("md")
    assert "{{7*7}}" in answer.report("txt")


# --- the page ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["runner", "big", "red_flag", "nothing", "hostile"])
def test_the_page_is_whole_and_loads_nothing(request: pytest.FixtureRequest, knowledge: Knowledge, name: str) -> None:
    given = request.getfixturevalue(name)
    text = in_format(given if isinstance(given, dict) else given.to_dict(), knowledge, "html")
    page = Page(text)
    policy = next(m["content"] for m in page.named("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert page.named("html")[0]["lang"] == "en"
    assert not [attrs for _, attrs in page.tags if {"src", "href", "xlink:href", "onclick", "onload"} & set(attrs)]
    style = "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    assert not re.search(r"@import|url\(", style)
    assert not re.search(r"url\((?!#myo-)", re.sub(r"&[a-z]+;", "", text)) or name == "hostile"
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "object", "embed", "link", "img", "form")]


@pytest.mark.parametrize("name", ["runner", "big", "red_flag", "nothing"])
def test_headings_descend_by_one_and_there_is_one_title(request: pytest.FixtureRequest, name: str) -> None:
    levels = [level for level, _ in Page(request.getfixturevalue(name).report("html")).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_pictures_have_words_and_bodies_have_left_and_right(runner: Assessment) -> None:
    page = Page(runner.report("html"))
    pictures = [attrs for attrs in page.named("svg") if attrs.get("role") == "img"]
    assert pictures
    assert all(attrs.get("aria-label") for attrs in pictures)
    bodies = [text for attrs, text in zip(page.named("svg"), page.pictures, strict=True) if "Body" in (attrs.get("aria-label") or "")]
    front, back = bodies
    assert front.index("[R]") < front.index("[L]")
    assert back.index("[L]") < back.index("[R]")
    assert {"caption", "th"} <= {tag for tag, _ in page.tags}
    assert all(attrs.get("scope") for attrs in page.named("th"))


def test_the_mark_of_a_left_muscle_is_on_the_patients_left(runner: Assessment, knowledge: Knowledge) -> None:
    rows = arranged(runner.to_dict(), knowledge.kb, 10)["shown"]
    spots = {m.region: ("front", 20, 200) for m in knowledge.kb.muscles.values()}
    seen = placed(rows, spots, knowledge.kb)
    assert {mark["x"] > 0 for mark in seen["front"] if all(r["side"] == "left" for r in mark["rows"])} == {True}
    behind = placed(rows, {region: ("back", x, y) for region, (_, x, y) in spots.items()}, knowledge.kb)
    assert {mark["x"] < 0 for mark in behind["back"] if all(r["side"] == "left" for r in mark["rows"])} == {True}


def test_labels_of_the_body_keep_their_distance(big: Assessment) -> None:
    for body in re.findall(r'<svg role="img" viewBox="-158.*?</svg>', big.report("html"), re.DOTALL):
        ends = [(int(m[2]) > 0, float(m[1])) for m in re.findall(r'(d="M[^"]*L[-\d]+ ([\d.]+)H(-?\d+))"', body)]
        for side in (True, False):
            heights = sorted(y for s, y in ends if s is side)
            assert all(b - a >= 19 for a, b in pairwise(heights))
            assert all(0 <= y <= 480 for y in heights)


def test_a_fragment_is_the_content_alone_with_its_style(runner: Assessment) -> None:
    text = runner.report("html", fragment=True)
    page = Page(text)
    assert not {"html", "head", "body", "meta", "title"} & {tag for tag, _ in page.tags if tag != "title"}
    assert text.lstrip().startswith('<div class="myo"')
    assert page.named("style")
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)[0]
    selectors = [s for s in re.findall(r"(?:^|[{}])\s*([^{}@]+)\{", re.sub(r"/\*.*?\*/", "", style), re.MULTILINE) if s.strip()]
    assert all(part.strip().startswith(".myo") for s in selectors for part in s.split(",") if part.strip())


@pytest.mark.parametrize("format", READ)
def test_the_same_answer_gives_the_same_bytes(big: Assessment, format: str) -> None:
    assert big.report(format) == big.report(format)


def test_an_unknown_format_is_said_with_the_known_ones(runner: Assessment) -> None:
    with pytest.raises(ExpertError, match="txt, md, html"):
        runner.report("docx")
