"""What can go wrong while a plan runs."""

from ledger.errors import DomainError, Misconfigured


class Fenced(DomainError):
    """Another worker has taken this step over; what this one found out is dropped."""

    code = "fenced"
    permanent = False


class BadTemplate(Misconfigured):
    """This plan template cannot be published."""

    code = "bad_template"


class BadRules(Misconfigured):
    """These trigger rules cannot be published."""

    code = "bad_rules"


class UnknownRole(Misconfigured):
    """The plan names a role or task that this version does not have."""

    code = "unknown_role"


class NoToken(DomainError):
    """This token opens nothing: it is unknown, has expired or was revoked. Ask an administrator for a new one."""

    code = "not_allowed"


class OutOfRole(DomainError):
    """The role may not propose this kind of command."""

    code = "out_of_role"


class TooManyRounds(DomainError):
    """What this step proposes was taken back again and again because something happened. See to it yourself."""

    code = "too_many_rounds"


class UnknownVersion(Misconfigured):
    """The plan's template is not the one with which it began."""

    code = "unknown_version"


class Unresolved(Misconfigured):
    """What the template hands this step cannot be found."""

    code = "unresolved"


class WrongType(DomainError):
    """The result is not of the type that the role declares."""

    code = "wrong_type"
    permanent = False
