"""Puts a backup back into an empty database, or in the place of one that is kept aside.

Nothing is done before every digest was checked, nothing is written over, and the ledger is verified when it is back.
Whether it is older than what was signed of it is for `ledger.losses` to say.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from ledger import backup, files, losses, owner, postgresql_programs, verification
from ledger.backup import FILES, KEYS, MANIFEST, Tell
from ledger.errors import DomainError, InvalidInput

LONGEST_MANIFEST = 200_000_000


class BadArchive(DomainError):
    """This archive is not a whole backup, so nothing was restored."""

    code = "bad_archive"


class NotEmpty(DomainError):
    """There is something in the database or among the files already."""

    code = "not_empty"


class NotValid(DomainError):
    """The ledger in this backup is not valid."""

    code = "not_valid"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and where what was there before is kept."""

    manifest: dict[str, Any]
    entries: int
    aside: tuple[Path, ...]


def restore(path: Path, *, replace: bool = False, tell: Tell = lambda said: None) -> Restored:
    """Checks every digest, then puts database and files in place, migrates, and verifies the ledger."""
    tell("checking the archive …")
    with _unpacked(path) as (folder, manifest):
        if manifest["kind"] != "data":
            raise BadArchive("This archive holds keys: restore it with --keys.")
        if manifest["database"] != connection.vendor:
            raise InvalidInput(
                f"This backup is of {manifest['database']}, and DATABASE_URL names {connection.vendor}: name another."
            )
        _refuse_what_is_there(replace)
        tell("putting the database in place …")
        put = _put_sqlite if connection.vendor == "sqlite" else _put_postgresql
        aside = [*put(folder / backup.DATABASE[connection.vendor]), *_put_files(folder / FILES)]
    tell("migrating …")
    call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    tell("verifying the ledger …")
    finding = verification.verify()
    # What was signed and is not there any more is told by the losses; anything else is no ledger to go on with.
    if not finding.valid and not (finding.between and losses.find()):
        raise NotValid(
            f"The restored ledger is not valid: entry {finding.first_bad} of log {finding.log}: {finding.reason}."
            f" Do not serve it; restore another backup.{_kept(aside)}"
        )
    return Restored(manifest, finding.entries, tuple(aside))


def restore_keys(path: Path) -> list[str]:
    """Puts keys back that are not there; refuses when one is there with another content. Names of those put back."""
    with _unpacked(path) as (folder, manifest):
        if manifest["kind"] != "keys":
            raise BadArchive("This archive holds no keys.")
        wanted = {name.removeprefix(KEYS): (folder / name).read_text() for name in manifest["members"]}
    places = {name: _key_folder(name) / name for name in wanted}
    differing = [name for name, place in places.items() if place.exists() and place.read_text() != wanted[name]]
    if differing:
        raise NotEmpty(f"Other keys are there under the names {', '.join(differing)}. Move them away first.")
    missing = [name for name, place in places.items() if not place.exists()]
    for name in missing:
        files.publish(places[name], wanted[name], replace=False)
    return missing


def _key_folder(name: str) -> Path:
    return Path(settings.VAR_DIR) / "keys" if name == "secret_key" else Path(settings.KEYS_DIR)


