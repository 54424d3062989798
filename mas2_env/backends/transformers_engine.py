"""Batched generation with `transformers`: left padding, a draw of its own for each row, adapters by PEFT."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from random import Random
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from mas2_env.backends.local import Ask, Said
from mas2_env.engines import Engine, Sampling
from mas2_env.errors import Breakdown, ProviderError


class TransformersEngine:
    """A causal language model on this machine.

    It runs on the first GPU if there is one, unless `device_map` says otherwise.

    Args:
        engine: as the pool file describes it.
        adapters: folders or names of LoRA adapters, which share the model's weights.
    """

    def __init__(self, engine: Engine, adapters: Sequence[str] = ()) -> None:
        revision = {"revision": engine.revision} if engine.revision else {}
        self.tokenizer: Any = AutoTokenizer.from_pretrained(engine.path, padding_side="left", **revision)
        options = {"dtype": "auto", **engine.transformers}
        model = AutoModelForCausalLM.from_pretrained(engine.path, **revision, **options)
        if "device_map" not in options and torch.cuda.is_available():
            model.to("cuda")
        self._defaults = model.generation_config
        ends = self._defaults.eos_token_id
        self._ends = {*(ends if isinstance(ends, list) else [ends]), self.tokenizer.eos_token_id} - {None}
        pad = self.tokenizer.pad_token_id
        self._pad = pad if pad is not None else next(iter(sorted(self._ends)), 0)
        model.generation_config = GenerationConfig(eos_token_id=sorted(self._ends), pad_token_id=self._pad)
        self._budget = engine.batch_tokens
        self._names = {adapter: f"adapter{number}" for number, adapter in enumerate(adapters)}
        self._model = self._with_adapters(model).eval()

    def _with_adapters(self, model: Any) -> Any:
        if not self._names:
            return model
        from peft import PeftModel

        (first, name), *others = self._names.items()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an old name
            model = PeftModel.from_pretrained(model, first, adapter_name=name)
            for path, name in others:
                model.load_adapter(path, adapter_name=name)
        return model

    def generate(self, asks: Sequence[Ask]) -> list[Said | Breakdown]:
        """Write a completion for each, in order."""
        said: dict[int, Said | Breakdown] = {}
        for places in pack(asks, self._budget):
            own = [asks[place] for place in places]
            with self._adapted(own[0].adapter):
                said.update(zip(places, self._bear(own), strict=True))
        return [said[place] for place in range(len(asks))]

    def _adapted(self, adapter: str) -> AbstractContextManager[Any]:
        if adapter:
            self._model.set_adapter(self._names[adapter])
            return nullcontext()
        found: AbstractContextManager[Any] = self._model.disable_adapter() if self._names else nullcontext()
        return found

    def _bear(self, asks: Sequence[Ask]) -> list[Said | Breakdown]:
        """Write a batch; in halves, if the memory does not bear it whole."""
        try:
            return list(self._batch(asks))
        except torch.OutOfMemoryError as error:
            if len(asks) == 1:
                size = len(asks[0].tokens) + asks[0].most
                return [ProviderError(f"out of memory for one request of {size} tokens: {error}")]
        torch.cuda.empty_cache()
        half = len(asks) // 2
        return self._bear(asks[:half]) + self._bear(asks[half:])

    def _batch(self, asks: Sequence[Ask]) -> list[Said]:
        sampling, most = asks[0].sampling, asks[0].most
        width = max(len(ask.tokens) for ask in asks)
        device = self._model.device
        # What is padded with is masked; a token that is there anyway changes no repetition penalty.
        rows = [ask.tokens[:1] * (width - len(ask.tokens)) + ask.tokens for ask in asks]
        seen = [[0] * (width - len(ask.tokens)) + [1] * len(ask.tokens) for ask in asks]
        draw = Draw(self._filled(sampling), [ask.seed for ask in asks], asks[0].logprobs)
        stops = {"stop_strings": list(sampling.stop), "tokenizer": self.tokenizer} if sampling.stop else {}
        with torch.inference_mode():
            written = self._model.generate(
                input_ids=torch.tensor(rows, device=device),
                attention_mask=torch.tensor(seen, device=device),
                max_new_tokens=most,
                do_sample=False,
                logits_processor=[draw],
                **stops,
            )
        logprobs = draw.logprobs()
        return [
            self._said(row, sampling.stop, most, logprobs[place] if logprobs else [])
            for place, row in enumerate(written[:, width:].tolist())
        ]

    def _filled(self, sampling: Sampling) -> "Drawing":
        """Sampling parameters, with the model's own where none are given."""
        own = self._defaults
        temperature = sampling.temperature
        if temperature is None:
            temperature = own.temperature if own.temperature is not None else 1.0
        return Drawing(
            temperature,
            _first(sampling.top_p, own.top_p, 1.0),
            int(_first(sampling.top_k, own.top_k, 0)),
            _first(sampling.min_p, own.min_p, 0.0),
            _first(sampling.repetition_penalty, own.repetition_penalty, 1.0),
        )

    def _said(self, row: list[int], stops: tuple[str, ...], most: int, logprobs: list[float]) -> Said:
        """The completion in a row: up to the first token that ends it, or to where it holds a stop text."""
        end = next((place + 1 for place, token in enumerate(row) if token in self._ends), None)
        tokens = row if end is None else row[:end]
        text = self._decode(tokens)
        if any(stop in text for stop in stops):
            text, length = self._stopped(tokens, stops)
            return Said(text, tokens[:length], False, tuple(logprobs[:length]))
        return Said(text, tokens, end is None and len(row) >= most, tuple(logprobs[: len(tokens)]))

    def _stopped(self, tokens: list[int], stops: tuple[str, ...]) -> tuple[str, int]:
        for length in range(1, len(tokens) + 1):
            text = self._decode(tokens[:length])
            places = [text.find(stop) for stop in stops if stop in text]
            if places:
                return text[: min(places)], length
        return self._decode(tokens), len(tokens)

    def _decode(self, tokens: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(tokens, skip_special_tokens=True)
        return text


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def pack(asks: Sequence[Ask], budget: int) -> Iterator[list[int]]:
    """Places of requests that are generated together.

    Those of a batch have an adapter and parameters in common. They are taken by length, so that little is
    padded, and padded prompts and replies to come are at most `budget` tokens, unless one alone is more.
    """
    groups: dict[object, list[int]] = {}
    for place, ask in enumerate(asks):
        alike = (ask.adapter, repr(ask.sampling), ask.most, ask.logprobs)
        groups.setdefault(alike, []).append(place)
    for places in groups.values():
        places.sort(key=lambda place: len(asks[place].tokens))
        batch: list[int] = []
        for place in places:
            row = len(asks[place].tokens) + asks[place].most
            if batch and (len(batch) + 1) * row > budget:
                yield batch
                batch = []
            batch.append(place)
        yield batch


class Drawing:
    """Sampling parameters, none of them left open."""

    def __init__(
        self, temperature: float, top_p: float = 1.0, top_k: int = 0, min_p: float = 0.0, penalty: float = 1.0
    ) -> None:
        self.temperature = temperature
        self.warpers: list[Any] = []
        if penalty != 1:
            self.warpers.append(RepetitionPenaltyLogitsProcessor(float(penalty)))
        if temperature > 0:
            self.warpers.append(TemperatureLogitsWarper(float(temperature)))
            if top_k > 0:
                self.warpers.append(TopKLogitsWarper(top_k))
            if top_p < 1:
                self.warpers.append(TopPLogitsWarper(float(top_p)))
            if min_p > 0:
                self.warpers.append(MinPLogitsWarper(float(min_p)))


class Draw:
    """Draws each row's next token by a uniform number of that row's own, by inversion of its distribution.

    So a reply depends on its own seed and prompt, never on what is generated beside it, as far as the
    arithmetic of the model allows. The token stands out in the scores: the likeliest one is taken.

    Args:
        drawing: how.
        seeds: of the rows.
        keep: whether to keep log-probabilities: the model's own, before any parameter shapes them.
    """

    def __init__(self, drawing: Drawing, seeds: Sequence[int], keep: bool) -> None:
        self._drawing = drawing
        self._uniform = [Random(seed) for seed in seeds]
        self._keep = keep
        self._kept: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores of shape (rows, vocabulary), in which one token of each row stands out."""
        shaped = scores
        for warper in self._drawing.warpers:
            shaped = warper(input_ids, shaped)
        if self._drawing.temperature > 0:
            mass = shaped.softmax(-1, dtype=torch.float64).cumsum(-1)
            points = torch.tensor([draw.random() for draw in self._uniform], dtype=torch.float64)
            points = points.to(mass.device)[:, None] * mass[:, -1:]
            tokens = torch.searchsorted(mass, points, right=True).clamp_(max=mass.shape[-1] - 1)
        else:
            tokens = shaped.argmax(-1, keepdim=True)
        if self._keep:
            self._kept.append(scores.float().log_softmax(-1).gather(-1, tokens)[:, 0])
        return torch.full_like(scores, float("-inf")).scatter_(-1, tokens, 0.0)

    def logprobs(self) -> list[list[float]]:
        """By row and token; empty if none are kept."""
        kept: list[list[float]] = torch.stack(self._kept, -1).tolist() if self._kept else []
        return kept
