"""The shell around every staff page: mark, colours and navigation, as Unfold takes them."""

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

# Warm greys and one deep teal. The same scale, by meaning, is in static/console/tokens.css.
WARM = {
    "50": "oklch(98.4% .003 85)",
    "100": "oklch(96.4% .005 85)",
    "200": "oklch(91.5% .006 85)",
    "300": "oklch(86% .008 85)",
    "400": "oklch(69.5% .01 78)",
    "500": "oklch(51% .012 75)",
    "600": "oklch(42% .012 70)",
    "700": "oklch(35% .011 65)",
    "800": "oklch(27% .008 65)",
    "900": "oklch(20.5% .004 60)",
    "950": "oklch(15% .004 60)",
}
TEAL = {
    "50": "oklch(97.6% .014 192)",
    "100": "oklch(95.6% .024 192)",
    "200": "oklch(90% .046 192)",
    "300": "oklch(84% .08 191)",
    "400": "oklch(77% .09 192)",
    "500": "oklch(72% .095 193)",
    "600": "oklch(44% .078 197)",
    "700": "oklch(37% .068 198)",
    "800": "oklch(32% .056 198)",
    "900": "oklch(28% .035 196)",
    "950": "oklch(22% .03 198)",
}


def asset(path: str):
    """A static file's address, asked for when a page is made: the manifest is not there at import."""
    return lambda request: static(path)


UNFOLD = {
    "SITE_TITLE": "Procure",
    "SITE_HEADER": "Procure",
    "SITE_SUBHEADER": "procure.console.navigation.entity_name",
    "SITE_URL": reverse_lazy("console:home"),
    "SITE_ICON": asset("console/mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": asset("console/mark.svg")}],
    "SITE_DROPDOWN": [
        {"icon": "home", "title": _("Home"), "link": reverse_lazy("console:home")},
        {"icon": "table_view", "title": _("All tables"), "link": reverse_lazy("admin:index")},
        {"icon": "api", "title": _("API"), "link": reverse_lazy("api:docs")},
    ],
    "ENVIRONMENT": "procure.console.navigation.environment",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "BORDER_RADIUS": "6px",
    "COLORS": {"base": WARM, "primary": TEAL},
    "STYLES": [asset("console/tokens.css"), asset("console/shell.css"), asset("console/parts.css")],
    "SCRIPTS": [asset("console/console.js")],
    "COMMAND": {
        "search_models": ["vendors.Vendor", "vendors.Item", "contracts.Contract", "ledger.Person"],
        "show_history": True,
        "search_callback": "procure.console.navigation.found",
    },
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": "procure.console.navigation.sidebar",
    },
    "ACCOUNT": {"navigation": "procure.console.navigation.account_links"},
}
