"""How figures of debates were measured, played by simulated agents."""

from typing import Any, Final, TypeAlias

import numpy as np

from mas2_env.calibration import debates, estimators
from mas2_env.calibration.crowd import NONE, Answers, Source, vote
from mas2_env.calibration.debates import SILENT, Debate, Speaker
from mas2_env.calibration.places import pair_alone, setting_of
from mas2_env.calibration.world import FAILING, Missing, World

Entry: TypeAlias = dict[str, Any]

_AGENTS: Final = {
    "dylan_math_cot": 4,
    "dylan_math_complex": 4,
    "dylan_humaneval": 4,
    "dylan_mmlu_2agents": 2,
    "dylan_mmlu_3agents": 3,
    "dylan_mmlu_4agents": 4,
    "dylan_mmlu_7agents": 7,
}
_WITNESSES: Final = 9
"""Other recorded answers to a question of MMLU: its gold is known only where one answer was right."""

_STAGES: Final = {"round0-consensus": 0, "round1-consensus": 1, "rank-consensus": 2, "round2": 3}


def debate_of(world: World, name: str, model: str = "", agents: int = 0) -> Debate:
    """The debate of a setting, of one model where it has several."""
    items = max(600, world.items // (8 if agents else 2))
    key = f"debate {name} {model} {agents}"
    found = world.kept.get(key)
    if isinstance(found, Debate):
        return found
    source = name.partition("/")[0]
    setting = world.setting(name)
    manner = world.calibration.manner.get(setting.manner)
    if manner is None:
        raise Missing(f"no manner {setting.manner} was fitted")
    crowd = world.crowd(name, "", items)
    count = agents or _AGENTS[source]
    speakers = [_speaker(world, name, profile) for profile in _profiles(world, name, model, count)]
    if source == "slm_debate":
        debate = debates.open_debate(crowd, speakers, manner, key)
    else:
        debate = debates.stopping_debate(
            crowd,
            speakers,
            manner,
            key,
            stop=source != "dylan_humaneval",
            alone=pair_alone(name),
        )
    if source.startswith("dylan_mmlu"):
        debate = _where_known(debate, world, name, speakers[0], items)
    world.kept[key] = debate
    return debate


def _profiles(world: World, name: str, model: str, count: int) -> list[str]:
    level = world.setting(name).level
    profiles = [p for p in level if not model or p.partition("|")[0] == model]
    if not profiles:
        raise Missing(f"no accuracy of {model} was fitted for {name}")
    roles = [p for p in profiles if "|" in p]
    return roles if len(roles) == count else [min(profiles, key=len)] * count


def _speaker(world: World, name: str, profile: str) -> Speaker:
    setting = world.setting(name)
    model = profile.partition("|")[0]

    def failing(turn: int) -> float:
        for who in (profile, model, "all"):
            names = [f"{who}{turn_said}|{what}" for turn_said in (f"|round={turn}", "") for what in FAILING]
            known = [setting.lacks[name] for name in names if name in setting.lacks]
            if known:
                return sum(known)
        return 0.0

    return Speaker(model, setting.level[profile], (failing(0), failing(1), failing(2)))


def _where_known(debate: Debate, world: World, name: str, speaker: Speaker, items: int) -> Debate:
    crowd = world.crowd(name, "", items)
    others = crowd.replies(speaker.model, speaker.level, speaker.failing[0], _WITNESSES, tag="witnesses")
    known = (others == 0).any(1)
    for answers in debate.rounds:
        known = known | (answers == 0).any(1)
    first, second, third = (answers[known] for answers in debate.rounds)
    return Debate((first, second, third), debate.ended[known], debate.result[known])


def _several(world: World, entry: Entry) -> list[tuple[Debate, int]]:
    """The debates that an entry pools, with their numbers of agents."""
    name = setting_of(entry)
    if not name.startswith("slm_debate"):
        model = str(entry.get("model") or entry.get("setting", "").partition(":")[0])
        known = {p.partition("|")[0] for p in world.setting(name).level}
        return [(debate_of(world, name, model if model in known else ""), 0)]
    models = [entry["model"]] if "model" in entry else list(world.setting(name).level)
    counts = [entry["peers"] + 1] if "peers" in entry else [3, 5, 7]
    return [(debate_of(world, name, model, count), count) for model in models for count in counts]


def transition(world: World, entry: Entry) -> dict[str, float]:
    """Chance to be right in the next round."""
    hits = total = 0.0
    for debate, _ in _several(world, entry):
        table = debates.transitions(debate, entry["from_round"], entry["peers"])
        share, count = table.get((bool(entry["own_right"]), entry["peers_right"]), (0.0, 0))
        hits += share * count
        total += count
    if not total:
        raise Missing("no simulated debate comes to this state")
    return {"p": hits / total}


def conformity(world: World, entry: Entry) -> dict[str, float]:
    """What an agent does when its peers agree on another answer."""
    moves, total = np.zeros(3), 0
    for debate, _ in _several(world, entry):
        for start in _starts(entry):
            table = debates.conformity(debate, start, entry["peers"])
            key = (entry["me"] == "me right", entry["plurality"], entry["plurality_size"])
            if key in table:
                shares, count = table[key]
                moves, total = moves + shares * count, total + count
    if not total:
        raise Missing("no simulated debate comes to this state")
    return dict(zip(("adopt", "keep", "other"), map(float, moves / total), strict=True))


def _starts(entry: Entry) -> tuple[int, ...]:
    if entry["peers"] == 1:
        return (1,)
    return (0,) if str(entry["source"]).startswith("dylan_math") else (0, 1)


def stop(world: World, entry: Entry) -> dict[str, float]:
    """How debates end."""
    ended = debate_of(world, setting_of(entry)).ended
    return {"p": float((ended == _STAGES[entry["stage"]]).mean())}


def outcome(world: World, entry: Entry) -> dict[str, float]:
    """Accuracy of single replies, votes and debates on the same items."""
    what = str(entry["what"])
    if "round" in what and "accuracy" in what:
        turn = int(what.partition("round ")[2][0])
        later = "items that reach" in what
        rows = []
        for debate, _ in _several(world, entry):
            answers = debate.rounds[turn][debate.ended == 3] if later else debate.rounds[turn]
            rows.append(answers[answers > SILENT] == 0)
        return {"p": float(np.concatenate(rows).mean())}
    debate = debate_of(world, setting_of(entry))
    first = debate.rounds[0]
    spoken = np.where(first < 0, NONE, first)
    voted = vote(spoken, Source("outcome", setting_of(entry))) == 0
    values = {
        "single": float((first[:, :3] == 0).mean()),
        "vote of round-0 replies": float(voted.mean()),
        "debate result": float((debate.result == 0).mean()),
        "debate minus vote, same items": float((debate.result == 0).mean() - voted.mean()),
        "replies per item": _replies(debate, entry["source"] == "dylan_math_cot"),
    }
    if what not in values:
        raise Missing(f"debates have no {what}")
    return {"value": values[what]}


def _replies(debate: Debate, lost: bool) -> float:
    """Recorded replies of an item; `lost`: of debates that went on, two replies of the second round are."""
    count = sum(float((answers > SILENT).sum(1).mean()) for answers in debate.rounds)
    return count - (2.0 * float((debate.ended == 3).mean()) if lost else 0.0)


def first_round(world: World, entry: Entry) -> Answers:
    """Recorded first replies of a debate, `SILENT` where an agent did not speak any more."""
    return debate_of(world, setting_of(entry)).rounds[0]


def spoken_accuracy(world: World, entry: Entry) -> dict[str, float]:
    """Accuracy of the first replies that were given before the debate ended."""
    first = first_round(world, entry)
    roles = [p.partition("|")[2] for p in world.setting(setting_of(entry)).level]
    if "agent" in entry:
        first = first[:, [roles.index(entry["agent"])]]
    return {"p": float((first[first > SILENT] == 0).mean())}


def spoken_beta(world: World, entry: Entry) -> dict[str, float]:
    """A Beta over items, of unequal numbers of replies."""
    first = first_round(world, entry)
    return estimators.beta_fit((first == 0).sum(1), (first > SILENT).sum(1))


def spoken_pairs(world: World, entry: Entry) -> dict[str, float]:
    """Pairs of first replies to one question."""
    first = first_round(world, entry)
    columns = range(first.shape[1])
    pairs = [(i, j) for i in columns for j in columns if i < j]
    both = np.concatenate(
        [first[:, [i, j]][(first[:, i] > SILENT) & (first[:, j] > SILENT)] for i, j in pairs]
    )
    right = (both == 0).astype(float)
    wrong = estimators.both_wrong(right)
    return {
        "phi": estimators.pooled_phi(right),
        "both_wrong": wrong,
        "agree_correctness": 1.0 - 2.0 * (1.0 - float(right.mean()) - wrong),
        "same_wrong_given_both_wrong": estimators.same_wrong(both),
    }


def spoken_vote(world: World, entry: Entry) -> dict[str, float]:
    """A vote over k of the first replies, on items that have as many."""
    first = first_round(world, entry)
    k = int(entry["k"])
    first = first[(first > SILENT).sum(1) >= k]
    source = Source("subset", str(entry))
    order = np.where(first > SILENT, source.uniform(*first.shape), 2.0).argsort(1)[:, :k]
    chosen = np.take_along_axis(first, order, axis=1)
    return {
        "vote": float((vote(np.where(chosen < 0, NONE, chosen), source) == 0).mean()),
        "any": float((chosen == 0).any(1).mean()),
    }
