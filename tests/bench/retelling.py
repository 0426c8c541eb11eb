"""One story told again under other numbers: its entries with names in the place of what differs between stories."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

#: Written around a name in a template; no entry holds this character.
MARK = "\x01"
#: What stands between the two halves of a body, and after them: the append puts it there anew.
SEAMS = re.compile(r',"origin":"[^"]*"|,"prev":"[0-9a-f]{64}","seq":\d+,"time":"[^"]*","v":1\}$')
COMMITMENT = re.compile(r'(?<="commands\.0\.lines\.0\.description":")[0-9a-f]{64}')


@dataclass(frozen=True, slots=True)
class Story:
    """What is its own: its number, the entry that tells it passed, the sum committed before it, keys of rows."""

    number: int
    passed: int
    committed: Decimal
    fingerprint: str
    decision: int
    asked: int
    bought: int

    def words(self) -> dict[str, str]:
        """Each word of its own as it stands in an entry, by the name that it has in a template."""
        found = {f"{letters}-reference": f"{letters}-{self.number:06d}" for letters in ("BR", "BO", "BP", "BL")}
        found |= {"fingerprint": self.fingerprint, "passed": f'"causes":[{self.passed}]'}
        found |= {"decision": f'"decision":{self.decision}'}
        found |= {name: f'{{"key":"{getattr(self, name)}","kind":"commitment"}}' for name in ("asked", "bought")}
        return found


@dataclass(frozen=True, slots=True)
class Model:
    """Each entry as text and name in turn, beginning and ending with text."""

    entries: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, story: Story, contents: list[bytes]) -> Model:
        return cls(tuple(tuple(_marked(each.decode(), story).split(MARK)) for each in contents))

    def tell(self, story: Story, commitment: str = "") -> Iterator[tuple[str, str]]:
        """The two halves of each body of this story."""
        words = story.words() | {"seam": MARK, "commitment": commitment or secrets.token_hex(32)}
        for each in self.entries:
            text = "".join(
                part if number % 2 == 0 else words.get(part) or _sum(story, part) for number, part in enumerate(each)
            )
            before, after, _end = text.split(MARK)
            yield before, after

    def expect(self, story: Story, contents: list[bytes]) -> None:
        """Refuses to be a model unless it tells this story to the letter."""
        committed = COMMITMENT.findall(b"".join(contents).decode())
        real = [tuple(SEAMS.split(each.decode())[:2]) for each in contents]
        if real != list(self.tell(story, *committed)):
            raise RuntimeError(
                f"Story {story.number} is not what the model of its kind tells: see its floors' entries."
            )


def _marked(text: str, story: Story) -> str:
    text = COMMITMENT.sub(f"{MARK}commitment{MARK}", SEAMS.sub(f"{MARK}seam{MARK}", text))
    for name, word in story.words().items():
        text = text.replace(word, f"{MARK}{name}{MARK}")
    return re.sub(
        r'(?<="committed":")[\d.]+(?=")', lambda found: f"{MARK}{Decimal(found[0]) - story.committed}{MARK}", text
    )


def _sum(story: Story, more: str) -> str:
    return str(story.committed + Decimal(more))
