"""One judgement examined again as a whole: the decision made again, and what led to it read again. Reads only."""

from __future__ import annotations

from typing import Any

from agents.rereading import reread
from approvals.rejudging import Other, rejudge
from ledger.models import LegalEntity


def reexamine(
    entity: LegalEntity,
    seq_or_reference: int | str,
    *,
    policy: Other | None = None,
    tier: str | None = None,
) -> dict[str, Any]:
    """The judgement of that entry (or the latest of that proposal) again, as one JSON object. Changes nothing.

    `policy` is another published version's number or a draft's document; `tier` another reader. Callers ask for
    `ledger.view`. Raises `NotFound`, `NotRejudgeable` or `InvalidInput`, whose messages say what to do.

        seq, proposal, revision, stage ("propose" | "execute"), at (instant)
        policy       {recorded: {number, digest}, used: {number | null for a draft, digest, name}}
        commands     {seq, fingerprint, recomputed, same, kinds: [...]}
        facts        [{name, state ("known" | "not_applicable" | "uncomputable"), value (known only), how,
                       from ("commands" | "policy" | "world"), recomputed (value, state, or null), same (null: world)}]
        lacking      {fact: why}: read by the policy used, answered by nobody any more
        recorded     {verdict, fired: [{key, effect, checkpoint, chain, undecided}], levels: [key], checkpoint,
                      near: [key]}
        rejudged     the same shape
        same         nothing differs in the judgement (recorded and rejudged, commands, policy digest, facts)
        differences  [{what ("verdict" | "fired" | "levels" | "checkpoint" | "fact" | "commands" | "policy"), name,
                       recorded, rejudged, text}]
        sentences    [text]: the outcome for a person
        plan         {reference, template: {template, version, digest}, same (true | false | null: cannot be told)}
        steps        [{seq, step, role, result_digest, kept (bool | null), model: {...}, reading: null or
                       {tier: {recorded, used}, recorded, reread, same, differences: [{path, recorded, reread}],
                        notes: [text]}}]
    """
    judged = rejudge(entity, seq_or_reference, policy=policy)
    read = reread(entity, judged.record.proposal, tier=tier)
    told = read.as_json()
    return judged.as_json() | {
        "plan": {"reference": told["plan"], "template": told["template"], "same": told["same"]},
        "steps": told["steps"],
    }
