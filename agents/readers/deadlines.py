"""Which of the dates in a text is the one by which the thing is wanted."""

from __future__ import annotations

import re

from agents.readers import dates

_WANTED = re.compile(
    r"(?:\b(?:by|before|until|till|latest|than|needed|need(?: it| them)?|required|require|due|deadline|"
    r"deliver\w*|arriv\w*|ready|ship\w*|within|receive\w*|for|start\w*|on|in|at|target|date|expires?|"
    r"expiring|ends|bis|spätestens|zum|am|vor|liefer\w*|termin|avant|tard|ici|livr\w*|pour|d['’]ici|le|"
    r"wanted|here|eta|when|between|end)\b[^.;\n]{0,24})$",
    re.I,
)
_STRONG = re.compile(
    r"(?:\b(?:by|before|until|till|latest|(?:no|not) later than|needed|required|due|deadline|deliver\w*|"
    r"arriv\w*|ready|bis|spätestens|avant|au plus tard|d['’]ici|livr\w*|liefer\w*|termin|receive\w*|"
    r"within|date|when)\b[^.;\n,]{0,20})$",
    re.I,
)
_PAST = re.compile(
    r"(?:\b(?:last|since|dated|ordered|paid|received|bought|purchased|placed|quoted|quote of|quotation "
    r"of|offer of|offer from|invoice\w*|order of|(?:invoice|mail|meeting|note|order|prices?|report) from|"
    r"of our|meeting|called|spoke|wrote|mail of|email of|letter of|sent(?: you)? (?:on|in)|delivered "
    r"(?:on|in|last)|not before|after|earliest|as of|vom|seit|nach dem|après|depuis|du|expired|"
    r"previous\w*|was|were|had|holiday|leave|away|out of office|born|valid(?:ity)? (?:from|until|"
    r"till))\b[^.;\n,]{0,24})$",
    re.I,
)


def needed_by(view: str, found: list[dates.DateMention]) -> dates.DateMention | None:
    """The date by which it is wanted: one after “by” or “needed” before any other; never one of the past."""
    best: tuple[int, int, dates.DateMention] | None = None
    for order, each in enumerate(found):
        before = view[max(0, each.start - 48) : each.start]
        before = before[before.rfind("\n") + 1 :]
        inside = view[each.start : each.end]
        if _PAST.search(before) and not _STRONG.search(before):
            continue
        rank = (
            0
            if _STRONG.search(before) or re.match(r"(?:by|within)\b", inside, re.I)
            else 1
            if _WANTED.search(before)
            else 2
        )
        if best is None or (rank, order) < best[:2]:
            best = (rank, order, each)
    return best[2] if best else None
