"""Reads again what the steps before a proposal read: the same words, the same day, the same recorded model answer.

The ledger names them by digest: `step.finished` says which source was read on which day with which catalogue, by which
version of the reader, and what the reading came to. Nothing is asked of a model and nothing is stored. What was erased
or has changed since is said, and then no equality is claimed. Callers ask for the right `ledger.view`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from agents.model_gateway import calling, tiers
from agents.model_gateway.asking import problems_of, remembered
from agents.models import ModelCall, Step
from agents.readers import catalogue
from agents.readers.text import normalise
from agents.roles.intake import reading
from agents.roles.intake.reading import Material
from approvals import chronicle
from ledger.command import digest
from ledger.errors import InvalidInput, NotFound
from ledger.models import LegalEntity, Source


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One value of the reading, by path: `lines[0].quantity`."""

    path: str
    recorded: Any
    reread: Any

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "recorded": self.recorded, "reread": self.reread}


@dataclass(frozen=True, slots=True)
class Reading:
    """`same` None: it cannot be told, `notes` say why. `recorded` and `reread` are digests of the readings."""

    tier_recorded: str
    tier_used: str
    recorded: str | None
    reread: str | None
    same: bool | None
    differences: tuple[FieldDifference, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "tier": {"recorded": self.tier_recorded, "used": self.tier_used},
            "recorded": self.recorded,
            "reread": self.reread,
            "same": self.same,
            "differences": [each.as_json() for each in self.differences],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class StepRead:
    """One step that had finished. `kept`: its result is still the one recorded. None: it, or words in it, are gone."""

    seq: int
    key: str
    role: str
    result_digest: str
    kept: bool | None
    model: Mapping[str, Any]
    reading: Reading | None

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "step": self.key,
            "role": self.role,
            "result_digest": self.result_digest,
            "kept": self.kept,
            "model": dict(self.model),
            "reading": self.reading.as_json() if self.reading else None,
        }


@dataclass(frozen=True, slots=True)
class Reread:
    """`plan` is empty for a proposal that no plan made; `template` is what `plan.started` pinned."""

    proposal: str
    plan: str
    template: Mapping[str, Any]
    steps: tuple[StepRead, ...]

    @property
    def same(self) -> bool | None:
        """False: something differs. None: something cannot be told. True: all that can be repeated came out alike."""
        told = [each.kept for each in self.steps] + [each.reading.same for each in self.steps if each.reading]
        return False if False in told else None if None in told else True

    def as_json(self) -> dict[str, Any]:
        return {
            "proposal": self.proposal,
            "plan": self.plan,
            "template": dict(self.template),
            "same": self.same,
            "steps": [each.as_json() for each in self.steps],
        }


def reread(entity: LegalEntity, proposal_reference: str, *, tier: str | None = None) -> Reread:
    """Every step that finished before the proposal was made; what read outside text is read again.

    With a `tier`, as that one reads: rules anew, a model's by an answer it gave to these words before.
    """
    if tier is not None and tier not in tiers.TIERS:
        raise InvalidInput(_("The tier is one of %(tiers)s.") % {"tiers": ", ".join(tiers.TIERS)})
    made = next(iter(chronicle.about(entity, "proposal", proposal_reference, ("proposal.made",))), None)
    if made is None:
        raise NotFound(_("The ledger holds no proposal “%(ref)s”.") % {"ref": proposal_reference[:80]})
    seq, record = made
    plan = record.get("plan", {}).get("plan", "")
    if not plan:
        return Reread(proposal_reference, "", {}, ())
    started = next(iter(chronicle.about(entity, "plan", plan, ("plan.started",), before=seq)), None)
    told = started[1]["data"] if started else {}
    finished = chronicle.about(entity, "plan", plan, ("step.finished",), before=seq)
    return Reread(
        proposal_reference,
        plan,
        {name: told[name] for name in ("template", "version", "digest") if name in told},
        tuple(_step(entity, plan, number, each, tier) for number, each in finished),
    )


def _step(entity: LegalEntity, plan: str, seq: int, record: Mapping[str, Any], tier: str | None) -> StepRead:
    data, key = record["data"], record["plan"]["step"]
    kept = Step.objects.filter(plan__reference=plan, key=key, erased_at=None).exclude(result=None)
    result = kept.values_list("result", flat=True).first()
    reader = data.get("reader", {}) | chronicle.committed(entity, seq, record, "reader.")
    return StepRead(
        seq=seq,
        key=key,
        role=record["actor"]["id"],
        result_digest=data["result_digest"],
        kept=None if result is None else digest(result) == data["result_digest"],
        model=record.get("model", {}),
        reading=_reading(reader, tier or reader["asked"]) if reader.get("name") == reading.READER else None,
    )


