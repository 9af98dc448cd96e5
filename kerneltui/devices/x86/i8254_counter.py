"""One counter of the 8254: its count register, counting element, output latch and status latch.

Document: Intel 8254 data sheet (order number 231164), "Functional Description" and "Mode
Definitions"; cited by its own headings.  Nothing is ticked: CLK pulses are numbered from the one
that loaded the counter, and what the counter shows is computed from the number of the latest pulse.

The data sheet says that a count is transferred from the count register (CR) to the counting element
(CE) on the CLK pulse after the write, or after the trigger.  As nothing ties the phase of CLK to
the processor, that pulse is put at the very instant of the write or trigger, as QEMU does: pulse 0.
"""

from __future__ import annotations

from kerneltui.hw.clock import NEVER, NS_PER_S, ticks_to_ns

LSB, MSB, BOTH = 1, 2, 3
"""Values of RW1 and RW0: which bytes of the count are accessed."""

INTERRUPT, ONE_SHOT, RATE, SQUARE, SOFTWARE_STROBE, HARDWARE_STROBE = range(6)
PERIODIC = (RATE, SQUARE)
TRIGGERED = (ONE_SHOT, HARDWARE_STROBE)

STATUS_OUT, STATUS_NULL = 0x80, 0x40

Position = tuple[int, int, bool, bool]
"""Of a periodic counter: the pulse of its latest reload (mode 3: of the start of its half-cycle),
the count that it then got, whether OUT is in its high half, whether CR has yet to be loaded."""


def to_bcd(value: int) -> int:
    """Four decimal digits, one in each four bits."""
    return int(str(value), 16)


def from_bcd(digits: int) -> int:
    """The number that four binary coded digits stand for."""
    return sum((digits >> 4 * place & 0xF) * 10**place for place in range(4))


