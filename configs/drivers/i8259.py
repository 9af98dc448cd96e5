"""My driver: the pair of 8259s of a PC.  With it the kernel takes its interrupts by them alone.

Each chip has eight inputs.  The second chip's output is input 2 of the first: that is the cascade.
Out of reset the vectors are those of the processor's exceptions: init gives them others.

Where to look the registers up:
    kerneltui docs registers --block I8259_MASTER
    in the dashboard: panel 1 (key 1); / finds one, and h on it tells where it is and what it does
Use self._cpu.read_port(port) and self._cpu.write_port(port, value): 8 bits each.
What you print() is an event of the trace (panel 6), with the line that printed it.
"""

FIRST, SECOND = ..., ...
"""The first port of each chip, to be looked up; the second port, of the mask, follows."""


class MyDriver:
    """ISA interrupt n, 0 to 15 without 2, comes as vector vector_base + n."""

    vector_base = 0x20

    def __init__(self, cpu):
        self._cpu = cpu

    def init(self):
        """Four command words for each chip (ICW1 to ICW4); then everything is masked.

        Edge triggered, two chips, vectors, the cascade at input 2, 8086 mode, normal end.
        """
        raise NotImplementedError("initialize both chips")

    def unmask(self, irq):
        """Let an interrupt through; one of the second chip goes through the cascade too.

        A store to the mask replaces all eight bits.
        """
        raise NotImplementedError("clear the bit of the interrupt")

    def end_of_interrupt(self, irq):
        """The handler of an interrupt is done: both chips that it came through are told (OCW2)."""
        raise NotImplementedError("end the interrupt")

    def is_spurious(self, irq):
        """Of 7 and 15: whether no such interrupt is in service (OCW3 shows the ISR)."""
        raise NotImplementedError("look at the in-service register")

    def end_spurious(self, irq):
        """Of 15 the first chip has the cascade in service, though the second has nothing."""
        raise NotImplementedError("end the cascade after a spurious 15")
