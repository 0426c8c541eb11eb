"""Makes a judgement again from the ledger alone, and shows what differs.

Pure once read: the recorded facts and the recorded policy go through the gate as it is now. With another policy it
says what that one would have made of the same facts. Callers ask for the right `ledger.view`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals import document, gate, recollection, recomputing, rulebook
from approvals.document import Policy
from approvals.recollection import FiredRule, Published, Recorded, Ruling
from approvals.vocabulary import Answer, Facts, Known, Uncomputable, answer_as_json, number
from ledger.models import LegalEntity

#: Another policy to judge by: a published version's number, or a document that nobody published yet.
Other = int | Mapping[str, Any]
COMMANDS, POLICY, WORLD = "commands", "policy", "world"

#: Facts that stand elsewhere in the ledger than in the commands.
_SOURCES: dict[str, Any] = {"order_threshold": gettext_lazy("the policy says")} | dict.fromkeys(
    ("actor_kind", "actor_name", "confidence", "urgency"), gettext_lazy("the proposal says")
)


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is verdict, fired, levels, checkpoint, fact, commands or policy; `text` says it to a person."""

    what: str
    name: str
    recorded: Any
    rejudged: Any
    text: str

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "name": self.name,
            "recorded": self.recorded,
            "rejudged": self.rejudged,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class FactRead:
    """A recorded answer, where it came from, and what that gives today where it can be computed again."""

    name: str
    answer: Answer
    origin: str
    recomputed: Answer | None = None

    @property
    def same(self) -> bool | None:
        """None: from the world as it was then, so nobody can tell."""
        return None if self.recomputed is None else _said(self.recomputed) == _said(self.answer)

    def as_json(self) -> dict[str, Any]:
        again = None if self.recomputed is None else _said(self.recomputed)
        return {
            "name": self.name,
            **answer_as_json(self.answer),
            "from": self.origin,
            "recomputed": again,
            "same": self.same,
        }


@dataclass(frozen=True, slots=True)
class Used:
    """The policy judged by. `number` None: a draft."""

    number: int | None
    digest: str
    name: str

    def as_json(self) -> dict[str, Any]:
        return {"number": self.number, "digest": self.digest, "name": self.name}


@dataclass(frozen=True, slots=True)
class Rejudgement:
    """`lacking` are facts that the policy used reads and the entry does not answer, each with the reason."""

    record: Recorded
    used: Used
    facts: tuple[FactRead, ...]
    rejudged: Ruling
    differences: tuple[Difference, ...]
    lacking: Mapping[str, str]

    @property
    def same(self) -> bool:
        return not self.differences

    def sentences(self) -> list[str]:
        """The outcome as a person reads it."""
        record = self.record
        said = {"ref": record.proposal, "seq": record.seq, "verdict": self.rejudged.verdict, "policy": self.used.name}
        first = _("%(ref)s, judged in entry %(seq)d: “%(policy)s” says %(verdict)s.") % said
        same = [] if self.differences else [_("Judged again, nothing differs.")]
        lacking = [
            _("“%(fact)s” cannot be computed any more: %(why)s.") % {"fact": name, "why": why}
            for name, why in self.lacking.items()
        ]
        erased = [_("Words in the commands were erased: their fingerprint cannot be computed any more.")]
        lacking += erased if record.bundle.erased else []
        return [first, *same, *(each.text for each in self.differences), *lacking]

    def as_json(self) -> dict[str, Any]:
        record, bundle = self.record, self.record.bundle
        return {
            "seq": record.seq,
            "proposal": record.proposal,
            "revision": record.revision,
            "stage": record.stage,
            "at": record.at.isoformat(),
            "policy": {
                "recorded": {"number": record.policy, "digest": record.policy_digest},
                "used": self.used.as_json(),
            },
            "commands": {
                "seq": bundle.seq,
                "fingerprint": record.fingerprint,
                "recomputed": bundle.recomputed,
                "erased": list(bundle.erased),
                "same": bundle.same and bundle.fingerprint == record.fingerprint,
                "kinds": [each["kind"] for each in bundle.commands],
            },
            "facts": [each.as_json() for each in self.facts],
            "lacking": dict(self.lacking),
            "recorded": record.ruling.as_json(),
            "rejudged": self.rejudged.as_json(),
            "same": self.same,
            "differences": [each.as_json() for each in self.differences],
            "sentences": self.sentences(),
        }


