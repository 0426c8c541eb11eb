"""PostgreSQL: trigger functions marked ENABLE ALWAYS, and the append as one SECURITY DEFINER function."""
# ruff: noqa: S608  every statement here is made of constants and table names of this project

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ledger.databases.trigger import APPEND_ONLY, CHECKPOINT_TABLES, GOVERNED, Trigger

ZEROS = "0" * 64
_TIME = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"


def _raise(message: str) -> str:
    return f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'"


#: Trigger functions by name: declarations and body.
TRIGGER_FUNCTIONS = {
    "ledger_refuse": f"""
BEGIN
    {_raise(f"% {APPEND_ONLY}").replace("' USING", "', TG_TABLE_NAME USING")};
END
""",
    "ledger_link": f"""
DECLARE
    record jsonb := convert_from(NEW.bytes, 'UTF8')::jsonb;
BEGIN
    PERFORM 1 FROM ledger_ledgerhead
        WHERE log = NEW.log_id AND seq + 1 = NEW.seq AND hash = NEW.prev AND origin = record->>'origin' FOR UPDATE;
    IF NOT FOUND THEN
        {_raise("ledger_entry: this does not continue the chain")};
    END IF;
    IF NEW.hash IS DISTINCT FROM encode(sha256('\\x00'::bytea || NEW.bytes), 'hex') THEN
        {_raise("ledger_entry: the hash is not that of the bytes")};
    END IF;
    IF (record->>'seq', record->>'prev', record->>'kind', record->'actor'->>'kind', record->'actor'->>'id',
        record->>'time') IS DISTINCT FROM
       (NEW.seq::text, NEW.prev, NEW.kind, NEW.actor_kind, NEW.actor_id, {_TIME.format("NEW.time")}) THEN
        {_raise("ledger_entry: the columns differ from the bytes")};
    END IF;
    RETURN NEW;
END
""",
    "ledger_move": """
BEGIN
    UPDATE ledger_ledgerhead SET seq = NEW.seq, hash = NEW.hash WHERE log = NEW.log_id;
    INSERT INTO ledger_entryobject (entry_id, kind, key)
        SELECT DISTINCT NEW.id, value->>'kind', value->>'key'
        FROM json_array_elements(convert_from(NEW.bytes, 'UTF8')::json->'objects');
    RETURN NULL;
END
""",
    "ledger_head_start": f"""
BEGIN
    IF NEW.seq <> 0 OR NEW.hash <> '{ZEROS}' OR NEW.origin !~ '^[A-Za-z0-9._/:+-]+$' THEN
        {_raise("ledger_ledgerhead: a log begins once, at 0, with a plain origin")};
    END IF;
    RETURN NEW;
END
""",
    "ledger_head_move": f"""
BEGIN
    IF NEW.log <> OLD.log OR NEW.origin <> OLD.origin OR NEW.seq <> OLD.seq + 1 OR NOT EXISTS (
        SELECT 1 FROM ledger_entry
        WHERE log_id = OLD.log AND seq = NEW.seq AND hash = NEW.hash AND prev = OLD.hash
    ) THEN
        {_raise("ledger_ledgerhead: the head moves only to the next entry")};
    END IF;
    RETURN NEW;
END
""",
    "ledger_object_derived": f"""
BEGIN
    -- Called by what ledger_move derives itself.
    IF pg_trigger_depth() > 1 THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM ledger_entry, json_array_elements(convert_from(bytes, 'UTF8')::json->'objects')
        WHERE ledger_entry.id = NEW.entry_id AND value->>'kind' = NEW.kind AND value->>'key' = NEW.key
    ) OR EXISTS (
        SELECT 1 FROM ledger_entryobject WHERE entry_id = NEW.entry_id AND kind = NEW.kind AND key = NEW.key
    ) THEN
        {_raise("ledger_entryobject: the entry does not name this object")};
    END IF;
    RETURN NEW;
END
""",
    "ledger_spend": f"""
BEGIN
    IF (NEW.id, NEW.purpose, NEW.fingerprint, NEW.reference, NEW.issued_at) IS DISTINCT FROM
       (OLD.id, OLD.purpose, OLD.fingerprint, OLD.reference, OLD.issued_at)
       OR OLD.spent_at IS NOT NULL
       OR (NEW.expires_at IS NULL AND OLD.expires_at IS NOT NULL) OR NEW.expires_at > OLD.expires_at THEN
        {_raise("ledger_grantedauthority: an authority is spent once and never changed")};
    END IF;
    RETURN NEW;
END
""",
    "ledger_governed": f"""
BEGIN
    IF coalesce(current_setting('procure.authority', true), '') = '' THEN
        {_raise(f"% {GOVERNED}").replace("' USING", "', TG_TABLE_NAME USING")};
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
""",
}
APPEND_BODY = f"""
DECLARE
    head ledger_ledgerhead%ROWTYPE;
    made ledger_entry%ROWTYPE;
    record json;
BEGIN
    SELECT * INTO head FROM ledger_ledgerhead WHERE log = p_log FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    made.time := greatest(
        clock_timestamp(), (SELECT e.time FROM ledger_entry e WHERE e.log_id = head.log AND e.seq = head.seq)
    );
    made.bytes := p_before || convert_to(',"origin":"' || head.origin || '"', 'UTF8') || p_after || convert_to(
        ',"prev":"' || head.hash || '","seq":' || (head.seq + 1)
        || ',"time":"' || {_TIME.format("made.time")} || '","v":1}}', 'UTF8');
    record := convert_from(made.bytes, 'UTF8')::json;
    RETURN QUERY
        INSERT INTO ledger_entry (log_id, seq, time, kind, actor_kind, actor_id, bytes, prev, hash)
        VALUES (head.log, head.seq + 1, made.time, record->>'kind', record->'actor'->>'kind',
                record->'actor'->>'id', made.bytes, head.hash, encode(sha256('\\x00'::bytea || made.bytes), 'hex'))
        RETURNING *;
END
"""
NUMBER_BODY = f"""
DECLARE
    series text := 'ledger_number_' || lower(p_prefix);
BEGIN
    IF p_prefix !~ '^[A-Z]{{1,8}}$' THEN
        {_raise("a number begins with 1 to 8 capital letters")};
    END IF;
    IF to_regclass(series) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext(series));
        EXECUTE 'CREATE SEQUENCE IF NOT EXISTS ' || series;
    END IF;
    RETURN nextval(series::regclass);
END
"""
BEGIN_BODY = f"""
BEGIN
    INSERT INTO ledger_ledgerhead (log, origin, seq, hash) VALUES (p_log, p_origin, 0, '{ZEROS}')
    ON CONFLICT DO NOTHING;
END
"""
#: pg_trigger.tgtype
BITS = {"ROW": 1, "STATEMENT": 0, "BEFORE": 2, "AFTER": 0, "INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}


def _trigger(name: str, table: str, timing: str, events: str, function: str) -> Trigger:
    level = "STATEMENT" if events == "TRUNCATE" else "ROW"
    return Trigger(
        name,
        table,
        f'CREATE TRIGGER "{name}" {timing} {events} ON "{table}" FOR EACH {level} EXECUTE FUNCTION {function}()',
        function,
        sum(BITS[word] for word in (level, timing, *events.split(" OR "))),
    )


def _frozen(table: str, events: str = "UPDATE OR DELETE") -> tuple[Trigger, ...]:
    return (
        _trigger(f"{table}_frozen", table, "BEFORE", events, "ledger_refuse"),
        _trigger(f"{table}_no_truncate", table, "BEFORE", "TRUNCATE", "ledger_refuse"),
    )


def chain() -> tuple[Trigger, ...]:
    """The triggers that keep the chain and the granted authorities as they were written."""
    return (
        _trigger("ledger_entry_link", "ledger_entry", "BEFORE", "INSERT", "ledger_link"),
        _trigger("ledger_entry_move", "ledger_entry", "AFTER", "INSERT", "ledger_move"),
        *_frozen("ledger_entry"),
        _trigger("ledger_head_start", "ledger_ledgerhead", "BEFORE", "INSERT", "ledger_head_start"),
        _trigger("ledger_head_move", "ledger_ledgerhead", "BEFORE", "UPDATE", "ledger_head_move"),
        *_frozen("ledger_ledgerhead", "DELETE"),
        _trigger("ledger_entryobject_derived", "ledger_entryobject", "BEFORE", "INSERT", "ledger_object_derived"),
        *_frozen("ledger_entryobject"),
        _trigger("ledger_grantedauthority_spend", "ledger_grantedauthority", "BEFORE", "UPDATE", "ledger_spend"),
        *_frozen("ledger_grantedauthority", "DELETE"),
    )


def checkpoints() -> tuple[Trigger, ...]:
    """The triggers that keep the tree, its checkpoints and their anchorings as they were written."""
    return tuple(trigger for table in CHECKPOINT_TABLES for trigger in _frozen(table))


def stays(table: str) -> tuple[Trigger, ...]:
    """The triggers by which rows of `table` are added and never taken away; changes are another's matter."""
    return _frozen(table, "DELETE")


def governed(table: str) -> tuple[Trigger, ...]:
    """The triggers that refuse each write to `table` while no authority is in force in the transaction."""
    return (
        _trigger(f"{table}_governed", table, "BEFORE", "INSERT OR UPDATE OR DELETE", "ledger_governed"),
        _trigger(f"{table}_no_truncate", table, "BEFORE", "TRUNCATE", "ledger_refuse"),
    )


def install(cursor: Any, triggers: Iterable[Trigger]) -> None:
    # A table with constraint checks still waiting cannot be altered.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    remove(cursor, triggers := tuple(triggers))
    for function in sorted({each.function for each in triggers}):
        _define(cursor, f"{function}() RETURNS trigger", TRIGGER_FUNCTIONS[function])
    for each in triggers:
        cursor.execute(each.create)
        # A superuser in replica mode passes by ordinary triggers.
        cursor.execute(f'ALTER TABLE "{each.table}" ENABLE ALWAYS TRIGGER "{each.name}"')


FUNCTIONS = {
    "ledger_append(p_log text, p_before bytea, p_after bytea)": ("SETOF ledger_entry", APPEND_BODY),
    "ledger_begin(p_log text, p_origin text)": ("void", BEGIN_BODY),
    "ledger_number(p_prefix text)": ("bigint", NUMBER_BODY),
}


def install_functions(cursor: Any) -> None:
    for signature, (returns, body) in FUNCTIONS.items():
        _define(cursor, f"{signature} RETURNS {returns}", body, "SECURITY DEFINER")
        cursor.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")


def remove_functions(cursor: Any) -> None:
    for signature in FUNCTIONS:
        cursor.execute(f"DROP FUNCTION IF EXISTS {signature}")


def wanting_functions(cursor: Any) -> list[str]:
    """Names of functions that are missing or do something else."""
    cursor.execute(
        "SELECT proname, prosrc FROM pg_proc WHERE prosecdef AND pronamespace = current_schema()::regnamespace"
    )
    found = dict(cursor.fetchall())
    names = {signature.split("(")[0]: body for signature, (_, body) in FUNCTIONS.items()}
    return [name for name, body in names.items() if found.get(name) != body]


def _define(cursor: Any, signature: str, body: str, mode: str = "") -> None:
    cursor.execute("SELECT quote_ident(current_schema())")
    # A pinned path: nobody's temporary table can stand in for one of ours.
    path = f"{cursor.fetchone()[0]}, pg_temp"
    cursor.execute(
        f"CREATE OR REPLACE FUNCTION {signature} LANGUAGE plpgsql {mode} SET search_path = {path} AS $body${body}$body$"
    )


def remove(cursor: Any, triggers: Iterable[Trigger]) -> None:
    for each in triggers:
        cursor.execute(f'DROP TRIGGER IF EXISTS "{each.name}" ON "{each.table}"')


def wanting(cursor: Any, triggers: Iterable[Trigger]) -> list[str]:
    """Names of triggers that are missing, disabled, or do something else."""
    cursor.execute(
        "SELECT t.tgname, c.relname, t.tgtype, p.proname, p.prosrc"
        " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND t.tgqual IS NULL AND t.tgattr = ''::int2vector"
        " AND c.relnamespace = current_schema()::regnamespace"
    )
    found = {row[0]: tuple(row[1:]) for row in cursor.fetchall() if row[3] in TRIGGER_FUNCTIONS}
    return [
        each.name
        for each in triggers
        if found.get(each.name) != (each.table, each.bits, each.function, TRIGGER_FUNCTIONS[each.function])
    ]


_COLUMNS = "a.id, a.log_id, a.seq, a.time, a.kind, a.actor_kind, a.actor_id, a.bytes, a.prev, a.hash"
_APPEND = f"SELECT {_COLUMNS} FROM ledger_append(%s, %s, %s) a"
#: One after the other, in their order.
_APPEND_ALL = f"""
SELECT {_COLUMNS} FROM unnest(%s::bytea[], %s::bytea[]) WITH ORDINALITY AS given (front, back, place),
LATERAL ledger_append(%s, given.front, given.back) a
"""


def send(cursor: Any, *, log: str, halves: Sequence[tuple[str, str]]) -> None:
    """Appends to the log what stands before and after `origin` in each body; `appended` has what came of it."""
    fronts, backs = [front.encode() for front, _ in halves], [back.encode() for _, back in halves]
    if len(halves) == 1:
        cursor.execute(_APPEND, [log, fronts[0], backs[0]])
    else:
        cursor.execute(_APPEND_ALL, [fronts, backs, log])


def appended(cursor: Any) -> Sequence[Sequence[Any]]:
    """The new rows of ledger_entry in the model's order; none when there is no such log."""
    return cursor.fetchall()


def begin(cursor: Any, *, log: str, origin: str) -> None:
    """Makes the log unless it is there."""
    cursor.execute("SELECT ledger_begin(%s, %s)", [log, origin])


def next_number(cursor: Any, prefix: str) -> int:
    """From a sequence, made on first use: no row stays locked until the transaction ends."""
    cursor.execute("SELECT ledger_number(%s)", [prefix])
    return cursor.fetchone()[0]


def unsound_settings(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """Settings under which a committed entry could be lost: (what, remedy)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')")
        fsync, synchronous = cursor.fetchone()
    found = []
    if fsync == "off":
        found.append(("PostgreSQL does not write through to the disk (fsync is off)", "fsync = on"))
    if synchronous == "off":
        found.append(
            ("PostgreSQL confirms before the disk has it (synchronous_commit is off)", "synchronous_commit = on")
        )
    return found
