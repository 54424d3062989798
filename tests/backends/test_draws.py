"""Keyed draws are uniform, normal and reproducible."""

import hashlib
from statistics import fmean, pstdev

from mas2_env.backends.draws import UNIT, bits_for, bits_of, more_bits, normal

KEYS = [hashlib.blake2b(str(i).encode(), digest_size=32).digest() for i in range(2000)]


def test_a_key_holds_eight_independent_uniform_numbers() -> None:
    columns = list(zip(*[[b * UNIT for b in bits_of(key)] for key in KEYS], strict=True))
    assert len(columns) == 8
    for column in columns:
        assert 0.47 < fmean(column) < 0.53
        assert 0.27 < pstdev(column) < 0.31
    product = fmean(a * b for a, b in zip(columns[0], columns[1], strict=True))
    assert abs(product - 0.25) < 0.02


def test_more_numbers_differ_by_purpose() -> None:
    key = KEYS[0]
    assert len({bits_of(key), more_bits(key, b"rank"), more_bits(key, b"route")}) == 3


def test_numbers_of_names_do_not_run_names_together() -> None:
    assert bits_for(b"x", "ab", "c") != bits_for(b"x", "a", "bc")


def test_normal_numbers_are_normal() -> None:
    values = [normal(bits_of(key)[0]) for key in KEYS]
    assert abs(fmean(values)) < 0.07
    assert abs(pstdev(values) - 1.0) < 0.05
    assert normal(0) == -normal(2**32 - 1)


def test_draws_do_not_change_between_versions() -> None:
    assert bits_for(b"difficulty", "GSM8K", "1")[0] == 877_575_409
