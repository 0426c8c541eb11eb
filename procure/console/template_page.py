"""What the pages of plan templates show: a line a template, the steps of a version in words, its versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agents import difference
from agents.definition import DEFAULT_TIMEOUT, Definition, StepSpec
from agents.models import Plan, PlanTemplate
from ledger.command import Change
from ledger.errors import NotFound
from ledger.models import LegalEntity

ON_FAILURE = {
    "retry": gettext_lazy("it gets fresh attempts"),
    "skip": gettext_lazy("the plan goes on without it"),
    "compensate": gettext_lazy("the plan is undone"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One template: its newest version, which may be out of use."""

    template: PlanTemplate
    steps: int
    live: int
    all: int
    in_force: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A step as the table tells it."""

    spec: StepSpec
    number: int
    after: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Version:
    row: PlanTemplate
    live: int
    changes: tuple[Change, ...]


def lines(entity: LegalEntity) -> list[Line]:
    counted = {
        each["template__name"]: each
        for each in Plan.objects.filter(entity=entity)
        .order_by()
        .values("template__name")
        .annotate(all=Count("pk"), live=Count("pk", filter=Q(status__in=Plan.LIVE)))
    }
    newest: dict[str, PlanTemplate] = {}
    for row in PlanTemplate.objects.filter(entity=entity).order_by("name", "-version"):
        newest.setdefault(row.name, row)
    return [_line(row, counted.get(row.name, {})) for row in newest.values()]


def _line(row: PlanTemplate, counted: Mapping[str, Any]) -> Line:
    in_force = row.status == PlanTemplate.Status.PUBLISHED
    return Line(row, len(row.definition.get("steps", ())), counted.get("live", 0), counted.get("all", 0), in_force)


def versions(entity: LegalEntity, name: str) -> list[Version]:
    """Newest first, each with what it changed."""
    rows = list(PlanTemplate.objects.filter(entity=entity, name=name).order_by("-version"))
    if not rows:
        raise NotFound(_("There is no plan template “%(name)s”.") % {"name": name[:60]})
    live = dict(
        Plan.objects.filter(template__in=rows, status__in=Plan.LIVE)
        .order_by()
        .values_list("template")
        .annotate(count=Count("pk"))
    )
    before: Sequence[PlanTemplate | None] = [*rows[1:], None]
    return [
        Version(row, live.get(row.pk, 0), tuple(difference.between(old.definition, row.definition)) if old else ())
        for row, old in zip(rows, before, strict=True)
    ]


def steps(definition: Definition) -> list[Told]:
    label = {each.key: each.label for each in definition.steps}
    return [
        Told(spec, number, ", ".join(label.get(each, each) for each in spec.after), tuple(_terms(spec, label)))
        for number, spec in enumerate(definition.steps, 1)
    ]


def _terms(spec: StepSpec, label: Mapping[str, str]) -> Iterator[str]:
    """What is unusual about it; the usual goes without saying."""
    if spec.join != "all" and len(spec.after) > 1:
        yield _("begins when %s of those before it are done") % (_("one") if spec.join == "any" else spec.join)
    if spec.each:
        yield _("one branch for each of %(list)s, at most %(most)s") % {"list": spec.each, "most": spec.at_most}
    if spec.along:
        yield _("one branch along each of “%s”") % label.get(spec.along, spec.along)
    if (spec.each or spec.along) and spec.gather != "all":
        yield _("done when %s branches are") % (_("one of its") if spec.gather == "any" else spec.gather)
    if spec.on_failure == "branch":
        yield _("when it fails, “%s” takes over") % label.get(spec.branch, spec.branch)
    elif spec.on_failure in ON_FAILURE:
        yield _("when it fails, %s") % ON_FAILURE[spec.on_failure]
    if spec.compensation:
        back = _("what it proposed") if spec.compensation == "proposals" else spec.compensation
        yield _("taken back by undoing: %s") % back
    if spec.reconsider:
        yield _("looked at again after: %s") % ", ".join(spec.reconsider)
    if spec.remind_after:
        yield ngettext("reminds after %d hour", "reminds after %d hours", spec.remind_after) % spec.remind_after
    if spec.deadline:
        yield ngettext("an answer within %d hour", "an answer within %d hours", spec.deadline) % spec.deadline
    if spec.timeout != DEFAULT_TIMEOUT:
        yield _("at most %d s a try") % spec.timeout
    if spec.latency != "normal":
        yield {"hot": _("before others"), "cold": _("after others")}[spec.latency]
    if spec.pool:
        yield _("by remote workers of %s") % spec.pool
