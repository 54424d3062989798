"""The command `mas2`.

Errors that are meant to be read are one message on standard error and exit code 1, wrong usage (what can be
told from the command line alone) is exit code 2, Ctrl-C is 130. Commands of other packages are found under
the entry-point group `mas2.commands` and are not imported before they are called.
"""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from mas2_env import plugins
from mas2_env.commands import bench, doctor, evaluate, pool, serve_mock, simulator, tasks
from mas2_env.commands.output import error_line, import_from_here
from mas2_env.errors import Mas2Error, PluginError, UsageError


class _Elsewhere(TyperCommand):
    """Stands for another package's command in the list of commands, until it is called."""


class _Commands(TyperGroup):
    """Our commands, and those that are registered."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, ours first."""
        own = super().list_commands(ctx)
        return own + [name for name in plugins.names("commands") if name not in own]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by name; another package's is not imported yet."""
        command = super().get_command(ctx, cmd_name)
        point = plugins.registered("commands").get(cmd_name)
        if command is None and point is not None:
            origin = point.dist.name if point.dist is not None else point.value
            return _Elsewhere(cmd_name, help=f"(added by {origin})")
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command to call."""
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, _Elsewhere):
            command = _as_command(str(name))
        return name, command, rest


def _as_command(name: str) -> Any:
    found = plugins.load("commands", name)
    if hasattr(found, "make_context"):
        return found
    if not isinstance(found, typer.Typer):
        if not callable(found):
            raise PluginError(
                f"command {name!r} is a {type(found).__name__}, expected a typer.Typer, a click command or a "
                "function"
            )
        function, found = found, typer.Typer(add_completion=False)
        found.command(name)(function)
    return typer.main.get_command(found)


app = typer.Typer(
    name="mas2",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: rich's columns cut option texts off on 80 columns
    help="Environments in which the thing to learn is building a multi-agent system.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("eval", short_help="Run policies on tasks; print a table and write a report.")(
    evaluate.evaluate_command
)
app.add_typer(tasks.app, name="tasks")
app.add_typer(pool.app, name="pool")
app.add_typer(simulator.app, name="simulator")
app.command("bench", short_help="Measure speed on this machine against bounds.")(bench.bench_command)
app.command("serve-mock", short_help="Serve a scripted OpenAI-compatible API, for load tests.")(
    serve_mock.serve_mock_command
)
app.command("doctor", short_help="Look at what this machine can do.")(doctor.doctor_command)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"mas2-env {version('mas2-env')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the whole traceback of an error. May stand anywhere.")
    ] = False,
) -> None:
    """Options of every command."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code."""
    arguments = list(arguments)
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    import_from_here()
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="mas2", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        error_line("interrupted")
        return 130
    except BrokenPipeError:
        # Whoever reads our output has gone; keep the interpreter from saying so when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            traceback.print_exc()
            return 1
        return _explain(error)


def _explain(error: Exception) -> int:
    if isinstance(error, Mas2Error):
        error_line(str(error))
        return 2 if isinstance(error, UsageError) else 1
    if isinstance(error, OSError) and error.filename is None and error.strerror:
        error_line(f"cannot be written or read: {error.strerror}; --debug shows where")
        return 1
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # wrong usage
        said = error.format_message()
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command: what it says is its help
            sys.stderr.write(f"{said}\n")
            return int(error.exit_code)
        context = getattr(error, "ctx", None)
        hint = f"; see {context.command_path} --help" if context is not None else ""
        said = said.removesuffix(".").replace("Value error, ", "")
        error_line(f"{said}{hint}")
        return int(error.exit_code)
    error_line(
        f"unexpected {type(error).__name__}: {error} (this is a fault of mas2-env or of a plugin; "
        "run again with --debug to see where)"
    )
    return 1


def main() -> None:
    """Entry point of the console script."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # whoever called us has closed it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a question mark in a table is better than no table
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
