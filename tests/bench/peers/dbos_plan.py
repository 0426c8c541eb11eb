"""The six-step plan on DBOS Transact, run by the interpreter of .venv-peers. Not imported by anything of ours.

    dbos_plan.py URL HOW PLANS      HOW: one | threads:8 | async:8

Prints one line of JSON: seconds, and the seconds of each step as its caller sees them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from dbos import DBOS

WARM_UP = 20
STEPS: list[float] = []


@DBOS.step()
def count(so_far: int) -> int:
    return so_far + 1


@DBOS.step()
async def count_async(so_far: int) -> int:
    return so_far + 1


def timed(so_far: int) -> int:
    began = time.perf_counter()
    result = count(so_far)
    STEPS.append(time.perf_counter() - began)
    return result


async def timed_async(so_far: int) -> int:
    began = time.perf_counter()
    result = await count_async(so_far)
    STEPS.append(time.perf_counter() - began)
    return result


@DBOS.workflow()
def plan() -> int:
    """Plain functions have no step beside another; six in a row are the fewest statements it can do."""
    result = 0
    for _ in range(6):
        result = timed(result)
    return result


@DBOS.workflow()
async def plan_async() -> int:
    a = await timed_async(0)
    b, c = await asyncio.gather(timed_async(a), timed_async(a))
    d = await timed_async(b + c)
    e = await timed_async(d)
    return await timed_async(e)


def in_a_row(plans: int) -> None:
    for _ in range(plans):
        plan()


def in_threads(plans: int, at_once: int) -> None:
    with ThreadPoolExecutor(at_once) as threads:
        for each in [threads.submit(plan) for _ in range(plans)]:
            each.result()


async def gathered(plans: int, at_once: int) -> None:
    allowed = asyncio.Semaphore(at_once)

    async def one(run: Callable[[], Awaitable[Any]]) -> None:
        async with allowed:
            await run()

    await asyncio.gather(*(one(plan_async) for _ in range(plans)))


def main(url: str, how: str, plans: int) -> None:
    DBOS(
        config={
            "name": "six-steps",
            "system_database_url": url,
            "log_level": "ERROR",
            "run_admin_server": False,
        }
    )
    DBOS.launch()
    kind, _, at_once = how.partition(":")
    run: dict[str, Callable[[int], None]] = {
        "one": in_a_row,
        "threads": lambda plans: in_threads(plans, int(at_once)),
        "async": lambda plans: asyncio.run(gathered(plans, int(at_once))),
    }
    run[kind](WARM_UP)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    STEPS.clear()
    began = time.perf_counter()
    run[kind](plans)
    print(json.dumps({"seconds": time.perf_counter() - began, "steps": STEPS}))
    DBOS.destroy()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
