"""What looking at a template costs: a hundred steps with a condition each; ten thousand; the form of a hundred."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agents import roles, templates
from procure.console import template_form
from procure.console.drawing import draw
from procure.console.sketch import sketch
from tests.bench.rows import Row, medians

ROLES = roles.specifications()


def rows() -> Iterator[Row]:
    hundred, many = _chain(100), _chain(10_000)
    if told := templates.problems(hundred):
        raise RuntimeError(str(told[0]))
    whole, refused = medians(lambda: templates.problems(hundred), lambda: templates.problems(many), runs=40)
    yield Row(
        "look at 100 steps with a condition each (peer: refuse 10,000)",
        f"{whole * 1000:.1f} ms",
        f"{refused * 1000:.2f} ms",
        whole / refused,
    )
    form, drawing = medians(lambda: _form(hundred), lambda: draw(sketch(hundred, role_of=roles.of)), runs=20)
    yield Row(
        "the form of 100 steps (peer: the drawing alone)",
        f"{form * 1000:.1f} ms",
        f"{drawing * 1000:.1f} ms",
        form / drawing,
    )


def _form(data: dict[str, Any]) -> None:
    template_form.cards(data, sketch(data, role_of=roles.of), templates.problems(data), ROLES)


def _chain(length: int) -> dict[str, Any]:
    """Each step after the one before it, on the condition that it found something."""
    steps = [
        {"key": f"s{n}", "role": "research", "task": "dossier"}
        | ({"after": [f"s{n - 1}"], "when": f"size(steps.s{n - 1}.items) > 0"} if n else {})
        for n in range(length)
    ]
    return {"title": "Long", "subject": "requisition", "steps": steps}
