"""A kernel image: a raw ``kernel8.img`` or an ELF file, and where a core begins in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import replace

from kerneltui.errors import UserError
from kerneltui.machine.native.ram import PagePool

if TYPE_CHECKING:
    from kerneltui.machine.native.symbols import Symbols

USUAL_BASE = 0x8_0000
"""Where the firmware loads a 64-bit kernel, and enters it."""
ELF_MAGIC = b"\x7fELF"
AARCH64_MACHINE = 183
HIGHEST_PHYSICAL, LOW_BITS = 1 << 40, (1 << 30) - 1
EL1, EL2, EL3 = 1, 2, 3
LARGEST = 1 << 30
"""Bytes of a file: as much as a Raspberry Pi 3 has RAM."""


class ImageError(UserError):
    """A file is no image, or none that can run on the board."""


class Segment(NamedTuple):
    """Bytes of an image, and where they are to lie."""

    physical: int
    virtual: int
    data: bytes
    size: int
    """in memory; what is beyond the data is zero"""


class NativeImage(msgspec.Struct, frozen=True, dict=True, eq=False):
    """What is loaded, and how the first core begins in it."""

    path: Path
    segments: tuple[Segment, ...]
    entry: int
    """physical address of the first instruction"""
    level: int = EL2
    """the exception level that it is entered at"""
    all_cores: bool = False
    """every core begins at the entry; otherwise the firmware parks all but the first"""
    elf: Path | None = None
    """where symbols and lines come from"""
    registers: tuple[int, ...] = ()
    """X0 and so on at the entry; the rest are 0"""

    sha256: str = ""
    """of its file"""

    @cached_property
    def pool(self) -> PagePool:
        """The contents of all pages that machines with this image have saved."""
        return PagePool()

    @cached_property
    def symbols(self) -> Symbols:
        """Its names and source lines; none in a raw image without an ELF file beside it."""
        from kerneltui.machine.native.symbols import Symbols

        shifts = {item.virtual - item.physical for item in self.segments} - {0}
        return Symbols(self.elf, tuple(sorted(shifts)))

    def freeze(self) -> None:
        """Nothing: it does not change, nor what belongs to it (:mod:`kerneltui.machine.state`)."""

    def thaw(self, frozen: None) -> None:
        """As :meth:`freeze`."""

    def check_fits(self, regions: Iterable[tuple[int, int]]) -> None:
        """Whether it lies in the RAM of a board: pairs of base and size.

        Raises :class:`ImageError`.
        """
        ram = list(regions)
        for segment in self.segments:
            end = segment.physical + segment.size
            if not any(base <= segment.physical and end <= base + size for base, size in ram):
                where = f"{segment.physical:#x}-{end - 1:#x}"
                said = " and ".join(f"{base:#x}-{base + size - 1:#x}" for base, size in ram)
                raise ImageError(f"{self.path}: it needs {where}, but the board's RAM is {said}")
        if not any(base <= self.entry < base + size for base, size in ram):
            raise ImageError(f"{self.path}: its entry {self.entry:#x} is not in the board's RAM")


def check_file(path: Path) -> None:
    """Whether a file can be an image, by what kind of file it is and by its size.

    A pipe or a device might never end.  Raises :class:`ImageError`.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise ImageError(f"{str(path)!r}: no file can have this name") from None
    if S_ISDIR(found.st_mode):
        raise ImageError(f"{path}: it is a directory, not a kernel image")
    if not S_ISREG(found.st_mode):
        raise ImageError(f"{path}: it is a pipe or a device, not a file with a kernel image")
    if found.st_size > LARGEST:
        raise ImageError(f"{path}: it is larger than {LARGEST >> 20} MiB, the most that is loaded")


def is_there(path: Path) -> bool:
    """Whether there is a file; there is none of a name that no file can have."""
    return os.path.isfile(path)  # noqa: PTH113 - Path's raises an error for such a name


def is_elf(path: Path) -> bool:
    """Whether a file says itself where it lies; of one that cannot be read, no."""
    try:
        with path.open("rb") as file:
            return file.read(len(ELF_MAGIC)) == ELF_MAGIC
    except OSError:
        return False


