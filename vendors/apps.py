from django.apps import AppConfig


class VendorsConfig(AppConfig):
    """Who sells and what is sold."""

    name = "vendors"
    label = "vendors"
    verbose_name = "Vendors"
    default_auto_field = "django.db.models.BigAutoField"
