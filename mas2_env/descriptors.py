"""Room for connections: each takes a file descriptor, of which a process has 1,024 on many systems."""

from typing import Final

_OTHERS: Final = 256
"""Descriptors for everything else."""


def make_room(connections: int) -> int:
    """Raise this process's own limit of open files as far as the system allows.

    Args:
        connections: that are wanted at once.

    Returns:
        How many there is room for: as many as wanted, or fewer.
    """
    try:
        import resource
    except ModuleNotFoundError:  # Windows, which has no such limit for sockets
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return connections
    wanted = connections + _OTHERS
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (OSError, ValueError):  # some systems refuse what their own limit allows
            return max(1, min(connections, soft - _OTHERS))
        soft = most
    return max(1, min(connections, soft - _OTHERS))
