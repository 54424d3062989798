"""A solver whose work is criticised and revised (after Shinn et al., arXiv 2303.11366)."""

from mas2_agents.cot import PROMPT
from mas2_agents.scripted import Scripted
from mas2_env.observation import Observation
from mas2_env.system.model import Critique, Role, Template

REVIEW_PROMPT = (
    "Check the answer independently, with the tools if there are any. Approve it only if you find no "
    "mistake; otherwise say exactly what is wrong and why."
)


class Reflexion(Scripted):
    """A solver and a reviewer who sends the work back until it passes.

    Args:
        backbone: name of the backbone; None takes the one of median price.
        tools: whether both may use tools.
        revisions: times that the work may be sent back.
    """

    def __init__(self, backbone: str | None = None, tools: bool = True, revisions: int = 2) -> None:
        super().__init__(backbone, tools)
        self.revisions = revisions

    def template(self, observation: Observation) -> Template:
        """Solver, reviewer and the critique between them."""
        tools = self.granted(observation)
        revisions = min(self.revisions, observation.limits.max_revisions)
        return Template(
            roles=(
                Role("solver", prompt=PROMPT, tools=tools),
                Role("reviewer", "critique", prompt=REVIEW_PROMPT, tools=tools),
            ),
            channels=(Critique("solver", "reviewer", revisions),),
            output="solver",
        )
