from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The staff portal."""

    name = "procure.console"
    label = "console"
    verbose_name = "Staff portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ledger import jobs
        from procure.console import checks  # noqa: F401  importing registers them

        jobs.register("import", run="procure.console.importing.run", right="tenant.import", typed=["name"])
        jobs.register("plans", run="procure.console.bulk.run", right="plan.manage", typed=["reason"])
