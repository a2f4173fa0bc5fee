"""What is asked of an assessment: why, why not, what if, what next. Each question is a room; each answer is data that prints well."""

from expert.questions.answer import Answer
from expert.questions.chain import Chain, chain
from expert.questions.compare import Comparison, compare
from expert.questions.drivers import Drivers, drivers
from expert.questions.marking import Handout, Marking, check, handout
from expert.questions.next_tests import NextTests, next_tests
from expert.questions.overturn import Overturn, overturn
from expert.questions.quiz import Quiz, quiz
from expert.questions.replay import Replay, replay
from expert.questions.side_by_side import SideBySide, side_by_side
from expert.questions.stability import Stability, stability
from expert.questions.steps import Steps, steps
from expert.questions.uncertainty import Uncertainty, uncertainty
from expert.questions.what_if import Entries, Settings, WhatIf, what_if
from expert.questions.why import Why, why
from expert.questions.why_not import WhyNot, why_not

__all__ = [
    "Answer", "Chain", "Comparison", "Drivers", "Entries", "Handout", "Marking", "NextTests", "Overturn", "Quiz", "Replay", "Settings",
    "SideBySide", "Stability", "Steps", "Uncertainty", "WhatIf", "Why", "WhyNot", "chain", "check", "compare", "drivers", "handout",
    "next_tests", "overturn", "quiz", "replay", "side_by_side", "stability", "steps", "uncertainty", "what_if", "why", "why_not",
]  # fmt: skip
