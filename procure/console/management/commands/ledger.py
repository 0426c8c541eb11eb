"""`manage.py ledger VERB`. A verb is a method with its arguments declared beside it."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from agents.reexamining import reexamine
from approvals import clerk, decisions, proposals
from approvals.models import Proposal
from ledger import checkpoints, exports, replay, restoring, retry, scrubbing, verification
from ledger.actors import Actor
from ledger.commands import EraseSubject
from ledger.errors import DomainError, InvalidInput, NotFound
from ledger.models import LedgerHead, LegalEntity, Person
from ledger.notes import parse_verifier_key
from ledger.rights import OPERATOR

SCRUB_TRIES = 4
STILL_DUE = {
    "sqlite": "The database is still to be scrubbed: the worker does it as soon as nobody else uses it.",
    "postgresql": "The database is still to be scrubbed, by its owner:  manage.py ledger scrub",
}
AGAIN = "It stays due, and is tried again as long as worker or sweeper runs."
TRY_AGAIN = "It stays due: end what holds it or wait, then run this again."
STAND_BY = "Keep this database as evidence and restore the last good backup beside it."


def moment(text: str) -> int | datetime:
    """A sequence number, or an instant in ISO form (UTC when it names no zone)."""
    if text.isdecimal():
        return int(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is neither a number nor a time such as 2026-11-25T12:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def vkey(text: str) -> str:
    """A key as `ledger key` prints it: ORIGIN+ID+KEY."""
    try:
        parse_verifier_key(text.strip())
    except DomainError as error:
        raise ArgumentTypeError(error.message) from None
    return text.strip()


class Command(BaseCommand):
    help = (
        "Looks after the ledger. Exit 0 when all is well, 1 when the answer is no or something failed, 2 on wrong use. "
        "What it prints with --json is one JSON value on standard output."
    )
    # A ledger that is not sound must still be verifiable.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

        def verb(name: str, words: str) -> CommandParser:
            made = verbs.add_parser(name, help=words, description=words)
            made.add_argument("--json", action="store_true", help="print one JSON value")
            made.add_argument("--log", default="main", help="which log (main)")
            return made

        verify = verb("verify", "recompute every hash, link, record, head and checkpoint; exit 0 when as written")
        verify.set_defaults(log=None)
        verify.add_argument("--key", type=vkey, metavar="VKEY", help="hold what was signed against this key of yours")
        verify.add_argument("--origin", help="with --key: the log's origin, when the key bears another name")
        verb("checkpoint", "sign the present head and hand it to the anchors")
        verb("key", "print the public key on one line, as verifier.py --key takes it")
        export = verb("export", "write entries and checkpoints as JSON lines, for verifier.py")
        export.add_argument("--output", required=True, metavar="FILE", help="- is standard output")
        export.add_argument("--from", type=int, default=1, dest="first", metavar="SEQ")
        export.add_argument("--to", type=int, dest="last", metavar="SEQ")
        export.add_argument("--personal", action="store_true", help="with personal values and salts; this is recorded")
        prove = verb("prove", "the proof file of one entry, for verifier.py")
        prove.add_argument("seq", type=int)
        prove.add_argument("--output", default="-", metavar="FILE")
        between = verb("consistency", "the proof that the log of NEW entries continues the one of OLD, for verifier.py")
        between.add_argument("old", type=int)
        between.add_argument("new", type=int)
        between.add_argument("--output", default="-", metavar="FILE")
        again = verb("replay", "rebuild state from the ledger, compare it with the rows; exit 1 on a difference")
        again.add_argument("--until", type=moment, metavar="SEQ|TIME", help="print the state as of then instead")
        again.add_argument("--object", metavar="KIND:KEY", help="with --until: of this object alone")
        judge = verb("rejudge", "judge a proposal again from the ledger alone; exit 1 when it comes out differently")
        judge.add_argument("seq", help="number of an entry about it, or the proposal's number")
        judge.add_argument("--policy", metavar="VERSION|FILE", help="by this version, or a draft's JSON file, instead")
        judge.add_argument("--tier", help="read the request again with this model tier")
        judge.add_argument("--entity", metavar="CODE")
        erase = verb("erase", "erase what is kept of a person, a contact or a supplier that is a person, for ever")
        erase.add_argument("subject", help="person:12, contact:7 or vendor:VEN-001")
        erase.add_argument("--by", metavar="USERNAME", required=True, help="administrator who asks for it")
        erase.add_argument(
            "--approved-by",
            metavar="USERNAME",
            action="append",
            default=[],
            help="who approves it; more than once",
        )
        erase.add_argument("--reason", default="The person asked for it.")
        verb("scrub", "overwrite what erased rows left in the database's files; exit 1 when others are using it")

    def handle(self, *, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(**options)
        except DomainError as error:
            raise CommandError(error.message) from error

    def _verify(self, *, log: str | None, json: bool, key: str | None, origin: str | None, **options: Any) -> None:
        if key:
            log = _log_of(origin or parse_verifier_key(key)[0], log)
        elif origin:
            raise CommandError("--origin says which log --key is of: give both.", returncode=2)
        finding = verification.verify(log, key=key or "")
        if json:
            told = asdict(finding) | {"reason": finding.reason or None}
            self._print({name: told[name] for name in told if name != "log"} | {"log": finding.log or None})
        elif finding.valid:
            self.stdout.write(
                f"The ledger is valid: {finding.entries} entries, {finding.checkpoints} checkpoints."
                f" Not yet covered by an anchor: the last {finding.uncovered}."
            )
        if not finding.valid:
            place = f"Entry {finding.first_bad} of log" if finding.first_bad else "Log"
            raise CommandError(f"The ledger is not valid. {place} {finding.log}: {finding.reason}. {STAND_BY}")

    def _checkpoint(self, *, log: str, json: bool, **options: Any) -> None:
        made = checkpoints.make(log, actor=OPERATOR)
        newest = made or checkpoints.latest(log)
        if newest is None:
            raise CommandError("The ledger is empty: there is nothing to sign yet.")
        if json:
            self._print({"signed": made is not None, "size": newest.size, "root": newest.root, "note": newest.note})
        else:
            self.stdout.write(newest.note, ending="")

    def _key(self, *, log: str, json: bool, **options: Any) -> None:
        key = checkpoints.verifier_key(log)
        self._print({"origin": _head(log).origin, "key": key}) if json else self.stdout.write(key)

    def _export(self, *, log: str, output: str, first: int, last: int | None, personal: bool, **options: Any) -> None:
        with self._opened(output) as stream:
            made = exports.write(log, stream, first=first, last=last, actor=OPERATOR, personal=personal)
        self.stderr.write(
            f"Entries {made.first} to {made.last}. Check them with  python ledger/verifier.py FILE --key KEY"
        )

    def _prove(self, *, log: str, seq: int, output: str, **options: Any) -> None:
        self._write(exports.proof_of(log, seq, actor=OPERATOR), output)

    def _consistency(self, *, log: str, old: int, new: int, output: str, **options: Any) -> None:
        self._write(exports.consistency_of(log, old, new, actor=OPERATOR), output)

    def _replay(self, *, log: str, until: Any, object: str | None, json: bool, **options: Any) -> None:
        if until is not None or object:
            self._print(self._state(log, until, object))
            return
        entries = _head(log).seq
        found = list(replay.differences(log))
        if json:
            self._print({"entries": entries, "differences": [asdict(each) for each in found]})
        else:
            for each in found:
                self.stdout.write(f"{each.kind} {each.key}: {each.field}: ledger {each.ledger!r}, live {each.live!r}")
            self.stdout.write(f"{entries} entries replayed, {len(found)} differences.")
        if found:
            raise CommandError("Live rows differ from what the ledger says. Find out who changed them past the door.")

    def _state(self, log: str, until: Any, named: str | None) -> Any:
        if named is None:
            found: dict[str, dict[str, Any]] = {}
            for (kind, key), state in replay.states(log, until).items():
                found.setdefault(kind, {})[key] = state
            return found
        kind, _colon, key = named.partition(":")
        one = replay.as_of(log, kind, key, until)
        if one.state is None:
            raise NotFound(f"The ledger knows no {named} then. Objects are written kind:key, such as order:PO-00001.")
        return {"kind": kind, "key": key, "entry": one.seq, "state": one.state}

    def _rejudge(self, *, seq: str, policy: str | None, tier: str | None, entity: str | None, **options: Any) -> None:
        told = reexamine(
            _entity(entity), int(seq) if seq.isdecimal() else seq, policy=_policy(policy) if policy else None, tier=tier
        )
        if options["json"]:
            self._print(told)
        else:
            for each in told["sentences"]:
                self.stdout.write(each)
        if not told["same"]:
            raise CommandError("It comes out differently.")

    def _erase(self, *, subject: str, by: str, approved_by: list[str], reason: str, json: bool, **options: Any) -> None:
        asker = _person(by)
        if asker.entity is None:
            raise InvalidInput(f"{by} belongs to no legal entity.")
        command = EraseSubject(subject=subject, reason=reason)
        made = proposals.propose(
            commands=[command], actor=Actor.human(asker), entity=asker.entity, rationale=reason, requested_by=asker
        )
        for each in approved_by:
            decisions.approve(made, actor=Actor.human(_person(each)), fingerprint=made.fingerprint)
        clerk.answer()
        made.refresh_from_db()
        done = made.status == Proposal.Status.CARRIED_OUT
        scrubbing.answer()
        scrubbed = done and not scrubbing.is_due()
        told = {"proposal": made.reference, "status": made.status, "subject": subject, "erased": done}
        if json:
            self._print(told | {"scrubbed": scrubbed})
        else:
            self.stdout.write(f"{made.reference}: {made.get_status_display()}. {made.sentence}.")
        if done:
            self.stderr.write("The database is scrubbed." if scrubbed else STILL_DUE[connection.vendor])
        if not done:
            waits = ", ".join(
                person.username for step in made.steps.filter(status="open") for person in step.people.all()
            )
            raise CommandError(
                f"Not erased yet: {made.problem or made.checkpoint}. It waits for one of: {waits or 'nobody'}."
                " Approve it in the queue, or say --approved-by."
            )

    def _scrub(self, *, json: bool, **options: Any) -> None:
        for attempt in range(1, SCRUB_TRIES + 1):
            try:
                erasures = scrubbing.scrub()
                break
            except scrubbing.Busy as error:
                if attempt == SCRUB_TRIES:
                    self._not_scrubbed(error, json=json)
                self.stderr.write(error.message)
                time.sleep(retry.delay(attempt).total_seconds())
        if json:
            self._print({"erasures": erasures, "scrubbed": not scrubbing.is_due(), "held_by": []})
        else:
            self.stdout.write(f"Scrubbed. It was due for {erasures} erasures.")
        for aside in restoring.kept_aside():
            self.stderr.write(f"{aside} was kept by a restore and still holds what was erased since: throw it away.")

    def _not_scrubbed(self, error: scrubbing.Busy, *, json: bool) -> NoReturn:
        """Says who is in the way, and whether it is tried again without this command."""
        left = scrubbing.standing()
        if json:
            held_by = left.held_by if left else ()
            named = [asdict(each) | {"since": each.since and each.since.isoformat()} for each in held_by]
            self._print({"erasures": left.erasures if left else 0, "scrubbed": False, "held_by": named})
        then = AGAIN if left and left.by_itself else "" if left is None else TRY_AGAIN
        raise CommandError(f"{error.message} {then}".strip()) from error

    def _print(self, answer: Any) -> None:
        self.stdout.write(json.dumps(answer, ensure_ascii=False))

    def _write(self, text: str, output: str) -> None:
        with self._opened(output) as stream:
            stream.write(text.encode())

    @contextmanager
    def _opened(self, output: str) -> Iterator[BinaryIO]:
        """A file appears whole or not at all."""
        if output == "-":
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        path = Path(output)
        half = path.with_name(f".{path.name}.half")
        try:
            with half.open("wb") as stream:
                yield stream
            half.replace(path)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
        finally:
            half.unlink(missing_ok=True)


def _policy(text: str) -> Any:
    """A version's number, or the document of a draft."""
    if text.isdecimal():
        return int(text)
    try:
        return json.loads(Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{text} is neither a version's number nor a readable JSON file: {error}.") from error


def _head(log: str) -> LedgerHead:
    found = LedgerHead.objects.filter(log=log).first()
    if found is None:
        raise NotFound(f"There is no log “{log}”.")
    return found


def _log_of(origin: str, log: str | None) -> str:
    """The log that a key from outside is about: a database put in its place would bear another origin."""
    found = LedgerHead.objects.filter(origin=origin, **({"log": log} if log else {})).first()
    if found is None:
        there = ", ".join(LedgerHead.objects.order_by("log").values_list("origin", flat=True)) or "none"
        raise NotFound(f"There is no log of the origin {origin} here, which the key is of. Origins here: {there}.")
    return found.log


def _entity(code: str | None) -> LegalEntity:
    found = LegalEntity.objects.filter(code=code).first() if code else LegalEntity.objects.order_by("pk").first()
    if found is None:
        raise NotFound("There is no such legal entity.")
    return found


def _person(username: str) -> Person:
    found = Person.objects.filter(username=username).first()
    if found is None:
        raise NotFound(f"There is nobody with the user name “{username}”.")
    return found
