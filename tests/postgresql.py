"""A private PostgreSQL server for one test run: found, started on a free loopback port, stopped by its own id."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs, and what can befall it."""

    folder: Path
    home: Path
    port: int
    options: str
    account: str | None

    @property
    def url(self) -> str:
        return f"postgres://procure@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str | Path) -> str:
        return subprocess.run(
            [self.folder / program, "-D", self.home / "data", *arguments],
            user=self.account,
            cwd=self.home,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def start(self, *, wait: bool = True) -> None:
        how = ("-w", "start") if wait else ("-W", "start")
        # A file for what it says: a server that keeps our pipe open would keep us waiting for its end.
        command = [self.folder / "pg_ctl", "-D", self.home / "data", "-l", self.home / "log", "-o", self.options, *how]
        subprocess.run(command, user=self.account, cwd=self.home, check=True, stdout=subprocess.DEVNULL)

    def crash(self) -> None:
        """At once, as by a power cut: no checkpoint, no good-bye."""
        self.run("pg_ctl", "-m", "immediate", "-w", "stop")

    def restart(self) -> None:
        self.crash()
        self.start()

    def restart_during_recovery(self) -> bool:
        """Crashes again while it recovers. False when it had recovered before that could be seen."""
        self.crash()
        self.start(wait=False)
        until = time.monotonic() + 20
        while not (self.is_up() and self.state() == "in crash recovery"):
            # Its control file still says “in production”, as before the crash, until it looks.
            if self.is_up("ready") or time.monotonic() > until:
                break
        self.crash()
        caught = self.state() == "in crash recovery"
        self.start()
        return caught

    def is_up(self, status: str = "") -> bool:
        """Whether a head of its processes runs, as the file tells that it writes; of this status, when one is named."""
        with contextlib.suppress(FileNotFoundError):
            told = (self.home / "data" / "postmaster.pid").read_text().splitlines()
            return bool(told) and (not status or [each.strip() for each in told[7:8]] == [status])
        return False

    def state(self) -> str:
        """As its control file tells; a cut-off server still says what it was at."""
        told = self.run("pg_controldata")
        return next(line for line in told.splitlines() if "cluster state" in line).partition(":")[2].strip()

    def processes(self) -> list[int]:
        """Its head first, then those that write and answer."""
        head = int((self.home / "data" / "postmaster.pid").read_text().split()[0])
        return [head, *map(int, Path(f"/proc/{head}/task/{head}/children").read_text().split())]


@contextlib.contextmanager
def server(*, durable: bool = False) -> Iterator[str | None]:
    """The URL of a fresh server, or None when PostgreSQL is not installed. `durable`: on the disk, and a commit is
    kept once it is told, as in service."""
    with running(durable=durable) as found:
        yield found and found.url


@contextlib.contextmanager
def running(*, durable: bool = False) -> Iterator[Server | None]:
    """As `server`, with a handle that can crash and restart it."""
    folder = binaries()
    if folder is None:
        yield None
        return
    # initdb refuses to run as root; Debian's package brings an account for it.
    account = "postgres" if os.geteuid() == 0 else None
    if account and account not in {each.pw_name for each in pwd.getpwall()}:
        raise SystemExit("PostgreSQL is here but the account “postgres” is not: run the tests as an ordinary user.")
    home = Path(tempfile.mkdtemp(prefix="procure-pg-", dir=None if durable else IN_MEMORY))
    if account:
        shutil.chown(home, account)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": home} | (
        DURABLE if durable else QUICK
    )
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    made = Server(folder, home, port, options, account)
    made.run("initdb", "-U", "procure", "-A", "trust", "-E", "UTF8", "--no-sync")
    made.start()
    try:
        yield made
    finally:
        made.crash()
        shutil.rmtree(home, ignore_errors=True)
