"""A progress bar on one line of a terminal; a line a step where there is none."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TextIO

WIDTH = 30


@dataclass
class Progress:
    """`total` is in whatever `to` counts. Silent when `stream` is None."""

    total: int
    stream: TextIO | None = field(default_factory=lambda: sys.stderr)
    done: int = 0
    said: str = ""

    def step(self, what: str, done: int) -> None:
        """Says what is being done, and how far everything is."""
        self.done = min(done, self.total)
        if self.stream is None:
            return
        filled = WIDTH * self.done // self.total
        bar = "█" * filled + "░" * (WIDTH - filled)
        line = f"{bar} {100 * self.done // self.total:3d} %  {what}"
        if self.stream.isatty():
            self.stream.write(f"\r\x1b[2K{line}" + ("\n" if self.done == self.total else ""))
        elif what != self.said:
            self.stream.write(line + "\n")
        self.said = what
        self.stream.flush()
