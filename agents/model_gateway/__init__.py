"""One way to ask a language model: recorded raw, verified, capped, and never without an answer from rules."""

from agents.model_gateway.asking import Answer, Caller, ask
from agents.model_gateway.questions import Question

__all__ = ["Answer", "Caller", "Question", "ask"]
