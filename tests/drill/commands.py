from typing import ClassVar

from ledger.command import Command, Exit


class RingBell(Command):
    """One effect outside, known by its plan."""

    label: ClassVar[str] = "Ring the bell"
    outward: ClassVar[bool] = True
    plan: str

    def exit(self) -> Exit:
        return Exit(how="Nobody minds a bell that rang.")
