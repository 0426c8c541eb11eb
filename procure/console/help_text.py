"""The help pages: written in a small part of Markdown, shown as HTML in which everything is escaped.

Headings, paragraphs, lists, tables, fenced and indented code; in a line **bold**, *italic* and `code`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

FOLDER = Path(__file__).resolve().parent.parent / "help"
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*")


@dataclass(frozen=True, slots=True)
class Block:
    """`kind` is h2, p, list, table or code; `parts` are its lines, items or rows of cells, made safe."""

    kind: str
    parts: tuple[SafeString | tuple[SafeString, ...], ...]
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def headings(self) -> list[Block]:
        return [each for each in self.blocks if each.kind == "h2"]


def names() -> list[str]:
    return sorted(each.stem for each in FOLDER.glob("*.md"))


def page(name: str) -> Page | None:
    """None when there is no such page."""
    if name not in names():
        return None
    return read(name, (FOLDER / f"{name}.md").read_text(encoding="utf-8"))


def read(name: str, text: str) -> Page:
    lines = text.splitlines()
    title = lines[0].removeprefix("# ") if lines and lines[0].startswith("# ") else name
    return Page(name, title, tuple(_blocks(lines[1:] if title != name else lines)))


def inline(text: str) -> SafeString:
    """One line, escaped first: what the marks enclose is text as well."""

    def marked(found: re.Match[str]) -> str:
        code, bold, italic = found.groups()
        return f"<code>{code}</code>" if code else f"<b>{bold}</b>" if bold else f"<em>{italic}</em>"

    return mark_safe(_INLINE.sub(marked, str(escape(text))))


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif line.startswith("```"):
            end = next((n for n in range(at + 1, len(lines)) if lines[n].startswith("```")), len(lines))
            yield _code(lines[at + 1 : end])
            at = end + 1
        elif line.startswith("## "):
            yield Block("h2", (inline(line[3:]),), slugify(line[3:]))
            at += 1
        else:
            kind, reads = _kind(line)
            end = next((n for n in range(at + 1, len(lines)) if not reads(lines[n])), len(lines))
            yield _made(kind, lines[at:end])
            at = end


def _kind(line: str):
    """What begins with this line, and which lines go on with it."""
    if line.startswith("    "):
        return "code", lambda each: each.startswith("    ")
    if line.startswith("|"):
        return "table", lambda each: each.startswith("|")
    if line.startswith("- "):
        return "list", lambda each: each.startswith(("- ", "  "))
    return "p", lambda each: bool(each.strip()) and not each.startswith(("- ", "|", "## ", "```", "    "))


def _made(kind: str, lines: Sequence[str]) -> Block:
    if kind == "code":
        return _code([each[4:] for each in lines])
    if kind == "table":
        rows = [tuple(inline(cell.strip()) for cell in each.strip("| ").split(" | ")) for each in lines]
        return Block("table", tuple(rows[:1] + rows[2:]))
    if kind == "list":
        items = re.split(r"(?:^|\n)- ", "\n".join(lines))[1:]
        return Block("list", tuple(inline(" ".join(each.split())) for each in items))
    return Block("p", (inline(" ".join(each.strip() for each in lines)),))


def _code(lines: Sequence[str]) -> Block:
    return Block("code", (escape("\n".join(lines)),))
