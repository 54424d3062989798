"""What a process gives up: system calls, by a seccomp filter built here, files, capabilities, its user.

Denied is what the interpreter does not need to run a program and what would let one reach past itself:
sockets, other processes, new processes and programs, namespaces, mounts, memory that no limit counts. A
denied call fails with EPERM. Numbers: `asm/unistd_64.h` (x86_64) and `asm-generic/unistd.h` (aarch64).
"""

import contextlib
import ctypes
import os
import signal
import struct

DENIED: dict[str, tuple[int | None, int | None]] = {
    # name: number on x86_64, on aarch64
    "socket": (41, 198),
    "sendmsg": (46, 211),  # with its channel in its own hands, a judge would not hear of a program's end
    "sendmmsg": (307, 269),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "kcmp": (312, 272),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "personality": (135, 92),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "modify_ldt": (154, None),
}
# Denied with some arguments. Name: numbers, which argument, its values.
DENIED_VALUES = {
    "fcntl": ((72, 25), 1, (8, 10, 15)),  # F_SETOWN, F_SETSIG, F_SETOWN_EX: signals to others
    "ioctl": ((16, 29), 1, (0x8901, 0x8902, 0x5412)),  # FIOSETOWN, SIOCSPGRP, TIOCSTI
}
# What a program may not do but its helper does, which starts and ends it.
PRCTL, PRCTL_VALUES = (157, 167), (1, 36)  # PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER: outliving the helper
CLONE, CLONE3 = (56, 220), (435, 435)
CLONE_THREAD = 0x10000
SIGNALS = ((62, 129), (200, 130), (234, 131))  # kill, tkill, tgkill
PRLIMIT = (302, 261)

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH_*
_LOAD, _EQUAL, _ATLEAST, _SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # opcodes of classic BPF
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _DENY, _ABSENT = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38  # SECCOMP_RET_ERRNO: EPERM, ENOSYS
_X32 = 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_GET_SECCOMP, _PR_SET_SECCOMP, _MODE_FILTER = 38, 21, 22, 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _CLONE_NEWUSER, _NOBODY = 1, 4, 0x10000000, 65534

Step = tuple[int, int, int, int]

_libc = ctypes.CDLL(None, use_errno=True)
_prctl = ctypes.PyDLL(None).prctl


def supported() -> bool:
    """Whether there is a filter for this machine, and a kernel that takes it."""
    return os.uname().machine in _MACHINES and _libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


class OwnFilter:
    """The part of the filter that a program adds to the common one, ready to be set.

    What a process does after a fork costs a copy of each page that it writes to: little is left to do there.

    Raises:
        OSError: if the kernel refuses what it takes.
    """

    def __init__(self) -> None:
        column, _ = _MACHINES[os.uname().machine]
        steps = [
            (_LOAD, 0, 0, _NUMBER),
            *_case(PRCTL[column], 0, _denied(PRCTL_VALUES)),
            *_case(CLONE[column], 0, [(_SET, 1, 0, CLONE_THREAD), (_RETURN, 0, 0, _DENY)]),
            *(step for numbers in SIGNALS for step in _denied((numbers[column],))),
        ]
        self._filter = _Filter.of(_packed(steps))
        self._address = ctypes.c_void_p(ctypes.addressof(self._filter))
        _check("no_new_privs", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))

    def install(self) -> None:
        """Set it for this process, for good.

        Raises:
            OSError: if the kernel refuses it.
        """
        if _prctl(_PR_SET_SECCOMP, _MODE_FILTER, self._address, 0, 0) != 0:
            raise OSError("seccomp: the filter is refused")


def common_filter() -> bytes:
    """The part of the filter that a program has from its helper, as an array of `struct sock_filter`."""
    column, arch = _MACHINES[os.uname().machine]
    steps: list[Step] = [
        *_unless(_EQUAL, _ARCH, arch, _DENY),
        (_LOAD, 0, 0, _NUMBER),
        *(((_ATLEAST, 0, 1, _X32), (_RETURN, 0, 0, _DENY)) if column == 0 else ()),
        (_EQUAL, 0, 1, CLONE3[column]),
        (_RETURN, 0, 0, _ABSENT),  # the C library then takes clone, whose flags can be read
    ]
    for numbers in DENIED.values():
        number = numbers[column]
        if number is not None:
            steps += _denied((number,))
    for numbers, argument, values in DENIED_VALUES.values():
        steps += _case(numbers[column], argument, _denied(values))
    steps += _case(PRLIMIT[column], 0, [(_EQUAL, 1, 0, 0), (_RETURN, 0, 0, _DENY)])
    return _packed(steps)


