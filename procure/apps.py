from django.apps import AppConfig


class ProcureConfig(AppConfig):
    """What is bought."""

    name = "procure"
    label = "procure"
    verbose_name = "Procurement"
    default_auto_field = "django.db.models.BigAutoField"
