from approvals.models.decisions import ApprovalStep, Decision, Judgement
from approvals.models.evidence import Evidence
from approvals.models.policy import Bounds, PolicyVersion
from approvals.models.proposals import CarriedOut, Proposal, ProposalRevision, Spend, Undo

__all__ = [
    "ApprovalStep",
    "Bounds",
    "CarriedOut",
    "Decision",
    "Evidence",
    "Judgement",
    "PolicyVersion",
    "Proposal",
    "ProposalRevision",
    "Spend",
    "Undo",
]
