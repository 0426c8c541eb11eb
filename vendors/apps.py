from django.apps import AppConfig


class VendorsConfig(AppConfig):
    """Who sells and what is sold."""

    name = "vendors"
    label = "vendors"
    verbose_name = "Vendors"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ledger import command, doorbell, erasure, replay
        from vendors import commands

        command.register(commands.QualifyVendor, handler="vendors.handlers.qualify_vendor")
        command.register(commands.WithdrawQualification, handler="vendors.handlers.withdraw_qualification")
        command.register(commands.BlockVendor, handler="vendors.handlers.block_vendor")
        command.register(commands.UnblockVendor, handler="vendors.handlers.unblock_vendor")
        command.register(commands.ChangeBankDetails, handler="vendors.handlers.change_bank_details")
        command.register(commands.WithdrawBankDetails, handler="vendors.handlers.withdraw_bank_details")
        doorbell.register("bank details", answerer="vendors.bank_details.answer", due="vendors.bank_details.due")
        erasure.register("vendors", path="vendors.erasers")
        replay.register("vendor", reduce="vendors.reducers.vendor", live="vendors.live.vendors")
        replay.register("bank_details", reduce="vendors.reducers.bank_details", live="vendors.live.all_bank_details")
