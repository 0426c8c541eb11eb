"""Where an object of the ledger's words has its page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

PAGES = {
    "requisition": "console:requisition",
    "event": "console:event",
    "order": "console:order",
    "proposal": "console:proposal",
    "plan": "console:plan",
    "template": "console:template",
    "notice": "console:notice",
    "source": "console:source",
    "job": "console:job",
}
LISTS = {
    "performance": "admin:vendors_vendor_changelist",
    "benchmark": "admin:vendors_item_changelist",
    "delivery": "admin:vendors_delivery_changelist",
    "contract_price": "admin:contracts_contract_changelist",
    "stock": "admin:procure_stocklevel_changelist",
    "exchange_rate": "admin:procure_exchangerate_changelist",
    "vendor": "admin:vendors_vendor_changelist",
    "item": "admin:vendors_item_changelist",
    "contract": "admin:contracts_contract_changelist",
    "award": "admin:procure_award_changelist",
    "budget": "admin:procure_budget_changelist",
    "effect": "admin:ledger_effect_changelist",
    "policy": "admin:approvals_policyversion_changelist",
    "bounds": "admin:approvals_bounds_changelist",
    "person": "admin:ledger_person_changelist",
}


def address(kind: str, key: str) -> str:
    """The object's page, a list that finds it, or nothing."""
    try:
        if kind == "triggers":
            return reverse("console:triggers")
        if kind in PAGES:
            return reverse(PAGES[kind], args=[key])
        if kind == "step":
            plan, _slash, step = key.partition("/")
            return f"{reverse('console:plan', args=[plan])}?{urlencode({'step': step})}"
        if kind in LISTS:
            return f"{reverse(LISTS[kind])}?{urlencode({'q': key.split('/')[0]})}"
    except NoReverseMatch:
        return ""
    return ""
