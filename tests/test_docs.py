"""The papers tell the truth: examples run, blocks load, sums add up, and every command, field and key has its line."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
import typer.main
from pydantic import BaseModel
from typer.testing import CliRunner

import expert
from expert import Assessment, assess, case_from_mapping, case_from_quick, case_from_text, formats, ledger, load_case, load_knowledge
from expert.cli import app
from expert.errors import ExpertError
from expert.formats import KnowledgeFile
from expert.lint import lint
from expert.model import Knowledge
from expert.normalise import normalise
from expert.rod import alignments

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAPERS = [*DOCS, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


class Block(NamedTuple):
    """A fenced block: its page and line, the words after the fence, its text, and the block that follows it."""

    page: str
    line: int
    info: tuple[str, ...]
    text: str
    following: str


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = list(re.finditer(r"^```([^\n`]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    after = [*(m.group(2) for m in found[1:]), ""][: len(found)]
    page = path.relative_to(ROOT).as_posix()
    return [
        Block(page, text.count("\n", 0, m.start()) + 1, tuple(m.group(1).split()), m.group(2), following)
        for m, following in zip(found, after, strict=True)
    ]


ALL_BLOCKS = [b for path in PAPERS for b in blocks(path)]


def is_knowledge(block: Block) -> bool:
    """A block says what it is; in the README it is told by its sections."""
    if len(block.info) > 1:
        return block.info[1] == "rules"
    sections = set(KnowledgeFile.model_fields) - {"findings", "symptoms", "history", "schema_version"}
    return bool(sections & set(re.findall(r"^([a-z_]+):", block.text, re.MULTILINE)))


YAML_BLOCKS = [b for b in ALL_BLOCKS if b.info[:1] == ("yaml",)]
CASES = [b for b in YAML_BLOCKS if not is_knowledge(b)]
RULES = [b for b in YAML_BLOCKS if is_knowledge(b)]


def at(block: Block) -> str:
    return f"{block.page}:{block.line}"


def sections(page: str) -> dict[str, str]:
    """The text under each heading of a page, by the heading."""
    parts = re.split(r"^#{2,4} +(.+)$", text_of(page), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """The body rows of all tables in a text, cell by cell."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines]
    heads = {i for i, row in enumerate(cells[1:]) if set("".join(row)) <= set("-: ")}
    return [row for i, row in enumerate(cells) if i not in heads and i - 1 not in heads]


# --- commands ---------------------------------------------------------------------------------------------------------------


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name.strip(), command
    else:
        for word, each in inner.items():
            yield from commands(each, f"{name} {word}")


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_documented(name: str) -> None:
    told = sections("docs/commands.md").get(name, "")
    assert f"`myologic {name}" in told, f"docs/commands.md has no section on {name}"
    options = [word for p in COMMANDS[name].params if p.param_type_name == "option" for word in (*p.opts, *p.secondary_opts)]
    assert not [word for word in options if f"`{word}`" not in told]


def test_commands_that_the_papers_name_exist() -> None:
    headings = set(sections("docs/commands.md")) - {"Exit codes"}
    assert headings == set(COMMANDS)
    for path in PAPERS:
        text = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
        for words in re.findall(r"[`>] ?myologic ((?:kb |battery |pack |cases )?[a-z]+(?:-[a-z]+)*)", text):
            assert words in COMMANDS, f"{path.name}: myologic {words}"


def runnable() -> list[str]:
    """Commands in the papers that name nothing of the reader's own and write no file."""
    found = set()
    for path in [*DOCS, ROOT / "CONTRIBUTING.md"]:
        text = re.sub(r"(?<=[^`\n])\n(?=[^\n])", " ", re.sub(r"^    (myologic .*)$", r"\n`\1`\n", path.read_text(), flags=re.MULTILINE))
        found |= {re.sub(r"\s+", " ", c) for c in re.findall(r"`(myologic [^`]+)`", text)}
    own = re.compile(
        r"\b[A-Z]{2,}\b|my_|\s-o\s|\.\.\.|--(help|install|show)-?|heel whips|sternalis|kb diff|--save"
        r"| > | \| |^myologic serve"
    )
    return sorted(c for c in found if not own.search(c) and len(c.split()) > 2)