@contextmanager
def _unpacked(path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder with every member of the archive, each seen to have the digest that the manifest names."""
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.")
    place = Path(settings.VAR_DIR)
    with TemporaryDirectory(dir=place, prefix=".restore-") as name:
        folder = Path(name)
        try:
            found = _extract(path, folder)
            manifest = json.loads((folder / MANIFEST).read_text())
            _check(manifest, found)
        except (OSError, EOFError, tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadArchive(f"{path} is not a whole backup ({error}), so nothing was restored.") from None
        yield folder, manifest


def _extract(path: Path, folder: Path) -> dict[str, str]:
    """Plain files alone, inside the folder alone; the digest of each by name."""
    found: dict[str, str] = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            target = folder / member.name
            if not member.isreg() or member.name in found or ".." in target.parts or not target.is_relative_to(folder):
                raise ValueError(f"{member.name!r} has no place in a backup")
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            digest = hashlib.sha256()
            raw = archive.extractfile(member)
            with target.open("xb") as out:
                while raw and (piece := raw.read(1 << 20)):
                    digest.update(piece)
                    out.write(piece)
            found[member.name] = digest.hexdigest()
    return found


def _check(manifest: dict[str, Any], found: dict[str, str]) -> None:
    if manifest["backup"] != backup.FORMAT or manifest["kind"] not in ("data", "keys"):
        raise ValueError(f"its format {manifest['backup']} is not known here")
    wanted = {name: each["sha256"] for name, each in manifest["members"].items()}
    found = {name: digest for name, digest in found.items() if name != MANIFEST}
    if odd := sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)):
        raise ValueError(f"{odd[0]} was changed or is missing")
    if manifest["kind"] == "data" and backup.DATABASE[manifest["database"]] not in found:
        raise ValueError("there is no database in it")


def _refuse_what_is_there(replace: bool) -> None:
    if connection.vendor == "postgresql":
        with owner.signed_in(connection):
            if connection.introspection.table_names():
                raise NotEmpty(
                    "There are tables in this database, and they stay. Make a new one (createdb), name it in"
                    " DATABASE_URL, and restore there."
                )
    elif not replace and _has_rows():
        raise NotEmpty("This database is in use. --replace keeps it aside under a new name and restores in its place.")
    if not replace and any(Path(settings.MEDIA_ROOT).rglob("*")):
        raise NotEmpty(f"There are files in {settings.MEDIA_ROOT}. --replace keeps them aside.")


def _has_rows() -> bool:
    tables = {"ledger_ledgerhead", "ledger_person"} & set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        return any(cursor.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables)  # noqa: S608


def _put_sqlite(copy: Path) -> list[Path]:
    """The old file is closed, kept under another name, and the copy takes its place at once."""
    place = Path(connection.settings_dict["NAME"])
    used = _has_rows()
    connection.close()
    aside = []
    if used:
        try:
            old = sqlite3.connect(place, timeout=2)
            # Fails while anybody else has the file open, and takes the journal into it.
            old.execute("PRAGMA journal_mode=DELETE")
            old.close()
        except sqlite3.Error as error:
            raise NotEmpty(f"{place} is in use ({error}). Stop the portal (web, worker, sweeper) first.") from None
        aside.append(_aside(place))
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{place.name}.restored")
    shutil.copyfile(copy, half)
    half.chmod(0o600)
    with half.open("rb") as written:
        os.fsync(written.fileno())
    half.replace(place)
    return aside


def _put_postgresql(copy: Path) -> list[Path]:
    """By pg_restore, as the owner, in one transaction."""
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(copy)]
    with owner.signed_in(connection):
        connection.close()
        database = f"--dbname={connection.settings_dict['NAME']}"
        postgresql_programs.run("pg_restore", connection, [database, *options])
    return []


def _put_files(copies: Path) -> list[Path]:
    place, aside = Path(settings.MEDIA_ROOT), []
    if place.exists() and any(place.rglob("*")):
        aside.append(_aside(place))
    if copies.is_dir():
        shutil.copytree(copies, place, dirs_exist_ok=True)
    return aside


def _aside(place: Path) -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    names = (f"{place.name}.before-restore-{stamp}{'-again' * number}" for number in range(20))
    free = next(each for name in names if not (each := place.with_name(name)).exists())
    place.rename(free)
    return free


def kept_aside() -> list[Path]:
    """Databases and files from before a restore, as long as nobody has thrown them away."""
    places = [Path(settings.MEDIA_ROOT)]
    places += [Path(connection.settings_dict["NAME"])] if connection.vendor == "sqlite" else []
    return sorted(each for place in places for each in place.parent.glob(f"{place.name}.before-restore-*"))


def _kept(aside: list[Path]) -> str:
    return f" What was there before is in {', '.join(map(str, aside))}." if aside else ""
