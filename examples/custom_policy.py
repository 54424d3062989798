"""Three cheap solvers vote; whatever fails is tried again."""

from mas2_env.system.model import Assignment, Rectification, Retry, Role, Template, Vote


class CheapVote:
    """Works on any task: it reads what the observation offers."""

    def decide(self, observations):
        """One decision for each observation."""
        return [self._decide(observation) for observation in observations]

    def _decide(self, seen):
        if seen.stage == "generate":
            solver = Role("solver", prompt="Think first.", tools=tuple(t.name for t in seen.tools), copies=3)
            return Template((solver, Role("pool", "vote")), (Vote(("solver",), "pool"),), output="pool")
        if seen.stage == "implement":
            return Assignment({"solver": min(seen.backbones, key=lambda b: b.output_price).name})
        return Rectification(tuple(Retry(failure.turn) for failure in seen.execution.failures))
