"""An 8254 counter that is ticked, one CLK pulse after the other, by the data sheet's sentences.

It knows nothing of the device model; only the phase of CLK is the same: a pulse falls on the
instant of each write or trigger that loads the counter, and CLK is counted from there.
"""

HZ = 1_193_182


class NaiveCounter:
    def __init__(self):
        self.mode = None
        self.gate = False
        self.out = False
        self.now = self.clk_from = self.pulses = 0
        self.edges = []
        self.cr = self.ce = None
        self.null = True
        self.load = self.triggered = self.strobes = False
        self.low_byte = None

    # -- time

    def advance(self, to):
        while True:
            due = self.clk_from - (-(self.pulses + 1) * 10**9 // HZ)
            if due > to:
                break
            self.pulses += 1
            self.now = due
            self.clk()
        self.now = to

    def pulse_now(self):
        self.clk_from, self.pulses = self.now, 0
        self.clk()

    def set_out(self, level):
        if level != self.out:
            self.out = level
            self.edges.append((self.now, level))

    # -- what the processor and the gate do

    def control(self, access, mode, bcd):
        self.access, self.raw = access, access << 4 | mode << 1 | bcd
        self.mode = {6: 2, 7: 3}.get(mode, mode)
        self.top = 10_000 if bcd else 65_536
        self.cr = self.ce = self.low_byte = None
        self.load = self.triggered = self.strobes = False
        self.null = True
        self.set_out(self.mode != 0)

    def count(self, number):
        """The whole count has been written."""
        self.low_byte = None
        initial = self.ce is None
        self.cr, self.null = number or self.top, True
        if self.mode in (0, 4) or (self.mode in (2, 3) and initial):
            if self.mode == 0:
                self.set_out(False)
            self.load = True
            self.pulse_now()

    def first_byte(self):
        """Mode 0: disables counting, OUT is set low immediately.  Else nothing."""
        if self.mode == 0:
            self.set_out(False)
            self.ce = None

    def set_gate(self, level):
        rises, self.gate = level and not self.gate, level
        if rises and self.mode in (1, 2, 3, 5) and self.cr is not None:
            self.triggered = True
            self.pulse_now()
        if not level and self.mode in (2, 3):
            self.set_out(True)

    # -- one CLK pulse

    def clk(self):
        if self.mode in (4, 5):
            self.set_out(True)
        if self.load or self.triggered:
            if self.mode == 1:
                self.set_out(False)
            self.load = self.triggered = False
            self.strobes = True
            self.reload()
        elif self.ce is not None and (self.gate or self.mode in (1, 5)):
            (self.square if self.mode == 3 else self.rate if self.mode == 2 else self.down)()

    def reload(self):
        self.null = False
        self.ce = self.cr - self.cr % 2 if self.mode == 3 else self.cr
        self.odd = self.cr % 2 == 1

    def down(self):
        self.ce = (self.ce or self.top) - 1
        if self.ce == 0 and self.strobes:
            self.strobes = False
            self.set_out(self.mode in (0, 1))

    def rate(self):
        if self.ce == 1:
            self.set_out(True)
            self.reload()
        else:
            self.ce -= 1
            if self.ce == 1:
                self.set_out(False)

    def square(self):
        if self.odd and self.out and self.ce == 0:
            self.set_out(False)
            self.reload()
            return
        self.ce -= 2
        if self.ce == 0 and not (self.odd and self.out):
            self.set_out(not self.out)
            self.reload()
