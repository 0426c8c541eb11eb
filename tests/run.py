"""The whole test run: SQLite, PostgreSQL, the browser and the real ERP. `STRICT=1` makes every skip a failure."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests import postgresql

#: Rooms whose tests touch no database: once is enough.
NO_DATABASE = [
    f"--ignore=tests/{room}"
    for room in (
        *("agents/readers", "architecture", "approvals/test_gate.py", "approvals/test_reducers.py"),
        *("ledger/test_merkle.py", "ledger/test_notes.py"),
        *("ledger/test_verifier.py", "ledger/test_verifier_signatures.py"),
    )
]
#: How often the story's worker is killed; how many plans run through how many faults.
FAULTS = {
    "short": {"KILLS": "1", "PLANS": "15", "FAULTS": "3"},
    "long": {"KILLS": "10", "PLANS": "200", "FAULTS": "40"},
    # Of so many faults some 500 are kills, and some 100 each are stops and restarts of PostgreSQL.
    "whole": {"KILLS": "10", "PLANS": "5000", "FAULTS": "1170"},
}
STRICT = os.environ.get("STRICT") == "1"
#: Two workers, each with whole modules, for what a module tells is told once; in the order of their names, for the
#: last ones are short.
WORKERS = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
#: Tests start many processes: each would compile all modules anew where Python is told to write nothing beside them.
COMPILED = {"PYTHONPYCACHEPREFIX": str(Path("var/tests/compiled").resolve()), "PYTHONDONTWRITEBYTECODE": ""}


def stage(title: str, arguments: list[str], *, apart: bool = True, **environment: str) -> bool:
    """Runs pytest once; True when it passed. No test selected counts as a failure.

    What a stage says that does not run `apart` is printed whole when it ends.
    """
    if apart:
        print(f"== {title}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-rs", *arguments]
    kept = {} if apart else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(command, env=os.environ | COMPILED | environment, check=False, **kept)
    ended = "passed" if done.returncode == 0 else f"failed ({done.returncode})"
    said = "" if apart else f"== {title}\n{done.stdout}"
    print(f"{said}== {title}: {ended} in {time.monotonic() - started:.0f} s\n", end="", flush=True)
    return done.returncode == 0


def together(stages: list[Callable[[], bool]]) -> bool:
    """Stages that mostly wait for other processes, three at a time; True when every one passed."""
    with ThreadPoolExecutor(3) as pool:
        return all(each.result() for each in [pool.submit(each) for each in stages])


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
    size = FAULTS["whole" if chosen.faults else "long" if chosen.long else "short"]
    marks = "faults" if chosen.long or chosen.faults else "faults and not long"
    aside = partial(stage, apart=False)
    passed = chosen.faults or stage("SQLite", ["-m", fast, *WORKERS])
    with postgresql.server() as url:
        waiting = [partial(aside, "Killed on SQLite", ["-m", marks], **size)]
        if url is None:
            print("== PostgreSQL is not installed: skipped (make system-deps installs it)", flush=True)
            passed &= not STRICT
        else:
            if not chosen.faults:
                passed &= stage("PostgreSQL", ["-m", fast, *WORKERS, *NO_DATABASE], TEST_DATABASE_URL=url)
            waiting.append(partial(aside, "Killed on PostgreSQL", ["-m", marks], TEST_DATABASE_URL=url, **size))
        if not chosen.faults:
            waiting.insert(0, partial(aside, "A real browser", ["-m", "browser"]))
            if tryton_ready() or STRICT:
                waiting.append(partial(aside, "A real Tryton", ["-m", "tryton"]))
        passed &= together(waiting)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
