"""The claims of a step's result, each looked up again at its source, with the mark that it earns now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.urls import reverse

from agents.models import Step
from approvals import evidence
from approvals.evidence import Claim, ClaimSource, ModelRecord, QuoteLine, Reading, Row, Span
from procure.console.places import address

#: A long list of figures is cut; the proposal that uses them shows each.
MOST_SHOWN = 24
#: Seconds that a look at the sources is good for, so that a page that follows a plan does not ask them each time.
GOOD_FOR = 60
_SOURCES: dict[str, type[ClaimSource]] = {each.__name__: each for each in (QuoteLine, Span, Reading, ModelRecord)}


@dataclass(frozen=True, slots=True)
class StepProof:
    """`state`: verified, stale or unverified."""

    text: str
    value: str
    place: str
    state: str
    problem: str
    link: str


def proofs(step: Step) -> tuple[StepProof, ...]:
    key = f"step-evidence:{step.pk}:{step.result_digest}"
    found: tuple[StepProof, ...] | None = cache.get(key)
    if found is None:
        found = tuple(_proof(each, step) for each in step.evidence[:MOST_SHOWN])
        cache.set(key, found, GOOD_FOR)
    return found


def worst(found: tuple[StepProof, ...]) -> str:
    """The mark of the weakest claim; empty without any."""
    states = {each.state for each in found}
    return next((state for state in ("unverified", "stale", "verified") if state in states), "")


def _proof(told: dict[str, Any], step: Step) -> StepProof:
    source = _source(told.get("source", {}))
    text, value = str(told.get("text", "")), str(told.get("value", ""))
    if source is None:
        return StepProof(text, value, "", "unverified", "", "")
    checked = evidence.verify(Claim(text, value, source), entity=step.plan.entity)
    stale = isinstance(source, Reading) and bool(checked.found)
    state = "verified" if checked.verified else "stale" if stale else "unverified"
    return StepProof(text, value, place(source), state, checked.problem, link(source))


def _source(told: dict[str, Any]) -> ClaimSource | None:
    """None for a source that this version cannot read. A row's `kind` is its own, all others name theirs."""
    kind = _SOURCES.get(str(told.get("kind")))
    try:
        return kind(**{name: value for name, value in told.items() if name != "kind"}) if kind else Row(**told)
    except TypeError:
        return None


def place(source: ClaimSource) -> str:
    """Where the claim says it comes from, in words."""
    match source:
        case Row():
            return f"{source.kind} {source.key}, {source.field}".replace("_", " ")
        case Reading():
            return f"{source.table} {source.key}, {source.field}".replace("_", " ")
        case Span():
            return f"“{source.quote}”"
        case QuoteLine():
            return f"quote line {source.bid_line_id}, {source.field}".replace("_", " ")
        case _:
            return f"model record {source.call_id}"


def link(source: ClaimSource) -> str:
    match source:
        case Row():
            return address(source.kind, source.key)
        case Reading():
            return address(source.table, source.key)
        case Span():
            span = urlencode({"start": source.start, "end": source.end})
            return f"{reverse('console:source', args=[source.source_digest])}?{span}"
        case _:
            return ""
