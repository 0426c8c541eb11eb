"""What a backup holds and what it does not, what is refused, and what is said when it is too old."""

import io
import json
import re
import shutil
import sqlite3
import stat
import tarfile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from ledger import (
    anchors,
    backup,
    chain,
    checkpoints,
    file_anchor,
    files,
    journal,
    keys,
    losses,
    owner,
    postgresql_programs,
    restoring,
    signing,
    triggers,
    verification,
)
from ledger.actors import Actor
from ledger.checkpoints import WORKER
from ledger.command import ObjectRef
from ledger.errors import InvalidInput, Misconfigured
from ledger.models import Entry, LedgerHead, LegalEntity
from tests import ready_made, two_roles

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = "procure.example/hq"
only_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a way that only SQLite has")
only_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="a way that only PostgreSQL has")


class Places:
    """Databases of a test's own; `use` makes one of them the connection's."""

    def __init__(self, folder):
        self.folder, self.made = folder, []

    def make(self, *, empty=False):
        number = len(self.made)
        if connection.vendor == "sqlite":
            name = str(self.folder / f"{number}.sqlite3")
            if not empty:
                shutil.copyfile(ready_made._template(), name)
        else:
            name = f"{connection.settings_dict['NAME'][:40]}_{number}"
            template = "template0" if empty else f"procure_ready_{ready_made.digest()}"
            with two_roles.as_administrator() as server:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {two_roles.OWNER}')
        self.made.append(name)
        return name

    def use(self, name):
        connection.close()
        connection.settings_dict["NAME"] = name

    def drop(self):
        if connection.vendor == "postgresql":
            with two_roles.as_administrator() as server:
                for name in self.made:
                    server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def places(tmp_path, settings, transactional_db):
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = tmp_path / "var" / "files"
    settings.KEYS_DIR = tmp_path / "var" / "keys"
    settings.LEDGER_ANCHOR_DIR = tmp_path / "anchors"
    settings.VAR_DIR.mkdir()
    before = connection.settings_dict["NAME"]
    places = Places(tmp_path)
    places.main = places.make()
    places.use(places.main)
    yield places
    places.use(before)
    places.drop()


@pytest.fixture
def record(places, monkeypatch):
    """Records facts in the private database. No anchor sends anything, so the log grows by these alone."""
    monkeypatch.setattr(anchors, "_anchors", {})
    head = chain.begin("main", origin=ORIGIN)
    LegalEntity.objects.create(code="HQ", name="Headquarters", base_currency="USD", log=head)

    def record(count=1):
        for _ in range(count):
            with transaction.atomic():
                journal.record(
                    "order.issued", actor=Actor.system("t"), entity=LegalEntity.objects.get(),
                    objects=[ObjectRef("order", f"PO-{LedgerHead.objects.get().seq}")],
                )  # fmt: skip

    return record


@pytest.fixture
def archive(record, settings, tmp_path):
    """A backup of three entries, signed, and a file; the folder of files is empty again."""
    record(3)
    signed()
    settings.MEDIA_ROOT.mkdir()
    (settings.MEDIA_ROOT / "quotes").mkdir()
    (settings.MEDIA_ROOT / "quotes" / "a.pdf").write_bytes(b"%PDF quote")
    backup.write(tmp_path / "b.tar.gz")
    shutil.rmtree(settings.MEDIA_ROOT)
    return tmp_path / "b.tar.gz"


def rows():
    return list(Entry.objects.order_by("pk").values_list())


def sizes():
    return dict(LedgerHead.objects.values_list("log", "seq"))


def signed():
    return checkpoints.make("main", actor=WORKER)


