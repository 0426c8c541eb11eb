"""Figures, dates, differences, and the drawing of a plan: plain values in, the same words out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation

from agents.graph import lay_out
from agents.queries import Edge, Node, PlanGraph
from ledger.money import Money
from procure.console import wording
from procure.console.drawing import BOX_WIDTH, draw
from procure.console.understanding import Asked, Span, headline, path_in_words, spans_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(Decimal("12400"), "EUR"), "12,400.00"),
        (Money(Decimal("-1240.5"), "EUR"), "−1,240.50"),
        (Money(Decimal("12400.4"), "JPY"), "12,400"),
        (Money(Decimal("1.2345"), "KWD"), "1.235"),
        (Money(Decimal("0.005"), "USD"), "0.01"),
    ],
)
def test_money_has_its_currencys_places_and_a_true_minus(money, shown):
    assert wording.amount(money) == shown


def test_money_is_grouped_as_the_reader_is_used_to():
    with translation.override("de"):
        assert wording.amount(Money(Decimal("12400.5"), "EUR")) == "12.400,50"


def test_a_unit_price_keeps_the_decimals_it_has():
    assert wording.unit_price(Decimal("0.0475"), "USD") == "0.0475"
    assert wording.unit_price(Decimal("12.4000"), "USD") == "12.40"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (TODAY, "today"),
        (TODAY + timedelta(1), "tomorrow"),
        (TODAY - timedelta(1), "yesterday"),
        (TODAY + timedelta(3), "in 3 days"),
        (TODAY - timedelta(35), "5 weeks ago"),
        (TODAY + timedelta(300), "in 10 months"),
        (TODAY + timedelta(800), "in 2 years"),
        (NOW + timedelta(seconds=20), "in a moment"),
        (NOW - timedelta(seconds=20), "just now"),
        (NOW + timedelta(minutes=40), "in 40 min"),
        (NOW - timedelta(hours=30), "30 h ago"),
        (NOW + timedelta(days=3), "in 3 days"),
    ],
)
def test_dates_are_said_as_people_say_them(value, words):
    assert wording.relative(value, now=NOW, today=TODAY) == words


def test_a_date_on_a_page_carries_its_zone_on_hover():
    page = Template("{% load shown %}{% when at %}")
    shown = page.render(Context({"at": NOW + timedelta(hours=5), "now": NOW, "today": TODAY}))
    assert 'title="Sat 21 Nov 2026, 17:00 UTC"' in shown
    assert ">in 5 h<" in shown


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("15,000.00 EUR", "16,240.00 EUR", "+1,240.00 EUR, 8 % more"),
        ("16,240.00 EUR", "15,000.00 EUR", "−1,240.00 EUR, 8 % less"),
        ("2026-11-21", "2026-11-28", "7 days later"),
        ("2,000", "1,500", "−500, 25 % less"),
        ("15,000.00 EUR", "15,000.00 USD", ""),
        ("", "16,240.00 EUR", ""),
        ("approved", "blocked", ""),
    ],
)
def test_a_difference_is_put_in_words_only_where_there_is_one(before, after, words):
    assert wording.difference(before, after) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.42, "0.4 s"), (12, "12 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (273600, "3 d 4 h")]
)
def test_how_long_it_took(seconds, words):
    assert wording.span(seconds) == words


def test_spans_of_another_text_are_not_shown():
    structured = {"text_sha256": "0" * 64, "evidence": [{"path": "budget", "quote": "20k", "start": 0, "end": 3}]}
    assert spans_of(structured, "20k USD") == ()


def test_overlapping_spans_never_break_the_text():
    page = Template("{% load shown %}{{ text|underlined:spans }}")
    spans = [Span(0, 8, "a", "line 1"), Span(6, 14, "b", "line 2"), Span(2, 4, "c", "line 3")]
    shown = page.render(Context({"text": "2,000 <b>packs</b>", "spans": spans}))
    assert shown == (
        '<mark class="used" title="line 1">2,000 &lt;b</mark>'
        '<mark class="used" title="line 2">&gt;packs</mark>&lt;/b&gt;'
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([Asked(Decimal(2000), "pack", "Tablets")], "2,000 packs Tablets"),
        ([Asked(Decimal(1), "box", "Gloves"), Asked(None, "", "Masks")], "1 box Gloves and 1 more"),
        ([Asked(Decimal(3), "box", "Gloves")], "3 boxes Gloves"),
        ([Asked(Decimal(20), "each", "Laptops")], "20 Laptops"),
        ([Asked(None, "", "Chairs")], "Chairs"),
        ([], "just words"),
    ],
)
def test_a_request_in_one_line(lines, words):
    assert headline(lines, "just words") == words


@pytest.mark.parametrize(
    ("path", "words"), [("lines[0].quantity", "line 1, quantity"), ("needed_by", "needed by"), ("lines[2]", "line 3")]
)
def test_a_path_is_said_in_words(path, words):
    assert path_in_words(path) == words


def graph(steps: list[tuple[str, str, tuple[str, ...]]], **durations: int) -> PlanGraph:
    layout = lay_out(steps)
    nodes = tuple(
        Node(
            key=key,
            label=f"Step {key}",
            role=role,
            state="done",
            state_label="Done",
            attempts=1,
            started=None,
            ended=None,
            duration=timedelta(seconds=durations[key]) if key in durations else None,
            waiting_for="",
            asks_person=False,
            error="",
            evidence=0,
            proposals=(),
            degraded=False,
            cost=Decimal(0),
            column=layout.places[key].column,
            row=layout.places[key].row,
        )
        for key, role, _after in steps
    )
    edges = tuple(Edge(first, key, done=True) for key, _role, after in steps for first in after)
    return PlanGraph(None, nodes, edges, layout.lanes, layout.columns, layout.rows)  # type: ignore[arg-type]


def test_parallel_steps_of_a_role_are_stacked_and_no_two_boxes_touch():
    drawing = draw(graph([("a", "x", ()), ("b", "y", ("a",)), ("c", "y", ("a",)), ("d", "x", ("b", "c"))]))
    boxes = {box.node.key: box for box in drawing.boxes}
    assert boxes["b"].x == boxes["c"].x > boxes["a"].x
    assert boxes["c"].y >= boxes["b"].y + boxes["b"].height
    assert all(box.x + box.width <= drawing.width and box.y + box.height <= drawing.height for box in boxes.values())
    assert len(drawing.wires) == 4
    assert [band.role for band in drawing.bands] == ["x", "y"]


def test_the_longest_step_has_the_longest_bar_and_none_leaves_its_box():
    boxes = {box.node.key: box for box in draw(graph([("a", "x", ()), ("b", "x", ("a",))], a=1, b=1000)).boxes}
    assert 0 < boxes["a"].bar < boxes["b"].bar < BOX_WIDTH


def test_a_plan_without_steps_is_an_empty_drawing():
    assert draw(graph([])).boxes == ()
