"""One call to an endpoint. Whatever comes back, or does not, is a `Reply`; nothing is raised and nothing retried."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from agents.model_gateway.questions import Question
from agents.model_gateway.tiers import Endpoint
from agents.models import ModelCall

Outcome = ModelCall.Outcome
LONGEST_RAW = 1_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """`raw` is the body as it came."""

    outcome: str
    value: BaseModel | None = None
    raw: str = ""
    detail: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    latency_ms: int = 0


def call(question: Question[Any], endpoint: Endpoint, *, answer_tokens: int) -> Reply:
    began = time.monotonic()
    reply = _called(question, endpoint, answer_tokens)
    return replace(reply, raw=reply.raw[:LONGEST_RAW], latency_ms=round((time.monotonic() - began) * 1000))


def _called(question: Question[Any], endpoint: Endpoint, answer_tokens: int) -> Reply:
    import openai  # takes seconds to import; most processes never ask a model

    client = openai.OpenAI(base_url=endpoint.base_url, api_key=endpoint.key, timeout=endpoint.timeout, max_retries=0)
    raw = ""
    try:
        response = client.chat.completions.with_raw_response.parse(
            model=endpoint.model,
            messages=question.messages(),  # type: ignore[arg-type]
            response_format=question.shape,
            max_tokens=answer_tokens,
            temperature=0,
        )
        raw = response.text
        return _read(response.parse(), raw)
    except openai.APITimeoutError as error:
        return Reply(Outcome.TIMED_OUT, detail=str(error))
    except openai.APIStatusError as error:
        return Reply(Outcome.FAILED, raw=error.response.text, detail=f"HTTP {error.status_code}")
    except openai.APIConnectionError as error:
        return Reply(Outcome.FAILED, detail=f"{type(error).__name__}: {error}")
    except (openai.OpenAIError, ValidationError, ValueError, TypeError, AttributeError) as error:
        return Reply(Outcome.MALFORMED, raw=raw, detail=f"{type(error).__name__}: {error}"[:2000])
    finally:
        client.close()


def _read(completion: Any, raw: str) -> Reply:
    usage = completion.usage
    told = Reply(
        Outcome.MALFORMED,
        raw=raw,
        tokens_in=_count(usage and usage.prompt_tokens),
        tokens_out=_count(usage and usage.completion_tokens),
    )
    if not completion.choices:
        return replace(told, detail="no choice in the answer")
    message = completion.choices[0].message
    if message.refusal:
        return replace(told, outcome=Outcome.REFUSED, detail=message.refusal[:2000])
    if message.parsed is None:
        return replace(told, outcome=Outcome.REFUSED, detail="an empty answer")
    return replace(told, outcome=Outcome.ANSWERED, value=message.parsed)


def read_again(question: Question[Any], raw: str) -> BaseModel | None:
    """The answer inside a recorded body; None when it is not there."""
    try:
        return question.shape.model_validate_json(json.loads(raw)["choices"][0]["message"]["content"])
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def _count(stated: Any) -> int:
    """An endpoint's own count, as far as it can be believed."""
    return min(max(stated, 0), 10_000_000) if isinstance(stated, int) else 0
