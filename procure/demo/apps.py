from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demo tenant and its stories."""

    name = "procure.demo"
    label = "demo"
    verbose_name = "Demo tenant"
    default_auto_field = "django.db.models.BigAutoField"
