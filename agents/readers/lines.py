"""Request lines: each quantity with the words that say of what, and wishes without a quantity."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from agents.readers import medicines, quantities
from agents.readers.quantities import NEED, Quantity

#: A longer list belongs into a file; the rest is not read and a question says so.
MOST = 200
_LONGEST = 240
_HARD = re.compile(
    r"\n|[;|\t]|"
    r"(?<!\bapprox)(?<!\bincl)(?<!\bexcl)(?<!\bno)(?<!\bnr)(?<!\bca)(?<!\bmin)(?<!\bmax)(?<!\be\.g)(?<!\bi\.e)(?<!\bz\.B)[.!?](?=\s|"
    r"$)|\s(?=[0-9]{1,2}\)\s)|\s[-–—](?=\s)|:(?=\s|$)"
)
_STOP_WORDS = (
    r"by|before|until|till|no later|not later|latest|asap|as soon|soonest|urgent\w*|immediately|"
    r"budget\w*|max\b|maximum|up to|not exceed\w*|not more|no more|within|costing|deliver(?:ed|y|ies|ing|"
    r"able)?|ship(?:ped|ping|ment)?|sent|to be|needed|required|due|please|thanks|thank"
    r"|from|via|because|since|so that|so we|as we|as the|as it|as they|as in|which|that|who|we|i|you|he|"
    r"she|they|(?-i:it)|our budget|these|those|is|are|was|were|should|must|will|would|can|could|has|have|"
    r"had|last (?:time|year|month|order)|same as|at|under|below|preferably|ideally|charge\w*|cost "
    r"cent\w*|costs?|book(?:ed)? (?:to|on)"
    r"|account|destination|deadline|place|destined|enough|if|when|where|while|after|starting|start|but|however|"
    r"not|price|payment|supplier|vendor|cc|tomorrow|today|next|this|approx\w*|around|about|ranging|each|"
    r"reference|ref|regards|no rush|whenever|somewhere|in total|total|all for|to(?= \w)|ready|arriv\w+|"
    r"target"
    r"|bis|spätestens|nach|lieferung\w*|geliefert|zu liefern|lieferbar|kostenstelle|dringend|bitte|"
    r"sofort|wir|ich|bei|aus|avant|livr\w+|livraison|à livrer|d['’]ici|au plus tard|chez|nous|s['’]il|"
    r"svp|merci|pas urgent|urgence|à(?= [A-Z])|maximal|höchstens|benötigt|werden|wird|wären|jusqu\w*|au "
    r"maximum|im wert"
)
_STOP = re.compile(
    rf"[,(]?\s{{1,3}}[(]?(?:{_STOP_WORDS})(?![\w-])|\s{{0,2}}[(](?=(?:approx|about|for|by|max|budget|"
    rf"urgent|asap|deliver|to)\b)",
    re.I,
)
_SOFT = re.compile(
    r"[,(]?\s{1,3}(?P<word>for|in|on|für|im|in|am|pour|en|au|aux|à|an|of|de|von|with)\s(?P<next>(?:the|"
    r"our|us|use|my|his|her|their|delivery|staff|all|about|approx|around|new staff|new hires|die|das|den|"
    r"dem|unser\w{0,2}|notre|nos|le|la|les|votre|a total|under|immediate|internal)\b)?",
    re.I,
)
_JOINER = re.compile(
    r"(?:[\s,;(|•*–—-]|\b(?:and|und|et|plus|sowie|also|as well as|along with|together with|another|with|"
    r"or|additionally|furthermore|then|qty|quantity|x)\b|&|\+)*$",
    re.I,
)
_LEADING = re.compile(
    r"^(?:[\s.,:;|*•·>)\]–—-]|[0-9]{1,2}\)|(?:and|und|et|plus|also|sowie|of|for|für|pour|sie|us|me|x|×|the|some|any|our|more|additional|extra|"
    r"other|further|von|d['’]|de|des|a|an|ein|eine|einen|un|une|each of|each|a supply of|supply of|"
    r"quantity of|supplies of|stück|units of|new supply of)(?=[\s,]))+",
    re.I,
)
_TRAILING = re.compile(
    r"(?:[\s,.:;|(–—=/&+-]|\b(?:and|or|for|to|in|with|of|und|et|at|the|on|by|as|a|our|qty|quantity|menge|"
    r"anzahl|quantité|für|pour|is|are|x|please|von|de|also|plus|sowie)\b)+$",
    re.I,
)
_ITEM_LABEL = re.compile(
    r"^\s{0,6}(?:[-*•]\s{0,3}|[0-9]{1,3}[.)]\s{0,3})?(?:items?|products?|descriptions?|articles?|artikel|"
    r"produkte?|beschreibung|bezeichnung|désignation|produits?|goods|material|what|service|subject|need|"
    r"request|requirement)\b[^:\n]{0,20}:\s{0,3}(?P<value>[^\n]{2,200})",
    re.I | re.M,
)
_OTHER_LABEL = re.compile(
    r"^\s{0,6}(?:[-*•]\s{0,3})?(?:deliver\w*|destination|date|needed|required|budget|cost|place|country|"
    r"location|deadline|when|where|urgency|priority|vendor|supplier|contact|name|phone|unit|uom|"
    r"lieferung|liefer\w+|kosten\w*|livraison|termin|datum|délai|pays|land|currency|ship\w*|requester|"
    r"department|from|to|note|remarks?|comments?)\b[^:\n]{0,24}:",
    re.I,
)
_GREETING = re.compile(
    r"^\s{0,4}(?:hi|hello|dear|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|"
    r"liebe\w*|sehr geehrte\w*|bonjour|bonsoir|cher|chère|moin|hey|greetings|"
    r"team)\b[^\n,:!.]{0,40}[,:!.]?(?=\s|$)|^\s{0,4}(?:bonjour|hello|hi|hallo)\b\s?[,!:]?",
    re.I,
)
_POLITE = re.compile(
    r"(?:[\s,]|please|kindly|pls|could you|can you|would you|we (?:want|would like|plan|intend|wish|"
    r"have) to|i(?:['’]d| would)? (?:like|want) to|also|bitte|merci de|veuillez|we['’]d like to|there is|"
    r"there are|hey|hi|hello)*",
    re.I,
)
_UNTIL_NEED = re.compile(rf"^.{{0,160}}{NEED.pattern}[\s:]", re.I | re.S)
_EMPTY = re.compile(
    r"(?:(?:the )?following(?: \w+)?|items?|products?|articles?|things?|goods|them|it|these|those|supplies|this)", re.I
)
_PREPOSITION = re.compile(
    r"(?:around|about|in|at|with|near|of|for|to|from|by|is|are|was|were|each|and|first|approximately|ca|kindly|please)\b",
    re.I,
)
_EACH_OF = re.compile(r"\s{0,2}(?:each|jeweils|chacun)\b(?:\s(?:of|von|de)\b)?\s{0,2}[:,]?\s", re.I)
_PARTS = re.compile(r"\s(?:and|und|et|&)\s|,\s(?:and\s)?")
_ANAPHORA = re.compile(r"\b(?:the|these|those|all|diese|die|les|ces)\s{1,2}$", re.I)


@dataclass(frozen=True, slots=True)
class Line:
    start: int
    end: int
    quantity: Quantity | None
    #: Where words that say more about the same thing may still stand (pack sizes after a comma).
    reach: int


class Finder:
    """Finds the lines of one text. `blocked` marks what means something else; `ends` where such things begin."""

    def __init__(self, text: str, blocked: bytearray, ends: Sequence[int]) -> None:
        self.text = text
        self.blocked = blocked
        self.ends = sorted(ends)
        self.quantities = quantities.find(text, blocked)[: MOST * 2]
        self.quantities = [
            each
            for number, each in enumerate(self.quantities)
            if not number or not self._continues(self.quantities[number - 1], each)
        ]

    def find(self) -> list[Line]:
        out: list[Line] = []
        done = 0
        for number, quantity in enumerate(self.quantities):
            if quantity.start < done:
                continue
            following = self.quantities[number + 1].start if number + 1 < len(self.quantities) else len(self.text)
            found = self._line(
                quantity, following, max(out[-1].end, out[-1].quantity.end if out[-1].quantity else 0) if out else 0
            )
            if found and not self._said_before(found[0], out):
                out += found
                done = found[-1].end
            if len(out) > MOST:
                break
        return [part for line in (out or self.wishes) for part in self._split(line)]

    def _continues(self, before: Quantity, quantity: Quantity) -> bool:
        """“10 x 5 kg bags”, “500 bottles of 30 tablets”: the second number belongs to the thing."""
        between = self.text[before.end : quantity.start]
        counted = quantity.unit in ("tablet", "capsule", "test", "ml")
        nested = between.count("(") > between.count(")")
        alone = quantity.unit_span is not None and quantity.end == quantity.unit_span[1]
        if counted and alone and len(between) < 120 and not re.search(r"\n|[.;]\s|\band\b", between):
            return nested or before.unit not in (None, quantity.unit)
        return len(between) < 4 and between.strip(" x×") == "" and before.span is not None and "\n" not in between

    def _line(self, quantity: Quantity, following: int, floor: int) -> list[Line]:
        ahead = (0, 0) if quantity.backward else self._ahead(quantity.end, following)
        if ahead == (0, 0) or not self._says_something(*ahead):
            if (behind := self._behind(quantity, floor)) and self._says_something(*behind):
                line = Line(*behind, quantity, self._sentence_end(quantity.end))
                return (
                    self._each(line)
                    if re.match(
                        r"\s{0,2}(?:each|jeweils|chacune?)\b", self.text[quantity.end : quantity.end + 12], re.I
                    )
                    else [line]
                )
            ahead = self._ahead(quantity.end, following, skip=True)
        if not self._says_something(*ahead) and quantity.unit:
            ahead = self._after_of(quantity, following)
        if self._says_something(*ahead):
            return self._each(self._forward(quantity, ahead, following))
        if quantity.unit and quantities.is_duration(quantity.unit):
            return []
        if quantity.unit and quantity.unit_span:
            wish = next((each for each in self.wishes if not each.start <= quantity.start < each.reach), None)
            span = (wish.start, wish.end) if wish else quantity.unit_span
            return [Line(*span, quantity, self._sentence_end(quantity.end))]
        return []

    def _after_of(self, quantity: Quantity, following: int) -> tuple[int, int]:
        """“1,200 packs to Haiti of Stavudine”: what is said later in the sentence."""
        end = min(self._sentence_end(quantity.end), following)
        late = re.compile(r"\s(?:of|von|de)\s").search(self.text, quantity.end, end)
        return self._ahead(late.end(), following) if late else (0, 0)

    def _forward(self, quantity: Quantity, ahead: tuple[int, int], following: int) -> Line:
        """“200 tablets (Samsung …)” counts devices: without “of” or strength the counting word is the thing."""
        start, end = ahead
        noun = quantity.unit_span if quantity.unit in ("tablet", "capsule", "test") else None
        if noun and quantity.end == noun[1] and not medicines.strength(self.text[start:end]):
            start, quantity = noun[0], replace(quantity, unit=None, unit_span=None)
        return Line(start, end, quantity, min(self._sentence_end(end), following))

    def _ahead(self, place: int, following: int, *, skip: bool = False) -> tuple[int, int]:
        """The words after a quantity, up to where the sentence turns to something else."""
        text = self.text
        if skip:
            place += len(re.match(r"[ \t,:|–—-]{0,6}", text[place : place + 6])[0])  # type: ignore[index]
        limit = min(len(text), place + _LONGEST)
        if _EACH_OF.match(text, place):
            place = _EACH_OF.match(text, place).end()  # type: ignore[union-attr]
        end = limit
        if re.match(r"\s{0,3}(?:[,;.)]|[0-9]{1,2}\)\s|(?:and|und|et|plus|sowie)\s)", text[place : place + 10]):
            return (0, 0)
        begun = place + len(text[place:limit]) - len(text[place:limit].lstrip())
        if hard := _HARD.search(text, begun, limit):
            end = hard.start()
        if text[place:begun].strip(" ") or "\n" in text[place:begun]:
            return (0, 0)
        end = min(end, self._next_block(begun))
        if stop := _STOP.search(" " + text[begun:end] if begun == place else text[max(begun - 1, 0) : end]):
            end = min(end, begun - 1 + stop.start())
        for soft in _SOFT.finditer(text, max(begun - 1, 0), end):
            if self._turns_away(soft):
                end = min(end, soft.start())
                break
        if following < end:
            joiner = _JOINER.search(text, begun, following)
            end = joiner.start() if joiner and joiner.start() > begun else following
        return self._trimmed(begun, end)

    def _turns_away(self, soft: re.Match[str]) -> bool:
        """Whether a small word leads from the thing to its place, time or user: “for our team”, “in Lusaka”."""
        if soft["word"].casefold() in ("of", "de", "von", "with", "en"):
            return not self.text[soft.end() : self._next_block(soft.end())].strip()
        return bool(soft["next"]) or self._leads_to_block(soft.end())

    def _leads_to_block(self, place: int) -> bool:
        """A place, date or sum begins within the next few words."""
        begins = self._next_block(place)
        between = self.text[place:begins]
        return begins - place < 40 and len(between.split()) <= 4 and not re.search(r"[,.;\n]", between)

    def _next_block(self, place: int) -> int:
        number = bisect_left(self.ends, place)
        return self.ends[number] if number < len(self.ends) else len(self.text)

    def _behind(self, quantity: Quantity, floor: int) -> tuple[int, int] | None:
        """The words before a quantity that stands behind what it counts."""
        text = self.text
        begin = max(floor, quantity.start - _LONGEST)
        line_start = max(text.rfind("\n", begin, quantity.start) + 1, begin)
        start = line_start
        for hard in re.finditer(
            r"[;]|(?<!\w\.\w)(?<=\w\w)[.!?](?=\s)|(?<=[^\s0-9])\)\s?,", text[line_start : quantity.start]
        ):
            start = line_start + hard.end()
        for colon in re.finditer(r":\s(?=[^\n]{0,200}[^\W\d_]{3})", text[start : quantity.start]):
            start += colon.end()
            break
        segment = text[start : quantity.start]
        if greeting := _GREETING.match(segment):
            start += greeting.end()
        if need := _UNTIL_NEED.match(text[start : quantity.start]):
            start += need.end()
        if re.match(r"\s{0,6}[(]?[0-9]{1,3}[.)|:]\s", text[start : quantity.start]):
            start += re.match(r"\s{0,6}[(]?[0-9]{1,3}[.)|:]\s", text[start : quantity.start]).end()  # type: ignore[union-attr]
        label = _ITEM_LABEL.match(text[start : quantity.start])
        if label:
            start += label.start("value")
        begins, ends = self._trimmed(start, quantity.start)
        if self._says_something(begins, ends) and not self.blocked[begins]:
            if _PREPOSITION.match(self.text, begins):
                return None
            shorter = self._ahead(begins, ends)
            return shorter if self._says_something(*shorter) else (begins, ends)
        return self._labelled_above(line_start, floor, quantity_is_labelled=quantity.backward)

    def _labelled_above(self, line_start: int, floor: int, *, quantity_is_labelled: bool) -> tuple[int, int] | None:
        """“Item: …” on a line above “Qty: …”, else the line just above."""
        above = self.text[max(floor, line_start - 600) : line_start]
        offset = line_start - len(above)
        labels = list(_ITEM_LABEL.finditer(above))
        if labels:
            return self._trimmed(offset + labels[-1].start("value"), offset + labels[-1].end("value"))
        if not quantity_is_labelled:
            return None
        rows = [
            found
            for found in re.finditer(r"[^\n]{2,200}", above)
            if not _OTHER_LABEL.match(found[0]) and not _GREETING.match(found[0])
        ]
        if rows and offset + rows[-1].end() >= line_start - 2 and ":" not in rows[-1][0][-1:]:
            return self._trimmed(offset + rows[-1].start(), offset + rows[-1].end())
        return None

    @cached_property
    def wishes(self) -> list[Line]:
        """Without any quantity: what follows the first words of need, else an item label, else the first sentence."""
        for label in _ITEM_LABEL.finditer(self.text[:20_000]):
            span = self._trimmed(*label.span("value"))
            if self._says_something(*span):
                return [Line(*span, None, label.end())]
        for need in list(NEED.finditer(self.text[:20_000]))[:20]:
            span = self._ahead(need.end(), len(self.text))
            if self._says_something(*span) and not re.match(
                r"(?:to|by|in|on|it|them|this|your|help|quot|price|an? (?:quot|price|offer))\b",
                self.text[span[0] : span[1]],
                re.I,
            ):
                return [Line(*span, None, self._sentence_end(span[1]))]
        for row in re.finditer(r"[^\n.!?]{4,400}", self.text[:5_000]):
            start = row.start()
            if greeting := _GREETING.match(row[0]):
                start += greeting.end()
            if _OTHER_LABEL.match(row[0]):
                continue
            start += _POLITE.match(self.text, start).end() - start  # type: ignore[union-attr]
            span = self._ahead(start, len(self.text))
            if self._says_something(*span):
                return [Line(*span, None, self._sentence_end(span[1]))]
        return []

    def _each(self, line: Line) -> list[Line]:
        """“300 packs each of A and B”: the quantity goes to each."""
        if line.quantity is None or not re.search(
            r"\b(?:each|jeweils|chacune?)\b",
            self.text[line.quantity.start : min(line.end, line.quantity.end + 14)]
            + self.text[line.quantity.end : line.quantity.end + 8],
            re.I,
        ):
            return [line]
        parts = self._parts(line)
        return [replace(line, start=start, end=end, reach=end) for start, end in parts] if len(parts) > 1 else [line]

    def _split(self, line: Line) -> list[Line]:
        """“200 packs of A 200mg and B 600mg”: the second has no quantity of its own."""
        parts = self._parts(line)
        medicine = [
            bool(medicines.strength(self.text[start:end]) and re.search(r"[^\W\d_]{5}", self.text[start:end]))
            for start, end in parts
        ]
        if len(parts) < 2 or not all(medicine):
            return [line]
        return [
            replace(line, start=start, end=end, reach=end, quantity=line.quantity if number == 0 else None)
            for number, (start, end) in enumerate(parts)
        ]

    def _parts(self, line: Line) -> list[tuple[int, int]]:
        places = [line.start]
        for found in _PARTS.finditer(self.text, line.start, line.end):
            places += [found.start(), found.end()]
        places.append(line.end)
        spans = [self._trimmed(*pair) for pair in zip(places[::2], places[1::2], strict=True)]
        return [span for span in spans if self._says_something(*span)]

    def _said_before(self, line: Line, before: Sequence[Line]) -> bool:
        """“The 20 laptops must …” speaks of the 20 laptops again."""
        if line.quantity is None or not before:
            return False
        words = set(re.findall(r"[^\W\d_]{4,}", self.text[line.start : line.end].casefold()))
        for other in before:
            same = other.quantity is not None and other.quantity.value == line.quantity.value
            earlier = set(re.findall(r"[^\W\d_]{4,}", self.text[other.start : other.end].casefold()))
            if (
                same
                and words
                and words <= earlier
                and (
                    words == earlier
                    or _ANAPHORA.search(self.text[max(0, line.quantity.start - 12) : line.quantity.start])
                )
            ):
                return (
                    _ANAPHORA.search(self.text[max(0, line.quantity.start - 12) : line.quantity.start]) is not None
                    or self.text[line.start : line.end].casefold() == self.text[other.start : other.end].casefold()
                )
        return False

    def _says_something(self, start: int, end: int) -> bool:
        words = self.text[start:end]
        return bool(re.search(r"[^\W\d_]{2}", words)) and not (
            medicines.is_pack(words) or _EMPTY.fullmatch(words) or quantities.is_bare(words)
        )

    def _sentence_end(self, place: int) -> int:
        found = re.compile(r"\n|[;]|(?<=[\w)][\w)])[.!?](?=\s|$)").search(self.text, place, place + _LONGEST)
        return found.start() if found else min(len(self.text), place + _LONGEST)

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        segment = self.text[start:end]
        if trailing := _TRAILING.search(segment[-200:]):
            end -= len(segment[-200:]) - trailing.start()
        leading = _LEADING.match(self.text[start:end])
        start += leading.end() if leading else 0
        if self.text[start:end].count("(") > self.text[start:end].count(")"):
            end = end + 1 if self.text[end : end + 1] == ")" else max(start, self.text.rindex("(", start, end))
            end = start + len(self.text[start:end].rstrip())
        return start, max(start, end)
