"""A plain single call, without tools: what every other system is measured against."""

from mas2_agents.scripted import Scripted
from mas2_env.observation import Observation
from mas2_env.system.model import Role, Template

PROMPT = "Give the final answer."


class Direct(Scripted):
    """One call of one backbone.

    Args:
        backbone: name of the backbone; None takes the one of median price.
        tools: whether the call may use tools; by default it may not.
    """

    def __init__(self, backbone: str | None = None, tools: bool = False) -> None:
        super().__init__(backbone, tools)

    def template(self, observation: Observation) -> Template:
        """A single role."""
        solver = Role("solver", prompt=PROMPT, tools=self.granted(observation))
        return Template(roles=(solver,), output="solver")
