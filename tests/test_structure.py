"""The floors of the house, read from the imports themselves: a module imports only from floors below its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import expert

ROOT = Path(expert.__file__).resolve().parent
FLOORS = {
    0: {"errors", "formats", "words", "reading", "model", "resources"},
    1: {"cases", "knowledge", "rulebase", "conditions", "rod", "derive", "measures", "stored", "arrange", "regions", "premises", "packs"},
    2: {
        "normalise", "referral", "inference", "inference.native", "inference.rete", "inference.experta_door", "ledger", "patterns",
        "spread", "drivers", "advice", "plan", "exercises", "gaps", "proof", "render", "contract", "pdf",
    },
    3: {"typed", "sheet", "sharing", "pipeline", "weighing"},
    4: {
        "lint", "lookup", "neighbours", "coverage", "mechanics", "anatomy", "bibliography", "batteries", "difference", "store",
        "terminal", "voices", "questions",
        "questions.answer", "questions.asked", "questions.chain", "questions.change", "questions.compare", "questions.conclusions",
        "questions.drivers", "questions.marking",
        "questions.next_tests", "questions.overturn", "questions.quiz", "questions.replay",
        "questions.side_by_side", "questions.stability", "questions.steps", "questions.uncertainty",
        "questions.what_if", "questions.why", "questions.why_not",
    },
    5: {"assessment", "schemas", "interview", "cli_interview", "cli_report", "cli_ask", "cli_cases", "cli_visits", "cli_kb", ""},
    6: {"web", "web.settings", "web.problems", "web.safety", "web.desk", "web.rest_bodies", "web.outlines", "web.learn_picture"},
    # the rooms of the pages: each a stranger to the others
    7: {
        "web.browse", "web.chain", "web.clinic", "web.learn", "web.why", "web.results", "web.rest", "web.rest_document", "web.rest_work",
        "web.saved",
    },
    8: {"web.app", "web.server"},
    9: {"cli_serve", "cli"},
}  # fmt: skip
FLOOR_OF = {module: floor for floor, modules in FLOORS.items() for module in modules}

# Imports between modules of one floor, each with its reason. Everything else on one floor is a stranger to its neighbours.
SAME_FLOOR = {
    ("reading", "errors"): "a document says where it is at fault",
    ("model", "formats"): "the knowledge base is made of the shapes that were read",
    ("model", "words"): "the knowledge base carries its vocabulary",
    ("knowledge", "derive"): "what anatomy links is part of the knowledge base",
    ("rulebase", "conditions"): "rules are compiled out of conditions",
    ("premises", "conditions"): "how much a status counts where a premise asks for one",
    ("rulebase", "rod"): "what mechanics claims becomes ordinary rules",
    ("inference", "inference.native"): "one face before two engines",
    ("inference", "inference.rete"): "one face before two engines",
    ("inference", "inference.experta_door"): "one face before two engines",
    ("inference.rete", "inference.experta_door"): "experta comes through its door",
    ("inference.rete", "inference.native"): "both engines derive the same fact from a firing",
    ("plan", "exercises"): "a step of the plan carries its examples",
    ("questions", "questions.answer"): "the face of the rooms",
    ("questions", "questions.chain"): "the face of the rooms",
    ("questions.chain", "questions.answer"): "every answer shows itself alike",
    ("questions.chain", "questions.asked"): "what a question is about is read alike",
    ("questions.chain", "questions.why_not"): "red flags that come before any question about muscles are told alike",
    ("questions", "questions.compare"): "the face of the rooms",
    ("questions", "questions.drivers"): "the face of the rooms",
    ("questions", "questions.overturn"): "the face of the rooms",
    ("questions", "questions.stability"): "the face of the rooms",
    ("questions", "questions.uncertainty"): "the face of the rooms",
    ("questions.uncertainty", "questions.answer"): "every answer shows itself alike",
    ("questions.uncertainty", "questions.stability"): "how steady the ranking is is part of what is uncertain",
    ("questions", "questions.replay"): "the face of the rooms",
    ("questions", "questions.steps"): "the face of the rooms",
    ("questions", "questions.quiz"): "the face of the rooms",
    ("questions.quiz", "questions.answer"): "every answer shows itself alike",
    ("questions.quiz", "questions.marking"): "what a learner calls is read and judged as an expected answer is",
    ("questions.steps", "questions.answer"): "every answer shows itself alike",
    ("questions", "questions.what_if"): "the face of the rooms",
    ("questions", "questions.why"): "the face of the rooms",
    ("questions", "questions.why_not"): "the face of the rooms",
    ("questions", "questions.next_tests"): "the face of the rooms",
    ("questions.next_tests", "questions.answer"): "every answer shows itself alike",
    ("questions.next_tests", "questions.asked"): "what a question is about is read alike",
    ("questions.next_tests", "batteries"): "a battery is found by its name in one place",
    ("questions.side_by_side", "questions.answer"): "every answer shows itself alike",
    ("questions.side_by_side", "questions.compare"): "visits are put in order, and told in short, alike",
    ("questions.side_by_side", "questions.what_if"): "what a case gives is read alike",
    ("questions", "questions.side_by_side"): "the face of the rooms",
    ("questions.compare", "questions.answer"): "every answer shows itself alike",
    ("questions.drivers", "questions.answer"): "every answer shows itself alike",
    ("questions.overturn", "questions.answer"): "every answer shows itself alike",
    ("questions.replay", "questions.answer"): "every answer shows itself alike",
    ("questions.what_if", "questions.answer"): "every answer shows itself alike",
    ("questions.why", "questions.answer"): "every answer shows itself alike",
    ("questions.why_not", "questions.answer"): "every answer shows itself alike",
    ("questions.why", "questions.asked"): "what a question is about is read in one place",
    ("questions.why_not", "questions.asked"): "what a question is about is read in one place",
    ("questions.why", "questions.why_not"): "why something that is not there is why not; what is not known yet are its nearest rules",
    ("web.safety", "web.settings"): "what guards is set up",
    ("web.safety", "web.problems"): "what is refused is said alike",
    ("web.server", "web.app"): "a server serves the application",
    ("web.rest", "web.rest_work"): "what is done with a body stands apart from how it comes in",
    ("web.rest", "web.rest_document"): "the operations are told in one document",
    ("cli", "cli_serve"): "one command line, its commands in several rooms",
    ("web.desk", "web.settings"): "how much may wait is set up",
    ("", "assessment"): "the face names what programs use",
    ("cli_report", ""): "the doorway calls the face that everybody calls",
    ("questions", "questions.marking"): "the face of the rooms",
    ("questions.marking", "questions.answer"): "every answer shows itself alike",
    ("questions.marking", "questions.asked"): "an expected answer is read as a question is",
    ("packs", "cases"): "a pack holds cases",
    ("cli_report", "cli_ask"): "a case is read and an answer told alike",
    ("cli_interview", ""): "the doorway calls the face that everybody calls",
    ("cli_interview", "interview"): "the terminal is a room of the dialogue",
    ("", "interview"): "the face names what programs use",
    ("neighbours", "lookup"): "neighbours are entries that were looked up",
    ("questions.what_if", "questions.change"): "what differs is told alike",
    ("questions.compare", "questions.change"): "what differs is told alike",
    ("questions.replay", "questions.change"): "what differs is told alike",
    ("questions.overturn", "questions.change"): "things are named alike",
    ("questions.overturn", "questions.asked"): "what a question is about is read alike",
    ("questions.compare", "questions.what_if"): "what a case says of one thing is told alike",
    ("cli_visits", "cli_ask"): "every answer is told alike",
    ("cli_visits", ""): "the doorway calls the face that everybody calls",
    ("cli_ask", ""): "the doorway calls the face that everybody calls",
    ("cli_cases", ""): "the doorway calls the face that everybody calls",
    ("cli_kb", "schemas"): "what editors ask for is made where programs get it",
    ("cli_kb", ""): "the doorway calls the face that everybody calls",
}
READS_DISK = {"cases", "knowledge", "packs", "resources", "store", "terminal"}
OPENERS = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "glob", "rglob", "fdopen", "mkstemp"}

MODULES = sorted(
    (".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").rstrip("."), p)
    for p in ROOT.rglob("*.py")
    if "data" not in p.relative_to(ROOT).parts
)


def tree_of(module: str) -> ast.Module:
    return ast.parse(dict(MODULES)[module].read_text(encoding="utf-8"))


def imported(module: str) -> Iterator[str]:
    """Full names of what a module imports, wherever in it the import stands."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide where a name comes from"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def own(module: str) -> Iterator[str]:
    """Modules of this package that a module imports; "" is the package's face."""
    for name in imported(module):
        if name == "expert" or name.startswith("expert."):
            parts = name.split(".")[1:]
            while parts and ".".join(parts) not in FLOOR_OF:
                parts.pop()
            yield ".".join(parts)