def load_image(
    path: Path, *, load: int | None = None, level: int = EL2, all_cores: bool = False
) -> NativeImage:
    """Read an image; a raw one is to lie at ``load``, which is also its entry.

    Symbols of a raw image come from the ``.elf`` of the same name beside it, if there is one.
    Raises :class:`ImageError` for what is none for AArch64.
    """
    data = _read(path)
    digest = sha256(data).hexdigest()
    if data.startswith(ELF_MAGIC):
        if load is not None:
            raise ImageError(
                f"{path}: an ELF file says itself where it lies; leave the address out"
            )
        found = _elf_image(path, data, level, all_cores=all_cores)
        return replace(found, sha256=digest)
    if data.startswith(b"\x1f\x8b"):
        raise ImageError(f"{path}: it is compressed (gzip); unpack it first: gzip -dc")
    base = USUAL_BASE if load is None else load
    beside = path.with_suffix(".elf")
    elf = beside if beside != path and is_there(beside) else None
    segment = Segment(base, base, data, len(data))
    return NativeImage(path, (segment,), base, level, all_cores=all_cores, elf=elf, sha256=digest)


def _read(path: Path) -> bytes:
    check_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror or error}") from None
    if not data:
        raise ImageError(f"{path}: the file is empty")
    return data


STUB_MAGIC, MAGIC_AT = 0x5AFE570B, 0xF0
"""Of a stub that the firmware tells where the device tree (0xF8) and the kernel (0xFC) are."""


def with_stub(image: NativeImage, path: Path) -> NativeImage:
    """The image with an armstub at 0, in which all cores begin at EL3.

    As the firmware does, the words at 0xF0 to 0xFC are written if the magic word is there: the
    first two are cleared (the spin table of core 3), the others are the addresses of the device
    tree, 0 as there is none, and of the image.  Source: armstub8.S of the firmware's tools.
    Raises :class:`ImageError`.
    """
    data = bytearray(_read(path))
    if int.from_bytes(data[MAGIC_AT : MAGIC_AT + 4], "little") == STUB_MAGIC:
        told = bytes(12) + image.entry.to_bytes(4, "little")
        data[MAGIC_AT : MAGIC_AT + len(told)] = told
    for segment in image.segments:
        if segment.physical < len(data):
            raise ImageError(f"{path}: its {len(data)} bytes reach into the image")
    stub = Segment(0, 0, bytes(data), len(data))
    return msgspec.structs.replace(
        image, segments=(stub, *image.segments), entry=0, level=EL3, all_cores=True
    )


def _elf_image(path: Path, data: bytes, level: int, *, all_cores: bool) -> NativeImage:
    import io

    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(io.BytesIO(data))
        machine, bits = elf["e_machine"], elf.elfclass
        if machine != "EM_AARCH64" or bits != 64 or not elf.little_endian:
            what = str(machine).removeprefix("EM_").lower()
            raise ImageError(
                f"{path}: an ELF file for {what} ({bits} bits); it must be for aarch64 (64 bits, "
                "little-endian)"
            )
        parts = [
            Segment(part["p_paddr"], part["p_vaddr"], part.data(), part["p_memsz"])
            for part in elf.iter_segments()
            if part["p_type"] == "PT_LOAD" and part["p_memsz"]
        ]
        entry = elf["e_entry"]
    except (ELFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ImageError(f"{path}: it is a damaged ELF file ({error})") from None
    if not parts:
        raise ImageError(f"{path}: the ELF file has nothing to load")
    # A kernel that is linked high runs low until its MMU is on: addresses lose their upper bits.
    physical = [item._replace(physical=_low(item.physical)) for item in parts]
    if entry != _low(entry):
        entry = next(
            (item.physical + entry - item.virtual for item in physical
             if item.virtual <= entry < item.virtual + item.size),
            _low(entry),
        )  # fmt: skip
    return NativeImage(path, tuple(physical), entry, level, all_cores=all_cores, elf=path)


def _low(address: int) -> int:
    """An address as it is before the MMU is on."""
    return address if address < HIGHEST_PHYSICAL else address & LOW_BITS
