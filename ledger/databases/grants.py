"""PostgreSQL: what the runtime role may do. Its rights on a table follow from the triggers that guard the table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ledger.databases.postgresql import BITS, FUNCTIONS
from ledger.databases.trigger import Trigger

#: Written by functions of the owner alone, or (the list of migrations) by the owner.
READ_ONLY = ("ledger_entry", "ledger_entryobject", "ledger_ledgerhead", "django_migrations")
WRITES = ("INSERT", "UPDATE", "DELETE")
NEVER = ("TRUNCATE", "TRIGGER", "REFERENCES")


def writes(table: str, triggers: Iterable[Trigger]) -> list[str]:
    """The verbs of the runtime role on a table, beside SELECT: all but those that a trigger refuses in any case."""
    if table in READ_ONLY:
        return []
    refused = 0
    for each in triggers:
        if each.table == table and each.function == "ledger_refuse" and each.bits & BITS["ROW"]:
            refused |= each.bits
    return [verb for verb in WRITES if not refused & BITS[verb]]


def give(cursor: Any, role: str, triggers: Iterable[Trigger]) -> None:
    """Exactly these rights on each table, sequence and function that the current user owns in this schema."""
    triggers = tuple(triggers)
    to = _quoted(cursor, role)
    statements = [f"GRANT USAGE ON SCHEMA {_schema(cursor)} TO {to}"]
    cursor.execute(
        "SELECT relname, relkind, quote_ident(relname) FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm')"
        " AND relnamespace = current_schema()::regnamespace AND relowner = current_user::regrole ORDER BY relname"
    )
    for table, kind, quoted in cursor.fetchall():
        verbs = writes(table, triggers) if kind in ("r", "p") else []
        statements.append(f"REVOKE ALL ON {quoted} FROM PUBLIC, {to}")
        statements.append(f"GRANT {', '.join(['SELECT', *verbs])} ON {quoted} TO {to}")
    for sequence, table in _sequences(cursor):
        statements.append(f"REVOKE ALL ON SEQUENCE {sequence} FROM PUBLIC, {to}")
        if "INSERT" in writes(table, triggers):
            statements.append(f"GRANT USAGE ON SEQUENCE {sequence} TO {to}")
    statements += [f"GRANT EXECUTE ON FUNCTION {signature} TO {to}" for signature in FUNCTIONS]
    cursor.execute("; ".join(statements))


def fence_schema(cursor: Any, role: str) -> None:
    """Nobody but the owner makes tables and functions."""
    cursor.execute(f"REVOKE CREATE ON SCHEMA {_schema(cursor)} FROM PUBLIC, {_quoted(cursor, role)}")


def fence_database(cursor: Any, role: str) -> None:
    """Nor temporary tables, which in one session could pass for ours."""
    cursor.execute("SELECT current_database()")
    name = _quoted(cursor, cursor.fetchone()[0])
    cursor.execute(f"REVOKE CREATE, TEMPORARY ON DATABASE {name} FROM PUBLIC, {_quoted(cursor, role)}")


def excesses(cursor: Any, role: str, triggers: Iterable[Trigger], how: str = "MEMBER") -> list[str]:
    """Rights that the role has over guarded tables and must not have, each as the end of a sentence."""
    triggers = tuple(triggers)
    cursor.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = %s", [role])
    superuser, makes_roles = cursor.fetchone() or (False, False)
    if superuser:
        return ["is a superuser"]
    found = ["may make roles and so become the owner"] if makes_roles else []
    guarded = [table for table in _tables(cursor) if set(WRITES) - set(writes(table, triggers))]
    for table in guarded:
        cursor.execute(
            "SELECT pg_has_role(%s, relowner, %s) FROM pg_class WHERE oid = %s::regclass", [role, how, table]
        )
        if cursor.fetchone()[0]:
            found.append(f"owns {table} or may become its owner")
            continue
        verbs = [verb for verb in (*WRITES, *NEVER) if verb not in writes(table, triggers)]
        if had := [verb for verb in verbs if _may(cursor, role, table, verb)]:
            found.append(f"may {', '.join(had)} on {table}")
    cursor.execute("SELECT has_schema_privilege(%s, current_schema(), 'CREATE')", [role])
    if cursor.fetchone()[0]:
        found.append("may make tables and functions in the schema")
    if _may_set_replica_mode(cursor, role):
        found.append("may set session_replication_role")
    return found


def _may(cursor: Any, role: str, table: str, verb: str) -> bool:
    cursor.execute("SELECT has_table_privilege(%s, %s::regclass, %s)", [role, table, verb])
    if not (may := cursor.fetchone()[0]) and verb in ("INSERT", "UPDATE", "REFERENCES"):
        cursor.execute("SELECT has_any_column_privilege(%s, %s::regclass, %s)", [role, table, verb])
        may = cursor.fetchone()[0]
    return may


def _may_set_replica_mode(cursor: Any, role: str) -> bool:
    """Before version 15 only a superuser could."""
    cursor.execute("SELECT current_setting('server_version_num')::int >= 150000")
    if not cursor.fetchone()[0]:
        return False
    cursor.execute("SELECT has_parameter_privilege(%s, 'session_replication_role', 'SET')", [role])
    return cursor.fetchone()[0]


def _tables(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = current_schema()::regnamespace ORDER BY relname"
    )
    return [name for (name,) in cursor.fetchall()]


def _sequences(cursor: Any) -> list[tuple[str, str]]:
    """Sequences that belong to a column, each with its table."""
    cursor.execute(
        "SELECT quote_ident(s.relname), t.relname FROM pg_class s"
        " JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass"
        " JOIN pg_class t ON t.oid = d.refobjid WHERE s.relkind = 'S'"
        " AND s.relnamespace = current_schema()::regnamespace AND s.relowner = current_user::regrole"
    )
    return cursor.fetchall()


def _schema(cursor: Any) -> str:
    cursor.execute("SELECT quote_ident(current_schema())")
    return cursor.fetchone()[0]


def _quoted(cursor: Any, name: str) -> str:
    cursor.execute("SELECT quote_ident(%s)", [name])
    return cursor.fetchone()[0]
