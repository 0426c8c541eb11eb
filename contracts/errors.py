"""What can go wrong on this floor."""

from ledger.errors import NotFound


class UnknownContract(NotFound):
    """There is no such contract, or you may not see it."""
