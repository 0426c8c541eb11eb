"""What can go wrong on this floor."""

from ledger.errors import InvalidInput, NotFound, Stale


class UnknownVendor(NotFound):
    """There is no such vendor, or you may not see it."""


class UnknownItem(NotFound):
    """There is no such item in the catalogue."""


class UnknownCategory(NotFound):
    """There is no such category."""


class WrongStatus(Stale):
    """The vendor's status no longer allows this. Look at the vendor again, and decide again."""

    code = "wrong_status"


class BadCriteria(InvalidInput):
    """A score needs at least one criterion, each named once and with a weight above zero."""

    code = "bad_criteria"
