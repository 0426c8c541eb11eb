"""The laws of the house: imports point down, and so do relations between rows."""

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


def test_every_governed_row_carries_its_legal_entity():
    from ledger import governed

    missing = []
    by_table = {model._meta.db_table: model for label in FLOORS for model in apps.get_app_config(label).get_models()}
    for table in governed.declared():
        model = by_table[table]
        fields = {field.name for field in model._meta.get_fields()}
        owned = any(table.endswith(part) for part in ("version", "line", "price", "commitment"))
        if "entity" not in fields and not owned:
            missing.append(table)
    assert missing == []


def test_dotted_paths_in_code_point_down():
    """Handlers, answerers and senders are named by string: a string must not climb either."""
    import re

    climbing = []
    for app, floor in FLOORS.items():
        for source in (ROOT / app).rglob("*.py"):
            relative = source.relative_to(ROOT).as_posix()
            if relative.startswith(
                ("procure/console", "procure/portal", "procure/api", "procure/demo")
            ) or relative in (
                "procure/settings.py",
                "procure/urls.py",
            ):
                continue
            for target in re.findall(
                r"""["']((?:vendors|contracts|procure|approvals|agents)\.[a-z_]+\.?[\w.]*)["']""", source.read_text()
            ):
                if FLOORS[target.split(".")[0]] > floor:
                    climbing.append(f"{relative}: {target}")
    assert climbing == []
