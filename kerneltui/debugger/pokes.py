"""Pokes as people write them: ``REGISTER=VALUE``, and ``LINE=0`` or ``LINE=1``.

``REGISTER`` is a name as :mod:`kerneltui.debugger.register_names` has it (``GICC_PMR``,
``ioapic1/IOWIN``), with a field behind (``CNTP_CTL_EL0.IMASK``, ``IMR.M[3]``) where the other bits
are to stay as they are.  Or it is an address: ``0xFF842004`` of four bytes of memory, ``port:0x21``
of one port.  ``core1/`` in front of all that says which core stores.  ``VALUE`` is decimal, or
begins with ``0x`` or ``0b``.

``LINE`` is a wire by the device and the output that drive it (``uart0.irq``).  It gets that level
as if the device had just changed it, and keeps it until the device computes another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from kerneltui.debugger.naming import line_hint
from kerneltui.debugger.register_names import (
    NUMBER,
    RegisterSite,
    bits_named,
    check_core,
    label_of,
    register_and_label,
    registers_named,
    sites,
    split_core,
    to_number,
)
from kerneltui.debugger.setup import PokeRequest
from kerneltui.debugger.way import lines
from kerneltui.errors import Mistakes
from kerneltui.hw.bus import BusFault, Rom
from kerneltui.hw.register import MEMORY, PORTS, RES0, RO, RW, Access, Register, Slot
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import Poke, TimedPoke, wire_poke
from kerneltui.units import time_before

WRITABLE = tuple(kind for kind in Access if kind not in {RO, RES0})
ADDRESS_SIZES = {MEMORY: 4, PORTS: 1}
LIKE = 0.8
"""So much alike two names are where one is taken for a slip of the other."""
FORM = "REGISTER=VALUE or LINE=0|1, like GICC_PMR=0, port:0x21=0xff or uart0.irq=1"
TIMED_FORM = "TIME:REGISTER=VALUE or TIME:LINE=0|1, like 1.5s:GICC_PMR=0 or 1.5s:uart0.irq=1"
_ADDRESS = re.compile(rf"(port:)?({NUMBER})")


# -- the text -------------------------------------------------------------------------------------


def split_time(text: str) -> tuple[int, str]:
    """``T:REGISTER=VALUE`` -> the time in ns, and the rest.  Raises ValueError, in words."""
    if not text.startswith("-") and not text[:1].isdecimal():
        value = "" if "=" in text else "=1"
        raise ValueError(f"a time is missing in front of it; write 1.5s:{text}{value}")
    at_ns, rest = time_before(text, TIMED_FORM)
    return at_ns, rest.strip()


def script(machine: Machine, requests: Iterable[PokeRequest]) -> list[TimedPoke]:
    """What is to be poked when, in order of time.

    Raises the errors that the requests make.
    """
    found: list[TimedPoke] = []
    mistakes = Mistakes()
    for item in requests:
        try:
            found.append((item.at_ns, parse(machine, item.text, item.core), item.is_scripted))
        except ValueError as error:
            mistakes.add(item.error(str(error)))
    mistakes.tell()
    return sorted(found, key=lambda item: item[0])


def parse(machine: Machine, text: str, core: int = 0) -> Poke:
    """What a text pokes on a machine; the core is one that it does not name itself.

    Raises ValueError, in words, for what makes no sense there.
    """
    left, equals, right = (part.strip() for part in text.partition("="))
    *fronts, name = left.split("/")
    if left and not right:
        form = f"{left}=1 (high) or {left}=0 (low)" if _line(machine, name) else f"{left}=VALUE"
        raise ValueError(f"a value is missing; write {form}")
    if not (left and equals):
        raise ValueError(f"'{text}' does not read {FORM}")
    line = _line(machine, name)
    if line:
        return _to_line(line, fronts, right)
    chosen, fronts = split_core(fronts)
    core = core if chosen is None else chosen
    check_core(machine, core)
    value = to_number(right)
    address = _ADDRESS.fullmatch(name)
    if address is not None and not fronts:
        space = PORTS if address[1] else MEMORY
        return _to_address(machine, space, to_number(address[2]), value, core)
    return _to_register(machine, fronts, name, value, core)


def _line(machine: Machine, name: str) -> str:
    """The wire that is meant; empty where a register is.  Raises ValueError where there is none."""
    names = {line.name.lower(): line.name for _, _, _, line in lines(machine)}
    device, dot, output = name.lower().partition(".")
    if name.lower() in names:
        return names[name.lower()]
    is_register = device in {site.slot.name.lower() for site in sites(machine)}
    if not dot and (is_register or device not in machine.devices):
        return ""
    if device not in machine.devices:
        is_output = output in {known.partition(".")[2] for known in names}
        is_near = is_output or get_close_matches(name.lower(), names, n=1, cutoff=LIKE)
        if is_register or not is_near:
            return ""
    hint = line_hint(name, names.values())
    raise ValueError(f"there is no line '{name}' on {machine.board_name}{hint}")


def _to_line(name: str, fronts: Sequence[str], text: str) -> Poke:
    if fronts:
        raise ValueError(f"a line stands alone: write {name}={text}")
    value = to_number(text)
    if value > 1:
        raise ValueError(f"{text} is no level of a line; write {name}=0 (low) or {name}=1 (high)")
    return wire_poke(name, level=bool(value))


def _check_fit(value: int, width: int, what: str) -> None:
    if value >> width:
        bits = f"{width} bits" if width > 1 else "one bit"
        raise ValueError(f"{value:#x} does not fit into {what}, which has {bits}")


# -- addresses ------------------------------------------------------------------------------------


def _to_address(machine: Machine, space: str, address: int, value: int, core: int) -> Poke:
    size = ADDRESS_SIZES[space]
    place = f"{space} address {address:#x}" if space == MEMORY else f"port {address:#x}"
    space = machine.met(space, address)
    window = machine.spaces[space].window_at(address)
    if window is None:
        raise ValueError(f"nothing answers at {place} of {machine.board_name}")
    if address % size:
        raise ValueError(f"{place} is no multiple of {size}")
    _check_fit(value, 8 * size, place)
    file = window.target
    slot = None
    if isinstance(file, RegisterFile):
        slot = file.slot_at(address - window.base, write=True, value=value)
        if slot is None:
            raise ValueError(f"no register is at {place} ({window.name})")
    if isinstance(file, Rom) or (slot is not None and not _is_writable(slot.register)):
        raise ValueError(f"{slot.name if slot else place} is read-only")
    poke = Poke(space, address, value, size, core)
    _check_reach(machine, poke, place)
    return poke


def _check_reach(machine: Machine, poke: Poke, name: str) -> None:
    """Whether the core gets through to it at all: no instruction is there that could fault."""
    space = machine.spaces.get(poke.space)
    if space is None:
        return
    try:
        machine.cores[poke.core].poke_target(space, poke.address, poke.value)
    except BusFault:
        text = (
            f"core {poke.core} cannot store {poke.value:#x} to {name}: it would take an exception"
        )
        raise ValueError(text) from None


# -- registers ------------------------------------------------------------------------------------


def _to_register(
    machine: Machine, fronts: Sequence[str], named: str, value: int, core: int
) -> Poke:
    name, dot, field = named.partition(".")
    site, label = register_and_label(machine, fronts, name)
    site = _writable(site, label)
    register = site.slot.register
    size, shift, keep = register.width // 8, 0, 0
    if dot:
        chosen, shift, width = bits_named(register, label, field)
        label = f"{label}.{field}"
        if chosen.access not in WRITABLE:
            raise ValueError(f"{label} is read-only")
        keep = register.mask_of(RW) & ~(((1 << width) - 1) << shift)
    else:
        width = register.width
    _check_fit(value, width, label)
    poke = Poke(
        site.space, site.address, value << shift, size, core, site.overlay, keep, label, shift
    )
    _check_reach(machine, poke, label)
    return poke


def name_for(machine: Machine, owner: str, block: str, name: str) -> str:
    """What a poke calls a register: as short as can be.  A core's own are in no ``block``."""
    alike = registers_named(machine, name)
    device = owner if block else "core"
    site = next(
        item for item in alike
        if item.device == device and (not block or item.block == block) and item.slot.name == name
    )  # fmt: skip
    label = label_of(site, alike)
    return label if block or len(machine.cores) == 1 else f"{owner.replace(' ', '')}/{label}"


