"""What the ledger holds of a judgement, read from its entries alone: the commands, the facts, the policy, the ruling.

No row of a proposal, a judgement or a policy is looked at, so altering those changes nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from approvals import chronicle, entries
from approvals.errors import NotRejudgeable
from approvals.gate import Verdict
from approvals.vocabulary import VOCABULARY, Answer, Facts, Uncomputable, answer_from_json
from ledger.actors import Actor, ActorKind
from ledger.command import digest
from ledger.errors import InvalidInput, NotFound
from ledger.models import LegalEntity
from ledger.redaction import MARK

JUDGED, PUBLISHED = "proposal.judged", "policy.published"
#: Entries that say which commands a proposal holds from then on.
BUNDLED = ("proposal.made", "proposal.revised")
#: Why a personal answer cannot be read any more.
ERASED = "erased"


@dataclass(frozen=True, slots=True)
class FiredRule:
    key: str
    effect: str
    checkpoint: str
    chain: str = ""
    undecided: str = ""

    def as_json(self) -> dict[str, str]:
        return {
            "key": self.key,
            "effect": self.effect,
            "checkpoint": self.checkpoint,
            "chain": self.chain,
            "undecided": self.undecided,
        }


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate said, as far as it is compared."""

    verdict: str
    fired: tuple[FiredRule, ...]
    levels: tuple[str, ...]
    checkpoint: str
    near: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "fired": [each.as_json() for each in self.fired],
            "levels": list(self.levels),
            "checkpoint": self.checkpoint,
            "near": list(self.near),
        }


@dataclass(frozen=True, slots=True)
class Bundle:
    """The commands as an entry states them; `fingerprint` is what it claims, `recomputed` what they give.

    Texts somebody typed are kept beside the chain. `erased` are the paths of those that are gone: then nothing can be
    recomputed, and a mark stands in their place.
    """

    seq: int
    commands: tuple[Mapping[str, Any], ...]
    fingerprint: str
    recomputed: str | None
    erased: tuple[str, ...] = ()

    @property
    def same(self) -> bool | None:
        """None: words in them were erased, so nobody can tell."""
        return None if self.recomputed is None else self.fingerprint == self.recomputed


