"""Entries of a company's log as they were hashed, with what can still be read of the values they commit to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from approvals.errors import NotRejudgeable
from ledger import personal
from ledger.chain import leaf_hash, read
from ledger.errors import NotFound
from ledger.models import Entry, LegalEntity


def at(entity: LegalEntity, seq: int) -> tuple[int, dict[str, Any]]:
    entry = Entry.objects.filter(log=entity.log_id, seq=seq).first() if seq < 2**53 else None
    record = _content(entry) if entry else {}
    if record.get("entity") != entity.code:
        raise NotFound(_("The ledger of this company has no entry %(seq)d.") % {"seq": seq})
    return seq, record


def about(
    entity: LegalEntity,
    kind: str,
    key: str,
    kinds: Sequence[str],
    *,
    before: int | None = None,
    newest_first: bool = False,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Entries of these kinds whose own bytes name the object; the index only says where to look."""
    found = Entry.objects.filter(
        log=entity.log_id, kind__in=kinds, objects_index__kind=kind, objects_index__key=key
    ).order_by("-seq" if newest_first else "seq")
    if before is not None:
        found = found.filter(seq__lt=before)
    for entry in found.iterator():
        record = _content(entry)
        named = {(each["kind"], each["key"]) for each in record["objects"]}
        if (kind, key) in named and record["entity"] == entity.code and record["kind"] in kinds:
            yield entry.seq, record


def committed(entity: LegalEntity, seq: int, record: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The personal values below a prefix, by the rest of their path. None: erased, or not what was committed to."""
    commitments = {path: each for path, each in record.get("commitments", {}).items() if path.startswith(prefix)}
    values = {
        each.path: each.value
        for each in (personal.disclosures(entity.log_id, seq, seq) if commitments else ())
        if personal.commitment(bytes.fromhex(each.salt), each.value) == commitments.get(each.path)
    }
    return {path.removeprefix(prefix): values.get(path) for path in commitments}


def proposal_of(record: Mapping[str, Any]) -> str:
    return next((each["key"] for each in record["objects"] if each["kind"] == "proposal"), "")


def _content(entry: Entry) -> dict[str, Any]:
    if leaf_hash(bytes(entry.bytes)) != entry.hash:
        raise NotRejudgeable(
            _("Entry %(seq)d is not what was hashed. Verify the ledger before anything is judged by it.")
            % {"seq": entry.seq}
        )
    return read(entry)
