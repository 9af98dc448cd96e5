"""The source files of an image: where the lines that its ELF file names are on this computer."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerneltui.machine.native.image import NativeImage

FOLDERS_ABOVE = 4
"""So many folders above the image are looked into."""


@lru_cache(500)
def path_of(image: NativeImage, file: str) -> str:
    """Where a source file is; empty where it is not at hand.

    An image made elsewhere names folders that are not here: then the end of the name counts, from
    the folder of the image on, or one above it.
    """
    if not file:
        return ""
    if Path(file).is_file():
        return file
    home = (image.elf or image.path).absolute().parent
    parts = [part for part in PurePosixPath(file).parts if part not in {"/", "."}]
    for folder in (home, *home.parents[:FOLDERS_ABOVE]):
        for begin in range(len(parts)):
            found = folder.joinpath(*parts[begin:])
            if found.is_file():
                return str(found)
    return ""


def paths_of(image: NativeImage) -> list[str]:
    """All source files that are at hand, in order of their code."""
    found = (path_of(image, file) for file in image.symbols.files)
    return list(dict.fromkeys(path for path in found if path))
