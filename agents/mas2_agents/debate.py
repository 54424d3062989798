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
        """Copies of a debater, a debate among them and a vote; without the debate where copies may not be."""
        limits, names = observation.limits, ("debater",)
        copies = min(self.debaters, limits.max_copies)
        debater = Role("debater", prompt=PROMPT, tools=self.granted(observation), copies=copies)
        debate = DebateChannel(names, min(self.rounds, limits.max_rounds), self.quorum)
        vote = Vote(names, "pool")
        return Template(
            roles=(debater, Role("pool", "vote")),
            channels=(debate, vote) if copies > 1 else (vote,),
            output="pool",
        )
