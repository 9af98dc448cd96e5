"""The engine that executes machine code: one Unicorn for each core.

Unicorn executes stretches of instructions (:meth:`Engine.run`) and calls back where an access needs
a device.  Three things it does not offer are taken from inside, by place, and each place is found
at the start by what must stand there (:mod:`kerneltui.machine.native.calibration`):

* how many instructions of a stretch have begun, which is the exact time inside a callback;
* a way to end a stretch after the instruction under way.  ``emu_stop`` would leave it half done:
  without write-back, or with one half of a pair;
* the syndrome of a synchronous exception.

Where the first two are not found, the engine executes one instruction at a time, and says so
(:attr:`Engine.is_exact`).

An *exit* is an address before which the engine stops by itself; elsewhere that costs nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from unicorn import UC_ARCH_ARM64, UC_MODE_ARM, UC_PROT_ALL, Uc
from unicorn import unicorn_const as uc_const
from unicorn.arm64_const import (
    UC_ARM64_INS_MRS,
    UC_ARM64_INS_MSR,
    UC_ARM64_REG_CP_REG,
    UC_ARM64_REG_PC,
    UC_ARM64_REG_PSTATE,
    UC_ARM64_REG_SP,
    UC_ARM64_REG_X0,
    UC_ARM64_REG_X29,
    UC_ARM64_REG_X30,
    UC_CPU_ARM64_A53,
    UC_CPU_ARM64_A72,
)
from unicorn.unicorn_py3.unicorn import uclib

from kerneltui.machine.native.calibration import calibration
from kerneltui.machine.native.ram import NativeRam
from kerneltui.machine.native.system_registers import SystemRegister

X = (*(UC_ARM64_REG_X0 + n for n in range(29)), UC_ARM64_REG_X29, UC_ARM64_REG_X30)
"""What the engine calls X0 to X30."""
_GENERAL = (ctypes.c_int * 34)(*X, UC_ARM64_REG_SP, UC_ARM64_REG_PC, UC_ARM64_REG_PSTATE)
NOWHERE = 0xFFFF_FFFF_FFFC
"""Where no code is: the engine wants an address at which a run ends."""
MODELS = {"arm,cortex-a53": UC_CPU_ARM64_A53, "arm,cortex-a72": UC_CPU_ARM64_A72}
HEADER = 64
"""What stands before the registers in a context; it belongs to the engine that made it."""
GRAIN = 64
"""Bytes of a context that are saved or left out together."""
_UNMAPPED = (
    uc_const.UC_HOOK_MEM_READ_UNMAPPED
    | uc_const.UC_HOOK_MEM_WRITE_UNMAPPED
    | uc_const.UC_HOOK_MEM_FETCH_UNMAPPED
)


class EngineUser(Protocol):
    """Who serves what an engine cannot do alone.  What these raise, :meth:`Engine.run` raises."""

    def load(self, address: int, size: int) -> int:
        """A load from outside the RAM."""

    def store(self, address: int, size: int, value: int) -> None:
        """A store to outside the RAM."""

    def read_register(self, register: SystemRegister) -> int | None:
        """MRS; None: the engine's own register."""

    def write_register(self, register: SystemRegister, value: int) -> bool:
        """MSR; False: the engine does it."""


class NoAnswer(NamedTuple):
    """An access to where neither RAM nor a device is."""

    address: int
    is_store: bool
    is_fetch: bool


class Raised(NamedTuple):
    """A synchronous exception that an instruction has caused."""

    number: int
    """the engine's kind"""
    syndrome: int
    """as ESR_ELx holds it"""
    address: int
    """as FAR_ELx holds it"""
    level: int
    """the exception level that takes it"""

    @property
    def is_undefined(self) -> bool:
        """Whether the instruction is not allowed, or none at all."""
        return self.number == UNDEFINED

    @property
    def is_abort(self) -> bool:
        """Whether the MMU has refused an access: FAR_ELx tells where."""
        return self.number in {PREFETCH_ABORT, DATA_ABORT}

    @property
    def is_prefetch_abort(self) -> bool:
        """Whether that was to fetch the instruction."""
        return self.number == PREFETCH_ABORT


UNDEFINED, PREFETCH_ABORT, DATA_ABORT = 1, 3, 4


