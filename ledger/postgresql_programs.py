"""PostgreSQL's own programs, run as processes of their own with the sign-in of a connection."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from ledger.errors import Misconfigured

PLACES = ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql*/bin", "usr/local/opt/postgresql*/bin")


def find(program: str) -> Path:
    """On the PATH, or where packages put it, newest version first."""
    if found := shutil.which(program):
        return Path(found)
    folders = [folder for place in PLACES for folder in Path("/").glob(place) if (folder / program).exists()]
    if not folders:
        raise Misconfigured(f"{program} is not here. Install PostgreSQL's client programs, or put them on the PATH.")
    return max(folders, key=_version) / program


def _version(folder: Path) -> tuple[int, str]:
    digits = "".join(filter(str.isdigit, folder.parent.name))
    return int(digits or 0), str(folder)


def run(program: str, connection: BaseDatabaseWrapper, options: Sequence[str]) -> None:
    """Against the connection's database, as whoever is signed in there. The password is in no argument."""
    environment = os.environ | _sign_in(connection)
    done = subprocess.run(  # noqa: S603  a program of PostgreSQL, options of ours
        [find(program), "--no-password", *options], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Misconfigured(f"{program} failed: {done.stderr.strip()[-2000:] or done.returncode}")


def _sign_in(connection: BaseDatabaseWrapper) -> dict[str, str]:
    at = connection.settings_dict
    options = at.get("OPTIONS", {})
    named = {
        "PGDATABASE": at["NAME"], "PGUSER": at["USER"], "PGPASSWORD": at["PASSWORD"], "PGHOST": at["HOST"],
        "PGPORT": at["PORT"], "PGSSLMODE": options.get("sslmode"), "PGSSLROOTCERT": options.get("sslrootcert"),
        "PGSSLCERT": options.get("sslcert"), "PGSSLKEY": options.get("sslkey"), "PGSERVICE": options.get("service"),
        "PGPASSFILE": options.get("passfile"),
    }  # fmt: skip
    return {name: str(value) for name, value in named.items() if value}
