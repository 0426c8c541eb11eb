from django.apps import AppConfig


class ProcureConfig(AppConfig):
    """What is bought."""

    name = "procure"
    label = "procure"
    verbose_name = "Procurement"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ledger import anchors, command, doorbell, erasure, outbox, replay
        from procure import commands
        from procure.erp import registration

        for each, handler in (
            (commands.RaiseRequisition, "raise_requisition"),
            (commands.WithdrawRequisition, "withdraw_requisition"),
            (commands.InviteSuppliers, "invite_suppliers"),
            (commands.CancelEvent, "cancel_event"),
            (commands.AwardEvent, "award_event"),
            (commands.RevokeAward, "revoke_award"),
            (commands.IssueOrder, "issue_order"),
            (commands.ChangeOrder, "change_order"),
            (commands.CancelOrder, "cancel_order"),
            (commands.ChangeBudget, "change_budget"),
        ):
            command.register(each, handler=f"procure.handlers.{handler}")
        doorbell.register("events", answerer="procure.sourcing.events.answer", due="procure.sourcing.events.due")
        doorbell.register("bids", answerer="procure.sourcing.expiry.answer", due="procure.sourcing.expiry.due")
        outbox.register("mail", path="procure.messages.sender", in_order=False)
        anchors.register("erp")
        anchors.register("supplier-page")
        registration.register()
        erasure.register("procure", path="procure.erasers")
        for kind, rows in (
            ("requisition", "requisitions"),
            ("event", "events"),
            ("bid", "bids"),
            ("notice", "notices"),
            ("award", "awards"),
            ("order", "orders"),
            ("budget", "budgets"),
            ("commitment", "commitments"),
        ):
            replay.register(
                kind, reduce=f"procure.reducers.{kind}", live=f"procure.live.{rows}", per_entity=kind == "budget"
            )
