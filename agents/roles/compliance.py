"""Compliance, light: status, certificates and agreed prices of everyone who quoted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from agents import figures
from agents.context import Context
from agents.figures import plain
from agents.outcomes import Finish, Outcome
from agents.roles import Specification
from approvals.evidence import Claim
from contracts import queries as contract_queries
from ledger.money import Money
from procure import queries
from procure.finance import currency
from procure.models import OpenedBid
from vendors.models import Vendor

BARRED = (Vendor.Status.BLOCKED, Vendor.Status.RETIRED)


def review(context: Context) -> Outcome:
    """`barred` vendors cannot be awarded; every other finding is for whoever decides."""
    event = queries.event(str(context.given["event"]))
    findings, claims = [], []
    opened = OpenedBid.objects.filter(event=event).select_related("vendor").order_by("vendor__key")
    for bid in opened.prefetch_related("lines__event_line__item"):
        deviations, agreed = _deviations(bid, context)
        findings.append(_finding(bid.vendor, context.today, deviations))
        claims += [figures.of_vendor(bid.vendor), *agreed]
    barred = [each["vendor"] for each in findings if each["barred"]]
    return Finish({"event": event.reference, "findings": findings, "barred": barred}, claims)


def _finding(vendor: Vendor, today: date, deviations: list[dict[str, str]]) -> dict[str, Any]:
    certificates = list(vendor.certificates.all())
    expired = [each.kind for each in certificates if each.valid_until and each.valid_until < today]
    remarks = [
        *([_("%s: no order may be given.") % vendor.get_status_display()] if vendor.status in BARRED else []),
        *([_("Not fully approved: %s.") % vendor.get_status_display()] if vendor.status in _UNSURE else []),
        *([_("Certificates have run out: %s.") % ", ".join(expired)] if expired else []),
        *([_("No certificate on file.")] if not certificates else []),
        *(_("Line %(line)s is %(pct)s %% above %(contract)s.") % each for each in deviations),
    ]
    return {
        "vendor": vendor.key,
        "name": vendor.name,
        "status": vendor.status,
        "barred": vendor.status in BARRED,
        "certificates_expired": expired,
        "deviations": deviations,
        "remarks": remarks,
    }


_UNSURE = (Vendor.Status.PROSPECT, Vendor.Status.CONDITIONAL)


def _deviations(bid: OpenedBid, context: Context) -> tuple[list[dict[str, str]], list[Claim]]:
    """Lines quoted above the price agreed in a contract, compared in the contract's currency."""
    found, claims = [], []
    for line in bid.lines.all():
        item, quantity = line.event_line.item, line.event_line.quantity
        if item is None:
            continue
        agreed = contract_queries.price_for(
            vendor_key=bid.vendor.key, item_key=item.key, on=context.today, quantity=quantity
        )
        if agreed is None:
            continue
        claims.append(figures.of_agreed(bid.vendor.key, item.key, quantity, agreed))
        quoted = currency.convert(Money(line.unit_price * quantity, bid.currency), agreed.currency, context.today)
        due = agreed.unit_price * quantity
        above = (quoted.amount / due - 1) * 100 if due else Decimal(0)
        if above > 0:
            pct = plain(above.quantize(Decimal("0.1")))
            found.append({"line": str(line.event_line.number), "pct": pct, "contract": agreed.contract})
    return found, claims


SPECIFICATION = Specification(
    name="compliance",
    purpose="Checks status, certificates and agreed prices of everyone who quoted.",
    reads=("vendors", "certificates", "contracts", "opened quotes"),
    may_propose=frozenset({"BlockVendor"}),
    tasks={"review": review},
    takes={"review": {"event": "event"}},
    gives={
        "review": {
            "event": "event",
            "findings": [
                {
                    "vendor": "vendor",
                    "name": "text",
                    "status": "text",
                    "barred": "boolean",
                    "certificates_expired": "list of text",
                    "deviations": [{"line": "text", "pct": "decimal", "contract": "text"}],
                    "remarks": "list of text",
                }
            ],
            "barred": "list of vendor",
        }
    },
    assumed={"review": {"event": "collect.event"}},
    quick=frozenset({"review"}),
    pure=frozenset({"review"}),
)


def act(context: Context) -> Outcome:
    return SPECIFICATION.tasks[context.task](context)
