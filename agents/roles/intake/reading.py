"""Asks the wanted tier to structure the words. A model's answer is used only where code can find it in the text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents import readers
from agents.context import Context
from agents.model_gateway import Caller, Question, ask
from agents.models import ModelCall
from agents.readers import catalogue, countries, dates
from agents.readers.catalogue import Catalogue
from agents.readers.matching import match
from agents.readers.request import read_by_rules
from agents.readers.text import Normalised, normalise
from approvals.evidence import numbers_in
from ledger import sources
from ledger.money import parse_amount
from procure.models import Requisition

READER = "request"
TEMPLATE = """You read one purchase request and return it as data. Copy, never compute or guess: each value must be
stated in the text. Give each stated value as one evidence entry with its path (lines[0].description,
lines[0].quantity, budget.amount, needed_by, deliver_to, vendor_mentioned, …) and a quote copied from the text letter
by letter. Quantities and amounts are plain decimal strings, dates are YYYY-MM-DD, countries ISO 3166-1 alpha-2,
currencies ISO 4217. Leave out what is not stated."""


class Quote(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: str = Field(max_length=60)
    quote: str = Field(min_length=1, max_length=500)


class ReadLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    description: str = Field(min_length=1, max_length=500)
    quantity: str | None = None
    unit: str | None = Field(None, max_length=20)


class ReadBudget(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: str
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$")
    basis: Literal["total", "per_unit"] = "total"


class ReadRequest(BaseModel):
    """What a model may answer: the schema of the readers, without anything that code finds by itself."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["goods", "service", "subscription", "works"]
    lines: list[ReadLine] = Field(max_length=50)
    budget: ReadBudget | None = None
    needed_by: date | None = None
    deliver_to: str | None = Field(None, pattern=r"^[A-Z]{2}$")
    vendor_mentioned: str | None = Field(None, max_length=200)
    urgency: Literal["hot", "normal", "cold"] = "normal"
    evidence: list[Quote] = Field(max_length=300)


def readable(requisition: Requisition) -> str:
    """The normalised words, which all offsets count in."""
    return normalise(requisition.words).text


@dataclass(frozen=True, slots=True)
class Material:
    """One text with all that its reading depends on."""

    normal: Normalised
    today: date
    items: Catalogue

    def by_rules(self) -> dict[str, Any]:
        return read_by_rules(self.normal, today=self.today, catalogue=self.items)

    def question(self, *, labels: tuple[str, ...] = ()) -> Question[ReadRequest]:
        """What a model is asked about it."""
        return Question(
            template=f"{TEMPLATE}\nToday is {self.today.isoformat()}.",
            text=self.normal.text,
            shape=ReadRequest,
            problems=partial(problems, text=self.normal.text, today=self.today),
            labels=labels,
        )

    def accept(self, read: ReadRequest) -> dict[str, Any]:
        """Items are matched by code; what is suspicious in the text, and its hygiene, stay the rules' findings."""
        evidence = []
        for each in read.evidence:
            start = self.normal.text.find(each.quote)
            evidence.append({"path": each.path, "quote": each.quote, "start": start, "end": start + len(each.quote)})
        return self.by_rules() | {
            "kind": read.kind,
            "lines": [_line(each, self.items) for each in read.lines],
            "budget": read.budget.model_dump() if read.budget else None,
            "needed_by": read.needed_by.isoformat() if read.needed_by else None,
            "deliver_to": read.deliver_to,
            "vendor_mentioned": read.vendor_mentioned,
            "urgency": read.urgency,
            "evidence": evidence,
        }


@cache
def version() -> str:
    """Of the code that reads: a digest of its files, so that nobody must remember to count up."""
    files = [*sorted(Path(readers.__file__).parent.glob("*.py")), Path(__file__)]
    return hashlib.sha256(b"\x00".join(each.read_bytes() for each in files)).hexdigest()[:16]


def as_kept(read: Mapping[str, Any]) -> str:
    """The reading as its source keeps it, always the same for the same reading."""
    return json.dumps(read, ensure_ascii=False, sort_keys=True)


def read(context: Context, requisition: Requisition, items: Catalogue) -> dict[str, Any]:
    """In the shape of the readers; `tier` says who read it and `degraded` whether rules had to stand in.

    `reader` says what reading it once more takes (see agents.rereading); the reading itself is kept by its digest.
    """
    material = Material(normalise(requisition.words), context.today, items)
    origin = f"user:{requisition.requested_by_id}"
    answer = ask(
        material.question(labels=(origin,)),
        tier=context.tier,
        caller=Caller(context.entity, context.spec.role, context.plan.reference, context.spec.key),
        rules=material.by_rules,
        accept=material.accept,
    )
    told = dict(answer.value) | {"tier": answer.tier, "degraded": answer.degraded}
    kept = sources.keep(as_kept(told), origin=origin, media_type="application/json")
    return told | {"reader": _reader(context, requisition, material, answer.call) | {"reading": kept.digest}}


def _reader(context: Context, requisition: Requisition, material: Material, call: ModelCall | None) -> dict[str, Any]:
    told = {
        "name": READER,
        "version": version(),
        "source": requisition.source_id,
        "today": material.today.isoformat(),
        "catalogue": catalogue.digest(material.items),
        "asked": context.tier,
    }
    if call is None:
        return told
    model = {"model": call.model, "template": call.template_digest, "outcome": str(call.outcome)}
    return told | {"model": model | {"input": call.input_id, "output": call.output_id or ""}}


def problems(read: ReadRequest, *, text: str, today: date) -> Iterator[str]:
    """What the text does not bear out: a quote that is not there, a value without one, a number not in its quote."""
    quotes = {each.path: each.quote for each in read.evidence}
    yield from (f"“{each.quote[:60]}” is not in the text." for each in read.evidence if each.quote not in text)
    for path, value in _numbers(read):
        if parse_amount(value) not in numbers_in(quotes.get(path, "")):
            yield f"{path}: {value} is not in its quote."
    for number, line in enumerate(read.lines):
        if f"lines[{number}].description" not in quotes:
            yield f"lines[{number}].description has no quote."
        if line.quantity and Decimal(line.quantity) <= 0:
            yield f"lines[{number}].quantity is not above zero."
    if read.needed_by and read.needed_by not in {each.value for each in dates.mentions(text, today)}:
        yield f"needed_by: {read.needed_by} is not a date of the text."
    if read.deliver_to and read.deliver_to not in {each.code for each in countries.mentions(text)}:
        yield f"deliver_to: {read.deliver_to} is not a country of the text."
    for path in ("needed_by", "deliver_to", "vendor_mentioned"):
        if getattr(read, path) and path not in quotes:
            yield f"{path} has no quote."


def _numbers(read: ReadRequest) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(read.lines):
        if line.quantity is not None:
            yield f"lines[{number}].quantity", line.quantity
    if read.budget is not None:
        yield "budget.amount", read.budget.amount


def _line(line: ReadLine, items: Catalogue) -> dict[str, Any]:
    matched = match(line.description, items)
    return {
        "description": line.description,
        "quantity": line.quantity,
        "unit": line.unit,
        "item": matched.item,
        "candidates": [{"item": key, "score": score} for key, score in matched.candidates],
    }
