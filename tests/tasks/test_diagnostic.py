"""Diagnostic: what the dials do to items, tools, scores and simulated agents."""

import hashlib
import json
import pickle
import statistics
from typing import Any

import gymnasium
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mas2_tasks.diagnostic import Diagnostic
from mas2_tasks.diagnostic_dials import RANGES, Dials
from mas2_tasks.procedural.diagnostic import Case, Chain, Step, solve
from mas2_tasks.procedural.diagnostic_slips import Slip, slipped
from mas2_tasks.procedural.diagnostic_working import calculations, sentences

from mas2_env import check_env
from mas2_env.errors import DataError, PluginError
from mas2_env.plugins import make_task
from mas2_env.task import ToolUse

DIALS = st.fixed_dictionaries(
    {
        "depth": st.integers(1, 12),
        "breadth": st.integers(1, 8),
        "context": st.integers(0, 40),
        "tool": st.floats(0, 1),
        "verification": st.floats(0, 0.99),
    }
)
TWO = Case(
    (
        Chain((240,), (Step("+", 36), Step("*", 413, True))),
        Chain((20, 15), (Step("-", 5), Step("//", 4))),
    ),
    "total",
)


def output(task: Diagnostic, index: int, use: ToolUse) -> str:
    return task.call(task.item(index), use.name, json.loads(use.arguments))


def test_items_of_a_version_never_change() -> None:
    """A change of the generator needs a new `version`, and then a new digest here."""
    assert Diagnostic.version == "1"
    found = hashlib.sha256()
    for options in ({}, {"depth": 5, "breadth": 3, "context": 6, "tool": 1, "verification": 0.9}):
        task = Diagnostic(seed=7, **options)
        for index in range(100):
            item = task.item(index)
            found.update(repr((task.record(item), round(item.truth.difficulty, 9))).encode())
    assert found.hexdigest()[:16] == "18085c70392b0a51"


@settings(max_examples=60, deadline=None)
@given(dials=DIALS, index=st.integers(0, 10**9))
def test_every_setting_of_the_dials_gives_whole_items(dials: dict[str, Any], index: int) -> None:
    task = Diagnostic(**dials)
    item = task.item(index)
    case = item.truth.gold.case
    assert [len(chain.steps) for chain in case.chains] == [dials["depth"]] * dials["breadth"]
    steps = [step for chain in case.chains for step in chain.steps]
    assert sum(step.large for step in steps) == round(dials["tool"] * len(steps))
    assert len(item.documents) == dials["context"]
    assert item.truth.evidence == tuple(document.title for document in item.documents)
    assert all(value >= 12 for values in item.truth.gold.worked.results for value in values)
    assert len(item.truth.distractors) >= 3
    assert item.truth.answer not in item.truth.distractors
    assert task.score(item, item.truth.answer).success
    assert pickle.loads(pickle.dumps(task)).item(index).query == item.query


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("depth", 0), ("depth", 13), ("depth", 2.0), ("depth", None), ("breadth", 9), ("context", "many")],
        *[
            ("context", -1),
            ("tool", 1.5),
            ("tool", float("nan")),
            ("verification", 1),
            ("verification", True),
        ],
    ],
)
def test_a_dial_out_of_range_is_refused(name: str, value: object) -> None:
    with pytest.raises(DataError, match=rf"Diagnostic: {name} is .*, expected a (whole )?number from"):
        Diagnostic(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("source", ["file", "hub"])
def test_there_is_nothing_published(source: Any) -> None:
    with pytest.raises(DataError, match=rf"generated and nowhere published, got the source '{source}'"):
        Diagnostic(source)
    with pytest.raises(DataError, match=r"with the path 'x.jsonl'; leave `source` out"):
        Diagnostic(source, "x.jsonl")
    with pytest.raises(DataError, match="generated and nowhere published"):
        Diagnostic.download()


def test_dials_are_named_in_labels_specs_and_environments() -> None:
    task = make_task("diagnostic[depth=4,breadth=2,tool=1,split=test]")
    assert task.label == "Diagnostic[depth=4,tool=1.0,split=test]"
    assert task.options == {"depth": 4, "tool": 1.0}
    assert make_task(task.label.lower()).digest == task.digest != make_task("diagnostic[split=test]").digest
    assert msgspec.json.decode(msgspec.json.encode(task.options)) == task.options
    env = gymnasium.make("mas2/Diagnostic-v0", depth=4, breadth=2, disable_env_checker=True)
    env.reset(seed=1)
    assert env.unwrapped.episode.item.task.options == {"depth": 4}  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match="has no option 'dept'; did you mean 'depth'"):
        make_task("diagnostic[dept=4]")


@pytest.mark.parametrize("face", ["", "-Array"])
def test_environments_keep_the_contract_with_all_dials_turned(face: str) -> None:
    env = gymnasium.make(
        f"mas2/Diagnostic{face}-v0", depth=12, breadth=8, context=9, tool=1, verification=0.9
    )
    check_env(env)


