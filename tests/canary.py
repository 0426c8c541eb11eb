"""Looks for marked values wherever this program keeps anything: tables, database files, files, mails, logs."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core import mail
from django.db import connection


def forms(value: str) -> set[bytes]:
    """The value as it may be written: plain, JSON-escaped, base64 at any of three offsets, hex; any case."""
    raw = value.encode()
    escaped = {json.dumps(value, ensure_ascii=plain)[1:-1].encode() for plain in (True, False)}
    hexed = {raw.hex().encode(), raw.hex().upper().encode()}
    # base64 of a text in the middle of another: without the characters that hold a neighbour's bits as well.
    within = {
        base64.b64encode(b"x" * shift + raw)[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6] for shift in range(3)
    }
    return {raw.lower(), *(each.lower() for each in escaped), *(each.lower() for each in hexed), *within}


def hits(values: Iterable[str], haystacks: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where any of the values stands: “place: value”."""
    wanted = [(value, form) for value in values for form in forms(value)]
    found = []
    for place, content in haystacks:
        lowered = content.lower()
        found += [f"{place}: {value}" for value, form in wanted if form in lowered or form in content]
    return sorted(set(found))


def everywhere(*more: tuple[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """All tables, the raw database file and its log on SQLite, mails; and what else is given."""
    yield from tables()
    yield from database_files()
    yield from more
    for number, each in enumerate(getattr(mail, "outbox", ())):
        yield f"mail {number}", each.message().as_bytes()


def tables() -> Iterator[tuple[str, bytes]]:
    """Each table row by row, read in plain SQL: no model, no manager and no history stands between."""
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f'SELECT * FROM "{table}"')
            yield table, b"\n".join(b"\x1f".join(_plain(cell) for cell in row) for row in cursor.fetchall())


def database_files() -> Iterator[tuple[str, bytes]]:
    """Freed pages too: what was deleted may still lie in the file."""
    if connection.vendor != "sqlite":
        return
    name = str(connection.settings_dict["NAME"])
    for path in (Path(name), Path(f"{name}-wal")):
        if path.exists():
            yield path.suffix, path.read_bytes()


def files_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def _plain(cell: Any) -> bytes:
    if isinstance(cell, bytes | memoryview):
        return bytes(cell)
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False).encode()
    return str(cell).encode()
