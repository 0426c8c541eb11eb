"""A plan's graph as a file of its own: the page's drawing with its styles inside, for reports and mails."""

from __future__ import annotations

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from agents.queries import PlanGraph
from procure.console.drawing import draw

SHEETS = ("console/tokens.css", "console/parts.css", "console/plan.css")
OPENING = '<svg class="graph"'


def svg(graph: PlanGraph) -> str:
    """Light, without links; a viewer that knows no CSS variables shows it in black."""
    drawn = render_to_string(
        "console/_plan_graph.html", {"drawing": draw(graph), "whom": {}, "step": None, "bare": True}
    )
    head = f'{OPENING} xmlns="http://www.w3.org/2000/svg"'
    opening, _end, rest = drawn.strip().partition(">")
    style = f"<style><![CDATA[{''.join(_sheet(each) for each in SHEETS)}]]></style>"
    return f"{opening.replace(OPENING, head, 1)}>{style}{rest}\n"


def _sheet(name: str) -> str:
    path = finders.find(name)
    if not isinstance(path, str):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()
