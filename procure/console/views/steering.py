"""Steering a plan: pause, resume, end it, and try again, skip or replace one step."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from agents import plans
from agents.models import Plan, Step
from agents.roles import asking
from ledger.errors import DomainError, InvalidInput, NotFound, Stale
from procure.console import plan_page, result_form, sight, steering
from procure.console.pages import actor_of, page, show, status_of
from procure.console.views.plans import seen


def _plan(request: HttpRequest, reference: str) -> Plan:
    return sight.one(seen(request), reference)


def _step(request: HttpRequest, reference: str, key: str) -> Step:
    step = _plan(request, reference).steps.select_related("plan__template", "plan__entity").filter(key=key).first()
    if step is None:
        raise NotFound()
    return step


def _crumb(plan: Plan) -> tuple[str, str]:
    return (plan.reference, reverse("console:plan", args=[plan.reference]))


def _back(reference: str, key: str = "") -> HttpResponse:
    at = reverse("console:plan", args=[reference])
    return redirect(f"{at}?step={key}" if key else at)


@page(right="plan.manage", methods=("POST",))
def pause(request: HttpRequest, reference: str) -> HttpResponse:
    plans.pause(_plan(request, reference), actor=actor_of(request), reason=request.POST.get("reason", ""))
    messages.success(request, _("%(plan)s is paused. What is at work ends; nothing new begins.") % {"plan": reference})
    return _back(reference)


@page(right="plan.manage", methods=("POST",))
def resume(request: HttpRequest, reference: str) -> HttpResponse:
    plans.resume(_plan(request, reference), actor=actor_of(request))
    messages.success(request, _("%(plan)s goes on.") % {"plan": reference})
    return _back(reference)


@page(right="plan.manage")
def end(request: HttpRequest, reference: str) -> HttpResponse:
    """What ending it means, before it is done."""
    found = _plan(request, reference)
    if not found.is_live:
        raise Stale(_("%(plan)s has ended already.") % {"plan": reference})
    steps = list(found.steps.order_by("id"))
    things = steering.undoing(steps, list(plan_page.proposals(found)))
    context = {
        "title": _("End %(plan)s") % {"plan": reference},
        "here": _("End it"),
        "crumbs": [_crumb(found)],
        "plan": found,
        "undone": [each for each in things if each.possible],
        "stays": [each for each in things if not each.possible],
        "stopped": [each for each in steps if each.status in Step.OPEN],
    }
    return show(request, "console/plan_end.html", context)


@page(right="plan.manage", methods=("POST",))
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    undo = request.POST.get("undo") == "yes"
    plans.cancel(
        _plan(request, reference),
        actor=actor_of(request),
        reason=request.POST.get("reason", ""),
        compensate=undo,
    )
    if undo:
        said = _("%(plan)s ends, and what can be undone is being undone, the last first.")
    else:
        said = _("%(plan)s has ended. What was carried out stays.")
    messages.success(request, said % {"plan": reference})
    return _back(reference)


@page(right="plan.manage", methods=("POST",))
def release(request: HttpRequest, reference: str, key: str) -> HttpResponse:
    step = plans.release(_step(request, reference, key), actor=actor_of(request))
    messages.success(request, _("“%(step)s” tries again.") % {"step": step.label})
    return _back(reference, key)


@page(right="plan.manage", methods=("POST",))
def skip(request: HttpRequest, reference: str, key: str) -> HttpResponse:
    step = _step(request, reference, key)
    plans.skip(step, actor=actor_of(request), reason=request.POST.get("reason", ""))
    messages.success(request, _("“%(step)s” is skipped; the plan goes on without it.") % {"step": step.label})
    return _back(reference, key)


@page(right="plan.manage", methods=("GET", "HEAD", "POST"))
def override(request: HttpRequest, reference: str, key: str) -> HttpResponse:
    """The form from what the step's task gives; what was typed stays when it is refused."""
    step = _step(request, reference, key)
    before = plan_page.effective(step, plan_page.overrides(step.plan))
    if request.method != "POST":
        return _form(request, step, before)
    given = request.POST.dict()
    result, errors = result_form.read(result_form.gives(step), given, before=before)
    if errors:
        return _form(request, step, before, given=given, errors=errors, status=422)
    try:
        plans.override(step, result, actor=actor_of(request), reason=given.get("reason", ""))
    except DomainError as error:
        return _form(request, step, before, given=given, problem=error.message, status=status_of(error))
    messages.success(request, _("Your result counts for “%(step)s” from now on.") % {"step": step.label})
    return _back(reference, key)


@page(right="proposal.view", methods=("GET", "HEAD", "POST"))
def answer(request: HttpRequest, reference: str, key: str) -> HttpResponse:
    """What a step puts to a person; whoever asked for the plan may answer, and whoever manages plans."""
    step = _step(request, reference, key)
    if not steering.asks(step):
        raise Stale(_("“%(step)s” does not wait for an answer.") % {"step": step.label})
    record, given = asking.ANSWERS[str(step.spec["task"])], request.POST.dict()
    if request.method != "POST":
        return _question(request, step, result_form.fields(record, None))
    values, errors = result_form.read(record, given, before=None)
    if errors:
        return _question(request, step, result_form.fields(record, None, given, errors), status=422)
    try:
        plans.answer(step, values, actor=actor_of(request))
    except InvalidInput as error:
        return _question(request, step, result_form.fields(record, None, given), problem=error.message, status=422)
    messages.success(request, _("Thank you. The plan goes on with your answer."))
    return _back(reference, key)


def _question(
    request: HttpRequest, step: Step, fields: list[result_form.Field], *, problem: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "title": step.waiting_for or step.label,
        "here": _("Answer"),
        "crumbs": [_crumb(step.plan)],
        "plan": step.plan,
        "step": step,
        "fields": fields,
        "choices": step.memory.get("choices", []),
        "problem": problem,
    }
    return show(request, "console/plan_answer.html", context, status=status)


def _form(
    request: HttpRequest,
    step: Step,
    before: object,
    *,
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    steps = list(step.plan.steps.order_by("id"))
    if "override" not in steering.of_step(step.plan, step, steps):
        raise InvalidInput(
            _("The result of “%(step)s” cannot be set now: a later step has begun with it, or it has not come so far.")
            % {"step": step.label}
        )
    context = {
        "title": _("Set the result of “%(step)s”") % {"step": step.label},
        "here": _("Set the result"),
        "crumbs": [_crumb(step.plan)],
        "plan": step.plan,
        "step": step,
        "fields": result_form.fields(result_form.gives(step), before, given, errors),
        "reason": (given or {}).get("reason", ""),
        "problem": problem,
        "readers": [each for each in steps if step.key in each.after],
    }
    return show(request, "console/plan_override.html", context, status=status)
