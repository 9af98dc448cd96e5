"""Address spaces: what answers at an address.

Each space (memory-mapped, system registers, I/O ports, MSRs) is an :class:`AddressSpace` of windows
that must not overlap.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import ClassVar, Protocol

import msgspec

from kerneltui.hw.register_file import Port, RegisterFile


class BusFault(Exception):
    """Nothing answers at an address."""

    def __init__(self, space: str, address: int) -> None:
        super().__init__(f"nothing answers at {space} address {address:#x}")
        self.space = space
        self.address = address


class Target(Protocol):
    """What can be mapped: a register file or memory."""

    def read(self, offset: int, size: int = 4, cpu: int = 0) -> int: ...
    def peek(self, offset: int, size: int = 4, cpu: int = 0) -> int: ...
    def write(self, offset: int, value: int, size: int = 4, cpu: int = 0) -> None: ...


class BusWindow(msgspec.Struct, frozen=True):
    """A mapped range, ``base <= address < base + size``."""

    base: int
    size: int
    name: str
    target: Target


class Memory:
    """RAM of ``size`` bytes, little-endian, all zero at first; pages appear when written."""

    PAGE = 4096

    def __init__(self, size: int) -> None:
        self.size = size
        self._pages: dict[int, bytearray] = {}

    def read(self, offset: int, size: int = 4, cpu: int = 0) -> int:
        """A little-endian load of ``size`` bytes; it may cross a page."""
        number, place = divmod(offset, self.PAGE)
        if place + size > self.PAGE:
            head = self.PAGE - place
            return self.read(offset, head) | self.read(offset + head, size - head) << 8 * head
        page = self._pages.get(number)
        return 0 if page is None else int.from_bytes(page[place : place + size], "little")

    peek = read

    def write(self, offset: int, value: int, size: int = 4, cpu: int = 0) -> None:
        """A little-endian store of ``size`` bytes; it may cross a page."""
        data = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
        number, place = divmod(offset, self.PAGE)
        page = self._pages.get(number)
        if page is not None and place + size <= self.PAGE:
            page[place : place + size] = data
        else:
            self.load(offset, data)

    def load(self, offset: int, data: bytes) -> None:
        """Put bytes there; not an access of a core."""
        while data:
            number, place = divmod(offset, self.PAGE)
            page = self._pages.get(number)
            if page is None:
                page = self._pages[number] = bytearray(self.PAGE)
            part = data[: self.PAGE - place]
            page[place : place + len(part)] = part
            offset += len(part)
            data = data[len(part) :]


class Rom(Memory):
    """Memory that stores do not change; the firmware's image is in it from the start."""

    def write(self, offset: int, value: int, size: int = 4, cpu: int = 0) -> None:
        """Nothing happens."""