def mend_of(machine: Machine, owner: str, gate: Gate) -> str:
    """The store that opens a gate of a device or a core, as :func:`parse` reads it.

    Empty where no single store does.
    """
    if gate.wants is None or gate.spot is None:
        return ""
    spot, device = gate.spot, machine.devices.get(owner)
    file = machine.core.regs if device is None else device.files[spot.window]
    slot = file.slot_for(spot.key)
    lsb = (spot.mask & -spot.mask).bit_length() - 1
    field = next((item for item in slot.register.fields if item.mask & spot.mask), None)
    if field is None:
        return ""
    bits = field.name if field.mask == spot.mask else f"{field.name}[{lsb - field.lsb}]"
    name = name_for(machine, owner, "" if device is None else spot.window, slot.name)
    return _checked(machine, f"{name}.{bits}={gate.wants:#x}", spot.cpu)


def end_of(machine: Machine, owner: str, gate: Gate) -> str:
    """The store by which a handler would end what it has taken; empty where it is not known."""
    alike = registers_named(machine, gate.ends_by) if gate.ends_by else []
    site = next((item for item in alike if item.device == owner), None)
    if site is None or gate.ends_with is None:
        return ""
    return _checked(machine, f"{label_of(site, alike)}={gate.ends_with:#x}", 0)


def _checked(machine: Machine, text: str, core: int) -> str:
    """A store that is offered; empty where a register, or its bits, cannot be stored to."""
    try:
        parse(machine, text, core)
    except ValueError:
        return ""
    return text


def _is_writable(register: Register) -> bool:
    return not register.fields or register.mask_of(*WRITABLE) != 0


def stored_as(file: RegisterFile, slot: Slot) -> Slot | None:
    """The register; of one that only reads, what stores to the same state at the same address.

    So the 8259's IMR is poked: software stores to it as OCW1.
    """
    if _is_writable(slot.register):
        return slot
    for other in file.slots():
        same = other.register.store_name == slot.register.store_name
        if same and other.offset == slot.offset and _is_writable(other.register):
            return other
    return None


def _writable(site: RegisterSite, label: str) -> RegisterSite:
    slot = stored_as(site.file, site.slot)
    if slot is None:
        raise ValueError(f"{label} is read-only")
    return site._replace(slot=slot)
