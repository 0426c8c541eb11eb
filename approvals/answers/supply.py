"""The suppliers and the prices: status, certificates, contract, benchmark, lead time, lateness."""

from __future__ import annotations

from decimal import Decimal

from approvals.answers.money import one_of
from approvals.matter import Matter, PricedLine
from approvals.vocabulary import VENDOR_STATUSES, Answer, Known, NotApplicable, Uncomputable, number
from ledger.money import Money
from vendors import performance, queries
from vendors.models import Certificate

NO_PRICES = NotApplicable("nothing is bought at a price")


def category(matter: Matter) -> Answer:
    return one_of(_categories(matter), "no items")


def categories(matter: Matter) -> Answer:
    return Known(_categories(matter), "categories of the items")


def _categories(matter: Matter) -> tuple[str, ...]:
    named = [each.category for each in matter.subjects if each.category]
    return tuple(dict.fromkeys([*named, *(item.category.code for item in matter.items)]))


def vendor_status(matter: Matter) -> Answer:
    if not matter.vendor_keys:
        return NotApplicable("no supplier is touched")
    if missing := _unknown(matter):
        return Uncomputable(missing)
    worst = max((vendor.status for vendor in matter.vendors), key=VENDOR_STATUSES.index)
    return Known(worst, ", ".join(f"{vendor.key} {vendor.status}" for vendor in matter.vendors))


def vendor_statuses(matter: Matter) -> Answer:
    if missing := _unknown(matter):
        return Uncomputable(missing)
    return Known(tuple(vendor.status for vendor in matter.vendors), "one for each supplier touched")


def vendor_count(matter: Matter) -> Answer:
    return number(len(matter.vendor_keys), "suppliers named by the commands")


def _unknown(matter: Matter) -> str:
    missing = set(matter.vendor_keys) - {vendor.key for vendor in matter.vendors}
    return f"not known here: {', '.join(sorted(missing))}" if missing else ""


def certificates_valid(matter: Matter) -> Answer:
    if not matter.vendor_keys:
        return NotApplicable("no supplier is touched")
    run_out = Certificate.objects.filter(vendor__in=matter.vendors, valid_until__lt=matter.today)
    names = [f"{each.kind} of {each.vendor.key}" for each in run_out.select_related("vendor")[:5]]
    return Known(not names, f"run out: {', '.join(names)}" if names else "none on file has run out")


def contract_covered(matter: Matter) -> Answer:
    if not matter.priced_lines:
        return NO_PRICES
    pairs = zip(matter.priced_lines, matter.agreed_prices, strict=True)
    bare = [line.item or "free text" for line, agreed in pairs if agreed is None]
    return Known(not bare, f"no contract price for {', '.join(bare[:5])}" if bare else "all lines are under contract")


def price_vs_contract_pct(matter: Matter) -> Answer:
    if not matter.priced_lines:
        return NO_PRICES
    gaps = [
        (_gap(matter, line, agreed.unit_price, agreed.currency), f"{line.item} against {agreed.contract}")
        for line, agreed in zip(matter.priced_lines, matter.agreed_prices, strict=True)
        if agreed is not None
    ]
    return number(*max(gaps)) if gaps else NotApplicable("no line is under contract")


def price_vs_benchmark_pct(matter: Matter) -> Answer:
    if not matter.priced_lines:
        return NO_PRICES
    gaps = []
    for line in matter.priced_lines:
        known = queries.benchmark(line.item) if line.item else None
        if known is None or not known.median:
            return Uncomputable(f"nothing is known of earlier prices of {line.item or 'a free-text line'}")
        gap = _gap(matter, line, known.median, known.currency)
        gaps.append((gap, f"{line.item} against the median of {known.rows} deliveries"))
    return number(*max(gaps))


def _gap(matter: Matter, line: PricedLine, reference: Decimal, currency: str) -> Decimal:
    """In percent. Prices in different currencies meet in the base currency."""
    if line.currency == currency:
        price = line.unit_price
    else:
        price = matter.in_base(Money(line.unit_price, line.currency))
        reference = matter.in_base(Money(reference, currency))
    return (price - reference) / reference * 100


def lead_time_days(matter: Matter) -> Answer:
    if not matter.priced_lines:
        return NO_PRICES
    dates = [line.delivery_date for line in matter.priced_lines]
    if not any(dates):
        return Uncomputable("no line has a delivery date")
    last = max(each for each in dates if each)
    return number((last - matter.today).days, f"until {last:%Y-%m-%d}")


def late_risk(matter: Matter) -> Answer:
    if not matter.prices:
        return NO_PRICES
    if not matter.vendor_keys:
        return Uncomputable("no supplier is named")
    risks = [
        (performance.figures(key, as_of=matter.today).late_probability, f"{key}, from its deliveries")
        for key in matter.vendor_keys
    ]
    return number(*max(risks))
