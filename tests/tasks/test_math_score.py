"""math-verify in its helper processes: the official verdicts, in bounded time, from any thread."""

import gc
import gzip
import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mas2_tasks import math_score
from mas2_tasks.math import MATH
from mas2_tasks.math_score import MathScorer, Verdict, known
from mas2_tasks.procedural import competition, math_intermediate, math_precalculus
from mas2_tasks.procedural.draw import Draw

from mas2_env.errors import TaskError
from mas2_env.task import Item, Truth

HOSTILE = (
    "9^{9^{9^{9}}}",
    "(10^6)!",
    "((((9!)!)!)!)",
    "\\binom{10^9}{10^8}",
    "\\sum_{n=1}^{10^{12}} \\frac{1}{n^7}",
    "\\frac{" * 200 + "1" + "}{2}" * 200,
    "\\int_0^1 \\sin(x^{x^{x}}) dx",
    "2^{2^{2^{2^{2^{2}}}}} - 1",
    "9" * 20_000,
    "\\begin{pmatrix} " + "1 & " * 300 + "1 \\end{pmatrix}",
)


@pytest.fixture(scope="module")
def scorer() -> Iterator[MathScorer]:
    made = MathScorer(workers=2)
    yield made
    made.close()


def rows(shared: Path, name: str) -> list[dict[str, Any]]:
    path = shared / "golden" / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def item(gold: str) -> Item:
    return Item(MATH(), "x", "?", Truth(gold, ("0",)))


def test_the_pinned_version_is_the_one_named_in_the_code() -> None:
    assert importlib.metadata.version("math-verify") == math_score.VERSION
    wanted = importlib.metadata.requires("mas2-env") or []
    assert any(one.startswith("math-verify") and f"=={math_score.VERSION}" in one for one in wanted)


def test_golden_verdicts_on_answers(shared: Path, scorer: MathScorer) -> None:
    golden = rows(shared, "math")
    task = MATH()
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda row: scorer.answer(row["gold"], row["prediction"]), golden))
    wrong: Counter[str] = Counter()
    at_once = 0
    for row, verdict in zip(golden, found, strict=True):
        official = row["official"]["math_verify_0_9"]
        wrong[row["kind"]] += verdict.success != official
        quick = known(row["gold"], row["prediction"])
        at_once += quick is not None
        wrong["known at once"] += quick is not None and quick != official
        if "\\boxed" in row["prediction"]:
            wrong["boxed"] += task.score(item(row["gold"]), row["prediction"]).success != official
    assert not +wrong
    assert at_once > 200


def test_golden_verdicts_on_responses(shared: Path, scorer: MathScorer) -> None:
    for row in rows(shared, "math_response"):
        verdict = scorer.response(row["gold"], row["prediction"])
        official = row["official"]
        assert verdict == Verdict(official["math_verify_0_9"], official["math_verify_extracted"]), row["id"]


def test_what_is_known_at_once_is_what_math_verify_says(scorer: MathScorer) -> None:
    pairs = {
        ("7", "7"),
        ("7", "-7"),
        ("0", "10"),
        ("\\frac{1}{3}", "\\frac{2}{6}"),
        ("\\frac{1}{3}", "-\\frac{1}{3}"),
    }
    pairs |= {("\\frac{49999}{50000}", "\\frac{49998}{49999}"), ("999999999999999", "999999999999998")}
    for subject, families in competition.SUBJECTS.items():
        for family, low, high in families:
            for level in {low, high}:
                made = family(Draw("known", subject, family.__name__, level), level)
                pairs |= {(made.answer, made.answer), (made.answer, made.wrong[0])}
    for text in (
        "x<2",
        "[2,5)",
        "-1,2",
        "y=2x",
        "x^2+3x-1",
        "\\{1,2\\}",
        "a_2",
        "2=3",
        "1/2",
        "(2",
        "]3[",
        "1,000",
        "x y 3",
    ):
        pairs.add((text, text))
    told = 0
    for gold, answer in sorted(pairs):
        quick = known(gold, answer)
        if quick is not None:
            told += 1
            assert scorer._remembered(gold, answer, whole=False).success == quick, (gold, answer)
        elif gold in {text for text, _ in pairs}:
            assert scorer.answer(gold, answer).success == (gold == answer), (gold, answer)
    assert told > 100


@pytest.mark.parametrize(
    "text", ["", "}2{", "2}", "\\text{}2{", "5!", "2^{99}", "9^9^9", "x^{100}", "\\unknown{3}", "2.", "a"]
)
def test_what_is_not_surely_harmless_is_left_to_math_verify(text: str) -> None:
    assert known(text, text) is None


