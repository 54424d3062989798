"""Errors by the boundary at which they arise. Each carries one message meant to be read."""


class Mas2Error(Exception):
    """Base of every error that mas2-env raises on purpose; the CLI prints it without a traceback."""


class InvalidDecision(Mas2Error):
    """A decision that cannot be carried out.

    Attributes:
        problems: one line for each fault, each beginning with its JSON path.
    """

    def __init__(self, problems: list[str] | tuple[str, ...]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type["InvalidDecision"], tuple[tuple[str, ...]]]:
        return (type(self), (self.problems,))


class UsageError(Mas2Error):
    """A command line that cannot be meant: a value not of its form, or options that do not go together."""


class PoolError(Mas2Error):
    """A pool that cannot be read or does not hold what is asked for."""


class DataError(Mas2Error):
    """Benchmark data that cannot be read, with its file and line."""


class PluginError(Mas2Error):
    """A task, policy or backend that is not registered or cannot be imported."""


class RunError(Mas2Error):
    """A run folder that cannot be read, written or resumed."""


class PolicyError(Mas2Error):
    """A policy that raised or answered with something else than one decision for each observation."""


class Breakdown(Mas2Error):
    """Infrastructure failed beyond its retries: the episode ends `void`, never with reward 0.

    The subclasses say at which boundary: `ProviderError`, `ToolError`, `SandboxError`, `TaskError` and
    `CacheError`.
    """


class ProviderError(Breakdown):
    """What answers model calls failed: unreachable, overloaded, or answering what cannot be read."""


class ToolError(Breakdown):
    """A tool cannot work at all; one that refuses a call answers so, which is no error."""


class SandboxError(Breakdown):
    """Programs cannot be run in isolation here."""


class TaskError(Breakdown):
    """A task raised, or its scorer cannot work."""


class CacheError(Breakdown):
    """The folder for what is kept between runs cannot be made."""


class Halt(Mas2Error):
    """Ends the run, not the episode: nothing that was begun counts, and what was finished is kept."""


class BudgetError(Halt):
    """The run has spent the money it was given."""


class ProviderDown(Halt):
    """A provider refuses the key or the model, or fails call after call: going on would void the rest."""


class RecordError(RunError, Halt):
    """What must be written while a run goes on (its ledger, a recording) cannot be written."""


class ReplayMiss(Halt):
    """A recording holds no answer for what is asked: prompts, parameters or data are not those recorded."""
