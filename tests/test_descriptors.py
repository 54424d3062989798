"""Room for connections, in processes with limits of their own."""

import subprocess
import sys

import pytest

resource = pytest.importorskip("resource")

CODE = "import resource; from mas2_env.descriptors import make_room; "
CODE += "print(make_room(1000), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"


@pytest.mark.parametrize(
    ("limits", "printed"),
    [
        ((300, 4096), "1000 1256"),
        ((300, 800), "544 800"),
        ((300, 300), "44 300"),
        ((2000, 4096), "1000 2000"),
    ],
)
def test_the_limit_is_raised_as_far_as_it_can_be(limits, printed):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < limits[1]:
        pytest.skip("this process may not open so many files")
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
    )
    assert done.stdout.strip() == printed
