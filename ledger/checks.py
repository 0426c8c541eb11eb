"""System checks of the ground floor. Those that need the database run with `check --database default` and `migrate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import connection

from ledger import soundness


@checks.register("ledger")
def check_flush_switch(**_: Any) -> list[checks.CheckMessage]:
    return _as_errors(soundness.flush_switch(connection))


@checks.register("ledger")
def check_key_ring(**_: Any) -> list[checks.CheckMessage]:
    return _as_errors(soundness.key_ring())


@checks.register(checks.Tags.database)
def check_ledger(*, databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """Triggers, heads and settings of each database that is looked at."""
    found: list[checks.CheckMessage] = []
    for using in databases or ():
        problems = soundness.problems(using)
        if soundness.migrations_wait(using):
            # `migrate` checks before it runs, and what it runs puts triggers in place.
            problems = [each for each in problems if each.id != "ledger.E002"]
        found += _as_errors(problems)
        found += [checks.Warning(each.message, hint=each.hint, id=each.id) for each in soundness.cautions(using)]
    return found


def _as_errors(problems: list[soundness.Problem]) -> list[checks.CheckMessage]:
    return [checks.Error(each.message, hint=each.hint, id=each.id) for each in problems]
