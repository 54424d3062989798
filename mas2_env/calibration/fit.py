"""`mas2 simulator fit`: the parameters of simulated agents, estimated from a figures file.

Deterministic, and in this order: levels, lengths and lacks of models (`fit_levels`); strata; shares of
variance (`fit_shares`); which wrong answers are given (by simulation, `fit_answers`); manners and habits
(`fit_manners`); how long calls take (`fit_latency`).
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist
from typing import Any, Final

from msgspec.structs import replace

from mas2_env.backends.calibrated import Calibration, Manner, Setting, lineage
from mas2_env.calibration.figures import Figure
from mas2_env.calibration.fit_alike import fit_alike
from mas2_env.calibration.fit_answers import fit_answers
from mas2_env.calibration.fit_habits import fit_habits
from mas2_env.calibration.fit_latency import fit_latency
from mas2_env.calibration.fit_levels import NORMAL, Cell, drawn_together, probit_cell
from mas2_env.calibration.fit_manners import fit_manners
from mas2_env.calibration.fit_models import fit_models
from mas2_env.calibration.fit_shares import Pair, fit_focus, fit_rest, fit_share
from mas2_env.calibration.fit_spoken import fit_spoken
from mas2_env.calibration.fit_tasks import fit_tasks
from mas2_env.calibration.places import profile_of, setting_of, stratum_of, variant_of
from mas2_env.calibration.rasch import accuracies
from mas2_env.calibration.world import FAILING

_CHOICE: Final = ("MMLU", "ARC-C", "OpenbookQA", "GPQA", "CommonsenseQA", "mcq_accuracy")
_CODE: Final = (
    "HumanEval",
    "MBPP",
    "LiveCodeBench",
    "LeetCode-hard",
    "code_accuracy",
    "CRUXEval-O",
    "SQL-Spider",
    "Bash-NL2Bash",
)
_QA: Final = ("HotpotQA", "NQ", "TriviaQA")

KIN: Final = 0.05
"""Share of variance that models of one family have in common besides difficulty.

ZeroEval shows residual correlations of 0.03 to 0.09 within families, and of -0.02 to -0.03 between them.
"""

MANNERS: Final = {
    "math": Manner(1.0, 2.4, 0.5, 0.25),
    "math-shown": Manner(1.2, 2.4, 0.5, 0.2),
    "choice": Manner(1.0, 2.0, 1.0, 0.15),
    "code": Manner(1.0, 1.5, 1.0, 0.3, 0.05),
    "small": Manner(1.0, 1.0, 1.0, 0.3),
    "small-choice": Manner(1.0, 1.0, 1.0, 0.3),
    "qa": Manner(1.0, 2.4, 0.5, 0.2),
}
"""Where the search for manners starts."""

_SPREADS: Final = (0.5, 1.0)
"""How far probits lie from sums of effects: usually, and where abilities of many models were estimated."""

Entries = dict[str, list[dict[str, Any]]]


def fit(figures: Sequence[Figure], say: Callable[[str], None] = lambda text: None) -> Calibration:
    """Parameters from figures; `say` is told which step has been taken."""
    entries: Entries = defaultdict(list)
    for figure in figures:
        if not entries[figure.section] or entries[figure.section][-1] is not figure.entry:
            entries[figure.section].append(figure.entry)
    settings = {name: Setting(manner_of(name), 0.0, 0.0, 0.0) for name in _names(entries)}
    lacks = _lacks(entries)
    levels = _levels(entries, lacks)
    tokens = _tokens(entries)
    prompts = _prompts(entries)
    firsts = _first_proposals(entries)
    for name in settings:
        settings[name] = replace(
            settings[name],
            choices=3 if settings[name].manner.endswith("choice") else 40,
            level=_rounded(levels.get(name, {})),
            lacks=_rounded(lacks.get(name, {})),
            prompt=_rounded(prompts.get(name, {})),
            first=_rounded(firsts.get(name, {})),
            tokens={k: (round(m, 3), round(s, 3)) for k, (m, s) in sorted(tokens.get(name, {}).items())},
        )
    settings = _with_shares(settings, entries)
    calibration = Calibration(settings, MANNERS, {})
    say("fitted levels, lengths and shares of variance")
    for step in (
        fit_alike,
        fit_answers,
        fit_spoken,
        fit_manners,
        fit_habits,
        fit_tasks,
        fit_models,
        fit_latency,
    ):
        calibration = step(calibration, figures)
        say(f"{step.__name__.replace('fit_', 'fitted ')}")
    return calibration


def manner_of(setting: str) -> str:
    """The kind of task of a setting."""
    source, _, benchmark = setting.partition("/")
    if source == "slm_debate":
        return "small-choice" if benchmark in _CHOICE else "small"
    if source == "dylan_math_complex":
        return "math-shown"
    if benchmark in _CHOICE:
        return "choice"
    return "code" if benchmark in _CODE else "qa" if benchmark in _QA else "math"


def _names(entries: Entries) -> list[str]:
    wanted = (
        "accuracy",
        "completion_tokens",
        "malformed",
        "cross_model_correlation",
        "rasch",
        "retry_code",
        "retry_with_test_output",
        "selection_gain",
        "agent_pass_hat_k",
    )
    return sorted({setting_of(entry) for section in wanted for entry in entries[section]})


def failing(lacks: dict[str, float], profile: str) -> float:
    """Share of a profile's replies without an answer, in first replies."""
    return sum(
        lacks.get(f"{variant}|{what}", 0.0) for what in FAILING for variant in (profile, f"{profile}|round=0")
    )


