import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from mas2_tasks.browsecomp import BrowseCompPlus
from mas2_tasks.browsecomp_export import main as export
from mas2_tasks.browsecomp_file import decrypt, encrypt
from mas2_tasks.browsecomp_judge import (
    ATTEMPTS,
    Match,
    ModelJudge,
    exact_answer,
    make_judge,
    stated_confidence,
)
from mas2_tasks.browsecomp_runs import RunFile, read_runs, write_runs

from mas2_env.backends.base import Backend
from mas2_env.backends.simulated import Simulated
from mas2_env.cli import run as mas2
from mas2_env.episode import Episode
from mas2_env.errors import Breakdown, DataError, PoolError, ProviderDown, ProviderError
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.plugins import make_policy, make_task
from mas2_env.pool import load_pool
from mas2_env.runs.journal import read_run
from mas2_env.runs.rollout import rollout
from mas2_env.task import ToolUse, Work

CANARY = "a canary sentence of these tests alone: 7f3c"
KEY = hashlib.sha256(CANARY.encode()).digest()
TEXTS = {
    "12": "Larkholm is a harbour town whose mayor is Esme Rosecroft.",
    "7": "Esme Rosecroft wrote The Quiet Tide. See also [12] for the town.",
    "93": "The Ule is a river.",
}


def docs(*docids: str) -> list[dict[str, str]]:
    return [{"docid": docid, "text": TEXTS[docid]} for docid in docids]


RECORDS: list[dict[str, Any]] = [
    {
        "query_id": "769",
        "query": "Which novel did the mayor of a harbour town write?",
        "answer": "The Quiet Tide",
        "gold_docs": docs("7"),
        "evidence_docs": docs("7", "12"),
        "negative_docs": docs("93"),
    },
    {
        "query_id": "770",
        "query": "Who governs Larkholm?",
        "answer": "Esme Rosecroft",
        "gold_docs": docs("12"),
        "evidence_docs": docs("12"),
        "negative_docs": [],
    },
]


def published(value: Any) -> Any:
    """A record as it is published: every string but the query's id encrypted."""
    if isinstance(value, str):
        return encrypt(value, KEY)
    if isinstance(value, list):
        return [published(each) for each in value]
    return {name: each if name == "query_id" else published(each) for name, each in value.items()}


def write(folder: Path, records: Sequence[Any], name: str = "items.jsonl") -> str:
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAS2_CACHE", str(tmp_path / "cache"))


# Records.


def test_a_decrypted_file_brings_its_own_corpus(tmp_path: Path) -> None:
    task = BrowseCompPlus("file", write(tmp_path, RECORDS))
    item = task.find("769")
    assert (item.query, item.truth.answer) == (RECORDS[0]["query"], "The Quiet Tide")
    assert item.truth.evidence == ("7", "12")
    assert [tool.name for tool in task.tools] == ["search"]
    assert task.call(item, "search", {"query": "harbour"}) == f"[12] {TEXTS['12']}"
    assert task.call(item, "get_document", {"docid": "7"}).startswith("error")
    assert task.score(item, "the quiet tide").success
    assert not task.score(item, "The Tide").success
    assert task.record(item)["evidence_docs"] == [{"docid": "7"}, {"docid": "12"}]


def test_the_published_form_is_decrypted_by_the_official_script(tmp_path: Path) -> None:
    script = tmp_path / "decrypt_dataset.py"
    script.write_text(f'import base64\n\nDEFAULT_CANARY = "{CANARY}"\nOTHER = "short"\n')
    (tmp_path / "canary.txt").write_text(CANARY + "\n")
    path = write(tmp_path, [published(record) for record in RECORDS])
    assert TEXTS["7"] not in Path(path).read_text()
    for canary in (script, tmp_path / "canary.txt"):
        task = BrowseCompPlus("file", path, canary=str(canary), get_document=True)
        item = task.find("769")
        assert (item.query, item.truth.answer) == (RECORDS[0]["query"], "The Quiet Tide")
        assert item.truth.evidence == ("7", "12")
        assert task.call(item, "get_document", {"docid": "93"}) == f"[93] {TEXTS['93']}"
    assert task.label == f"BrowseComp-Plus[get_document=true,canary={tmp_path / 'canary.txt'}]"


