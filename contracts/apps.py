from django.apps import AppConfig


class ContractsConfig(AppConfig):
    """What was agreed."""

    name = "contracts"
    label = "contracts"
    verbose_name = "Contracts"
    default_auto_field = "django.db.models.BigAutoField"
