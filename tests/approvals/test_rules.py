"""Rules as rows, compiled to CEL over declared facts; money compares exactly."""

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from approvals.document import check
from approvals.rulebook import shipped
from approvals.rules import CompiledRule, Effect, Rule, activation, compile_rule, holds, sentence
from approvals.vocabulary import Facts, Known, Uncomputable, number
from ledger.money import LIMIT


def rule(**fields: object) -> Rule:
    return Rule(**{"key": "a", "checkpoint": "A", "effect": "ask", "reason": "because"} | fields)


def compiled(*when: str, **fields: object) -> CompiledRule:
    found = compile_rule(rule(when=when, **fields))
    assert isinstance(found, CompiledRule), found
    return found


def truth(rule: CompiledRule, **values: object) -> list[bool | str]:
    known = activation(Facts({name: Known(value, "") for name, value in values.items()}))
    return [holds(part, known) for part in rule.parts]


amounts = st.decimals(min_value=-LIMIT, max_value=LIMIT, places=4, allow_nan=False, allow_infinity=False)


@settings(max_examples=400)
@given(amounts, amounts)
@example(Decimal("9999.9999"), Decimal("10000"))
@example(Decimal("99999999999.9999"), Decimal("99999999999.9998"))
@example(Decimal("0.1"), Decimal("0.1000"))
@example(Decimal("-0.0001"), Decimal("0"))
def test_money_compares_like_exact_decimals(amount, bound):
    """Through the real path: a fact from Decimal, a literal in the rule's text, the compiled expression."""
    fact = number(amount, "")
    assert isinstance(fact, Known)
    literal = f"{bound:f}"
    expected = {
        f"amount >= {literal}": amount >= bound,
        f"amount > {literal}": amount > bound,
        f"amount <= {literal}": amount <= bound,
        f"amount < {literal}": amount < bound,
        f"amount == {literal}": amount == bound,
        f"{literal} != amount": amount != bound,
    }
    for text, wanted in expected.items():
        assert truth(compiled(text), amount=fact.value) == [wanted], text


@given(amounts, amounts)
def test_two_money_facts_compare_like_exact_decimals(one, other):
    values = {"amount": number(one, "").value, "order_threshold": number(other, "").value}
    assert truth(compiled("amount >= order_threshold"), **values) == [one >= other]


@given(amounts, st.integers(min_value=0, max_value=10**10))
def test_a_row_with_from_and_to_holds_between_them(amount, bound):
    found = compiled(amount_from=str(bound), amount_to=str(bound + 1))
    assert truth(found, amount=number(amount, "").value) == [amount >= bound, amount < bound + 1]


def test_more_digits_than_compare_exactly_are_no_fact():
    assert isinstance(number(LIMIT + 1, "sum"), Uncomputable)


@pytest.mark.parametrize(
    ("condition", "column", "words"),
    [
        ("amuont > 3", 1, "Did you mean “amount”"),
        ("urgency == 'hot' && amuont > 3", 21, "Did you mean “amount”"),
        ("amount > 'x'", 8, "does not go with"),
        ("amount >", 9, "Syntax error"),
        ("amount", 1, "true or false"),
        ("amount + 1.0 > 3", 8, "do not calculate"),
        ("vendor_status == 'aproved'", 18, "is not a vendor_status"),
        ("vendor_status in ['approved', 'blokced']", 31, "is not a vendor_status"),
        ("urgency == 3", 9, "does not go with"),
        ("amount >= 1000000000000000.5", 11, "at most 15 digits"),
        ("actor_name.matches('a+')", 19, "do not calculate"),
        ("(" * 300 + "true" + ")" * 300, 1, "recursion"),
        ("true || " * 400 + "true", 1, "at most 2000"),
    ],
)
def test_a_mistake_is_refused_with_its_column(condition, column, words):
    problems = compile_rule(rule(when=(condition,)))
    assert isinstance(problems, list)
    assert (problems[0].field, problems[0].line, problems[0].column) == ("when", 1, column)
    assert words in problems[0].message


def test_a_mistake_on_a_later_line_is_placed_there():
    problems = compile_rule(rule(when=("amount > 3 &&\n  amuont > 4",)))
    assert (problems[0].line, problems[0].column) == (2, 3)


def test_a_pass_must_hold_for_every_command_and_an_ask_for_any():
    kinds = {"command_kinds": ("IssueOrder", "BlockVendor")}
    assert truth(compiled(commands=["IssueOrder"], effect="pass"), **kinds) == [False]
    assert truth(compiled(commands=["IssueOrder"], effect="ask"), **kinds) == [True]


def test_a_pass_on_vendor_status_does_not_hold_without_vendors():
    assert truth(compiled(vendor_status=["approved"], effect="pass"), vendor_statuses=()) == [False]


def test_quotes_in_a_cell_stay_text():
    hostile = 'x"] || true || "a" in ["a'
    assert truth(compiled(category=[hostile]), categories=("ARV",)) == [False]


def test_a_row_reads_as_a_sentence():
    row = rule(commands=["IssueOrder"], amount_from="10000", when=["single_source"], chain="owner")
    assert sentence(row) == "When command is IssueOrder and amount ≥ 10,000 and single_source: ask owner."
    assert sentence(rule(effect=Effect.BLOCK)) == "When always: it is blocked."


def edited(**changes: object) -> dict:
    return shipped() | changes


def first_rule(**changes: object) -> dict:
    return edited(rules=[shipped()["rules"][1] | changes])


@pytest.mark.parametrize(
    ("document", "rule_key", "field", "words"),
    [
        (first_rule(amount_from="-"), "order-value", "amount_from", "not an amount"),
        (first_rule(amount_from=1.5), "order-value", "amount_from", "never a float"),
        (first_rule(amount_from="10", amount_to="5"), "order-value", "amount_to", "above"),
        (first_rule(chain="nobody"), "order-value", "chain", "no chain"),
        (first_rule(effect="allow"), "order-value", "effect", "pass"),
        (first_rule(effect="block"), "order-value", "chain", "Only a rule that asks"),
        (first_rule(colour="red"), "order-value", "colour", "not permitted"),
        (edited(rules=[shipped()["rules"][1]] * 2), "order-value", "key", "2 rules"),
        (edited(default_chain="nobody"), "", "default_chain", "no chain"),
        (edited(chains={"approver": {"label": "x", "levels": ["nobody"]}}), "approver", "chains", "does not exist"),
        ([], "", "document", "dictionary"),
        ("text", "", "document", "dictionary"),
        (
            edited(rules=[{"key": "p", "checkpoint": "P", "effect": "pass", "reason": "r"}]),
            "p",
            "commands",
            "what it is",
        ),
    ],
)
def test_a_document_with_a_mistake_is_refused_where_it_is(document, rule_key, field, words):
    problems = check(document)
    assert (problems[0].rule, problems[0].field) == (rule_key, field)
    assert words in problems[0].message


def test_the_shipped_policy_is_sound():
    assert check(shipped()) == []


def test_a_command_that_nobody_declared_is_named():
    problems = check(first_rule(commands=["BlockVendr"]), command_kinds=["BlockVendor"])
    assert "Did you mean “BlockVendor”" in problems[0].message