def test_variants_share_no_item() -> None:
    """Or who trains on one could have seen parts of another."""
    seen: set[str] = set()
    for options in ({}, {"depth": 4}, {"breadth": 3}, {"tool": 0.25}, {"verification": 0.5}):
        task = Diagnostic(**options)
        own = {task.item(index).query.split("\n\n")[1] for index in range(50)}
        assert not own & seen
        seen |= own
    with pytest.raises(DataError):
        Diagnostic().find(Diagnostic(depth=4).item(0).id)


def test_tools_depend_on_the_dials() -> None:
    def offered(**dials: Any) -> list[str]:
        return [tool.name for tool in Diagnostic(**dials).tools]

    assert offered(tool=0) == []
    assert offered() == offered(tool=0, verification=0.5) == ["calculator"]
    assert offered(tool=0, context=2) == ["list_files", "read_file"]
    assert offered(context=2) == ["list_files", "read_file", "calculator"]
    said = Diagnostic(tool=0).call(Diagnostic(tool=0).item(0), "calculator", {"expression": "1 + 1"})
    assert said == "error: there is no tool named 'calculator'; there is none"


def test_harder_settings_have_harder_items() -> None:
    """The documented function of the dials, with noise whose mean is 0."""
    assert Dials().difficulty == 0
    assert Dials(depth=6, breadth=1).difficulty == pytest.approx(0.6)
    assert Dials(depth=1, breadth=6).difficulty == pytest.approx(-0.4)
    assert Dials(depth=12, breadth=8).difficulty == pytest.approx(0.6 * 4 + 0.2 * 9)
    assert Dials(tool=1.0).difficulty == -Dials(tool=0.0).difficulty == pytest.approx(0.6)
    assert Dials(context=20, verification=0.9).difficulty == 0
    drawn = [Diagnostic(depth=6, breadth=1).item(index).truth.difficulty for index in range(400)]
    assert statistics.mean(drawn) == pytest.approx(0.6, abs=0.2)


def test_every_file_is_needed() -> None:
    """Each holds an opening entry or a step, so that who leaves one out has another case."""
    for count in (1, 2, 8, 40):
        for index in range(20):
            task = Diagnostic(context=count)
            item = task.item(index)
            lines = [document.text.split("\n")[1:] for document in item.documents]
            assert all(lines)
            entries = sum(len(chain.opening) + len(chain.steps) for chain in item.truth.gold.case.chains)
            assert entries == max(count, 8)
            assert sum(map(len, lines)) >= entries


@pytest.mark.parametrize(
    ("share", "modulus"), [(0, 0), (0.01, 3), (0.5, 3), (0.85, 7), (0.9, 11), (0.99, 101)]
)
def test_the_stated_property_exposes_wrong_answers_and_gives_none_away(share: float, modulus: int) -> None:
    task = Diagnostic(verification=share, depth=4)
    assert task.dials.modulus == modulus
    wrong = exposed = 0
    for index in range(300):
        item = task.item(index)
        check = item.truth.gold.check
        if not modulus:
            assert check is None
            continue
        answer = int(item.truth.answer)
        assert f" {modulus}" in item.query
        assert f" {answer % modulus}" in item.query
        assert check == (modulus, answer % modulus)
        assert len(range(check[1], 2 * answer, modulus)) >= 8
        wrong += len(item.truth.distractors)
        exposed += sum(int(other) % modulus != check[1] for other in item.truth.distractors)
    if modulus:
        assert exposed / wrong == pytest.approx(1 - 1 / modulus, abs=0.05)


def test_mistakes_are_those_that_are_typical() -> None:
    kinds: dict[str, int] = {}
    for index in range(300):
        for slip in Diagnostic(breadth=3, context=20).item(index).truth.gold.slips.values():
            kinds[slip.kind] = kinds.get(slip.kind, 0) + 1
    assert set(kinds) == {"step", "piece", "part", "sum", "operator"}
    assert min(kinds.values()) > 0.05 * sum(kinds.values())


