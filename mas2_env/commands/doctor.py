"""`mas2 doctor`: what this machine can do."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Literal

import typer
from msgspec import Struct

from mas2_env.commands.options import Json
from mas2_env.commands.output import print_json, print_table

Status = Literal["ok", "absent", "broken"]


class Finding(Struct, frozen=True):
    """One thing that was looked at. Absent things are optional; broken ones need mending."""

    name: str
    status: Status
    detail: str


def doctor_command(json: Json = False) -> None:
    """Look at what this machine can do: sandbox, torch, GPU, optional packages, plugins.

    Exit code 1 if something that should work does not.
    """
    findings = [*_machine(), _sandbox(), _torch(), _gpu(), *_extras(), *_plugins()]
    if json:
        print_json({"ok": all(f.status != "broken" for f in findings), "findings": findings})
    else:
        _print(findings)
    if any(finding.status == "broken" for finding in findings):
        raise typer.Exit(1)


def _print(findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    styles = {"ok": "green", "absent": "yellow", "broken": "bold red"}
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        table.add_row(Text(finding.name), Text(finding.status, styles[finding.status]), Text(finding.detail))
    print_table(table)


def _machine() -> list[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    disk = shutil.disk_usage(".")
    return [
        Finding("mas2-env", "ok", version("mas2-env")),
        Finding("python", "ok", f"{platform.python_version()} at {sys.executable}"),
        Finding("system", "ok", f"{platform.system()} {platform.release()} {platform.machine()}"),
        Finding("cores", "ok", f"{cores} usable"),
        Finding("memory", "ok", _memory()),
        Finding("disk", "ok" if disk.free > 1 << 30 else "broken", f"{disk.free / 1e9:.1f} GB free here"),
    ]


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return "unknown"
    return f"{total / 1e9:.1f} GB"


def _sandbox() -> Finding:
    """Run and judge a program the way code answers are."""
    from mas2_env.errors import Mas2Error
    from mas2_env.tools.isolation import choose
    from mas2_env.tools.python import Program, PythonRunner

    program = Program("def f():\n    return 42", test="assert f() == 42", entry="f")
    try:
        isolation = choose()
        runner = PythonRunner(workers=1, isolation=isolation, remember=0)
        verdict = runner.run(program)
        runner.close()
    except Mas2Error as error:
        return Finding("code sandbox", "absent", f"isolation: none; {error}")
    status: Status = "ok" if verdict.status == "passed" else "broken"
    return Finding("code sandbox", status, f"isolation: {isolation.layers}; a program {verdict.status}")


def _torch() -> Finding:
    try:
        return Finding("torch", "ok", version("torch"))
    except PackageNotFoundError:
        return Finding("torch", "absent", "pip install 'mas2-env[rl]'")


def _gpu() -> Finding:
    """Asks the driver, not torch, which would take seconds to import."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Finding("GPU", "absent", "no nvidia-smi")
    try:
        listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("GPU", "absent", f"nvidia-smi: {error}")
    cards = [line.partition(" (UUID")[0] for line in listed.stdout.splitlines() if line.startswith("GPU")]
    if not cards:
        return Finding("GPU", "absent", "nvidia-smi lists none")
    return Finding("GPU", "ok", "; ".join(cards))


def _extras() -> list[Finding]:
    """Which of the optional packages are installed, by extra."""
    missing: dict[str, list[str]] = {}
    for requirement in requires("mas2-env") or []:
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", requirement)
        if name is None or extra is None or name.group() == "mas2-env":
            continue
        lacking = missing.setdefault(extra.group(1), [])
        try:
            version(name.group())
        except PackageNotFoundError:
            lacking.append(name.group())
    return [
        Finding(f"extra [{extra}]", "ok", "installed")
        if not lacking
        else Finding(
            f"extra [{extra}]",
            "absent",
            f"lacks {', '.join(dict.fromkeys(lacking))}: pip install 'mas2-env[{extra}]'",
        )
        for extra, lacking in missing.items()
    ]


def _plugins() -> list[Finding]:
    """Import everything that is registered."""
    from mas2_env.errors import PluginError
    from mas2_env.plugins import Group, load, registered

    groups: tuple[Group, ...] = ("tasks", "policies", "backends", "commands")
    findings = []
    for group in groups:
        points = registered(group)
        broken = []
        for name in points:
            try:
                load(group, name)
            except PluginError as error:
                broken.append(str(error))
        detail = "; ".join(broken) if broken else ", ".join(points) or "none registered"
        findings.append(Finding(group, "broken" if broken else "ok", detail))
    return findings
