"""What an architecture adds to a core that runs a kernel written in Python."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from kerneltui.hw.bus import AddressSpace, BusFault, Target
from kerneltui.hw.device import CounterState
from kerneltui.hw.line import Sink
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate


class Architecture(ABC):
    """See the module; instructions beyond those of every core come on top."""

    LOAD: ClassVar[str]
    STORE: ClassVar[str]
    WAIT: ClassVar[str]
    """the mnemonics of :meth:`read`, :meth:`write` and :meth:`wait_for_interrupt`"""
    RETURN: ClassVar[str]
    """the instruction that ends a handler"""
    PINS: ClassVar[dict[str, int]]
    """the interrupt inputs, and the bit of each in ``inputs``"""
    MASK_REGISTER: ClassVar[str]
    """where ordinary interrupts are kept out, as :meth:`gates` names it"""
    WAKES_FOR_MASKED: ClassVar[bool]
    """an interrupt ends a wait, too, where the core's masks keep it out"""
    CAN_BE_RESET: ClassVar[bool] = False
    """without power-on: it tells its observer (:meth:`Observer.reset_begins`)"""
    CALL_REGISTERS: ClassVar[tuple[str, str, str]]
    """the general registers of a system call's number and its first two arguments"""
    EXCEPTION_LEVEL: ClassVar[str] = ""
    """the level that handles exceptions, as ``EL1``; ``ELx`` where each may have its own"""
    regs: RegisterFile
    """the registers that matter to interrupts"""
    registers: dict[str, int]
    """general registers that a system call has used: its number, arguments and result"""

    @abstractmethod
    def input(self, pin: str) -> Sink:
        """The end of a wire, by a name of :data:`PINS`."""

    @property
    @abstractmethod
    def return_address(self) -> int:
        """Where the exception in progress has come from."""

    @abstractmethod
    def privilege(self) -> str:
        """The level that code runs at, as ``EL1`` or ``ring 0``."""

    def why_synchronous(self) -> str:
        """Why the latest exception came that is no interrupt, in a sentence."""
        return "An exception is raised by an instruction that could not be executed."

    @abstractmethod
    def masks(self) -> tuple[str, bool]:
        """What keeps interrupts out, as text; and whether ordinary ones are kept out."""

    @abstractmethod
    def gates(self, pin: str, vector: int | None = None) -> list[Gate]:
        """The conditions for taking what comes at an interrupt input, as ``vector`` where known.

        All are open if it is taken next.
        """

    def counters(self) -> list[CounterState]:
        """Counters of the core itself, while it is on."""
        return []

    @abstractmethod
    def poke_target(self, space: AddressSpace, address: int, value: int) -> tuple[Target, int]:
        """What answers to a store of this core, and at which offset.

        Raises :class:`BusFault` where nothing does, or not to that value.
        """

    @abstractmethod
    def poke_register(self, address: int, value: int) -> None:
        """Store to a register of :attr:`regs`; no instruction (:mod:`kerneltui.machine.poke`)."""

    @abstractmethod
    def _open(self) -> int:
        """The interrupt inputs, as bits, whose interrupts would be taken now."""

    @abstractmethod
    def _sample(self) -> None:
        """Take the interrupts that the core's mask lets in."""

    @abstractmethod
    def _fault(self, fault: BusFault, size: int) -> int:
        """Nothing answered at an address: what the architecture does, and what a load gives."""

    def _unaligned(  # noqa: B027 - most cores allow it
        self, target: Target, what: str, address: int, size: int
    ) -> None:
        """An access (``load`` or ``store``) whose address is no multiple of its ``size``."""

    def _fell_asleep(self) -> None:  # noqa: B027 - most cores do nothing more
        """A wait has begun."""

    def _woke(self) -> None:  # noqa: B027 - as above
        """A wait has ended."""
