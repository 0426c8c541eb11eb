"""One archive with the database, the files and a manifest; another with the keys. They are never in one file.

A copy of the data that falls into wrong hands opens no sealed value, and an erased key does not come back with it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction

from ledger import clock, owner, postgresql_programs, signing
from ledger.errors import DomainError, InvalidInput, Misconfigured
from ledger.models import Checkpoint, LedgerHead
from ledger.notes import SigningKey

FORMAT = 1
MANIFEST = "manifest.json"
FILES = "files/"
KEYS = "keys/"
DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
#: Locks, and what was signed last on a host: it belongs to that host and must never be put back to an older state.
NOT_KEYS = (".lock", ".note")
Tell = Callable[[str], None]


class BackupFailed(DomainError):
    """The backup could not be written; nothing was left behind."""

    code = "backup_failed"


def write(path: Path, *, tell: Tell = lambda said: None) -> dict[str, Any]:
    """Database, files and manifest as one tar.gz at `path` (mode 600), and the manifest."""
    members: dict[str, dict[str, Any]] = {}
    if Path(settings.KEYS_DIR).resolve().is_relative_to(Path(settings.MEDIA_ROOT).resolve()):
        raise InvalidInput("The key folder lies among the files, and keys never go into a backup: move PROCURE_KEYS.")
    with _archive(path) as archive, tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
        tell("copying the database …")
        copy = Path(folder) / DATABASE[connection.vendor]
        logs, notes = _sqlite(copy) if connection.vendor == "sqlite" else _postgresql(copy)
        tell("packing the database …")
        _add(archive, copy.name, copy, members)
        files = _files(Path(settings.MEDIA_ROOT))
        for number, each in enumerate(files, start=1):
            if number % 500 == 1:
                tell(f"packing files, {number} of {len(files)} …")
            _add(archive, FILES + each.relative_to(settings.MEDIA_ROOT).as_posix(), each, members)
        manifest = _manifest("data", members) | {"database": connection.vendor, "logs": logs, "checkpoints": notes}
        _add_text(archive, MANIFEST, json.dumps(manifest, indent=2, sort_keys=True))
    tell(f"{path} is written")
    return manifest


def write_keys(path: Path) -> dict[str, Any]:
    """Every key alone as one tar.gz at `path` (mode 600), and what it holds by name and digest."""
    members: dict[str, dict[str, Any]] = {}
    with _archive(path) as archive:
        for name, content in sorted(_keys().items()):
            _add_text(archive, KEYS + name, content, members)
        manifest = _manifest("keys", members)
        _add_text(archive, MANIFEST, json.dumps(manifest, indent=2, sort_keys=True))
    return manifest


def _keys() -> dict[str, str]:
    """By their place in the key folder. What comes from the environment is kept under the name of its file."""
    found = {"secret_key": settings.SECRET_KEY}
    for folder in {Path(settings.VAR_DIR) / "keys", Path(settings.KEYS_DIR)}:
        for path in _files(folder):
            if path.suffix not in NOT_KEYS:
                found[path.relative_to(folder).as_posix()] = path.read_text()
    if ring := os.environ.get("PROCURE_KEY_RING"):
        found["ring"] = ring.replace(",", "\n") + "\n"
    for text in os.environ.get(signing.VARIABLE, "").replace(",", " ").split():
        origin = SigningKey.from_text(text).name
        found[signing.key_path(origin).relative_to(settings.KEYS_DIR).as_posix()] = f"{text}\n"
    return found


def _manifest(kind: str, members: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "backup": FORMAT,
        "kind": kind,
        "product": f"procure {version()}",
        "made_at": clock.now().isoformat(),
        "members": members,
    }


def version() -> str:
    """Of the installed package, or as pyproject.toml says beside the code."""
    try:
        return metadata.version("procure")
    except metadata.PackageNotFoundError:
        return tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]


def _sqlite(copy: Path) -> tuple[list, list]:
    """By SQLite's online backup: others go on writing meanwhile, and the copy is of one moment."""
    connection.ensure_connection()
    target = sqlite3.connect(copy)
    try:
        connection.connection.backup(target, pages=4096)
        # Alone in its file: no journal beside it that could get lost.
        target.execute("PRAGMA journal_mode=DELETE")
        # Free pages were copied as well, with whatever was erased since the last scrub.
        target.execute("VACUUM")
        heads = target.execute("SELECT log, origin, seq, hash FROM ledger_ledgerhead ORDER BY log").fetchall()
        newest = target.execute(
            "SELECT log_id, size, note FROM ledger_checkpoint c"
            " WHERE size = (SELECT max(size) FROM ledger_checkpoint WHERE log_id = c.log_id) ORDER BY log_id"
        ).fetchall()
    finally:
        target.close()
    return _told(heads, newest)


def _postgresql(copy: Path) -> tuple[list, list]:
    """By pg_dump as the owner, of the very snapshot in which the heads are read."""
    postgresql_programs.find("pg_dump")
    with owner.signed_in(connection), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT pg_export_snapshot()")
            cursor.nextset()
            snapshot = cursor.fetchone()[0]
        heads = list(LedgerHead.objects.order_by("log").values_list("log", "origin", "seq", "hash"))
        newest = list(
            Checkpoint.objects.order_by("log_id", "-size").distinct("log_id").values_list("log_id", "size", "note")
        )
        options = ["--format=custom", f"--snapshot={snapshot}", "--no-owner", "--no-privileges", f"--file={copy}"]
        try:
            postgresql_programs.run("pg_dump", connection, options)
        except Misconfigured as error:
            hint = "" if owner.sign_in() else " Set DATABASE_OWNER_URL if another role owns the tables."
            raise Misconfigured(error.message + hint) from None
    return _told(heads, newest)


def _told(heads: list[Any], newest: list[Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    logs = [{"log": log, "origin": origin, "size": seq, "head": head} for log, origin, seq, head in heads]
    return logs, [{"log": log, "size": size, "note": note} for log, size, note in newest]


@contextmanager
def _archive(path: Path) -> Iterator[tarfile.TarFile]:
    """A tar.gz that appears under its name when it is whole."""
    if path.exists():
        raise InvalidInput(f"{path} is there already. A backup is never written over: choose another name.")
    if not path.parent.is_dir():
        raise InvalidInput(f"There is no folder {path.parent}.")
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 600
    try:
        with os.fdopen(handle, "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
                yield archive
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(half, path)
    except OSError as error:
        raise BackupFailed(f"{path} could not be written: {error}. Nothing was left behind.") from error
    finally:
        Path(half).unlink(missing_ok=True)


class _Hashing:
    """A file that is hashed as it is read, so that the digest is that of what went into the archive."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.raw, self.digest = raw, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.raw.read(size)
        self.digest.update(piece)
        return piece


def _add(archive: tarfile.TarFile, name: str, path: Path, members: dict[str, dict[str, Any]]) -> None:
    with path.open("rb") as raw:
        _put(archive, name, raw, os.fstat(raw.fileno()).st_size, members)


def _add_text(archive: tarfile.TarFile, name: str, text: str, members: dict[str, dict[str, Any]] | None = None) -> None:
    content = text.encode()
    _put(archive, name, io.BytesIO(content), len(content), {} if members is None else members)


def _put(archive: tarfile.TarFile, name: str, raw: IO[bytes], size: int, members: dict[str, dict[str, Any]]) -> None:
    entry, hashing = tarfile.TarInfo(name), _Hashing(raw)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(clock.now().timestamp())
    archive.addfile(entry, hashing)  # type: ignore[arg-type]
    members[name] = {"sha256": hashing.digest.hexdigest(), "bytes": size}


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