class AddressSpace:
    """One space and its windows.

    ``known`` remembers what :meth:`resolve` found for register addresses, ``ports`` the registers
    among them that an access of the usual size reaches whatever the state: a core looks there
    first, and serves the access without another look-up.
    """

    TRANSIENT: ClassVar = frozenset(("_latest", "_latest_memory", "known", "ports"))

    def __init__(self, name: str) -> None:
        self.name = name
        self.windows: list[BusWindow] = []
        self._bases: list[int] = []
        self.known: dict[int, tuple[Target, int]] = {}
        self.ports: dict[int, Port] = {}
        self._latest: BusWindow | None = None
        self._latest_memory: BusWindow | None = None

    def attach(self, base: int, size: int, name: str, target: Target) -> None:
        """Map ``target`` at ``base``.

        Raises ValueError, naming both parties, when the range overlaps another window.
        """
        place = bisect_right(self._bases, base)
        for other in self.windows[max(place - 1, 0) : place + 1]:
            if base < other.base + other.size and other.base < base + size:
                raise ValueError(
                    f"{name} ({base:#x}-{base + size - 1:#x}) overlaps {other.name} "
                    f"({other.base:#x}-{other.base + other.size - 1:#x}); move one of them"
                )
        self.windows.insert(place, BusWindow(base, size, name, target))
        self._bases.insert(place, base)
        self.known.clear()
        self.ports.clear()
        self._latest = self._latest_memory = None

    def without(self, base: int) -> AddressSpace:
        """The same space for one to whom the window at ``base`` does not answer."""
        other = AddressSpace(self.name)
        other.windows = [item for item in self.windows if item.base != base]
        other._bases = [item.base for item in other.windows]
        return other

    def window_at(self, address: int) -> BusWindow | None:
        """The window that covers ``address``, or None."""
        place = bisect_right(self._bases, address) - 1
        if place >= 0:
            window = self.windows[place]
            if address < window.base + window.size:
                return window
        return None

    def resolve(self, address: int) -> tuple[Target, int]:
        """What answers at ``address``, and at which offset.  Raises :class:`BusFault`."""
        window = self._latest
        if window is None or not 0 <= address - window.base < window.size:
            window = self.window_at(address)
            if window is None:
                raise BusFault(self.name, address)
            self._latest = window
        found = window.target, address - window.base
        if isinstance(window.target, RegisterFile):
            # Registers are few and hot; remembering every RAM address would not be bounded.
            self.known[address] = found
            port = window.target.port_at(found[1])
            if port is not None:
                self.ports[address] = port
        elif isinstance(window.target, Memory):
            self._latest_memory = window
        return found

    def access(self, address: int) -> tuple[Target, int]:
        """As :meth:`resolve`, of what has been met before without looking for it again."""
        found = self.known.get(address)
        if found is not None:
            return found
        window = self._latest_memory
        if window is not None and 0 <= address - window.base < window.size:
            return window.target, address - window.base
        return self.resolve(address)

    def read(self, address: int, size: int = 4, cpu: int = 0) -> int:
        """A load, with effects.  Raises :class:`BusFault` where nothing is mapped."""
        found = self.known.get(address)
        if found is None:
            window = self._latest_memory
            if window is not None and 0 <= address - window.base < window.size:
                return window.target.read(address - window.base, size, cpu)
            found = self.resolve(address)
        target, offset = found
        return target.read(offset, size, cpu)

    def write(self, address: int, value: int, size: int = 4, cpu: int = 0) -> None:
        """A store.  Raises :class:`BusFault` where nothing is mapped."""
        found = self.known.get(address)
        if found is None:
            window = self._latest_memory
            if window is not None and 0 <= address - window.base < window.size:
                window.target.write(address - window.base, value, size, cpu)
                return
            found = self.resolve(address)
        target, offset = found
        target.write(offset, value, size, cpu)

    def peek(self, address: int, size: int = 4, cpu: int = 0) -> int:
        """What ``read`` would return, without effects.  Raises :class:`BusFault`."""
        found = self.known.get(address)
        if found is None:
            window = self._latest_memory
            if window is not None and 0 <= address - window.base < window.size:
                return window.target.peek(address - window.base, size, cpu)
            found = self.resolve(address)
        target, offset = found
        return target.peek(offset, size, cpu)

    def name_at(self, address: int, *, write: bool = False, value: int = 0) -> str:
        """The register's name at ``address``, else the window's with an offset, else ``""``.

        Of registers that share an offset it is the one that a load would reach now, or a ``write``
        of ``value``; a window onto others says which is selected: ``IOWIN (IOAPICID)``.
        """
        window = self.window_at(address)
        if window is None:
            return ""
        offset, file = address - window.base, window.target
        name = ""
        if isinstance(file, RegisterFile):
            name = register_name(file, offset, write=write, value=value)
        return name or f"{window.name}+{offset:#x}"


def register_name(file: RegisterFile, offset: int, *, write: bool = False, value: int = 0) -> str:
    """As :meth:`AddressSpace.name_at`, within one block; empty where it has no register."""
    slot = file.slot_at(offset, write=write, value=value)
    if slot is None:
        return ""
    if slot.register.window is None:
        return slot.name
    table, selector = slot.register.window
    number = file.store(selector)[0]
    files: dict[str, RegisterFile] = getattr(file.owner, "files")  # noqa: B009
    behind = files[table].slot_at(number)
    return f"{slot.name} ({number:#x})" if behind is None else f"{slot.name} ({behind.name})"