class Stretch(NamedTuple):
    """How a run has ended."""

    executed: int
    """instructions, with that which has caused an exception"""
    raised: Raised | None = None
    fault: NoAnswer | None = None
    is_early: bool = False
    """before the wanted number, and for no reason that is known: an exit, or WFI"""


class Engine:
    """One core's registers and its way through the code.

    ``windows`` are ranges outside the RAM that answer; ``user`` serves them.
    """

    def __init__(
        self,
        cpu: str,
        rams: Iterable[NativeRam],
        windows: Iterable[tuple[int, int]],
        user: EngineUser,
    ) -> None:
        """It is made, which takes its time, by :meth:`start`."""
        self._cpu = cpu
        self._rams = tuple(rams)
        self._windows = tuple(windows)
        self._user = user
        self._value = ctypes.c_uint64()
        self._cp = _CpRegister()
        self._general = (ctypes.c_uint64 * len(_GENERAL))()
        start, size = ctypes.addressof(self._general), ctypes.sizeof(ctypes.c_uint64)
        places = (start + size * n for n in range(len(_GENERAL)))
        self._general_at = (ctypes.c_void_p * len(_GENERAL))(*places)
        self._value_at, self._cp_at = ctypes.byref(self._value), ctypes.byref(self._cp)
        self._places = calibration()
        self.is_exact = self._places.is_exact
        """whether it can execute more than one instruction at a time"""
        self.is_closed = False
        """no instruction after the present one belongs to this run"""
        self.is_started = False
        self._closed_at = 0
        self._error: BaseException | None = None
        self._raised: Raised | None = None
        self._fault: NoAnswer | None = None
        self._mapped: set[tuple[int, int]] = set()
        self._exits: set[int] = set()

    def start(self) -> None:
        """Have it ready, with the registers as after a reset."""
        if self.is_started:
            return
        self.is_started = True
        self._uc = uc = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
        self._handle = uc._uch  # noqa: SLF001 - calls by way of the object take three times as long
        uc.ctl_set_cpu_model(MODELS[self._cpu])
        self._counter, self._limit = self._places.counters(uc)
        for start, size in self._windows:
            uc.mmio_map(start, size, self._loads, start, self._stores, start)
        uc.hook_add(_UNMAPPED, self._unmapped)
        uc.hook_add(uc_const.UC_HOOK_INTR, self._interrupted)
        uc.hook_add(uc_const.UC_HOOK_INSN, self._reads_register, None, 1, 0, UC_ARM64_INS_MRS)
        uc.hook_add(uc_const.UC_HOOK_INSN, self._writes_register, None, 1, 0, UC_ARM64_INS_MSR)
        uc.ctl_exits_enabled(True)
        self.set_exits(self._exits)
        for ram in self._rams:
            ram.on_replaced.append(self._replaced)
        self._at_first = bytes(uc.context_save())

    def close(self) -> None:
        """Let go of the engine; it can be started anew."""
        if not self.is_started:
            return
        self.is_started = False
        for ram in self._rams:
            ram.on_replaced.remove(self._replaced)
        self._mapped.clear()
        # The engine holds what it calls, and that holds the engine.
        for name in ("_callbacks", "_mmio_callbacks"):
            getattr(self._uc, name).clear()
        del self._uc

    # -- registers --------------------------------------------------------------------------------

    def read(self, register: int) -> int:
        """A general register, by the engine's number."""
        uclib.uc_reg_read(self._handle, register, self._value_at)
        return self._value.value

    def write(self, register: int, value: int) -> None:
        """As :meth:`read`."""
        self._value.value = value
        uclib.uc_reg_write(self._handle, register, self._value_at)

    def x(self, number: int) -> int:
        """X0 to X30, or XZR as 31."""
        return self.read(X[number]) if number < 31 else 0

    def set_x(self, number: int, value: int) -> None:
        """As :meth:`x`."""
        if number < 31:
            self.write(X[number], value)

    def system(self, register: SystemRegister) -> int:
        """A system register, whatever the level."""
        cp = self._cp
        cp.op0, cp.op1, cp.crn, cp.crm, cp.op2 = register
        uclib.uc_reg_read(self._handle, UC_ARM64_REG_CP_REG, self._cp_at)
        return int(cp.val)

    def set_system(self, register: SystemRegister, value: int) -> None:
        """As :meth:`system`; the engine also looks at PSTATE anew."""
        cp = self._cp
        cp.op0, cp.op1, cp.crn, cp.crm, cp.op2 = register
        cp.val = value
        uclib.uc_reg_write(self._handle, UC_ARM64_REG_CP_REG, self._cp_at)

    @property
    def pc(self) -> int:
        """The address of the next instruction."""
        return self.read(UC_ARM64_REG_PC)

    @pc.setter
    def pc(self, value: int) -> None:
        self.write(UC_ARM64_REG_PC, value)

    @property
    def pstate(self) -> int:
        """PSTATE, laid out as SPSR_ELx is."""
        return self.read(UC_ARM64_REG_PSTATE)

    @pstate.setter
    def pstate(self, value: int) -> None:
        self.write(UC_ARM64_REG_PSTATE, value)

    @property
    def sp(self) -> int:
        """The stack pointer that is in use."""
        return self.read(UC_ARM64_REG_SP)

    @sp.setter
    def sp(self, value: int) -> None:
        self.write(UC_ARM64_REG_SP, value)

    def watched(self) -> int | None:
        """The virtual address that the exclusive monitor watches (LDXR); None where none is."""
        return self._places.watched_in(bytes(self._uc.context_save()))

    def general(self) -> tuple[int, ...]:
        """X0 to X30, SP, PC and PSTATE."""
        uclib.uc_reg_read_batch(self._handle, _GENERAL, self._general_at, len(_GENERAL))
        return tuple(self._general)

    # -- running ----------------------------------------------------------------------------------

    def set_exits(self, exits: Iterable[int]) -> None:
        """Stop before each of these addresses; what is translated already must be forgotten."""
        self._exits = set(exits)
        if self.is_started:
            self._uc.ctl_set_exits([NOWHERE, *self._exits])

    def forget_code(self) -> None:
        """Translate anew."""
        if self.is_started:
            self._uc.ctl_flush_tb()

    def forget_translations(self) -> None:
        """Walk the page tables anew."""
        self._uc.ctl(uc_const.UC_CTL_TLB_FLUSH, uc_const.UC_CTL_IO_WRITE)

    @property
    def begun(self) -> int:
        """Inside a callback: instructions of this run, with the present one."""
        if self.is_closed:
            return self._closed_at
        return self._counter.value if self.is_exact else 1

    def shorten(self, room: int) -> None:
        """End the run when ``room`` further instructions have been executed, if not before."""
        if self.is_exact and not self.is_closed:
            last = self._counter.value + room
            if last < self._limit.value:
                self._limit.value = last

    def end_here(self) -> None:
        """No instruction after the present one."""
        if not self.is_closed:
            self.is_closed = True
            if self.is_exact:
                self._closed_at = self._counter.value
                self._counter.value = self._limit.value
            else:
                self._closed_at = 1

    def run(self, pc: int, count: int) -> Stretch:
        """Execute at most ``count`` instructions from ``pc`` on, and stop before an exit."""
        self._begin()
        self._map_what_is_there()
        if not self.is_exact:
            count = 1
        status = uclib.uc_emu_start(self._handle, pc, NOWHERE, 0, count)
        self._raise_kept()
        if self.is_closed:
            executed = self._closed_at
        elif self.is_exact:
            executed = min(self._counter.value, self._limit.value)
        else:
            executed = 1
        if status:
            return Stretch(executed, fault=self._fault or NoAnswer(self.pc, False, True))
        if self._raised is not None:
            return Stretch(executed, self._raised)
        is_early = not self.is_closed and (executed < count if self.is_exact else self.pc == pc)
        return Stretch(executed, is_early=is_early)

    def _begin(self) -> None:
        self.is_closed = False
        self._raised = self._fault = None

    def _raise_kept(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def step_over_exit(self, pc: int) -> Stretch:
        """Execute the instruction at an exit."""
        uc, exits = self._uc, self._exits
        uc.ctl_set_exits([NOWHERE])
        uc.ctl_remove_cache(pc, pc + 4)
        try:
            return self.run(pc, 1)
        finally:
            uc.ctl_remove_cache(pc, pc + 4)
            uc.ctl_set_exits([NOWHERE, *exits])

    # -- callbacks --------------------------------------------------------------------------------
    # What they raise must not cross the engine's frames: it is kept, and raised behind them.

    def _failed(self, error: BaseException) -> None:
        self._error = self._error or error
        self.end_here()

    def _loads(self, _uc: Uc, offset: int, size: int, base: int) -> int:
        try:
            return self._user.load(base + offset, size)
        except BaseException as error:
            self._failed(error)
            return 0

    def _stores(self, _uc: Uc, offset: int, size: int, value: int, base: int) -> None:
        try:
            self._user.store(base + offset, size, value)
        except BaseException as error:
            self._failed(error)

    def _reads_register(self, _uc: Uc, target: int, cp: Any, _data: object) -> int:
        try:
            value = self._user.read_register(SystemRegister(cp.op0, cp.op1, cp.crn, cp.crm, cp.op2))
            if value is None:
                return 0
            self.write(target, value)
            return 1
        except BaseException as error:
            self._failed(error)
            return 0

    def _writes_register(self, _uc: Uc, _source: int, cp: Any, _data: object) -> int:
        try:
            register = SystemRegister(cp.op0, cp.op1, cp.crn, cp.crm, cp.op2)
            return int(self._user.write_register(register, cp.val))
        except BaseException as error:
            self._failed(error)
            return 0

    def _interrupted(self, uc: Uc, number: int, _data: object) -> None:
        try:
            context = bytes(uc.context_save())
            self._raised = Raised(number, *self._places.exception_in(context))
        except BaseException as error:
            self._failed(error)
        uc.emu_stop()

    def _unmapped(
        self, _uc: Uc, access: int, address: int, _size: int, _value: int, _data: object
    ) -> bool:
        for number, ram in enumerate(self._rams):
            if ram.base <= address < ram.base + ram.size:
                chunk = ram.chunk_around(address - ram.base)
                if (number, chunk) not in self._mapped:
                    self._map(number, chunk)
                    return True
        is_store = access == uc_const.UC_MEM_WRITE_UNMAPPED
        self._fault = NoAnswer(address, is_store, access == uc_const.UC_MEM_FETCH_UNMAPPED)
        return False

    # -- memory -----------------------------------------------------------------------------------

    def _map(self, number: int, chunk: int) -> None:
        self._mapped.add((number, chunk))
        start, size, pointer = self._rams[number].pointer(chunk)
        self._uc.mem_map_ptr(start, size, UC_PROT_ALL, ctypes.c_void_p(pointer))

    def _map_what_is_there(self) -> None:
        """Also what others have touched: a walk of page tables does not ask."""
        for number, ram in enumerate(self._rams):
            for chunk in ram.chunks():
                if (number, chunk) not in self._mapped:
                    self._map(number, chunk)

    def _replaced(self, address: int, content: bytes) -> None:
        """Saved state was loaded into a page that may hold code."""
        uc = self._uc
        uc.ctl_remove_cache(address, address + len(content))

    # -- saved state ------------------------------------------------------------------------------

    def freeze(self) -> dict[int, bytes] | None:
        """The parts of the registers' memory that differ from those after a reset."""
        if not self.is_started:
            return None
        context, first = bytes(self._uc.context_save()), self._at_first
        return {
            at: context[at : at + GRAIN]
            for at in range(HEADER, len(context), GRAIN)
            if context[at : at + GRAIN] != first[at : at + GRAIN]
        }

    def thaw(self, frozen: dict[int, bytes] | None) -> None:
        """Put back what :meth:`freeze` told."""
        if frozen is None:
            self.close()
            return
        self.start()
        context = self._uc.context_save()
        data = bytearray(bytes(context)[:HEADER] + self._at_first[HEADER:])
        for at, part in frozen.items():
            data[at : at + len(part)] = part
        ctypes.memmove(context._context, bytes(data), len(data))  # noqa: SLF001 - the only way in
        self._uc.context_restore(context)
        self.forget_translations()


class _CpRegister(ctypes.Structure):
    """How the engine is asked for a system register."""

    _fields_ = (
        ("crn", ctypes.c_uint32), ("crm", ctypes.c_uint32), ("op0", ctypes.c_uint32),
        ("op1", ctypes.c_uint32), ("op2", ctypes.c_uint32), ("val", ctypes.c_uint64),
    )  # fmt: skip
