"""Notes every write to a governed table, with the journal's number at that moment, by triggers of its own."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from agents.models import TriggerRules
from approvals.models import Bounds, PolicyVersion
from ledger import owner
from ledger.replay import Ref
from procure.live import budget_key
from procure.models import Award, Budget, Commitment, Order
from vendors.models import Vendor

#: Governed table: the id of the row that the journal names.
NOTED = {
    "procure_order": "NEW.id",
    "procure_orderversion": "NEW.order_id",
    "procure_orderline": "(SELECT order_id FROM procure_orderversion WHERE id = NEW.version_id)",
    "procure_award": "NEW.id",
    "procure_awardline": "NEW.award_id",
    "procure_budget": "NEW.id",
    "procure_commitment": "NEW.id",
    "vendors_vendor": "NEW.id",
    "approvals_policyversion": "NEW.id",
    "approvals_bounds": "NEW.id",
    "agents_triggerrules": "NEW.id",
}
OWNER = {
    "procure_orderversion": "procure_order",
    "procure_orderline": "procure_order",
    "procure_awardline": "procure_award",
}
SEQ = "(SELECT seq FROM ledger_ledgerhead WHERE log = 'main')"


@dataclass(frozen=True, slots=True)
class Write:
    table: str
    row: int
    after: int


def note() -> None:
    """For the rest of this transaction."""
    temporary = "TEMP" if connection.vendor == "sqlite" else ""
    with owner.acting(connection), connection.cursor() as cursor:
        cursor.execute(f"CREATE {temporary} TABLE noted (place text, row_id bigint, seq bigint)")
        for table, row in NOTED.items():
            insert = f"INSERT INTO noted (place, row_id, seq) VALUES ('{table}', {row}, {SEQ})"
            for what in ("INSERT", "UPDATE"):
                for statement in _statements(f"noted_{table}_{what.lower()}", table, what, insert):
                    cursor.execute(statement)


def _statements(name: str, table: str, what: str, insert: str) -> list[str]:
    if connection.vendor == "sqlite":
        return [f"CREATE TEMP TRIGGER {name} AFTER {what} ON main.{table} BEGIN {insert}; END"]
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
        f" AS $$ BEGIN {insert}; RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER {what} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def noted() -> list[Write]:
    with owner.acting(connection), connection.cursor() as cursor:
        cursor.execute("SELECT place, row_id, seq FROM noted")
        return [Write(OWNER.get(table, table), row, seq) for table, row, seq in cursor.fetchall()]


def refs() -> dict[tuple[str, int], Ref]:
    """What the journal calls each row."""
    found: dict[tuple[str, int], Ref] = {}
    for table, kind, rows, key in (
        ("procure_order", "order", Order.objects.all(), lambda each: each.reference),
        ("procure_award", "award", Award.objects.all(), lambda each: each.reference),
        ("procure_budget", "budget", Budget.objects.all(), lambda each: f"{each.entity.code}/{budget_key(each)}"),
        ("procure_commitment", "commitment", Commitment.objects.all(), lambda each: str(each.pk)),
        ("vendors_vendor", "vendor", Vendor.objects.all(), lambda each: each.key),
        (
            "approvals_policyversion",
            "policy",
            PolicyVersion.objects.all(),
            lambda each: f"{each.entity.code}/{each.number}",
        ),
        ("agents_triggerrules", "triggers", TriggerRules.objects.all(), lambda each: f"{each.entity.code}/rules"),
        ("approvals_bounds", "bounds", Bounds.objects.all(), lambda each: f"{each.entity.code}/{each.role}"),
    ):
        found |= {(table, row.pk): (kind, key(row)) for row in rows}
    return found