def test_encryption_is_as_published() -> None:
    """XOR with the SHA-256 digest of the sentence, repeated, then base64."""
    text = "Ödön – a text that is longer than the key of thirty-two bytes"
    data = base64.b64decode(encrypt(text, KEY))
    assert bytes(byte ^ KEY[i % 32] for i, byte in enumerate(data)).decode() == text
    assert decrypt(encrypt(text, KEY), KEY) == text


def test_an_encrypted_file_says_what_it_needs(tmp_path: Path) -> None:
    path = write(tmp_path, [published(record) for record in RECORDS])
    with pytest.raises(DataError, match=r"line 1: is encrypted.*canary=PATH"):
        BrowseCompPlus("file", path)
    (tmp_path / "wrong.txt").write_text("another sentence")
    with pytest.raises(DataError, match="line 1: cannot be decrypted with this canary"):
        BrowseCompPlus("file", path, canary=str(tmp_path / "wrong.txt"))
    (tmp_path / "empty.py").write_text("x = 1\n")
    with pytest.raises(DataError, match="holds no canary sentence"):
        BrowseCompPlus("file", path, canary=str(tmp_path / "empty.py"))


def test_judgements_alone_have_no_questions_and_say_so(shared: Path) -> None:
    path = shared / "benchmarks" / "browsecomp_plus" / "items.jsonl.gz"
    task = BrowseCompPlus("file", str(path))
    assert task.size == 581
    for use in (task.ready, lambda: task.item(0)):
        with pytest.raises(DataError, match=r"neither `query` nor `answer`.*mas2 tasks score"):
            use()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"query": "Who?"}, "missing required field `query_id`"),
        ({"query_id": "1", "query": "Who?", "evidence_docs": []}, "`answer` is empty, and the other is not"),
        ({"query_id": "1", "evidence_docs": [{"text": "x"}]}, "missing required field `docid`"),
    ],
)
def test_bad_records_name_their_line(tmp_path: Path, record: object, message: str) -> None:
    with pytest.raises(DataError, match=f"line 2: .*{message}"):
        BrowseCompPlus("file", write(tmp_path, [RECORDS[0], record]))


def test_a_corpus_of_the_users_is_searched(tmp_path: Path) -> None:
    bare = [{**r, "gold_docs": [{"docid": "7"}], "evidence_docs": [{"docid": "7"}]} for r in RECORDS]
    for record in bare:
        del record["negative_docs"]
    path = write(tmp_path, bare)
    assert BrowseCompPlus("file", path).tools == ()
    corpus = write(tmp_path, [{"docid": "7", "text": "Esme Rosecroft wrote it."}], "corpus.jsonl")
    task = make_task("browsecomp-plus", "file", path, corpus=corpus)
    assert task.call(task.item(0), "search", {"query": "Rosecroft"}) == "[7] Esme Rosecroft wrote it."
    before = task.digest
    write(tmp_path, [{"docid": "7", "text": "Ada Rosecroft wrote it."}], "corpus.jsonl")
    assert "Esme" in task.call(task.item(0), "search", {"query": "Rosecroft"}), "one corpus, once it is open"
    again = make_task("browsecomp-plus", "file", path, corpus=corpus)
    assert again.digest != before != make_task("browsecomp-plus", "file", path).digest
    assert again.call(again.item(0), "search", {"query": "Rosecroft"}) == "[7] Ada Rosecroft wrote it."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"judge": "qwen"}, "judge is 'qwen', expected 'match' or backbone@backend"),
        ({"get_document": "yes"}, "get_document is 'yes', expected true or false"),
        ({"corpus": "c.jsonl"}, "procedural items have a corpus of their own"),
        ({"tokenizer": 3}, "tokenizer is 3, expected the path"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        BrowseCompPlus(**options)


# Judges.


def test_answers_and_confidences_are_found_in_replies() -> None:
    assert exact_answer("Explanation: x [1]\nExact Answer: Port Larkholm\nConfidence: 80%") == "Port Larkholm"
    assert exact_answer("**Exact Answer:** **The Quiet Tide**\n**Confidence:** 95%") == "The Quiet Tide"
    assert exact_answer("- **Exact Answer**: 1,234\n- **Confidence**: 7.5 %") == "1,234"
    assert exact_answer("Exact Answer: one\nExact Answer: two") == "two"
    assert exact_answer("Exact Answer:\nConfidence: 10%") is None
    assert exact_answer("Answer: three") == "three"
    assert stated_confidence("**Confidence:** 95%") == 95.0
    assert stated_confidence("Confidence: 140") == 100.0
    assert stated_confidence("I am sure") is None


def test_the_rule_judges_as_the_official_judge_is_asked_to() -> None:
    response = "Explanation: see [7]\nExact Answer: the Quiet Tide.\nConfidence: 64%"
    judgement = Match().judge("Which novel?", response, "The Quiet Tide").judgement
    assert (judgement.correct, judgement.confidence) == (True, 64.0)
    assert judgement.extracted_final_answer == "the Quiet Tide."
    assert Match().judge("?", "Exact Answer: 5", "The").judgement.correct is False
    assert Match().judge("?", "no idea what this could possibly be about", "x").judgement.confidence == 100.0


class Scripted(Backend):
    """Gives the results one after another, and keeps the calls."""

    def __init__(self, *results: Reply | Failure | Breakdown) -> None:
        self.results = list(results)
        self.calls: list[ModelCall] = []

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure | Breakdown]:
        self.calls += calls
        return [self.results.pop(0) for _ in calls]


