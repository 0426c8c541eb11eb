"""A real cluster whose queue rows are deleted, doubled and made unreadable, under another key: plans finish."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
PLANS = 6
PREPARE = """
import django; django.setup()
from django.core.management import call_command
call_command("createcachetable", verbosity=0)
from ledger import chain
from ledger.models import LegalEntity
head = chain.begin("main", origin="procure.example/hq")
LegalEntity.objects.create(
    code="HQ", name="Headquarters", base_currency="USD", country="US", time_zone="UTC", log=head
)
"""
#: Each request rings the bell, and its plan is started by who answers. After each round the queue's rows are spoilt.
ASK = """
import django, json, sys; django.setup()
from django.db import connection
from ledger.actors import Actor
from ledger.models import LegalEntity, Person
from ledger.rights import Role
from procure import requisitions
from tests.cast import make_person
entity = LegalEntity.objects.get()
rita = Person.objects.filter(username="rita").first() or make_person("rita", Role.REQUESTER, entity=entity)
for statements in json.loads(sys.argv[2]):
    for _ in range(int(sys.argv[1])):
        requisitions.capture(words="10 packs of aspirin for Nigeria", actor=Actor.human(rita), entity=entity)
    for each in statements:
        connection.cursor().execute(each)
"""
#: What may be done to the queue's rows between two rounds.
SPOIL = {
    "deleted": ["DELETE FROM django_q_ormq"],
    "doubled": ["INSERT INTO django_q_ormq (key, payload, lock) SELECT key, payload, lock FROM django_q_ormq"],
    "unreadable": ["UPDATE django_q_ormq SET payload = 'spoilt'"],
    "locked for ever": ["UPDATE django_q_ormq SET lock = '2999-01-01 00:00:00' WHERE payload <> 'spoilt'"],
}


@pytest.fixture
def portal(tmp_path, private_database):
    environment = os.environ | private_database
    environment |= {"PROCURE_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "procure.settings"}
    return environment


def run(environment, *arguments):
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def running(environment, *commands):
    processes = [
        subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    try:
        yield processes
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def settled(rows, number):
    """Each plan's first step has acted once and waits for an answer, which nobody gives here."""

    def look():
        begun = rows("SELECT count(*) FROM agents_step WHERE attempts > 0")
        open_still = rows("SELECT count(*) FROM agents_step WHERE status IN ('ready', 'running')")
        if begun != [(number,)] or open_still != [(0,)]:
            return False
        ends = rows("SELECT number, outcome, count(*) FROM agents_stepattempt GROUP BY number, outcome")
        assert ends == [(1, "waits", number)]
        return True

    return look


@pytest.mark.faults
def test_whatever_happens_to_the_rows_no_plan_is_lost_and_none_runs_twice(portal, private_rows):
    run(portal, "-c", PREPARE + ASK, str(PLANS), json.dumps(list(SPOIL.values())))
    changed = portal | {"SECRET_KEY": "another key than the one that signed the rows"}
    with running(changed, ["sweep", "--loop"], ["qcluster"]):
        until(settled(private_rows, PLANS * len(SPOIL)))
        run(changed, "-c", ASK, str(PLANS), "[[]]")
        until(settled(private_rows, PLANS * (len(SPOIL) + 1)))
        until(lambda: private_rows("SELECT count(*) FROM django_q_ormq WHERE payload = 'spoilt'") == [(0,)])
