"""Everything needed to use Procure on one machine."""

import hashlib
import os
import socket
from importlib import metadata
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from procure.console import watchdog
from procure.console.supervisor import Supervisor, parts


class Command(BaseCommand):
    help = "Prepares the database and the demo tenant, then serves the portal with its worker until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-demo", action="store_true", help="do not load the demo tenant into an empty database")

    def handle(self, *, port, no_demo, **options):
        self._port_must_be_free(port)
        os.environ.setdefault("BASE_URL", f"http://127.0.0.1:{port}")
        self.stderr.write("Preparing the database …")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        self._collect_static()
        if not no_demo:
            call_command("demo", stdout=self.stderr)
        self._refuse_unsound_ledger()
        self._greet(port)
        Supervisor(parts(port), self.stderr.write, watchdog.shipped(port)).run()

    def _port_must_be_free(self, port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError) as error:
                raise CommandError(f"Port {port} cannot be used ({error}). Try  make run PORT=8123") from None

    def _collect_static(self):
        """Only when a package or a file of ours has changed since the last time."""
        own = sorted(
            (str(path), path.stat().st_mtime_ns)
            for folder in (settings.BASE_DIR / "procure",)
            for path in folder.rglob("static/**/*")
            if path.is_file()
        )
        packages = [
            f"{name} {metadata.version(name)}" for name in ("django", "django-unfold", "drf-spectacular-sidecar")
        ]
        stamp = hashlib.sha256(repr((own, packages)).encode()).hexdigest()
        kept = Path(settings.STATIC_ROOT) / "collected"
        if not kept.exists() or kept.read_text() != stamp:
            self.stderr.write("Collecting static files …")
            call_command("collectstatic", interactive=False, verbosity=0)
            kept.write_text(stamp)

    def _refuse_unsound_ledger(self):
        from ledger.soundness import problems

        if found := list(problems()):
            raise CommandError(
                "The ledger is not sound, so the portal does not start:\n  "
                + "\n  ".join(str(each) for each in found)
                + "\nAsk `manage.py ledger verify` what is wrong, and restore the database from a backup."
            )

    def _greet(self, port):
        from procure.demo.cast import sign_ins

        self.stdout.write(f"\nProcure answers at http://127.0.0.1:{port}/\n")
        for username, role, password in sign_ins():
            self.stdout.write(f"  {username:<8} {password}   {role}")
        self.stdout.write("\nCtrl-C stops it.\n")
        self.stdout.flush()
