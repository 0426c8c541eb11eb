"""Stop buttons: everything, one agent role, one way out."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents import roles
from ledger import switches
from ledger.errors import InvalidInput
from ledger.models import Switch
from procure.console import sight
from procure.console.pages import actor_of, entity_of, may, page, person_of, show

SENDERS = {
    "erp": gettext_lazy("Orders and cancellations to the ERP"),
    "mail": gettext_lazy("Mail to suppliers"),
    "anchor-file": gettext_lazy("Ledger checkpoints to the file store"),
    "job-mail": gettext_lazy("Mail to people whose background work has ended"),
    "anchor-mail": gettext_lazy("Ledger checkpoints to the auditors"),
}


@dataclass(frozen=True, slots=True)
class Button:
    scope: str
    name: str
    effect: str
    mark: str
    switch: Switch | None

    @property
    def stopped(self) -> bool:
        return self.switch is not None and self.switch.stopped


def buttons() -> list[Button]:
    known = {each.scope: each for each in Switch.objects.all()}
    out = [
        Button("all", _("Everything"), _("No agent proposes and nothing leaves the house."), "system", known.get("all"))
    ]
    for role, specification in roles.specifications().items():
        scope = f"role:{role}"
        title = _("%(role)s agent") % {"role": role.replace("_", " ").capitalize()}
        words = _("It proposes nothing and its steps wait. %(purpose)s") % {"purpose": specification.purpose}
        out.append(Button(scope, title, words, "agent", known.get(scope)))
    for sender, name in SENDERS.items():
        scope = f"sender:{sender}"
        out.append(Button(scope, str(name), _("Stays in the outbox until started again."), "system", known.get(scope)))
    shown = {each.scope for each in out}
    out += [
        Button(scope, scope.removeprefix("plan:"), _effect(scope), "system", each)
        for scope, each in known.items()
        if scope not in shown and each.stopped
    ]
    return out


def _effect(scope: str) -> str:
    return _("Nothing leaves this plan.") if scope.startswith("plan:") else _("Stopped by its own name.")


@page(right="proposal.view")
def board(request: HttpRequest) -> HttpResponse:
    return show(
        request,
        "console/switches.html",
        {
            "title": _("Stop switches"),
            "buttons": buttons(),
            "may_stop": may(request, "switch.stop"),
            "may_start": may(request, "switch.start"),
        },
    )


@page(methods=("POST",))
def turn(request: HttpRequest) -> HttpResponse:
    scope, stop = request.POST.get("scope", ""), request.POST.get("turn") == "stop"
    reason = request.POST.get("reason", "").strip()
    plan = scope.removeprefix("plan:") if scope.startswith("plan:") else ""
    if plan:
        sight.one(sight.plans(person_of(request)), plan)
    elif scope not in {each.scope for each in buttons()}:
        raise InvalidInput(_("There is no such switch."))
    if stop and not reason:
        raise InvalidInput(_("Say why it is stopped, so that others know what to wait for."))
    switches.turn(scope, stop=stop, actor=actor_of(request), entity=entity_of(request), reason=reason[:300])
    messages.success(request, _("Stopped.") if stop else _("Started again."))
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    return redirect(back if safe else "console:switches")
