"""The policy in force: read from its published row, compiled once per process and document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from approvals import document
from approvals.document import Policy
from approvals.errors import NoPolicy
from approvals.models import PolicyVersion
from approvals.rules import Problem
from ledger import command
from ledger.models import LegalEntity

SHIPPED = Path(__file__).with_name("shipped_policy.json")


def shipped() -> dict[str, Any]:
    """The policy that comes with the project, as a document."""
    return json.loads(SHIPPED.read_text())


def check(raw: Any) -> list[Problem]:
    """Everything that is wrong with a policy document, commands that nobody declared included."""
    return document.check(raw, command_kinds=tuple(command.kinds()))


def version_in_force(entity: LegalEntity) -> PolicyVersion:
    """Raises `NoPolicy`."""
    found = PolicyVersion.objects.filter(entity=entity, status=PolicyVersion.Status.PUBLISHED).first()
    if found is None:
        raise NoPolicy()
    return found


def in_force(entity: LegalEntity) -> Policy:
    """Asks the database each time which version that is, so that every process changes over at once."""
    return compiled(version_in_force(entity))


def compiled(version: PolicyVersion) -> Policy:
    return of_document(version.document, number=version.number, digest=version.digest)


def of_document(document: Mapping[str, Any], *, number: int, digest: str) -> Policy:
    """The policy of a document that was published under this digest. Raises `NoPolicy` when it is another one."""
    return _compiled(number, digest, json.dumps(document, sort_keys=True))


@lru_cache(maxsize=32)
def _compiled(number: int, digest: str, text: str) -> Policy:
    raw: Mapping[str, Any] = json.loads(text)
    policy = document.read(raw, version=number)
    if policy.digest != digest:
        raise NoPolicy(f"Policy version {number} is not the document that was published. Tell an administrator.")
    return policy
