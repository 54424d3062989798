"""Agents that see each other's answers and may change their own, then vote (Du et al., arXiv 2305.14325)."""

from mas2_agents.scripted import Scripted
from mas2_env.observation import Observation
from mas2_env.system.model import Debate as DebateChannel
from mas2_env.system.model import Role, Template, Vote

PROMPT = (
    "Work step by step, then give the final answer. When you are shown the answers of others, weigh their "
    "reasons: keep your answer if theirs are weaker, change it if you find a mistake in yours."
)


class Debate(Scripted):
    """Debaters with a vote at the end; over early once more than the quorum of them agree.

    Args:
        backbone: name of the backbone; None takes the one of median price.
        tools: whether the debaters may use tools.
        debaters: how many take part.
        rounds: times that they see each other's answers.
        quorum: share of the debaters that ends the debate early when more than it agree.
    """

    def __init__(
        self,
        backbone: str | None = None,
        tools: bool = True,
        debaters: int = 3,
        rounds: int = 2,
        quorum: float = 0.67,
    ) -> None:
        super().__init__(backbone, tools)
        self.debaters = debaters
        self.rounds = rounds
        self.quorum = quorum

    def template(self, observation: Observation) -> Template:
        """Debaters of equal make, a debate channel and a vote."""
        tools = self.granted(observation)
        names = tuple(f"debater{i + 1}" for i in range(min(self.debaters, observation.limits.max_roles - 1)))
        rounds = min(self.rounds, observation.limits.max_rounds)
        return Template(
            roles=(*(Role(name, prompt=PROMPT, tools=tools) for name in names), Role("pool", "vote")),
            channels=(DebateChannel(names, rounds, self.quorum), Vote(names, "pool")),
            output="pool",
        )