def test_a_mistake_is_carried_through() -> None:
    worked = solve(TWO)
    assert worked.results == ((240, 276, 113988), (35, 30, 7))
    assert worked.answer == 113995
    left_out, forgotten, off = Slip("step", 0, 0), Slip("part", 1), Slip("sum", 1, 0, -2)
    found = {slip: slipped(TWO, worked, slip) for slip in (left_out, forgotten, off)}
    assert [known and known.answer for known in found.values()] == [240 * 413 + 7, 113988, 113988 + 7]
    assert sentences(TWO, worked, ("One", "Two")) == (
        "One: 240 + 36 = 276.",
        "One: 276 × 413 = 113,988.",
        "Two: 20 + 15 = 35.",
        "Two: 35 − 5 = 30.",
        "Two: 30 ÷ 4 = 7, rounded down.",
        "Together: 113,988 + 7 = 113,995.",
    )
    wrong = found[left_out]
    assert wrong is not None
    assert sentences(TWO, wrong, ("One", "Two"), left_out)[0] == "One: 240 × 413 = 99,120."
    assert list(calculations(TWO, wrong, left_out)) == [("240 * 413", 99120)]
    assert slipped(TWO, worked, Slip("sum", 1, 1, -9)) is None


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Answer: {n}", True),
        ("So it is.\n**Answer:** {c} crowns", True),
        ("Answer: 12\nNo.\nAnswer: ${c}.00", True),
        ("The answer is \\boxed{{{n}}}.", True),
        ("Answer: 5 + 7 = {c}", True),
        ("Answer: 0{n}", True),
        ("{n}", True),
        ("Answer: -{n}", False),
        ("Answer: {n} or 7", False),
        ("Answer: {n}.5", False),
        ("Answer: {n}0", False),
        ("Answer: about a dozen", False),
        ("I do not know which of the many entries above would have to be counted here.", False),
    ],
)
def test_answers_are_read_as_numbers(text: str, right: bool) -> None:
    task = Diagnostic()
    item = task.item(1)
    answer = int(item.truth.answer)
    said = task.extract(text.format(n=answer, c=f"{answer:,}"))
    assert task.score(item, said).success is right
    if said is not None:
        assert (task.canonical(said) == item.truth.answer) is right


def test_near_misses_are_told_from_far_ones() -> None:
    task = Diagnostic(tool=1)
    item = task.item(0)
    answer = int(item.truth.answer)
    assert task.score(item, str(answer + 1)).metrics == {"exact": 0.0, "near": 1.0}
    assert task.score(item, str(2 * answer)).metrics == {"exact": 0.0, "near": 0.0}


def test_agents_read_and_then_check_or_calculate() -> None:
    task = Diagnostic(context=3, tool=1, verification=0.9)
    item = task.item(4)
    uses = [use for step in range(9) if (use := task.probe(item, item.truth.answer, step))]
    assert [use.name for use in uses] == ["read_file"] * 3 + ["calculator"]
    assert task.passed(output(task, 4, uses[-1])) is True
    wrong = task.probe(item, item.truth.distractors[0], 3)
    assert wrong is not None
    assert task.passed(output(task, 4, wrong)) is (
        int(item.truth.distractors[0]) % 11 == int(item.truth.answer) % 11
    )
    assert task.passed("114954") is None
    plain = Diagnostic(tool=1)
    found = [
        use for step in range(9) if (use := plain.probe(plain.item(2), plain.item(2).truth.answer, step))
    ]
    assert [use.name for use in found] == ["calculator"] * 6


def test_what_is_known_grows_with_what_is_read() -> None:
    task = Diagnostic(context=4, tool=1, depth=2)
    item = task.item(0)
    uses = [use for step in range(9) if (use := task.probe(item, item.truth.answer, step))]
    outputs = [output(task, 0, use) for use in uses]
    known = [task.informed(item, outputs[:count]) for count in range(len(outputs) + 1)]
    assert known == sorted(known)
    assert known[:4] == [0.0, *[0.9 * (count / 4) ** 4 for count in (1, 2, 3)]]
    assert known[4] == pytest.approx(0.9)
    assert known[-1] == 1.0
    assert task.informed(item, ["Findings:\n" + "\n\n".join(outputs)]) == 1.0


def test_readers_share_the_files_by_what_they_are_told() -> None:
    task = Diagnostic(context=6)
    item = task.item(0)
    names = [document.title for document in item.documents]

    def seek(done: list[ToolUse], *told: str) -> ToolUse | None:
        return task.seek(item, item.truth.answer, len(done), done, told)

    def read(name: str) -> ToolUse:
        return ToolUse("read_file", json.dumps({"name": name}, separators=(",", ":")))

    assert seek([], "Work step by step.") == read(names[0])
    mine = f"Read {names[3]} and {names[5]}."
    assert seek([], mine) == read(names[3])
    assert seek([read(names[3])], mine) == read(names[5])
    assert seek([read(names[3]), read(names[5])], mine) is None
    handed = "Findings:\n" + "\n\n".join(output(task, 0, read(name)) for name in names[:4])
    assert seek([], "", handed) == read(names[4])
    after = seek([read(names[4]), read(names[5])], "", handed)
    assert after is not None
    assert after.name == "calculator"


def test_a_file_that_is_too_long_for_one_reading_is_read_in_several() -> None:
    task = Diagnostic(depth=12, breadth=8, context=1)
    item = task.item(0)
    uses = [task.probe(item, item.truth.answer, step) for step in range(2)]
    assert all(use is not None and use.name == "read_file" for use in uses)
    outputs = [output(task, 0, use) for use in uses if use is not None]
    assert "\n".join(text.partition("\n")[2] for text in outputs) == item.documents[0].text


def test_all_ranges_are_documented() -> None:
    assert set(RANGES) == set(Dials.__struct_fields__)
