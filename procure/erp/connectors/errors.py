"""What can go wrong at an ERP, as one tree. `permanent`: sending the same again cannot help.

Only what surely did not arrive is `Transient`; what may have arrived is `Ambiguous`, and is asked for by key.
"""

from __future__ import annotations

from datetime import timedelta

from ledger.errors import DomainError


class ErpError(DomainError):
    """The ERP could not do this."""

    code = "erp"


class Transient(ErpError):
    """The ERP cannot be reached right now; nothing was sent. It is tried again by itself."""

    code = "erp_transient"
    permanent = False

    def __init__(self, message: str = "", *, retry_after: timedelta | None = None, **context: object) -> None:
        super().__init__(message, **context)
        self.retry_after = retry_after


class Ambiguous(ErpError):
    """The request left, and no clear answer came back. The ERP is asked by key before anything is sent again."""

    code = "erp_ambiguous"
    permanent = False


class SignInRefused(ErpError):
    """The ERP refused our user or password. Correct the credential, then run `manage.py erp check`."""

    code = "erp_sign_in_refused"
    permanent = False


class SessionExpired(ErpError):
    """The ERP closed our session."""

    code = "erp_session_expired"
    permanent = False


class NeedsHuman(ErpError):
    """The ERP asks a question that only a person may answer. Answer it there, then settle this here."""

    code = "erp_needs_human"


class Conflict(ErpError):
    """The ERP holds something else under this key or version. Compare both before deciding."""

    code = "erp_conflict"


class Changed(ErpError):
    """Somebody changed the order in the ERP at the same moment. It is read again before anything else is done."""

    code = "erp_changed"
    permanent = False


class Rejected(ErpError):
    """The ERP does not accept this order."""

    code = "erp_rejected"


class TooLate(Rejected):
    """The order is past the point of no return in the ERP: return the goods or ask for a credit note."""

    code = "erp_too_late"


class Missing(ErpError):
    """The ERP has no such object."""

    code = "erp_missing"


class Forbidden(ErpError):
    """Our user may not do this in the ERP. Ask its administrator for the right named here."""

    code = "erp_forbidden"


class NotAllowedOut(ErpError):
    """This address is not on the connection's list, so nothing was sent."""

    code = "erp_not_allowed_out"


class Broken(ErpError):
    """The ERP failed inside, or answered with something this connector does not understand."""

    code = "erp_broken"
    permanent = False
