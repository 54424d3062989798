"""What the scripted baselines share: one answer for each observation, and the plain choices.

A baseline differs from the others in its template alone. All give every role the same backbone and mend
alike, so that what differs in their results is the workflow.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from mas2_env.errors import PolicyError
from mas2_env.observation import BackboneView, Observation
from mas2_env.pool import did_you_mean
from mas2_env.system.model import Assignment, Decision, Edit, Rectification, Retry, Template


def price(backbone: BackboneView) -> int:
    """What three prompt tokens and one completion token cost, in nano-USD.

    Three to one is the blend by which providers' prices are commonly compared.
    """
    return 3 * backbone.input_price + backbone.output_price


def median_backbone(backbones: Sequence[BackboneView]) -> str:
    """Name of the backbone of median price; the cheaper of two; among equal prices by name."""
    ranked = sorted(backbones, key=lambda backbone: (price(backbone), backbone.name))
    return ranked[(len(ranked) - 1) // 2].name


class Scripted(ABC):
    """A policy whose decisions are fixed functions of the observation.

    Args:
        backbone: name of the backbone for every role; None takes the one of median price in the pool.
        tools: whether roles are granted the tools that the observation offers.
    """

    def __init__(self, backbone: str | None = None, tools: bool = True) -> None:
        self.backbone = backbone
        self.tools = tools

    def decide(self, observations: Sequence[Observation]) -> list[Decision]:
        """One decision for each observation, whatever the batch."""
        return [self._decide(observation) for observation in observations]

    def _decide(self, observation: Observation) -> Decision:
        if observation.stage == "generate":
            return self.template(observation)
        if observation.stage == "implement":
            return self.assignment(observation)
        return self.rectification(observation)

    @abstractmethod
    def template(self, observation: Observation) -> Template:
        """The workflow of this baseline."""

    def assignment(self, observation: Observation) -> Assignment:
        """The same backbone for every role that needs one.

        Raises:
            PolicyError: if the backbone that was asked for is not in the pool.
        """
        names = [backbone.name for backbone in observation.backbones]
        chosen = self.backbone or median_backbone(observation.backbones)
        if chosen not in names:
            raise PolicyError(
                f"{type(self).__name__}: backbone {chosen!r} is not in the pool"
                f"{did_you_mean(chosen, names) or ';'} it holds {', '.join(names)}"
            )
        roles = observation.template.roles if observation.template else ()
        return Assignment({role.name: chosen for role in roles if role.kind != "vote"})

    def rectification(self, observation: Observation) -> Rectification:
        """Retry every failed turn once more; on a passed budget, or after an invalid rectification, go on."""
        execution = observation.execution
        if execution is None or "failure" not in execution.trigger or observation.problems:
            return Rectification()
        turns = dict.fromkeys(failure.turn for failure in execution.failures)
        edits: tuple[Edit, ...] = tuple(Retry(turn) for turn in turns)
        return Rectification(edits)

    def granted(self, observation: Observation) -> tuple[str, ...]:
        """Names of the tools to grant."""
        return tuple(tool.name for tool in observation.tools) if self.tools else ()
