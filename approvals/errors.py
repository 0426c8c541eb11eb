"""What can go wrong when people and agents decide."""

from ledger.errors import DomainError, NotAllowed, Stale


class NotYours(NotAllowed):
    """You cannot decide on this: you requested, proposed or edited it. Somebody else must."""

    code = "segregation"


class NotYourTurn(NotAllowed):
    """This level waits for other people."""

    code = "not_your_turn"


class OutOfBounds(NotAllowed):
    """This agent may not propose that kind of command. An administrator can adjust its bounds."""

    code = "out_of_bounds"


class NoPolicy(DomainError):
    """No policy has been published for this company yet. Two administrators publish the first one at set-up."""

    code = "no_policy"


class NotRejudgeable(DomainError):
    """The ledger does not hold enough to make this judgement again."""

    code = "not_rejudgeable"


class CannotUndo(DomainError):
    """This cannot be undone."""

    code = "cannot_undo"


class NotDue(Stale):
    """There is nothing to carry out: somebody was faster, or it was never approved."""

    code = "not_due"
