"""What may be asked of this floor: a new version of a plan template, and taking one out of use. Always two people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from django.utils.translation import gettext as _
from pydantic import Field, StringConstraints

from agents import difference, templates, trigger_versions
from agents.errors import BadTemplate
from agents.models import Plan, PlanTemplate
from ledger.command import Change, Command, Exit, Subjects
from ledger.errors import InvalidInput
from ledger.models import LegalEntity

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]


class PublishTemplate(Command):
    """Puts a plan template in force. Plans at work stay on the version they began with."""

    label: ClassVar[str] = "Publish plan template"
    right: ClassVar[str] = "template.edit"
    two_people: ClassVar[bool] = True
    entity: Code = Field(description="Code of the company.")
    name: Name = Field(description="Small letters, digits and hyphens, like intake-to-order.")
    base_version: int = Field(default=0, ge=0, description="Version in force that it replaces; 0 when none is.")
    definition: dict[str, Any] = Field(description="Title, subject, inputs and steps, as JSON.")

    def subjects(self) -> Subjects:
        return Subjects(plan_template=self.name)

    def sentence(self) -> str:
        words = {"name": str(self.definition.get("title") or self.name)[:120], "version": self.base_version}
        if self.base_version:
            return _("Publish the plan template “%(name)s” in place of version %(version)s") % words
        return _("Publish the plan template “%(name)s”") % words

    def preview(self) -> Sequence[Change]:
        base = _in_force(self.entity, self.name, self.base_version)
        return difference.between(base.definition if base else None, self.definition)

    def exit(self) -> Exit:
        return Exit(how=_("The version before can be published again; plans stay on the version they began with."))

    def check(self) -> None:
        try:
            templates.require_sound(self.name, self.definition)
        except BadTemplate as error:
            raise InvalidInput(error.message, **error.context) from None
        _in_force(self.entity, self.name, self.base_version)


class RetireTemplate(Command):
    """Takes a plan template out of use: nothing starts by it. Plans at work go on."""

    label: ClassVar[str] = "Retire plan template"
    right: ClassVar[str] = "template.edit"
    two_people: ClassVar[bool] = True
    entity: Code = Field(description="Code of the company.")
    name: Name
    version: int = Field(ge=1, description="The version in force.")

    def subjects(self) -> Subjects:
        return Subjects(plan_template=self.name)

    def sentence(self) -> str:
        return _("Take the plan template “%(name)s” out of use") % {"name": self.name}

    def preview(self) -> Sequence[Change]:
        found = _in_force(self.entity, self.name, self.version)
        live = Plan.objects.filter(template=found, status__in=Plan.LIVE).count()
        return [
            Change(_("in force"), _("version %s") % self.version, _("none")),
            Change(_("plans at work by it"), str(live), str(live)),
        ]

    def exit(self) -> Exit:
        return Exit(how=_("The same definition can be published again."))

    def check(self) -> None:
        _in_force(self.entity, self.name, self.version)


class PublishTriggers(Command):
    """Puts trigger rules in force: what the journal starts, and which plans look again. They hold for what happens
    from then on."""

    label: ClassVar[str] = "Publish trigger rules"
    right: ClassVar[str] = trigger_versions.RIGHT
    two_people: ClassVar[bool] = True
    entity: Code = Field(description="Code of the company.")
    base_version: int = Field(default=0, ge=0, description="Version in force that they replace; 0 for those that ship.")
    rules: list[dict[str, Any]] = Field(description="All the rules, as JSON.")

    def subjects(self) -> Subjects:
        return Subjects()

    def sentence(self) -> str:
        words = {"count": len(self.rules), "version": self.base_version}
        return _("Publish %(count)s trigger rules in place of version %(version)s") % words

    def preview(self) -> Sequence[Change]:
        now = trigger_versions.data_in_force(_entity(self.entity))
        return difference.of_rules(now, self.rules)

    def exit(self) -> Exit:
        return Exit(how=_("The rules before can be published again; what was started by then goes on."))

    def check(self) -> None:
        entity = _entity(self.entity)
        if found := trigger_versions.problems(self.rules, entity=entity):
            raise InvalidInput(" ".join(map(str, found[:20])), problems=[each.as_json() for each in found])
        now = trigger_versions.version_in_force(entity)
        if (version := now.version if now else 0) != self.base_version:
            words = {"number": self.base_version, "now": version}
            raise InvalidInput(
                _("Version %(now)s of the rules is in force, not %(number)s. Start from that one.") % words
            )


def _entity(code: str) -> LegalEntity:
    if found := LegalEntity.objects.filter(code=code).first():
        return found
    raise InvalidInput(_("There is no company “%s”.") % code)


def _in_force(entity: str, name: str, version: int) -> PlanTemplate | None:
    """The version in force, if it is this one; None when none is and 0 was said."""
    found = PlanTemplate.objects.filter(entity__code=entity, name=name, status=PlanTemplate.Status.PUBLISHED).first()
    if (found.version if found else 0) == version:
        return found
    words = {"name": name, "number": version, "now": found.version if found else 0}
    if found is None:
        raise InvalidInput(_("No version of “%(name)s” is in force: start from version 0.") % words)
    raise InvalidInput(_("Version %(now)s of “%(name)s” is in force, not %(number)s. Start from that one.") % words)