def outside(module: str) -> set[str]:
    return {name.split(".")[0] for name in imported(module)}


def test_every_module_has_its_floor_and_every_floor_only_modules_that_exist() -> None:
    assert {name for name, _ in MODULES} == set(FLOOR_OF)


@pytest.mark.parametrize("module", [name for name, _ in MODULES])
def test_a_module_imports_only_from_floors_below_its_own(module: str) -> None:
    wrong = [
        other
        for other in own(module)
        if FLOOR_OF[other] > FLOOR_OF[module] or (FLOOR_OF[other] == FLOOR_OF[module] and (module, other) not in SAME_FLOOR)
    ]
    assert not wrong, f"{module or '__init__'} (floor {FLOOR_OF[module]}) imports {wrong}"


def test_each_exception_to_the_floors_is_still_needed() -> None:
    assert {pair for pair in SAME_FLOOR if pair[1] in set(own(pair[0]))} == set(SAME_FLOOR)


def test_only_render_imports_jinja2() -> None:
    assert [name for name, _ in MODULES if "jinja2" in outside(name)] == ["render"]


def test_experta_is_imported_only_by_its_engine_and_its_door() -> None:
    named = {name for name, _ in MODULES if "experta" in outside(name)}
    assert named <= {"inference.experta_door", "inference.rete"}


