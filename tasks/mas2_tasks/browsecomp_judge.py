"""Judging answers of BrowseComp-Plus: by a rule, or by a language model as the official program does.

A judge is asked what the official one is asked, in words of our own: question, response and correct answer.
A model's tokens are the scorer's and no part of the system's cost; a `Ruling` says what they cost. A judge
that cannot be reached says nothing about the answer, so it is a `Breakdown`; one whose reply cannot be read
counts as wrong.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol
from weakref import WeakValueDictionary

import msgspec
from msgspec import Struct

from mas2_env.backends.base import Backend
from mas2_env.backends.keeping import Keeping
from mas2_env.backends.prompt import ChatMessage, Label, Prompt
from mas2_env.backends.store import Memory
from mas2_env.errors import Breakdown, DataError, PoolError, TaskError
from mas2_env.execution.operation import Failure, ModelCall, Reply, Turn
from mas2_env.plugins import make_backend
from mas2_env.pool import Pool, did_you_mean, load_pool
from mas2_env.task import Item, Score, Task, Truth
from mas2_tasks.answers import normalise, read_answer
from mas2_tasks.browsecomp_metrics import Judgement, parse_judgement

MATCH: Final = "match"
ATTEMPTS: Final = 3
"""Calls for one judgement, if calls fail."""

PROMPT: Final = """You decide whether a response gives the right answer to a question. The right one is known.

Question:
{question}

Response:
{response}

Right answer:
{answer}

Write four parts, each on a line of its own and beginning with its label:

extracted_final_answer: the final answer that the response gives, copied from it; None if it gives none.
reasoning: in a sentence or two, whether that answer and the right one mean the same. Other spellings, word
orders and further true details make no difference. Do not solve the question yourself, do not argue for any
other answer, and look at nothing but this.
correct: yes if they mean the same, or differ in a number by no more than rounding; no in every other case,
and whenever you are in doubt.
confidence: the confidence in percent that the response states, from 0 to 100; 100 if it states none.
"""

_ANSWER: Final = re.compile(r"^\W*(?:exact|final)\s+answer\W*?:\W*?[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_CONFIDENCE: Final = re.compile(r"confidence\W*?:\W*?(\d+(?:\.\d+)?)\s*%?", re.IGNORECASE)
_BARE: Final = " \t*_`\"'“”"


def exact_answer(response: str) -> str | None:
    """What follows the last `Exact Answer:` of a response, or else what other tasks take for an answer."""
    found = _ANSWER.findall(response)
    if found:
        answer = " ".join(found[-1].strip(_BARE).split())
        return answer or None
    return read_answer(response)


def stated_confidence(response: str) -> float | None:
    """Confidence in percent that a response states last, at most 100; None where it states none."""
    found = _CONFIDENCE.findall(response)
    return min(float(found[-1]), 100.0) if found else None


class Ruling(Struct, frozen=True):
    """A judgement, and what the calls for it cost in nano-USD; None where a rule gave it."""

    judgement: Judgement
    cost: int | None = None


class Judge(Protocol):
    """What judges a response."""

    def judge(self, question: str, response: str, answer: str, query: str = "") -> Ruling:
        """Whether a response gives the answer. May block; raises `Breakdown` if it cannot be told.

        `query` is the item's id, for the ledger.
        """
        ...


class Match:
    """Right is an answer that equals the reference in SQuAD's normal form."""

    def judge(self, question: str, response: str, answer: str, query: str = "") -> Ruling:
        """The verdict, with the parts that the official judge gives."""
        given = exact_answer(response)
        form = normalise(answer)
        right = given is not None and (normalise(given) == form if form else given.strip() == answer.strip())
        stated = stated_confidence(response)
        judgement = Judgement(
            extracted_final_answer=given,
            reasoning="compared in normal form",
            correct=right,
            confidence=100.0 if stated is None else stated,
        )
        return Ruling(judgement)


class ModelJudge:
    """A backbone of a pool, answered by a backend.

    Args:
        backend: answers its calls.
        pool: prices them.
        backbone: its name in the pool.

    Raises:
        DataError: if the pool has no such backbone.
    """

    def __init__(self, backend: Backend, pool: Pool, backbone: str) -> None:
        _has(pool, backbone)
        self._backend = Keeping(backend, pool, Memory(), "read-write")
        self._pool = pool
        self._backbone = backbone
        self._lock = threading.Lock()
        self._turns: WeakValueDictionary[bytes, threading.Lock] = WeakValueDictionary()

    def judge(self, question: str, response: str, answer: str, query: str = "") -> Ruling:
        """Ask for a verdict; the same triple is asked for once, and has its cost whenever it comes.

        Raises:
            Breakdown: if no call is answered.
        """
        triple = (_whole(question), _whole(response), _whole(answer))
        about = hashlib.blake2b(msgspec.json.encode(triple), digest_size=32).digest()
        with self._lock:
            turn = self._turns.setdefault(about, threading.Lock())
        with turn:  # threads that want the same verdict at once wait for the first to have it
            text, cost = self._ask(triple, about, query)
        return Ruling(parse_judgement(text), cost)

    def _ask(self, triple: tuple[str, str, str], about: bytes, query: str) -> tuple[str, int]:
        """The reply and what all calls for it cost.

        A call's key says which judgement it is for, whoever judges and in whatever words it is asked for: so
        a recording can tell what has changed since.
        """
        cost = 0
        failure: Failure | None = None
        for attempt in range(ATTEMPTS):
            key = hashlib.blake2b(about + attempt.to_bytes(2, "big"), digest_size=32).digest()
            label = Label(query, "judge", f"judge/{attempt}", attempt)
            result = self._call(triple, label, key)
            if isinstance(result, Breakdown):
                raise result
            cost += self._pool[self._backbone].cost(result.prompt_tokens, result.completion_tokens)
            if isinstance(result, Reply):
                return result.text, cost
            failure = result
        assert failure is not None
        if failure.kind in ("malformed", "refused", "overflow"):
            return "", cost
        raise TaskError(
            f"the judge {self._backbone} gave no reply in {ATTEMPTS} calls; the last ended {failure.kind}: "
            f"{failure.message}"
        )

    def _call(self, triple: tuple[str, str, str], label: Label, key: bytes) -> Reply | Failure | Breakdown:
        prompt = PROMPT.format(question=triple[0], response=triple[1], answer=triple[2])
        if self._backend.talks:
            sample = int.from_bytes(key[:6], "big")
            request = Prompt(self._backbone, (ChatMessage("user", prompt),), sample, label, key=key)
            return self._backend.chat((request,))[0]
        item = judgement_item(prompt, *triple)
        call = ModelCall(label.operation, item, _TURN, self._backbone, (), (), label.attempt, key)
        return self._backend.complete((call,))[0]


