"""The connectors there are, by kind. A new one is a folder here and a line in `_CONNECTORS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

from ledger.errors import Misconfigured
from procure.erp.connectors.base import ErpConnector, Names

if TYPE_CHECKING:
    from procure.models.erp import ErpConnection

_CONNECTORS = {
    "sandbox": "procure.erp.connectors.sandbox.connector.SandboxConnector",
    "tryton": "procure.erp.connectors.tryton.connector.TrytonConnector",
}


def kinds() -> dict[str, type[ErpConnector]]:
    return {kind: import_string(path) for kind, path in _CONNECTORS.items()}


def connect(connection: ErpConnection, *, names: Names) -> ErpConnector:
    """The connector of that connection's kind; it calls nobody yet."""
    if connection.kind not in _CONNECTORS:
        raise Misconfigured(f"“{connection.name}”: no connector “{connection.kind}”. Known: {', '.join(_CONNECTORS)}.")
    connector: type[ErpConnector] = import_string(_CONNECTORS[connection.kind])
    return connector(connection, names=names)
