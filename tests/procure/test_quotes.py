"""What a quote may say: one reading only, or a refusal that tells how to write it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.command import canonical
from ledger.errors import InvalidInput
from procure.sourcing.quotes import QuoteInput, parse
from tests.procure.market import quote

PRICES = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal("99999999999.9999"), places=4)


@pytest.mark.parametrize(
    "typed",
    [
        *("1,5", "12,50", "1,000.00", "1_000", "1 000", "1e3", "1E3", "0x10", "١٢", "１２", "9" * 400, "1.2.3"),
        *("-5", "+5", "NaN", "Infinity", "", "  ", "0", "0.00001", ".5", "5.", "100000000000", "\x00", "2.5\n3"),
        *(2.5, True, None, [], {}),
    ],
)
def test_a_price_that_is_not_plain_is_refused(typed):
    with pytest.raises(InvalidInput):
        parse(quote(typed))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("2.50", "2.5"), (" 7 ", "7"), (7, "7"), ("99999999999.9999", "99999999999.9999"), ("007", "7")],
)
def test_a_plain_price_is_taken_as_written(typed, meant):
    assert parse(quote(typed)).lines[0].unit_price == Decimal(meant)


def test_a_comma_is_answered_with_how_to_write_it():
    with pytest.raises(InvalidInput) as refused:
        parse(quote("12,50"))
    where, what = refused.value.context["errors"][0]
    assert where == "lines.0.unit_price"
    assert "comma" in what
    assert "1234.56" in what


def test_only_what_is_wrong_is_told():
    with pytest.raises(InvalidInput) as refused:
        parse(quote("x"))
    assert [where for where, _what in refused.value.context["errors"]] == ["lines.0.unit_price"]


@pytest.mark.parametrize("blank", ["", None, 0, "0"])
def test_blank_freight_is_nothing_to_pay(blank):
    assert parse(quote(freight=blank)).freight == 0


def test_freight_is_as_strict_as_a_price():
    for typed in ("1,5", "-1", "1e2"):
        with pytest.raises(InvalidInput):
            parse(quote(freight=typed))


@pytest.mark.parametrize(
    "wrong",
    [
        {"lead_time_days": "1_0"},
        {"lead_time_days": "١"},
        {"lead_time_days": -1},
        {"lead_time_days": 731},
        {"lead_time_days": 1.5},
        {"line": 0},
        {"line": "one"},
        {"delivery_date": 1_700_000_000},
        {"delivery_date": "2027-02-30"},
        {"delivery_date": "31.01.2027"},
        {"quantity_offered": "0"},
        {"quantity_offered": "1,5"},
        {"remarks": "a\x00b"},
        {"remarks": "\ud800"},
        {"remarks": "x" * 2001},
        {"bank_account": "DE00"},
    ],
    ids=str,
)
def test_a_line_that_cannot_be_kept_is_refused(wrong):
    with pytest.raises(InvalidInput):
        parse(quote(line=wrong))


@pytest.mark.parametrize("wrong", [{"currency": "usd"}, {"currency": "USDX"}, {"lines": []}, {"incoterm": "dap"}])
def test_a_quote_that_cannot_be_kept_is_refused(wrong):
    with pytest.raises(InvalidInput):
        parse(quote() | wrong)


def test_a_line_is_quoted_once():
    with pytest.raises(InvalidInput, match="twice"):
        parse(quote() | {"lines": [quote()["lines"][0]] * 2})


@given(PRICES, st.none() | PRICES, st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=50))
def test_every_quote_taken_comes_back_equal_from_its_canonical_form(price, offered, remarks):
    taken = parse(quote(f"{price:f}", line={"quantity_offered": offered, "remarks": remarks}))
    assert taken.lines[0].unit_price == price
    assert QuoteInput.model_validate(canonical(taken.model_dump())) == taken


@given(st.text(max_size=30))
def test_any_text_as_a_price_is_taken_exactly_or_refused(typed):
    try:
        taken = parse(quote(typed)).lines[0].unit_price
    except InvalidInput:
        return
    assert taken == Decimal(typed.strip())
    assert typed.strip().isascii()
