"""Debates as they were recorded: agents answer in turn, hear each other's last answers, and answer again.

A debate with early stop ends once more than two thirds of its agents have given one answer in the present
round, be it before all have spoken; after the second round two agents, chosen by lot, speak a third time. One
without early stop has a fixed number of rounds, in each of which all speak.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from mas2_env.backends import laws
from mas2_env.backends.calibrated import Manner
from mas2_env.calibration.crowd import NONE, Answers, Bools, Crowd, Floats, Source, vote

SILENT: Final = -2
"""Stands for an agent that has not spoken in a round."""


class Speaker(Struct, frozen=True):
    """One agent: its model, level and, by round, the share of its replies without an answer."""

    model: str
    level: float
    failing: tuple[float, float, float]


class Debate(Struct, frozen=True):
    """What was said: answers by round, items × agents, `SILENT` where nobody spoke; and how each ended.

    Attributes:
        rounds: three arrays of answers.
        ended: 0 or 1: agreement in that round; 2: the two chosen agreed; 3: after the third round.
        result: the final answer.
    """

    rounds: tuple[Answers, Answers, Answers]
    ended: Answers
    result: Answers


def talk(
    crowd: Crowd, speaker: Speaker, manner: Manner, own: Answers, peers: Answers, turn: int, source: Source
) -> Answers:
    """What an agent answers after hearing its peers: items; `peers` is items × agents, `SILENT` for none."""
    standing = crowd.standing(speaker.model, speaker.level)
    found = laws.chance(standing, crowd.setting.noise)
    voices = np.concatenate([own[:, None], peers], axis=1)
    spoken = voices >= 0
    alike = (voices[:, :, None] == voices[:, None, :]) & spoken[:, :, None] & spoken[:, None, :]
    heard = alike[:, :, 1:].sum(2).astype(float)
    weights = laws.weight(heard, alike[:, :, 0].astype(float), manner.inertia, manner.power)
    weights = np.where(spoken, weights / np.maximum(1, alike.sum(2)), 0.0)
    weights = weights * laws.persuasion(
        (voices == 0).astype(float), found[:, None], manner.discernment, crowd.appeal(voices), manner.appeal
    )
    at = source.uniform(len(own)) * weights.sum(1)
    chosen = (weights.cumsum(1) <= at[:, None]).sum(1)
    answer = voices[np.arange(len(own)), chosen.clip(0, voices.shape[1] - 1)]
    anew = (source.uniform(len(own)) < manner.anew) | (weights.sum(1) <= 0.0)
    answer = np.where(anew, crowd.answer(speaker.model, standing[:, None], source)[:, 0], answer)
    hint, strength = crowd.hint(speaker.model, standing, turn)
    struck = source.uniform(len(own)) < laws.hint_share(strength, manner.hint)
    answer = np.where(struck, hint, answer)
    slipped = (source.uniform(len(own)) < manner.slip) & (answer == 0)
    answer = np.where(slipped, crowd.setting.choices + 1, answer)
    return np.where(source.uniform(len(own)) < speaker.failing[turn], NONE, answer)


def first_replies(crowd: Crowd, speakers: Sequence[Speaker]) -> Answers:
    """Answers before anybody has heard anything."""
    columns = [
        crowd.replies(s.model, s.level, s.failing[0], 1, tag=f"speaker {i}") for i, s in enumerate(speakers)
    ]
    return np.concatenate(columns, axis=1)


def stopping_debate(
    crowd: Crowd,
    speakers: Sequence[Speaker],
    manner: Manner,
    name: str,
    stop: bool = True,
    alone: bool = False,
) -> Debate:
    """A debate with early stop if `stop`; the two of the third round hear only each other if `alone`."""
    source = Source("debate", name)
    count = len(speakers)
    needed = 2 * count // 3 + 1 if stop else count + 1
    drafted = first_replies(crowd, speakers)
    order = np.broadcast_to(np.arange(count), drafted.shape)
    if len({s.level for s in speakers}) > 1:
        order = source.uniform(*drafted.shape).argsort(1)
    noticed = source.uniform(3, crowd.items) >= manner.overlooked
    first, agreed = _until_agreed(drafted, order, needed, noticed[0])
    second = np.stack(
        [
            talk(crowd, s, manner, first[:, i], np.delete(first, i, 1), 1, source)
            for i, s in enumerate(speakers)
        ],
        axis=1,
    )
    second, agreed_later = _until_agreed(second, order, needed, noticed[1])
    pair = source.uniform(*drafted.shape).argsort(1)[:, :2]
    rows = np.arange(crowd.items)
    same = (
        (second[rows, pair[:, 0]] == second[rows, pair[:, 1]])
        & (second[rows, pair[:, 0]] >= 0)
        & noticed[2]
        & stop
    )
    third = np.full_like(second, SILENT)
    for i, s in enumerate(speakers):
        heard = np.delete(second, i, 1)
        if alone:
            heard = np.where(
                (np.delete(np.arange(count), i)[None, :, None] == pair[:, None, :]).any(2), heard, SILENT
            )
        said = talk(crowd, s, manner, second[:, i], heard, 2, source)
        third[:, i] = np.where((pair == i).any(1), said, SILENT)
    ended = np.where(agreed, 0, np.where(agreed_later, 1, np.where(same, 2, 3)))
    second[ended == 0] = SILENT
    third[ended < 3] = SILENT
    last = np.where((ended == 0)[:, None], first, np.where((ended == 1)[:, None], second, third))
    last = np.where((ended == 2)[:, None], second[rows, pair[:, 0]][:, None], last)
    result = vote(np.where(last < 0, NONE, last), source)
    return Debate((first, second, third), ended, result)


def open_debate(crowd: Crowd, speakers: Sequence[Speaker], manner: Manner, name: str) -> Debate:
    """A debate of three rounds in which all speak."""
    source = Source("debate", name)
    said = [first_replies(crowd, speakers)]
    for turn in (1, 2):
        last = said[-1]
        columns = [
            talk(crowd, s, manner, last[:, i], np.delete(last, i, 1), turn, source)
            for i, s in enumerate(speakers)
        ]
        said.append(np.stack(columns, axis=1))
    ended = np.full(crowd.items, 3)
    return Debate((said[0], said[1], said[2]), ended, vote(said[2], source))


def _until_agreed(answers: Answers, order: Answers, needed: int, noticed: Bools) -> tuple[Answers, Bools]:
    """Answers until `needed` of them are seen to be the same, in order of speaking; later ones `SILENT`."""
    spoken = np.take_along_axis(answers, order, axis=1)
    count = spoken.shape[1]
    agreed = np.zeros(len(answers), bool)
    for i in range(count):
        votes = ((spoken[:, : i + 1] == spoken[:, i : i + 1]) & (spoken[:, : i + 1] >= 0)).sum(1)
        spoken[agreed, i] = SILENT
        agreed = agreed | ((votes >= needed) & noticed)
    kept = np.empty_like(answers)
    np.put_along_axis(kept, order, spoken, axis=1)
    return kept, agreed


def heard_by(before: Answers, after: Answers, agent: int, peers: int) -> Answers:
    """What the others had said; only those who speak again where records hold one peer."""
    others = np.delete(before, agent, 1)
    return np.where(np.delete(after, agent, 1) > SILENT, others, SILENT) if peers == 1 else others


def transitions(debate: Debate, start: int, peers: int) -> dict[tuple[bool, int], tuple[float, int]]:
    """Chance to be right in the next round, by own state and number of peers that are right."""
    before, after = debate.rounds[start], debate.rounds[start + 1]
    table: dict[tuple[bool, int], list[Floats]] = {}
    spoke = before > SILENT
    for i in range(before.shape[1]):
        others = heard_by(before, after, i, peers)
        went_on = (after[:, i] > SILENT) & spoke[:, i]
        heard = (others > SILENT).sum(1)
        right = (others == 0).sum(1)
        for own in (False, True):
            for k in range(peers + 1):
                rows = went_on & ((before[:, i] == 0) == own) & (right == k) & (heard == peers)
                if rows.any():
                    table.setdefault((own, k), []).append((after[rows, i] == 0).astype(float))
    return {key: (float(np.concatenate(v).mean()), sum(map(len, v))) for key, v in table.items()}


def conformity(debate: Debate, start: int, peers: int) -> dict[tuple[bool, str, int], tuple[Floats, int]]:
    """Adopt, keep or other, where one answer that is not one's own leads among peers, by its count.

    The key says whether oneself is right, whether the leading answer is, and how many give it.
    """
    before, after = debate.rounds[start], debate.rounds[start + 1]
    table: dict[tuple[bool, str, int], list[Floats]] = {}
    for i in range(before.shape[1]):
        others = heard_by(before, after, i, peers)
        votes = ((others[:, :, None] == others[:, None, :]) & (others >= 0)[:, :, None]).sum(2)
        most = votes.max(1)
        at = votes.argmax(1)
        lead = others[np.arange(len(others)), at]
        rivals = ((votes == most[:, None]) & (others != lead[:, None])).any(1)
        went_on = (after[:, i] > SILENT) & (before[:, i] >= 0) & ((others > SILENT).sum(1) == peers)
        fit = went_on & ~rivals & (lead != before[:, i]) & (lead >= 0)
        for own in (False, True):
            for size in range(1, peers + 1):
                for right in (False, True):
                    rows = fit & ((before[:, i] == 0) == own) & (most == size) & ((lead == 0) == right)
                    if rows.any():
                        then = after[rows, i]
                        adopt, keep = then == lead[rows], then == before[rows, i]
                        moves = np.stack([adopt, keep, ~adopt & ~keep], axis=1).astype(float)
                        key = (own, "peers right" if right else "peers wrong", size)
                        table.setdefault(key, []).append(moves)
    return {key: (np.concatenate(v).mean(0), sum(map(len, v))) for key, v in table.items()}
