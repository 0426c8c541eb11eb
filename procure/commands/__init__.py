"""What may be asked of this floor: frozen imperatives, carried out only after a decision."""

from procure.commands.budgets import ChangeBudget
from procure.commands.orders import CancelOrder, ChangeOrder, IssueOrder, OrderedLine
from procure.commands.requisitions import NeededLine, RaiseRequisition, WithdrawRequisition
from procure.commands.sourcing import AwardedLine, AwardEvent, CancelEvent, InviteSuppliers, RevokeAward

__all__ = [
    "AwardEvent",
    "AwardedLine",
    "CancelEvent",
    "CancelOrder",
    "ChangeBudget",
    "ChangeOrder",
    "InviteSuppliers",
    "IssueOrder",
    "NeededLine",
    "OrderedLine",
    "RaiseRequisition",
    "RevokeAward",
    "WithdrawRequisition",
]
