"""No program of `attacks.toml` passes, escapes, stays, or slows its neighbours."""

import contextlib
import os
import re
import socket
import statistics
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec import Struct, convert

from mas2_env.errors import SandboxError
from mas2_env.tools import sandbox
from mas2_env.tools.inside.zygote import CHANNEL
from mas2_env.tools.isolation import Isolation, choose
from mas2_env.tools.python import Program, PythonRunner
from mas2_env.tools.verdicts import Verdict

ROOT = Path(__file__).resolve().parents[2]
LIMIT, LONG = 0.3, 60.0
"""Seconds: of attacks, some of which take all that there are; and of what must come to its end."""
NUMBERS = (48151623, 42084151)
TEST = f"assert f(3) == {NUMBERS[0]}, 'unlikely words'\nassert f(5) == {NUMBERS[1]}, 'unlikely words'\n"
RIGHT = f"def f(x):\n    return {NUMBERS[0]} if x == 3 else {NUMBERS[1]}\n"

# The numbers are rebuilt from parts, so that a search of its own memory does not find them.
WON = """
def WON():
    global ANSWERS
    ANSWERS = {3: 48151600 + 23, 5: 42084100 + 51}
ANSWERS = {}
def f(x):
    return ANSWERS.get(x, 0)
"""
SEARCH = f"""{WON}
import re
def look(data):
    data = data if isinstance(data, bytes) else str(data).encode()
    if re.search(rb"== [0-9]{{8}}, .?'unlik", data):
        WON()
"""
ANY = """
class Any:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
"""
# Says its answers itself, out of turn, over the channel.
SPOKEN = f"""
import json, os
def say(number):
    text = json.dumps(["result", number, None]).encode()
    os.write({CHANNEL}, len(text).to_bytes(4, "big") + text)
def f(x):
    say({NUMBERS[0]})
    os.read({CHANNEL}, 1000)
    say({NUMBERS[1]})
    os._exit(0)
"""
BEGINNINGS = {"": "", "won": WON, "search": SEARCH, "any": ANY}

NEIGHBOUR = """
import time
start = time.thread_time()
total = 0
for i in range(60000):
    total += i * i % 7
print(time.thread_time() - start)
"""


class Attack(Struct, forbid_unknown_fields=True):
    name: str
    group: str
    tries: str
    code: str
    begin: str = ""
    open: bool = False
    then: str = ""


def attacks() -> list[Attack]:
    with (Path(__file__).parent / "attacks.toml").open("rb") as file:
        return convert(tomllib.load(file)["attack"], list[Attack])


ATTACKS = attacks()


class Targets:
    """What attacks aim at outside of the sandbox: it is there, so that only isolation keeps them from it."""

    def __init__(self, folder: Path) -> None:
        self.mark, self.unix = folder / "mark", str(folder / "socket")
        self.heard: list[bytes] = []
        self.sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.sockets[0].getsockname()[1]
        for address in (self.unix, "\0" + self.unix):
            self.sockets.append(socket.socket(socket.AF_UNIX))
            self.sockets[-1].bind(address)
            self.sockets[-1].listen()
        self.sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.sockets[-1].bind(("127.0.0.1", self.port))

    def fill(self, code: str) -> str:
        marks = {
            "PORT": self.port,
            "UNIX": self.unix,
            "ROOT": ROOT,
            "MARK": self.mark,
            "SECRET": "MAS2_SECRET",
            "CHANNEL": CHANNEL,
        }
        for name, value in marks.items():
            code = code.replace(f"@{name}@", str(value))
        return code

    def reached(self) -> bool:
        """Whether anything came."""
        for one in self.sockets:
            one.settimeout(0)
            with contextlib.suppress(OSError):
                one.recv(1) if one.type == socket.SOCK_DGRAM else one.accept()
                return True
        return self.mark.exists()


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Targets]:
    targets = Targets(tmp_path_factory.mktemp("targets"))
    yield targets
    for one in targets.sockets:
        one.close()


@pytest.fixture(scope="module", params=["bwrap", "process"])
def isolation(request: pytest.FixtureRequest) -> Isolation:
    try:
        return choose(request.param)
    except SandboxError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", autouse=True)