def rejudge(entity: LegalEntity, seq_or_reference: int | str, *, policy: Other | None = None) -> Rejudgement:
    """Judges again what an entry recorded, or the latest judgement of a proposal; by another policy when given.

    Raises `NotFound` for what the ledger does not hold and `NotRejudgeable` for what it does not hold enough of.
    """
    return _again(recollection.find(entity, seq_or_reference), entity, policy)


def rejudge_all(entity: LegalEntity, reference: str, *, policy: Other | None = None) -> tuple[Rejudgement, ...]:
    """Every judgement of a proposal, oldest first."""
    return tuple(_again(each, entity, policy) for each in recollection.find_all(entity, reference))


def _again(record: Recorded, entity: LegalEntity, other: Other | None) -> Rejudgement:
    original = recollection.published(entity, record.policy, before=record.seq)
    policy = _compiled(original) if other is None else _other(entity, other)
    threshold = number(policy.document.order_threshold, "set in the policy")
    facts = Facts(dict(record.facts.answers) | {"order_threshold": threshold})
    rejudged = recollection.ruling_of(gate.judge(facts, policy))
    computed = recomputing.from_commands(record)
    if other is None:
        computed["order_threshold"] = threshold
    differences = [*_of_commands(record), *_of_policy(record, original), *_of_facts(record, computed)]
    differences += _of_rulings(record.ruling, rejudged)
    if forged := recomputing.differing(facts, computed):
        differences += _corrected(rejudged, Facts(dict(facts.answers) | forged), policy)
    return Rejudgement(
        record=record,
        used=Used(policy.version or None, policy.digest, policy.document.name),
        facts=tuple(_read(name, answer, computed) for name, answer in record.facts.answers.items()),
        rejudged=rejudged,
        differences=tuple(differences),
        lacking={name: why for name, why in record.absent.items() if name in _reads(policy)},
    )


def _compiled(found: Published) -> Policy:
    return rulebook.of_document(found.document, number=found.number, digest=found.recomputed)


def _other(entity: LegalEntity, other: Other) -> Policy:
    if isinstance(other, int):
        return _compiled(recollection.published(entity, other))
    return document.read(other)


def _reads(policy: Policy) -> frozenset[str]:
    rules = (*policy.rules, *gate.STANDING)
    return frozenset(name for rule in rules for part in rule.parts for name in part.reads)


def _read(name: str, answer: Answer, computed: Mapping[str, Answer]) -> FactRead:
    origin = POLICY if name == "order_threshold" else COMMANDS if name in computed else WORLD
    return FactRead(name, answer, origin, computed.get(name))


def _of_commands(record: Recorded) -> Iterator[Difference]:
    """Of commands whose words were erased, only the two claims can be compared."""
    bundle = record.bundle
    found = bundle.recomputed or bundle.fingerprint
    for claimed, seq in ((bundle.fingerprint, bundle.seq), (record.fingerprint, record.seq)):
        if claimed != found:
            text = _("Entry %(seq)d names the fingerprint %(claimed)s…, but the commands give %(found)s….") % {
                "seq": seq,
                "claimed": claimed[:12],
                "found": found[:12],
            }
            yield Difference("commands", "fingerprint", claimed, found, text)


def _of_policy(record: Recorded, original: Published) -> Iterator[Difference]:
    for claimed, seq in ((original.digest, original.seq), (record.policy_digest, record.seq)):
        if claimed != original.recomputed:
            text = _("Entry %(seq)d names the policy digest %(claimed)s…, but version %(number)d gives %(found)s….") % {
                "seq": seq,
                "claimed": claimed[:12],
                "number": original.number,
                "found": original.recomputed[:12],
            }
            yield Difference("policy", "digest", claimed, original.recomputed, text)


