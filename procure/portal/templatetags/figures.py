"""Figures of the supplier's page: thin spaces between thousands and a point, so that none is taken for the other."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def figure(value: Decimal | int, places: int | None = None) -> str:
    """`12 400.50`; with `places`, at least so many decimals. Never rounded."""
    plain = f"{Decimal(value).normalize():f}"
    whole, _point, rest = plain.partition(".")
    grouped = f"{int(whole):,}".replace(",", "\u202f")
    rest = rest.ljust(places or 0, "0")
    return f"{grouped}.{rest}" if rest else grouped


@register.filter
def plain(value: Decimal) -> str:
    """For scripts and inputs: digits and a point."""
    return f"{Decimal(value).normalize():f}"
