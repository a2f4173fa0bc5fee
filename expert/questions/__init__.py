"""What is asked of an assessment: why, why not, what if, what next. Each question is a room; each answer is data that prints well."""

from expert.questions.answer import Answer
from expert.questions.why import Why, why

__all__ = ["Answer", "Why", "why"]
