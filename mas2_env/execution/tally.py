"""What an execution has done and cost so far, as exact sums."""

from msgspec import Struct

from mas2_env.execution.operation import Failure, ModelCall, Result, ToolCall, ToolOutput
from mas2_env.pool import Pool


class Tally(Struct, gc=False):
    """Sums over the operations performed.

    Attributes:
        cost: C(s_t) in nano-USD.
        prompt_tokens: billed, those of failed calls included.
        completion_tokens: likewise.
        model_calls: performed, failed ones included.
        tool_calls: likewise.
        failures: operations that failed.
        triggers: times the trigger fired.
    """

    cost: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    failures: int = 0
    triggers: int = 0

    def charge(self, operation: ModelCall | ToolCall, result: Result, pool: Pool) -> int:
        """Take an operation into the sums. Returns its cost in nano-USD."""
        if type(result) is Failure:
            self.failures += 1
        if type(operation) is not ModelCall or type(result) is ToolOutput:
            self.tool_calls += 1
            return 0
        self.model_calls += 1
        prompt, completion = result.prompt_tokens, result.completion_tokens
        self.prompt_tokens += prompt
        self.completion_tokens += completion
        cost = pool.backbones[operation.backbone].cost(prompt, completion)
        self.cost += cost
        return cost
