"""The shell around every staff page: mark, colours and navigation, as Unfold takes them."""

UNFOLD = {
    "SITE_TITLE": "Procure",
    "SITE_HEADER": "Procure",
}
