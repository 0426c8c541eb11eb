from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ground: what happened, who, whose books, and the way out."""

    name = "ledger"
    label = "ledger"
    verbose_name = "Ledger"
    default_auto_field = "django.db.models.BigAutoField"
