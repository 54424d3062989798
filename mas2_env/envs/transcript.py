"""What an environment does with given actions, as digests that can be compared between processes."""

import json
import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec

Digests: TypeAlias = list[dict[str, str]]
"""For the reset and for each step, a digest of every part by its path."""


def transcript(spec: EnvSpec, seed: int, actions: Sequence[Any]) -> Digests:
    """Make an environment, reset it and take the actions, until it ends or they are used up.

    Args:
        spec: of the environment.
        seed: of the reset.
        actions: strings, or lists of integers.
    """
    env: gymnasium.Env[Any, Any] = gymnasium.make(spec)
    try:
        observation, info = env.reset(seed=seed)
        found = [_digests({"observation": observation, "info": info})]
        for action in actions:
            taken = np.array(action, dtype=np.int64) if isinstance(action, list) else action
            observation, reward, terminated, truncated, info = env.step(taken)
            step = {
                "observation": observation,
                "reward": reward,
                "terminated": terminated,
                "truncated": truncated,
                "info": info,
            }
            found.append(_digests(step))
            if terminated or truncated:
                break
        return found
    finally:
        env.close()


def _digests(value: Any) -> dict[str, str]:
    return {path: blake2b(data, digest_size=12).hexdigest() for path, data in _leaves(value, "")}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, bytes]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, np.ndarray):
        yield path, f"{value.dtype}{value.shape}".encode() + value.tobytes()
    else:
        yield path, f"{type(value).__name__}:{value!r}".encode(errors="surrogatepass")


def main() -> None:
    """Read a spec, a seed and actions from standard input as JSON; write the digests to standard output."""
    order = json.load(sys.stdin)
    found = transcript(EnvSpec.from_json(order["spec"]), order["seed"], order["actions"])
    json.dump(found, sys.stdout)
