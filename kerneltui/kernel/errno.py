"""Why a system call failed: the few error numbers in use, with the values and names of Linux."""

from __future__ import annotations

from enum import IntEnum

from kerneltui.kernel.irq import KernelError


class Errno(IntEnum):
    """Linux's numbers for AArch64 and x86-64; a system call answers one with a minus sign."""

    ENOENT = 2
    """there is no such thing"""
    EINVAL = 22
    """an argument that makes no sense"""
    ERANGE = 34
    """a number beyond what can be represented"""
    ENOSYS = 38
    """no such system call"""
    EALREADY = 114
    """what is asked for has happened already"""


class SyscallError(KernelError):
    """What a system call answers with ``errno``; ``str()`` says more."""

    def __init__(self, errno: Errno, text: str) -> None:
        super().__init__(f"{text} ({errno.name})")
        self.errno = errno