def test_no_answer_holds_a_helper_longer_than_its_limit() -> None:
    scorer = MathScorer(workers=1, limit=0.6)
    scorer.answer("x", "y")
    for text in HOSTILE:
        for ask in (scorer.answer, scorer.response):
            start = time.monotonic()
            ask("7", text)
            assert time.monotonic() - start < 120, text[:40]  # of a second, most is a new helper's start
            ask("7", "x + 7")
    assert scorer.answer("x^2", "x \\cdot x").success
    scorer.close()


def test_an_answer_out_of_time_is_wrong_and_says_so() -> None:
    scorer = MathScorer(workers=1, limit=0.6)
    assert scorer.answer("7", "9^{9^{9^{9}}}").timed_out
    assert scorer.answer("1+x", "x+1") == Verdict(True)
    scorer.close()


def test_time_in_which_a_helper_does_not_run_makes_no_answer_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands still here for three times its limit, as on a machine that is busy with others."""
    monkeypatch.setattr(math_score, "PATIENCE", 1000.0)
    scorer = MathScorer(workers=1, limit=0.3)
    scorer.answer("x", "y")
    (helper,) = scorer._idle
    helper.process.send_signal(signal.SIGSTOP)
    waking = threading.Timer(1.0, helper.process.send_signal, (signal.SIGCONT,))
    waking.start()
    assert scorer.answer("1+x", "x+1") == Verdict(True)
    waking.join()
    scorer.close()


def test_odd_text_is_only_wrong() -> None:
    scorer = MathScorer(workers=1, limit=0.6)  # math-verify looks at some of it for seconds
    for text in ("\x00", "\ud800", "🙂" * 500, "x" * 20_000, "x" * 200_000, "{" * 900, "\n", "\\boxed{"):
        assert not scorer.answer("x + 1", text).success
        assert not scorer.response("x + 1", text).success
    assert scorer.answer("x + 1", "1 + x").success
    scorer.close()


def test_threads_ask_at_once(scorer: MathScorer) -> None:
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda n: scorer.answer(f"{n}x", f"x \\cdot {n - n % 2}"), range(2, 40)))
    assert [verdict.success for verdict in found] == [n % 2 == 0 for n in range(2, 40)]


def test_verdicts_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = MathScorer(workers=1, remember=2)
    for n in range(4):
        scorer.answer("x", f"x + {n}")
    asked: list[str] = []
    perform = scorer._perform
    monkeypatch.setattr(
        scorer, "_perform", lambda gold, text, whole: asked.append(text) or perform(gold, text, whole)
    )
    for n in (3, 2, 1):
        scorer.answer("x", f"x + {n}")
    assert asked == ["x + 1"]
    scorer.close()


def test_a_helper_that_is_killed_is_replaced() -> None:
    scorer = MathScorer(workers=1)
    scorer.answer("x", "y")
    (helper,) = scorer._idle
    helper.process.kill()
    helper.process.wait()
    assert scorer.answer("2x", "x + x").success
    assert scorer._idle[0].process.pid != helper.process.pid
    scorer.close()


def test_no_helper_outlives_its_scorer() -> None:
    scorer = MathScorer(workers=1)
    scorer.answer("x", "y")
    process = scorer._idle[0].process
    del scorer
    gc.collect()
    assert process.poll() is not None


def test_a_child_starts_a_helper_of_its_own() -> None:
    scorer = MathScorer(workers=1)
    scorer.answer("x", "y")
    pid = os.fork()
    if pid == 0:
        right = False
        try:
            right = scorer.answer("2x", "x + x").success
            scorer.close()
        finally:
            os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert scorer.answer("3x", "x + 2x").success
    scorer.close()


ORPHAN = """
import os, sys, threading, time
from mas2_tasks.math_score import MathScorer
scorer = MathScorer(workers=1, limit=1.0)
scorer.answer("x", "y")
print(scorer._idle[0].process.pid, flush=True)
if sys.argv[1] == "busy":
    threading.Thread(target=scorer.answer, args=("7", "9^{9^{9^{9}}}"), daemon=True).start()
    time.sleep(0.3)
