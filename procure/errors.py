"""What can go wrong when buying. The docstring is the message."""

from django.utils.translation import gettext_lazy as _

from ledger.errors import DomainError, InvalidInput, NotFound


class LinkUnknown(NotFound):
    """This link does not open anything. Ask the buyer who sent it for a new one."""

    code = "link_unknown"


class LinkExpired(DomainError):
    """This link has expired. Ask the buyer who sent it for a new one."""

    code = "link_expired"


class TooLate(DomainError):
    """The deadline has passed, so the quote was not taken."""

    code = "too_late"


class NotOpen(DomainError):
    """The event takes no quotes any more."""

    code = "not_open"


class StillSealed(DomainError):
    """The quotes are sealed until the deadline."""

    code = "still_sealed"


class SealBroken(DomainError):
    """A sealed quote does not match what was committed to the ledger, so nothing was opened. Tell an auditor."""

    code = "seal_broken"


class BudgetExceeded(DomainError):
    """The budget does not cover this."""

    code = "budget_exceeded"


class NoBudget(DomainError):
    """The cost centre has no budget for that year."""

    code = "no_budget"


class NoRate(DomainError):
    """There is no exchange rate for that currency and date. Import one and try again."""

    code = "no_rate"


class QuoteMismatch(InvalidInput):
    """An award or order differs from the quote it refers to."""

    code = "quote_mismatch"


class WrongState(DomainError):
    """Its state does not allow that."""

    code = "wrong_state"


class VendorNotInvitable(InvalidInput):
    """That vendor cannot be invited."""

    code = "vendor_not_invitable"


TOO_LONG = _("That is %(length)s characters long; at most %(limit)s are read. Shorten it or attach the rest.")
