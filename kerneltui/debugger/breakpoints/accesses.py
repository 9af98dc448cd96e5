"""Breakpoints on accesses: a register, or an address of memory, is read or written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from kerneltui.debugger.bits import places_of
from kerneltui.debugger.breakpoints.trigger import Moved, Trigger
from kerneltui.debugger.ear import place_in_kernel
from kerneltui.debugger.references import RegisterReference
from kerneltui.debugger.register_names import RegisterSite
from kerneltui.debugger.watch import Address
from kerneltui.hw.register import RES0, WO, Access
from kerneltui.hw.register_file import Port
from kerneltui.machine.core import Core
from kerneltui.machine.instructions import INSTRUCTIONS, SPACES, STORES, WRITES
from kerneltui.machine.kernel_image import SourceFrame
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import CORE_REGISTERS

READ, WRITE, ACCESS = "read", "write", "access"


class RegisterTrigger(Trigger):
    """A register is read or written, by whatever way leads to it, or poked.

    Of a field ``mask`` and ``shift`` tell where it is; a store to a part of the register that does
    not hold it is none to it.  A core's own register is each core's.
    """

    has_doer = True

    def __init__(
        self, machine: Machine, site: RegisterSite, label: str, access: str, mask: int, shift: int
    ) -> None:
        super().__init__(machine)
        self.subject = site
        self._label = label
        self._reads, self._writes = access != WRITE, access != READ
        register = site.slot.register
        hidden = register.mask_of(WO, RES0) if register.fields else 0
        declared = register.mask_of(*Access) if register.fields else mask
        self._shows = declared & mask & ~hidden != 0
        has_old = access == WRITE and self._shows
        self.offers = frozenset(("value", "old") if has_old else ("value",))
        self._mask, self._shift = mask, shift
        self._is_own = site.space == CORE_REGISTERS
        files = [core.regs for core in machine.cores] if self._is_own else [site.file]
        self._ports = [file.port(site.slot) for file in files]
        """of a core's own register one for each core"""
        self._held: list[int] = []
        """what it holds, as far as this has seen, for each core"""
        self._changing: tuple[int, str] | None = None
        """the core whose instruction is changing it without naming it, and by what"""
        owner = "core 0" if self._is_own else site.device
        self.reference = RegisterReference(owner, "" if self._is_own else site.block,
                                           site.slot.name)  # fmt: skip
        self._kinds = self._written_by() if self._is_own and self._writes else frozenset()
        self.is_asked = bool(self._kinds)

    def _written_by(self) -> frozenset[str]:
        """The instructions and exceptions that write it without naming it."""
        stem = self.subject.slot.register.stem if self.subject is not None else ""
        return frozenset(
            kind
            for kind, registers in WRITES.items()
            for written in registers
            if written.register == stem and written.mask & self._mask
        )

    @property
    def places(self) -> frozenset[Address] | None:
        """See :class:`Trigger`."""
        site = self.subject
        assert site is not None
        if any(INSTRUCTIONS[kind].is_exception for kind in self._kinds):
            return None
        if self._is_own:
            table = site.file.table
            own = {(space, site.slot.offset) for space in (table.space, CORE_REGISTERS)}
            return frozenset(own | {(kind, 0) for kind in self._kinds})
        device = self.machine.devices[site.device]
        return frozenset(places_of(self.machine, device, [(site.file, site.slot)]))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """At the register itself."""
        hooks = [(port, port.read, port.write) for port in self._ports]
        for cpu, (port, read, write) in enumerate(hooks):
            if self._reads:
                port.read = partial(self._was_read, port, cpu, read)
            if self._writes:
                port.write = partial(self._was_written, port, cpu, write)
        try:
            yield
        finally:
            for port, read, write in hooks:
                port.read, port.write = read, write

    def begin(self) -> None:
        """See :class:`Trigger`."""
        self._held = [self._peek(core.index) for core in self.machine.cores]
        self._changing = None

    def _cpu(self, own: int, cpu: int) -> int:
        return own if self._is_own else cpu

    def _peek(self, cpu: int) -> int:
        port = self._ports[cpu if self._is_own else 0]
        return self._bits(port.peek(port.index, 0 if self._is_own else cpu))

    def _bits(self, value: int) -> int:
        return (value & self._mask) >> self._shift

    def before(self, target: int, cpu: int) -> None:
        """Keep what it holds."""
        if self._writes:
            self._held[cpu] = self._peek(cpu)

    def _was_read(
        self, port: Port, own: int, hook: Callable[[int, int], int], index: int, cpu: int
    ) -> int:
        value = hook(index, cpu)
        self._tell_access("read", self._cpu(own, cpu), Moved(self._bits(value), loaded=value))
        return value

    def _was_written(
        self,
        port: Port,
        own: int,
        hook: Callable[[int, int, int], None] | None,
        index: int,
        cpu: int,
        value: int,
    ) -> None:
        if hook is not None:
            hook(index, cpu, value)
        site = self.subject
        assert site is not None
        driven = site.file.driven
        if driven & self._mask:
            cpu, value = self._cpu(own, cpu), value & driven
            old = self._held[cpu] if self._shows else None
            self._tell_access("wrote", cpu, Moved(self._bits(value), old, value))

    def _tell_access(self, verb: str, cpu: int, moved: Moved) -> None:
        poking = self.machine.poker.in_progress
        who = f"core {cpu}"
        if poking is not None:
            who = "the scenario's poke" if poking[1] else "your poke"
        value = f"{moved.value:#x}"
        if verb == "read":
            text = f"{who} read {self._label}: {value}"
        else:
            text = f"{who} wrote {value} to {self._label}"
        self.tell(text, cpu, moved, None if poking is not None else _who_wanted_it())

    def executed(self, core: Core, kind: str, target: int, value: int) -> None:
        """An instruction that does not name the register can write it."""
        if kind in self._kinds:
            self._held[core.index] = self._peek(core.index)
            self._changing = core.index, f"'{kind}'"

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """So can an exception."""
        if kind in self._kinds:
            self._changing = core.index, "an exception"

    def look(self, core: Core) -> None:
        """What it has written is seen when it is over."""
        if self._changing is None or self._changing[0] != core.index:
            return
        (cpu, what), self._changing = self._changing, None
        value, old = self._peek(cpu), self._held[cpu]
        self._held[cpu] = value
        self.tell(f"core {cpu} wrote {value:#x} to {self._label} by {what}", cpu, Moved(value, old))


class MemoryTrigger(Trigger):
    """An address of memory without a register is read or written."""

    offers = frozenset(("value",))

    def __init__(self, machine: Machine, space: str, address: int, access: str) -> None:
        super().__init__(machine)
        self._space, self._address = space, address
        self._access = access

    @property
    def places(self) -> frozenset[Address] | None:
        """See :class:`Trigger`."""
        return frozenset(((self._space, self._address),))

    def executed(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`Trigger`."""
        if target != self._address or SPACES.get(kind) != self._space:
            return
        is_store = kind in STORES
        if self._access == ACCESS or is_store == (self._access == WRITE):
            verb = f"wrote {value:#x} to" if is_store else f"read {value:#x} from"
            text = f"core {core.index} {verb} address {target:#x}"
            self.tell(text, core.index, Moved(value), _who_wanted_it())


def _who_wanted_it() -> SourceFrame | None:
    inner, caller = place_in_kernel(sys._getframe(1))  # noqa: SLF001 - the documented way to a frame
    return caller or inner
