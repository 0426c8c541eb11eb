"""The only way out over HTTP: one host, listed paths, no redirects, no proxies, a deadline, and errors in our words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2 as httpx

from procure.erp.connectors.base import CallContext
from procure.erp.connectors.errors import Ambiguous, Forbidden, NotAllowedOut, Rejected, Transient

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_TRY_LATER = {408, 425, 429, 503}
_LONGEST_CONNECT = 5.0


class Egress:
    """Posts to one ERP. `transport` lets a test stand in for the network."""

    def __init__(self, base_url: str, *, paths: tuple[str, ...], transport: httpx.BaseTransport | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.paths = paths
        check_address(self.base_url)
        # No connection is kept: a write into one that the server has just closed would leave its outcome unknown.
        self._client = httpx.Client(
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
            transport=transport,
        )

    def post(
        self, path: str, *, body: bytes, headers: Mapping[str, str], context: CallContext, writes: bool
    ) -> httpx.Response:
        """The answer to a 2xx or 401; anything else is an error, and after a write an unclear one is `Ambiguous`."""
        if path not in self.paths:
            raise NotAllowedOut(f"{path} is not a path that this connector may call. Nothing was sent.")
        left = context.remaining
        if not left:
            raise Transient("There was no time left to call the ERP; nothing was sent.")
        try:
            answer = self._client.post(
                self.base_url + path,
                content=body,
                headers={"Content-Type": "application/json", **headers},
                timeout=httpx.Timeout(left, connect=min(left, _LONGEST_CONNECT)),
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Transient(f"{self.base_url} cannot be reached ({type(error).__name__}); nothing was sent.") from error
        except httpx.TransportError as error:
            raise _unclear(writes, f"{self.base_url} gave no answer ({type(error).__name__}).") from error
        return _judge(answer, writes=writes)


def _judge(answer: httpx.Response, *, writes: bool) -> httpx.Response:
    status = answer.status_code
    if answer.is_success or status == httpx.codes.UNAUTHORIZED:
        return answer
    said = f"The ERP answered {status}: {answer.text[:200]}"
    if status in _TRY_LATER:
        raise Transient(said, retry_after=_retry_after(answer))
    if status >= 500:
        raise _unclear(writes, said)
    if status == httpx.codes.FORBIDDEN:
        raise Forbidden(said)
    raise Rejected(said)


def _unclear(writes: bool, message: str) -> Ambiguous | Transient:
    return Ambiguous(message) if writes else Transient(message)


def _retry_after(answer: httpx.Response) -> timedelta | None:
    seconds = answer.headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if seconds.isdigit() else None


def check_address(base_url: str) -> None:
    """Raises `NotAllowedOut` for an address that may never be called."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise NotAllowedOut(f"“{base_url}” must be an https address (plain http only on this machine).")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise NotAllowedOut("The address of an ERP holds no user, password, query or fragment.")
    listed = [each.strip() for each in os.environ.get("PROCURE_ERP_HOSTS", "").split(",") if each.strip()]
    if listed and host not in listed:
        raise NotAllowedOut(f"{host} is not among PROCURE_ERP_HOSTS. Nothing was sent.")
