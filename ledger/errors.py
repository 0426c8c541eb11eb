"""What can go wrong, as one tree. The docstring is the message a person reads when none is given."""


class DomainError(Exception):
    """The request cannot be carried out."""

    code = "refused"
    permanent = True

    def __init__(self, message: str = "", **context: object) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.context = context
        super().__init__(self.message)


class NotAllowed(DomainError):
    """You do not have the right to do this."""

    code = "not_allowed"


class NoAuthority(DomainError):
    """This changes governed data and needs a decided proposal: propose it instead."""

    code = "no_authority"


class InvalidInput(DomainError):
    """Something in the input cannot be accepted."""

    code = "invalid_input"


class NotFound(DomainError):
    """There is no such object, or you may not see it."""

    code = "not_found"


class Erased(DomainError):
    """This was somebody's personal data and has been erased. The ledger proves only that there was a value."""

    code = "erased"


class Stale(DomainError):
    """Somebody else changed this first. Reload, look again, and decide again."""

    code = "stale"


class Stopped(DomainError):
    """An administrator has stopped this. Nothing was sent."""

    code = "stopped"
    permanent = False


class LedgerUnavailable(DomainError):
    """The ledger cannot be written, so nothing was changed. Try again, or tell an administrator."""

    code = "ledger_unavailable"
    permanent = False


class Misconfigured(DomainError):
    """A setting is missing or wrong."""

    code = "misconfigured"
