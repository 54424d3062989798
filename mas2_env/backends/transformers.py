"""The backend `transformers`: models on this machine's CPU or GPU, by the library of that name."""

from typing import ClassVar

from mas2_env.backends.local import LocalBackend, Running
from mas2_env.engines import Engine


class Transformers(LocalBackend):
    """Asks models that `transformers` loads; adapters by PEFT. Needs the extra `local`."""

    name: ClassVar[str] = "transformers"
    needs: ClassVar[tuple[str, ...]] = ("torch", "transformers", "peft")
    extra: ClassVar[str] = "local"
    lacks: ClassVar[tuple[str, ...]] = ("presence_penalty", "frequency_penalty")

    def load(self, engine: Engine, adapters: tuple[str, ...], context: int) -> Running:
        """Load a model and its adapters."""
        from mas2_env.backends.transformers_engine import TransformersEngine

        return TransformersEngine(engine, adapters)
