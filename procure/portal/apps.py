from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The supplier portal."""

    name = "procure.portal"
    label = "portal"
    verbose_name = "Supplier portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from procure.portal.logs import hide_links

        hide_links()
