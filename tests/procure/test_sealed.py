"""Before the opening nobody reads a price: not in a table, not in a page, not in a file."""

from __future__ import annotations

import gzip
import io
import re
import zipfile

import pytest
from django.apps import apps
from django.db import connection
from django.urls import NoReverseMatch, reverse

from procure.models import Bid, BidVersion, Invitation, OpenedBid, OpenedBidLine, SourcingEvent
from procure.sourcing import bids
from tests.procure.market import invitation, reach_deadline, submit

PRICE, DRAFT, REMARK = "73519.2846", "64820.1937", "zyxwvut-remark"
SHOWN = [SourcingEvent, Invitation, Bid, BidVersion, OpenedBid, OpenedBidLine]


def dump() -> bytes:
    """Every column of every table, as bytes."""
    out = io.BytesIO()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                for each in row:
                    out.write(bytes(each) if isinstance(each, bytes | memoryview) else str(each).encode())
                    out.write(b"\n")
    return out.getvalue()


def unpacked(body: bytes) -> bytes:
    """With what is inside archives (XLSX) and compressed answers."""
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return b"".join(archive.read(name) for name in archive.namelist())
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


@pytest.fixture
def sealed(event):
    submit(event, 1, PRICE, line={"remarks": REMARK})
    bids.save_draft(invitation(event, 2), {"lines": [{"line": "1", "unit_price": DRAFT}]})
    return event


def figure(price: str) -> bytes:
    """A pattern of `price`, grouped or not, with or without decimals.

    It stands alone: five digits in a row also turn up inside random keys and digests.
    """
    whole, decimals = price.split(".")
    gap = "(?:[,.' ]|\N{NO-BREAK SPACE}|\N{NARROW NO-BREAK SPACE})?"
    return f"(?<![0-9A-Za-z]){whole[:-3]}{gap}{whole[-3:]}(?:[.,]?{decimals})?(?![0-9A-Za-z])".encode()


SECRETS = {PRICE: figure(PRICE), DRAFT: figure(DRAFT), REMARK: REMARK.encode()}


def found_in(body: bytes) -> list[str]:
    return [secret for secret, pattern in SECRETS.items() if re.search(pattern, body)]


@pytest.mark.parametrize(
    "seen", ["73519.2846", "73519", "73519.28", "73,519.28", "73\u202f519,28", "735192846", REMARK]
)
def test_a_figure_is_found_however_it_is_written(seen):
    assert found_in(f'price="{seen}"'.encode()) == [REMARK if seen == REMARK else PRICE]


@pytest.mark.parametrize("chance", ["9f73519a", "07:12:01.273519+00:00", "735190"])
def test_the_same_digits_inside_a_key_are_no_find(chance):
    assert found_in(chance.encode()) == []


def test_no_table_holds_a_value_before_the_opening_and_all_of_them_after(sealed):
    assert found_in(dump()) == []
    reach_deadline(sealed)
    assert REMARK.encode() in dump()
    assert DRAFT.encode() not in dump()


def test_no_history_table_holds_a_value(sealed):
    names = [each._meta.db_table for each in apps.get_models() if each.__name__.startswith("Historical")]
    assert names
    assert not [each for each in names if "bid" in each]


@pytest.fixture
def signed_in(client, ben):
    client.force_login(ben)
    return client


@pytest.mark.parametrize("model", SHOWN, ids=lambda each: each.__name__)
def test_no_page_search_or_export_of_the_admin_shows_one(sealed, signed_in, model):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    pages = [signed_in.get(reverse(f"{name}_changelist"))]
    pages += [signed_in.get(reverse(f"{name}_changelist"), {"q": each}) for each in (PRICE, REMARK, "VEN-001", "RFQ")]
    for row in model.objects.all():
        pages.append(signed_in.get(reverse(f"{name}_change", args=[row.pk])))
        try:
            pages.append(signed_in.get(reverse(f"{name}_history", args=[row.pk])))
        except NoReverseMatch:
            continue
    for kind in range(3):
        pages.append(signed_in.post(reverse(f"{name}_export"), {"format": kind, **exported(model)}))
    assert all(each.status_code in (200, 302) for each in pages)
    for page in pages:
        body = unpacked(page.content)
        for searched in (PRICE, REMARK):
            # It stands in the search box, and in links that keep the search.
            body = body.replace(f'value="{searched}"'.encode(), b"").replace(f"q={searched}".encode(), b"")
        assert found_in(body) == [], page.request


def exported(model) -> dict[str, str]:
    fields = [each.name for each in model._meta.fields]
    return {"resource": "", **{f"{model.__name__.lower()}resource_{each}": "on" for each in fields}}


def test_what_a_file_of_bids_holds_is_no_ciphertext(sealed, signed_in):
    for model in (Bid, BidVersion):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        body = signed_in.post(reverse(f"{name}_export"), {"format": 0, **exported(model)}).content
        assert b"ciphertext" not in body


def test_staff_reach_no_own_quote_without_the_suppliers_token(sealed, ben):
    assert Invitation.objects.filter(token_hash=None).count() == 2
