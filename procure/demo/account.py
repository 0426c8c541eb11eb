"""The account of a story, put together from plan, proposal, ERP and ledger rows alone."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from agents import queries as agent_queries
from agents.models import Plan
from approvals.models import Proposal
from ledger import verification
from ledger.models import Entry, LedgerHead, LegalEntity
from procure.demo.story import Stage
from procure.erp import connections, reconciliation
from procure.models import AwardLine, ErpConnection, ExternalRef, Order, SandboxJournal, SourcingEvent

CREATED = ("create_order", "create")


def connection_for(entity: LegalEntity, kind: str) -> ErpConnection:
    """The entity's default connection, which must be of this kind. Raises LookupError with what to do."""
    if kind == "sandbox":
        connections.open_sandbox(entity=entity)
    found = ErpConnection.objects.filter(entity=entity, default=True, active=True).first()
    if found is None or found.kind != kind:
        is_now = found.kind if found else "none"
        raise LookupError(
            f"The default ERP connection is {is_now}, not {kind}: an administrator changes it under ERP connections."
        )
    return found


def told(
    stage: Stage,
    *,
    plan: Plan,
    event: SourcingEvent,
    order: Order,
    connection: ErpConnection,
    quotes: list[dict[str, Any]],
    undone: Proposal | None,
    since: int,
) -> dict[str, Any]:
    """One JSON object; `problems` is empty when the story ended as it should."""
    order.refresh_from_db()
    head = LedgerHead.objects.get(pk=stage.entity.log_id)
    finding = verification.verify(stage.entity.log_id)
    proposals = [_proposal(each) for each in _proposals(plan, undone)]
    erp = _erp(order, connection)
    account: dict[str, Any] = {
        "scenario": "intake-to-order",
        "plan": {key: value for key, value in agent_queries.as_json(plan).items() if key != "steps"},
        "steps": [_step(each) for each in agent_queries.as_json(plan)["steps"]],
        "quotes": quotes,
        "award": _award(event),
        "proposals": proposals,
        "commands": [command for each in proposals for command in each["carried_out"]],
        "order": {"reference": order.reference, "vendor": order.vendor.key, "status": order.status},
        "erp": erp,
        "ledger": {
            "from": since,
            "to": head.seq,
            "valid": finding.valid,
            "reason": finding.reason,
            "kinds": dict(Counter(Entry.objects.filter(seq__gte=since).values_list("kind", flat=True))),
        },
        "undo": _undo(undone, order),
        "times": stage.times,
        "seconds": round(time.monotonic() - stage.started, 3),
    }
    account["problems"] = _problems(account, undone)
    account["ended_well"] = not account["problems"]
    return account


def _step(step: dict[str, Any]) -> dict[str, Any]:
    kept = ("key", "label", "role", "after", "status", "attempts", "started_at", "ended_at")
    return {key: step[key] for key in kept}


def _proposals(plan: Plan, undone: Proposal | None) -> list[Proposal]:
    mine = [each for each in Proposal.objects.order_by("pk") if (each.plan or {}).get("plan") == plan.reference]
    return [*mine, *([undone] if undone else [])]


def _proposal(proposal: Proposal) -> dict[str, Any]:
    judgement = proposal.judgements.filter(stage="propose").order_by("pk").first()
    return {
        "reference": proposal.reference,
        "sentence": proposal.sentence,
        "author": {"kind": proposal.author_kind, "id": proposal.author_id},
        "commands": [each["kind"] for each in proposal.commands],
        "fingerprint": proposal.fingerprint,
        "verdict": (judgement.verdict if judgement else proposal.verdict).upper(),
        "policy": judgement.policy.number if judgement else None,
        "rules": judgement.fired if judgement else [],
        "status": proposal.status,
        "decisions": [
            {"kind": each.kind, "by": each.actor_kind, "at": each.at.isoformat()}
            for each in proposal.decisions.order_by("pk")
        ],
        "carried_out": [
            {"kind": each.kind, "result": each.result, "compensation": (each.compensation or {}).get("kind")}
            for each in proposal.carried.order_by("position")
        ],
    }


def _award(event: SourcingEvent) -> list[dict[str, str]]:
    lines = AwardLine.objects.filter(award__event=event).select_related("vendor", "event_line").order_by("pk")
    return [
        {
            "line": str(each.event_line.number),
            "vendor": each.vendor.key,
            "quantity": f"{each.quantity.normalize():f}",
            "unit_price": f"{each.unit_price.normalize():f}",
            "currency": each.currency,
        }
        for each in lines
    ]


def _erp(order: Order, connection: ErpConnection) -> dict[str, Any]:
    """What the ERP itself says: read back now, and for the sandbox its own journal."""
    order.refresh_from_db()
    seen = reconciliation.reconcile(order)
    journal = SandboxJournal.objects.filter(connection=connection, buyer_reference=order.reference)
    if connection.kind == "sandbox":
        created = journal.filter(verb__in=CREATED, verdict=SandboxJournal.Verdict.DONE).count()
    else:
        created = ExternalRef.objects.filter(connection=connection, kind="order", internal_key=order.reference).count()
    return {
        "connection": connection.name,
        "kind": connection.kind,
        "orders": [
            {
                "order": order.reference,
                "number": seen.external_number,
                "state": seen.state,
                "times_created": created,
                "discrepancies": [str(each) for each in seen.discrepancies],
            }
        ],
        "journal": [
            {"at": each.at.isoformat(), "verb": each.verb, "verdict": each.verdict} for each in journal.order_by("pk")
        ],
    }


def _undo(undone: Proposal | None, order: Order) -> dict[str, Any] | None:
    if undone is None:
        return None
    undone.refresh_from_db()
    return {
        "proposal": undone.reference,
        "verdict": undone.verdict.upper(),
        "status": undone.status,
        "order_status": order.status,
        "erp_status": order.tracking.erp_status,
    }


def _problems(account: dict[str, Any], undone: Proposal | None) -> list[str]:
    order = account["erp"]["orders"][0]
    verdicts = {each["verdict"] for each in account["proposals"]}
    expected = "cancelled" if undone else "open"
    checks = {
        "the plan is not done": account["plan"]["status"] == "done",
        "fewer than six steps are done": sum(each["status"] == "done" for each in account["steps"]) >= 6,
        "no proposal passed": "PASS" in verdicts,
        "no proposal asked a person": "ASK" in verdicts,
        "the ERP has not exactly one order": order["times_created"] == 1,
        f"the order is {order['state']} in the ERP": order["state"] == expected or not undone,
        "the ERP and Procure differ": not order["discrepancies"],
        f"the ledger does not verify: {account['ledger']['reason']}": account["ledger"]["valid"],
    }
    return [problem for problem, holds in checks.items() if not holds]
