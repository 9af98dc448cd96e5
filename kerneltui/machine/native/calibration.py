"""Where the engine keeps what it does not tell: found by what must stand there.

A few instructions are executed whose effects are known, and the memory of the engine is searched
for them.  Nothing here depends on a release of the engine: a place is taken where it is found once
and only once, and left where not.
"""

from __future__ import annotations

import ctypes
import struct
from functools import cache
from typing import Any, NamedTuple

from unicorn import UC_ARCH_ARM64, UC_HOOK_INTR, UC_MODE_ARM, Uc, UcError
from unicorn.arm64_const import UC_ARM64_REG_X1

CODE, WINDOW, SIZE = 0, 0x1000_0000, 0x1000
SEARCHED = 4096
"""Bytes of the engine's own structure"""
NOP, MOV_X1, LDR = 0xD503201F, 0xD2A20001, 0xB9400022
"""nop; mov x1, #0x10000000; ldr w2, [x1]"""
SVC = 0xD4000001
LDXR, CLEAR_X1 = 0x885F7C22, 0xD2800001
"""ldxr w2, [x1]; mov x1, #0"""
NOT_WATCHING = (1 << 64) - 1
CALLS = (0x1234, 0x0FED, 0x4321)
SVC_SYNDROME = 0x5600_0000
"""ESR_ELx of SVC, less its immediate"""


class Calibration(NamedTuple):
    """The places, the same for all engines of one process."""

    counter_at: int
    """in an engine's own structure: instructions of the run that have begun, and behind that how
    many it is to execute; -1: not found"""
    syndrome_at: int
    """in a context; -1: not found"""
    monitor_at: int = -1
    """in a context, the address that the exclusive monitor watches; -1: not found"""

    @property
    def is_exact(self) -> bool:
        """Whether an engine can say what time it is inside a stretch of instructions."""
        return self.counter_at >= 0

    def counters(self, uc: Uc) -> tuple[ctypes.c_uint64, ctypes.c_uint64]:
        """Of one engine: what has begun, and the limit."""
        base = ctypes.cast(uc._uch, ctypes.c_void_p).value  # noqa: SLF001 - the only way to it
        if base is None or not self.is_exact:
            return ctypes.c_uint64(), ctypes.c_uint64()
        at = base + self.counter_at
        return ctypes.c_uint64.from_address(at), ctypes.c_uint64.from_address(at + 8)

    def exception_in(self, context: bytes) -> tuple[int, int, int]:
        """Syndrome, address and target level of the exception that an engine has just raised."""
        if self.syndrome_at < 0:
            return 0, 0, 1
        syndrome, _, address, level = struct.unpack_from("<IIQI", context, self.syndrome_at)
        return syndrome, address, level

    def watched_in(self, context: bytes) -> int | None:
        """The address that the exclusive monitor watches; None: none, or not known."""
        if self.monitor_at < 0:
            return None
        (address,) = struct.unpack_from("<Q", context, self.monitor_at)
        return None if address == NOT_WATCHING else int(address)


@cache
def calibration() -> Calibration:
    """Find the places, with an engine made for that."""
    uc = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
    uc.mem_map(CODE, SIZE)
    return Calibration(_counter(uc), _syndrome(uc), _monitor(uc))


def _counter(uc: Uc) -> int:
    """Where the count of a run stands, and behind it its limit; -1: not found."""
    base = ctypes.cast(uc._uch, ctypes.c_void_p).value  # noqa: SLF001 - the only way to it
    found: set[int] | None = None
    wanted = limit = 0

    def look(_uc: Uc, _offset: int, _size: int, _data: object) -> int:
        nonlocal found
        memory = ctypes.string_at(base or 0, SEARCHED)
        sought = struct.pack("<QQ", wanted, limit)
        here = {at for at in range(0, SEARCHED - 16, 8) if memory[at : at + 16] == sought}
        found = here if found is None else found & here
        return 0

    uc.mem_write(CODE, struct.pack("<5I", NOP, NOP, MOV_X1, LDR, NOP))
    uc.mmio_map(WINDOW, SIZE, look, None, lambda *_: None, None)
    for start, steps in ((0, 12_345_678), (4, 87_654_321), (8, 555_555)):
        wanted, limit = 4 - start // 4, steps
        uc.emu_start(CODE + start, CODE + 20, 0, limit)
    uc.mem_unmap(WINDOW, SIZE)
    return found.pop() if found is not None and len(found) == 1 else -1


def _syndrome(uc: Uc) -> int:
    """Where the syndrome of an exception stands in a context; -1: not found."""
    found: set[int] | None = None
    wanted = 0

    def look(uc: Uc, _number: int, _data: object) -> None:
        nonlocal found
        context, sought = bytes(uc.context_save()), struct.pack("<I", wanted)
        here = {at for at in range(0, len(context) - 20, 8) if context[at : at + 4] == sought}
        found = here if found is None else found & here
        uc.emu_stop()

    handle: Any = uc.hook_add(UC_HOOK_INTR, look)
    for call in CALLS:
        wanted = SVC_SYNDROME | call
        uc.mem_write(CODE, struct.pack("<I", SVC | call << 5))
        uc.ctl_flush_tb()
        try:
            uc.emu_start(CODE, CODE + 16, 0, 1)
        except UcError:
            return -1
    uc.hook_del(handle)
    return found.pop() if found is not None and len(found) == 1 else -1


def _monitor(uc: Uc) -> int:
    """Where a context holds the address of the last exclusive load; -1: not found."""
    found: set[int] | None = None
    uc.mem_write(CODE, struct.pack("<3I", LDXR, CLEAR_X1, NOP))
    uc.ctl_flush_tb()
    for watched in (0x9A8, 0xB50, 0xC18):
        uc.reg_write(UC_ARM64_REG_X1, CODE + watched)
        uc.emu_start(CODE, CODE + 12, 0, 2)
        context, sought = bytes(uc.context_save()), struct.pack("<Q", CODE + watched)
        here = {at for at in range(0, len(context) - 8, 8) if context[at : at + 8] == sought}
        found = here if found is None else found & here
    return found.pop() if found is not None and len(found) == 1 else -1