def _whole(text: str) -> str:
    """A text that can be sent: a question mark for each half of a character."""
    return text.encode("utf-8", "replace").decode()


_TURN: Final = Turn("judge#0@0", "judge", "verify", "", (), 0, 0, "draft")


def _has(pool: Pool, backbone: str) -> None:
    if backbone not in pool:
        hint = did_you_mean(backbone, pool.names).rstrip("?")
        raise DataError(
            f"judge: pool {pool.name!r} has no backbone {backbone!r}{hint}; "
            "judge_pool says which pool the judge is of"
        )


def prepared(name: str, pool: Pool) -> Backend:
    """A backend for whoever asks outside a run, which would see that it can answer.

    Raises:
        PluginError: if there is no such backend, or it lacks a package.
        PoolError: if it lacks what the pool has to say, or a key.
    """
    backend: Backend = make_backend(name, pool)
    backend.prepare()
    return backend


def make_judge(spec: str, pool: str = "default", equip: Callable[[str, Pool], Backend] = prepared) -> Judge:
    """A judge: `match`, or `backbone@backend` with the backbone of a pool.

    Args:
        spec: which.
        pool: name or path of the pool.
        equip: makes the backend; in a run, what the run hands its tasks.

    Raises:
        DataError: if it is neither, or the pool has no such backbone.
        PluginError: if there is no such backend.
        PoolError: if there is no such pool.
    """
    if spec == MATCH:
        return Match()
    backbone, at, backend = spec.rpartition("@")
    if not at or not backbone or not backend:
        raise DataError(
            f"judge is {spec!r}, expected {MATCH!r} or backbone@backend, as in gpt-4.1-mini@openai"
        )
    loaded = load_pool(pool)
    _has(loaded, backbone)
    try:
        return ModelJudge(equip(backend, loaded), loaded, backbone)
    except PoolError as error:
        raise PoolError(f"judge: {error}; judge_pool says which pool the judge is of") from None


@lru_cache(maxsize=16)
def shared_judge(spec: str, pool: str = "default") -> Judge:
    """The judge that all have who ask for it outside a run."""
    return make_judge(spec, pool)


# For backends that answer items and not prompts: a judgement as an item of its own.


class Judging(Task):
    """Judgements as a task: the query is the whole prompt, the answer is yes or no."""

    name = "Judging"
    title = "Judging of answers"
    description = "Whether a response gives the right answer to a question."
    answer_format = "The four labelled parts that are asked for."
    reference_tokens = 80

    @property
    def size(self) -> int | None:
        """Judgements never end."""
        return None

    @property
    def digest(self) -> str:
        """SHA-256 of the prompt's wording."""
        return hashlib.sha256(PROMPT.encode()).hexdigest()

    def item(self, index: int) -> Item:
        """There is none by a number.

        Raises:
            IndexError: always.
        """
        raise IndexError("judgements have no numbers; see judgement_item")

    def find(self, item_id: str) -> Item:
        """There is none by an id.

        Raises:
            DataError: always.
        """
        raise DataError(f"judgements have no ids, so there is none named {item_id!r}")

    def extract(self, text: str) -> str | None:
        """`yes` or `no`."""
        correct = parse_judgement(text).correct
        return None if correct is None else "yes" if correct else "no"

    def score(self, item: Item, answer: str | None) -> Score:
        """Whether the verdict is that of the rule."""
        right = answer == item.truth.answer
        return Score(right, float(right), {"accuracy": float(right)})

    def reply(self, item: Item, answer: str, draw: int) -> str:
        """The four parts."""
        found, confidence = item.truth.gold
        grounds = _GROUNDS[answer == "yes"][draw % 2]
        return (
            f"extracted_final_answer: {found}\n\nreasoning: {grounds}\n\ncorrect: {answer}\n\n"
            f"confidence: {confidence:g}"
        )


_GROUNDS: Final[Mapping[bool, Sequence[str]]] = {
    True: ("Both name the same.", "The two answers mean the same."),
    False: ("They do not name the same.", "The two answers differ in meaning."),
}
_JUDGING: Final = Judging()


def judgement_item(prompt: str, question: str, response: str, answer: str) -> Item:
    """A judgement as an item, whose truth is what the rule says."""
    ruled = Match().judge(question, response, answer).judgement
    verdict: tuple[str, str] = ("yes", "no") if ruled.correct else ("no", "yes")
    gold: Any = (ruled.extracted_final_answer or "None", ruled.confidence)
    truth = Truth(verdict[0], (verdict[1],), difficulty=-3.0, gold=gold)
    name = hashlib.blake2b(prompt.encode(), digest_size=8).hexdigest()
    return Item(task=_JUDGING, id=f"judging/{name}", query=prompt, truth=truth)
