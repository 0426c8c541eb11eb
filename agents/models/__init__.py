from agents.models.concerns import PlanConcern, Reconsideration
from agents.models.edge import EdgeWorker
from agents.models.model_calls import ModelCall
from agents.models.plans import AwaitedObject, Plan, Step, StepAttempt, StepOverride
from agents.models.templates import PlanTemplate, TemplateDraft
from agents.models.triggers import TriggerRules

__all__ = [
    "AwaitedObject",
    "EdgeWorker",
    "ModelCall",
    "Plan",
    "PlanConcern",
    "PlanTemplate",
    "Reconsideration",
    "Step",
    "StepAttempt",
    "StepOverride",
    "TemplateDraft",
    "TriggerRules",
]
