"""A graph that asks a person and goes on, on LangGraph with its PostgreSQL checkpoints, run by .venv-peers.

    langgraph_gate.py URL TIMES

Prints one line of JSON: the seconds of each resume, from the answer to the end of the step after it.
"""

from __future__ import annotations

import json
import operator
import sys
import time
from typing import Annotated, Any, TypedDict

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from psycopg.rows import dict_row

WARM_UP = 10


class State(TypedDict):
    count: Annotated[int, operator.add]


def ask(state: State) -> dict[str, Any]:
    interrupt({"may it go on": state["count"]})
    return {"count": 1}


def main(url: str, times: int) -> None:
    with psycopg.connect(url, autocommit=True, row_factory=dict_row, prepare_threshold=0) as connection:
        saver = PostgresSaver(connection)
        saver.setup()
        builder = StateGraph(State)
        builder.add_node("ask", ask)
        builder.add_edge(START, "ask")
        builder.add_edge("ask", END)
        graph = builder.compile(checkpointer=saver)
        waits = []
        for number in range(WARM_UP + times):
            run = {"configurable": {"thread_id": f"run-{number}"}}
            graph.invoke({"count": 0}, run, durability="sync")
            began = time.perf_counter()
            graph.invoke(Command(resume="yes"), run, durability="sync")
            waits.append(time.perf_counter() - began)
    print(json.dumps({"waits": waits[WARM_UP:]}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