def _reading(reader: Mapping[str, Any], tier: str) -> Reading:
    recorded = _source(reader["reading"])
    before = json.loads(recorded) if recorded is not None else {}
    words = _source(reader["source"])
    notes = (
        [] if recorded is not None else [_("The recorded reading was erased or altered: only digests are compared.")]
    )
    if words is None:
        notes.append(_("The words that were read were erased or altered."))
        return Reading(before.get("tier", ""), tier, reader["reading"], None, None, notes=tuple(notes))
    material = Material(normalise(words), date.fromisoformat(reader["today"]), catalogue.load())
    other = catalogue.digest(material.items) != reader["catalogue"]
    notes += _changed(reader, other=other)
    again, problem = _read(reader, tier, material)
    notes += [problem] if problem else []
    if again is None:
        return Reading(before.get("tier", ""), tier, reader["reading"], None, None, notes=tuple(notes))
    kept = reading.as_kept(again)
    found = hashlib.sha256(kept.encode()).hexdigest()
    return Reading(
        before.get("tier", ""),
        tier,
        reader["reading"],
        found,
        None if other or not reader["reading"] else found == reader["reading"],
        tuple(_differing(before, json.loads(kept))) if recorded is not None else (),
        tuple(notes),
    )


def _source(key: str | None) -> str | None:
    """The kept text; None when it or its digest was erased, or when it is not what its digest says."""
    found = Source.objects.filter(pk=key).first() if key else None
    content = bytes(found.content) if found else b""
    return content.decode() if found and hashlib.sha256(content).hexdigest() == key else None


def _changed(reader: Mapping[str, Any], *, other: bool) -> Iterator[str]:
    if other:
        yield _("The catalogue has changed since: what is read with it now says nothing of then.")
    if reading.version() != reader["version"]:
        yield _("The reader is another version now: %(now)s, then %(then)s.") % {
            "now": reading.version(),
            "then": reader["version"],
        }


def _read(reader: Mapping[str, Any], tier: str, material: Material) -> tuple[dict[str, Any] | None, str]:
    """The reading, and what must be said about how it came about."""
    if tier == tiers.RULES:
        return material.by_rules() | {"tier": tiers.RULES, "degraded": False}, ""
    if tier == reader["asked"] and "model" in reader:
        return _recorded_answer(reader["model"], tier, material)
    endpoint = tiers.endpoint(tier)
    question = material.question()
    known = remembered(question, question.digest(tier=tier, model=endpoint.model if endpoint else ""))
    if known is None:
        return None, _("The tier “%(tier)s” never answered about these words, and rereading asks no model.") % {
            "tier": tier
        }
    return material.accept(known[0]) | {"tier": tier, "degraded": False}, ""  # type: ignore[arg-type]


def _recorded_answer(model: Mapping[str, Any], tier: str, material: Material) -> tuple[dict[str, Any] | None, str]:
    """What was answered then goes through the schema and the verification of now; rules stand in as they did then."""
    question, note = material.question(), ""
    if question.template_digest != model["template"]:
        note = _("The instruction to the model is another one now.")
    raw = _source(model["output"]) if model["output"] else None
    if raw is None and model["output"]:
        return None, _("The model's answer was erased or altered.")
    answered = model["outcome"] == ModelCall.Outcome.ANSWERED
    shape = calling.read_again(question, raw) if raw is not None else None
    problems = problems_of(question, shape) if shape is not None else [_("it is not in the shape asked for")]
    if shape is not None and not problems:
        return material.accept(shape) | {"tier": tier, "degraded": False}, note  # type: ignore[arg-type]
    if answered:
        note = _("The recorded answer would not be used now: %(why)s") % {"why": " ".join(problems)[:500]}
    return material.by_rules() | {"tier": tiers.RULES, "degraded": True}, note


def _differing(before: Any, after: Any) -> Iterator[FieldDifference]:
    was, now = dict(_leaves(before)), dict(_leaves(after))
    for path in [*was, *(each for each in now if each not in was)]:
        if was.get(path) != now.get(path):
            yield FieldDifference(path, was.get(path), now.get(path))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _leaves(each, f"{path}[{number}]")
    else:
        yield path, value
