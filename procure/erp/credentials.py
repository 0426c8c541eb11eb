"""Secrets by reference: the database holds a name, the environment or a private file holds the secret."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any

from django.conf import settings

from ledger.errors import Misconfigured
from procure.models.erp import ErpConnection

STRUCK_OUT = "•••"
_SECRET_NAMES = re.compile(r"password|passwd|secret|token|session|authori[sz]ation|api_?key|cookie", re.IGNORECASE)


def variable_of(connection: ErpConnection) -> str:
    name = connection.secret_name or connection.name
    return f"PROCURE_ERP_{name.upper().replace('-', '_')}_PASSWORD"


def file_of(connection: ErpConnection) -> Path:
    return Path(settings.KEYS_DIR) / f"erp_{connection.secret_name or connection.name}.password"


def password(connection: ErpConnection) -> str:
    """The connection's password; raises `Misconfigured` that names both places where it may be put."""
    if value := os.environ.get(variable_of(connection), ""):
        return value
    path = file_of(connection)
    if not path.is_file():
        raise Misconfigured(
            f"The ERP connection “{connection.name}” has no password: set {variable_of(connection)}, "
            f"or put it into {path} with mode 600."
        )
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Misconfigured(f"{path} can be read by others: run “chmod 600 {path}”, then change the password.")
    return path.read_text().strip()


def strike_out(value: Any, *secrets: str) -> Any:
    """The same JSON with every secret replaced: by the name of its field, and wherever the secret itself stands."""
    if isinstance(value, dict):
        return {
            key: STRUCK_OUT if _SECRET_NAMES.search(str(key)) else strike_out(each, *secrets)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [strike_out(each, *secrets) for each in value]
    if isinstance(value, str):
        for secret in filter(None, secrets):
            value = value.replace(secret, STRUCK_OUT)
    return value
