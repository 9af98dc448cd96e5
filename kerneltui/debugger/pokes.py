"""Pokes as people write them: ``REGISTER=VALUE``, and ``LINE=0`` or ``LINE=1``.

``REGISTER`` is a register's name as its datasheet and the panels have it (``GICC_PMR``,
``IOREDTBL2_LOW``), with the device or the block in front where several have one (``ioapic1/IOWIN``,
``I8259_SLAVE/IMR``), and with a field behind (``CNTP_CTL_EL0.IMASK``, ``IMR.M[3]``) where the other
bits are to stay as they are.  Or it is an address: ``0xFF842004`` of four bytes of memory,
``port:0x21`` of one port.  ``core1/`` in front of all that says which core stores.  ``VALUE`` is
decimal, or begins with ``0x`` or ``0b``.

``LINE`` is a wire by the device and the output that drive it (``uart0.irq``).  It gets that level
as if the device had just changed it, and keeps it until the device computes another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from kerneltui.debugger.setup import PokeRequest
from kerneltui.debugger.way import lines
from kerneltui.errors import suggestion
from kerneltui.hw.bus import BusFault, Rom
from kerneltui.hw.register import MEMORY, PORTS, RES0, RO, RW, Access, Field, Register, Slot
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import CORE_REGISTERS, Poke, TimedPoke, wire_poke
from kerneltui.units import parse_duration

WRITABLE = tuple(kind for kind in Access if kind not in {RO, RES0})
ADDRESS_SIZES = {MEMORY: 4, PORTS: 1}
NEAREST = 3
LIKE = 0.8
"""So much alike two names are where one is taken for a slip of the other."""
FORM = "REGISTER=VALUE or LINE=0|1, like GICC_PMR=0, port:0x21=0xff or uart0.irq=1"
TIMED_FORM = "TIME:REGISTER=VALUE or TIME:LINE=0|1, like 1.5s:GICC_PMR=0 or 1.5s:uart0.irq=1"
_NUMBER = r"0[xX][0-9a-fA-F][0-9a-fA-F_]*|0[bB][01][01_]*|[0-9][0-9_]*"
_ADDRESS = re.compile(rf"(port:)?({_NUMBER})")
_CORE = re.compile(r"core ?([0-9]+)")
_FIELD = re.compile(r"(\w+)(?:\[([0-9]+)\])?")


class RegisterSite(NamedTuple):
    """A register, and where a poke reaches it."""

    device: str
    block: str
    file: RegisterFile
    slot: Slot
    space: str
    address: int

    @property
    def overlay(self) -> str:
        """Which one it is where the address does not say."""
        return self.slot.register.overlay


# -- the text -------------------------------------------------------------------------------------


def split_time(text: str) -> tuple[int, str]:
    """``T:REGISTER=VALUE`` -> the time in ns, and the rest.  Raises ValueError, in words."""
    time, colon, rest = text.partition(":")
    if not colon or time == "port" or not time[:1].isdecimal():
        raise ValueError(f"a time is missing; write {TIMED_FORM}")
    return parse_duration(time.strip()), rest.strip()


def script(machine: Machine, requests: Iterable[PokeRequest]) -> list[TimedPoke]:
    """What is to be poked when, in order of time.

    Raises the errors that the requests make.
    """
    found: list[TimedPoke] = []
    for item in requests:
        try:
            found.append((item.at_ns, parse(machine, item.text, item.core), item.is_scripted))
        except ValueError as error:
            raise item.error(str(error)) from None
    return sorted(found, key=lambda item: item[0])


def parse(machine: Machine, text: str, core: int = 0) -> Poke:
    """What a text pokes on a machine; the core is one that it does not name itself.

    Raises ValueError, in words, for what makes no sense there.
    """
    left, equals, right = (part.strip() for part in text.partition("="))
    if not (left and equals and right):
        raise ValueError(f"'{text}' does not read {FORM}")
    *fronts, name = left.split("/")
    line = _line(machine, name)
    if line:
        return _to_line(line, fronts, right)
    if fronts and (chosen := _CORE.fullmatch(fronts[0])):
        core = int(chosen[1])
        del fronts[0]
    if core >= len(machine.cores):
        count = len(machine.cores)
        known = f"cores 0 to {count - 1}" if count > 1 else "core 0 alone"
        raise ValueError(f"there is no core {core}; {machine.board_name} has {known}")
    value = _number(right)
    address = _ADDRESS.fullmatch(name)
    if address is not None and not fronts:
        space = PORTS if address[1] else MEMORY
        return _to_address(machine, space, _number(address[2]), value, core)
    return _to_register(machine, fronts, name, value, core)


def _line(machine: Machine, name: str) -> str:
    """The wire that is meant; empty where a register is.  Raises ValueError where there is none."""
    names = {line.name.lower(): line.name for _, _, _, line in lines(machine)}
    device, dot, _ = name.partition(".")
    if name.lower() in names or not dot:
        return names.get(name.lower(), "")
    if device.lower() not in machine.devices:
        is_register = device.lower() in {site.slot.name.lower() for site in sites(machine)}
        if is_register or not get_close_matches(name.lower(), names, n=1, cutoff=LIKE):
            return ""
    hint = suggestion(name.lower(), names)
    raise ValueError(f"there is no line '{name}' on {machine.board_name}{hint}")


def _to_line(name: str, fronts: Sequence[str], text: str) -> Poke:
    if fronts:
        raise ValueError(f"a line stands alone: write {name}={text}")
    value = _number(text)
    if value > 1:
        raise ValueError(f"{text} is no level of a line; write {name}=0 (low) or {name}=1 (high)")
    return wire_poke(name, level=bool(value))


def _number(text: str) -> int:
    if not re.fullmatch(_NUMBER, text):
        raise ValueError(f"'{text}' is not a number; write it like 10, 0x0a or 0b1010")
    digits = text.replace("_", "")
    base = {"0x": 16, "0b": 2}.get(digits[:2].lower(), 10)
    return int(digits[2:] if base != 10 else digits, base)


def _check_fit(value: int, width: int, what: str) -> None:
    if value >> width:
        bits = f"{width} bits" if width > 1 else "one bit"
        raise ValueError(f"{value:#x} does not fit into {what}, which has {bits}")


# -- addresses ------------------------------------------------------------------------------------


def _to_address(machine: Machine, space: str, address: int, value: int, core: int) -> Poke:
    size = ADDRESS_SIZES[space]
    place = f"{space} address {address:#x}" if space == MEMORY else f"port {address:#x}"
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


def sites(machine: Machine) -> Iterator[RegisterSite]:
    """Every register of the devices, and those of a core."""
    for device in machine.devices.values():
        for space, base, file in machine.windows(device):
            block = file.table.name
            for slot in file.slots():
                if slot.register.overlay or space not in machine.spaces:
                    here, address = f"{device.name}.{block}", slot.offset
                else:
                    here, address = space, base + slot.offset
                yield RegisterSite(device.name, block, file, slot, here, address)
    regs = machine.core.regs
    for slot in regs.slots():
        yield RegisterSite("core", regs.table.name, regs, slot, CORE_REGISTERS, slot.offset)


def _to_register(
    machine: Machine, fronts: Sequence[str], named: str, value: int, core: int
) -> Poke:
    name, dot, field = named.partition(".")
    alike = _named(machine, name)
    site = _only(alike, fronts, name, machine)
    label = label_of(site, alike)
    site = _writable(site, label)
    register = site.slot.register
    size, shift, keep = register.width // 8, 0, 0
    if dot:
        chosen, shift, width = _bits(register, label, field)
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


def _named(machine: Machine, name: str) -> list[RegisterSite]:
    """All registers of a name.  Raises ValueError, with the nearest names, where there is none."""
    known = list(sites(machine))
    found = [site for site in known if site.slot.name == name]
    found = found or [site for site in known if site.slot.name.lower() == name.lower()]
    if found:
        return found
    names = {site.slot.name.lower(): site.slot.name for site in known}
    near = get_close_matches(name.lower(), names, n=len(names))
    near.sort(
        key=lambda item: sorted(item) != sorted(name.lower())
    )  # its letters, in another order
    close = [names[item] for item in near[:NEAREST]]
    hint = f"; did you mean {_listed(close)}?" if close else "; panel 1 shows those that there are"
    raise ValueError(f"no register '{name}' on {machine.board_name}{hint}")


def _listed(words: Sequence[str]) -> str:
    *most, last = (f"'{word}'" for word in words)
    return f"{', '.join(most)} or {last}" if most else last


def _only(
    alike: Sequence[RegisterSite], fronts: Sequence[str], name: str, machine: Machine
) -> RegisterSite:
    """The one that is meant by devices and blocks in front."""
    for front in fronts:
        names = [name for site in sites(machine) for name in (site.device, site.block)]
        if front not in names:
            hint = suggestion(front, dict.fromkeys(names))
            raise ValueError(f"no device or block '{front}' on {machine.board_name}{hint}")
    found = [site for site in alike if {*fronts} <= {site.device, site.block}]
    labels = [label_of(site, alike) for site in alike]
    if not found:
        raise ValueError(
            f"'{'/'.join(fronts)}' has no register '{name}'; there is {_listed(labels)}"
        )
    if len(found) > 1:
        raise ValueError(f"there are several registers '{name}'; write {_listed(labels)}")
    return found[0]


def label_of(site: RegisterSite, alike: Sequence[RegisterSite]) -> str:
    """The shortest name that no other one of the same name has."""
    name = site.slot.name
    if len(alike) == 1:
        return name
    if [item.device for item in alike].count(site.device) == 1:
        return f"{site.device}/{name}"
    if [item.block for item in alike].count(site.block) == 1:
        return f"{site.block}/{name}"
    return f"{site.device}/{site.block}/{name}"


def name_for(machine: Machine, owner: str, block: str, name: str) -> str:
    """What a poke calls a register: as short as can be.  A core's own are in no ``block``."""
    alike = _named(machine, name)
    device = owner if block else "core"
    site = next(
        item for item in alike
        if item.device == device and (not block or item.block == block) and item.slot.name == name
    )  # fmt: skip
    label = label_of(site, alike)
    return label if block or len(machine.cores) == 1 else f"{owner.replace(' ', '')}/{label}"


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


def _bits(register: Register, label: str, text: str) -> tuple[Field, int, int]:
    """A field, or one bit of it: with the lowest bit's place and the width."""
    read = _FIELD.fullmatch(text)
    names = {item.name: item for item in register.fields}
    field = names.get(read[1]) if read else None
    if read is None or field is None:
        raise ValueError(f"{label} has no field '{text}'{suggestion(text, names)}")
    if read[2] is None:
        return field, field.lsb, field.width
    bit = int(read[2])
    if bit >= field.width:
        raise ValueError(f"{label}.{field.name} has bits 0 to {field.width - 1}, and no bit {bit}")
    return field, field.lsb + bit, 1
