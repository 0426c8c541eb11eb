"""What may be asked of this floor: a new policy version, new bounds for a role. Always two people."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from django.utils.translation import gettext as _
from pydantic import Field, StringConstraints, field_validator

from approvals import limits, rulebook
from approvals.models import PolicyVersion
from approvals.rules import exact
from ledger import command
from ledger.command import Change, Command, Exit, ObjectRef
from ledger.errors import InvalidInput
from ledger.models import LegalEntity

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]


class PublishPolicy(Command):
    """Puts a policy document in force. `base_version` is the one its author started from."""

    label: ClassVar[str] = "Publish policy"
    right: ClassVar[str] = "policy.edit"
    two_people: ClassVar[bool] = True
    entity: Code = Field(description="Code of the company.")
    base_version: int = Field(ge=0, description="Policy version that this one replaces.")
    document: dict[str, Any] = Field(description="Levels, chains and rules, as `policy show` prints them.")

    def sentence(self) -> str:
        name = str(self.document.get("name", ""))[:120]
        return _("Publish the policy “%(name)s”") % {"name": name}

    def preview(self) -> Sequence[Change]:
        before = self._base().document
        old = {each["key"]: each for each in before["rules"]}
        new = {each["key"]: each for each in self.document["rules"]}
        changes = [
            Change(_("rule %(key)s") % {"key": key}, _row(old.get(key)), _row(new.get(key)))
            for key in sorted(old.keys() | new.keys())
            if old.get(key) != new.get(key)
        ]
        others = sorted((before.keys() | self.document.keys()) - {"rules"})
        return changes + [
            Change(name, _row(before.get(name)), _row(self.document.get(name)))
            for name in others
            if before.get(name) != self.document.get(name)
        ]

    def exit(self) -> Exit:
        return Exit(how=_("The version before can be published again; decisions made meanwhile stand."))

    def check(self) -> None:
        if problems := rulebook.check(self.document):
            first = problems[0]
            raise InvalidInput(
                _("The policy has %(count)d problem(s). %(rule)s, line %(line)d, column %(column)d: %(message)s")
                % {"count": len(problems), **first.as_json()},
                problems=[each.as_json() for each in problems],
            )
        self._base()

    def lock_keys(self) -> Sequence[ObjectRef]:
        return [ObjectRef("policy", str(self.base_version))]

    def _base(self) -> PolicyVersion:
        found = PolicyVersion.objects.filter(
            entity__code=self.entity, number=self.base_version, status=PolicyVersion.Status.PUBLISHED
        ).first()
        if found is None:
            raise InvalidInput(
                _("Version %(number)d is not in force in “%(entity)s”. Start from the one that is.")
                % {"number": self.base_version, "entity": self.entity}
            )
        return found


def _row(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_row(each)}" for name, each in value.items() if each not in (None, "", [], ()))
    return "; ".join(map(_row, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)


class AdjustBounds(Command):
    """Sets what an agent role may propose."""

    label: ClassVar[str] = "Adjust bounds"
    right: ClassVar[str] = "bounds.edit"
    two_people: ClassVar[bool] = True
    entity: Code = Field(description="Code of the company.")
    role: RoleName
    on: bool = True
    commands: list[str] = Field(default_factory=list, max_length=100)
    max_amount: Decimal | None = Field(default=None, ge=0, description="For one action, in base currency.")
    max_per_day: Decimal | None = Field(default=None, ge=0, description="In 24 hours, in base currency.")
    rate_per_hour: int = Field(default=60, ge=0, le=100_000)
    suppliers_per_event: int = Field(default=6, ge=0, le=1000)
    tiers: list[str] = Field(default_factory=lambda: ["rules"], max_length=10)

    @field_validator("max_amount", "max_per_day", mode="before")
    @classmethod
    def _exact(cls, value: Any) -> Any:
        return None if value in (None, "") else exact(value)

    def sentence(self) -> str:
        return _("Adjust what the agent “%(role)s” may propose") % {"role": self.role}

    def preview(self) -> Sequence[Change]:
        before = limits.of(self.role, self._entity())
        after = self.model_dump(exclude={"entity", "role"})
        return [
            Change(name, _row(getattr(before, name, None)), _row(value))
            for name, value in after.items()
            if _row(getattr(before, name, None)) != _row(value)
        ]

    def exit(self) -> Exit:
        return Exit(how=_("The bounds before can be set again; what was carried out meanwhile stands."))

    def check(self) -> None:
        self._entity()
        if unknown := [kind for kind in self.commands if kind not in command.kinds()]:
            raise InvalidInput(_("There is no command “%(kind)s”.") % {"kind": unknown[0][:60]})

    def lock_keys(self) -> Sequence[ObjectRef]:
        return [ObjectRef("bounds", self.role)]

    def _entity(self) -> LegalEntity:
        found = LegalEntity.objects.filter(code=self.entity).first()
        if found is None:
            raise InvalidInput(_("There is no company “%(entity)s”.") % {"entity": self.entity})
        return found
