"""A tiny model on disk, and a real server for it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec

import pytest

from mas2_env.backends.ledger import Ledger
from mas2_env.backends.openai import OpenAI
from mas2_env.pool import parse_pool

collect_ignore = [] if find_spec("vllm") else ["vllm"]  # `make test-vllm` has an environment with it

POOL = """
name = "served"
reference = "tiny"

[provider.local]
base_url = "{url}/v1"
body = {{ max_tokens = {most}, temperature = 0.8 }}
timeout = 60
{provider}
"""
BACKBONE = """
[[backbone]]
name = "{name}"
description = "random weights"
model = "{model}"
usd_per_million_input = 0.1
usd_per_million_output = 0.4
context = 2048
"""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Folder of a tiny model with random weights."""
    if find_spec("transformers") is None or find_spec("torch") is None:
        pytest.skip("needs the extra 'local'")
    from mas2_env.mock.tiny import make_tiny

    return make_tiny(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="session")
def adapters(tiny, tmp_path_factory):
    """Folders of two LoRA adapters for it."""
    if find_spec("peft") is None:
        pytest.skip("needs the extra 'local'")
    from mas2_env.mock.tiny import make_adapter

    return [make_adapter(tmp_path_factory.mktemp("adapter"), tiny, seed) for seed in (1, 2)]


@pytest.fixture(scope="session")
def serve(tmp_path_factory):
    """Starts a server's process and waits until it is healthy; all end with the session.

    `serve.logs` holds the path of each one's log, by its URL.
    """
    started = []

    def begin(command, seconds=900, **environment):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        home = tmp_path_factory.mktemp("home")
        (home / "hub").mkdir()
        settings = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **environment}
        with (home / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command, "--host", "127.0.0.1", "--port", str(port)],
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
            )
        started.append(process)
        url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + seconds
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=10):
                begin.logs[url] = home / "log"
                return url
            time.sleep(0.2)
        raise AssertionError(f"{command} did not start:\n{(home / 'log').read_text()[-3000:]}")

    begin.logs = {}
    yield begin
    for process in started:
        process.terminate()
    for process in started:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def asks():
    """A backend `openai` for models on a server, by their names there; `tiny` is the first."""

    def make(url, *models, provider="", most=24):
        names = ["tiny", *models[1:]]
        entries = [BACKBONE.format(name=n, model=m) for n, m in zip(names, models, strict=True)]
        backend = OpenAI(
            parse_pool(POOL.format(url=url, provider=provider, most=most) + "".join(entries), "served.toml")
        )
        backend.ledger = Ledger()
        return backend

    return make
