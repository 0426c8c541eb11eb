"""`manage.py edge_worker`: does steps for a portal elsewhere. Needs no database."""

import sys
from argparse import REMAINDER
from pathlib import Path
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents.edge import client


class Command(BaseCommand):
    help = (
        "Leases steps from a portal, runs PROGRAM for each, and hands its result back. PROGRAM reads one JSON object "
        "(task, given, gives, today) and prints one; exit 3 means that trying again is of no use. Exit 0 after --once, "
        "1 when the portal refuses or cannot be reached, 2 on wrong use."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", required=True, help="the portal's address, such as https://procure.example.org")
        parser.add_argument("--token-file", required=True, type=Path, help="a file with the worker's token")
        parser.add_argument("--once", action="store_true", help="stop when there is nothing to do")
        parser.add_argument("program", nargs=REMAINDER, metavar="PROGRAM", help="last: the program and its arguments")

    def handle(self, *, url, token_file, once, program, **options):
        program = program[1:] if program[:1] == ["--"] else program
        if not program:
            raise CommandError("Name the program that does the work, last.", returncode=2)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise CommandError(f"“{url}” is no address: write it with https:// in front.", returncode=2)
        try:
            token = token_file.read_text().strip()
        except OSError as error:
            raise CommandError(f"{token_file} cannot be read: {error.strerror}.", returncode=2) from None

        def say(line: str) -> None:
            self.stderr.write(line)

        try:
            done = client.work(client.Portal(url, token), program, say=say, once=once)
        except client.Refused as error:
            raise CommandError(f"The portal refuses: {error}") from None
        except OSError as error:
            raise CommandError(f"The portal cannot be reached: {error}") from None
        except KeyboardInterrupt:
            sys.exit(0)
        self.stdout.write(str(done))
