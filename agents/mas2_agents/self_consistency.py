"""Independent chains of thought, and the answer that most of them reach (Wang et al., arXiv 2203.11171)."""

from mas2_agents.cot import PROMPT
from mas2_agents.scripted import Scripted
from mas2_env.observation import Observation
from mas2_env.system.model import Role, Template, Vote


class SelfConsistency(Scripted):
    """`samples` copies of one reasoning role, pooled by vote.

    Args:
        backbone: name of the backbone; None takes the one of median price.
        tools: whether the copies may use tools.
        samples: how many copies; fewer where the limits allow no more.
    """

    def __init__(self, backbone: str | None = None, tools: bool = True, samples: int = 5) -> None:
        super().__init__(backbone, tools)
        self.samples = samples

    def template(self, observation: Observation) -> Template:
        """Copies of a solver and a vote."""
        copies = min(self.samples, observation.limits.max_copies)
        solver = Role("solver", prompt=PROMPT, tools=self.granted(observation), copies=copies)
        return Template(
            roles=(solver, Role("pool", "vote")),
            channels=(Vote(("solver",), "pool"),),
            output="pool",
        )
