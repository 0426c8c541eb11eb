"""The gate as tables and properties: severity, order, default, doubt."""

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.document import Policy, read
from approvals.gate import SEVERITY, Outcome, judge
from approvals.vocabulary import Facts, Known, NotApplicable, Uncomputable

LEVELS = [
    {"key": key, "label": key, "approver": {"rule": "group", "name": "approver"}} for key in ("one", "two", "three")
]
CHAINS = {
    "standard": {"label": "s", "levels": ["one"]},
    "high": {"label": "h", "levels": ["two", "one"]},
    "last": {"label": "l", "levels": ["three"]},
}


def policy(*rules: dict) -> Policy:
    rows = [{"checkpoint": row["key"], "reason": row["key"]} | row for row in rules]
    return read(
        {
            "name": "test",
            "order_threshold": "10000",
            "default_chain": "standard",
            "levels": LEVELS,
            "chains": CHAINS,
            "rules": rows,
        }
    )


def facts(**values: object) -> Facts:
    base: dict[str, object] = {"two_people": False, "bounds_exceeded": False, "command_kinds": ("IssueOrder",)}
    answers = {}
    for name, value in (base | values).items():
        if isinstance(value, int) and not isinstance(value, bool):
            value = Decimal(value)
        answers[name] = value if isinstance(value, NotApplicable | Uncomputable) else Known(value, "given")
    return Facts(answers)


PASS = {"key": "p", "effect": "pass", "when": "amount < 100"}
ASK = {"key": "a", "effect": "ask", "chain": "high", "when": "amount >= 50"}
BLOCK = {"key": "b", "effect": "block", "when": "vendor_status == 'blocked'"}


@pytest.mark.parametrize(
    ("amount", "status", "outcome", "fired", "levels"),
    [
        (10, "approved", "pass", ["p"], []),
        (60, "approved", "ask", ["a", "p"], ["one", "two"]),
        (200, "approved", "ask", ["a"], ["one", "two"]),
        (10, "blocked", "block", ["b", "p"], []),
        (60, "blocked", "block", ["b", "a", "p"], []),
    ],
)
def test_the_most_severe_effect_wins_and_all_that_fired_is_kept(amount, status, outcome, fired, levels):
    verdict = judge(facts(amount=amount, vendor_status=status), policy(PASS, ASK, BLOCK))
    assert verdict.outcome == outcome
    assert [each.key for each in verdict.fired] == fired
    assert [each.key for each in verdict.levels] == levels


def test_nothing_fired_asks_the_default_chain():
    verdict = judge(facts(amount=10), policy())
    assert (verdict.outcome, verdict.chains) == ("ask", ("standard",))
    assert [each.key for each in verdict.fired] == ["standing-default"]


def test_chains_of_all_asks_merge_with_each_level_once_in_the_order_of_the_document():
    rules = [
        {"key": "x", "effect": "ask", "chain": "last", "when": "amount > 0"},
        {"key": "y", "effect": "ask", "chain": "high", "when": "amount > 0"},
        {"key": "z", "effect": "ask", "when": "amount > 0"},
    ]
    verdict = judge(facts(amount=1), policy(*rules))
    assert verdict.chains == ("high", "last", "standard")
    assert [each.key for each in verdict.levels] == ["one", "two", "three"]


@pytest.mark.parametrize("effect", ["pass", "ask", "block"])
def test_a_fact_that_cannot_be_computed_asks(effect):
    rule = {"key": "r", "effect": effect, "when": "late_risk < 0.5"}
    verdict = judge(facts(amount=10, late_risk=Uncomputable("no deliveries")), policy(PASS, rule))
    assert verdict.outcome == Outcome.ASK
    assert verdict.fired[0].undecided == "late_risk: no deliveries"
    assert "no deliveries" in verdict.fired[0].reason


def test_a_fact_that_nobody_computed_asks():
    verdict = judge(facts(amount=10), policy(PASS, {"key": "r", "effect": "block", "when": "late_risk > 0.5"}))
    assert (verdict.outcome, verdict.fired[0].key) == ("ask", "r")


def test_a_missing_fact_does_not_matter_where_the_rule_is_false_without_it():
    rule = {"key": "r", "effect": "block", "commands": ["AwardEvent"], "when": "late_risk > 0.5"}
    verdict = judge(facts(amount=10, late_risk=Uncomputable("no deliveries")), policy(PASS, rule))
    assert verdict.outcome == Outcome.PASS