VERDICT = "extracted_final_answer: x\nreasoning: same\ncorrect: yes\nconfidence: 70%"
POOL = load_pool()


def test_a_model_judges_and_its_tokens_are_its_own() -> None:
    backend = Scripted(Reply(VERDICT, 300, 40))
    judge = ModelJudge(backend, POOL, POOL.reference)
    ruling = judge.judge("Which novel?", "It is x.", "X")
    assert (ruling.judgement.correct, ruling.judgement.confidence) == (True, 70.0)
    assert ruling.cost == POOL[POOL.reference].cost(300, 40)
    query = backend.calls[0].item.query
    assert all(part in query for part in ("Which novel?", "It is x.", "Right answer:\nX"))
    assert judge.judge("Which novel?", "It is x.", "X") == ruling
    assert len(backend.calls) == 1


def test_failed_calls_are_made_again_and_paid() -> None:
    backend = Scripted(Failure("timeout", "slow", 300, 0), Reply(VERDICT, 300, 40))
    ruling = ModelJudge(backend, POOL, POOL.reference).judge("q", "r", "a")
    assert ruling.cost == POOL[POOL.reference].cost(600, 40)
    assert [call.attempt for call in backend.calls] == [0, 1]
    assert backend.calls[0].key != backend.calls[1].key


def test_a_judge_that_cannot_be_reached_says_nothing_about_the_answer() -> None:
    backend = Scripted(*[Failure("unavailable", "overloaded")] * ATTEMPTS)
    with pytest.raises(Breakdown, match="gave no reply in 3 calls; the last ended unavailable: overloaded"):
        ModelJudge(backend, POOL, POOL.reference).judge("q", "r", "a")
    with pytest.raises(ProviderError, match="down"):
        ModelJudge(Scripted(ProviderError("down")), POOL, POOL.reference).judge("q", "r", "a")


def test_a_verdict_that_cannot_be_read_is_wrong() -> None:
    for text in ("I think so.", ""):
        judgement = (
            ModelJudge(Scripted(Reply(text, 1, 1)), POOL, POOL.reference).judge("q", "r", "a").judgement
        )
        assert judgement.parse_error
        assert not judgement.correct


def test_an_unreachable_judge_voids_the_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    down = ModelJudge(Scripted(*[ProviderError("down")] * 9), POOL, POOL.reference)
    monkeypatch.setattr("mas2_tasks.browsecomp.shared_judge", lambda *_: down)
    task = BrowseCompPlus()
    (episode,) = rollout(make_policy("direct"), [Episode(task.item(0), POOL)], Simulated(POOL))
    assert episode.outcome is not None
    assert (episode.outcome.kind, episode.outcome.reward) == ("void", None)


