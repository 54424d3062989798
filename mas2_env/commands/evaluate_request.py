"""What `mas2 eval` was asked for, and carrying it out: a new run, or one that goes on."""

from datetime import datetime
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mas2_env.commands.chosen import Strings, TaskChoice, spec_of, tasks_of, words_of
from mas2_env.commands.output import note_line
from mas2_env.errors import RunError, UsageError

if TYPE_CHECKING:
    from mas2_env.runs.evaluate import Progress
    from mas2_env.runs.record import Conduct
    from mas2_env.runs.result import Result
    from mas2_env.settings import Settings


def given(**options: Any) -> dict[str, Any]:
    """The options that were given; one that is None was not."""
    return {name: value for name, value in options.items() if value is not None}


def absolute(**paths: Path | None) -> dict[str, str]:
    """The paths that were given, from wherever the run is resumed."""
    return {name: str(path.absolute()) for name, path in paths.items() if path is not None}


class Request(NamedTuple):
    """A command line as arguments of the library. What was not given is not in the dictionaries.

    Attributes:
        folder: of the run.
        resumed: whether the run in it goes on.
        retry_void: whether void episodes are done again.
        choice: tasks and their data.
        asked: of the run itself, as `make_workshop` takes it.
        settings: of the episodes, as far as they change.
        conduct: how models are asked.
        how: what results do not depend on, as `evaluate` and `resume` take it.
    """

    folder: Path
    resumed: bool
    retry_void: bool
    choice: TaskChoice
    asked: dict[str, Any]
    settings: dict[str, Any]
    conduct: dict[str, Any]
    how: dict[str, Any]

    def carry_out(self, command: str, progress: "Progress | None") -> "Result":
        """Do the run, to its end.

        Args:
            command: to be noted in `run.json`.
            progress: told of each finished episode.

        Raises:
            UsageError: if options contradict each other.
            Mas2Error: if something cannot be made, read or written.
        """
        how = {**self.how, "command": command, "progress": progress}
        return self._resume(how) if self.resumed else self._begin(how)

    def _begin(self, how: dict[str, Any]) -> "Result":
        from mas2_env.plugins import names
        from mas2_env.runs.evaluate import evaluate
        from mas2_env.runs.record import Conduct
        from mas2_env.settings import Settings

        if "policies" not in self.asked:
            known = ",".join(names("policies")) or "NAME"
            raise UsageError(f"say which policies: --policy {known}, or --policy all")
        policies, baseline = self.asked["policies"], self.how.get("baseline")
        if baseline is not None and baseline not in policies:
            raise UsageError(f"--baseline {baseline!r} is not one of the policies {', '.join(policies)}")
        result = evaluate(
            tasks=tasks_of(self.choice),
            settings=self._changed(Settings()),
            conduct=self._conducted(Conduct()),
            out=self.folder,
            **self.asked,
            **how,
        )
        for task in result.plan.tasks:
            if task.items < self.asked.get("items", 0):
                wanted = self.asked["items"]
                note_line(f"{task.name} has {task.size} items: all of them are taken, not {wanted}")
        return result

    def _resume(self, how: dict[str, Any]) -> "Result":
        from mas2_env.runs.evaluate import resume
        from mas2_env.runs.journal import read_facts

        facts = read_facts(self.folder)
        asked = dict(self.asked)
        if self.settings:
            asked["settings"] = self._changed(facts.plan.settings)
        if any(self.choice):
            tasks = self.choice.tasks or [spec_of(entry) for entry in facts.plan.tasks]
            asked["tasks"] = tasks_of(self.choice._replace(tasks=tasks))
        conduct = self._conducted(facts.starts[-1].conduct)
        result = resume(self.folder, asked=asked, conduct=conduct, retry_void=self.retry_void, **how)
        for note in result.facts.starts[-1].notes:
            note_line(note)
        return result

    def _changed(self, settings: "Settings") -> "Settings":
        """The settings with those changes that were asked for."""
        import msgspec

        if not 0 < self.settings.get("budget", 1.0) < inf:
            raise UsageError(f"--budget is {self.settings['budget']:g}, expected a finite number above 0")
        return msgspec.structs.replace(settings, **self.settings)

    def _conducted(self, before: "Conduct") -> "Conduct":
        """How models are asked: as the options say, and else as before."""
        import msgspec

        from mas2_env.runs.equip import check_conduct

        conduct = msgspec.structs.replace(before, **self.conduct)
        if self.conduct.get("cache_mode", "off") != "off" and conduct.cache is None:
            raise UsageError("--cache-mode says how a cache is used, but there is none: add --cache FILE")
        try:
            check_conduct(conduct)
        except RunError as error:
            raise UsageError(str(error)) from None
        return conduct


def default_folder(tasks: Strings | None) -> Path:
    """`runs/DATE-TIME-TASKS`, one that is not there yet."""
    names = [word.partition("[")[0].rpartition(":")[2].lower() for word in words_of(tasks or ["all"])]
    short = names[0] if len(names) == 1 else f"{len(names)}-tasks"
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{short}"
    folder, number = Path("runs") / stem, 2
    while folder.exists():
        folder, number = Path("runs") / f"{stem}-{number}", number + 1
    return folder
