"""Masked PPO on the array face, against a random masked policy, on items that training never saw.

    python examples/masked_ppo.py --task GSM8K --steps 6000

Needs the extra `rl` (`pip install "mas2-env[rl]"`) and one CPU core.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.wrappers import TransformObservation
from numpy.typing import NDArray

import mas2_env

try:
    import torch
    from sb3_contrib import MaskablePPO
    from stable_baselines3.common.env_util import make_vec_env
except ModuleNotFoundError as error:
    raise SystemExit(f"this example needs {error.name}: pip install 'mas2-env[rl]'") from None

gymnasium.register_envs(mas2_env)

Array = NDArray[Any]
Choose = Callable[[Array, Array], Array]
"""Takes what the network sees and the mask; gives an action."""


def make(task: str, task_seed: int) -> gymnasium.Env[Array, Array]:
    """The array environment of a task, showing the numbers alone; another `task_seed` has other items.

    MaskablePPO asks the environment's own `action_masks()` for what is valid.
    """
    env = gymnasium.make(f"mas2/{task}-Array-v0", task_seed=task_seed)
    assert isinstance(env.observation_space, gymnasium.spaces.Dict)
    numbers = env.observation_space["observation"]
    return TransformObservation(env, lambda shown: shown["observation"], numbers)


def train(task: str, steps: int, seed: int) -> MaskablePPO:
    """A policy trained for that many decisions."""
    torch.set_num_threads(1)
    envs = make_vec_env(lambda: make(task, task_seed=0), n_envs=8, seed=seed)
    model = MaskablePPO(
        "MlpPolicy",
        envs,
        n_steps=64,
        batch_size=256,
        n_epochs=10,
        learning_rate=3e-3,
        gamma=1.0,
        seed=seed,
        device="cpu",
    )
    return model.learn(steps)


def play(choose: Choose, task: str, items: int, task_seed: int) -> Array:
    """The reward of each item, items 0 to `items` - 1 of that `task_seed`."""
    env = make(task, task_seed)
    masks = env.get_wrapper_attr("action_masks")
    rewards = np.zeros(items)
    for i in range(items):
        shown, _ = env.reset(seed=i, options={"item": i})
        done = False
        while not done:
            shown, reward, terminated, truncated, _ = env.step(choose(shown, masks()))
            rewards[i] += reward
            done = terminated or truncated
    env.close()
    return rewards


def random_choice(sizes: Array, seed: int) -> Choose:
    """Each component uniformly among its valid values."""
    draw = np.random.default_rng(seed)
    starts = np.cumsum(sizes)[:-1]

    def choose(shown: Array, mask: Array) -> Array:
        return np.array([draw.choice(np.flatnonzero(part)) for part in np.split(mask, starts)])

    return choose


def difference(
    ours: Array, theirs: Array, seed: int = 0, resamples: int = 10_000
) -> tuple[float, float, float]:
    """Mean difference of rewards on the same items, with its 95 % interval by bootstrap over items."""
    gaps = ours - theirs
    drawn = np.random.default_rng(seed).integers(len(gaps), size=(resamples, len(gaps)))
    low, high = np.quantile(gaps[drawn].mean(axis=1), (0.025, 0.975))
    return float(gaps.mean()), float(low), float(high)


def compare(task: str, steps: int, items: int, seed: int) -> tuple[Array, Array]:
    """Rewards of the trained and of the random policy, on the same items that training never saw."""
    model = train(task, steps, seed)
    assert isinstance(model.action_space, gymnasium.spaces.MultiDiscrete)
    chance = random_choice(model.action_space.nvec, seed)
    trained = play(lambda shown, mask: model.predict(shown, action_masks=mask)[0], task, items, 1)
    return trained, play(chance, task, items, 1)


def main() -> None:
    """Train, compare, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", default="GSM8K", help="a task, or Suite for all of them")
    parser.add_argument("--steps", type=int, default=6_000, help="decisions to train on")
    parser.add_argument("--items", type=int, default=500, help="held-out items to compare on")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start = time.perf_counter()
    trained, random = compare(options.task, options.steps, options.items, options.seed)
    mean, low, high = difference(trained, random)
    print(f"mas2/{options.task}-Array-v0, {options.steps} decisions, {options.items} held-out items")
    print(f"{'policy':<22}{'reward':>8}{'success':>9}")
    for name, rewards in (("MaskablePPO", trained), ("random, masked", random)):
        print(f"{name:<22}{rewards.mean():>8.3f}{(rewards > 0).mean():>9.3f}")
    print(f"{'difference':<22}{mean:>8.3f}   95 % interval {low:.3f} to {high:.3f}")
    print(f"{time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()
