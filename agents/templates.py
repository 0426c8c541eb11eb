"""Plan templates: publishing validates, a published version never changes, plans stay on theirs.

People publish through the gate: a proposal, two of them, and then `replace` under its authority. `publish` is for
set-up, which puts what ships where there is nothing yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from agents import entries, roles
from agents.definition import Definition, Problem, parse
from agents.errors import BadTemplate
from agents.models import PlanTemplate
from agents.soundness import problems_of
from ledger import clock
from ledger.actors import Actor, ActorKind
from ledger.command import canonical, digest
from ledger.errors import DomainError, NotAllowed, NotFound, Stale
from ledger.importing import importing
from ledger.models import LegalEntity, Person

SHIPPED = Path(__file__).parent / "shipped"
SETUP = Actor.system("set-up")
#: A template is read by people and kept in every proposal and plan that concerns it.
MOST_BYTES = 100_000
DEEPEST = 8
Status = PlanTemplate.Status


def shipped() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(SHIPPED.glob("*.json"))}


def from_json(text: str | bytes) -> Any:
    """Plain values from a text that somebody wrote, refused by size before it is read."""
    if len(text) > MOST_BYTES:
        raise BadTemplate(f"A template has at most {MOST_BYTES:,} characters; this has {len(text):,}.")
    try:
        return json.loads(text)
    except RecursionError:
        raise BadTemplate(_too_deep()) from None
    except ValueError as error:
        raise BadTemplate(f"This is not JSON: {error}") from None


def problems(data: Any) -> list[Problem]:
    """Everything that keeps this definition from being published, each with its place. It never raises."""
    if not _is_flat(data):
        return [Problem("", "", _too_deep())]
    if found := problems_of(data, role_of=roles.of):
        return found
    try:
        size = len(json.dumps(canonical(data)))
    except DomainError as error:
        return [Problem("", "", error.message)]
    if not is_storable(data):
        return [Problem("", "", "A text in it holds a character that cannot be kept.")]
    too_long = f"A template has at most {MOST_BYTES:,} characters; this has {size:,}."
    return [Problem("", "", too_long)] if size > MOST_BYTES else []


def is_storable(data: Any) -> bool:
    """Whether it is plain JSON of few levels, without half characters and those that no database keeps."""
    if not _is_flat(data):
        return False
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, TypeError):
        return False
    return "\\u0000" not in text


def _too_deep() -> str:
    return f"A template has objects and lists at most {DEEPEST} deep."


def _is_flat(data: Any) -> bool:
    """Looked at level by level: whoever sends brackets by the thousand gets no recursion for them."""
    level = [data]
    for _deep in range(DEEPEST + 1):
        level = [
            inner
            for each in level
            if isinstance(each, Mapping | list | tuple)
            for inner in (each.values() if isinstance(each, Mapping) else each)
        ]
        if not level:
            return True
    return False


def require_sound(name: str, definition: Any) -> dict[str, Any]:
    """The definition as it is sealed; `BadTemplate` names every problem's place."""
    if found := problems(definition):
        told = " ".join(map(str, found[:20]))
        raise BadTemplate(f"“{name}” cannot be published. {told}", problems=[each.as_json() for each in found])
    return canonical(dict(definition))


def publish(*, name: str, definition: Mapping[str, Any], actor: Actor, entity: LegalEntity) -> PlanTemplate:
    """The next version at set-up, in force from now on. The same definition again is the version in force."""
    if actor.kind != ActorKind.SYSTEM:
        raise NotAllowed("A plan template is published by a proposal: propose “Publish plan template”.")
    data = require_sound(name, definition)
    with transaction.atomic():
        LegalEntity.objects.select_for_update(no_key=True).get(pk=entity.pk)
        latest = PlanTemplate.objects.filter(entity=entity, name=name).order_by("-version").first()
        if latest and latest.status == Status.PUBLISHED and latest.digest == digest(data):
            return latest
        with importing(f"plan template {name}", digest(data)):
            template = _add(entity, name, data, published_by=actor.name or actor.id)
            entries.template_published(template, actor=actor)
    return template


def replace(
    *, entity: LegalEntity, name: str, base_version: int, definition: Mapping[str, Any], by: list[Person]
) -> tuple[PlanTemplate | None, PlanTemplate]:
    """Retires the version in force and puts this one there. For handlers only, with authority in force."""
    data = require_sound(name, definition)
    with transaction.atomic():
        base = _require_base(entity, name, base_version)
        return base, _add(entity, name, data, published_by=", ".join(map(str, by)))


def retire(*, entity: LegalEntity, name: str, version: int) -> PlanTemplate:
    """No plan starts from it any more; those at work go on. For handlers only, with authority in force."""
    with transaction.atomic():
        base = _require_base(entity, name, version)
        if base is None:
            raise NotFound(f"No version of “{name}” is in force.")
        PlanTemplate.objects.filter(pk=base.pk).update(status=Status.RETIRED)
    base.refresh_from_db()
    return base


def _require_base(entity: LegalEntity, name: str, number: int) -> PlanTemplate | None:
    """The version in force, if it is the one that was meant; held until the transaction ends."""
    LegalEntity.objects.select_for_update(no_key=True).get(pk=entity.pk)
    base = PlanTemplate.objects.filter(entity=entity, name=name, status=Status.PUBLISHED).first()
    if (base.version if base else 0) != number:
        now = f"Version {base.version} of “{name}” is in force" if base else f"No version of “{name}” is in force"
        raise Stale(f"{now} meanwhile, not {number or 'none'}. Start from what is.")
    return base


def _add(entity: LegalEntity, name: str, data: dict[str, Any], *, published_by: str) -> PlanTemplate:
    versions = PlanTemplate.objects.filter(entity=entity, name=name)
    versions.filter(status=Status.PUBLISHED).update(status=Status.RETIRED)
    return PlanTemplate.objects.create(
        entity=entity,
        name=name,
        version=(versions.aggregate(last=Max("version"))["last"] or 0) + 1,
        definition=data,
        digest=digest(data),
        published_at=clock.now(),
        published_by=published_by[:200],
    )


def publish_shipped(entity: LegalEntity, *, actor: Actor = SETUP) -> list[PlanTemplate]:
    """Publishes what ships and is not there yet; what a tenant has made of it stays in force."""
    return [
        publish(name=name, definition=definition, actor=actor, entity=entity)
        for name, definition in shipped().items()
        if not PlanTemplate.objects.filter(entity=entity, name=name).exists()
    ]


def shipped_definition(entity: LegalEntity, name: str) -> Definition | None:
    """One that ships and of which this company has no version yet: it is put in force when it is first needed."""
    data = shipped().get(name)
    if data is None or PlanTemplate.objects.filter(entity=entity, name=name).exists():
        return None
    return parse(data)


def in_force(entity: LegalEntity, name: str) -> PlanTemplate:
    published = PlanTemplate.objects.filter(entity=entity, name=name, status=Status.PUBLISHED)
    if template := published.first():
        return template
    raise NotFound(f"No plan template “{name}” is in force. Publish one, or run `manage.py demo` for those that ship.")


def definition_of(template: PlanTemplate) -> Definition:
    """A stored definition that no longer fits its digest is refused, never guessed."""
    if digest(template.definition) != template.digest:
        raise BadTemplate(f"{template} is not what was published; publish it anew.")
    return parse(template.definition)
