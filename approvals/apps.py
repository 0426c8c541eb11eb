from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Who decides."""

    name = "approvals"
    label = "approvals"
    verbose_name = "Approvals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from approvals import commands
        from ledger import command, doorbell, erasure

        command.register(commands.PublishPolicy, handler="approvals.handlers.publish_policy")
        command.register(commands.AdjustBounds, handler="approvals.handlers.adjust_bounds")
        doorbell.register("clerk", answerer="approvals.clerk.answer", due="approvals.clerk.due")
        erasure.register("approvals", erase="approvals.erasers.erase", find="approvals.erasers.find")
