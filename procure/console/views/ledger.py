"""The ledger explorer: search, one entry with its proof, one object as of a time, what was signed, what leaves."""

from __future__ import annotations

import tempfile
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.reexamining import reexamine
from approvals.models import PolicyVersion
from ledger import anchors, chain, checkpoints, exports, scrubbing, verifier
from ledger.errors import DomainError, InvalidInput, NotFound
from ledger.models import Anchoring, Checkpoint, Entry, LedgerHead
from procure.console import names, timeline
from procure.console.explorer import activity, as_of, search
from procure.console.explorer import entry as one_entry
from procure.console.pages import actor_of, by_htmx, entity_of, fragment, may, page, show

PAGE = 60
ACTOR_WORDS = {
    "human": gettext_lazy("people"),
    "agent": gettext_lazy("agents"),
    "policy": gettext_lazy("the policy"),
    "supplier": gettext_lazy("suppliers"),
    "system": gettext_lazy("the system"),
}
#: The long looks, as background work.
LOOKS = {
    "ledger.verify": gettext_lazy("Check every entry"),
    "ledger.compare": gettext_lazy("Compare all rows with the ledger"),
}
#: What stands beside the data in a record and is worth reading.
AROUND = ("plan", "model", "effect_key", "on_behalf_of")


def _head(request: HttpRequest) -> LedgerHead:
    return entity_of(request).log


def _log(request: HttpRequest) -> dict[str, Any]:
    """What every page of the explorer says about the log."""
    head = _head(request)
    return {"head": head, "anchored": anchors.state(head.log), "may_export": may(request, "ledger.export")}


@page(right="ledger.view")
def entries(request: HttpRequest) -> HttpResponse:
    """Newest first. The search stands in the address; `before` turns the page; `seq` goes to one entry."""
    asked = search.read(request.GET.dict())
    head = _head(request)
    if asked.seq is not None and not asked.wrong:
        return redirect("console:ledger-entry", asked.seq)
    found = search.narrow(Entry.objects.filter(log=head), asked)
    newest = found.order_by("-seq")
    if before := _whole(request.GET.get("before", "")):
        newest = newest.filter(seq__lt=before)
    rows = list(newest[: PAGE + 1])
    return show(
        request,
        "console/ledger.html",
        _log(request)
        | {
            "title": _("Ledger"),
            "scrub": scrubbing.standing(),
            "search": asked,
            "fields": _fields(request, asked),
            "subjects": search.SUBJECTS,
            "actors": [(value, ACTOR_WORDS[value]) for value in search.ACTORS],
            "object_query": urlencode({"object": asked.object}),
            "found": head.seq if asked.is_empty else found.count(),
            "activity": activity.of(found),
            "lines": timeline.lines(rows[:PAGE]),
            "next": rows[PAGE - 1].seq if len(rows) > PAGE else None,
            "key": checkpoints.verifier_key(head.log),
        },
    )


def _fields(request: HttpRequest, asked: search.Search) -> list[tuple[str, str, str, str, str]]:
    """(name, label, type, value, hint); what was typed wrongly stays in its field."""
    typed = request.GET
    return [
        ("object", _("To what"), "text", asked.object or typed.get("object", ""), "order:PO-00001"),
        ("since", _("From day"), "date", typed.get("since", ""), ""),
        ("until", _("To day"), "date", typed.get("until", ""), ""),
        ("seq", _("Number"), "text", typed.get("seq", ""), _("goes to it")),
    ]


def _entry(request: HttpRequest, seq: int) -> Entry:
    found = Entry.objects.filter(log=_head(request), seq=seq).first()
    if found is None:
        raise NotFound(_("The ledger has no entry %(seq)s.") % {"seq": seq})
    return found


@page(right="ledger.view")
def entry(request: HttpRequest, seq: int) -> HttpResponse:
    found = _entry(request, seq)
    record, head = chain.read(found), _head(request)
    line = timeline.lines([found])[0]
    behalf = record.get("on_behalf_of")
    people = names.actors([(behalf["kind"], behalf["id"])]) if behalf else {}
    return show(
        request,
        "console/ledger_entry.html",
        _log(request)
        | {
            "title": f"#{seq} {line.words}",
            "here": f"#{seq}",
            "entry": found,
            "head": head,
            "line": line,
            "record": record,
            "behalf": people.get((behalf["kind"], behalf["id"])) if behalf else None,
            "data": one_entry.flat({name: each for name, each in record["data"].items() if name != "facts"}),
            "facts": one_entry.facts(record["data"]),
            "around": one_entry.flat(
                {name: record[name] for name in AROUND if name in record and name != "on_behalf_of"}
            ),
            "sealed": one_entry.sealed(found, record, may_see=may(request, "ledger.export")),
            "bytes": bytes(found.bytes).decode(),
            "size": len(found.bytes),
            "proof": one_entry.proof(found),
            "causes": timeline.lines(one_entry.causes(found, record)),
            "effects": timeline.lines(one_entry.effects(found, chain.read)),
            "judged": found.kind == "proposal.judged",
            "policies": PolicyVersion.objects.filter(entity=entity_of(request)).order_by("-number"),
        },
    )


