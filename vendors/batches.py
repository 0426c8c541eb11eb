"""Takes over tables of a company's own data, here and on the floors above, with a report for every row.

All or nothing, unless `partial`: then good rows stay and bad ones are reported. A dry run reports the same and keeps
nothing. One journal entry stands for the whole file, with its digest.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, ValidationError

from ledger import doorbell, entries, rights
from ledger.actors import Actor
from ledger.errors import DomainError, InvalidInput
from ledger.gauges import SILENT, Gauge
from ledger.importing import importing
from ledger.models import LegalEntity
from vendors import sheets
from vendors.sheets import SheetRow


class Status(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    SKIPPED = "skipped"
    ERROR = "error"


class RowFields(BaseModel):
    """Subclass per kind of table: field names are its columns, fields without default must be there."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one row; `key` is the number of the object, which a file may hold once."""

    status: Status
    key: str
    message: str = ""


class Importer(Protocol):
    kind: str
    fields: type[RowFields]
    #: Kind of the objects in the journal's words, whose states the entry of the batch opens; empty for others.
    opens: str

    def take(self, row: Any, *, entity: LegalEntity) -> Taken:
        """Writes one row inside the batch's transaction, or raises a DomainError that says what is wrong."""


@dataclass(frozen=True, slots=True)
class RowReport:
    row: int
    status: Status
    key: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"row": self.row, "status": str(self.status), "key": self.key, "message": self.message}


@dataclass(frozen=True, slots=True)
class BatchReport:
    """`kept` is False when nothing was written: a dry run, errors, or nothing new."""

    kind: str
    digest: str
    kept: bool
    dry_run: bool
    rows: tuple[RowReport, ...]

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(each.status for each in self.rows)
        return {str(status): found[status] for status in Status}

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "digest": self.digest,
            "kept": self.kept,
            "dry_run": self.dry_run,
            "counts": self.counts,
            "rows": [each.as_json() for each in self.rows],
        }


def run(
    importer: Importer,
    *,
    name: str,
    content: bytes,
    actor: Actor,
    entity: LegalEntity,
    dry_run: bool = False,
    partial: bool = False,
    gauge: Gauge = SILENT,
) -> BatchReport:
    """Raises `NotAllowed`, and `BadSheet` when the file as a whole cannot be read."""
    rights.require(actor, "tenant.import")
    digest = hashlib.sha256(content).hexdigest()
    rows = sheets.read(name, content, required=columns(importer, required=True), optional=columns(importer))
    batch = f"{importer.kind}:{digest[:16]}"
    with transaction.atomic():
        with importing(batch, digest):
            reports = _take_all(importer, rows, entity, gauge)
            found = Counter(each.status for each in reports)
            good = bool(found[Status.CREATED] + found[Status.UPDATED]) and (partial or not found[Status.ERROR])
            report = BatchReport(importer.kind, digest, good and not dry_run, dry_run, tuple(reports))
            if report.kept:
                entries.batch_imported(
                    batch=batch,
                    digest=digest,
                    counts=report.counts,
                    actor=actor,
                    entity=entity,
                    opens={
                        importer.opens: [
                            each.key for each in reports if each.status in (Status.CREATED, Status.UPDATED)
                        ]
                    },
                )
                doorbell.ring(f"imported {importer.kind}")
        if not report.kept:
            transaction.set_rollback(True)
    return report if report.kept or dry_run else replace(report, rows=tuple(map(_left_alone, report.rows)))


def columns(importer: Importer, *, required: bool = False) -> list[str]:
    fields = importer.fields.model_fields.items()
    return [name for name, field in fields if field.is_required() or not required]


def changed(row: models.Model, values: Mapping[str, Any]) -> list[str]:
    """Sets what differs and names it, for `save(update_fields=…)`."""
    names = [name for name, value in values.items() if getattr(row, name) != value]
    for name in names:
        setattr(row, name, values[name])
    return names


def _take_all(importer: Importer, rows: list[SheetRow], entity: LegalEntity, gauge: Gauge) -> list[RowReport]:
    seen: dict[str, int] = {}
    reports = []
    gauge.of(len(rows), _("Reading rows"))
    for row in rows:
        reports.append(_take(importer, row, entity, seen))
        gauge.step()
    return reports


def _take(importer: Importer, row: SheetRow, entity: LegalEntity, seen: dict[str, int]) -> RowReport:
    if row.problem:
        return RowReport(row.number, Status.ERROR, "", row.problem)
    try:
        with transaction.atomic():
            fields = importer.fields.model_validate({name: text for name, text in row.cells.items() if text})
            taken = importer.take(fields, entity=entity)
            if taken.key in seen:
                raise InvalidInput(_("Row %(row)d is about %(key)s too.") % {"row": seen[taken.key], "key": taken.key})
    except ValidationError as error:
        return RowReport(row.number, Status.ERROR, "", _first_problem(error))
    except DomainError as error:
        return RowReport(row.number, Status.ERROR, "", error.message)
    except IntegrityError:
        return RowReport(row.number, Status.ERROR, "", _("This row contradicts what is there already."))
    seen[taken.key] = row.number
    return RowReport(row.number, taken.status, taken.key, taken.message)


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    column = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return _("%s: the cell is empty.") % column
    return f"{column}: {first['msg'].removeprefix('Value error, ')}."


def _left_alone(report: RowReport) -> RowReport:
    if report.status in (Status.CREATED, Status.UPDATED):
        return replace(report, status=Status.SKIPPED, message=_("Not taken, because other rows have errors."))
    return report
