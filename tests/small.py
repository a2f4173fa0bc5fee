"""Knowledge bases small enough to read in a test: what every one needs, and what the test adds."""

from __future__ import annotations

from expert import resources
from expert.knowledge import from_texts
from expert.model import Knowledge, KnowledgeBase
from expert.rulebase import compile_rules

_NEEDED = """\
about: {version: "1", title: a small one, intended_use: tests, not_for: people}
sources:
- {id: own-moment-arms, title: Shares, where: here, kind: measurement, read: whole}
- {id: table, title: A table, where: here, kind: table, read: whole}
- {id: second-table, title: Another table, where: here, kind: table, read: whole}
- {id: copy-of-table, title: A copy of the table, where: here, kind: table, read: whole, lineage: table}
- {id: study, title: A study, where: here, kind: study, read: whole}
- {id: hearsay, title: General knowledge, where: nowhere, kind: general-knowledge, read: none}
tasks:
- {id: walking, name: Walking, single_leg: true}
- {id: squat, name: Squat}
muscles:
- {id: puller, name: Puller, region: hip, synonyms: [the puller], sources: [table]}
- {id: pusher, name: Pusher, region: hip, sources: [table]}
- {id: turner, name: Turner, region: hip, sources: [table]}
groups:
- {id: movers, name: Movers, synonyms: [prime movers], members: [puller, pusher]}
joints:
- id: hip
  name: Hip
  axes: [{id: hip-swing, directions: [hip-flexion, hip-extension]}]
- id: lumbar
  name: Back
  axial: true
  axes:
  - {id: back-bow, directions: [lumbar-flexion, lumbar-extension]}
  - {id: back-bend, directions: [lumbar-side-bend-ipsilateral, lumbar-side-bend-contralateral], sided: true}
findings:
- {id: dip, name: Dip, side_means: the side that dips, tasks: [walking, squat]}
- {id: lift, name: Lift, side_means: the side that lifts}
- {id: bow, name: Bow, sides: [midline]}
"""


def small_kb(*added: str) -> KnowledgeBase:
    """What is needed, the shipped constants, and the test's own files: kb/x1.yaml, kb/x2.yaml ..."""
    constants = (resources.root() / "kb" / "constants.yaml").read_text(encoding="utf-8")
    own = [(f"kb/x{n}.yaml", text) for n, text in enumerate(added, 1)]
    return from_texts([[("kb/needed.yaml", _NEEDED), ("kb/constants.yaml", constants), *own]])


def small_knowledge(*added: str) -> Knowledge:
    """The same with its rules compiled."""
    kb = small_kb(*added)
    return Knowledge(kb, compile_rules(kb))


def rule(name: str, when: str, then: str, *, grade: str = "C", source: str = "table", more: str = "") -> str:
    """One rule as it stands in a file."""
    return (
        f"- {{id: {name}, title: {name}, when: {when}, then: [{then}], because: of {name}, grade: {grade}, "
        f"sources: [{source}]{', ' + more if more else ''}}}\n"
    )


def rules(*texts: str) -> str:
    """A file of rules."""
    return "rules:\n" + "".join(texts)