@page(right="ledger.view")
def rejudge(request: HttpRequest, seq: int) -> HttpResponse:
    """Judges again from the ledger alone, by the recorded policy version or another. Reads only."""
    number = request.GET.get("policy", "").strip()
    if number and _whole(number) is None:
        raise InvalidInput(_("A policy version is a number."))
    told = reexamine(entity_of(request), seq, policy=_whole(number))
    told["rulings"] = [(_("Then"), told["recorded"]), (_("Now"), told["rejudged"])]
    context = {"told": told, "seq": seq, "title": _("Judged again"), "here": f"#{seq}"}
    if by_htmx(request):
        return fragment(request, "console/_rejudged.html", context)
    return show(request, "console/rejudged.html", context)


@page(right="ledger.view")
def object_as_of(request: HttpRequest) -> HttpResponse:
    """One object as the ledger says it stood after entry `at`, or at the `stop`-th of its own; else as it is now."""
    asked = search.read(request.GET.dict())
    if not asked.object:
        raise InvalidInput(asked.wrong.get("object") or _("Say which object: order:PO-00001."))
    at, stop = (_whole(request.GET.get(name, "")) for name in ("at", "stop"))
    context = as_of.view(entity_of(request), *asked.object_ref, at=at, stop=stop)
    if context is None:
        raise NotFound(_("The ledger names no “%(object)s”.") % {"object": asked.object})
    context |= {"title": asked.object_ref[1], "object": asked.object, "here": asked.object}
    if by_htmx(request):
        return fragment(request, "console/_object_state.html", context)
    return show(request, "console/ledger_object.html", context)


@page(right="ledger.view")
def signed(request: HttpRequest) -> HttpResponse:
    """Checkpoints, newest first, and where each was handed to."""
    log = _head(request).log
    rows = list(Checkpoint.objects.filter(log_id=log).order_by("-size")[:PAGE])
    handed: dict[int, list[Anchoring]] = {}
    for each in Anchoring.objects.filter(checkpoint__in=rows).order_by("pk"):
        handed.setdefault(each.checkpoint_id, []).append(each)
    return show(
        request,
        "console/checkpoints.html",
        _log(request)
        | {
            "title": _("Signed checkpoints"),
            "scrub": scrubbing.standing(),
            "rows": [(each, handed.get(each.pk, [])) for each in rows],
            "key": checkpoints.verifier_key(log),
            "may_sign": may(request, "ledger.checkpoint"),
            "looks": LOOKS.items(),
        },
    )


@page(right="ledger.checkpoint", methods=("POST",))
def sign(request: HttpRequest) -> HttpResponse:
    made = checkpoints.make(_head(request).log, actor=actor_of(request))
    if made is None:
        messages.info(request, _("Nothing new to sign: the newest checkpoint covers every entry."))
    else:
        messages.success(request, _("Signed: %(size)s entries.") % {"size": made.size})
    return redirect("console:checkpoints")


@page(right="ledger.export")
def proof(request: HttpRequest, seq: int) -> HttpResponse:
    _entry(request, seq)
    text = exports.proof_of(_head(request).log, seq, actor=actor_of(request))
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="entry-{seq}.tlog-proof"'
    return response


@page(right="ledger.export", methods=("POST",))
def export(request: HttpRequest) -> HttpResponseBase:
    """The file is whole before the first byte leaves: what cannot be exported is said on a page."""
    head = _head(request)
    first, last = (_number(request, name) for name in ("first", "last"))
    personal = request.POST.get("personal") == "1"
    kept = tempfile.TemporaryFile()  # noqa: SIM115  closed with the response
    try:
        made = exports.write(head.log, kept, first=first or 1, last=last, actor=actor_of(request), personal=personal)
    except DomainError:
        kept.close()
        raise
    kept.seek(0)
    name = f"{head.origin.replace('/', '_')}-{made.first}-{made.last}.jsonl"
    return FileResponse(kept, as_attachment=True, filename=name, content_type="application/x-ndjson")


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= search.MOST_DIGITS else None


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "").strip()
    if text and not (text.isdecimal() and len(text) <= search.MOST_DIGITS):
        raise InvalidInput(_("An entry's number is written in digits."))
    return int(text) if text else None


@page(right="ledger.view")
def verifier_file(request: HttpRequest) -> HttpResponseBase:
    """The stand-alone verifier, as this portal runs with it."""
    return FileResponse(open(verifier.__file__, "rb"), as_attachment=True, filename="verifier.py")
