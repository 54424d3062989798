"""What an execution remembers: results under the keys of their operations, and tool loops under way."""

from hashlib import blake2b

from msgspec import Struct

from mas2_env.execution.operation import Message, Result, ToolStep
from mas2_env.task import Item, ToolUse


class Memory:
    """Results by key.

    A key is BLAKE2b over the episode's seed, the item, and a *body*: everything else that may influence the
    result. After a re-seeding new keys come from the new seed, while what is already known stays known.

    Attributes:
        results: of the operations performed, by key.
    """

    __slots__ = ("_earlier", "_prefix", "results")

    def __init__(self, item: Item, seed: int) -> None:
        self._prefix = _prefix(item, seed)
        self._earlier: tuple[bytes, ...] = ()
        self.results: dict[bytes, Result] = {}

    def find(self, body: bytes) -> tuple[bytes, Result | None]:
        """An operation's key, and its result if it was performed already, under this seed or an earlier."""
        key = _key(self._prefix, body)
        found = self.results.get(key)
        for prefix in self._earlier:
            if found is not None:
                break
            found = self.results.get(_key(prefix, body))
        return key, found

    def fork(self) -> "Memory":
        """A twin that goes its own way."""
        twin: Memory = Memory.__new__(Memory)
        twin._prefix, twin._earlier = self._prefix, self._earlier
        twin.results = self.results.copy()
        return twin

    def reseed(self, item: Item, seed: int) -> None:
        """Take new keys from another seed."""
        self._prefix, self._earlier = _prefix(item, seed), (self._prefix, *self._earlier)


class Loop(Struct, gc=False):
    """A turn that is under way: what it was given, its tool loop so far, and the tools not yet answered.

    Attributes:
        messages: what the role was given; `wires` is the same for keys.
        history: finished steps.
        asked: tools asked for together; `outputs` those answered, by position.
    """

    messages: tuple[Message, ...]
    wires: bytes
    history: tuple[ToolStep, ...] = ()
    asked: tuple[ToolUse, ...] = ()
    outputs: dict[int, str] = {}

    def fork(self) -> "Loop":
        """A twin that goes its own way."""
        return Loop(self.messages, self.wires, self.history, self.asked, self.outputs.copy())

    def answer(self, k: int, text: str) -> bool:
        """Take the output of the `k`-th tool asked for. Returns whether it was the last one missing."""
        self.outputs[k] = text
        if len(self.outputs) < len(self.asked):
            return False
        self.history += tuple([ToolStep(use, self.outputs[i]) for i, use in enumerate(self.asked)])
        self.asked, self.outputs = (), {}
        return True

    def model_body(self, content: bytes, backbone: str, attempt: int) -> bytes:
        """The body of the key of the next model call."""
        parts = [content, backbone.encode(), attempt.to_bytes(2, "big"), self.wires]
        for step in self.history:
            parts.append(digest(f"{step.use.name}\x1f{step.use.arguments}\x1f{step.output}"))
        return b"\x1e".join(parts)

    def tool_body(self, content: bytes, k: int, attempt: int) -> bytes:
        """The body of the key of the `k`-th tool call asked for."""
        use = self.asked[k]
        place = len(self.history).to_bytes(2, "big") + k.to_bytes(2, "big")
        used = digest(f"{use.name}\x1f{use.arguments}")
        return b"\x1e".join((content, b"tool", place, attempt.to_bytes(2, "big"), self.wires, used))


def digest(text: str) -> bytes:
    """Eight bytes of BLAKE2b of a text; lone surrogates are allowed, since models write them."""
    return blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()


def _prefix(item: Item, seed: int) -> bytes:
    text = f"{seed}\x1e{item.task.name}\x1e{item.id}"
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def _key(prefix: bytes, body: bytes) -> bytes:
    return blake2b(prefix + body, digest_size=32).digest()
