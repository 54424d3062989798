"""The line of a call in the ledger, from what was asked and what it took."""

import time

from mas2_env.backends.asker import query_of
from mas2_env.backends.ledger import Line
from mas2_env.backends.prompt import Prompt
from mas2_env.backends.usage import Tokens
from mas2_env.pool import Pool


def line_of(
    prompt: Prompt,
    pool: Pool,
    tokens: Tokens,
    ended: str,
    *,
    seconds: float = 0.0,
    provider: str = "",
    retry: int = 0,
) -> Line:
    """A line that is written now.

    Args:
        prompt: what was asked.
        pool: prices it.
        tokens: that it took; of what was kept from before (`source` is `kept`) nothing is billed.
        ended: see `Line`.
        seconds: likewise.
        provider: likewise.
        retry: likewise.
    """
    backbone, label = pool[prompt.backbone], prompt.label
    kept = tokens.source == "kept"
    return Line(
        time=round(time.time(), 3),
        seconds=round(seconds, 4),
        query=query_of(label),
        role=label.role,
        operation=label.operation,
        attempt=label.attempt,
        retry=retry,
        model=prompt.backbone,
        provider=provider,
        ended=ended,
        usage=tokens.source,
        prompt=tokens.prompt,
        completion=tokens.completion,
        reasoning=tokens.reasoning,
        cached=tokens.cached,
        price=backbone.cost(tokens.prompt, tokens.completion),
        billed=0 if kept else backbone.bill(tokens.prompt, tokens.completion, tokens.cached),
        key=prompt.key[:8].hex(),
    )
