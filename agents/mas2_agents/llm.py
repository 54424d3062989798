"""A language model in all three roles, prompted and not trained: MAS² on any endpoint.

The prompts are those of `mas2_env.prompts.render_observation`, of the version `PROMPT_VERSION`. Where the
server can be held to a JSON schema, it is given that of the decision, narrowed to what is on offer; where it
cannot, the reply is read leniently. A decision that is invalid all the same comes back with what was wrong.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from mas2_env.backends.chat import ChatBackend
from mas2_env.backends.prompt import ChatMessage, Label, Prompt
from mas2_env.errors import Breakdown, PolicyError
from mas2_env.execution.operation import Failure, Reply
from mas2_env.observation import Observation
from mas2_env.policy import Answer, Metered, Usage
from mas2_env.pool import Pool, did_you_mean
from mas2_env.prompts import PROMPT_VERSION, Style, render_observation
from mas2_env.system.model import Assignment, Decision, Rectification, Template
from mas2_env.system.schema import schema

_KINDS: dict[str, type[Decision]] = {
    "generate": Template,
    "implement": Assignment,
    "rectify": Rectification,
}


class LLM:
    """Asks a model of the pool for every decision.

    Args:
        seed: which sample of each decision is asked for.
        backbone: name of the model; or one for each stage, such as three adapters of one base; by default
            the pool's `meta`.
        style: size of the prompts, `full` or `compact`.

    Example:
        >>> from mas2_agents.llm import LLM
        >>> policy = LLM(seed=1, style="compact")
        >>> # policy.connect(backend, pool), which a run does by itself
    """

    def __init__(
        self, seed: int = 0, backbone: str | Mapping[str, str] | None = None, style: Style = "full"
    ) -> None:
        if isinstance(backbone, Mapping) and set(backbone) != set(_KINDS):
            raise PolicyError(
                f"policy LLM: backbone names {sorted(backbone)}, expected one for {list(_KINDS)}"
            )
        self.seed = seed
        self.backbone = backbone
        self.style: Style = style
        self._backend: ChatBackend | None = None
        self._backbones: dict[str, str] = {}

    def connect(self, backend: object, pool: Pool) -> None:
        """Take the run's backend to ask.

        Raises:
            PolicyError: if it answers nothing but roles of a system, or the pool has no such backbone.
        """
        if not isinstance(backend, ChatBackend) or not backend.talks:
            inner = getattr(backend, "inner", backend)
            raise PolicyError(
                f"policy LLM asks a language model, and the backend {type(inner).__name__} answers roles of "
                "a system alone; use one that takes any prompt, such as --backend openai"
            )
        given = self.backbone or pool.meta
        backbones = dict(given) if isinstance(given, Mapping) else dict.fromkeys(_KINDS, given)
        for name in backbones.values():
            if name not in pool:
                near = did_you_mean(name, pool.names)
                raise PolicyError(f"policy LLM: backbone {name!r} is not in the pool{near}")
        self._backend, self._backbones = backend, backbones

    def prompt(self, observation: Observation) -> Prompt:
        """The request for a decision."""
        if not self._backbones:
            raise PolicyError("policy LLM is not connected: call connect(backend, pool) first")
        return Prompt(
            backbone=self._backbones[observation.stage],
            messages=(ChatMessage("user", render_observation(observation, self.style)),),
            sample=self._sample(observation),
            label=Label("", observation.stage, f"meta:{observation.stage}", about=observation),
            schema=decision_schema(observation),
        )

    def _sample(self, observation: Observation) -> int:
        """The same observation is one sample of a seed; one after an invalid decision is another."""
        place = f"{PROMPT_VERSION}/{self.seed}/{observation.stage}/{observation.invalid_left}"
        place += f"/{observation.rectifications_left}"
        return int.from_bytes(blake2b(place.encode(), digest_size=6).digest(), "big")

    def decide(self, observations: Sequence[Observation]) -> list[Answer | Breakdown]:
        """Decide for every observation, all asked together; a `Breakdown` where infrastructure failed."""
        prompts = [self.prompt(observation) for observation in observations]
        assert self._backend is not None
        answers = self._backend.chat(prompts)
        return [_answer(answer, prompt) for answer, prompt in zip(answers, prompts, strict=True)]

    async def adecide(self, observation: Observation) -> Answer:
        """Decide for one observation without blocking.

        Raises:
            Breakdown: if infrastructure failed.
        """
        prompt = self.prompt(observation)
        assert self._backend is not None
        answer = _answer(await self._backend.achat(prompt), prompt)
        assert not isinstance(answer, Breakdown)
        return answer


def _answer(answer: Reply | Failure | Breakdown, prompt: Prompt) -> Answer | Breakdown:
    if isinstance(answer, Breakdown):
        return answer
    usage = Usage(answer.prompt_tokens, answer.completion_tokens, prompt.backbone)
    return Metered(answer.text if isinstance(answer, Reply) else "", usage)


def decision_schema(observation: Observation) -> dict[str, Any]:
    """JSON schema of the decision that is asked for, narrowed to what is on offer."""
    template, execution = observation.template, observation.execution
    return schema(
        _KINDS[observation.stage],
        backbones=[backbone.name for backbone in observation.backbones],
        tools=[tool.name for tool in observation.tools],
        roles=[role.name for role in template.roles if role.kind != "vote"] if template else None,
        failed=[failure.turn for failure in execution.failures] if execution else None,
        limits=observation.limits,
    )
