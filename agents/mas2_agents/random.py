"""A policy that decides at random, but always validly: the floor under every other."""

from collections.abc import Sequence
from hashlib import blake2b
from random import Random as Generator

from mas2_agents.growth import PROMPTS, grow
from mas2_env.observation import BackboneView, Observation
from mas2_env.prompts import render_json
from mas2_env.system.model import (
    Assignment,
    ChangeRole,
    Decision,
    Edit,
    Reassign,
    Rebuild,
    Rectification,
    Retry,
    Role,
    Skip,
    System,
    Template,
)


class Random:
    """Random valid decisions.

    Each is drawn from the seed and the observation's content alone, so that it is the same in any process,
    order or batch.

    Args:
        seed: chooses among equally random policies.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def decide(self, observations: Sequence[Observation]) -> list[Decision]:
        """One decision for each observation, whatever the batch."""
        return [self._decide(observation) for observation in observations]

    def _decide(self, observation: Observation) -> Decision:
        content = render_json(observation).encode()
        digest = blake2b(content, digest_size=16, key=str(self.seed).encode()).digest()
        draw = Generator(int.from_bytes(digest, "big"))
        if observation.stage == "generate":
            return _template(draw, observation)
        if observation.stage == "implement" and observation.template is not None:
            return _assignment(draw, observation.template, observation.backbones)
        return _rectification(draw, observation)


def _template(draw: Generator, observation: Observation) -> Template:
    return grow(draw, tuple(tool.name for tool in observation.tools), observation.limits)


def _assignment(draw: Generator, template: Template, backbones: Sequence[BackboneView]) -> Assignment:
    return Assignment(
        {role.name: draw.choice(backbones).name for role in template.roles if role.kind != "vote"}
    )


def _rectification(draw: Generator, observation: Observation) -> Rectification:
    """Nothing, a new system, or a fate for each failed turn and perhaps a change of one role."""
    template, execution = observation.template, observation.execution
    fate = draw.random()
    if template is None or execution is None or fate < 0.2:
        return Rectification()
    if fate < 0.3:
        rebuilt = _template(draw, observation)
        return Rectification((Rebuild(System(rebuilt, _assignment(draw, rebuilt, observation.backbones))),))
    edits: list[Edit] = []
    thinking = [role for role in template.roles if role.kind != "vote"]
    if thinking and draw.random() < 0.5:
        edits.append(_change(draw, draw.choice(thinking), observation))
    for turn in execution.turns:
        if turn.status == "failed":
            edits.append(Skip(turn.turn) if draw.random() < 0.3 else Retry(turn.turn))
    return Rectification(tuple(edits))


def _change(draw: Generator, role: Role, observation: Observation) -> Edit:
    """Another backbone, prompt or set of tools for a role."""
    choice = draw.randrange(3)
    if choice == 0:
        return Reassign(role.name, draw.choice(observation.backbones).name)
    if choice == 1:
        return ChangeRole(role.name, prompt=draw.choice(PROMPTS)[: observation.limits.max_prompt_chars])
    return ChangeRole(role.name, tools=tuple(t.name for t in observation.tools if draw.random() < 0.5))
