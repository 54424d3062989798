"""Laws that simulated debates keep."""

import numpy as np
import pytest
from msgspec.structs import replace

from mas2_env.backends.calibrated import Calibration, Manner
from mas2_env.calibration import debates
from mas2_env.calibration.crowd import Crowd, Source
from mas2_env.calibration.debates import SILENT, Speaker

SPEAKER = Speaker("gpt-plain", 0.0, (0.0, 0.0, 0.0))


@pytest.fixture
def crowd(calibration: Calibration) -> Crowd:
    return Crowd(calibration.setting["cup/GSM8K"], "debates", 4000)


@pytest.fixture
def manner(calibration: Calibration) -> Manner:
    return calibration.manner["math"]


def after(crowd: Crowd, manner: Manner, own: int, *peers: int) -> np.ndarray:
    """Answers after everybody at every item had these."""
    mine = np.full(crowd.items, own)
    others = np.tile(peers, (crowd.items, 1))
    return debates.talk(crowd, SPEAKER, manner, mine, others, 1, Source("talk", str(peers)))


def test_the_more_agree_the_more_follow_whoever_is_right(crowd: Crowd, manner: Manner) -> None:
    for own, other in ((0, 3), (3, 0)):
        one, two = after(crowd, manner, own, other, 7), after(crowd, manner, own, other, other)
        assert (one == other).mean() + 0.2 < (two == other).mean()


def test_right_answers_convince_more_than_wrong_ones(crowd: Crowd, manner: Manner) -> None:
    keen = replace(manner, discernment=3.0)
    assert (after(crowd, keen, 5, 0, 9) == 0).mean() > (after(crowd, keen, 5, 3, 9) == 3).mean() + 0.1


def test_who_hears_only_agreement_stays(crowd: Crowd, manner: Manner) -> None:
    quiet = replace(manner, anew=0.0, hint=0.0, slip=0.0)
    assert (after(crowd, quiet, 4, 4, 4) == 4).all()


def test_who_hears_nothing_and_has_nothing_thinks(crowd: Crowd, manner: Manner) -> None:
    said = after(crowd, manner, -1, SILENT, SILENT)
    assert 0.4 < (said == 0).mean() < 0.6


def test_a_debate_stops_on_agreement_before_all_have_spoken(crowd: Crowd, manner: Manner) -> None:
    debate = debates.stopping_debate(crowd, [SPEAKER] * 4, manner, "stops")
    first, second, third = debate.rounds
    early = debate.ended == 0
    assert 0.2 < early.mean() < 0.7
    assert (second[early] == SILENT).all()
    assert ((third > SILENT).sum(1) == 2 * (debate.ended == 3)).all()
    quick = early & (first[:, 0] == first[:, 1]) & (first[:, 1] == first[:, 2])
    assert (first[quick, 3] == SILENT).all()
    assert (debate.result[quick] == first[quick, 0]).all()


def test_an_open_debate_goes_on_to_the_end(crowd: Crowd, manner: Manner) -> None:
    debate = debates.open_debate(crowd, [SPEAKER] * 3, manner, "open")
    assert all((answers > SILENT).all() for answers in debate.rounds)


def test_debates_conform_and_saturate(crowd: Crowd, manner: Manner) -> None:
    debate = debates.open_debate(crowd, [SPEAKER] * 3, replace(manner, discernment=0.0), "saturates")
    agree = [(a == a[:, :1]).all(1).mean() for a in debate.rounds]
    assert agree[1] - agree[0] > agree[2] - agree[1] > 0


def test_transitions_count_states_of_oneself_and_of_peers() -> None:
    rounds = (np.array([[0, 0, 3], [0, 4, 5]]), np.array([[0, 0, 0], [4, 4, 5]]), np.full((2, 3), SILENT))
    table = debates.transitions(debates.Debate(rounds, np.array([1, 1]), np.array([0, 4])), 0, 2)
    assert table[True, 1] == (1.0, 2)
    assert table[False, 2] == (1.0, 1)
    assert table[True, 0] == (0.0, 1)
    assert table[False, 1] == (0.0, 2)


def test_conformity_counts_what_is_done_with_a_leading_answer() -> None:
    rounds = (np.array([[3, 0, 0]]), np.array([[0, 0, 9]]), np.full((1, 3), SILENT))
    table = debates.conformity(debates.Debate(rounds, np.array([1]), np.array([0])), 0, 2)
    moves, count = table[False, "peers right", 2]
    assert (moves.tolist(), count) == ([1.0, 0.0, 0.0], 1)
