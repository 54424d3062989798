"""What an execution remembers: results under the keys of their operations, and tool loops under way."""

from hashlib import blake2b

from mas2_env.execution.operation import Message, Result, ToolStep
from mas2_env.task import Item, ToolUse


class Memory:
    """Results by key.

    A key is BLAKE2b over the episode's seed, the item, and a *body*: everything else that may influence the
    result. After a re-seeding new keys come from the new seed, while what is already known stays known.
    """

    __slots__ = ("_prefixes", "_results")

    def __init__(self, item: Item, seed: int) -> None:
        self._prefixes: tuple[bytes, ...] = (_prefix(item, seed),)
        self._results: dict[bytes, Result] = {}

    def key(self, body: bytes) -> bytes:
        """The key of an operation."""
        return _key(self._prefixes[0], body)

    def keep(self, key: bytes, result: Result) -> None:
        """Remember a result."""
        self._results[key] = result

    def find(self, key: bytes, body: bytes) -> Result | None:
        """The result of an operation that was performed before, under this seed or an earlier one."""
        if not self._results:
            return None
        found = self._results.get(key)
        if found is None and len(self._prefixes) > 1:
            for prefix in self._prefixes[1:]:
                found = self._results.get(_key(prefix, body))
                if found is not None:
                    break
        return found

    def fork(self) -> "Memory":
        """A twin that goes its own way."""
        twin: Memory = Memory.__new__(Memory)
        twin._prefixes = self._prefixes
        twin._results = self._results.copy()
        return twin

    def reseed(self, item: Item, seed: int) -> None:
        """Take new keys from another seed."""
        self._prefixes = (_prefix(item, seed), *self._prefixes)


class Loop:
    """A turn that is under way: what it was given, its tool loop so far, and the tools not yet answered.

    Attributes:
        messages: what the role was given; `wires` is the same for keys.
        history: finished steps.
        asked: tools asked for together; `outputs` those answered, by position.
    """

    __slots__ = ("asked", "history", "messages", "outputs", "wires")

    def __init__(self, messages: tuple[Message, ...], wires: bytes) -> None:
        self.messages = messages
        self.wires = wires
        self.history: tuple[ToolStep, ...] = ()
        self.asked: tuple[ToolUse, ...] = ()
        self.outputs: dict[int, str] = {}

    def fork(self) -> "Loop":
        """A twin that goes its own way."""
        twin = Loop(self.messages, self.wires)
        twin.history, twin.asked, twin.outputs = self.history, self.asked, self.outputs.copy()
        return twin

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
