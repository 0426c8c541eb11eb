"""A real Tryton server for tests: a template database made once, then a process per run, stopped by its id."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx

ROOT = Path(__file__).resolve().parents[3]
BIN = ROOT / ".venv-tryton" / "bin"
CACHE = ROOT / "var" / "peers" / "tryton"
HERE = Path(__file__).resolve().parent
DATABASE = "erp"
MODULES = ("purchase", "account_invoice_stock")
START_LIMIT = 60.0

DATA: dict[str, Any] = json.loads((HERE / "data.json").read_text())


def missing() -> str:
    """Why there can be no server here; empty when there can."""
    return "" if (BIN / "trytond").exists() else "Tryton is not installed: run “make tryton”."


class Tryton:
    """One running server. `base_url`, `settings` and `password` make a connection to it."""

    def __init__(self, home: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.home, self.port, self.process = home, port, process
        self._headers: dict[str, str] = {}

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, Any]:
        return {"database": DATABASE, "user": DATA["user"]["login"], "freight_product": "FREIGHT"}

    @property
    def password(self) -> str:
        return str(DATA["user"]["password"])

    def as_person(self, method: str, *params: Any) -> Any:
        """Calls as one of the ERP's own staff, past our connector."""
        if not self._headers:
            person = DATA["person"]
            user_id, token, _ = self._post("common.db.login", [person["login"], {"password": person["password"]}])
            session = f"{person['login']}:{user_id}:{token}".encode()
            self._headers = {"Authorization": "Session " + base64.b64encode(session).decode()}
            self._context = self._post("model.res.user.get_preferences", [True, {}])
        return self._post(method, [*params, self._context])

    def purchases(self, **wanted: str) -> list[dict[str, Any]]:
        """What the ERP itself says it has."""
        domain = [[name, "=", value] for name, value in wanted.items()]
        fields = ["id", "number", "state", "reference", "untaxed_amount"]
        return list(self.as_person("model.purchase.purchase.search_read", domain, 0, 100, None, fields))

    def _post(self, method: str, params: list[Any]) -> Any:
        question = {"id": 1, "method": method, "params": params}
        body = httpx.post(f"{self.base_url}/{DATABASE}/rpc/", json=question, headers=self._headers, timeout=30).json()
        if "error" in body:
            raise AssertionError(body["error"])
        return body["result"]

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


@contextlib.contextmanager
def running() -> Iterator[Tryton]:
    """A server on a free loopback port with a fresh copy of the template."""
    home = Path(tempfile.mkdtemp(prefix="procure-tryton-"))
    shutil.copy(template(), home / f"{DATABASE}.sqlite")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = _config(home, port)
    with (home / "trytond.log").open("wb") as log:
        process = subprocess.Popen(
            [BIN / "trytond", "-c", config, "-d", DATABASE], stdout=log, stderr=subprocess.STDOUT, cwd=home
        )
    server = Tryton(home, port, process)
    try:
        _await(server)
        yield server
    finally:
        server.stop()


def _await(server: Tryton) -> None:
    until = time.monotonic() + START_LIMIT
    question = {"id": 1, "method": "common.server.version", "params": []}
    while time.monotonic() < until and server.process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.post(f"{server.base_url}/rpc/", json=question, timeout=5)
            return
        time.sleep(0.05)
    raise RuntimeError("Tryton did not start: " + (server.home / "trytond.log").read_text()[-2000:])


def template() -> Path:
    """The seeded database, made on first use and kept until requirements, seed or data change."""
    content = b"".join(
        path.read_bytes() for path in (ROOT / "requirements-tryton.txt", HERE / "seed.py", HERE / "data.json")
    )
    folder = CACHE / hashlib.sha256(content + repr(MODULES).encode()).hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / f"{DATABASE}.sqlite").exists():
            _build(folder)
    return folder / f"{DATABASE}.sqlite"


def _build(folder: Path) -> None:
    home = Path(tempfile.mkdtemp(prefix="procure-tryton-template-"))
    try:
        config = _config(home, 0)
        (home / f"{DATABASE}.sqlite").touch()
        (home / "password").write_text("unused-by-anybody")
        environment = os.environ | {"TRYTONPASSFILE": str(home / "password")}
        activate = ["-u", *MODULES, "--activate-dependencies", "--email", "admin@hq.example"]
        _run([BIN / "trytond-admin", "-c", config, "-d", DATABASE, *activate], env=environment, cwd=home)
        _run([BIN / "python", HERE / "seed.py", config, DATABASE, HERE / "data.json"], env=environment, cwd=home)
        # What still stands in the write-ahead log must be in the file before it is copied alone.
        with contextlib.closing(sqlite3.connect(home / f"{DATABASE}.sqlite")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        folder.mkdir(exist_ok=True)
        shutil.move(home / f"{DATABASE}.sqlite", folder / f"{DATABASE}.sqlite")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(command: list[Any], **options: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout[-1000:]} {done.stderr[-2000:]}")


def _config(home: Path, port: int) -> Path:
    """With a queue worker named but none running, a confirmed order stays confirmed and can be taken back."""
    path = home / "trytond.conf"
    path.write_text(
        f"[database]\nuri = sqlite://\npath = {home}\n[web]\nlisten = 127.0.0.1:{port}\n[queue]\nworker = True\n"
    )
    return path
