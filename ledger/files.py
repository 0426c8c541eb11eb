"""Files that appear whole or not at all, and are on the disk before anybody goes on."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path


def publish(path: Path, content: str, *, replace: bool, mode: int = 0o600) -> bool:
    """Writes the file at once. Without `replace`, of two first writers one wins; False when the file was there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as fresh:
        fresh.write(content)
        fresh.flush()
        os.fchmod(fresh.fileno(), mode)
        os.fsync(fresh.fileno())
    try:
        if replace:
            os.replace(fresh.name, path)
        else:
            _link(fresh.name, path)
    except FileExistsError:
        return False
    finally:
        Path(fresh.name).unlink(missing_ok=True)
    _sync(path.parent)
    return True


def _link(fresh: str, path: Path) -> None:
    try:
        os.link(fresh, path)
    except OSError as error:
        # Some network storage knows no links: there the look and the move are two steps.
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP) or path.exists():
            raise
        os.replace(fresh, path)


def _sync(folder: Path) -> None:
    """A name is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
