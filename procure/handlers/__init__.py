"""Carries out this floor's commands, inside the transaction and under the authority of an approved proposal.

Registered by name in `procure.apps`; imported by nobody.
"""

from procure.handlers.budgets import change_budget
from procure.handlers.orders import cancel_order, change_order, issue_order
from procure.handlers.requisitions import raise_requisition, withdraw_requisition
from procure.handlers.sourcing import award_event, cancel_event, invite_suppliers, revoke_award

__all__ = [
    "award_event",
    "cancel_event",
    "cancel_order",
    "change_budget",
    "change_order",
    "invite_suppliers",
    "issue_order",
    "raise_requisition",
    "revoke_award",
    "withdraw_requisition",
]