def test_a_fact_that_does_not_apply_lets_no_rule_fire():
    asks = {"key": "r", "effect": "ask", "when": "late_risk < 0.5"}
    passes = {"key": "q", "effect": "pass", "when": "late_risk < 0.5"}
    known = facts(amount=10, late_risk=NotApplicable("nothing is bought"))
    assert judge(known, policy(PASS, asks)).outcome == Outcome.PASS
    assert judge(known, policy(passes)).fired[0].key == "standing-default"


def test_a_rule_that_fails_while_it_is_evaluated_asks():
    rule = {"key": "r", "effect": "pass", "when": "dyn(actor_name) > 3"}
    verdict = judge(facts(amount=10, actor_name="ada"), policy(PASS, rule))
    assert (verdict.outcome, verdict.fired[0].key) == ("ask", "r")
    assert verdict.fired[0].undecided


def test_no_policy_lets_what_needs_two_people_pass():
    everything = {"key": "all", "effect": "pass", "when": "true"}
    verdict = judge(facts(two_people=True), policy(everything))
    assert (verdict.outcome, verdict.fired[0].key) == ("ask", "standing-two-people")
    verdict = judge(facts(bounds_exceeded=True), policy(everything))
    assert (verdict.outcome, verdict.fired[0].key) == ("ask", "standing-bounds")
    verdict = judge(facts(bounds_exceeded=Uncomputable("no rate")), policy(everything))
    assert verdict.outcome == Outcome.ASK


def test_what_kept_a_pass_from_firing_is_said():
    rule = {"key": "p", "effect": "pass", "commands": ["IssueOrder"], "amount_to": "100", "when": "contract_covered"}
    verdict = judge(facts(amount=10, contract_covered=False), policy(rule))
    assert [(each.key, each.but) for each in verdict.near] == [("p", "contract_covered")]


@pytest.mark.parametrize(("amount", "near"), [(8999, 0), (9000, 1), (9999, 1)])
def test_an_amount_close_below_a_threshold_is_near(amount, near):
    verdict = judge(facts(amount=amount), policy({"key": "v", "effect": "ask", "amount_from": "10000"}))
    assert len(verdict.near) == near


conditions = st.sampled_from(
    ["amount > 10", "amount > 60", "late_risk > 0.5", "vendor_status == 'blocked'", "single_source", "true"]
)
rows = st.lists(
    st.tuples(st.sampled_from(["pass", "ask", "block"]), conditions, st.sampled_from(["standard", "high", "last"])),
    max_size=6,
)
known = st.builds(
    facts,
    amount=st.integers(0, 100),
    late_risk=st.sampled_from([Decimal("0.2"), Decimal("0.9"), Uncomputable("?"), NotApplicable("-")]),
    vendor_status=st.sampled_from(["approved", "blocked"]),
    single_source=st.booleans(),
)


def built(rows: list[tuple[str, str, str]]) -> list[dict]:
    return [
        {"key": f"r{n}", "effect": effect, "when": when} | ({"chain": chain} if effect == "ask" else {})
        for n, (effect, when, chain) in enumerate(rows)
    ]


@given(rows, known, st.randoms())
def test_the_order_of_rules_changes_nothing(rows, known, shuffle: random.Random):
    rules = built(rows)
    mixed = shuffle.sample(rules, len(rules))
    assert judge(known, policy(*rules)) == judge(known, policy(*mixed))


@given(rows, known)
def test_a_pass_stands_only_where_nothing_asks_or_blocks(rows, known):
    verdict = judge(known, policy(*built(rows)))
    effects = {each.effect for each in verdict.fired}
    assert verdict.fired
    assert (verdict.outcome == "pass") == (effects == {"pass"})
    assert (verdict.outcome == "block") == ("block" in effects)


@given(rows, known, rows)
def test_more_rules_never_make_an_ask_or_a_block_milder(rows, known, more):
    rules = built(rows)
    extra = [rule | {"key": f"x{rule['key']}"} for rule in built(more)]
    before, after = judge(known, policy(*rules)), judge(known, policy(*rules, *extra))
    if any(each.key != "standing-default" for each in before.fired):
        assert SEVERITY[after.outcome] >= SEVERITY[before.outcome]
