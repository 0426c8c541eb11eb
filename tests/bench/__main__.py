"""Benchmarks: every `tests/bench/bench_*.py` gives rows: ours, a peer or limit in the same run, and the ratio.

Each file runs in a process of its own, on a fresh SQLite file and, where PostgreSQL is installed, on a fresh database
of a private server: as a role that owns nothing, as the product does.
"""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
RUNTIME, OWNER = "procure_bench_runtime", "procure_bench_owner"


def main() -> int:
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    print(f"{'what':<70}{'ours':>14}{'peer or limit':>18}{'ratio':>9}", flush=True)
    return max(on_sqlite(), on_postgresql())


def on_sqlite() -> int:
    with tempfile.TemporaryDirectory(prefix="procure-bench-") as folder:
        return max(run(name, f"sqlite:///{folder}/{name}.sqlite3") for name in benches())


def on_postgresql() -> int:
    import psycopg

    from tests import postgresql

    with postgresql.server(durable=True) as url:
        if url is None:
            print("PostgreSQL is not installed: its rows are left out (make system-deps installs it)")
            return 0
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {RUNTIME} LOGIN")
            # The owner makes the databases of the peers, too.
            connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
            for name in benches():
                connection.execute(f'CREATE DATABASE "{name}" OWNER {OWNER}')
        at = url.rsplit("@", 1)[1].rsplit("/", 1)[0]
        return max(
            run(name, f"postgres://{RUNTIME}@{at}/{name}", f"postgres://{OWNER}@{at}/{name}") for name in benches()
        )


def benches() -> list[str]:
    return sorted(path.stem for path in HERE.glob("bench_*.py"))


def run(name: str, url: str, owner: str = "") -> int:
    with tempfile.TemporaryDirectory(prefix="procure-bench-") as folder:
        environment = os.environ | {"DATABASE_URL": url, "DATABASE_OWNER_URL": owner, "PROCURE_VAR": folder}
        environment.setdefault("DJANGO_SETTINGS_MODULE", "procure.settings")
        return subprocess.run([sys.executable, "-m", "tests.bench", name], env=environment, check=False).returncode


def one(name: str) -> int:
    """Prints the rows of one file on the database that the settings name."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    for row in importlib.import_module(f"tests.bench.{name}").rows():
        what = row.what if connection.vendor in row.what else f"{row.what}, {connection.vendor}"
        print(f"{what:<70}{row.ours:>14}{row.peer:>18}{row.ratio:>9.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(one(sys.argv[1]) if sys.argv[1:] else main())
