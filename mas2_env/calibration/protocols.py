"""How figures of single answers, correlations and votes were measured, played by simulated agents.

A protocol takes an entry and gives its statistics by key; `check` picks the one that a figure is about.
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np

from mas2_env.backends import laws
from mas2_env.calibration import (
    estimators,
    protocols_debate,
    protocols_latency,
    protocols_proposal,
    protocols_retry,
)
from mas2_env.calibration.crowd import Answers, Bools, Source, vote
from mas2_env.calibration.places import profile_of, setting_of, stratum_of, variant_of
from mas2_env.calibration.rasch import name_family
from mas2_env.calibration.rasch import rasch as estimate_rasch
from mas2_env.calibration.world import ITEMS, Missing, World

Entry: TypeAlias = dict[str, Any]
Protocol: TypeAlias = Callable[[World, Entry], dict[str, float]]


def accuracy(world: World, entry: Entry) -> dict[str, float]:
    """Single calls; tool users of MINT by their first turn (`round` 1) or within five."""
    name = setting_of(entry)
    if entry["source"] == "mint_runs" and entry.get("round") == 1:
        answers, model = world.replies(name, entry["model"]), entry["model"]
        share = world.setting(name).prompt.get(model, 0.0)
        early = Source("prompt", name, model).uniform(len(answers)) < share
        return {"p": float(((answers[:, 0] == 0) & early).mean())}
    return {"p": _right(world.replies(setting_of(entry), profile_of(entry), 1, stratum_of(entry)))}


def beta(world: World, entry: Entry) -> dict[str, float]:
    """Repeated answers of one model, or one answer of each of many, and a Beta over items."""
    if "pooled" in entry["model"]:
        right = world.panel(setting_of(entry), _models(world, entry)) == 0
    else:
        right = world.samples(entry, stratum_of(entry)) == 0
    return estimators.beta_fit(right.sum(1), right.shape[1])


def same_model(world: World, entry: Entry) -> dict[str, float]:
    """Two answers of one model."""
    answers = world.samples(entry, stratum_of(entry))
    right = (answers == 0).astype(float)
    wrong = estimators.both_wrong(right)
    return {
        "phi": estimators.pooled_phi(right),
        "both_wrong": wrong,
        "agree_correctness": 1.0 - 2.0 * (1.0 - float(right.mean()) - wrong),
        "same_wrong_given_both_wrong": estimators.same_wrong(answers),
    }


def cross_summary(world: World, entry: Entry) -> dict[str, float]:
    """Mean correlations over all pairs of models, in groups of as many items as were measured."""
    right = world.panel(setting_of(entry), _models(world, entry)) == 0
    return _over_groups(estimators.pair_summaries(_groups(right, int(entry["n_items"]))))


def cross_pair(world: World, entry: Entry) -> dict[str, float]:
    """Two models at the same items."""
    name = setting_of(entry)
    a, b = (world.replies(name, _profile(world, name, entry[f"model_{side}"])) for side in ("a", "b"))
    right_a, right_b = (a[:, 0] == 0).astype(float), (b[:, 0] == 0).astype(float)
    return {
        "phi": estimators.phi(right_a, right_b),
        "p_b_right_given_a_right": float(right_b[right_a == 1].mean()),
        "p_b_right_given_a_wrong": float(right_b[right_a == 0].mean()),
        "same_wrong_given_both_wrong": estimators.same_wrong(np.concatenate([a, b], axis=1)),
    }


def success_rates(world: World, entry: Entry) -> dict[str, float]:
    """Correlation over items of two models' success rates."""
    rates = []
    for side in ("a", "b"):
        answers = world.samples({**entry, "model": entry[f"model_{side}"]})
        rates.append((answers == 0).mean(1))
    return {"value": float(np.corrcoef(rates[0], rates[1])[0, 1])}


def rasch(world: World, entry: Entry) -> dict[str, float]:
    """Rasch model of the models that the entry lists, in groups of as many items as were measured."""
    models = list(entry["ability"])
    right = world.panel(setting_of(entry), models) == 0
    families = [name_family(model) for model in models]
    return _over_groups(estimate_rasch(_groups(right, int(entry["n_items"])), families))


def model_vote(world: World, entry: Entry) -> dict[str, float]:
    """One vote of several models."""
    answers = world.panel(setting_of(entry), entry["models"])
    return {
        "best_single": float((answers == 0).mean(0).max()),
        "vote": _right(vote(answers, Source("vote", *entry["models"]))),
        "oracle": float((answers == 0).any(1).mean()),
    }


def own_vote(world: World, entry: Entry) -> dict[str, float]:
    """A vote over k answers of one model, drawn from all that were recorded."""
    answers = world.samples(entry, stratum_of(entry))
    count = min(entry["k"], answers.shape[1])
    source = Source("subset", str(entry))
    order = source.uniform(*answers.shape).argsort(1)[:, :count]
    chosen = np.take_along_axis(answers, order, axis=1)
    return {"vote": _right(vote(chosen, source)), "any": float((chosen == 0).any(1).mean())}


def pass_at_k(world: World, entry: Entry) -> dict[str, float]:
    """Any of k answers right, averaged over all choices of k."""
    right = (world.samples(entry) == 0).sum(1)
    count, k = world.samples(entry).shape[1], int(entry["k"])
    missed = np.array([math.comb(count - c, k) / math.comb(count, k) for c in range(count + 1)])
    return {"value": float(1.0 - missed[right].mean())}


