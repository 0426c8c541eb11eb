"""The way back that carrying out declared: one command for each carried out, last first."""

from __future__ import annotations

from approvals.models import CarriedOut, Proposal
from ledger.command import Command, build, fingerprint


def rows(original: Proposal) -> list[CarriedOut]:
    return list(original.carried.order_by("-position"))


def declared(original: Proposal) -> tuple[Command, ...]:
    """In reverse order. What has no way back is missing here: `is_whole` tells."""
    return tuple(build(**each.compensation) for each in rows(original) if each.compensation is not None)


def is_whole(original: Proposal) -> bool:
    found = rows(original)
    return bool(found) and all(each.compensation is not None for each in found)


def matches(original: Proposal, commands: tuple[Command, ...]) -> bool:
    """Whether these commands are, to the byte, the declared way back."""
    return is_whole(original) and fingerprint(declared(original)) == fingerprint(commands)
