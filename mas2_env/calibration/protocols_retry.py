"""How figures of retries, tests, reviews and retrieval were measured, played by simulated agents."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from mas2_env.backends import laws
from mas2_env.calibration.crowd import Answers, Bools, Floats, Source
from mas2_env.calibration.places import profile_of, setting_of
from mas2_env.calibration.world import Missing, World

Entry: TypeAlias = dict[str, Any]

TRIALS: Final = 10
"""Attempts that are simulated at an item."""


def habit(world: World, name: str) -> dict[str, float]:
    """Parameters of a habit.

    Raises:
        Missing: if it was not fitted.
    """
    found = world.calibration.habit.get(name)
    if found is None:
        raise Missing(f"no habit {name} was fitted")
    return found


def feedback_of(entry: Entry) -> str:
    """What an agent is given before it tries again, from the name of its system."""
    kind = str(entry["system"]).partition(":")[2]
    return "reflection" if "reflection" in kind else kind


def attempts(
    world: World,
    name: str,
    profile: str,
    informed: Floats,
    fresh: float,
    tag: str,
    levels: Mapping[str, float] | None = None,
) -> Bools:
    """Whether each of `TRIALS` attempts is right; `informed` is what each has gained, items × trials.

    `levels` are those of single calls where no others are given.
    """
    setting = world.setting(name)
    crowd = world.crowd(name)
    model = profile.partition("|")[0]
    source = Source("attempts", name, profile, tag)
    known = setting.level if levels is None else levels
    if profile not in known:
        raise Missing(f"no accuracy of {profile} was fitted for {name}")
    standing = crowd.standing(model, known[profile])[:, None] + informed
    first = source.normal(crowd.items, 1)
    noise = laws.renewed(first, source.normal(crowd.items, TRIALS), fresh)
    noise[:, 0] = first[:, 0]
    return np.asarray(laws.is_right(standing, setting.noise, noise))


def _by_trial(right: Bools, trial: int) -> dict[str, float]:
    before = right[:, :trial].any(1)
    here = right[:, trial]
    left = here[~before]
    return {
        "success_given_all_before_failed": float(left.mean()) if len(left) else 0.0,
        "cumulative": float((before | here).mean()),
    }


def retry_qa(world: World, entry: Entry) -> dict[str, float]:
    """Trials at a question, told only that the last answer was wrong."""
    if entry["trial"] >= TRIALS:
        raise Missing(f"only {TRIALS} trials are simulated")
    name, profile = setting_of(entry), _asked(world, entry)
    what = habit(world, f"retry {feedback_of(entry)}")
    gains = what["gain"] * (np.arange(TRIALS) > 0)
    right = attempts(world, name, profile, gains[None, :], what["fresh"], "qa")
    return _by_trial(right, entry["trial"])


def _asked(world: World, entry: Entry) -> str:
    """The profile of an entry that names no model."""
    name = setting_of(entry)
    found = [p for p in world.setting(name).level if p.endswith(f"|{entry['system']}")]
    if not found:
        raise Missing(f"no accuracy of {entry['system']} was fitted for {name}")
    return found[0]


def retry_code(world: World, entry: Entry) -> dict[str, float]:
    """Turns with the output of what was run; an agent first looks around, where its habit is to."""
    if entry["turn"] >= TRIALS:
        raise Missing(f"only {TRIALS} turns are simulated")
    name, profile = setting_of(entry), profile_of(entry)
    what = habit(world, f"turns {name} {profile}")
    wait = Source("turns", name, profile).uniform(world.items, 1)
    begin = what["begin"] + np.floor(np.log(wait + 1e-12) / np.log(1.0 - min(0.999, what["pace"])))
    looked = np.arange(TRIALS)[None, :] >= np.maximum(1.0, begin)
    right = attempts(world, name, profile, what["gain"] * looked, what["fresh"], "code")
    return _by_trial(right, entry["turn"])


def test_output(world: World, entry: Entry) -> dict[str, float]:
    """One more try at an exercise, with the output of its tests."""
    right = _with_output(world, setting_of(entry), profile_of(entry))
    first, second = right[:, 0], right[:, 1]
    return {
        "first": float(first.mean()),
        "after_one_retry": float((first | second).mean()),
        "retry_success": float(second[~first].mean()),
    }


def _with_output(world: World, name: str, profile: str) -> Bools:
    """Whether the first try of a model, and one more with the output of the tests, are right: items × 2."""
    key = f"tests shown {name} {profile}"
    if key not in world.kept:
        what = habit(world, f"tests shown {name}")
        level = world.setting(name).level.get(profile, 0.0)
        gains = laws.gained(what["gain"], what.get("rise", 0.0), level) * (np.arange(TRIALS) > 0)
        world.kept[key] = attempts(world, name, profile, gains[None, :], what["fresh"], "edit")[:, :2].copy()
    found = world.kept[key]
    assert isinstance(found, np.ndarray)
    return found


def by_ability(world: World, entry: Entry) -> dict[str, float]:
    """Least-squares line over models from log odds of the first try to log odds of the retry.

    As it was measured: over as many exercises, without the models that succeeded at none or at all of them at
    either try. Here it is the mean over groups of so many.
    """
    name = setting_of(entry)
    profiles = list(world.setting(name).level)
    right = np.stack([_with_output(world, name, profile) for profile in profiles], axis=1)
    size = exercises(str(entry["source"]))
    groups = right[: len(right) // size * size].reshape(-1, size, len(profiles), 2)
    first, again = groups[..., 0].sum(1), (groups[..., 1] & ~groups[..., 0]).sum(1)
    left = size - first
    lines = []
    for hits, misses, mended in zip(first, left, again, strict=True):
        kept = (hits > 0) & (misses > 0) & (mended > 0) & (mended < misses)
        x = np.log(hits[kept] / misses[kept])
        y = np.log(mended[kept] / (misses[kept] - mended[kept]))
        lines.append(np.polyfit(x, y, 1))
    slope, height = np.mean(lines, axis=0)
    return {"a": float(height), "b": float(slope)}


def exercises(source: str) -> int:
    """How many exercises there are, from a name such as `Aider edit (133 Python exercises)`.

    Raises:
        Missing: if it does not say.
    """
    found = re.search(r"\((\d+) ", source)
    if found is None:
        raise Missing(f"{source} does not say how many exercises there are")
    return int(found[1])


def reflection(world: World, entry: Entry) -> dict[str, float]:
    """Code, tests of its own, and reflection until they pass."""
    name = setting_of(entry)
    single, final, count = _reflect(world, name)
    if "reflections" in entry:
        said = str(entry["reflections"])
        rows = count >= int(said[-1]) if said.startswith("at least") else count == int(said)
        if not rows.any():
            raise Missing("no simulated run reflects so often")
        return {"p": float(final[rows].mean())}
    return {
        "single": float(single.mean()),
        "reflexion": float(final.mean()),
        "p_right_given_single_right": float(final[single].mean()),
        "p_right_given_single_wrong": float(final[~single].mean()),
    }


def _reflect(world: World, name: str) -> tuple[Bools, Bools, Answers]:
    what = habit(world, f"reflection {name}")
    level = world.setting(name).level
    profile = next(p for p in level if "gpt-4" in p and "raw" not in p)
    gains = what["gain"] * (np.arange(TRIALS) > 1)
    right = attempts(world, name, profile, gains[None, :], what["fresh"], "reflect")
    source = Source("reflection", name)
    sound = source.uniform(world.items) < what["pass_right"]
    blind = source.uniform(world.items) < what["pass_wrong"]
    final = right[:, 1].copy()
    count = np.zeros(world.items, np.int64)
    for trial in range(2, TRIALS):
        passed = np.where(final, sound, blind)
        count += ~passed
        final = np.where(passed, final, right[:, trial])
    return right[:, 0], final, count


def own_tests(world: World, entry: Entry) -> dict[str, float]:
    """Validity of assertions that a model writes; those for one task stand and fall together."""
    what = habit(world, f"assertions {entry['source']} {entry['model']}")
    shared = habit(world, "assertions")["shared"]
    source = Source("assertions", str(entry["source"]), str(entry["model"]))
    count = max(1, round(what["count"]))
    together = shared**0.5 * source.normal(world.items, 1)
    alone = (1.0 - shared) ** 0.5
    valid = np.asarray(laws.is_right(what["level"] + together, alone, source.normal(world.items, count)))
    return {"p": float(valid.all(1).mean() if entry["what"].startswith("whole") else valid.mean())}


def selection(world: World, entry: Entry) -> dict[str, float]:
    """The best of several answers by a judge that errs."""
    name, model, selector = setting_of(entry), entry["model"], str(entry["selector"])
    if selector == "single sample":
        return {"p": float((world.replies(name, model) == 0).mean())}
    if "verifier" in selector:
        answers, kind = world.replies(name, model, 100), "verifier"
    elif "tests" in selector:
        answers, kind = world.samples(entry), "tests"
    else:
        answers, kind = world.samples(entry)[:, : int(entry["k"])], "reward model"
    right = answers == 0
    noise = habit(world, "selection")[kind]
    merit = laws.merit(right, noise, Source("selection", name, model, kind).normal(*right.shape))
    chosen = right[np.arange(len(right)), merit.argmax(1)]
    return {"p": float(chosen.mean()), "value": float(chosen.mean())}


def verdict(world: World, entry: Entry) -> dict[str, float]:
    """What a critic says before right and wrong proposals."""
    what = habit(world, f"review {entry['kind']}")
    source = Source("review", str(entry["kind"]))
    right = source.uniform(4 * world.items) < what["right"]
    good = np.where(right, what["good_right"], what["good_wrong"])
    other = np.where(right, what["other_right"], what["other_wrong"])
    uniform = source.uniform(4 * world.items)
    said = np.where(uniform < good, "good", np.where(uniform < good + other, "other", "bad"))
    mine = said == entry["verdict"]
    if entry["what"].startswith("next proposal"):
        return {"p": float(right[mine].mean())}
    return {"p": float(mine[right if entry["what"].endswith("right") else ~right].mean())}


def retrieval(world: World, entry: Entry) -> dict[str, float]:
    """Answers by whether all evidence was found."""
    name = setting_of(entry)
    system = str(entry["system"])
    found = habit(world, f"retrieval {system}")["found"]
    gain = habit(world, "retrieval")["gain"]
    profile = next((p for p in world.setting(name).level if p.endswith(f"|{system}")), None)
    if profile is None:
        raise Missing(f"no accuracy of {system} was fitted")
    all_there = entry["retrieval"].startswith("all")
    shift = gain * (1.0 - found) if all_there else -gain * found
    crowd = world.crowd(name)
    standing = crowd.standing(profile, world.setting(name).level[profile]) + shift
    normal = Source("retrieval", name, system).normal(crowd.items)
    return {"p": float(laws.is_right(standing, world.setting(name).noise, normal).mean())}


def consistency(world: World, entry: Entry) -> dict[str, float]:
    """All of k runs of an agent right."""
    name, profile = setting_of(entry), profile_of(entry)
    answers = world.replies(name, profile, 4)
    right = (answers == 0).astype(float)
    values = {f"pass^{k}": float(right[:, :k].all(1).mean()) for k in range(1, 5)}
    both, mean = float((right[:, 0] * right[:, 1]).mean()), float(right.mean())
    values["icc"] = (both - mean * mean) / (mean * (1.0 - mean)) if 0.0 < mean < 1.0 else 0.0
    return values
