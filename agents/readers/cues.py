"""Small things said in passing: how urgent, what kind of purchase, which cost centre, which supplier."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from agents.readers import countries
from agents.readers.wordlists import words


@dataclass(frozen=True, slots=True)
class Cue:
    value: str
    start: int
    end: int


_NOT_URGENT = re.compile(
    r"\b(?:not (?:very |so |really |at all )?(?:urgent|pressing|time[- ]critical)|no (?:rush|hurry|"
    r"urgency|pressure)|non-urgent|no great hurry|isn['’]t urgent|nicht (?:so |sehr )?(?:dringend|eilig)|"
    r"keine eile|eilt nicht"
    r"|pas (?:très )?urgent|pas (?:d['’]urgence|pressé)|sans urgence|whenever (?:you|it|there|suits|"
    r"possible)|take your time|low priority)\b",
    re.I,
)
_HOT = re.compile(
    r"\b(?:asap|a\.s\.a\.p\.?|as soon as possible|soonest|urgent(?:ly)?(?! care)|urgency|immediately|"
    r"right away|straight ?away|without delay|top priority|high priority|critical(?:ly)?(?= (?:short|low|"
    r"need|stock|situation|shortage))|emergency(?= (?:order|request|purchase|need|supply|stock|"
    r"procurement|delivery)|[!:.,]| -)|this is an emergency"
    r"|stock-?outs?|stocked out|out of stock|run(?:ning)? out|ran out|line (?:is )?down|line-down|"
    r"production (?:has |is )?(?:stopped|down|stops)|machine (?:is )?down|ship (?:it |them |this "
    r")?(?:tomorrow|today|overnight)|overnight|by tomorrow|need(?:ed)? (?:it |them |this )?(?:today|"
    r"tomorrow|now)|tomorrow"
    r"|dringend(?:st)?|eilt|eilig|sofort|schnellstmöglich|so schnell wie möglich|umgehend|urgence|"
    r"urgent\w*|au plus vite|dès que possible|immédiatement|rupture de stock|within (?:24|48) hours?|"
    r"rush order|life-?saving|express)\b",
    re.I,
)
_COLD = re.compile(
    r"\b(?:next (?:quarter|year|fiscal year|season)|(?:this|next|in(?: the)?|during|coming|by|before|"
    r"for(?: the)?|early|late|im|à|en) (?:autumn|fall(?= \d|[.,;!]|$)|winter|spring|summer|herbst|"
    r"frühling|frühjahr|sommer|l['’]automne|automne|hiver|été)|later this year|later in the year|long[- "
    r"]term|nächstes (?:jahr|quartal)|nächsten (?:jahr|quartal)s?"
    r"|l['’]année prochaine|le trimestre prochain|no fixed date|at some point|in due course|when "
    r"convenient|for planning|planning ahead|ahead of next (?:year|season))\b",
    re.I,
)
_KINDS = (
    (
        "subscription",
        r"(?:subscriptions?|subscribe|saas|licen[cs]es?(?! plate)|seats?(?= (?:of|for)\b)|memberships?|"
        r"annual plan|renewal|renew(?: our| the)?(?= [\w ]{0,30}(?:subscription|licen|plan|contract|"
        r"seats|support|domain))|abonnements?|abo|lizenz(?:en)?|licences?|office 365|microsoft 365|"
        r"hosting|domain name|cloud storage|antivirus licen\w+)",
    ),
    (
        "works",
        r"(?:construct(?:ion|ing)?|renovat\w+|refurbish\w*|repaint(?:ing)?|paint(?:ing)? (?:of |the |our "
        r"|walls|office|rooms?)|build(?:ing)? (?:a|an|of|the|new)|civil works|roof(?:ing)? (?:repair|"
        r"replace|works?)|repair (?:of )?(?:the |our )?(?:roof|wall|fence|road|building|parking|floor)|"
        r"re-?roof\w*|drill(?:ing)?(?: of)? (?:a |an |the |two |new )?(?:borehole|well)"
        r"|borehole|plumbing|electrical (?:works?|rewiring|installation)|rewir\w+|extension of the "
        r"(?:building|clinic|warehouse)|demoli\w+|pav(?:e|ing)|partition walls?|install(?:ation|ing)? "
        r"(?:of )?(?:a |an |the |new |[0-9]{1,4} )*(?:fence|roof|solar|air.?condition\w*|windows?|doors?|"
        r"floor\w*|lift|elevator|septic)|landscaping|bauarbeiten|renovierung\w*|sanierung\w*|umbau|"
        r"malerarbeiten|travaux|rénovation|construire|rehabilitation of|erect\w*)",
    ),
    (
        "service",
        r"(?:consultan(?:t|ts|cy)|consulting|training(?! (?:material|manual|kit|set|aids|equipment))|"
        r"trainers?|translat\w+|interpreters?|cleaning(?! (?:suppl|material|product|agent|kit|cloth|"
        r"fluid|equipment|solution|set))|maintenance(?! (?:kit|set|box|material|part))|audit(?:ors?|"
        r"ing)?|catering|security guards?|guard(?:ing)? services?|services?(?! (?:kit|manual|pack))|"
        r"calibration(?! (?:kit|weights?|standard))|freight forward\w*|customs clearance|"
        r"transport(?:ation)? of|courier"
        r"|technicians?|engineers?|electricians?|plumbers?|developers?|designers?|photograph(?:er|y)|"
        r"facilitators?|workshop(?= (?:facilitat|for))|rental|rent|lease|hire (?:of |a |an |two |three |"
        r"\d)|recruit\w*|legal advice|lawyers?|printing of|repair(?:s|ing)? (?:of|the|our)|installation "
        r"of|hours of|days of|beratung\w*|berater\w*|schulung\w*|reinigung\w*|wartung\w*|übersetz\w+|"
        r"dienstleistung\w*|formation|nettoyage|traduction|entretien|gardiennage|conseil|prestation\w*|"
        r"consultant\w*|drivers?(?= for)|evaluation of|survey of|waste (?:collection|disposal)|pest "
        r"control|accommodation|hotel|flights?|venue)",
    ),
)
_KIND = [(kind, re.compile(rf"(?<![\w-]){words}(?![\w])", re.I)) for kind, words in _KINDS]
_COST_CENTRE = re.compile(
    r"\b(?:cost[ -]?cent(?:re|er)|cost code|budget (?:code|line)|kostenstelle|kst|cc|centre de coûts?|"
    r"code budgétaire|charge (?:it |this |them )?(?:to|against)|book (?:it |this |them )?(?:to|on)|"
    r"account code|project code|wbs|internal order)\b\.?"
    r"(?:[ ](?:is|number|no\.?|nr\.?|code|to|cost cent(?:re|er)|our|the|ist|n°)){0,3}[ ]{0,2}[:#=]?[ "
    r"]{0,2}[\"“'(]?(?P<code>(?:(?-i:[A-Z]{2,12})|"
    r"[A-Za-z]{0,10}[-_./]?(?=[A-Z0-9._/-]*[0-9])[A-Z0-9]{1,16})(?:[-_./][A-Za-z0-9]{1,16}){0,4})\b",
    re.I,
)
_NOT_A_CODE = frozenset(words("CC THE OUR FOR AND USD EUR GBP ASAP IS TO IT"))
_NAME_WORD = r"(?-i:[A-ZÄÖÜÉ][\w&'’.-]{0,30}|[0-9][A-Z][\w-]{1,10})"
_NAMED = (
    rf"(?P<name>{_NAME_WORD}(?:[ ](?:&[ ]|and[ ](?=[A-Z][\w]+[ ](?:Ltd|Limited|Inc|GmbH|"
    rf"Co)))?(?:{_NAME_WORD}|\((?-i:[A-Z])[\w ]{{2,20}}\)|(?-i:of|de|du|von)(?=[ ]{_NAME_WORD}))){{0,5}})"
)
_VENDOR = re.compile(
    rf"\b(?:from|supplier|vendor|manufacturer|bei|von|vom|chez|lieferant|hersteller|fournisseur|with|via|"
    rf"through|by|prefer(?:ably)?|preferred|quote from|offer from|contact|angebot von|ask|through)"
    rf"(?:[ ](?:is|be|should|would|supplier|vendor|our|the|usual|regular|current|previous|existing|"
    rf"preferred|local|firma|der|dem|manufacturer|company|ist|est|again|directly|from|unser\w{{0,2}}|"
    rf"lieferanten|notre|fournisseur|habituel|contractor|partner|incumbent|dealer|distributor|"
    rf"wholesaler)){{0,4}}[ ]{{0,2}}[:=]?[ ]{{0,2}}[\"“]?{_NAMED}",
    re.I,
)
_VENDOR_LED = re.compile(
    rf"(?<![\w]){_NAMED}[ ](?:has |have |had |just )?(?:quoted|offered|offers|sells|supplied|supplies|"
    rf"delivered|sent us|can supply|can deliver|could deliver|delivers|usually suppl\w+|is our (?:usual|"
    rf"regular|preferred) (?:supplier|"
    rf"vendor))\b"
)
_SUFFIX = re.compile(
    rf"(?<![\w])(?P<name>{_NAME_WORD}(?:[ ](?:&[ ])?{_NAME_WORD}){{0,5}}[ ],?[ ]?(?-i:Ltd|Limited|LTD|"
    rf"LIMITED|Inc|GmbH|PLC|Plc|plc|LLC|B\.V\.|BV|S\.A\.|SA|AG|SARL|Pty|A/S|S\.r\.l\.|Corp|Corporation|"
    rf"KG|Co)\.?(?![\w]))"
)
_NOT_A_NAME = re.compile(
    r"^(?:the|our|we|i|a|an|this|that|it|you|please|thanks|stock|monday|tuesday|wednesday|thursday|"
    r"friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|"
    r"november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|q[1-4]|eom|eoy|h[12]|hq|it|hr|finance|head|office|"
    r"monday|next|last|end|mid|early|late|budget|usd|eur|gbp|january|asap|air|sea|road|truck|ocean|dhl "
    r"express|box|pack|hiv|kw|deutschland"
    r"|english|french|german|spanish|portuguese|swahili|arabic|januar|februar|märz|mai|juni|juli|oktober|"
    r"dezember|montag|dienstag|mittwoch|donnerstag|freitag|ende|mitte|anfang|seiten|janvier|février|mars|"
    r"avril|juin|juillet|août|septembre|octobre|novembre|décembre|tel|christmas|friday|"
    r"[a-z]{2,3}-?[0-9]+|[0-9]+)\b",
    re.I,
)


def urgency(text: str) -> Cue | None:
    """`hot` or `cold` where the words say so; “not urgent” is cold."""
    if calm := _NOT_URGENT.search(text):
        return Cue("cold", *calm.span())
    if hot := _HOT.search(text):
        return Cue("hot", *hot.span())
    if cold := _COLD.search(text):
        return Cue("cold", *cold.span())
    return None


def kinds(text: str) -> list[Cue]:
    """Words that make it a subscription, works or a service, the surest kind first."""
    out = []
    for kind, pattern in _KIND:
        out += [Cue(kind, *found.span()) for found in islice(pattern.finditer(text), 20)]
    return out


def cost_centre(text: str) -> Cue | None:
    for found in _COST_CENTRE.finditer(text):
        code = found["code"].rstrip("./-_")
        if code.upper() not in _NOT_A_CODE:
            return Cue(code, found.start("code"), found.start("code") + len(code))
    return None


def vendor(text: str) -> Cue | None:
    """A supplier named: with its legal form, as who sells, or after “from”."""
    for pattern in (_SUFFIX, _VENDOR_LED, _VENDOR):
        for found in pattern.finditer(text):
            if (cue := _name(text, found)) is not None:
                return cue
    return None


def _name(text: str, found: re.Match[str]) -> Cue | None:
    name, start = found["name"], found.start("name")
    if pattern_noise := re.match(
        r"(?:We|I|Our|The|From|Please|Supplier|Vendor|Order|Buy|Lieferant|Bei|Hi|Hello|Dear)\b[ ,:]{1,2}", name
    ):
        name, start = name[pattern_noise.end() :], start + pattern_noise.end()
    name = re.split(r"\.[ ]|,", name)[0]
    name = name if re.search(r"\b(?:Ltd|Inc|Co|B\.V|S\.A|S\.r\.l|Corp)\.$", name) else name.rstrip(" .,-&'’")
    words = re.split(r"[ ](?=(?:Limited|Ltd)\b)", name)[0]
    if len(words) < 2 or _NOT_A_NAME.match(name):
        return None
    place = countries.mentions(words)
    if place and place[0].start == 0 and place[0].end >= len(words) - 1:
        return None
    if "from" in found[0][:5].casefold() and re.match(
        r"\s(?:programme|office|team|department|clinic)", text[start + len(name) : start + len(name) + 12]
    ):
        return None
    return Cue(name, start, start + len(name))
