"""Claims with their sources, and their verification by code: the words must be there, the number must be equal,
the reading must be fresh. A model's record is shown, but supports nothing by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from approvals import readings
from approvals.models import Evidence, Proposal
from approvals.readings import Unreadable
from ledger import clock
from ledger.errors import InvalidInput
from ledger.models import LegalEntity, Source

LONGEST_CLAIM = 2000
MOST_CLAIMS = 200
_NUMBER = re.compile(r"(\d[\d.,'’\u00a0\u202f ]*\d|\d)\s*(k|thousand|m|mn|million)?\b", re.IGNORECASE)
_TIMES = {"k": 1000, "thousand": 1000, "m": 10**6, "mn": 10**6, "million": 10**6}


@dataclass(frozen=True, slots=True)
class Row:
    """A field of a record or a figure of `readings`; `version` given means: still in that version."""

    kind: str
    key: str
    field: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class QuoteLine:
    bid_line_id: int
    field: str


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of a kept source are exactly `quote`."""

    source_digest: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A field of a record with an age: stock, rates, prices."""

    table: str
    key: str
    field: str
    max_age_hours: int


@dataclass(frozen=True, slots=True)
class ModelRecord:
    call_id: int | str


ClaimSource = Row | QuoteLine | Span | Reading | ModelRecord
_KINDS: dict[type, Evidence.SourceKind] = {
    Row: Evidence.SourceKind.ROW,
    QuoteLine: Evidence.SourceKind.QUOTE_LINE,
    Span: Evidence.SourceKind.SPAN,
    Reading: Evidence.SourceKind.READING,
    ModelRecord: Evidence.SourceKind.MODEL,
}
_SOURCES = {str(kind): source for source, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement; `value` is the part of it that the source must bear out."""

    text: str
    value: str
    source: ClaimSource


@dataclass(frozen=True, slots=True)
class Checked:
    verified: bool
    found: str = ""
    problem: str = ""


def verify(claim: Claim, *, entity: LegalEntity) -> Checked:
    """Reads the source again and compares. Never raises for a bad claim: it says what is wrong with it."""
    try:
        return _CHECKS[type(claim.source)](claim, entity)
    except Unreadable as error:
        return Checked(False, problem=error.message)


def keep(proposal: Proposal, claims: Sequence[Claim]) -> list[Evidence]:
    """Stores the claims of the proposal's present revision, each with what was found."""
    if len(claims) > MOST_CLAIMS or any(len(claim.text) > LONGEST_CLAIM for claim in claims):
        raise InvalidInput(_("Evidence is at most %(most)d claims of 2,000 characters.") % {"most": MOST_CLAIMS})
    at = clock.now()
    rows = []
    for position, (claim, checked) in enumerate(_verify_all(claims, proposal.entity), start=1):
        rows.append(
            Evidence(
                proposal=proposal,
                revision=proposal.revision,
                position=position,
                claim=claim.text,
                value=claim.value[:400],
                source_kind=_KINDS[type(claim.source)],
                source_ref=asdict(claim.source),
                quote=claim.source.quote if isinstance(claim.source, Span) else "",
                verified=checked.verified,
                found=checked.found[:400],
                problem=checked.problem[:400],
                checked_at=at,
            )
        )
    return Evidence.objects.bulk_create(rows)


def _verify_all(claims: Sequence[Claim], entity: LegalEntity) -> list[tuple[Claim, Checked]]:
    with readings.figures_once():
        return [(claim, verify(claim, entity=entity)) for claim in claims]


def of(proposal: Proposal) -> list[Evidence]:
    return list(proposal.evidence.filter(revision=proposal.revision))


def claim_of(row: Evidence) -> Claim:
    return Claim(row.claim, row.value, _SOURCES[row.source_kind](**row.source_ref))


def recheck(proposal: Proposal) -> list[Evidence]:
    """Verifies what is kept once more, because sources change between a decision and carrying it out."""
    rows = of(proposal)
    at = clock.now()
    claims = [claim_of(row) for row in rows]
    for row, (_claim, checked) in zip(rows, _verify_all(claims, proposal.entity), strict=True):
        row.verified, row.found, row.problem = checked.verified, checked.found[:400], checked.problem[:400]
        row.checked_at = at
    with transaction.atomic():
        Evidence.objects.bulk_update(rows, ["verified", "found", "problem", "checked_at"])
    return rows


def _row(claim: Claim, entity: LegalEntity) -> Checked:
    source: Any = claim.source
    found = readings.row(source.kind, source.key, source.field, entity=entity)
    if source.version and found.version != source.version:
        return Checked(False, readings.as_text(found.value), _("The record has changed since this was written."))
    return _equal(claim, found.value)


def _quote_line(claim: Claim, entity: LegalEntity) -> Checked:
    source: Any = claim.source
    return _equal(claim, readings.quote_line(str(source.bid_line_id), source.field, entity=entity).value)


def _span(claim: Claim, entity: LegalEntity) -> Checked:
    source: Any = claim.source
    kept = Source.objects.filter(pk=source.source_digest).first()
    if kept is None:
        return Checked(False, problem=_("There is no such source."))
    there = kept.text[source.start : source.end] if 0 <= source.start < source.end else ""
    if not source.quote or there != source.quote:
        return Checked(False, there[:400], _("These words do not stand at this place of the source."))
    if (wanted := _number(claim.value)) is not None and wanted not in numbers_in(source.quote):
        return Checked(False, there[:400], _("The quoted words do not hold this number."))
    return Checked(True, there[:400])


def _reading(claim: Claim, entity: LegalEntity) -> Checked:
    source: Any = claim.source
    found = readings.row(source.table, source.key, source.field, entity=entity)
    if found.as_of is None:
        return Checked(False, readings.as_text(found.value), _("Nobody knows how old this reading is."))
    age = _age(found.as_of, entity)
    if age > timedelta(hours=source.max_age_hours):
        days = {"days": age.days}
        return Checked(False, readings.as_text(found.value), _("This reading is %(days)d days old: too old.") % days)
    return _equal(claim, found.value)


def _model_record(claim: Claim, entity: LegalEntity) -> Checked:
    return Checked(False, problem=_("A model's words are shown, but prove nothing."))


_CHECKS = {Row: _row, QuoteLine: _quote_line, Span: _span, Reading: _reading, ModelRecord: _model_record}


def _equal(claim: Claim, found: Any) -> Checked:
    if readings.same(claim.value, found):
        return Checked(True, readings.as_text(found))
    said = {"found": readings.as_text(found)[:120], "claimed": claim.value[:120]}
    return Checked(False, readings.as_text(found), _("The source says %(found)s, not %(claimed)s.") % said)


def _age(as_of: date | datetime, entity: LegalEntity) -> timedelta:
    """Ages of dated readings follow the business date, which may stand still."""
    if isinstance(as_of, datetime):
        return clock.now() - as_of
    today = datetime.combine(clock.business_date(entity), time.min, UTC)
    return today - datetime.combine(as_of, time.min, UTC)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def numbers_in(text: str) -> set[Decimal]:
    """All numbers a text may mean: 2,000 and 2.000 are read both as thousands and as decimals; 20k is 20000."""
    found: set[Decimal] = set()
    for match in _NUMBER.finditer(text):
        digits = re.sub(r"['’\u00a0\u202f ]", "", match[1]).strip(".,")
        times = _TIMES.get((match[2] or "").lower(), 1)
        for reading in (digits.replace(",", ""), digits.replace(".", "").replace(",", ".")):
            if (value := _number(reading)) is not None:
                found.add(value * times)
    return found