def test_experta_and_networkx_are_not_imported_with_the_module() -> None:
    for name, _ in MODULES:
        top = [n for n in tree_of(name).body if isinstance(n, ast.Import | ast.ImportFrom)]
        names = {a.name for n in top if isinstance(n, ast.Import) for a in n.names} | {
            n.module or "" for n in top if isinstance(n, ast.ImportFrom)
        }
        assert not {n for n in names if n.split(".")[0] in ("experta", "networkx")}, name


@pytest.mark.parametrize("module", [name for name, _ in MODULES if name not in READS_DISK])
def test_disk_is_read_on_floor_one_and_at_the_doors_only(module: str) -> None:
    calls = [n.func for n in ast.walk(tree_of(module)) if isinstance(n, ast.Call)]
    named = {f.id if isinstance(f, ast.Name) else f.attr for f in calls if isinstance(f, ast.Name | ast.Attribute)}
    assert not named & OPENERS


def test_text_is_printed_in_the_command_line_only() -> None:
    for name, _ in MODULES:
        calls = {n.func.id for n in ast.walk(tree_of(name)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        assert name == "cli" or "print" not in calls, name


def test_nothing_runs_code_that_was_read_as_text() -> None:
    for name, _ in MODULES:
        calls = {n.func.id for n in ast.walk(tree_of(name)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        assert not calls & {"eval", "exec", "compile", "__import__"}, name
        assert not outside(name) & {"pickle", "marshal", "shelve", "yaml", "subprocess"}, name


def test_only_the_server_knows_of_the_network() -> None:
    knows = {name: outside(name) & {"socket", "urllib", "http", "requests", "httpx"} for name, _ in MODULES}
    assert {name: named for name, named in knows.items() if named} == {"web.problems": {"http"}, "web.server": {"socket"}}