def test_a_judge_whose_provider_refuses_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(Backend):
        def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure | Breakdown]:
            raise ProviderDown("the key is wrong")

    refused = ModelJudge(Refused(), POOL, POOL.reference)
    monkeypatch.setattr("mas2_tasks.browsecomp.shared_judge", lambda *_: refused)
    with pytest.raises(ProviderDown, match="the key is wrong"):
        list(rollout(make_policy("direct"), [Episode(BrowseCompPlus().item(0), POOL)], Simulated(POOL)))


def test_a_simulated_backbone_can_judge() -> None:
    task = BrowseCompPlus(judge=f"{POOL.reference}@simulated")
    right = wrong = 0
    for index in range(40):
        item = task.item(index)
        right += task.score(item, item.truth.answer).success
        verdict = task.score(item, item.truth.distractors[0])
        wrong += verdict.success
        assert verdict.metrics["judge_cost"] > 0
    assert right >= 34
    assert wrong <= 6
    with pytest.raises(DataError, match="has no backbone 'gtp'; judge_pool says which pool"):
        make_judge("gtp@simulated")
    with pytest.raises(PoolError, match=r"judge: pool 'default' names no provider; .*; judge_pool says"):
        make_judge("gpt-4o-mini@openai")


# What the scorer sees of the way to an answer.


def test_metrics_look_at_the_whole_run(tmp_path: Path) -> None:
    task = BrowseCompPlus("file", write(tmp_path, RECORDS), get_document=True)
    item = task.find("769")
    outputs = [
        task.call(item, "search", {"query": "Rosecroft"}),
        task.call(item, "get_document", {"docid": "93"}),
    ]
    calls = tuple(
        (ToolUse(name, "{}"), output)
        for name, output in zip(("search", "get_document"), outputs, strict=True)
    )
    reply = "Explanation: it is told in [7] and [93].\nExact Answer: The Quiet Tide\nConfidence: 88%"
    score = task.assess(item, "The Quiet Tide", Work(reply, calls))
    assert score.success
    assert score.metrics == {
        "accuracy": 1.0,
        "recall": 1.0,
        "citations": 2.0,
        "citation_precision": 0.5,
        "citation_recall": 0.5,
        "search_calls": 1.0,
        "get_document_calls": 1.0,
        "confidence": 88.0,
    }
    assert task.run_of(item, None, Work(None, calls)).retrieved_docids == ("12", "7", "93")
    nothing = task.assess(item, None, Work())
    assert (nothing.success, nothing.metrics["recall"]) == (False, 0.0)


def test_episodes_have_recall_and_search_calls() -> None:
    task = BrowseCompPlus()
    episodes = [Episode(task.item(index), POOL, seed=index) for index in range(12)]
    done = list(rollout(make_policy("self-consistency"), episodes, Simulated(POOL)))
    metrics = [episode.outcome.metrics for episode in done if episode.outcome is not None]
    assert sum(found.get("search_calls", 0) for found in metrics) > 12
    assert 0.1 < sum(found.get("recall", 0) for found in metrics) / 12 < 1.0


# Run files.


OUTPUT = "Explanation: [7]\nExact Answer: The Quiet Tide\nConfidence: 90%"


def runs(tmp_path: Path) -> tuple[str, str]:
    folder = tmp_path / "runs"
    write_runs(
        folder,
        [
            RunFile(
                "769",
                "completed",
                (
                    {
                        "type": "output_text",
                        "output": "Explanation: [7]\nExact Answer: Quiet Tide\nConfidence: 90%",
                    },
                ),
                {"search": 4},
                ("7", "93"),
            ),
            RunFile(770, "max_steps", (), {"search": 2, "get_document": 1}, ("12",)),
        ],
    )
    return str(folder), write(tmp_path, RECORDS)


