"""All that mas2-env asks of vLLM (0.32 and 0.33): `LLM.generate` on tokens, each with its parameters."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest
from vllm.platforms import current_platform
from vllm.sampling_params import StructuredOutputsParams
from vllm.v1.engine.exceptions import EngineDeadError

from mas2_env.backends.local import Ask, Said
from mas2_env.engines import Engine
from mas2_env.errors import ProviderDown

_RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""Values that vLLM takes for `max_lora_rank`."""

_SHAPING: Final = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "presence_penalty",
    "frequency_penalty",
)


class VllmEngine:
    """A model in a vLLM engine.

    Args:
        engine: as the pool file describes it; what stands in its `vllm` goes before what is worked out here.
        adapters: folders or names of LoRA adapters, all of which the engine keeps at hand.
        context: tokens of the longest prompt with its reply.
    """

    def __init__(self, engine: Engine, adapters: Sequence[str], context: int) -> None:
        options: dict[str, Any] = {"max_model_len": context}
        if current_platform.is_cpu():
            # In chunks, vLLM (0.32) dies of a request with a seed there: its generator cannot be wound back.
            options |= {"enable_chunked_prefill": False}
        if engine.revision:
            options |= {"revision": engine.revision, "tokenizer_revision": engine.revision}
        if adapters:
            ranks = [lora_rank(adapter) for adapter in adapters]
            options |= {"enable_lora": True, "max_loras": len(adapters), "max_lora_rank": max(ranks)}
        self._llm = LLM(engine.path, **{**options, **engine.vllm})
        self.tokenizer: Any = self._llm.get_tokenizer()
        self._defaults = self._llm.get_default_sampling_params()
        self._adapters = {
            adapter: LoRARequest(f"adapter{number}", number, adapter)
            for number, adapter in enumerate(adapters, start=1)
        }

    def generate(self, asks: Sequence[Ask]) -> list[Said]:
        """Write a completion for each, in order.

        Raises:
            ProviderDown: if the engine is dead.
        """
        said: dict[int, Said] = {}
        for places in self._batches(asks):
            said.update(zip(places, self._together([asks[place] for place in places]), strict=True))
        return [said[place] for place in range(len(asks))]

    def _batches(self, asks: Sequence[Ask]) -> list[list[int]]:
        """Places of what is asked together: all, but that on a CPU requests without an adapter go apart.

        There vLLM (0.32) looks up the adapter of a request that has none at index -1: it takes the last one.
        """
        if not self._adapters or not current_platform.is_cpu():
            return [list(range(len(asks)))]
        plain = [place for place, ask in enumerate(asks) if not ask.adapter]
        adapted = [place for place, ask in enumerate(asks) if ask.adapter]
        return [places for places in (plain, adapted) if places]

    def _together(self, asks: Sequence[Ask]) -> list[Said]:
        adapters = [self._adapters.get(ask.adapter) for ask in asks]
        try:
            outputs = self._llm.generate(
                [{"prompt_token_ids": ask.tokens} for ask in asks],
                [self._parameters(ask) for ask in asks],
                use_tqdm=False,
                lora_request=adapters if any(adapters) else None,
            )
        except EngineDeadError as error:
            raise ProviderDown(f"the vLLM engine is dead: {error}") from error
        return [_said(output) for output in outputs]

    def _parameters(self, ask: Ask) -> Any:
        sampling, own = ask.sampling, self._defaults
        shaping = {
            name: getattr(own, name) if (given := getattr(sampling, name)) is None else given
            for name in _SHAPING
        }
        schema = StructuredOutputsParams(json=ask.schema) if ask.schema is not None else None
        return SamplingParams(
            **shaping,
            max_tokens=ask.most,
            seed=ask.seed,
            stop=list(sampling.stop),
            logprobs=0 if ask.logprobs else None,
            structured_outputs=schema,
        )


def _said(output: Any) -> Said:
    completion = output.outputs[0]
    tokens = list(completion.token_ids)
    logprobs = tuple(
        [known[token].logprob for token, known in zip(tokens, completion.logprobs or (), strict=False)]
    )
    return Said(
        completion.text,
        tokens,
        completion.finish_reason == "length",
        logprobs,
        output.num_cached_tokens or 0,
    )


def lora_rank(adapter: str) -> int:
    """The least rank that vLLM takes for an adapter; 64 for one on the hub, which is not looked into."""
    path = Path(adapter) / "adapter_config.json"
    if not path.is_file():
        return 64
    rank = int(msgspec.json.decode(path.read_bytes())["r"])
    return next((least for least in _RANKS if least >= rank), rank)
