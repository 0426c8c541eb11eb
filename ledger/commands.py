"""What may be asked of the ground floor: that somebody's personal data is erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from django.utils.translation import gettext as _
from pydantic import Field, StringConstraints

from ledger import erasure, personal
from ledger.command import Change, Command, Exit
from ledger.errors import InvalidInput, NotAllowed
from ledger.models import Person
from ledger.spoken import AUTHORS

Subject = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), AUTHORS]


class EraseSubject(Command):
    """Erases what is kept of a person, a contact or a vendor that is a person. For ever, and by two people."""

    label: ClassVar[str] = "Erase personal data"
    right: ClassVar[str] = "personal.erase"
    two_people: ClassVar[bool] = True
    subject: Subject = Field(description="person:<number>, contact:<number> or vendor:<key>.")
    reason: Reason

    def sentence(self) -> str:
        return _("Erase the personal data of %(subject)s for ever") % {"subject": self.subject}

    def preview(self) -> Sequence[Change]:
        found = erasure.preview(self.subject)
        return [Change(name, _("%(rows)d rows") % {"rows": rows}, _("erased")) for name, rows in found.items()]

    def exit(self) -> Exit:
        how = _("This cannot be undone: keys, values and salts are destroyed. What has left the house stays there.")
        return Exit(how=how, reversible=False)

    def check(self) -> None:
        personal.check_subject(self.subject)
        if personal.is_erased(self.subject):
            raise InvalidInput(_("%(subject)s is erased already.") % {"subject": self.subject})
        if not erasure.is_known(self.subject):
            raise InvalidInput(_("Nothing is kept of %(subject)s.") % {"subject": self.subject})

    def check_asker(self, person: Person) -> None:
        if self.subject == personal.person(person.pk):
            raise NotAllowed(_("Ask another administrator to propose this: it ends your own account."))
