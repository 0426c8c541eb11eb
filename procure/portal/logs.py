"""Keeps personal links out of the logs."""

import logging
import re

TOKEN = re.compile(r"/s/[A-Za-z0-9_%-]{8,}")
#: Loggers whose records name the address of a request. A filter here reaches every handler, also those added later.
NAMING = ("django.request", "django.server", "django.security.csrf", "django.security.SuspiciousOperation")


class HideLinks(logging.Filter):
    """Replaces every token in a record's message by a mark."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "/s/" in message:
            record.msg, record.args = TOKEN.sub("/s/[hidden]", message), ()
        return True


def hide_links() -> None:
    for name in NAMING:
        logging.getLogger(name).addFilter(HIDE)


HIDE = HideLinks()
