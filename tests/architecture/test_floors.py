"""The laws of the house: imports point down, and so do relations between rows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {"ledger": 0, "vendors": 1, "contracts": 2, "procure": 3, "approvals": 4, "agents": 5}
LINTER = Path(sys.executable).with_name("lint-imports")


def linted(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--config", str(ROOT / "pyproject.toml"), "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        check=False,
    )


def test_every_import_points_down():
    done = linted(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


PLANTED = {
    "Floors": ("ledger/journal.py", "import vendors.models\n"),
    "Procure: every file": ("procure/loft.py", ""),
    "One door out": ("procure/console/shell.py", "import procure.handlers\n"),
    "Agents only propose": ("agents/engine.py", "import approvals.decisions\n"),
    "Proposals decide nothing": ("approvals/proposals.py", "import approvals.execution\n"),
    "Authority is issued": ("procure/console/desk.py", "from ledger import granting\n"),
    "Authority is spent": ("approvals/decisions.py", "from ledger.spending import spending\n"),
    "Imports: only": ("procure/console/understanding.py", "from ledger.importing import importing\n"),
    "In force: only": ("approvals/execution.py", "from ledger.holding import holding\n"),
}


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_fault_breaks_its_contract(contract, tmp_path):
    for app in FLOORS:
        for source in (ROOT / app).rglob("*.py"):
            copy = tmp_path / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(source.read_text())
    path, line = PLANTED[contract]
    target = tmp_path / path
    target.write_text((target.read_text() if target.exists() else "") + line)
    done = linted(tmp_path)
    assert done.returncode != 0
    broken = [row for row in done.stdout.splitlines() if row.rstrip().endswith("BROKEN")]
    assert any(contract in row for row in broken) or contract in done.stdout + done.stderr, done.stdout + done.stderr


def test_no_relation_points_to_a_higher_floor():
    upward = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for label, floor in FLOORS.items()
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.get_fields()
        if field.concrete
        and field.is_relation
        and field.related_model is not None
        and FLOORS.get(field.related_model._meta.app_label, -1) > floor
    ]
    assert upward == []


def test_no_generic_relations():
    assert not [
        model._meta.label
        for label in FLOORS
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.private_fields
        if type(field).__name__.startswith("Generic")
    ]


def governed_tables():
    from django.db.migrations.loader import MigrationLoader

    from ledger.governed import Protect

    migrations = MigrationLoader(None).disk_migrations.values()
    return [each.table for migration in migrations for each in migration.operations if isinstance(each, Protect)]


def test_every_governed_row_carries_its_legal_entity_or_belongs_to_one_that_does():
    by_table = {model._meta.db_table: model for label in FLOORS for model in apps.get_app_config(label).get_models()}
    tables = governed_tables()
    assert len(tables) >= 8

    def carries(model) -> bool:
        fields = {field.name: field for field in model._meta.get_fields() if field.concrete}
        owners = [
            field.related_model
            for field in fields.values()
            if field.many_to_one and field.related_model._meta.db_table in tables and field.related_model is not model
        ]
        return "entity" in fields or any(carries(owner) for owner in owners)

    assert [table for table in tables if not carries(by_table[table])] == []


ROOF = ("procure/console", "procure/portal", "procure/api", "procure/demo", "procure/settings.py", "procure/urls.py")
DOTTED = re.compile(r"""["']((?:vendors|contracts|procure|approvals|agents)(?:\.\w+)+)["']""")


def names_a_module(dotted: str) -> bool:
    place = ROOT.joinpath(*dotted.split(".")[:2])
    return place.is_dir() or place.with_suffix(".py").exists()


def test_dotted_paths_in_code_point_down():
    """Handlers, answerers and senders are named by string: a string must not climb either."""
    climbing, seen = [], 0
    for app, floor in FLOORS.items():
        for source in (ROOT / app).rglob("*.py"):
            relative = source.relative_to(ROOT).as_posix()
            if relative.startswith(ROOF):
                continue
            targets = [each for each in DOTTED.findall(source.read_text()) if names_a_module(each)]
            seen += len(targets)
            climbing += [f"{relative}: {each}" for each in targets if FLOORS[each.split(".")[0]] > floor]
    assert seen > 10
    assert climbing == []