def _lacks(entries: Entries) -> dict[str, dict[str, float]]:
    """Shares of replies that lack something: measured, with 4 replies of the setting's mean added."""
    by_what: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for entry in entries["malformed"]:
        by_what[setting_of(entry), entry["what"]].append(entry)
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for (setting, what), group in by_what.items():
        mean = sum(e["hits"] for e in group) / sum(e["n"] for e in group)
        for e in group:
            found[setting][f"{variant_of(e)}|{what}"] = (e["hits"] + 4.0 * mean) / (e["n"] + 4.0)
    return found


def _levels(entries: Entries, lacks: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    cells: dict[tuple[str, str], Cell] = {}
    for entry in entries["accuracy"]:
        if stratum_of(entry) or (entry["source"] == "mint_runs" and entry.get("round") != 5):
            continue
        setting, profile = setting_of(entry), profile_of(entry)
        count = entry["n"] * (1.0 - failing(lacks.get(setting, {}), profile))
        cells[setting, profile] = probit_cell(setting, profile, min(entry["hits"], count), count)
    for entry, hits, n in _first_tries(entries):
        setting, profile = setting_of(entry), profile_of(entry)
        if (setting, profile) not in cells:
            cells[setting, profile] = probit_cell(setting, profile, hits, n)
    for entry in entries["cross_model_correlation"]:
        setting, count = setting_of(entry), entry["phi"]["n_items"]
        for side in ("a", "b"):
            profile = entry[f"model_{side}"]
            if (
                (setting, profile) not in cells
                and entry[f"acc_{side}"] is not None
                and not _role(setting, profile, cells)
            ):
                cells[setting, profile] = probit_cell(setting, profile, entry[f"acc_{side}"] * count, count)
    for entry in entries["rasch"]:
        setting, count = setting_of(entry), entry["n_items"]
        shares = accuracies(list(entry["ability"].values()), entry["difficulty_sd"])
        for profile, share in zip(entry["ability"], shares, strict=True):
            if (setting, profile) not in cells:
                cells[setting, profile] = probit_cell(setting, profile, round(share * count), count)
    names = list(cells)
    wide = {setting_of(entry) for entry in entries["rasch"]}
    near, far = (drawn_together(list(cells.values()), spread) for spread in _SPREADS)
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for (setting, profile), drawn, kept in zip(names, near, far, strict=True):
        found[setting][profile] = kept if setting in wide else drawn
    return found


def _first_tries(entries: Entries) -> Iterator[tuple[dict[str, Any], float, float]]:
    """Entries of other sections that hold the accuracy of a first or single try, with hits and number."""
    for entry in entries["retry_code"]:
        if entry["turn"] == 0:
            yield entry, entry["cumulative"]["hits"], entry["cumulative"]["n"]
    for entry in entries["retry_with_test_output"]:
        yield entry, entry["first"]["hits"], entry["first"]["n"]
    for entry in entries["selection_gain"]:
        if entry["selector"] == "single sample":
            yield entry, entry["hits"], entry["n"]
    for entry in entries["agent_pass_hat_k"]:
        yield entry, entry["pass_hat"][0] * 4.0, 400.0


def _prompts(entries: Entries) -> dict[str, dict[str, float]]:
    """Among items that a tool user solves at all, the share that it solves at once."""
    solved: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for e in entries["accuracy"]:
        if e["source"] == "mint_runs":
            solved[setting_of(e), e["model"]][e["round"]] = e["hits"]
    both = {key: hits for key, hits in solved.items() if 1 in hits and hits.get(5)}
    cells = [probit_cell(s, m, min(hits[1], hits[5]), hits[5]) for (s, m), hits in both.items()]
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for (setting, model), value in zip(both, drawn_together(cells, 0.4), strict=True):
        found[setting][model] = NORMAL.cdf(value)
    return found


def _first_proposals(entries: Entries) -> dict[str, dict[str, float]]:
    """Accuracy of the first proposals of tool users, with and without a critic."""
    rows = [(setting_of(e), profile_of(e), e["first_proposal"]) for e in entries["retry_proposal"]]
    cells = [probit_cell(name, profile, first["hits"], first["n"]) for name, profile, first in rows]
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for (name, profile, _), value in zip(rows, drawn_together(cells, _SPREADS[0]), strict=True):
        found[name][profile] = value
    return found


def _role(setting: str, profile: str, cells: dict[tuple[str, str], Cell]) -> bool:
    """Whether a name of a pair is a model of which roles, systems or prompts are known, or one of these."""
    return any(s == setting and profile in p.split("|") for s, p in cells)


def _tokens(entries: Entries) -> dict[str, dict[str, tuple[float, float]]]:
    rows = entries["completion_tokens"]

    def cells(key: str, log: bool) -> list[Cell]:
        made = []
        for e in rows:
            low, high = e[f"{key}_ci"]
            value = math.log(e[key]) if log else e[key]
            error = (math.log(high / low) if log and low > 0 else high - low) / 3.92
            kind = "|".join(
                (
                    setting_of(e),
                    *(str(e.get(k, "")) for k in ("agent", "system", "variant", "action", "round", "level")),
                )
            )
            made.append(Cell(kind, str(e.get("model", "all")), value, max(error, 0.005)))
        return made

    means = drawn_together(cells("mu", log=False), 0.25)
    spreads = drawn_together(cells("sigma", log=True), 0.25)
    found: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    for e, mean, spread in zip(rows, means, spreads, strict=True):
        found[setting_of(e)][variant_of(e)] = (mean, math.exp(spread))
    return found


def _error(interval: Sequence[float]) -> float:
    return max(0.01, (interval[1] - interval[0]) / 3.92)


def _with_shares(settings: dict[str, Setting], entries: Entries) -> dict[str, Setting]:
    across: dict[str, list[Pair]] = defaultdict(list)
    within: dict[str, list[Pair]] = defaultdict(list)
    for e in entries["cross_model_correlation"]:
        setting = settings[setting_of(e)]
        names = e["model_a"], e["model_b"]
        fa, fb = (failing(setting.lacks, name) for name in names)
        pa, pb = e["acc_a"] / (1.0 - fa), e["acc_b"] / (1.0 - fb)
        if 0.0 < pa < 1.0 and 0.0 < pb < 1.0:
            kin = lineage(names[0]) == lineage(names[1]) or e["source"] == "hotpot_pipelines"
            across[setting_of(e)].append(
                Pair(*names, pa, pb, fa, fb, kin, e["phi"]["value"], _error(e["phi"]["ci"]))
            )
    for e in entries["same_model_correlation"]:
        if not stratum_of(e):
            p = 1.0 - (e["both_wrong"]["value"] + (1.0 - e["agree_correctness"]["value"]) / 2)
            name = e["model"]
            within[setting_of(e)].append(
                Pair(name, name, p, p, 0.0, 0.0, True, e["phi"]["value"], _error(e["phi"]["ci"]))
            )
    for e in entries["item_difficulty_beta"]:
        name = setting_of(e)
        if name not in within and "pooled" not in e["model"]:
            within[name].append(
                Pair(name, name, e["mean"], e["mean"], 0.0, 0.0, True, e["icc"], _error(e["icc_ci"]))
            )
    for e in entries["agent_pass_hat_k"]:
        p = e["pass_hat"][0] / 100.0
        if 0.0 < p < 1.0 and e.get("icc") is not None:
            within[setting_of(e)].append(Pair("", "", p, p, 0.0, 0.0, True, e["icc"], 0.06))
    means = {setting_of(e): e["mean_phi"] for e in entries["cross_model_summary"]}
    return {
        name: _shared(name, setting, across[name], within[name], means.get(name), entries)
        for name, setting in settings.items()
    }


def _shared(
    name: str, setting: Setting, across: list[Pair], within: list[Pair], mean: float | None, entries: Entries
) -> Setting:
    """A setting with its shares of variance.

    Where many models were compared, `focus` holds those of the models whose pairs are listed, and the
    setting's own share, for the rest, is what gives the mean over all pairs.
    """
    same = fit_share(within) if within else 0.0
    shared = fit_share(across, KIN) if across else (0.75 * same or 0.65)
    focus: dict[str, float] = {}
    if len(across) >= 10:
        focus = fit_focus(across, shared)
        if mean is not None:
            shared = fit_rest(setting, focus, mean, failing)
    kin = KIN if shared < 0.9 else 0.4 * KIN
    total = same or min(0.97, max([shared + kin + 0.05, 0.9, *(f + 0.02 for f in focus.values())]))
    shared = min(shared, total - 0.02)
    family = min(kin, (total - shared) / 2)
    return replace(
        setting,
        difficulty=round(shared, 3),
        family=round(family, 3),
        affinity=round(max(0.0, total - shared - family), 3),
        focus={k: round(v, 3) for k, v in sorted(focus.items())},
        strata=_rounded(_strata(name, setting, entries, shared)),
    )


def _strata(name: str, setting: Setting, entries: Entries, share: float) -> dict[str, float]:
    """How much harder each level or subject is, given that what lies between them is taken from the share."""
    probit = NormalDist().inv_cdf
    gathered: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for e in entries["accuracy"]:
        if setting_of(e) == name and stratum_of(e):
            gathered[stratum_of(e)].append((setting.level.get(profile_of(e), 0.0), e["hits"], e["n"]))
    kinds: dict[str, list[str]] = defaultdict(list)
    for stratum in gathered:
        kinds[stratum.partition("=")[0]].append(stratum)
    found: dict[str, float] = {}
    for strata in kinds.values():
        between = 0.0
        for _ in range(20):
            shrink = math.sqrt(max(0.05, 1.0 - between))
            shifts = {}
            for stratum in strata:
                rows = gathered[stratum]
                count = sum(n for _, _, n in rows)
                shift = (
                    sum(n * (level - shrink * probit((hits + 0.5) / (n + 1.0))) for level, hits, n in rows)
                    / count
                )
                shifts[stratum] = shift * count / (count + 4.0)
            mean = sum(shifts.values()) / len(shifts)
            between = min(0.8 * share, sum((s - mean) ** 2 for s in shifts.values()) / len(shifts))
        found.update(shifts)
    return found


def _rounded(numbers: dict[str, float]) -> dict[str, float]:
    return {name: round(number, 4) for name, number in sorted(numbers.items())}
