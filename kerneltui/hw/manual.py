"""Which manual to cite for what several chips have in common.

A model that is on more than one chip cites the manual of each, divided by :data:`OR`: in its table
(``BCM2835 ARM Peripherals, ch. 12 | BCM2711 ARM Peripherals, ch. 10``), in its rules, and, section
by section in the same order, in its registers.  A board names the manual of its chip.
"""

from __future__ import annotations

OR = " | "


def cited(ref: str, manual: str) -> str:
    """The citation from a board's manual; of manuals that it does not name, all of them.

    Where no citation is from that manual, the first one stands: it is the document of the model.
    """
    if OR not in ref:
        return ref
    refs = ref.split(OR)
    if not manual:
        return "; ".join(refs)
    return next((item for item in refs if item.startswith(manual)), refs[0])


def place_in(document: str, section: str, manual: str) -> str:
    """Document and section of a register: ``section`` as the register has it."""
    documents, sections = document.split(OR), section.split(OR)
    if len(sections) < len(documents):
        sections = sections[:1] * len(documents)
    pairs = zip(documents, sections, strict=True)
    whole = (f"{one}; {part}" if part and part not in one else one for one, part in pairs)
    return cited(OR.join(whole), manual)
