"""What may be asked of this floor: frozen imperatives, carried out only after a decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext as _
from pydantic import Field, StringConstraints

from ledger import clock
from ledger.command import Change, Command, Exit, ObjectRef, Subjects
from ledger.errors import InvalidInput
from ledger.spoken import AUTHORS
from vendors import bank_details, queries
from vendors.models import Vendor

VendorKey = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=20)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), AUTHORS]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AUTHORS]
Reference = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Commitment = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
CategoryCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


#: Any status but blocked.
BackTo = Literal["prospect", "approved", "conditional", "retired"]


class _VendorCommand(Command):
    vendor: VendorKey = Field(description="Vendor number, such as VEN-014.")

    def subjects(self) -> Subjects:
        return Subjects(vendor=self.vendor)

    def lock_keys(self) -> Sequence[ObjectRef]:
        return [ObjectRef("vendor", self.vendor)]

    def _vendor(self) -> Vendor:
        return queries.vendor(self.vendor)

    def _status_change(self, after: str) -> Change:
        return Change(_("status"), str(self._vendor().get_status_display()), str(Vendor.Status(after).label))


class QualifyVendor(_VendorCommand):
    """Approves a vendor, for one category if one is named."""

    label: ClassVar[str] = "Qualify vendor"
    category: CategoryCode | None = None
    note: Note = ""

    def subjects(self) -> Subjects:
        return Subjects(vendor=self.vendor, category=self.category)

    def sentence(self) -> str:
        names = {"vendor": self._vendor().name, "category": self.category}
        if self.category:
            return _("Approve %(vendor)s for category %(category)s") % names
        return _("Approve %(vendor)s as a vendor") % names

    def preview(self) -> Sequence[Change]:
        changes = [self._status_change(Vendor.Status.APPROVED)]
        if self.category:
            approved = self._vendor().category_approvals.filter(category__code__iexact=self.category).exists()
            changes.append(Change(_("category"), self.category if approved else "", self.category))
        return changes

    def exit(self) -> Exit:
        return Exit(how=_("The approval can be withdrawn; orders already placed stay."))

    def check(self) -> None:
        vendor = self._vendor()
        if self.category:
            queries.category(self.category)
        if vendor.status in (Vendor.Status.BLOCKED, Vendor.Status.RETIRED):
            raise InvalidInput(
                _("%(vendor)s is %(status)s. Unblock it first.")
                % {"vendor": vendor.name, "status": vendor.get_status_display().lower()}
            )


class WithdrawQualification(_VendorCommand):
    """Takes an approval back: the exit of QualifyVendor."""

    label: ClassVar[str] = "Withdraw qualification"
    category: CategoryCode | None = None
    back_to: BackTo = "conditional"
    reason: Reason

    def subjects(self) -> Subjects:
        return Subjects(vendor=self.vendor, category=self.category)

    def sentence(self) -> str:
        return _("Withdraw the approval of %(vendor)s") % {"vendor": self._vendor().name}

    def preview(self) -> Sequence[Change]:
        changes = [self._status_change(self.back_to)]
        return [*changes, Change(_("category"), self.category, "")] if self.category else changes

    def exit(self) -> Exit:
        return Exit(how=_("The vendor can be approved again."))

    def check(self) -> None:
        if self._vendor().status != Vendor.Status.APPROVED:
            raise InvalidInput(_("%(vendor)s is not approved.") % {"vendor": self._vendor().name})


class BlockVendor(_VendorCommand):
    """Nothing new is bought from a blocked vendor."""

    label: ClassVar[str] = "Block vendor"
    reason: Reason

    def sentence(self) -> str:
        return _("Block %(vendor)s") % {"vendor": self._vendor().name}

    def preview(self) -> Sequence[Change]:
        return [
            self._status_change(Vendor.Status.BLOCKED),
            Change(_("why blocked"), self._vendor().blocked_reason, self.reason),
        ]

    def exit(self) -> Exit:
        return Exit(how=_("The vendor can be unblocked; it gets back the status it had."))

    def check(self) -> None:
        if self._vendor().status == Vendor.Status.BLOCKED:
            raise InvalidInput(_("%(vendor)s is blocked already.") % {"vendor": self._vendor().name})


class UnblockVendor(_VendorCommand):
    """`back_to` None: the status it had before it was blocked."""

    label: ClassVar[str] = "Unblock vendor"
    reason: Reason
    back_to: BackTo | None = None

    def sentence(self) -> str:
        return _("Unblock %(vendor)s") % {"vendor": self._vendor().name}

    def preview(self) -> Sequence[Change]:
        vendor = self._vendor()
        after = self.back_to or queries.status_before_block(vendor)
        return [self._status_change(after), Change(_("why blocked"), vendor.blocked_reason, "")]

    def exit(self) -> Exit:
        return Exit(how=_("The vendor can be blocked again."))

    def check(self) -> None:
        if self._vendor().status != Vendor.Status.BLOCKED:
            raise InvalidInput(_("%(vendor)s is not blocked.") % {"vendor": self._vendor().name})


class ChangeBankDetails(_VendorCommand):
    """Pays the vendor to another account, after a call-back, a second person and 72 hours. Carries no value itself."""

    label: ClassVar[str] = "Change bank details"
    right: ClassVar[str] = bank_details.RIGHT
    two_people: ClassVar[bool] = True
    details: Reference = Field(description="Reference that sealing the typed values gave.")
    commitment: Commitment = Field(description="Commitment to those values, which the decision is bound to.")
    called_back: int = Field(ge=1, description="Call-back number of the vendor, known for 30 days or more.")

    def sentence(self) -> str:
        return _("Change where %(vendor)s is paid") % {"vendor": self._vendor().name}

    def preview(self) -> Sequence[Change]:
        now = bank_details.in_force(self._vendor())
        return [
            Change(_("bank details"), _("version %d") % now.version if now else "", self.commitment[:12]),
            Change(_("payments to this vendor"), "", _("frozen until the hold of 72 hours is over")),
        ]

    def exit(self) -> Exit:
        return Exit(how=_("It can be withdrawn while it is held; nothing is paid meanwhile."), within=bank_details.HOLD)

    def check(self) -> None:
        vendor = self._vendor()
        if not vendor.sealed_bank_details.filter(reference=self.details, commitment=self.commitment).exists():
            raise InvalidInput(_("There are no such bank details of %s. Type them again.") % vendor.name)
        bank_details.require_callable(vendor, self.called_back, clock.now())
        if bank_details.payments_frozen(vendor):
            raise InvalidInput(_("A change for %s is held already. Withdraw it first.") % vendor.name)


class WithdrawBankDetails(_VendorCommand):
    """Takes a held change back: the exit of ChangeBankDetails."""

    label: ClassVar[str] = "Withdraw bank details"
    right: ClassVar[str] = bank_details.RIGHT
    version: int = Field(ge=1)
    reason: Reason

    def sentence(self) -> str:
        return _("Withdraw the change of where %(vendor)s is paid") % {"vendor": self._vendor().name}

    def preview(self) -> Sequence[Change]:
        return [Change(_("bank details"), _("version %d, held") % self.version, _("withdrawn"))]

    def exit(self) -> Exit:
        return Exit(how=_("The change can be proposed again."))

    def check(self) -> None:
        if not self._vendor().bank_details.filter(version=self.version, status="held").exists():
            raise InvalidInput(_("Version %d is not held.") % self.version)