def _of_facts(record: Recorded, computed: Mapping[str, Answer]) -> Iterator[Difference]:
    for name, answer in recomputing.differing(record.facts, computed).items():
        recorded = record.facts.answers[name]
        source = _SOURCES.get(name) or _("the commands say")
        text = _("%(fact)s: recorded %(recorded)s, %(source)s %(found)s.") % {
            "fact": name,
            "recorded": _worded(recorded),
            "source": source,
            "found": _worded(answer),
        }
        yield Difference("fact", name, _said(recorded), _said(answer), text)


def _corrected(rejudged: Ruling, facts: Facts, policy: Policy) -> Iterator[Difference]:
    """What the verdict would be by the facts that the commands give."""
    ruling = recollection.ruling_of(gate.judge(facts, policy))
    if ruling.verdict != rejudged.verdict or ruling.levels != rejudged.levels:
        said = {"right": _asked(ruling), "wrong": _asked(rejudged)}
        text = _("By what the commands say the verdict is %(right)s, not %(wrong)s.") % said
        yield Difference("verdict", "by the commands", rejudged.verdict, ruling.verdict, text)


def _asked(ruling: Ruling) -> str:
    return f"{ruling.verdict} ({', '.join(ruling.levels)})" if ruling.levels else ruling.verdict


def _of_rulings(before: Ruling, after: Ruling) -> Iterator[Difference]:
    if before.verdict != after.verdict:
        said = {"before": before.verdict, "after": after.verdict}
        text = _("The verdict was %(before)s and is %(after)s.") % said
        yield Difference("verdict", "verdict", before.verdict, after.verdict, text)
    yield from _of_fired(before, after)
    if before.levels != after.levels:
        said = {"before": ", ".join(before.levels) or _("none"), "after": ", ".join(after.levels) or _("none")}
        text = _("The levels that must approve were %(before)s and are %(after)s.") % said
        yield Difference("levels", "levels", list(before.levels), list(after.levels), text)
    if before.checkpoint != after.checkpoint:
        said = {"before": before.checkpoint, "after": after.checkpoint}
        text = _("The checkpoint was “%(before)s” and is “%(after)s”.") % said
        yield Difference("checkpoint", "checkpoint", before.checkpoint, after.checkpoint, text)


def _of_fired(before: Ruling, after: Ruling) -> Iterator[Difference]:
    was, now = ({each.key: each for each in ruling.fired} for ruling in (before, after))
    for key in sorted(was.keys() | now.keys()):
        old, new = was.get(key), now.get(key)
        if old != new:
            yield Difference("fired", key, old and old.as_json(), new and new.as_json(), _fired_text(key, old, new))


def _fired_text(key: str, old: FiredRule | None, new: FiredRule | None) -> str:
    said = {"rule": key, "old": old.effect if old else "", "new": new.effect if new else ""}
    if old is None:
        return _("The rule “%(rule)s” (%(new)s) fires, which it did not.") % said
    if new is None:
        return _("The rule “%(rule)s” (%(old)s) fired and does not any more.") % said
    if old.effect == new.effect and old.chain == new.chain and old.checkpoint == new.checkpoint:
        why = new.undecided or _("it can be decided now")
        return _("The rule “%(rule)s” fires for another reason: %(why)s.") % {"rule": key, "why": why}
    return _("The rule “%(rule)s” fires as before, but is not the same rule: %(old)s, now %(new)s.") % said


def _said(answer: Answer) -> Any:
    """The value, or what there is in its place."""
    told = answer_as_json(answer)
    return told.get("value", told["state"])


def _worded(answer: Answer) -> str:
    if isinstance(answer, Uncomputable):
        return _("nothing that could be computed")
    if not isinstance(answer, Known):
        return _("not applicable")
    if isinstance(answer.value, Decimal):
        return f"{answer.value:,f}"
    if isinstance(answer.value, tuple):
        return ", ".join(answer.value) or _("nothing")
    return str(answer.value).lower() if isinstance(answer.value, bool) else str(answer.value)