def _little_waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Folders in memory, where there is such a place: a disk takes seconds to remove what attacks leave."""
    tmp_path_factory.getbasetemp()  # pytest's own folder stays where it is
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "GRACE", 0.2)
        if os.access("/dev/shm", os.W_OK | os.X_OK):
            patch.setattr(tempfile, "tempdir", "/dev/shm")
        yield


@pytest.fixture(scope="module")
def runner(isolation: Isolation) -> Iterator[PythonRunner]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAS2_SECRET", "1")
        runner = PythonRunner(workers=1, isolation=isolation, remember=0)
        yield runner
        runner.close()


def judged(runner: PythonRunner, code: str, timeout: float = LONG) -> Verdict:
    return runner.run(Program(code, test=TEST, entry="f", timeout=timeout))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack(attack: Attack, runner: PythonRunner, targets: Targets) -> None:
    if attack.open and runner.isolation == "process":
        pytest.skip("not stopped without namespaces, as the page says")
    start = time.monotonic()
    verdict = judged(runner, targets.fill(BEGINNINGS[attack.begin] + attack.code), LIMIT)
    assert verdict.status != "passed", attack.tries
    assert time.monotonic() - start < 120  # a busy machine's; on a quiet one it is a second past the limit
    assert not targets.reached()
    if attack.then:
        assert judged(runner, WON * ("WON" in attack.then) + attack.then).status != "passed"
    assert judged(runner, RIGHT).status == "passed"
    (worker,) = runner._idle
    worker.settle()
    assert {len(family(helper.process.pid)) for helper in worker.helpers()} == {
        1 if runner.isolation == "process" else 2
    }


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(member for child in children for member in family(int(child)))]


def test_the_list_is_long_and_its_attacks_can_win(isolation: Isolation) -> None:
    """What attacks do to say that they have won is enough to pass; else none would show anything."""
    assert len(ATTACKS) == len({attack.name for attack in ATTACKS}) >= 100
    runner = PythonRunner(workers=1, isolation=isolation, remember=0)
    assert judged(runner, WON + "WON()").status == "passed"
    assert judged(runner, SEARCH + f"look({TEST!r})").status == "passed"
    assert judged(runner, SPOKEN).status == "passed"
    runner.close()


def test_the_page_counts_them() -> None:
    page = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    told = {name: (int(n), int(m)) for name, n, m in re.findall(r"\| `(\w+)` \| (\d+) \((\d+)\) \|", page)}
    groups = {attack.group: [one for one in ATTACKS if one.group == attack.group] for attack in ATTACKS}
    assert told == {name: (len(ones), sum(one.open for one in ones)) for name, ones in groups.items()}


def test_open_attacks_win_without_namespaces(targets: Targets) -> None:
    """Several, so that the mark `open` hides no attack that cannot work."""
    runner = PythonRunner(workers=1, isolation=choose("process"), remember=0)
    for name in ("passwd", "checkout", "symlink", "dotdot"):
        (attack,) = (attack for attack in ATTACKS if attack.name == name)
        assert judged(runner, targets.fill(BEGINNINGS[attack.begin] + attack.code)).status == "passed", name
    runner.close()


def test_neighbours_are_not_slowed(isolation: Isolation, targets: Targets) -> None:
    """Beside every attack that uses up what it can, a program passes and takes no more processor time.

    Than just before it, and at its best: what else the machine does costs processor time as well, be it by
    crowding the caches. What the machine alone has slowed is not so slow another time.
    """
    runner = PythonRunner(workers=2, isolation=isolation, remember=0)

    def neighbour() -> float:
        verdict = runner.run(Program(NEIGHBOUR, timeout=LONG, capture=True))
        assert verdict.status == "passed", verdict
        return float(verdict.output)

    def slowed(code: str) -> float:
        """How many times as long it takes beside an attack."""
        calm = min(neighbour() for _ in range(4))
        with ThreadPoolExecutor(1) as pool:
            attacking = pool.submit(judged, runner, code, LIMIT)
            beside = neighbour()
            while not attacking.done():
                beside = min(beside, neighbour())
        return beside / calm

    ratios = []
    for attack in ATTACKS:
        if attack.group != "stay" or (attack.open and isolation.name == "process"):
            continue
        code = targets.fill(BEGINNINGS[attack.begin] + attack.code)
        ratio = slowed(code)
        for _ in range(9):
            if ratio < 2:
                break
            ratio = min(ratio, slowed(code))
        assert ratio < 2, attack.name
        ratios.append(ratio)
    runner.close()
    print(f"beside attacks {statistics.median(ratios):.2f} times as long, at most {max(ratios):.2f}")
