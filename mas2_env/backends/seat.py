"""A provider as a backend uses it."""

import os

from mas2_env.backends.limiter import Limiter
from mas2_env.providers import Provider


class Seat:
    """A provider as a backend uses it: its limit, its key, and how many calls failed in a row."""

    def __init__(self, name: str, provider: Provider) -> None:
        self.name = name
        self.provider = provider
        self.limiter = Limiter(provider.start, provider.concurrency)
        self.lost = 0

    def share(self, processes: int) -> None:
        """Take the share that one of so many processes has of the calls under way: one call at least."""
        start, most = (max(1, n // processes) for n in (self.provider.start, self.provider.concurrency))
        self.limiter = Limiter(start, most)

    @property
    def key(self) -> str:
        """The API key out of the environment; empty if there is none."""
        variable = self.provider.api_key_env
        return os.environ.get(variable, "").strip() if variable else ""

    def scrub(self, text: str) -> str:
        """A text without the key."""
        key = self.key
        return text.replace(key, "[key]") if key else text

    def scrub_bytes(self, data: bytes) -> bytes:
        """A response without the key: a server may repeat it anywhere, in what a model says even."""
        key = self.key.encode()
        return data.replace(key, b"[key]") if key and key in data else data