@dataclass(frozen=True, slots=True)
class Published:
    """A policy version as its own entry published it; `digest` is what that claims, `recomputed` what it gives."""

    seq: int
    number: int
    digest: str
    recomputed: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One judgement. `absent` are facts that the entry leaves out or that were erased since, with the reason."""

    seq: int
    proposal: str
    revision: int
    stage: str
    at: datetime
    today: date
    currency: str
    fingerprint: str
    bundle: Bundle
    author: Actor
    confidence: Decimal | None
    urgency: str
    undo_of: str
    policy: int
    policy_digest: str
    facts: Facts
    absent: Mapping[str, str]
    ruling: Ruling


def ruling_of(verdict: Verdict) -> Ruling:
    return Ruling(
        verdict=str(verdict.outcome),
        fired=tuple(
            FiredRule(each.key, str(each.effect), each.checkpoint, each.chain, each.undecided) for each in verdict.fired
        ),
        levels=tuple(level.key for level in verdict.levels),
        checkpoint=verdict.checkpoint,
        near=tuple(each.key for each in verdict.near),
    )


def find(entity: LegalEntity, seq_or_reference: int | str) -> Recorded:
    """By the number of an entry that names the proposal, or by the proposal's reference: then its latest judgement.

    An entry that made or revised it stands for the judgement that followed; any other for the last one before it.
    """
    text = str(seq_or_reference).strip()
    if not text.isdecimal():
        return _recorded(entity, _judged(entity, text)[-1])
    seq, record = chronicle.at(entity, int(text))
    if record["kind"] == JUDGED:
        return _recorded(entity, (seq, record))
    reference = chronicle.proposal_of(record)
    if not reference:
        raise InvalidInput(
            _("Entry %(seq)d is “%(kind)s” and judges nothing. Name a proposal or an entry about one.")
            % {"seq": seq, "kind": record["kind"]}
        )
    judged = _judged(entity, reference)
    if record["kind"] in BUNDLED:
        after = next((each for each in judged if each[0] > seq), None)
    else:
        after = next((each for each in reversed(judged) if each[0] < seq), None)
    if after is None:
        raise NotFound(_("No judgement of %(ref)s goes with entry %(seq)d.") % {"ref": reference, "seq": seq})
    return _recorded(entity, after)


def find_all(entity: LegalEntity, reference: str) -> tuple[Recorded, ...]:
    """Every judgement of a proposal, oldest first."""
    return tuple(_recorded(entity, each) for each in _judged(entity, reference))


def published(entity: LegalEntity, number: int, *, before: int | None = None) -> Published:
    """That policy version, from the entry that published it (up to an entry's number, when given)."""
    for seq, record in chronicle.about(entity, "policy", str(number), (PUBLISHED,), before=before, newest_first=True):
        data = record["data"]
        return Published(seq, number, data["digest"], _digest(json.dumps(data["document"])), data["document"])
    raise NotRejudgeable(_("The ledger holds no policy version %(number)d of this company.") % {"number": number})


@lru_cache(maxsize=32)
def _digest(document: str) -> str:
    """A policy is long and judged by often."""
    return digest(json.loads(document))


def _judged(entity: LegalEntity, reference: str) -> Sequence[tuple[int, dict[str, Any]]]:
    found = list(chronicle.about(entity, "proposal", reference, (JUDGED,)))
    if not found:
        raise NotFound(_("The ledger holds no judgement of “%(ref)s”.") % {"ref": reference[:80]})
    return found


def _recorded(entity: LegalEntity, judged: tuple[int, dict[str, Any]]) -> Recorded:
    seq, record = judged
    try:
        return _assembled(entity, seq, record)
    except (KeyError, TypeError, ValueError) as error:
        said = {"seq": seq, "why": f"{type(error).__name__}: {error}"[:200]}
        raise NotRejudgeable(_("Entry %(seq)d does not hold what a judgement needs (%(why)s).") % said) from None


def _assembled(entity: LegalEntity, seq: int, record: dict[str, Any]) -> Recorded:
    data = record["data"]
    if not isinstance(data.get("policy"), int):
        raise NotRejudgeable(
            _("Entry %(seq)d was written before judgements kept their answers: it cannot be judged again.")
            % {"seq": seq}
        )
    reference = chronicle.proposal_of(record)
    made, bundle = _bundled(entity, reference, before=seq)
    facts, absent = _facts(data["facts"], chronicle.committed(entity, seq, record, f"{entries.FACTS}."))
    return Recorded(
        seq=seq,
        proposal=reference,
        revision=data["revision"],
        stage=data["stage"],
        at=datetime.fromisoformat(data["at"]),
        today=date.fromisoformat(data["today"]),
        currency=data["currency"],
        fingerprint=data["fingerprint"],
        bundle=bundle,
        author=Actor(ActorKind(made["actor"]["kind"]), made["actor"]["id"]),
        confidence=None if made["data"]["confidence"] is None else Decimal(made["data"]["confidence"]),
        urgency=made["data"]["urgency"],
        undo_of=made["data"]["undo_of"] or "",
        policy=data["policy"],
        policy_digest=record.get("policy", ""),
        facts=facts,
        absent=absent,
        ruling=_ruling(data),
    )


def _bundled(entity: LegalEntity, reference: str, *, before: int) -> tuple[dict[str, Any], Bundle]:
    """The entry that made the proposal, and the commands that it held just before that entry."""
    told = list(chronicle.about(entity, "proposal", reference, BUNDLED, before=before))
    if not told or told[0][1]["kind"] != "proposal.made":
        raise NotRejudgeable(
            _("The ledger does not say how %(ref)s was made before entry %(seq)d.") % {"ref": reference, "seq": before}
        )
    seq, record = told[-1]
    words = chronicle.committed(entity, seq, record, "commands.")
    commands = _with_words(record["data"]["commands"], words)
    erased = tuple(path for path, text in words.items() if text is None)
    recomputed = None if erased else digest(commands)
    return told[0][1], Bundle(seq, tuple(commands), record["data"]["fingerprint"], recomputed, erased)


def _with_words(commands: Sequence[Mapping[str, Any]], words: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """The commands with the texts that their entry only commits to put back where they stood: `0.lines.2.reason`."""
    whole: list[dict[str, Any]] = json.loads(json.dumps(commands))
    for path, text in words.items():
        number, *steps, last = path.split(".")
        place: Any = whole[int(number)]["fields"]
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[last] = MARK if text is None else text
    return whole


def _facts(told: Mapping[str, Any], committed: Mapping[str, Any]) -> tuple[Facts, dict[str, str]]:
    answers: dict[str, Answer] = {}
    absent = {name: _("not a fact yet when this was judged") for name in VOCABULARY if name not in told}
    for name, answer in told.items():
        if name not in committed:
            answers[name] = answer_from_json(answer)
        elif committed[name] is not None:
            answers[name] = answer_from_json({**answer, "value": committed[name]})
        else:
            absent[name] = ERASED
            answers[name] = Uncomputable(ERASED)
    return Facts(answers), absent


def _ruling(data: Mapping[str, Any]) -> Ruling:
    return Ruling(
        verdict=data["verdict"],
        fired=tuple(FiredRule(**each) for each in data["fired"]),
        levels=tuple(data["levels"]),
        checkpoint=data["checkpoint"],
        near=tuple(each["key"] for each in data["near"]),
    )
