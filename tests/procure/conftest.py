"""An event that two suppliers are asked to quote for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from django.db import connection, connections

from ledger.models import LegalEntity, Person
from procure.models import SourcingEvent
from tests.procure import market


@pytest.fixture
def event(entity: LegalEntity, rita: Person) -> SourcingEvent:
    return market.make_event(entity, rita)


@dataclass
class Threads:
    """Runs acts side by side, each on a connection of its own."""

    started: list[threading.Thread] = field(default_factory=list)
    results: dict[str, object] = field(default_factory=dict)

    def start(self, name: str, act: Callable[[], object]) -> None:
        def run() -> None:
            try:
                self.results[name] = act()
            except Exception as error:
                self.results[name] = error
            finally:
                connections.close_all()

        self.started.append(threading.Thread(target=run))
        self.started[-1].start()

    def join(self) -> dict[str, object]:
        for each in self.started:
            each.join(60)
            assert not each.is_alive(), f"still waiting; so far {self.results}"
        return self.results

    def ask(self, act: Callable[[], object]) -> object:
        """What the database says, seen from where the threads are."""
        self.start("asked", act)
        self.join()
        answer = self.results.pop("asked")
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def threads(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Threads]:
    """Call it when the rows are in place. On SQLite the threads share a copy in a file, as processes would."""

    def make() -> Threads:
        if connection.vendor == "sqlite":
            path = tmp_path / "shared.sqlite3"
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(path)])
            monkeypatch.setitem(connections.settings["default"], "NAME", str(path))
        return Threads()

    return make
