"""Kill -9 of everything while a step is at work: from the command that starts the worker again to the step's new end.

The victim, the cluster and the sweeper are real processes; the time limit is that of the plan engine's issue, for which
DBOS needs 1.6 to 1.8 s. Modules are compiled beforehand, as in any installation.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator

from agents import plans, templates
from agents.models import Plan, PlanTemplate, StepAttempt
from ledger import chain
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.models import LegalEntity, Person
from ledger.rights import Role
from procure import requisitions
from procure.console import supervisor
from procure.console.supervisor import Part
from tests.bench.rows import Row
from tests.cast import make_person

RUNS, LIMIT, PATIENCE = 12, 0.8, 60.0
WORDS = "We need 2,000 packs of Lamivudine/Zidovudine 150/300mg tablets for Nigeria by mid September, budget 20k USD"
VICTIM = """
import sys, django; django.setup()
from agents import leases
from agents.models import Step
assert leases.claim(Step.objects.select_related("plan").get(plan__reference=sys.argv[1]), timeout=600)
print("at work", flush=True); sys.stdin.read()
"""
COMMANDS = (["sweep", "--loop"], ["qcluster"])


def rows() -> Iterator[Row]:
    head = chain.begin("main", origin="procure.example/bench")
    entity, _ = LegalEntity.objects.get_or_create(
        code="RESTART", defaults={"name": "Restart", "base_currency": "USD", "log": head}
    )
    person = make_person("bench", Role.REQUESTER, entity=entity)
    template = templates.publish(
        name="restart",
        definition={"title": "Read", "subject": "requisition", "steps": [{"key": "understand", "role": "intake"}]},
        actor=Actor.system("bench"),
        entity=entity,
    )
    with tempfile.TemporaryDirectory(prefix="procure-bench-") as compiled:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        environment = {"PYTHONPYCACHEPREFIX": compiled, "LOG_LEVEL": "CRITICAL"}
        begun = [start(template, person) for _ in range(RUNS + 1)]
        # The first run compiles the modules.
        seconds = [resumed(plan, environment) for plan in begun][1:]
        whole = statistics.median(loaded(environment) for _ in range(RUNS))
    wait = statistics.median(seconds)
    yield Row(
        f"kill -9 of all, restart, first resumed step, median of {RUNS} (limit; DBOS 1.6-1.8 s)",
        f"{wait:.2f} s",
        f"{LIMIT} s",
        wait / LIMIT,
    )
    yield Row("the same (only loading every app, alone)", f"{wait:.2f} s", f"{whole:.2f} s", wait / whole)
    yield Row("the same, slowest (limit)", f"{max(seconds):.2f} s", f"{LIMIT} s", max(seconds) / LIMIT)


def loaded(environment: dict[str, str]) -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "import django; django.setup()"], env=os.environ | environment, check=True)
    return time.monotonic() - begun


def start(template: PlanTemplate, person: Person) -> Plan:
    asked = requisitions.capture(words=WORDS, actor=Actor.human(person), entity=person.entity)
    plan = plans.start(
        template=template,
        subject=ObjectRef("requisition", asked.reference),
        entity=person.entity,
        actor=Actor.system("bench"),
    )
    # One at a time: the others wait for their turn.
    plan.steps.update(status="pending")
    return plan


def resumed(plan: Plan, environment: dict[str, str]) -> float:
    plan.steps.update(status="ready")
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, plan.reference],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    victim.stdout.readline()
    victim.kill()
    victim.wait()
    begun = time.monotonic()
    children = [
        Part(command[0], [sys.executable, "manage.py", *command], environment=environment) for command in COMMANDS
    ]
    starting = threading.Thread(target=supervisor.start, args=(children,))
    starting.start()
    try:
        while not StepAttempt.objects.filter(step__plan=plan, number=2, ended_at__isnull=False).exists():
            if time.monotonic() - begun > PATIENCE:
                raise SystemExit(f"{plan.reference} was not resumed")
            time.sleep(0.01)
        return time.monotonic() - begun
    finally:
        starting.join()
        for each in children:
            each.signal(signal.SIGKILL, group=True)
            each.process.wait()