class I8254Counter:
    """One counter; each operation is told the time, in ns."""

    __slots__ = (
        "access", "anchor_ns", "control", "count", "counting", "expires", "gate", "high", "hz",
        "is_loaded", "latch_left", "latched", "low_byte", "mode", "modulus", "null", "period",
        "read_msb", "start", "status", "value", "write_msb",
    )  # fmt: skip

    def __init__(self, hz: int) -> None:
        self.hz = hz
        self.gate = True
        self.reset()

    def reset(self) -> None:
        """The state before programming is undefined ("Programming the 8254"): here OUT is low."""
        self.control = self.mode = self.access = 0
        self.modulus = 1 << 16
        self.count = 0
        self.null = True
        self.anchor_ns = self.start = self.value = 0
        self.period = 1
        self.is_loaded = self.counting = False
        self.expires = NEVER
        self.high = True
        self.status: int | None = None
        self.latched = self.latch_left = self.low_byte = 0
        self.read_msb = self.write_msb = False

    # -- what it shows ----------------------------------------------------------------------------

    def pulse(self, now: int) -> int:
        """The number of the latest CLK pulse."""
        return (now - self.anchor_ns) * self.hz // NS_PER_S

    def _half(self, period: int, *, high: bool) -> int:
        """A half-cycle of mode 3; of an odd count the high half is one longer."""
        return (period + high) >> 1

    def _position(self, pulse: int) -> Position:
        """Where a periodic counter is; a new count is taken over when the (half-)cycle ends."""
        start, period, high, null = self.start, self.period, self.high, self.null
        square = self.mode == SQUARE
        length = self._half(period, high=high) if square else period
        if not self.counting or pulse - start < length:
            return start, period, high, null
        start += length
        high = high != square
        if null:
            period, null = self.count, False
        start += (pulse - start) // period * period
        if square and pulse - start >= self._half(period, high=high):
            start += self._half(period, high=high)
            high = not high
        return start, period, high, null

    def element(self, now: int) -> int:
        """The counting element, as a number; counting goes on below zero, with the highest count.

        In mode 3 it goes down by two, from the count or, when that is odd, one less.
        """
        pulse = self.pulse(now)
        if not self.counting:
            return self.value % self.modulus
        if self.mode not in PERIODIC:
            return (self.value + self.start - pulse) % self.modulus
        start, period, _, _ = self._position(pulse)
        if self.mode == RATE:
            return (period + start - pulse) % self.modulus
        return ((period & ~1) - 2 * (pulse - start)) % self.modulus

    def out(self, now: int) -> bool:
        """The OUT pin ("Mode Definitions")."""
        pulse = self.pulse(now)
        if self.mode in PERIODIC:
            start, period, high, _ = self._position(pulse)
            if self.mode == SQUARE or not self.counting:
                return high
            return period + start - pulse != 1 or period == 1
        if self.mode in (INTERRUPT, ONE_SHOT):
            return pulse >= self.expires
        return pulse != self.expires

    @property
    def has_count(self) -> bool:
        """Whether a whole count was written since it was programmed."""
        return self.count != 0

    def next_edge_ns(self, now: int) -> int:
        """When OUT next changes if nothing is written; NEVER if it then never does."""
        pulse = self.pulse(now)
        if self.mode in PERIODIC:
            edge = self._next_periodic_edge(pulse)
        elif pulse < self.expires:
            edge = self.expires
        elif pulse == self.expires and self.mode in (SOFTWARE_STROBE, HARDWARE_STROBE):
            edge = pulse + 1
        else:
            return NEVER
        return self.anchor_ns + ticks_to_ns(edge, self.hz) if edge < NEVER else NEVER

    def next_rise_ns(self, now: int) -> int:
        """When OUT next rises if nothing is written; NEVER if it then never does."""
        edge = self.next_edge_ns(now)
        return self.next_edge_ns(edge) if edge < NEVER and self.out(now) else edge

    def _next_periodic_edge(self, pulse: int) -> int:
        """A count of 1 is illegal ("Mode Definitions", minimum counts): OUT then stays high."""
        start, period, high, null = self._position(pulse)
        if not self.counting or (period == 1 and not null):
            return NEVER
        if self.mode == SQUARE:
            return start + self._half(period, high=high)
        return start + period - (1 if pulse - start < period - 1 else 0)

    def settle(self, now: int) -> None:
        """Take over what :meth:`_position` has computed, before anything changes."""
        if self.mode in PERIODIC:
            self.start, self.period, self.high, self.null = self._position(self.pulse(now))

    # -- programming ------------------------------------------------------------------------------

    def program(self, now: int, control: int) -> None:
        """A Control Word: all control logic is reset, OUT goes to its initial level at once.

        Both latches are the output latch's business: a latched count is given up, as the data sheet
        says ("Counter Latch Command"); a latched status is kept.
        """
        self.value = self.element(now)
        self.control = control & 0x3F
        self.access = control >> 4 & 3
        mode = control >> 1 & 7
        self.mode = mode & 3 if mode > HARDWARE_STROBE else mode
        self.modulus = 10_000 if control & 1 else 1 << 16
        self.count = 0
        self.null = True
        self.is_loaded = self.counting = False
        self.expires = NEVER if self.mode == INTERRUPT else -1
        self.high = True
        self.latch_left = 0
        self.read_msb = self.write_msb = False

    def write(self, now: int, byte: int) -> None:
        """One byte of the count; of two, the least significant comes first."""
        if self.access == BOTH and not self.write_msb:
            self.write_msb = True
            self.low_byte = byte
            if self.mode == INTERRUPT:
                self._stop(now)
            return
        self.write_msb = False
        if self.access == LSB:
            self._new_count(now, byte)
        elif self.access:
            self._new_count(now, byte << 8 | (self.low_byte if self.access == BOTH else 0))

    def _stop(self, now: int) -> None:
        """Mode 0: the first of two bytes disables counting and sets OUT low immediately."""
        self.value = self.element(now)
        self.is_loaded = self.counting = False
        self.expires = NEVER

    def _new_count(self, now: int, raw: int) -> None:
        """CR is complete; 0 stands for the highest count, 2^16 or 10^4.

        Modes 0 and 4 load it at once, even while GATE is low; modes 1 and 5 at the next trigger;
        modes 2 and 3 at once if it is the initial count, else when the (half-)cycle ends.
        """
        self.settle(now)
        self.count = (from_bcd(raw) if self.control & 1 else raw) or self.modulus
        self.null = True
        if self.mode not in TRIGGERED and not (self.mode in PERIODIC and self.is_loaded):
            self._load(now, counting=self.gate)

    def _load(self, now: int, *, counting: bool) -> None:
        """CR goes to CE on pulse 0."""
        self.anchor_ns = now
        self.start = 0
        self.period = self.count
        self.value = self.count & ~1 if self.mode == SQUARE else self.count
        self.null = False
        self.is_loaded = True
        self.counting = counting
        self.high = True
        if self.mode not in PERIODIC:
            self.expires = self.count if counting else NEVER

    def set_gate(self, now: int, *, level: bool) -> None:
        """GATE enables counting in modes 0, 2, 3, 4; its rising edge triggers modes 1, 2, 3, 5.

        In modes 2 and 3 a low GATE sets OUT high immediately ("Gate Pin Operations Summary").
        """
        if level == self.gate:
            return
        self.settle(now)
        self.gate = level
        if self.mode in (INTERRUPT, SOFTWARE_STROBE):
            self._enable(now, level=level)
        elif level:
            if self.count:
                self._load(now, counting=True)
        elif self.mode in PERIODIC:
            self.value = self.element(now)
            self.counting = False
            self.high = True

    def _enable(self, now: int, *, level: bool) -> None:
        """Modes 0 and 4: a low GATE holds the count; it has no effect on OUT."""
        if not self.is_loaded:
            return
        pulse = self.pulse(now)
        self.value = self.element(now)
        self.start = pulse
        self.counting = level
        if not level and pulse < self.expires:
            self.expires = NEVER
        elif level and self.expires == NEVER:
            self.expires = pulse + (self.value or self.modulus)

    # -- reading ----------------------------------------------------------------------------------

    def latch_count(self, now: int) -> None:
        """A latched count stays until it is read; until then further latches are ignored."""
        if not self.latch_left and self.access:
            self.latched = self._digits(now)
            self.latch_left = self.access

    def latch_status(self, now: int) -> None:
        """Likewise the status ("Read-Back Command"): OUT, null count, and the Control Word."""
        if self.status is None:
            self.status = self.status_byte(now)

    def status_byte(self, now: int) -> int:
        """What a status latch would catch."""
        null = self._position(self.pulse(now))[3] if self.mode in PERIODIC else self.null
        return STATUS_OUT * self.out(now) | STATUS_NULL * null | self.control

    def _digits(self, now: int) -> int:
        value = self.element(now)
        return to_bcd(value) if self.control & 1 else value

    def peek(self, now: int) -> int:
        """What a read would return: a latched status, else a latched count, else CE itself."""
        if self.status is not None:
            return self.status
        if self.latch_left:
            return (self.latched >> 8 if self.latch_left == MSB else self.latched) & 0xFF
        msb = self.access == MSB or (self.access == BOTH and self.read_msb)
        return (self._digits(now) >> 8 if msb else self._digits(now)) & 0xFF

    def read(self, now: int) -> int:
        """One byte; a latched count has its own sequence of bytes, as in QEMU."""
        value = self.peek(now)
        if self.status is not None:
            self.status = None
        elif self.latch_left:
            self.latch_left = MSB if self.latch_left == BOTH else 0
        elif self.access == BOTH:
            self.read_msb = not self.read_msb
        return value
