"""The whole test run: SQLite, PostgreSQL, the browser and the real ERP. `STRICT=1` makes every skip a failure."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from tests import postgresql

#: Rooms whose tests touch no database: once is enough.
NO_DATABASE = ["--ignore=tests/agents/readers", "--ignore=tests/architecture", "--ignore=tests/approvals/test_gate.py"]
STRICT = os.environ.get("STRICT") == "1"


def stage(title: str, arguments: list[str], **environment: str) -> bool:
    """Runs pytest once; True when it passed. No test selected counts as a failure."""
    print(f"== {title}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-rs", *arguments]
    code = subprocess.run(command, env=os.environ | environment, check=False).returncode
    print(
        f"== {title}: {'passed' if code == 0 else f'failed ({code})'} in {time.monotonic() - started:.0f} s", flush=True
    )
    return code == 0


def tryton_ready() -> bool:
    """Builds the environment of the real Tryton server once; False, with the reason printed, when it cannot be had."""
    if Path(".venv-tryton/stamp").exists():
        return True
    done = subprocess.run(["make", "--no-print-directory", "tryton"], check=False).returncode == 0
    if not done:
        print("== Tryton could not be installed: its tests are skipped", flush=True)
    return done


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--long", action="store_true", help="run the long programmes as well")
    options.add_argument("--faults", action="store_true", help="run only the fault programme, in full")
    chosen = options.parse_args()
    fast = "not browser and not tryton and not faults" + ("" if chosen.long else " and not long")
    kills = "10" if chosen.long or chosen.faults else "3"
    passed = chosen.faults or stage("SQLite", ["-m", fast, "-n", "2"])
    with postgresql.server() as url:
        if url is None:
            print("== PostgreSQL is not installed: skipped (make system-deps installs it)", flush=True)
            passed &= not STRICT
        else:
            if not chosen.faults:
                passed &= stage("PostgreSQL", ["-m", fast, "-n", "2", *NO_DATABASE], TEST_DATABASE_URL=url)
            passed &= stage("Killed on PostgreSQL", ["-m", "faults"], TEST_DATABASE_URL=url, KILLS=kills)
    passed &= stage("Killed on SQLite", ["-m", "faults"], KILLS=kills)
    if chosen.faults:
        return 0 if passed else 1
    if tryton_ready() or STRICT:
        passed &= stage("A real Tryton", ["-m", "tryton"])
    passed &= stage("A real browser", ["-m", "browser"])
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
