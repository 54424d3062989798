"""The text face: observations are prompts, actions are JSON written by a language model.

Observation, a `Dict`:

| field | space | content |
| --- | --- | --- |
| `stage` | `Discrete(4)` | 0 generate, 1 implement, 2 rectify, 3 done |
| `text` | `Prose` | the observation as a prompt, in the style `full` or `compact` |
| `json` | `Prose` | the same observation as JSON (`mas2_env.prompts.render_json`) |

Action, a `Prose`: a template, an assignment or a rectification as JSON, found in whatever surrounds it.

A language model that decides is paid for: an action costs the prompt it answers and the action's own text, in
tokens of four characters, at the price of the pool's `meta` backbone.
"""

from typing import Any, TypeAlias

import numpy as np
from gymnasium.spaces import Dict, Discrete

from mas2_env.envs.base import STAGES, EpisodeEnv
from mas2_env.envs.shorten import shorten_json
from mas2_env.envs.spaces import Prose
from mas2_env.episode import Episode
from mas2_env.policy import Metered, Usage
from mas2_env.prompts import Style, render_json, render_observation
from mas2_env.reward import count_tokens
from mas2_env.settings import Settings

TextObservation: TypeAlias = dict[str, Any]

MAX_OBSERVATION = 2**18
"""Characters of an observation's `text` and of its `json`; only a freakish query or state comes near it."""

MAX_ACTION = 100_000
"""Characters of an action: ten times what the largest sensible system takes."""

MAX_TURNS, MAX_ROLES = 512, 32
"""Size of a system whose state is sure to fit into an observation."""

_END_TEXT = "The episode has ended.\n"
_END_JSON = '{"stage":"done"}'


class TextEnv(EpisodeEnv[TextObservation, str]):
    """One item from query to outcome, through texts.

    Args:
        style: how large `text` is: `full` (under 1,500 tokens beside the query) or `compact` (under 400).
        **arguments: as for `EpisodeEnv`.
    """

    def __init__(self, task: Any = None, style: Style = "full", **arguments: Any) -> None:
        super().__init__(task, **arguments)
        if style not in ("full", "compact"):
            raise ValueError(f"style is {style!r}, expected 'full' or 'compact'")
        self.style: Style = style
        self._accept(self.settings)
        self._prompt = ""
        self.observation_space = Dict(
            {
                "stage": Discrete(len(STAGES)),
                "text": Prose(MAX_OBSERVATION),
                "json": Prose(MAX_OBSERVATION),
            }
        )
        self.action_space = Prose(MAX_ACTION)

    def _accept(self, settings: Settings) -> Settings:
        limits = settings.limits
        for field, given, most in (
            ("max_turns", limits.max_turns, MAX_TURNS),
            ("max_roles", limits.max_roles, MAX_ROLES),
        ):
            if given > most:
                raise ValueError(f"limits.{field} is {given}; a text observation has room for {most}")
        return settings

    def _decide(self, episode: Episode, action: Any) -> None:
        if not isinstance(action, str):
            given = type(action).__name__
            episode.reject([f"$: the action is of type {given}, expected a string that holds JSON"])
            return
        action = str.__str__(action)  # a subclass may have methods of its own
        usage = Usage(count_tokens(self._prompt), count_tokens(action))
        if len(action) > MAX_ACTION:
            problem = f"$: the action has {len(action):,} characters, expected at most {MAX_ACTION:,}"
            episode.reject([problem], usage)
            return
        episode.decide(Metered(action, usage))

    def _face(self) -> TextObservation:
        shown = self.shown
        if shown is None:
            self._prompt = ""
            return {"stage": np.int64(len(STAGES) - 1), "text": _END_TEXT, "json": _END_JSON}
        self._prompt = render_observation(shown, self.style)[:MAX_OBSERVATION]
        return {
            "stage": np.int64(STAGES.index(shown.stage)),
            "text": self._prompt,
            "json": shorten_json(render_json(shown), MAX_OBSERVATION),
        }
