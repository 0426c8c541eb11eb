"""A private PostgreSQL server for one test run: found, started on a free loopback port, stopped by its own id."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: What it holds is thrown away, so nothing need reach the disk; no query of a test is worth compiling.
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "max_wal_size": "4GB",
    "shared_buffers": "256MB",
    "autovacuum": "off",
    "jit": "off",
    "max_connections": 120,
}
DURABLE = {"shared_buffers": "512MB", "jit": "off", "max_connections": 120}
PLACES = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin")


def binaries() -> Path | None:
    """The folder with initdb and pg_ctl, newest version first."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [folder for place in PLACES for folder in Path("/").glob(place[1:]) if (folder / "initdb").exists()]
    return max(folders, default=None)


#: Where the system has such a place.
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108


@contextlib.contextmanager
def server(*, durable: bool = False) -> Iterator[str | None]:
    """The URL of a fresh server, or None when PostgreSQL is not installed. `durable`: on the disk, and a commit is
    kept once it is told, as in service."""
    folder = binaries()
    if folder is None:
        yield None
        return
    # initdb refuses to run as root; Debian's package brings an account for it.
    account = "postgres" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="procure-pg-", dir=None if durable else IN_MEMORY))
    if account:
        shutil.chown(home, account)
    run = {"user": account, "cwd": home, "check": True, "stdout": subprocess.DEVNULL} if account else {
        "cwd": home, "check": True, "stdout": subprocess.DEVNULL
    }  # fmt: skip
    if account and account not in {each.pw_name for each in pwd.getpwall()}:
        raise SystemExit("PostgreSQL is here but the account “postgres” is not: run the tests as an ordinary user.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = home / "data"
    subprocess.run([folder / "initdb", "-D", data, "-U", "procure", "-A", "trust", "-E", "UTF8"], **run)
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": home} | (
        DURABLE if durable else QUICK
    )
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    subprocess.run([folder / "pg_ctl", "-D", data, "-l", home / "log", "-w", "-o", options, "start"], **run)
    try:
        yield f"postgres://procure@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], **run)
        shutil.rmtree(home, ignore_errors=True)
