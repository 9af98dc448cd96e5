"""What a core does from one moment on, looked at instruction by instruction: is it a period?

It is one when the core comes back to where it began with all its registers and all RAM as they
were, and nothing else has changed either.  Then it does just that again, until something from
outside frees it.

* Of RAM all is kept that instructions have touched, code too, as it was before the first touch.
* A read of a device may change nothing in it; what is read must still be there afterwards.
* What spoils a period: stores to devices, counters, writes of system registers, zeroing of a cache
  line, vector registers.
"""

from __future__ import annotations

from kerneltui.hw.bus import Target
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.native import exceptions as ex
from kerneltui.machine.native.core_state import PAGE, NativeCoreState
from kerneltui.machine.native.mapping import physical
from kerneltui.machine.native.opcodes import PC, SP, WORD, is_mrs, may_store, spoils_period, touched
from kerneltui.machine.state import shallow_copy

ADDRESS_MASK = (1 << 64) - 1


class WatchedPeriod:
    """Since the core's registers were ``registers``, at ``since_ns``, after ``since`` instructions.

    ``address`` is what it had just polled.
    """

    def __init__(self, core: NativeCoreState, registers: tuple[int, ...], address: int) -> None:
        self.registers = registers
        self.address = address
        self.since_ns, self.since = core.ready_at, core.retired
        self.period_ns = 0
        """what a period takes, once it is known to be one"""
        self.visits = 0
        """how often the core was back at ``address``, but not as it had been"""
        self.is_spoilt = False
        self.lasts = True
        """over exceptions too: nothing was read that they change"""
        self._inputs = core.inputs
        self._held: dict[tuple[int, int], bytes] = {}
        """by physical address and size: what lay there before"""
        self._reads: list[tuple[Target, int, int, int]] = []
        self._pages: dict[int, int | None] = {}

    def look_at(self, core: NativeCoreState, word: int) -> None:
        """The core is about to execute an instruction."""
        pc = core.engine.pc
        self._touch(core, pc, WORD, is_store=False)
        if spoils_period(word):
            self.is_spoilt = True
            return
        self.lasts &= not is_mrs(word)
        access = touched(word)
        if access is not None:
            engine = core.engine
            if access.base == PC:
                base = pc
            else:
                base = engine.sp if access.base == SP else engine.x(access.base)
            address = base + access.offset
            if access.added is not None:
                address += access.added.of(engine.x(access.added.register))
            self._touch(core, address & ADDRESS_MASK, access.size, is_store=may_store(word))

    def _touch(self, core: NativeCoreState, address: int, size: int, *, is_store: bool) -> None:
        page, offset = address & -PAGE, address & PAGE - 1
        if page not in self._pages:
            self._pages[page] = physical(core, page, ex.level_of(core.engine.pstate))
        at = self._pages[page]
        if at is None or offset + size > PAGE:
            self.is_spoilt |= is_store or at is not None
            return
        key = at + offset, size
        if key not in self._held:
            self._held[key] = core.physical_bytes(*key)

    def read(self, target: Target, offset: int, size: int, cpu: int) -> int:
        """A read of a device, and whether it changes something there."""
        if isinstance(target, RegisterFile) and _has_effects(target, offset):
            before = _state_of(target.owner)
            value = target.read(offset, size, cpu)
            self.is_spoilt |= _state_of(target.owner) != before
        else:
            value = target.read(offset, size, cpu)
        self._reads.append((target, offset, size, value))
        return value

    def is_back(self, core: NativeCoreState, registers: tuple[int, ...]) -> bool:
        """Whether all is as it was at the beginning."""
        if self.is_spoilt or registers != self.registers or core.inputs != self._inputs:
            return False
        if any(core.physical_bytes(*key) != before for key, before in self._held.items()):
            return False
        return all(
            target.peek(offset, size, core.index) == value
            for target, offset, size, value in self._reads
        )


def _has_effects(file: RegisterFile, offset: int) -> bool:
    """Whether a read may be more than a look."""
    slot = file.slot_at(offset)
    if slot is None:
        return True
    port = file.port(slot)
    return port.read is not port.peek


def _state_of(owner: object) -> object:
    """All that a device holds."""
    files = getattr(owner, "files", {})
    return shallow_copy(owner), [
        [cells.copy() for cells in file.stores()] for file in files.values()
    ]
