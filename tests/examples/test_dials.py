"""The dials example: what it prints, and that dials decide which system wins."""

import pytest

ITEMS = 60


@pytest.fixture
def example(root):
    import examples.dials

    return examples.dials


def success(rows):
    return {row.policy: row.success.value for row in rows}


@pytest.fixture
def moved(example, monkeypatch):
    """Success of each system at two settings of a dial."""

    def measure(dial, *settings):
        monkeypatch.setitem(example.SWEEPS, dial, settings)
        return [success(rows) for rows in example.sweep(dial, ITEMS).values()]

    return measure


def test_only_those_who_share_the_reading_can_win_where_no_agent_can_read_all(moved):
    all_in_query, spread = moved("context", {"context": 0}, {"context": 8})
    assert all_in_query["shared reading"] == all_in_query["cot"]
    assert spread["shared reading"] > 0.2
    assert max(value for name, value in spread.items() if name != "shared reading") < 0.1


def test_a_chain_is_harder_than_as_many_parallel_steps(moved):
    (chain,) = moved("depth", {"depth": 8, "breadth": 1})
    (parallel,) = moved("breadth", {"depth": 1, "breadth": 8})
    assert all(chain[name] < parallel[name] for name in chain)


def test_a_property_to_check_helps_those_who_can_check_it(moved):
    without, with_it = moved(
        "verification", {"depth": 6, "verification": 0}, {"depth": 6, "verification": 0.99}
    )
    assert with_it["cot"] > without["cot"] + 0.1
    assert with_it["reflexion"] > without["reflexion"] + 0.1


def test_prints_a_table_for_each_dial(example, capsys):
    example.main(["--dials", "tool", "--items", "3"])
    printed = capsys.readouterr().out.strip().split("\n")
    assert printed[0] == "| tool | direct | cot | self-consistency | debate | reflexion |"
    assert len(printed) == 2 + len(example.SWEEPS["tool"])
    assert all(line.count("×") == 5 for line in printed[2:])
