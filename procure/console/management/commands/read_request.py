"""`manage.py read_request`: a request in words to structured JSON, for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from agents.readers import catalogue
from agents.readers.catalogue import Catalogue
from agents.readers.request import TIERS, read_request
from agents.readers.text import LIMIT
from ledger.errors import DomainError

#: A line of `--jsonl` may hold a text of the longest kind in escapes; more than this is not a request.
LONGEST_LINE = 8 * LIMIT


class WrongUse(CommandError):
    """The command line or a file cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=2)


class Command(BaseCommand):
    help = (
        "Reads a request in words (FILE, or stdin as “-”) and prints its structure as one JSON object. With --jsonl, "
        "reads {“id”, “text”, “today”} a line and answers in the same order. Exit codes: 0 answered, 1 something could "
        "not be answered, 2 wrong use."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", metavar="FILE", help="the text, in any encoding; “-” or nothing: stdin")
        parser.add_argument("--jsonl", metavar="FILE", help="one JSON object a line in, one a line out; “-”: stdin")
        parser.add_argument("--today", type=_day, help="YYYY-MM-DD: the day that dates count from (default: today)")
        parser.add_argument("--tier", choices=TIERS, default="rules", help="who reads (default: rules)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["jsonl"] and options["file"]:
            raise WrongUse("Give either FILE or --jsonl, not both.")
        today = options["today"] or date.today()  # noqa: DTZ011 - the day at this machine, as the person sees it
        if options["jsonl"]:
            self._read_lines(_content(options["jsonl"]), today, options["tier"])
            return
        content = _content(options["file"] or "-")
        try:
            answer = read_request(content, today=today, tier=options["tier"], catalogue=_catalogue())
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(json.dumps(answer, ensure_ascii=False))

    def _read_lines(self, content: bytes, today: date, tier: str) -> None:
        items = _catalogue()
        failed = 0
        for number, line in enumerate(_lines(content), 1):
            answer = _answer(line, number, today, tier, items)
            failed += "error" in answer
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        if failed:
            raise CommandError(f"{failed} line{'s' if failed > 1 else ''} could not be answered; see “error” there.")


def _day(text: str) -> date:
    return date.fromisoformat(text)


_day.__name__ = "date (YYYY-MM-DD)"


def _content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise WrongUse(f"{name} cannot be read: {error.strerror}. Give a file, or “-” for stdin.") from None


def _lines(content: bytes) -> Iterator[bytes]:
    yield from (line for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip())


def _catalogue() -> Catalogue:
    try:
        return catalogue.load()
    except DatabaseError as error:
        raise WrongUse(f"The catalogue cannot be read: {error}. Run “manage.py migrate” first.") from None


def _answer(line: bytes, number: int, today: date, tier: str, items: Catalogue) -> dict[str, Any]:
    """One line's answer, or its error under the same id."""
    identity: Any = None
    try:
        if len(line) > LONGEST_LINE:
            return _error(identity, "too_long", f"Line {number} is longer than any request of {LIMIT} characters.")
        asked = json.loads(line)
        if not isinstance(asked, dict):
            return _error(identity, "invalid_input", f"Line {number} is not a JSON object.")
        identity = asked.get("id")
        if not isinstance(asked.get("text"), str):
            return _error(identity, "invalid_input", "“text” is missing or not a string.")
        on = date.fromisoformat(asked["today"]) if asked.get("today") is not None else today
        return {"id": identity, **read_request(asked["text"], today=on, tier=tier, catalogue=items)}
    except DomainError as error:
        return _error(identity, error.code, error.message)
    except RecursionError:
        return _error(identity, "invalid_input", f"Line {number} is nested too deeply.")
    except UnicodeDecodeError:
        return _error(identity, "invalid_input", f"Line {number} is not UTF-8.")
    except json.JSONDecodeError as error:
        return _error(identity, "invalid_input", f"Line {number} is not JSON: {error.msg} at column {error.colno}.")
    except (TypeError, ValueError):
        return _error(identity, "invalid_input", "“today” is not a date like 2014-05-23.")


def _error(identity: Any, code: str, message: str) -> dict[str, Any]:
    return {"id": identity, "error": {"code": code, "message": message}}
