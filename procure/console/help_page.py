"""The pages of help in `procure/help`, as HTML: headings, paragraphs, lists, tables and examples, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from ledger.errors import NotFound

FOLDER = Path(__file__).parents[1] / "help"
_INLINE = ((re.compile(r"\*\*(.+?)\*\*"), r"<b>\1</b>"), (re.compile(r"\*(.+?)\*"), r"<em>\1</em>"))
_CODE = re.compile(r"`([^`]+)`")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def source(name: str) -> str:
    """The text of one page; only what lies in the folder is a page."""
    if name not in {each.stem for each in FOLDER.glob("*.md")}:
        raise NotFound("There is no such page of help.")
    return (FOLDER / f"{name}.md").read_text()


def examples(name: str, language: str = "json") -> list[str]:
    return [text for found, text in _FENCE.findall(source(name)) if found == language]


def title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ")


def contents(text: str) -> list[tuple[str, str]]:
    """Anchor and words of each part."""
    bare = _FENCE.sub("", text)
    return [(slugify(each), each) for each in re.findall(r"^## (.+)$", bare, re.MULTILINE)]


def as_html(text: str) -> SafeString:
    """Without the title. What is written there is escaped; only our own marks become elements."""
    parts, end = [], 0
    body = text.partition("\n")[2]
    for fence in _FENCE.finditer(body):
        parts += [*_blocks(body[end : fence.start()]), f"<pre tabindex='0'><code>{escape(fence[2])}</code></pre>"]
        end = fence.end()
    return mark_safe("\n".join([*parts, *_blocks(body[end:])]))


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n(?:[ \t]*\n)+", text.strip("\n")):
        for kind, lines in groupby(block.splitlines(), key=_kind):
            yield from _html(kind, list(lines))


def _kind(line: str) -> str:
    for start, kind in (("## ", "heading"), ("|", "table"), ("- ", "list"), ("    ", "example")):
        if line.startswith(start):
            return kind
    return "text"


def _html(kind: str, lines: list[str]) -> Iterator[str]:
    if kind == "heading":
        yield from (f'<h2 id="{slugify(each[3:])}">{_inline(each[3:])}</h2>' for each in lines)
    elif kind == "table":
        yield f'<div class="scroll"><table>{"".join(_table(lines))}</table></div>'
    elif kind == "list":
        yield f"<ul>{''.join(f'<li>{_inline(each[2:])}</li>' for each in lines)}</ul>"
    elif kind == "example":
        yield f"<pre tabindex='0'><code>{escape(chr(10).join(each[4:] for each in lines))}</code></pre>"
    elif any(lines):
        yield f"<p>{_inline(' '.join(lines))}</p>"


def _table(lines: list[str]) -> Iterator[str]:
    rows = [[each.strip() for each in line.strip().strip("|").split("|")] for line in lines]
    for number, row in enumerate(rows):
        if all(re.fullmatch(r":?-+:?", each) for each in row):
            continue
        cell = "th" if number == 0 else "td"
        yield f"<tr>{''.join(f'<{cell}>{_inline(each)}</{cell}>' for each in row)}</tr>"


def _inline(text: str) -> str:
    """Code first: what stands in it is left as it is."""
    found = []
    for number, piece in enumerate(_CODE.split(escape(text))):
        if number % 2:
            found.append(f"<code>{piece}</code>")
            continue
        for pattern, html in _INLINE:
            piece = pattern.sub(html, piece)
        found.append(piece)
    return "".join(found)
