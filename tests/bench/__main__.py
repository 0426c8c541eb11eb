"""Benchmarks: every `tests/bench/bench_*.py` gives rows: ours, a peer or limit in the same run, and the ratio."""

from __future__ import annotations

import importlib
import os
import platform
import sys
import tempfile
from pathlib import Path


def main() -> int:
    os.environ.setdefault("PROCURE_VAR", tempfile.mkdtemp(prefix="procure-bench-"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "procure.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    print(f"{'what':<58}{'ours':>14}{'peer or limit':>16}{'ratio':>9}")
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        for row in importlib.import_module(f"tests.bench.{path.stem}").rows():
            print(f"{row.what:<58}{row.ours:>14}{row.peer:>16}{row.ratio:>9.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
