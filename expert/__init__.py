"""Myologic: a rule-based expert system that reasons about muscle imbalance. Hypotheses for professionals, never a diagnosis.

    from expert import assess, load_case
    print(assess(load_case("examples/runner.yaml")))
"""

from expert.assessment import Assessment, assess, check_pack, compare, pack_handout, replay, side_by_side
from expert.cases import Case, case_from_mapping, case_from_quick, case_from_text, load_case
from expert.errors import CaseError, EngineError, ExpertError, KnowledgeError, RuleError, UsageError
from expert.interview import Interview
from expert.model import Hypothesis, Knowledge
from expert.packs import Pack, load_pack
from expert.pipeline import load_knowledge
from expert.render import report as render

__all__ = [
    "Assessment",
    "Case",
    "CaseError",
    "EngineError",
    "ExpertError",
    "Hypothesis",
    "Interview",
    "Knowledge",
    "KnowledgeError",
    "Pack",
    "RuleError",
    "UsageError",
    "assess",
    "case_from_mapping",
    "case_from_quick",
    "case_from_text",
    "check_pack",
    "compare",
    "load_case",
    "load_knowledge",
    "load_pack",
    "pack_handout",
    "render",
    "replay",
    "side_by_side",
]
__version__ = "0.1.0"
