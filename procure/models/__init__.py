from procure.models.erp import ErpCall, ErpConnection, ExternalRef, SandboxDial, SandboxJournal, SandboxOrder
from procure.models.finance import Budget, Commitment, ExchangeRate
from procure.models.inventory import StockLevel
from procure.models.messages import Message
from procure.models.notices import Notice
from procure.models.orders import ImportedOrderLine, Order, OrderLine, OrderTracking, OrderVersion
from procure.models.requisitions import Requisition, RequisitionLine, RequisitionQuestion, Urgency
from procure.models.sourcing import (
    Award,
    AwardLine,
    Bid,
    BidVersion,
    EventLine,
    Invitation,
    OpenedBid,
    OpenedBidLine,
    SourcingEvent,
)

__all__ = [
    "Award",
    "AwardLine",
    "Bid",
    "BidVersion",
    "Budget",
    "Commitment",
    "ErpCall",
    "ErpConnection",
    "EventLine",
    "ExchangeRate",
    "ExternalRef",
    "ImportedOrderLine",
    "Invitation",
    "Message",
    "Notice",
    "OpenedBid",
    "OpenedBidLine",
    "Order",
    "OrderLine",
    "OrderTracking",
    "OrderVersion",
    "Requisition",
    "RequisitionLine",
    "RequisitionQuestion",
    "SandboxDial",
    "SandboxJournal",
    "SandboxOrder",
    "SourcingEvent",
    "StockLevel",
    "Urgency",
]
