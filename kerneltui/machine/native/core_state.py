"""What a core with machine code consists of, and how it is looked at: nothing here executes.

How it executes is in :mod:`kerneltui.machine.native.core`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, cast

from kerneltui.hw.bus import AddressSpace, BusFault
from kerneltui.hw.clock import NEVER, Clock
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine import syndromes
from kerneltui.machine.aarch64_registers import MASK_ALL, MASK_F, MASK_I
from kerneltui.machine.core import (
    ANY_LEVEL,
    FOREVER,
    Core,
    CoreState,
    Costs,
    Observer,
    ResumePoint,
    StopReason,
)
from kerneltui.machine.native import exceptions as ex
from kerneltui.machine.native import system_registers as sr
from kerneltui.machine.native.engine import Engine, EngineUser
from kerneltui.machine.native.image import EL2, EL3, NativeImage
from kerneltui.machine.native.live_registers import LiveRegisters
from kerneltui.machine.native.mapping import physical
from kerneltui.machine.native.opcodes import WORD, Special
from kerneltui.machine.native.ram import NativeRam
from kerneltui.machine.native.system_registers import NATIVE_CORE, SystemRegister
from kerneltui.machine.native.turns import QuantumTurns

Alias = tuple[int, int, int]
"""A virtual address, the physical one that it leads to, and for how many bytes."""
Route = tuple[RegisterFile, int]
"""What serves a system register, and at which place."""
PAGE = 4096
GRANULE = 16
"""Bytes that an exclusive monitor watches together"""


class NativeCoreState(LiveRegisters):
    """See the module."""

    LOAD: ClassVar[str] = "ldr"
    STORE: ClassVar[str] = "str"
    WAIT: ClassVar[str] = "wfi"
    PINS: ClassVar[dict[str, int]] = {"irq": MASK_I, "fiq": MASK_F}
    MASK_REGISTER: ClassVar[str] = "DAIF"
    WAKES_FOR_MASKED: ClassVar[bool] = True
    CAN_BE_RESET: ClassVar[bool] = False
    CALL_REGISTERS: ClassVar[tuple[str, str, str]] = "x8", "x0", "x1"
    EXCEPTION_LEVEL: ClassVar[str] = ANY_LEVEL
    TABLES = (NATIVE_CORE,)
    can_rest_anywhere: ClassVar[bool] = True
    booted = True
    is_landed = False
    TRANSIENT: ClassVar[frozenset[str]] = frozenset((
        "observer", "stop_at", "until", "horizon", "stop_on_interrupt", "stop_on_idle",
        "stop_on_wait", "stop_on_tracepoint", "stop_below_depth", "enough", "stop_on_access",
        "stop_reason", "rest_after", "is_traced", "_routes", "breakpoints", "_passed", "_began",
        "_begun_ns", "_extra_ns", "_inputs_before", "_code_changed", "_mapping_changed",
        "has_accessed", "is_told_only", "exits", "rams", "quiet",
    ))  # fmt: skip

    def __init__(
        self,
        index: int,
        turns: QuantumTurns,
        clock: Clock,
        spaces: tuple[AddressSpace, AddressSpace],
        sysregs: AddressSpace,
        costs: Costs,
        engine: Callable[[EngineUser], Engine],
        image: NativeImage,
        rams: Iterable[NativeRam],
    ) -> None:
        """``spaces`` are those of a secure and of a non-secure core."""
        self.index = index
        self.clock = clock
        self._spaces = spaces
        self.memory = spaces[1]
        self.sysregs = sysregs
        self.costs = costs
        self.image = image
        self.rams = tuple(rams)
        self.engine = engine(cast("EngineUser", self))
        self.state = CoreState.OFF
        self.ready_at = NEVER
        """local time: when the next instruction begins; NEVER while off, asleep or halted"""
        self.is_interruptible = False
        self.turns: Any = turns
        self.halt_reason = self.trouble = ""
        self.work = 0
        self.retired = self.interrupts_taken = self.depth = self.inputs = 0
        self.program: Any = image
        self.resume_point = ResumePoint.NOWHERE
        self.registers: dict[str, int] = {}
        self.release_address: int | None = None
        """where the firmware, in which a core is parked after reset, looks for its entry"""
        self.parked_level = EL2
        """the exception level that it is released at"""
        self.banks = ex.Banks()
        self.scr = self.hcr = 0
        """SCR_EL3 and HCR_EL2, as :mod:`kerneltui.machine.native.exceptions` needs them"""
        self.event = False
        """the event register: WFE does not wait"""
        self._waits_by = Special.WFI
        """of a wait: an event ends it, and a masked interrupt does not"""
        self.watches: tuple[int, bytes] | None = None
        """in WFE, what the exclusive monitor watches: a virtual address, and what lies there"""
        self.aliases: tuple[Alias, ...] = ()
        """where the MMU shows the image's code at other addresses"""
        self.mmu_on_at = -1
        """where MSR has switched the MMU on: what follows has been fetched already"""
        self.regs = RegisterFile(
            self, NATIVE_CORE, cpus=1, changes={"MPIDR_EL1": {"reset": 1 << 31 | index}}
        )
        self._detach()

    def _detach(self) -> None:
        """What saved state does not carry: the debugger's wishes, and what a stretch needs."""
        self.observer: Observer | None = None
        self.stop_at = self.rest_after = self.enough = FOREVER
        self.until = self.horizon = NEVER
        self.stop_on_interrupt = self.stop_on_idle = self.stop_on_wait = False
        self.stop_on_tracepoint = ""
        self.is_traced = False
        self.stop_below_depth = 0
        self.stop_on_access = False
        self.stop_reason = StopReason.BUDGET
        self.breakpoints: dict[int, list[Callable[[Core], None]]] = {}
        """addresses, and who is told before the instruction there is executed"""
        self._passed = -1
        """the address of the breakpoint that it has halted at: it goes on from there"""
        self.has_accessed = self.is_told_only = False
        """the last stretch has reached a device"""
        self.quiet = 0
        """stretches in a row that have not"""
        self._routes: dict[SystemRegister, Route | None] = {}
        self._begun_ns = self._extra_ns = self._began = self._inputs_before = 0
        self._code_changed = self._mapping_changed = False
        self.exits: frozenset[int] = frozenset()
        """addresses at which the engine stops by itself"""

    # -- the debugger's side -----------------------------------------------------------------------

    @property
    def at_rest(self) -> bool:
        """Between two instructions its state can always be saved."""
        return True

    @property
    def is_asleep(self) -> bool:
        """Whether it is in WFI or WFE."""
        return self.state is CoreState.WAITING

    @property
    def return_address(self) -> int:
        """ELR_ELx of the present level."""
        level = max(ex.level_of(self.engine.pstate), 1)
        return self.engine.system(sr.ELR[level])

    def set_horizon(self, horizon: int) -> None:
        """Instructions from this time on are another core's to begin first."""
        self.horizon = horizon

    def limit(self, work: int) -> None:
        """Halt before the next instruction after so much more work."""
        self.stop_at = FOREVER
        self.enough = self.work + work

    def request_stop(self, reason: StopReason) -> None:
        """Halt before the next instruction."""
        self.stop_at = self.retired
        self.stop_reason = reason
        if self.turns.current is self and self.engine.is_started:
            self.engine.end_here()

    def give_up(self, reason: str) -> None:
        """Stop this core for good, with everything left inspectable."""
        self.state = CoreState.HALTED
        self.ready_at = NEVER
        self.is_interruptible = False
        self.halt_reason = reason
        self.stop_reason = StopReason.HALTED

    def _tell_activity(self) -> None:
        if self.observer is not None:
            self.observer.activity(cast("Core", self))

    def tell(self, kind: str, target: int, value: int) -> None:
        """An instruction is executed."""
        if self.observer is not None:
            self.observer.instruction(cast("Core", self), kind, target, value)

    def _choose_space(self) -> None:
        """What answers to the core's accesses: EL3 is secure, and all with SCR_EL3.NS = 0."""
        is_secure = not self.scr & sr.SCR_NS or ex.level_of(self.engine.pstate) == EL3
        self.memory = self._spaces[0 if is_secure else 1]

    # -- looking -----------------------------------------------------------------------------------

    def fetch(self, address: int, size: int = WORD) -> bytes:
        """Bytes at a virtual address, as the core would read them now; shorter where none are."""
        found = b""
        level = ex.level_of(self.engine.pstate)
        while size > 0:
            part = min(size, PAGE - address % PAGE)
            at = physical(self, address, level)
            data = b"" if at is None else self.physical_bytes(at, part)
            found += data
            if len(data) < part:
                break
            address, size = address + part, size - part
        return found

    def is_watched_changed(self) -> bool:
        """Whether another core has stored to what the exclusive monitor watches (D1.7.1)."""
        return self.watches is not None and self.fetch(self.watches[0], GRANULE) != self.watches[1]

    def word_at(self, address: int) -> int:
        """The instruction at a virtual address; 0 where nothing is."""
        return int.from_bytes(self.fetch(address), "little")

    def physical_bytes(self, address: int, size: int) -> bytes:
        """What lies in the RAM; empty where there is none."""
        for ram in self.rams:
            if ram.base <= address < ram.base + ram.size:
                return ram.bytes_at(address - ram.base, size)
        return b""

    def place(self, address: int) -> str:
        """An address with its symbol, where there is one: ``0x80010 (main+0x8)``."""
        name = self.image.symbols.name_at(address)
        return f"{address:#x} ({name})" if name else f"{address:#x}"

    def route(self, register: SystemRegister) -> Route | None:
        """The device that serves a system register; None: the core itself."""
        if register in self._routes:
            return self._routes[register]
        found: Route | None = None
        if self.regs.slot_at(register.encoding) is None:
            try:
                file, place = self.sysregs.resolve(register.encoding)
            except BusFault:
                pass
            else:
                # The window of a device spans encodings that are not its own.
                if isinstance(file, RegisterFile) and file.slot_at(place) is not None:
                    found = file, place
        self._routes[register] = found
        return found

    def privilege(self) -> str:
        """The exception level: ``EL1``."""
        return f"EL{ex.level_of(self.engine.pstate)}" if self.engine.is_started else "off"

    def why_synchronous(self) -> str:
        """As ESR_ELx of the present level says."""
        level = max(ex.level_of(self.engine.pstate), 1)
        return syndromes.told(self.engine.system(sr.ESR[level]))

    def masks(self) -> tuple[str, bool]:
        """DAIF: a letter where the mask bit is set."""
        daif = self.engine.pstate & MASK_ALL if self.engine.is_started else MASK_ALL
        text = "".join(
            letter if daif >> bit & 1 else "·"
            for letter, bit in zip("DAIF", (9, 8, 7, 6), strict=True)
        )
        return f"DAIF {text}", bool(daif & MASK_I)
