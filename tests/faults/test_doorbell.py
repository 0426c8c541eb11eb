"""A real cluster whose queue rows are deleted, doubled and made unreadable, under another key: plans finish."""

import contextlib
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
for name in ("migrate", "createcachetable"): call_command(name, verbosity=0)
from agents import templates
from ledger import chain
from ledger.actors import Actor
from ledger.models import LegalEntity
head = chain.begin("main", origin="procure.example/hq")
entity = LegalEntity.objects.create(
    code="HQ", name="Headquarters", base_currency="USD", country="US", time_zone="UTC", log=head
)
steps = [{"key": "understand", "role": "intake"}]
templates.publish(
    name="read", definition={"title": "Read", "subject": "requisition", "steps": steps},
    actor=Actor.system("tests"), entity=entity,
)
"""
START = """
import django, sys; django.setup()
from django.db import transaction
from agents import plans
from agents.models import PlanTemplate
from ledger import doorbell
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.models import LegalEntity
from ledger.rights import Role
from procure import requisitions
from tests.cast import make_person
from ledger.models import Person
entity = LegalEntity.objects.get()
rita = Person.objects.filter(username="rita").first() or make_person("rita", Role.REQUESTER, entity=entity)
for number in range(int(sys.argv[1])):
    asked = requisitions.capture(words="10 packs of aspirin for Nigeria", actor=Actor.human(rita), entity=entity)
    with transaction.atomic():
        plans.start(
            template=PlanTemplate.objects.get(name="read"), subject=ObjectRef("requisition", asked.reference),
            entity=entity, actor=Actor.system("tests"),
        )
        doorbell.ring("started")
"""
#: What may be done to the queue's rows between two rounds.
SPOIL = {
    "deleted": ["DELETE FROM django_q_ormq"],
    "doubled": ["INSERT INTO django_q_ormq (key, payload, lock) SELECT key, payload, lock FROM django_q_ormq"],
    "unreadable": ["UPDATE django_q_ormq SET payload = 'spoilt'"],
    "locked for ever": ["UPDATE django_q_ormq SET lock = '2999-01-01 00:00:00'"],
}


@pytest.fixture
def portal(tmp_path, private_database):
    environment = os.environ | private_database
    environment |= {"PROCURE_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "procure.settings"}
    run(environment, "-c", PREPARE)
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
    """Each plan's only step has begun and no longer runs, and none began twice."""

    def look():
        [(begun, twice, open_still)] = rows(
            "SELECT count(CASE WHEN attempts > 0 THEN 1 END), count(CASE WHEN attempts > 1 THEN 1 END),"
            " count(CASE WHEN status IN ('ready', 'running') THEN 1 END) FROM agents_step"
        )
        assert twice == 0
        return begun == number and not open_still

    return look


@pytest.mark.faults
def test_whatever_happens_to_the_rows_no_plan_is_lost_and_none_runs_twice(portal, private_rows):
    for statements in SPOIL.values():
        run(portal, "-c", START, str(PLANS))
        for each in statements:
            private_rows(each)
    changed = portal | {"SECRET_KEY": "another key than the one that signed the rows"}
    with running(changed, ["sweep", "--loop"], ["qcluster"]):
        until(settled(private_rows, PLANS * len(SPOIL)))
        run(changed, "-c", START, str(PLANS))
        until(settled(private_rows, PLANS * (len(SPOIL) + 1)))
        until(lambda: private_rows("SELECT count(*) FROM django_q_ormq WHERE payload = 'spoilt'") == [(0,)])
