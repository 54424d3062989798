"""A policy for measurements, in which nothing but the system matters."""

from collections.abc import Mapping, Sequence

from mas2_env.observation import Observation
from mas2_env.policy import Answer
from mas2_env.system.model import Assignment, Rectification, Template


class Fixed:
    """A policy that always builds one system, and mends nothing.

    Args:
        template: of the system.
        backbone: of all its roles, or of each by its name.
    """

    def __init__(self, template: Template, backbone: str | Mapping[str, str]) -> None:
        self.template = template
        if isinstance(backbone, str):
            names = [role.name for role in template.roles if role.kind != "vote"]
            backbone = dict.fromkeys(names, backbone)
        self.assignment = Assignment(dict(backbone))

    def decide(self, observations: Sequence[Observation]) -> list[Answer]:
        """The system's template, its assignment, and no edit."""
        answers: dict[str, Answer] = {
            "generate": self.template,
            "implement": self.assignment,
            "rectify": Rectification(),
        }
        return [answers[observation.stage] for observation in observations]
