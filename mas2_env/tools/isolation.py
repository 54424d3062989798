"""What stands between a program and this machine.

`choose(None)` gives the strongest isolation that works here, and that is bubblewrap's or none: where it does
not work, programs are refused, unless process isolation is asked for by name.
"""

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Literal, Protocol

from mas2_env.errors import SandboxError
from mas2_env.tools.inside.confine import supported

VARIABLE = "MAS2_SANDBOX"
NAMES = ("bwrap", "process")
Name = Literal["bwrap", "process"]

SIZE = 64 << 20
"""Bytes that a program may keep in files."""
INSTALL = "apt-get install bubblewrap, dnf install bubblewrap, or pacman -S bubblewrap"
ZONES = "/usr/share/zoneinfo"
DEVICES = ("null", "zero", "full", "random", "urandom")
TRIAL_LIMIT = 30.0


class Isolation(Protocol):
    """How a helper is started; all else is the same under every isolation."""

    @property
    def name(self) -> str:
        """As in `NAMES`."""
        ...

    @property
    def sealed(self) -> bool:
        """Whether programs are kept from the files of this machine."""
        ...

    @property
    def folder(self) -> str | None:
        """Where a helper may write, as it sees it; None if the caller makes a folder for it."""
        ...

    @property
    def layers(self) -> str:
        """What there is between a program and this machine, for people."""
        ...

    def command(self, arguments: list[str]) -> list[str]:
        """The command that runs a bare interpreter with these arguments."""
        ...


class ProcessIsolation:
    """A process, session, limits, system-call filter and folder of its own, and no namespaces.

    A program can read whatever its user can read; where the kernel has Landlock, it can write to its folder
    alone and see into no other process.
    """

    name, sealed, folder = "process", False, None

    @property
    def layers(self) -> str:
        """Its parts."""
        return f"process alone: limits, {_filter()}; no namespaces, this machine's files are readable"

    def command(self, arguments: list[str]) -> list[str]:
        """The interpreter as it is."""
        return [interpreter(), *arguments, "fence"]


class Bubblewrap:
    """All namespaces, a read-only root that holds the interpreter and nothing else, no capabilities.

    Raises:
        SandboxError: if this machine cannot do it, with what to do.
    """

    name, sealed, folder = "bwrap", True, "/tmp"

    @property
    def layers(self) -> str:
        """Its parts."""
        namespaces = "user, mount, pid, net, ipc, uts and cgroup namespaces"
        return f"bwrap: {namespaces}, read-only root, limits, {_filter()}"

    def __init__(self) -> None:
        self._prefix = _bubblewrap()

    def command(self, arguments: list[str]) -> list[str]:
        """The interpreter in the sandbox."""
        return [*self._prefix, interpreter(), *arguments, *(["nobody"] if os.geteuid() == 0 else [])]


def choose(name: str | None = None) -> Isolation:
    """The isolation of that name, else of the variable MAS2_SANDBOX, else bubblewrap's.

    Raises:
        SandboxError: if there is none of that name, or it does not work here.
    """
    name = name or os.environ.get(VARIABLE) or "bwrap"
    if name == "process":
        return ProcessIsolation()
    if name == "bwrap":
        return Bubblewrap()
    raise SandboxError(f"there is no isolation {name!r} for programs; expected one of {', '.join(NAMES)}")


def _filter() -> str:
    return "seccomp" if supported() else "no seccomp filter for this machine or kernel"


def interpreter() -> str:
    """The interpreter itself, not a virtual environment's link to it."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


@functools.lru_cache(maxsize=1)
def _bubblewrap() -> tuple[str, ...]:
    """The command that goes before the interpreter, tried once."""
    tool = shutil.which("bwrap")
    if sys.platform != "linux":
        raise SandboxError(_refusal("bubblewrap needs Linux"))
    if tool is None:
        raise SandboxError(_refusal("bubblewrap is not installed", f"{INSTALL}; or "))
    # Root needs no user namespace to set the sandbox up, and in one it would still be root to the kernel: it
    # could write to /proc/sys. So it keeps what it takes to become nobody, which helpers do first of all.
    user = (
        ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
        if os.geteuid() == 0
        else ("--unshare-user", "--uid", "65534", "--gid", "65534")
    )
    command = (
        *(tool, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--as-pid-1", "--cap-drop", "ALL", *user, "--hostname", "sandbox"),
        *(*_root(), "--proc", "/proc"),
        *(part for name in DEVICES for part in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")),
        *("--perms", "1777", "--size", str(SIZE), "--tmpfs", "/tmp"),
        *("--remount-ro", "/", "--chdir", "/tmp", "--"),
    )
    try:
        trial = subprocess.run(
            [*command, interpreter(), "-I", "-S", "-c", "import hashlib, ctypes, socket"],
            capture_output=True,
            timeout=TRIAL_LIMIT,
            check=False,
            env={"LANG": "C.UTF-8"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(_refusal(f"{tool} cannot be run: {error}")) from error
    if trial.returncode != 0:
        raise SandboxError(_refusal(_explained(trial.stderr.decode("utf-8", "replace").strip())))
    return command


def _refusal(reason: str, remedy: str = "") -> str:
    return (
        f"programs are not run without isolation, and there is none here: {reason}. {remedy}"
        f"to run programs that you trust as plain processes: --sandbox process, or {VARIABLE}=process"
    )


def _explained(said: str) -> str:
    last = said.rpartition("\n")[2] or "bwrap failed without a word"
    if "--size" in said:
        return f"bubblewrap is too old, 0.7 or newer is needed ({last})"
    if any(word in said for word in ("namespace", "uid map", "Operation not permitted", "Permission denied")):
        return (
            f"user namespaces are not allowed ({last}); see sysctl "
            "kernel.apparmor_restrict_unprivileged_userns, kernel.unprivileged_userns_clone and "
            "user.max_user_namespaces, or a container's seccomp profile"
        )
    return last


def _root() -> list[str]:
    """Bind the interpreter, the standard library without installed packages, and the libraries of both."""
    library = sysconfig.get_path("stdlib")
    binary = interpreter()
    files = sorted({binary, *_libraries(binary, library)})
    places = [*files, library, ZONES, "/dev/null"]
    folders = {str(parent) for place in places for parent in Path(place).parents} - {"/"}
    # Made by name, since folders that bubblewrap makes on the way are closed to others than root.
    arguments = [part for folder in sorted(folders) for part in ("--dir", folder)]
    arguments += ["--ro-bind", library, library]
    for name in ("site-packages", "dist-packages"):
        if os.path.isdir(os.path.join(library, name)):
            arguments += ["--tmpfs", os.path.join(library, name), "--remount-ro", os.path.join(library, name)]
    for path in files:
        arguments += ["--ro-bind", path, path]
    return [*arguments, "--ro-bind-try", ZONES, ZONES]


def _libraries(binary: str, library: str) -> set[str]:
    """Shared libraries that the interpreter and its extension modules load, as the loader lists them."""
    modules = [str(path) for path in Path(library, "lib-dynload").glob("*.so") if "_tkinter" not in path.name]
    listed = subprocess.run(
        [binary],
        env={"LD_TRACE_LOADED_OBJECTS": "1", "LD_PRELOAD": ":".join(modules)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TRIAL_LIMIT,
        check=False,
    )
    found = set()
    for line in listed.stdout.splitlines():
        path = line.rpartition("=>")[2].rpartition(" (0x")[0].strip()
        if path.startswith("/") and not path.startswith(library):
            found.add(path)
    return found


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{choose('bwrap').layers}\n")
    except SandboxError as reason:
        sys.exit(str(reason))