def test_run_files_are_written_and_read(tmp_path: Path) -> None:
    folder, _ = runs(tmp_path)
    assert sorted(path.name for path in Path(folder).iterdir()) == ["run_769.json", "run_770.json"]
    assert [run.query for run in read_runs(folder)] == ["769", "770"]
    (Path(folder) / "run_771.json").write_text('{"query_id": "771"}')
    with pytest.raises(DataError, match=r"run_771\.json: is no run file: .*`status`"):
        read_runs(folder)
    with pytest.raises(DataError, match="has two runs"):
        write_runs(tmp_path / "twice", [RunFile("1", "completed", ())] * 2)


def test_a_folder_of_run_files_is_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, data = runs(tmp_path)
    assert mas2(["tasks", "score", "browsecomp-plus", folder, "--data", data, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    first, second = printed["rows"]
    assert (first["id"], first["success"], first["metrics"]["recall"]) == ("769", True, 0.5)
    assert first["metrics"]["citation_precision"] == 1.0
    assert (second["success"], second["metrics"]["recall"]) == (False, 1.0)
    assert mas2(["tasks", "score", "browsecomp-plus", folder, "--data", data]) == 0
    assert "Recall (%)" in capsys.readouterr().out


def test_relevance_judgements_alone_give_recall_and_calls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = runs(tmp_path)
    qrels = tmp_path / "qrel_evidence.txt"
    qrels.write_text("769 Q0 7 1\n769 Q0 12 1\n770 Q0 12 1\n")
    mas2(["tasks", "score", "browsecomp-plus", folder, "--data", str(qrels), "--json"])
    first, second = json.loads(capsys.readouterr().out)["rows"]
    assert (first["success"], first["metrics"]["recall"], first["metrics"]["search_calls"]) == (
        None,
        0.5,
        4.0,
    )
    assert "no answer" in first["error"]
    assert (second["success"], second["metrics"]["recall"]) == (False, 1.0)


def test_recorded_judgements_are_used(
    tmp_path: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A whole recorded run, its judge's replies beside it, is summed up as the official program does."""
    with gzip.open(shared / "golden" / "browsecomp_plus.jsonl.gz", "rt", encoding="utf-8") as lines:
        row = next(row for row in map(json.loads, lines) if row["kind"] == "run:n220_overconfident")
    texts = row["prediction"]["judge_responses"]
    records = [{**run, "judge_response": texts[str(run["query_id"])]} for run in row["prediction"]["runs"]]
    (tmp_path / "qrels.txt").write_text("\n".join(row["gold"]["qrel_evidence"]))
    path = write(tmp_path, records, "runs.jsonl")
    assert mas2(["tasks", "score", "browsecomp-plus", path, "--data", str(tmp_path / "qrels.txt")]) == 0
    printed = capsys.readouterr().out
    for name in ("Accuracy (%)", "Recall (%)", "Calibration Error (%)"):
        assert f"{name} " in printed
        assert f"{row['official'][name]:.4f}" in printed
    lines = [line.split() for line in printed.splitlines()]
    assert ["evaluated", str(len(records))] in lines, "a count, not a mean"


def test_runs_of_our_own_become_run_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Scored from the files, they have the figures that they have in the run."""
    command = ["eval", "-p", "cot,direct", "-t", "browsecomp-plus", "--items", "6", "--traces"]
    assert mas2([*command, "--out", str(tmp_path / "run")]) == 0
    assert export([str(tmp_path / "run"), str(tmp_path / "files")]) == 0
    capsys.readouterr()
    _, records = read_run(tmp_path / "run")
    assert mas2(["tasks", "score", "browsecomp-plus", str(tmp_path / "files" / "cot-0"), "--json"]) == 0
    scored = {row["id"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    ours = {record.item: record.outcome for record in records if record.policy == "cot"}
    assert len(scored) == len([outcome for outcome in ours.values() if outcome.kind != "void"]) > 0
    for item, row in scored.items():
        for name in ("accuracy", "recall", "search_calls"):
            assert row["metrics"][name] == pytest.approx(ours[item].metrics[name])
    assert any(row["metrics"]["recall"] > 0 for row in scored.values())
    assert (
        mas2(["eval", "-p", "direct", "-t", "browsecomp-plus", "--items", "1", "--out", str(tmp_path / "b")])
        == 0
    )
    assert export([str(tmp_path / "b"), str(tmp_path / "files")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("mas2: error: ")
    assert "without traces" in error