def _packed(steps: list[Step]) -> bytes:
    return b"".join(struct.pack("=HBBI", *step) for step in [*steps, (_RETURN, 0, 0, _ALLOW)])


def _denied(values: tuple[int, ...]) -> list[Step]:
    return [step for value in values for step in ((_EQUAL, 0, 1, value), (_RETURN, 0, 0, _DENY))]


def _unless(test: int, offset: int, value: int, verdict: int) -> list[Step]:
    return [(_LOAD, 0, 0, offset), (test, 1, 0, value), (_RETURN, 0, 0, verdict)]


def _case(number: int, argument: int, steps: list[Step]) -> list[Step]:
    """Steps for one call, which look at one of its arguments; for any other they are skipped."""
    body = [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument), *steps, (_RETURN, 0, 0, _ALLOW)]
    return [(_EQUAL, 0, len(body), number), *body]


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))

    @classmethod
    def of(cls, steps: bytes) -> "_Filter":
        return cls(len(steps) // 8, steps)


def install(steps: bytes) -> None:
    """Set the filter for this process, for good.

    Raises:
        OSError: if the kernel refuses it.
    """
    _check("no_new_privs", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    filter_ = ctypes.byref(_Filter.of(steps))
    _check("seccomp", _libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, filter_, 0, 0))


def _check(what: str, result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def drop_capabilities() -> None:
    """Give up all capabilities of this process, for good. Root keeps no more than root's files.

    Raises:
        OSError: if the kernel refuses it.
    """
    nothing = (ctypes.c_uint32 * 6)()
    _check("capset", _libc.capset(ctypes.byref(_CapHeader(0x20080522, 0)), nothing))


def end_by(number: int) -> None:
    """Let a signal end this process, be it in C, where no handler of Python's runs.

    The first process of a namespace is not ended by what it has no handler for, not even by the kernel.
    """
    _libc.signal(number, ctypes.cast(_libc._exit, ctypes.c_void_p))


def retire(core: int, nobody: bool) -> None:
    """Make this helper nobody's business: not to be read or traced by programs, without capabilities.

    Args:
        core: the processor to run on, as all that it starts does.
        nobody: become the user nobody, in a user namespace of its own where that is allowed. Takes root.

    Raises:
        OSError: if the kernel refuses it.
    """
    with contextlib.suppress(OSError):  # it may have been taken away
        os.sched_setaffinity(0, {core})
    if nobody:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        _libc.unshare(_CLONE_NEWUSER)
    if os.getpid() == 1:  # the parent is bubblewrap; else it is the caller's thread, which may end any time
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    drop_capabilities()
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class _Rules(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # on every machine
_WRITE_FILE, _REMOVE_AND_MAKE, _REFER, _TRUNCATE = 1 << 1, 0x1FF << 4, 1 << 13, 1 << 14


def fence(folder: str) -> bool:
    """Let this process write into one folder alone, and trace none but its children.

    By Landlock, where the kernel has it; false where it has not. Rights: `linux/landlock.h`.
    """
    version = _libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return False
    rights = _WRITE_FILE | _REMOVE_AND_MAKE | _REFER * (version >= 2) | _TRUNCATE * (version >= 3)
    rules = _libc.syscall(_LANDLOCK_CREATE, ctypes.byref(_Rules(rights)), 8, 0)
    for path, allowed in ((folder, rights), (os.devnull, _WRITE_FILE)):
        place = os.open(path, os.O_PATH)
        _libc.syscall(_LANDLOCK_ADD, rules, 1, ctypes.byref(_Beneath(allowed, place)), 0)
        os.close(place)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    restricted = bool(_libc.syscall(_LANDLOCK_RESTRICT, rules, 0) == 0)
    os.close(rules)
    return restricted
