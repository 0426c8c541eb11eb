"""A process dies at every place where it can, in every plan that ships: it comes to the same, and nothing twice."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from agents import templates
from tests.agents import market, stories
from tests.agents.stories import Told, play
from tests.agents.taking_back import taken_back

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
#: How often a process dies in one telling, with every test run.
DEATHS, SEED = 6, 20140523
STORIES = {
    f"{name}-{number}": each for name, many in stories.SHIPPED.items() for number, each in enumerate(many, start=1)
} | {"everything": stories.WHOLE, "gate": stories.GATE}

#: Stories with something of everything; the others are told with deaths in the long form.
OFTEN = ("intake-to-order-1", "intake-to-order-4", "everything", "gate")
#: The places that were passed in each story, whoever told it.
_passed: dict[str, set[str]] = {}


@pytest.fixture
def company(entity, ada, amir, ben, olga, rita, cost_centre, monkeypatch):
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    stories.let_the_fake_role(monkeypatch)
    return entity


def told(name: str, entity, *deaths: int, look: bool = False) -> Told:
    with taken_back():
        found = play(STORIES[name], entity, deaths=frozenset(deaths), look=look)
    _passed.setdefault(name, set()).update(found.passed)
    return found


def wrong_after(name: str, entity, clean: Told, *deaths: int) -> list[str]:
    """What is broken, or otherwise than without any death."""
    found = told(name, entity, *deaths, look=True)
    differing = [name for name, came_to in clean.came_to.items() if came_to != found.came_to[name]]
    wrong = found.broken + [
        f"{each}: {dict(clean.came_to[each] - found.came_to[each])} missing,"
        f" {dict(found.came_to[each] - clean.came_to[each])} too many"
        for each in differing
    ]
    where = ", ".join(f"{clean.passed[each] if each < len(clean.passed) else '?'} #{each}" for each in deaths)
    return [f"death at {where}: {each}" for each in wrong]


@pytest.mark.parametrize(
    "name", [each if each in OFTEN else pytest.param(each, marks=pytest.mark.long) for each in STORIES]
)
def test_deaths_on_the_way_change_nothing(company, name):
    clean = told(name, company)
    assert clean.broken == []
    places = random.Random(SEED).sample(range(len(clean.passed)), DEATHS)
    assert wrong_after(name, company, clean, *places) == []


@pytest.mark.long
@pytest.mark.parametrize("name", STORIES)
def test_a_death_at_every_single_place_changes_nothing(company, name):
    clean = told(name, company)
    wrong = [each for place in range(len(clean.passed)) for each in wrong_after(name, company, clean, place)]
    assert wrong == [], "\n".join(wrong)


def test_every_template_that_ships_has_a_story():
    assert set(stories.SHIPPED) == set(templates.shipped())


def test_the_stories_pass_every_place_that_the_code_names(company):
    """A new place is died at by itself, if a story leads there."""
    floors = ("ledger", "vendors", "contracts", "procure", "approvals", "agents")
    code = (each.read_text() for floor in floors for each in (ROOT / floor).rglob("*.py"))
    named = {place for text in code for place in re.findall(r"""crashpoints\.reach\("(\w+)"\)""", text)}
    for name in STORIES.keys() - _passed.keys():
        told(name, company)
    assert named == set().union(*_passed.values())
