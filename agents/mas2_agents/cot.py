"""A single agent that reasons step by step and may use the tools that are offered.

With tools this is ReAct (Yao et al., arXiv 2210.03629); without, zero-shot chain of thought (Kojima et al.,
arXiv 2205.11916).
"""

from mas2_agents.scripted import Scripted
from mas2_env.observation import Observation
from mas2_env.system.model import Role, Template

PROMPT = "Work step by step, checking each step before the next. Then give the final answer."


class ChainOfThought(Scripted):
    """One role that writes its reasoning down; see `Scripted` for the arguments."""

    def template(self, observation: Observation) -> Template:
        """A single role with tools."""
        solver = Role("solver", prompt=PROMPT, tools=self.granted(observation))
        return Template(roles=(solver,), output="solver")
