"""Makes the gateway known to the outbox; called by procure's `ready`."""

from ledger import outbox


def register() -> None:
    outbox.register("erp", path="procure.erp.gateway.sender")
