from agents.models.edge import EdgeWorker
from agents.models.model_calls import ModelCall
from agents.models.plans import AwaitedObject, Plan, Step, StepAttempt, StepOverride
from agents.models.templates import PlanTemplate, TemplateDraft

__all__ = [
    "AwaitedObject",
    "EdgeWorker",
    "ModelCall",
    "Plan",
    "PlanTemplate",
    "Step",
    "StepAttempt",
    "StepOverride",
    "TemplateDraft",
]