def tokens(world: World, entry: Entry) -> dict[str, float]:
    """Lengths of replies."""
    name, variant = setting_of(entry), variant_of(entry)
    if variant not in world.setting(name).tokens:
        raise Missing(f"no length of {variant} was fitted for {name}")
    mean, spread = world.setting(name).tokens[variant]
    logs = np.log(laws.length(mean, spread, Source("tokens", name, variant).normal(ITEMS)))
    return {"mu": float(logs.mean()), "sigma": float(logs.std())}


def malformed(world: World, entry: Entry) -> dict[str, float]:
    """Replies that lack something."""
    name, what = setting_of(entry), f"{variant_of(entry)}|{entry['what']}"
    if what not in world.setting(name).lacks:
        raise Missing(f"no rate of {what} was fitted for {name}")
    drawn = Source("malformed", name, what).uniform(ITEMS) < world.setting(name).lacks[what]
    return {"p": float(drawn.mean())}


def _groups(right: Bools, size: int) -> estimators.Floats:
    """Items in groups of a size, groups × size × models; what is left over belongs to none."""
    size = min(size, len(right))
    count = len(right) // size
    return right[: count * size].reshape(count, size, -1).astype(float)


def _over_groups(found: list[dict[str, float]]) -> dict[str, float]:
    """Means over groups of items, and as `sd KEY` the standard deviation that one group's value has."""
    values: dict[str, float] = {}
    for key in found[0]:
        known = [f[key] for f in found if not math.isnan(f[key])]
        values[key] = sum(known) / len(known) if known else math.nan
        if len(known) > 1:
            values[f"sd {key}"] = float(np.std(known, ddof=1))
    return values


def _right(answers: Answers) -> float:
    return float((answers == 0).mean())


def _models(world: World, entry: Entry) -> list[str]:
    """Models of a summary: all whose single answers were recorded."""
    level = world.setting(setting_of(entry)).level
    count = entry.get("models") or int(entry["samples_per_item"])
    bare = [model for model in level if "|" not in model]
    one_each = list({profile.partition("|")[0]: profile for profile in reversed(level)}.values())
    for names in (bare, one_each, list(level)):
        if len(names) >= count:
            return names[:count]
    return list(level)


def _profile(world: World, name: str, model: str) -> str:
    """A model by name; a system or prompt by its own name where these are what is paired."""
    level = world.setting(name).level
    if model in level:
        return model
    found = [profile for profile in level if model in profile.split("|")]
    if not found:
        raise Missing(f"no accuracy of {model} was fitted for {name}")
    return found[0]


PROTOCOLS: Final[dict[str, Protocol]] = {
    "accuracy": accuracy,
    "item_difficulty_beta": beta,
    "same_model_correlation": same_model,
    "cross_model_summary": cross_summary,
    "cross_model_correlation": cross_pair,
    "cross_model_success_rate_correlation": success_rates,
    "rasch": rasch,
    "model_vote": model_vote,
    "vote_gain": own_vote,
    "pass_at_k": pass_at_k,
    "completion_tokens": tokens,
    "malformed": malformed,
    "debate_transition": protocols_debate.transition,
    "debate_conformity": protocols_debate.conformity,
    "debate_stop": protocols_debate.stop,
    "debate_outcome": protocols_debate.outcome,
    "retry_qa": protocols_retry.retry_qa,
    "retry_code": protocols_retry.retry_code,
    "retry_proposal": protocols_proposal.proposal,
    "retry_proposal_pooled": protocols_proposal.pooled_proposal,
    "retry_with_test_output": protocols_retry.test_output,
    "retry_by_ability": protocols_retry.by_ability,
    "reflection_code": protocols_retry.reflection,
    "self_written_tests": protocols_retry.own_tests,
    "selection_gain": protocols_retry.selection,
    "critic_verdict": protocols_retry.verdict,
    "accuracy_by_retrieval": protocols_retry.retrieval,
    "agent_pass_hat_k": protocols_retry.consistency,
    "latency": protocols_latency.latency,
}

_SPOKEN: Final[dict[str, Protocol]] = {
    "accuracy": protocols_debate.spoken_accuracy,
    "item_difficulty_beta": protocols_debate.spoken_beta,
    "same_model_correlation": protocols_debate.spoken_pairs,
    "vote_gain": protocols_debate.spoken_vote,
}


_LOOPS: Final = (
    "how long a loop of tool turns goes on, and so whether it comes to a proposal, is not modelled"
)
UNSAID: Final = {
    "retry_proposal": _LOOPS,
    "retry_proposal_pooled": _LOOPS,
    "tool_use": "numbers of tool turns and of searches, and failing tool calls, are not modelled",
    "accuracy_by_searches": "how often an agent searches is not modelled, so nothing depends on it",
    "prompt_tokens": "prompts are counted, not drawn; recorded ones hold other systems' examples and texts",
    "chars_per_token": "prompts are counted at four characters a token, and replies are drawn in tokens",
    "cost_usd": "a query costs its prompt as well, and the recorded prompts are not modelled",
    "grader_noise": "answers are graded by each task's own scorer; the error of another is not modelled",
}
"""Sections that cannot be expressed, wholly or in part, and why."""


def protocol_of(section: str, entry: Entry) -> Protocol | None:
    """The protocol of an entry; None where agents of this model do nothing of the kind."""
    if str(entry.get("source", "")).startswith("dylan_mmlu") and section in _SPOKEN:
        return _SPOKEN[section]
    return PROTOCOLS.get(section)
