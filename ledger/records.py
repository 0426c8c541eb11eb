"""What a reducer is given: one entry of the journal, seen from one of the objects that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger import jcs
from ledger.redaction import MARK

#: A JSON value that nobody changes: a reducer makes the next one.
State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """`key` is that of the object whose state is rebuilt, as the entry names it."""

    body: Mapping[str, Any]
    key: str

    @property
    def seq(self) -> int:
        return self.body["seq"]

    @property
    def time(self) -> str:
        return self.body["time"]

    @property
    def kind(self) -> str:
        return self.body["kind"]

    @property
    def actor(self) -> Mapping[str, str]:
        return self.body["actor"]

    @property
    def by(self) -> str:
        """The actor in one word, such as `human:3`."""
        actor = self.body["actor"]
        return f"{actor['kind']}:{actor['id']}"

    @property
    def on_behalf_of(self) -> Mapping[str, str] | None:
        return self.body.get("on_behalf_of")

    @property
    def entity(self) -> str:
        return self.body["entity"]

    @property
    def objects(self) -> Sequence[Mapping[str, str]]:
        return self.body["objects"]

    @property
    def data(self) -> Mapping[str, Any]:
        return self.body["data"]

    @property
    def causes(self) -> Sequence[int]:
        return self.body.get("causes", ())

    @property
    def commitments(self) -> Mapping[str, str]:
        return self.body.get("commitments", {})

    @property
    def plan(self) -> Mapping[str, Any]:
        return self.body.get("plan", {})

    @property
    def policy(self) -> str:
        return self.body.get("policy", "")

    def named(self, kind: str) -> str | None:
        """Key of the first object of that kind."""
        return next((each["key"] for each in self.body["objects"] if each["kind"] == kind), None)


def kept(value: Any) -> str:
    """SHA-256 of a JSON value as it is kept now; the mark where a text was erased out of it, so nobody can tell."""
    content = jcs.dumps(value)
    return MARK if MARK.encode() in content else hashlib.sha256(content).hexdigest()


def amount(value: Decimal | str | None) -> str | None:
    """Money and quantities in one form, however many noughts a column or a person added: 2.50 and 2.5000 are 2.5."""
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text and "E" not in text.upper() else text