def test_what_is_put_back_is_what_was_kept(archive, places, settings, tmp_path):
    before = rows()
    places.use(places.make(empty=True))
    call_command("restore", archive, yes=True)
    assert rows() == before
    assert verification.verify().valid
    assert triggers.wanting(connection) == []
    assert (settings.MEDIA_ROOT / "quotes" / "a.pdf").read_bytes() == b"%PDF quote"
    with transaction.atomic():
        journal.record("order.issued", actor=Actor.system("t"), entity=LegalEntity.objects.get())
    assert sizes() == {"main": 4}
    assert list(settings.VAR_DIR.glob(".restore-*")) == []
    if connection.vendor == "postgresql":
        assert not owner.is_signed_in(connection)
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
            assert cursor.fetchall() == [(two_roles.OWNER,)]
            cursor.execute("SELECT has_table_privilege(%s, 'ledger_entry', 'UPDATE')", [two_roles.RUNTIME])
            assert cursor.fetchone() == (False,)


def test_the_manifest_says_what_is_in_the_archive(record, tmp_path, capsys):
    record(2)
    checkpoint = signed()
    stands = LedgerHead.objects.get()
    call_command("backup", tmp_path / "b.tar.gz", json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["database"] == connection.vendor
    assert told["logs"] == [{"log": "main", "origin": ORIGIN, "size": stands.seq, "head": stands.hash}]
    assert told["checkpoints"] == [{"log": "main", "size": 2, "note": checkpoint.note}]
    assert set(told["members"]) == {backup.DATABASE[connection.vendor]}
    assert re.fullmatch("[0-9a-f]{64}", told["members"][backup.DATABASE[connection.vendor]]["sha256"])
    assert told["product"].startswith("procure ")


def test_archives_are_for_their_owner_alone_and_written_once(archive, tmp_path):
    content = archive.read_bytes()
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    with pytest.raises(InvalidInput, match="already"):
        backup.write(archive)
    assert archive.read_bytes() == content
    backup.write_keys(tmp_path / "k.tar.gz")
    assert stat.S_IMODE((tmp_path / "k.tar.gz").stat().st_mode) == 0o600


def test_a_backup_that_fails_leaves_nothing(record, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_add", full)
    with pytest.raises(backup.BackupFailed, match="No space"):
        backup.write(tmp_path / "b.tar.gz")
    assert not [path for path in tmp_path.iterdir() if "b.tar.gz" in path.name or "backup" in path.name]


def unpacked(path):
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def test_no_key_is_in_a_backup_and_every_key_is_in_that_of_the_keys(record, places, settings, tmp_path):
    record()
    signed()
    sealed = keys.encrypt("bid", b"secret price", "bid:1")
    secrets = {
        "ring": keys.ring_path().read_text().split()[1],
        "checkpoints": signing.key_path(ORIGIN).read_text().strip(),
        "secret_key": settings.SECRET_KEY,
    }
    backup.write(tmp_path / "b.tar.gz")
    held = b"".join(unpacked(tmp_path / "b.tar.gz").values()) + (tmp_path / "b.tar.gz").read_bytes()
    for secret in secrets.values():
        assert secret.encode() not in held
    backup.write_keys(tmp_path / "k.tar.gz")
    kept = unpacked(tmp_path / "k.tar.gz")
    for secret in secrets.values():
        assert secret.encode() in b"".join(kept.values())
    assert not [name for name in kept if name.endswith((".note", ".lock"))]
    shutil.rmtree(settings.KEYS_DIR)
    call_command("restore", tmp_path / "k.tar.gz", keys=True)
    assert keys.decrypt("bid", sealed, "bid:1") == b"secret price"
    assert stat.S_IMODE(keys.ring_path().stat().st_mode) == 0o600
    assert signing.key(ORIGIN)


def test_a_key_that_is_there_is_never_written_over(record, tmp_path):
    keys.ring()
    backup.write_keys(tmp_path / "k.tar.gz")
    keys.rotate()
    ring = keys.ring_path().read_text()
    with pytest.raises(restoring.NotEmpty, match="ring"):
        restoring.restore_keys(tmp_path / "k.tar.gz")
    assert keys.ring_path().read_text() == ring


def test_keys_among_the_files_are_not_backed_up(record, settings, tmp_path):
    settings.MEDIA_ROOT = settings.VAR_DIR
    with pytest.raises(InvalidInput, match="never go into a backup"):
        backup.write(tmp_path / "b.tar.gz")


def repacked(path, change):
    members = unpacked(path)
    change(members)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def flipped(name):
    def change(members):
        found = next(each for each in members if each.startswith(name))
        content = bytearray(members[found])
        content[len(content) // 2] ^= 1
        members[found] = bytes(content)

    return change


def of_the_manifest(**changes):
    def change(members):
        members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | changes).encode()

    return change


CHANGES = [
    flipped("database"),
    flipped("files/"),
    lambda members: members.pop("files/quotes/a.pdf"),
    lambda members: members.pop("manifest.json"),
    lambda members: members.pop(next(each for each in members if each.startswith("database"))),
    lambda members: members.update({"files/more.pdf": b"more"}),
    lambda members: members.update({"../outside": b"out"}),
    lambda members: members.update({"/outside": b"out"}),
    of_the_manifest(backup=2),
    of_the_manifest(members={}),
    of_the_manifest(kind="else"),
    lambda members: members.update({"manifest.json": b"[]"}),
]


def test_a_changed_archive_is_refused_and_nothing_is_done(archive, places, settings, tmp_path):
    whole = archive.read_bytes()
    places.use(places.make(empty=True))
    for change in [*CHANGES, None]:
        archive.write_bytes(whole if change else whole[:-200])
        if change:
            repacked(archive, change)
        with pytest.raises(CommandError, match="nothing was restored"):
            call_command("restore", archive, yes=True)
        assert connection.introspection.table_names() == []
        assert not settings.MEDIA_ROOT.exists()
        assert not list(tmp_path.rglob("outside"))


def test_a_database_in_use_is_not_written_over(archive, places):
    before = rows()
    with pytest.raises(CommandError, match="--replace" if connection.vendor == "sqlite" else "createdb"):
        call_command("restore", archive, yes=True)
    assert rows() == before


@only_postgresql
def test_not_even_on_demand_on_postgresql(archive, places):
    before = rows()
    with pytest.raises(CommandError, match="createdb"):
        call_command("restore", archive, yes=True, replace=True)
    assert rows() == before


@only_sqlite
def test_what_was_there_is_kept_aside(archive, record, places, settings):
    record(2)
    settings.MEDIA_ROOT.mkdir()
    (settings.MEDIA_ROOT / "new.pdf").write_bytes(b"new")
    restored = restoring.restore(archive, replace=True)
    assert sizes() == {"main": 3}
    database, folder = restored.aside
    with sqlite3.connect(database) as old:
        assert old.execute("SELECT seq FROM ledger_ledgerhead").fetchone() == (5,)
    old.close()
    assert (folder / "new.pdf").read_bytes() == b"new"
    assert not (settings.MEDIA_ROOT / "new.pdf").exists()


@only_sqlite
def test_a_database_that_somebody_has_open_is_left_alone(archive, places):
    other = sqlite3.connect(places.main)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(restoring.NotEmpty, match="Stop the portal"):
        restoring.restore(archive, replace=True)
    other.rollback()
    other.close()
    assert sizes() == {"main": 3}


def test_a_backup_of_the_other_kind_of_database_is_refused(archive, places):
    other = "postgresql" if connection.vendor == "sqlite" else "sqlite"

    def change(members):
        content = members.pop(backup.DATABASE[connection.vendor])
        members[backup.DATABASE[other]] = content
        manifest = json.loads(members["manifest.json"])
        manifest["database"] = other
        manifest["members"][backup.DATABASE[other]] = manifest["members"].pop(backup.DATABASE[connection.vendor])
        members["manifest.json"] = json.dumps(manifest).encode()

    repacked(archive, change)
    places.use(places.make(empty=True))
    with pytest.raises(InvalidInput, match=other):
        restoring.restore(archive)


def test_a_ledger_that_was_tampered_with_is_called_invalid(record, places, tmp_path):
    record(3)
    with triggers.lifted(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_entry SET kind = 'x.y' WHERE seq = 2")
    backup.write(tmp_path / "b.tar.gz")
    places.use(places.make(empty=True))
    with pytest.raises(restoring.NotValid, match="entry 2"):
        restoring.restore(tmp_path / "b.tar.gz")


def test_without_asking_nothing_is_restored(archive, places):
    with pytest.raises(CommandError, match="--yes"):
        call_command("restore", archive)
    assert sizes() == {"main": 3}


@pytest.fixture
def cut(record):
    """Five entries were signed, and the log is put back to three."""
    record(3)
    signed()
    record(2)
    lost = signed()
    with triggers.lifted(connection), connection.cursor() as cursor:
        for table, column in (
            ("ledger_checkpoint", "size"), ("ledger_entryobject", "entry_id"), ("ledger_entry", "seq")
        ):  # fmt: skip
            cursor.execute(f"DELETE FROM {table} WHERE {column} > 3")
        cursor.execute("UPDATE ledger_ledgerhead SET seq = 3, hash = (SELECT hash FROM ledger_entry WHERE seq = 3)")
    return lost


def test_a_backup_older_than_what_was_signed_says_so(archive, record, places, capsys):
    record(2)
    signed()
    places.use(places.make(empty=True))
    with pytest.raises(CommandError, match=f"5 entries of {ORIGIN}.*only 3: 2 entries are missing since 20") as caught:
        call_command("restore", archive, yes=True, json=True)
    assert "--accept-loss" in str(caught.value)
    assert caught.value.returncode == 1
    told = json.loads(capsys.readouterr().out)["losses"]
    assert [(each["entries"], each["signed"], each["missing"]) for each in told] == [(3, 5, 2)]
    assert sizes() == {"main": 3}


def test_a_note_in_the_anchor_folder_tells_as_well_as_the_one_beside_the_key(cut):
    assert [loss.place for loss in losses.find()] == [signing.note_path(ORIGIN)]
    files.publish(file_anchor.path_of(ORIGIN, 5), cut.note, replace=False)
    signing.note_path(ORIGIN).unlink()
    assert [(loss.place, loss.missing) for loss in losses.find()] == [(file_anchor.path_of(ORIGIN, 5), 2)]


def test_a_loss_is_accepted_with_a_reason_and_signing_goes_on(cut, record):
    files.publish(file_anchor.path_of(ORIGIN, 5), cut.note, replace=False)
    with pytest.raises(checkpoints.CannotSign):
        signed()
    with pytest.raises(CommandError, match="reason"):
        call_command("restore", accept_loss=True, reason=" ")
    assert sizes() == {"main": 3}
    call_command("restore", accept_loss=True, reason="the disk burnt")
    entry = Entry.objects.get(kind="ledger.restored")
    assert chain.read(entry)["data"] == {"kept": "3", "size": "5", "root": cut.root, "reason": "the disk burnt"}
    [note] = signing.note_path(ORIGIN).parent.glob("*.lost-3-5")
    assert note.read_text() == cut.note
    assert signed().size == 4
    record(8)
    signed()
    assert losses.find() == [], "the checkpoint that was given up raises no new alarm"
    assert verification.verify().valid
    with pytest.raises(CommandError, match="no loss"):
        call_command("restore", accept_loss=True, reason="again")


def test_other_entries_than_were_signed_are_told_from_missing_ones(cut, record):
    record(4)
    [loss] = losses.find()
    assert loss.missing == 0
    assert "others than were signed" in str(loss)


def test_a_log_that_is_gone_altogether_is_a_loss(record, places):
    record(3)
    signed()
    places.use(places.make())
    [loss] = losses.find()
    assert (loss.origin, loss.kept, loss.missing) == (ORIGIN, 0, 3)


def test_a_note_that_our_key_did_not_sign_is_nothing_to_go_by(record, places):
    record(3)
    signed()
    forged = signing.last_note(ORIGIN).replace("\n3\n", "\n9\n")
    files.publish(file_anchor.path_of(ORIGIN, 9), forged, replace=False)
    assert losses.find() == []


@only_postgresql
def test_without_pg_dump_the_backup_says_what_to_install(record, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(postgresql_programs, "PLACES", ())
    with pytest.raises(Misconfigured, match="pg_dump is not here"):
        backup.write(tmp_path / "b.tar.gz")
    assert list(tmp_path.glob("*.tar.gz")) == []
