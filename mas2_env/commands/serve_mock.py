"""`mas2 serve-mock`: a scripted OpenAI-compatible server for load tests."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mas2_env.mock.server import Mock

MOST_CONNECTIONS = 65_536


def serve_mock_command(
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="What the server does; options go before it.")
    ] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port to listen on; 0 for any free one.")
    ] = 8077,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append a JSON line for each request.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Seed of every draw. (default: 0)")] = None,
    latency: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="Before an answer begins. (default: 0)")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Requests at once before 429. (default: no limit)")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SHARE",
            help="A misbehaviour and how often, such as rate_limit=0.1; may be repeated.",
        ),
    ] = None,
) -> None:
    """Serve /v1/chat/completions, /v1/completions, /v1/models and /health as a scenario says."""
    import asyncio

    import msgspec

    from mas2_env.errors import PluginError
    from mas2_env.mock.scenario import Scenario, load_scenario

    try:
        from mas2_env.mock.server import Mock
    except ModuleNotFoundError as error:
        raise PluginError(f"serve-mock needs {error.name!r}: pip install 'mas2-env[models]'") from None
    made = load_scenario(scenario) if scenario is not None else Scenario()
    options = {"seed": seed, "latency": latency, "concurrency": concurrency}
    changes = {name: value for name, value in options.items() if value is not None}
    faults = msgspec.structs.replace(made.faults, **_faults(fault or []))
    made = msgspec.structs.replace(made, **changes, faults=faults)
    made = made.check(f"{scenario} with these options" if scenario is not None else "options")
    asyncio.run(_serve(Mock(made, log, host, port, keep=False)))


def _faults(given: list[str]) -> dict[str, float]:
    from mas2_env.errors import UsageError
    from mas2_env.mock.scenario import Faults
    from mas2_env.pool import did_you_mean

    found = {}
    for entry in given:
        name, _, share = entry.partition("=")
        if name not in Faults.__struct_fields__:
            known = Faults.__struct_fields__
            raise UsageError(
                f"--fault {entry!r}: there is no misbehaviour {name!r}{did_you_mean(name, known) or ';'} "
                f"there are {', '.join(known)}"
            )
        try:
            found[name] = float(share)
        except ValueError:
            found[name] = math.nan
        if not 0.0 <= found[name] <= 1.0:
            raise UsageError(f"--fault {entry!r}: expected NAME=SHARE, a share from 0 to 1")
    return found


async def _serve(server: "Mock") -> None:
    import asyncio

    from mas2_env.descriptors import make_room

    make_room(MOST_CONNECTIONS)
    await server.start()
    typer.echo(f"serving {server.url}")
    try:
        await asyncio.Event().wait()
    finally:
        await server.close()
