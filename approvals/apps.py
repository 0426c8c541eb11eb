from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Who decides."""

    name = "approvals"
    label = "approvals"
    verbose_name = "Approvals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from approvals import commands
        from ledger import command, doorbell, erasure, replay, switches

        command.register(commands.PublishPolicy, handler="approvals.handlers.publish_policy")
        command.register(commands.AdjustBounds, handler="approvals.handlers.adjust_bounds")
        switches.register("proposals", scopes="approvals.limits.scopes_of")
        doorbell.register("clerk", answerer="approvals.clerk.answer", due="approvals.clerk.due")
        erasure.register("approvals", path="approvals.erasers")
        replay.register("proposal", reduce="approvals.reducers.proposal", live="approvals.live.proposals")
        for kind, rows in (("policy", "policies"), ("bounds", "bounds")):
            replay.register(kind, reduce=f"approvals.reducers.{kind}", live=f"approvals.live.{rows}", per_entity=True)
