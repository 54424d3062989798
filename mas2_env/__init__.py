"""Environments in which the thing to learn is building a multi-agent system out of LLMs."""

from typing import TYPE_CHECKING, Any

from mas2_env.envs.registration import register_installed
from mas2_env.episode import Episode
from mas2_env.errors import InvalidDecision, Mas2Error
from mas2_env.observation import Observation
from mas2_env.policy import Metered, Policy, Usage
from mas2_env.pool import Backbone, Pool, load_pool
from mas2_env.reward import Outcome
from mas2_env.settings import Settings
from mas2_env.system.edit import apply, diff
from mas2_env.system.model import (
    Assignment,
    Channel,
    Critique,
    Debate,
    Edit,
    Rectification,
    Role,
    Route,
    Send,
    System,
    Template,
    Vote,
)
from mas2_env.task import Item, Score, Task, ToolSpec, Truth

if TYPE_CHECKING:
    from mas2_env.envs.check import check_env
    from mas2_env.runs.evaluate import run

__version__ = "0.1.0"

__all__ = [
    "Assignment",
    "Backbone",
    "Channel",
    "Critique",
    "Debate",
    "Edit",
    "Episode",
    "InvalidDecision",
    "Item",
    "Mas2Error",
    "Metered",
    "Observation",
    "Outcome",
    "Policy",
    "Pool",
    "Rectification",
    "Role",
    "Route",
    "Score",
    "Send",
    "Settings",
    "System",
    "Task",
    "Template",
    "ToolSpec",
    "Truth",
    "Usage",
    "Vote",
    "apply",
    "check_env",
    "diff",
    "load_pool",
    "run",
]

_LAZY = {"check_env": "mas2_env.envs.check", "run": "mas2_env.runs.evaluate"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'mas2_env' has no attribute {name!r}")


register_installed()
