"""Which simulated agent stands in a recorded model's place."""

import pytest
from msgspec.structs import replace

from mas2_env.backends.calibrated import Setting
from mas2_env.backends.laws import NORMAL
from mas2_env.backends.stand_in import Fewer, Standing, standing_of
from mas2_env.backends.transcripts import Strands, Written, bare, versioned
from mas2_env.runs.recorded_models import fewer_in, observed

SEEN = Standing(0.1, (5.0, 0.5), (0.2,))
SETTING = Setting(
    manner="math",
    difficulty=0.5,
    family=0.05,
    affinity=0.2,
    level={"a": 1.0, "b|cook": NORMAL.inv_cdf(0.6), "b|poet": NORMAL.inv_cdf(0.8)},
    tokens={"a|round=0": (4.0, 0.3), "a|round=1": (6.0, 0.3)},
    lacks={"a|no code block": 0.05},
)


def said(answer, right=True, tokens=20):
    return Written(f"It is {answer}.", answer, right, 5, tokens)


def test_what_was_fitted_to_first_replies_counts():
    assert standing_of(SETTING, "a", SEEN) == Standing(1.0, (4.0, 0.3), (0.05,))


def test_roles_of_one_model_count_with_their_mean_accuracy():
    found = standing_of(SETTING, "b", SEEN)
    assert NORMAL.cdf(found.level) == pytest.approx(0.7)
    assert found.tokens == SEEN.tokens


def test_talking_may_leave_more_without_an_answer():
    lacks = {"a|round=0|no code block": 0.01, "a|round=2|no code block": 0.06, "b|round=3|no code block": 0.5}
    found = standing_of(replace(SETTING, lacks=lacks), "a", SEEN)
    assert found.silent == (0.01, 0.0, 0.06)
    assert [found.silent_in(round) for round in range(5)] == [0.01, 0.0, 0.06, 0.06, 0.06]


def test_else_the_recorded_first_replies_count():
    strands = [
        Strands("samples", ((said("7"),), (said("8", False),), (said(None, False),))),
        Strands("samples", ((said("7"), said("9", False)),)),
    ]
    found = observed(strands)
    assert NORMAL.cdf(found.level) == pytest.approx(2.5 / 4)
    assert found.silent == pytest.approx((1 / 4,))
    assert found.tokens[1] == 0.0


def test_who_was_left_out_of_the_last_round_is_counted():
    two, three = (said("7"),) * 2, (said("7"),) * 3
    went_on = Strands("debate", (three, three, two, two), size=4)
    agreed = Strands("debate", ((said("7"),),) * 3, size=4)
    assert went_on.rounds == 3
    assert fewer_in([went_on, agreed]) == Fewer(first=2, kept=2, size=4)
    assert fewer_in([agreed]) is None
    assert fewer_in([Strands("debate", (three,) * 4, size=4)]) is None


def test_as_many_are_asked_as_were_and_each_as_often():
    asked = [Fewer(first=2, kept=2, size=4).asked(f"i{i}") for i in range(2000)]
    assert {len(set(some)) for some in asked} == {2}
    assert all(450 < sum(copy in some for some in asked) / 2 < 550 for copy in range(4))


def test_no_two_versions_of_a_code_are_equal_and_all_are_the_same_code():
    first, second = versioned("return 1", 7), versioned("return 1", 8)
    assert first != second
    assert bare(first) == bare(versioned(second, 9)) == "return 1"
