"""Finds text that hides from people or speaks to the machine. What is found is reported and not read any further."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.readers.text import Suspicion

_OPENING = re.compile(r"<([a-z][a-z0-9]{0,9})\b([^<>]{0,600})>", re.I)
_UNSEEN = re.compile(
    r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden|font-size\s{0,3}:\s{0,3}0(?![.\d]*[1-9])"
    r"|opacity\s{0,3}:\s{0,3}0(?![.\d]*[1-9])|colou?r\s{0,3}:\s{0,3}(?:white|#fff(?:fff)?)\b|\shidden\b",
    re.I,
)
_CODE = ("script", "style", "template", "noscript")
_TARGET = (
    r"(?:instruction|direction|prompt|command|rule|guideline|polic|context|message|order|task|anweisung|"
    r"regel|vorgabe|consigne|instruct|règle)"
)
#: The sentence, and what follows it until the requester speaks again, is not read.
_COMMANDING = re.compile(
    "|".join(
        (
            rf"\b(?:ignore|disregard|forget|override|overrule|bypass|do not follow|don'?t follow|"
            rf"neglect)\b[^.!?\n]{{0,40}}?"
            rf"\b(?:previous|prior|above|earlier|preceding|all|any|your|the|these|those|other|"
            rf"my)\b[^.!?\n]{{0,30}}?{_TARGET}",
            r"\b(?:ignore|disregard|forget)\s+(?:everything|all|anything|what)\b[^.!?\n]{0,20}\b(?:above|"
            r"before|said|told|prior|previous(?:ly)?)",
            rf"\b(?:ignoriere|vergiss|missachte|ignorier)\w*\b[^.!?\n]{{0,50}}?{_TARGET}",
            rf"\b(?:ignore[zr]?|oublie[zr]?)\b[^.!?\n]{{0,50}}?{_TARGET}",
            r"\byou are (?:now|no longer|an? (?:ai|assistant|language model|agent|llm|bot))\b",
            r"\b(?:as an? (?:ai|language model|assistant)|system prompt|developer mode|jailbreak|prompt "
            r"injection|new instructions?)\b",
            r"\[/?(?:INST|SYS|SYSTEM)\]|<<\s*/?SYS\s*>>|<\|[a-z_]{2,20}\|>|</?(?:system|instructions?|"
            r"prompt|important|information|assistant|tool\w*)\s*>",
            r"(?:^|(?<=[\n.!?;\"“(*#-])|(?<=[.!?]\s))[ \t]{0,4}(?:\#{1,4}[ \t]*|\*{1,2})?"
            r"(?:system|assistant|ai|llm|instructions?|important (?:note|message|instructions?)|note to "
            r"(?:the )?(?:ai|assistant|agent|bot|system|reader|model))"
            r"(?:[ \t]+(?:message|override|notice|update|instructions?|note))?[ \t]*:",
            r"\b(?:set|change|raise|increase|reset|overwrite|modify)\s+(?:the\s+|this\s+|my\s+|your\s+)?"
            r"(?:budget|quantity|quantities|price|approval|limit|threshold|polic\w+|amount|vendor|"
            r"supplier|priority|status)\s+(?:to|as|at)\b",
            r"\b(?:reveal|print|output|repeat|show|leak)\b[^.!?\n]{0,30}\b(?:system prompt|your "
            r"(?:prompt|instructions)|password|api key|secret|credentials)\b",
            r"\b(?:pretend|act as (?:if|an? )|role-?play|simulate being)\b[^.!?\n]{0,40}\b(?:ai|admin\w*|"
            r"approver|approved|system|dan|no (?:rules|restrictions))\b",
            r"\b(?:respond|reply|answer)\s+(?:only|just)\s+(?:with|in)\b|\bdo not (?:tell|inform|mention|"
            r"alert|notify)\b[^.!?\n]{0,30}\b(?:user|anyone|human|person|approver|requester)\b",
        )
    ),
    re.I,
)
#: Only the clause is not read: people also say “please approve this”.
_ASKING = re.compile(
    r"\b(?:auto-?approv\w+|(?:please\s+)?(?:just\s+)?approve\s+(?:this|it|that|the\s+(?:order|request|"
    r"purchase|proposal|requisition)|immediately|automatically|without)"
    r"|(?:mark|treat|consider|flag|register)\s+(?:this|it|the\s+\w+)\s+(?:as\s+)?(?:pre-?)?(?:approved|"
    r"authori[sz]ed|passed|verified)"
    r"|(?:this|it)\s+(?:is|has been|was)\s+(?:already\s+)?(?:pre-?)?(?:approved|authori[sz]ed)\s+by"
    r"|(?:skip|bypass|without|circumvent|no need for|override)\s+(?:the\s+|any\s+|all\s+|"
    r"further\s+)?(?:\w+\s+)?(?:approvals?|checks?|review|polic(?:y|ies)|sign-?offs?|gate|controls?|"
    r"verification)"
    r"|no\s+(?:approval|review|questions?)\s+(?:is\s+|are\s+)?(?:needed|required|necessary|to be asked)"
    r"|(?:genehmige\w*|freigeben)\s+(?:dies\w*|sofort|automatisch|ohne)|ohne\s+(?:freigabe|genehmigung|prüfung)"
    r"|approuve[zr]?\s+(?:ceci|cette|immédiatement|automatiquement)|sans\s+(?:approbation|validation|contrôle))\b",
    re.I,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
_CLAUSE_END = re.compile(r"[.!?;](?=\s|$)|,(?=\s)|\n|\s(?:and|und|et)\s")
_AGAIN = re.compile(
    r"\s*(?:hi|hello|dear|good (?:morning|afternoon|day)|guten|bonjour|we|i|our|please (?:order|send|buy|"
    r"find|get|supply)|wir|ich|nous|je)\b(?!\s+(?:order you|command))",
    re.I,
)
REPORTS = 60


def hidden(text: str) -> Iterator[Suspicion]:
    """Parts that markup hides from the eye: comments, invisible elements, code."""
    place = text.find("<!--")
    while place >= 0:
        closing = text.find("-->", place)
        end = closing + 3 if closing >= 0 else len(text)
        yield Suspicion(text[place:end], place, end, "an HTML comment, which a mail program does not show")
        place = text.find("<!--", end)
    unclosed: set[str] = set()
    after = 0
    for tag in _OPENING.finditer(text) if "</" in text else ():
        name = tag[1].casefold()
        if tag.start() < after or name in unclosed or not (name in _CODE or _UNSEEN.search(tag[2])):
            continue
        ending = re.compile(f"</{name}", re.I).search(text, tag.end())
        if ending is None:
            unclosed.add(name)
            continue
        after = ending.start()
        why = "code, not words" if name in _CODE else "text that its markup makes invisible"
        yield Suspicion(text[tag.end() : after], tag.end(), after, why)


def commanding(text: str) -> Iterator[Suspicion]:
    """Sentences that give orders to the reader, and clauses that ask it to decide."""
    after = 0
    for found in _COMMANDING.finditer(text):
        if found.start() < after:
            continue
        start = max(_last_end(_SENTENCE_END, text, found.start()), after)
        after = _until_the_requester_speaks(text, found.end())
        yield _trimmed(text, start, after, "an instruction to the reader; a request only says what is needed")
    for found in _ASKING.finditer(text):
        start = _last_end(_CLAUSE_END, text, found.start())
        ending = _CLAUSE_END.search(text, found.end())
        end = ending.start() if ending else len(text)
        yield _trimmed(
            text, start, min(end, found.end() + 300), "asks for a decision that only the policy or a person makes"
        )


def _last_end(pattern: re.Pattern[str], text: str, place: int, reach: int = 300) -> int:
    floor = max(0, place - reach)
    ends = [each.end() for each in pattern.finditer(text, floor, place)]
    return ends[-1] if ends else floor


def _until_the_requester_speaks(text: str, place: int, reach: int = 2000) -> int:
    ceiling = min(len(text), place + reach)
    while (ending := _SENTENCE_END.search(text, place, ceiling)) is not None:
        place = ending.end()
        if ending[0] == "\n" or _AGAIN.match(text, place):
            return ending.end()
    return ceiling


def _trimmed(text: str, start: int, end: int, why: str) -> Suspicion:
    while start < end and (text[start].isspace() or text[start] in ",;"):
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Suspicion(text[start:end], start, end, why)