if sys.argv[1] == "exit":
    sys.exit()
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("how", ["idle", "busy", "exit"])
def test_no_helper_outlives_a_process_that_dies(how: str) -> None:
    command = [sys.executable, "-W", "error", "-c", ORPHAN, how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.stderr == ""
    pid, end = int(done.stdout), time.monotonic() + 300
    while _alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_helper_that_cannot_start_is_a_breakdown(monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = MathScorer(workers=1)
    monkeypatch.setattr(sys, "executable", "/missing/python")
    with pytest.raises(TaskError, match="cannot start /missing/python"):
        scorer.answer("x", "y")
    monkeypatch.undo()
    monkeypatch.setattr(math_score, "VERSION", "0.8.0")
    with pytest.raises(TaskError, match=r"scored by math-verify 0\.8\.0, found: 0\.9\.0; install"):
        scorer.answer("x", "y")
    monkeypatch.undo()
    monkeypatch.setattr(sys, "path", [part for part in sys.path if "site-packages" not in part])
    with pytest.raises(TaskError, match=r"does not start: ModuleNotFoundError.*install the extra"):
        scorer.answer("x", "y")


def test_nothing_heavy_is_imported_until_an_answer_is_compared() -> None:
    code = (
        "import sys, mas2_tasks.math as m; t = m.MATH(); i = t.item(0); t.score(i, i.truth.answer);"
        "assert not {'sympy', 'math_verify', 'latex2sympy2_extended'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_expressions_of_procedural_problems_have_their_answers(scorer: MathScorer) -> None:
    """math-verify computes what the problem asks for and finds it equal to our answer."""
    asked = {
        "operations": 12,
        "fractions": 12,
        "product": 8,
        "special": 10,
        "matrices": 6,
        "radical": 8,
    }
    checked: Counter[str] = Counter()
    for subject, families in competition.SUBJECTS.items():
        for family, low, high in families:
            for index in range(asked.get(family.__name__, 0)):
                level = low + index % (high - low + 1)
                made = family(Draw("asked", subject, family.__name__, index), level)
                formula = re.sub(r"(-?\d+)\^\\circ", r"(\\frac{\1\\pi}{180})", made.text.split("$")[1])
                answer = made.answer
                if "inverse" in made.text:
                    formula = f"{formula} {answer}"
                    answer = "\\begin{pmatrix} 1 & 0 \\\\ 0 & 1 \\end{pmatrix}"
                assert scorer.answer(answer, formula).success, (made.text, answer)
                checked[family.__name__] += 1
    assert checked == asked


@pytest.mark.parametrize(
    "family", [math_intermediate.complex_numbers, math_precalculus.powers], ids=["quotients", "powers"]
)
def test_complex_arithmetic_is_right(family: competition.Family) -> None:
    def value(formula: str) -> complex:
        text = re.sub(r"\\frac\{(.*?)\}\{(.*?)\}", r"((\1)/(\2))", formula)
        text = re.sub(r"\^\{(\d+)\}", r"**\1", text).replace(")(", ")*(")
        found = eval(re.sub(r"(\d*)i", lambda match: f"{match[1] or 1}j", text), {})
        return complex(found)

    for index in range(60):
        made = family(
            Draw("complex", index), 3 + index % 3 if family is math_precalculus.powers else 1 + index % 5
        )
        assert abs(value(made.text.split("$")[1]) - value(made.answer)) < 1e-6, (made.text, made.answer)


def test_the_table_of_graders_says_what_is(shared: Path, scorer: MathScorer) -> None:
    page = (Path(__file__).parents[2] / "docs" / "math.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| [^|]+ \| `([^`]+)` \| `([^`]+)` \|((?: (?:yes|no) \|){4})$", page, re.MULTILINE)
    assert len(table) > 25
    official = {(row["gold"], row["prediction"]): row["official"] for row in rows(shared, "math")}
    for gold, answer, said in table:
        found = official[gold, answer]
        names = ("hendrycks_is_equiv", "prm800k_grade_answer", "qwen_math_equal", "math_verify_0_9")
        assert [part == "yes" for part in re.findall("yes|no", said)] == [found[name] for name in names]
        assert scorer.answer(gold, answer).success == found["math_verify_0_9"]
    for key, right in (("hendrycks_is_equiv", 371), ("prm800k_grade_answer", 656), ("qwen_math_equal", 807)):
        ours = [(one[key], one["math_verify_0_9"]) for one in official.values()]
        only = (sum(not other and own for other, own in ours), sum(other and not own for other, own in ours))
        assert re.search(rf"\| {right} \| {only[0]} \| {only[1]} \|", page)
    assert scorer.answer("1<x<2", "(1,2)").success
    assert not scorer.answer("(1,2)", "1<x<2").success
    for gold, answer in (("5", "AB=5"), ("6:30\\text{ a.m.}", "6:30")):
        assert scorer.answer(gold, answer).success


def test_real_items(shared: Path) -> None:
    path = shared / "benchmarks" / "math" / "items.jsonl.gz"
    if not path.exists():
        pytest.skip("the real items are not here")
    task = MATH("file", str(path))
    assert task.size == 350

    def check(one: Item) -> None:
        assert task.score(one, one.truth.answer).success, one.id
        assert len(one.truth.distractors) >= 3
        for answer in (one.truth.answer, *one.truth.distractors):
            text = task.reply(one, answer, len(one.query))
            found = task.extract(text)
            assert found is not None
            assert task.canonical(found) == task.canonical(answer)
            assert task.score(one, answer).success == (answer == one.truth.answer), (one.id, answer)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(check, [task.item(index) for index in range(0, 350, 3)]))