def test_there_are_commands_to_run() -> None:
    assert len(runnable()) >= 10


@pytest.mark.parametrize("command", runnable())
def test_commands_of_the_papers_run(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words = [w for word in shlex.split(command)[1:] for w in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, (done.output, done.exception)


def test_the_exit_codes_are_those_of_the_program() -> None:
    from expert import cli, errors

    told = [row[0] for row in rows(sections("docs/commands.md")["Exit codes"])]
    assert told == ["0", "1", "2", "3", "4"]
    assert [errors.ExpertError.exit_code, errors.CaseError.exit_code, errors.KnowledgeError.exit_code, cli._EXIT_RED_FLAG] == [1, 3, 3, 4]
    assert CliRunner().invoke(app, ["assess", "--no-such-option"]).exit_code == 2


# --- blocks of YAML -------------------------------------------------------------------------------------------------------------


def test_the_pages_hold_blocks_of_each_kind() -> None:
    assert {b.page for b in CASES} >= {"docs/case-format.md"}
    assert {b.page for b in RULES} >= {"docs/rule-format.md", "docs/spread.md", "CONTRIBUTING.md"}
    assert not [at(b) for b in YAML_BLOCKS if b.page != "README.md" and b.info[1:2] not in (("case",), ("rules",))]


@pytest.mark.parametrize("block", [b for b in CASES if "refused" not in b.info], ids=at)
def test_cases_on_the_pages_are_read_and_assessed(block: Block, knowledge: Knowledge) -> None:
    answer = assess(case_from_text(block.text), knowledge, engine="native")
    assert answer.to_dict()["inputs"]["used"]


@pytest.mark.parametrize("block", [b for b in CASES if "refused" in b.info], ids=at)
def test_cases_that_the_pages_call_refused_are_refused_in_these_words(block: Block, knowledge: Knowledge) -> None:
    with pytest.raises(ExpertError) as refused:
        assess(case_from_text(block.text), knowledge, engine="native")
    assert str(refused.value) == block.following.strip()


def overlay(found: list[Block], folder: Path) -> Knowledge:
    for block in found:
        (folder / f"{Path(block.page).stem}-{block.line}.yaml").write_text(block.text, encoding="utf-8")
    return load_knowledge(rules=folder)


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """The shipped knowledge with every block of the papers laid over it (read once: reading takes seconds)."""
    return overlay([b for b in RULES if "refused" not in b.info], tmp_path_factory.mktemp("papers"))


@pytest.mark.parametrize("page", sorted({b.page for b in RULES}))
def test_knowledge_on_the_pages_loads_over_the_shipped_one(page: str, laid: Knowledge) -> None:
    shown = [b for b in RULES if b.page == page and "refused" not in b.info]
    ids = {i for b in shown for i in re.findall(r"^- (?:\{)?id: ([a-z0-9.-]+)", b.text, re.MULTILINE)}
    assert ids
    assert ids <= {key.split(":", 1)[1] for key in laid.kb.places}
    assert not laid.kb.shipped


def test_what_contributing_adds_passes_lint_and_keeps_its_side(laid: Knowledge) -> None:
    assert not [issue for issue in lint(laid) if "CONTRIBUTING-" in issue.where]
    seen = assess(case_from_quick(["heel whips:right:running"]), laid, engine="native")
    assert seen.hypothesis("piriformis", "right", "overactive") is not None
    assert seen.hypothesis("piriformis", "left", "overactive") is None


@pytest.mark.parametrize("block", [b for b in RULES if "refused" in b.info], ids=at)
def test_knowledge_that_the_pages_call_refused_is_refused_in_these_words(block: Block, tmp_path: Path) -> None:
    with pytest.raises(ExpertError) as refused:
        overlay([block], tmp_path)
    assert sorted(f.message for f in refused.value.faults) == sorted(block.following.strip().splitlines())


# --- fields -------------------------------------------------------------------------------------------------------------------

SHAPES: dict[str, list[type[BaseModel]]] = {
    "docs/rule-format.md": [
        formats.Rule, formats.Conclusion, formats.Condition, formats.HypothesisTerm, formats.Range, formats.Pattern, formats.Flag,
        formats.Asking, formats.Cause, formats.FindingType, formats.Synonym, formats.Deviation, formats.Reliability, formats.Task,
        formats.Source,
        formats.Muscle, formats.Group, formats.Region, formats.Joint, formats.Axis, formats.MeasuredShare, formats.Strategy, formats.Phase,
        formats.Caution, formats.KnowledgeFile, formats.About, formats.Part, formats.Tendency, formats.Difference, formats.MeasuredAction,
        formats.Reversal, formats.Risk, formats.Outlook, formats.Contraindication, formats.Claim, formats.GlossaryTerm, formats.Everyday,
        formats.Served, formats.CoverageRow, formats.Change, formats.Exercise, formats.Dose, formats.Provocation, formats.Guidance,
    ],
    "docs/measuring.md": [formats.Measure, formats.Error, formats.Judgement, formats.Unit, formats.Battery, formats.BatteryItem],
    "docs/packs.md": [formats.PackFile, formats.PackCase, formats.PackQuestion, formats.PackOption],
    "docs/spread.md": [formats.Link, formats.End, formats.Node, formats.SeenAs, formats.LinkKind, formats.Chain],
    "docs/case-format.md": [
        formats.CaseFile, formats.CaseFinding, formats.CasePatient, formats.CaseVisit, formats.CaseSurgery, formats.CaseMeasurement,
        formats.CaseInterview, formats.InterviewStep,
    ],
}  # fmt: skip
LISTED = [(page, shape) for page, shapes in SHAPES.items() for shape in shapes]


@pytest.mark.parametrize(("page", "shape"), LISTED, ids=[s.__name__ for _, s in LISTED])
def test_every_field_stands_in_its_table_and_no_other(page: str, shape: type[BaseModel]) -> None:
    told = {row[0].strip("`"): row[1] for row in rows(sections(page)[shape.__name__])}
    fields = {f.alias or name: "yes" if f.is_required() else "no" for name, f in shape.model_fields.items()}
    assert told == fields


def test_every_shape_of_the_formats_has_a_table() -> None:
    every = {
        s for s in vars(formats).values()
        if isinstance(s, type) and issubclass(s, formats.Shape) and s not in (formats.Shape, formats.Entry, formats.Wordy)
    }  # fmt: skip
    numbers = {
        formats.Constants, formats.ReliabilityFactors, formats.SeverityFactors, formats.SpreadLimits, formats.MechanicsChoices,
        formats.DerivedLinks, formats.NextChoices,
    }  # fmt: skip
    assert every - numbers == {shape for _, shape in LISTED}


@pytest.mark.parametrize(("page", "shape"), LISTED, ids=[s.__name__ for _, s in LISTED])
def test_every_word_that_a_field_takes_is_named(page: str, shape: type[BaseModel]) -> None:
    told = {row[0].strip("`"): row[2] for row in rows(sections(page)[shape.__name__])}
    for name, field in shape.model_fields.items():
        for word in choices(field.annotation):
            assert f"`{word}`" in told[field.alias or name], f"{shape.__name__}.{name}: {word}"


def choices(annotation: Any) -> list[str]:
    """The words of a Literal, alone, optional, or in a tuple; not those of a map."""
    inner = get_args(annotation)
    if not inner or getattr(annotation, "__origin__", None) is dict:
        return []
    if all(isinstance(i, str) for i in inner):
        return list(inner)
    return [word for i in inner if not isinstance(i, str) for word in choices(i)]


# --- the calculus ---------------------------------------------------------------------------------------------------------------


def block_of(page: str, kind: str) -> Block:
    return next(b for b in ALL_BLOCKS if b.page == page and b.info[:1] == (kind,))


def test_the_worked_sum_is_the_ledgers(knowledge: Knowledge) -> None:
    block = block_of("docs/calculus.md", "sum")
    answer = assess(load_case(ROOT / block.info[1]), knowledge, engine="native")
    found = answer.hypothesis(*block.info[2].split(":"))
    assert found is not None
    *lines, last = block.text.strip().splitlines()
    told = [(line.split()[0], *map(float, re.findall(r"[-+]?\d+(?:\.\d+)?(?=\s|$)", line.split(maxsplit=1)[1]))) for line in lines]
    assert told == [
        (e.piece.rule.id, e.piece.target.points / 1000, e.piece.basis.reliability / 1000, e.piece.basis.severity / 1000,
         e.weight / 1000, e.points / 1000)
        for e in found.evidence
    ]  # fmt: skip
    for _, points, reliability, severity, weight, counted in told:
        assert points * reliability * severity * weight == pytest.approx(abs(counted), abs=0.0005)
    pro, contra = found.points_for / 1000, found.points_against / 1000
    assert last == f"for {pro:g}, against {contra:g}, net {found.points:g}: {found.status}, {found.confidence}"
    assert sum(c for *_, c in told) == pytest.approx(found.points)


def test_the_rod_of_the_page_is_the_rods(knowledge: Knowledge) -> None:
    block = block_of("docs/calculus.md", "rod")
    _, finding, side = block.info
    found = {a.muscle: a for a in alignments(knowledge.kb.findings[finding], knowledge.kb) if a.side == side}
    for line in block.text.strip().splitlines():
        muscle, told = line.split(maxsplit=1)
        terms, total, alignment = re.fullmatch(r"(.+?) += +(\S+) +alignment (\S+)", told).groups()  # type: ignore[union-attr]
        pulls = [(sign, float(share), direction) for sign, share, direction in re.findall(r"([+-]) ([\d.]+) (\S+)", terms)]
        assert pulls == [("+" if p.sign > 0 else "-", p.share, p.direction) for p in found[muscle].pulls]
        assert sum(float(sign + str(share)) for sign, share, _ in pulls) == pytest.approx(float(total))
        assert f"{found[muscle].value:+.2f}" == alignment


def test_the_constants_of_the_page_are_those_of_the_knowledge(knowledge: Knowledge) -> None:
    c = knowledge.kb.constants
    told = {row[0]: row[1] for row in rows(sections("docs/calculus.md")["The constants"])}
    r, s, m, w, n = c.reliability, c.severity, c.mechanics, c.spread, c.next
    assert told == {
        "`caps`": ", ".join(f"{grade} {cap}" for grade, cap in c.caps.items()),
        "`absent_share_of_cap`": f"{c.absent_share_of_cap}",
        "`reliability`": f"{r.instrumented}, {r.good}, {r.moderate}, {r.poor}",
        "`good_above`, `poor_below`": f"{r.good_above}, {r.poor_below}",
        "`severity`": f"{s.mild}, {s.moderate}, {s.severe}",
        "`number_slope`": f"{s.number_slope}",
        "`diminishing`": ", ".join(map(str, c.diminishing)),
        "`supported`, `possible`": f"{c.supported}, {c.possible}",
        "`contested_share`": f"{c.contested_share}",
        "`low`, `moderate`, `high`": f"{c.low}, {c.moderate}, {c.high}",
        "`mechanics`": f"points {m.points}, ignore below {m.ignore_below}",
        "`spread`": f"{w.links} links, {w.predictions} predictions, {w.far} of them far, cut {w.cut}, loops of {w.loop_length}, "
        f"explains from {w.explain}",
        "`next`": f"stakes {n.stakes}, near {n.near}, present {n.present}; {n.tried} tried, {n.shown} shown, {n.flags} flags",
    }
    factors = {row[0]: row[1] for row in rows(sections("docs/calculus.md")["One piece of evidence"]) if len(row) == 2}
    assert list(factors.values())[:7] == [str(x) for x in (r.instrumented, r.good, r.moderate, r.poor, s.mild, s.moderate, s.severe)]
    caps = {row[0]: int(row[2]) for row in rows(sections("docs/calculus.md")["One piece of evidence"]) if len(row) == 3}
    assert caps == dict(c.caps)


@pytest.mark.parametrize(
    ("own", "rival", "corroborated", "status"),
    [
        (3.0, 0.0, True, "supported"), (2.999, 0.0, True, "possible"), (9.0, 0.0, False, "possible"), (1.0, 0.0, False, "possible"),
        (0.999, 0.0, True, "insufficient"), (2.0, 1.0, True, "contested"), (2.1, 1.0, True, "possible"), (1.6, 0.9, True, "insufficient"),
    ],
)  # fmt: skip
def test_the_status_table_of_the_page_is_the_ledgers(
    own: float, rival: float, corroborated: bool, status: str, knowledge: Knowledge
) -> None:
    measure = ledger.scale(knowledge.kb.constants)
    mine, other = round(1000 * own), round(1000 * rival)
    assert ledger.status_of(mine, other, mine - other, corroborated, measure) == status
    assert f"`{status}`" in [row[0] for row in rows(sections("docs/calculus.md")["Status"])]


# --- sides, spread, the JSON, the floors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows(sections("docs/sides.md")["Words whose side is the other one"]), ids=lambda row: row[0])
def test_words_with_a_side_are_read_as_the_page_says(row: list[str], knowledge: Knowledge) -> None:
    written, read = row
    stated = normalise(case_from_quick([written.strip("`")]), knowledge.kb)
    assert [i.key for i in stated.items] == [key.strip("` ") for key in read.split(",")]


def test_side_means_is_quoted_as_it_is(knowledge: Knowledge) -> None:
    assert f"> {knowledge.kb.findings['hip-drop'].side_means}" in text_of("docs/sides.md")


def test_the_kinds_of_link_claim_what_the_page_says(knowledge: Knowledge) -> None:
    told = {row[0].strip("`"): row[1] for row in rows(sections("docs/spread.md")["What each kind may claim"])}
    assert told == {k.id: ", ".join(f"{a} > {b}" for a, b in k.allowed) for k in knowledge.kb.link_kinds.values()}


def test_the_limits_and_chains_of_the_spread_page_are_those_of_the_knowledge(knowledge: Knowledge) -> None:
    limits, walked = knowledge.kb.constants.spread, sections("docs/spread.md")["How it is walked"]
    assert f"At most {limits.links} links; nothing below {limits.cut}" in walked
    assert f"At most {limits.predictions} predictions" in walked
    assert f"circle of at most {limits.loop_length}" in sections("docs/spread.md")["Loops"]
    told = re.findall(r"`([a-z-]+)`", sections("docs/spread.md")["The chains"].split("):")[-1])
    assert sorted(told) == sorted(knowledge.kb.chains)


def keys_of(tree: dict[str, Any]) -> dict[str, set[str]]:
    """The keys of every kind of object in an answer, by the heading under which the page lists them."""
    seen: dict[str, set[str]] = {}

    def note(heading: str, *objects: Any) -> None:
        for thing in objects:
            if thing:
                seen.setdefault(heading, set()).update(thing)

    note("result", tree)
    for heading in ("engine", "knowledge", "inputs", "referral", "plan", "outlook"):
        note(heading, tree[heading])
    note("item", *tree["inputs"]["used"])
    note("missing", *tree["inputs"]["missing"])
    note("flag", *tree["referral"]["flags"])
    note("half", *tree["referral"]["half_met"])
    for heading, key in (
        ("hypothesis", "hypotheses"), ("pattern", "patterns"), ("prediction", "predicted"), ("loop", "loops"), ("cause", "causes"),
        ("conflict", "conflicts"), ("unused", "unused"), ("trace", "trace"), ("cause", "risks"), ("measured", "measured"),
    ):  # fmt: skip
        note(heading, *tree[key])
    note("evidence", *(e for h in tree["hypotheses"] for e in h["evidence"]))
    note("next", tree["next"])
    note("next test", *tree["next_tests"])
    note("change", *(c for t in tree["next_tests"] for c in t["changes"]))
    note("claim", *(claim for c in tree["conflicts"] for claim in c["claims"]))
    note("uncertainty", tree["uncertainty"])
    note("contest", *tree["uncertainty"]["contested"])
    note("side", *(s for c in tree["uncertainty"]["contested"] for s in c["sides"]))
    note("stability", tree["uncertainty"]["stability"])
    note("steadiness", *tree["uncertainty"]["stability"]["hypotheses"])
    note("statuses", *(h["statuses"] for h in tree["uncertainty"]["stability"]["hypotheses"]))
    note("driver", *tree["drivers"])
    note("account", *(a for d in tree["drivers"] for a in d["because"]))
    note("driver set", *tree["driver_sets"])
    note("instead", *(i for s in tree["driver_sets"] for i in s["instead"]))
    note("step", *(s for p in tree["predicted"] for s in p["path"]), *(s for d in tree["drivers"] for a in d["because"] for s in a["path"]))
    note("check", *(p["check"] for p in (*tree["predicted"], *tree["drivers"])))
    note("phase", *tree["plan"]["phases"])
    note("plan item", *(i for phase in tree["plan"]["phases"] for i in phase["items"]))
    examples = [e for phase in tree["plan"]["phases"] for i in phase["items"] for e in i["exercises"]]
    note("exercise", *examples)
    note("dose", *(e["dose"] for e in examples))
    for heading, key in (("order", "order"), ("left-out exercise", "left_out_exercises")):
        note(heading, *tree["plan"][key])
    for key in ("stop", "self_care", "adjuncts", "escalate"):
        note("guidance", *tree["plan"][key])
    for told in filter(None, (tree["plan"][key] for key in ("gate", "provider", "reassess"))):
        note("guidance", told)
        note("look again", *told.get("look_at", ()))
    return seen


# What no example shows, for the tables of keys only.
ALSO: tuple[dict[str, Any], ...] = (
    {
        "findings": [{"name": "iliotibial-band-short", "side": "left", "seen_by": "instrument"}],
        "symptoms": [{"name": "lateral-hip-pain", "side": "left"}],
        "history": ["multiple-sclerosis", "sitting-all-day"],
    },
)  # fmt: skip


@pytest.fixture(scope="session")
def answers(knowledge: Knowledge) -> dict[str, Assessment]:
    return {path.stem: assess(load_case(path), knowledge, engine="native") for path in EXAMPLES}


def test_every_key_of_the_json_stands_on_its_page_and_no_other(answers: dict[str, Assessment]) -> None:
    seen: dict[str, set[str]] = {}
    for answer in (*answers.values(), *(assess(case, load_knowledge(), "native") for case in ALSO)):
        for heading, keys in keys_of(answer.to_dict()).items():
            seen.setdefault(heading, set()).update(keys)
    told = {heading: {row[0].strip("`") for row in rows(text)} for heading, text in sections("docs/json.md").items()}
    assert told == seen


def modules() -> dict[str, Path]:
    """The modules of expert/ by their name; a package counts as one."""
    found: dict[str, Path] = {p.stem: p for p in (ROOT / "expert").glob("*.py") if p.stem != "__init__"}
    return found | {p.parent.name: p.parent for p in (ROOT / "expert").glob("*/__init__.py")}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "expert":
                parts = (node.module or "").split(".")
                found |= {parts[1]} if len(parts) > 1 else {a.name for a in node.names}
    return found - {path.stem, path.name}


def test_the_floors_are_as_the_architecture_page_says() -> None:
    table = rows(sections("docs/architecture.md")["The floors"])
    floors = {row[0].strip("`"): (int(row[1]), set(re.findall(r"`(\w+)`", row[3]))) for row in table}
    known = modules()
    assert set(floors) == set(known)
    for name, path in known.items():
        floor, neighbours = floors[name]
        for other in imports(path) & set(known):
            assert floors[other][0] < floor or other in neighbours, f"{name} (floor {floor}) imports {other} (floor {floors[other][0]})"
        assert not [n for n in neighbours if n not in imports(path)], f"{name}: a neighbour it does not use"


# --- intended use ----------------------------------------------------------------------------------------------------------------------

SEEN = [{"name": "hip drop", "side": "right", "task": "running"}, {"name": "knees cave in", "side": "left", "task": "squat"}]


@pytest.mark.parametrize(
    ("added", "withheld"),
    [
        ({"patient": {"age": 17}}, True), ({"patient": {"age": 18}}, False), ({"patient": {"pregnancy": True}}, True),
        ({"patient": {"postpartum_weeks": 8}}, False), ({"surgery": [{"name": "meniscus repair"}]}, True),
        ({"surgery": [{"name": "meniscus repair", "restrictions": ["no deep squat"]}]}, False),
        ({"symptoms": ["saddle numbness"]}, True),
        ({"findings": [*SEEN, {"name": "hip extension weak", "side": "left", "pain": 3}]}, False),
    ],
)  # fmt: skip
def test_the_plan_stops_where_the_intended_use_says(added: dict[str, Any], withheld: bool, knowledge: Knowledge) -> None:
    plan = assess(case_from_mapping({"findings": SEEN, **added}), knowledge, engine="native").plan
    assert plan.withheld is withheld
    assert plan.withheld or plan.provisional


def test_the_program_opens_no_network_connection() -> None:
    """The papers promise it; nothing in expert/ imports what could. The server listens, and calls nobody."""
    forbidden = {"socket", "http", "urllib", "requests", "httpx", "ftplib", "smtplib", "asyncio"}
    for path in (p for p in (ROOT / "expert").rglob("*.py") if p.parent.name != "web"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        assert not forbidden & {name.split(".")[0] for name in names}, path.name


# --- examples -------------------------------------------------------------------------------------------------------------------

CLAIM = re.compile(r"^#   - (?P<about>.+?) is (?P<what>[a-z]+):", re.MULTILINE)
CLAIMS = [(path, m["about"], m["what"]) for path in EXAMPLES for m in CLAIM.finditer(path.read_text(encoding="utf-8"))]


def test_every_example_is_there_and_says_what_to_look_at() -> None:
    assert {p.stem for p in EXAMPLES} >= {"runner", "desk-worker", "squatter", "overhead-athlete", "red-flag", "healthy"}
    assert {p for p, _, _ in CLAIMS} == set(EXAMPLES)
    for path in EXAMPLES:
        assert len(re.findall(r"^#   - ", path.read_text(encoding="utf-8"), re.MULTILINE)) == sum(p == path for p, _, _ in CLAIMS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_is_valid_without_a_warning(path: Path, knowledge: Knowledge) -> None:
    stated = normalise(load_case(path), knowledge.kb)
    assert stated.items
    assert not stated.warnings
    assert stated.case_id == path.stem


@pytest.mark.parametrize(("path", "about", "what"), CLAIMS, ids=[f"{p.stem}: {a} is {w}" for p, a, w in CLAIMS])
def test_every_example_does_what_its_comment_says(path: Path, about: str, what: str, answers: dict[str, Assessment]) -> None:
    answer = answers[path.stem]
    tree = answer.to_dict()
    subject, _, name = about.rpartition(" ")
    match subject or name:
        case "the referral":
            assert tree["referral"]["level"] == what
        case "the":
            assert (name, what) in {("referral", tree["referral"]["level"]), ("plan", "withheld"), ("plan", "provisional")}
            assert name != "plan" or tree["plan"][what]
        case "nothing":
            assert what in ("supported", "possible", "contested")
            assert not [h for h in answer.hypotheses if h.status == what]
        case "the pattern":
            assert what == "found"
            assert name in {p["id"] + ("" if p["side"] == "midline" else f":{p['side']}") for p in tree["patterns"]}
        case "the item":
            entries = {"missing": [m["what"] for m in tree["inputs"]["missing"]], "unused": [u["finding"] for u in tree["unused"]]}
            assert name in entries[what]
        case "the rule":
            assert what == "disputed"
            assert name in {rule for c in tree["conflicts"] for rule in c["between"]}
        case _ if what == "contradicted":
            assert name in {h.about.key for h in answer.result.contradicted}
        case _:
            found = answer.hypothesis(*name.split(":"))
            if what == "absent":
                assert name.split(":")[0] in {m.id for m in answer.knowledge.kb.muscles.values()}
                assert found is None
            else:
                assert found is not None
                assert found.held if what == "held" else found.status == what


def test_the_red_flag_example_puts_the_emergency_first_and_gives_no_exercise(answers: dict[str, Assessment]) -> None:
    tree = answers["red-flag"].to_dict()
    assert tree["referral"]["flags"][0]["id"] == "cauda-equina"
    assert tree["referral"]["flags"][0]["findings"] == ["saddle-numbness"]
    assert tree["plan"]["phases"] == []
    held = {h["muscle"] for h in tree["hypotheses"] if h["held"]}
    assert "tibialis-anterior" in held


# --- README, links, the rest ------------------------------------------------------------------------------------------------------


def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = [b for b in blocks(ROOT / "README.md") if b.info[:1] == ("python",)]
    assert found, "README.md shows no Python"
    for block in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block.text, at(block), "exec"), {"__name__": "readme"})  # noqa: S102 - our own README
        assert "print" not in block.text or printed.getvalue().strip()


def test_folders_that_the_readme_names_exist() -> None:
    named = set(re.findall(r"(?<![\w./-])((?:[a-z_]+/)+)(?![\w*<{])", text_of("README.md")))
    folders = {name for name in named if not name.startswith("my_")}
    assert folders >= {"expert/", "kb/", "rules/", "docs/", "examples/", "tests/"}
    assert not [name for name in folders if not (ROOT / name).is_dir()]


@pytest.mark.parametrize("path", PAPERS, ids=lambda p: p.name)
def test_links_between_papers_resolve(path: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ +(.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings}, target


def test_the_index_names_every_page_and_every_example() -> None:
    told = text_of("docs/index.md")
    assert not [p.name for p in DOCS if p.name != "index.md" and f"({p.name})" not in told]
    assert not [p.name for p in EXAMPLES if f"(../examples/{p.name})" not in told]


def test_the_changelog_names_this_version() -> None:
    assert f"## {expert.__version__}" in text_of("CHANGELOG.md")
    assert f'version = "{expert.__version__}"' in text_of("pyproject.toml")


def test_the_licence_covers_program_and_data() -> None:
    assert "Apache License" in text_of("LICENSE")
    assert len(text_of("LICENSE").splitlines()) > 190
    assert all(word in text_of("NOTICE") for word in ("kb/", "rules/", "Apache License, Version 2.0", "Rajagopal"))


def test_the_papers_name_no_machine() -> None:
    for path in [*PAPERS, *EXAMPLES, ROOT / "LICENSE", ROOT / "NOTICE"]:
        assert not re.search(r"(?<![\w.])/(?:home|tmp|root|work|usr)/|[A-Z]:\\", path.read_text(encoding="utf-8")), path.name
