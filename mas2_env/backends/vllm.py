"""The backend `vllm`: models in a vLLM engine of this process, which batches across episodes."""

from typing import ClassVar

from mas2_env.backends.local import LocalBackend, Running
from mas2_env.engines import Engine


class VLLM(LocalBackend):
    """Asks models that vLLM runs; adapters of one model share its weights. Needs the extra `vllm`."""

    name: ClassVar[str] = "vllm"
    needs: ClassVar[tuple[str, ...]] = ("vllm",)
    extra: ClassVar[str] = "vllm"

    def load(self, engine: Engine, adapters: tuple[str, ...], context: int) -> Running:
        """Start an engine."""
        from mas2_env.backends.vllm_engine import VllmEngine

        return VllmEngine(engine, adapters, context)
