"""Keeps personal links out of the logs."""

import logging
import re

TOKEN = re.compile(r"/s/[A-Za-z0-9_-]{8,}")


class HideLinks(logging.Filter):
    """Replaces every token in a record's message by a mark."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "/s/" in message:
            record.msg, record.args = TOKEN.sub("/s/[hidden]", message), ()
        return True
