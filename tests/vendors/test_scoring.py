"""Scores are a table: same values, same rank, with reasons."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vendors.errors import BadCriteria
from vendors.scoring import Candidate, Criterion, Direction, Measure, rank

PRICE = Criterion("price", 60, Direction.LOWER, label="Price", measure=Measure.MONEY)
SPEED = Criterion("speed", 40, Direction.HIGHER, label="Speed")
LATE = Criterion(
    "late", 50, Direction.LOWER, worst=Decimal("0.5"), best=Decimal(0), label="Risk", measure=Measure.SHARE
)


def candidate(key: str, **values: object) -> Candidate:
    return Candidate(key, {name: None if value is None else Decimal(str(value)) for name, value in values.items()})


@pytest.mark.parametrize(
    ("field", "criteria", "expected"),
    [
        pytest.param(
            [candidate("a", price=10), candidate("b", price=20)],
            [PRICE],
            [("a", "1.0000"), ("b", "0.0000")],
            id="cheapest first",
        ),
        pytest.param(
            [candidate("a", price=10, speed=0), candidate("b", price=20, speed=9)],
            [PRICE, SPEED],
            [("a", "0.6000"), ("b", "0.4000")],
            id="weights decide",
        ),
        pytest.param(
            [candidate("b", price=10), candidate("a", price=10)],
            [PRICE],
            [("a", "1.0000"), ("b", "1.0000")],
            id="equal values share the best score and go by key",
        ),
        pytest.param(
            [candidate("a", price=None), candidate("b", price=99)],
            [PRICE],
            [("b", "1.0000"), ("a", "0.0000")],
            id="unknown counts as worst",
        ),
        pytest.param(
            [candidate("a", late="0.25"), candidate("b", late="0.9"), candidate("c", late="-1")],
            [LATE],
            [("c", "1.0000"), ("a", "0.5000"), ("b", "0.0000")],
            id="bounds hold the scale",
        ),
        pytest.param([], [PRICE], [], id="nobody"),
    ],
)
def test_ranks_are_what_the_table_says(
    field: list[Candidate], criteria: list[Criterion], expected: list[tuple[str, str]]
) -> None:
    assert [(each.key, str(each.score)) for each in rank(field, criteria)] == expected


def test_every_part_says_why_in_plain_words() -> None:
    first, second, third = rank(
        [candidate("a", price=10), candidate("b", price="20.5"), candidate("c", price=None)], [PRICE]
    )
    assert first.parts[0].reason == "Price 10.00: the best of 2."
    assert second.parts[0].reason == "Price 20.50: one candidate is better (best 10.00)."
    assert third.parts[0].reason == "Price: not known, counts as worst."


def test_the_heaviest_criterion_is_explained_first_and_shares_add_up() -> None:
    (best, _other) = rank(
        [candidate("a", price=10, speed=3, late="0.1"), candidate("b", price=20, speed=9, late=0)],
        [SPEED, LATE, PRICE],
    )
    assert [each.criterion for each in best.parts] == ["price", "late", "speed"]
    assert abs(sum(each.share for each in best.parts) - best.score) <= Decimal("0.0003")


@pytest.mark.parametrize(
    "criteria",
    [
        pytest.param([], id="none"),
        pytest.param([PRICE, PRICE], id="twice"),
        pytest.param([Criterion("price", 0)], id="weight zero"),
        pytest.param([Criterion("price", 1, worst=Decimal(1))], id="one bound"),
        pytest.param([Criterion("price", 1, Direction.LOWER, worst=Decimal(1), best=Decimal(2))], id="bounds swapped"),
    ],
)
def test_criteria_that_cannot_score_are_refused(criteria: list[Criterion]) -> None:
    with pytest.raises(BadCriteria):
        rank([candidate("a", price=1)], criteria)


# A busy machine is slow, not wrong.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
values = st.none() | st.decimals(min_value=-1000, max_value=1000, places=2)
bounds = st.sampled_from([(None, None), (Decimal(-50), Decimal(50))])


@st.composite
def criteria_of(draw: st.DrawFn) -> list[Criterion]:
    made = []
    for name in draw(st.lists(st.sampled_from("pqrs"), min_size=1, unique=True)):
        direction = draw(st.sampled_from(list(Direction)))
        worst, best = draw(bounds)
        if direction == Direction.LOWER:
            worst, best = best, worst
        made.append(Criterion(name, draw(st.integers(1, 50)), direction, worst=worst, best=best))
    return made


fields = st.lists(st.fixed_dictionaries(dict.fromkeys("pqrs", values)), min_size=1, max_size=6).map(
    lambda rows: [Candidate(f"V{number}", row) for number, row in enumerate(rows)]
)


@unhurried
@given(field=fields, criteria=criteria_of(), data=st.data())
def test_the_order_of_criteria_and_candidates_is_irrelevant(
    field: list[Candidate], criteria: list[Criterion], data: st.DataObject
) -> None:
    mixed = rank(data.draw(st.permutations(field)), data.draw(st.permutations(criteria)))
    assert mixed == rank(field, criteria)


@unhurried
@given(
    field=fields,
    criteria=criteria_of(),
    data=st.data(),
    gain=st.decimals(min_value=0, max_value=500, places=2),
)
def test_a_better_value_never_lowers_a_rank(
    field: list[Candidate], criteria: list[Criterion], data: st.DataObject, gain: Decimal
) -> None:
    chosen = data.draw(st.sampled_from(field))
    criterion = data.draw(st.sampled_from(criteria))
    value = chosen.values[criterion.name]
    if value is None:
        return
    better = value + gain if criterion.direction == Direction.HIGHER else value - gain
    improved = Candidate(chosen.key, dict(chosen.values) | {criterion.name: better})
    after = [improved if each is chosen else each for each in field]
    place = [each.key for each in rank(field, criteria)].index(chosen.key)
    assert [each.key for each in rank(after, criteria)].index(chosen.key) <= place


@unhurried
@given(field=fields, criteria=criteria_of())
def test_scores_lie_between_nothing_and_everything(field: list[Candidate], criteria: list[Criterion]) -> None:
    assert all(0 <= each.score <= 1 for each in rank(field, criteria))
