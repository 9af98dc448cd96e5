"""Stand-ins for what a kernel runs on, each recording what is done to it."""

from kerneltui.kernel.arch.aarch64 import DAIF


class HaltedError(Exception):
    """The fake processor has been halted."""


class FakeCpu:
    """Remembers stores and answers loads: ``answers[address]`` is a value or a list of values."""

    def __init__(self):
        self.loads = []
        self.stores = []
        self.answers = {}
        self.sysregs = {DAIF: 0}
        self.daif = 0
        self.computed = 0
        self.tracepoints = []

    def read(self, address, size=4):
        self.loads.append(address)
        answer = self.answers.get(address, 0)
        if isinstance(answer, list):
            return answer.pop(0) if len(answer) > 1 else answer[0]
        return answer

    def write(self, address, value, size=4):
        self.stores.append((address, value))

    def compute(self, ns):
        self.computed += ns

    def halt(self, reason):
        raise HaltedError(reason)

    is_traced = True

    def tracepoint(self, name, /, **facts):
        self.tracepoints.append((name, facts))

    def read_sysreg(self, encoding):
        return self.daif << 6 if encoding == DAIF else self.sysregs.get(encoding, 0)

    def write_sysreg(self, encoding, value):
        if encoding == DAIF:
            self.daif = value >> 6
        else:
            self.sysregs[encoding] = value

    def mask(self, bits):
        self.daif |= bits

    def unmask(self, bits):
        self.daif &= ~bits


class FakeTimer:
    """A clock that is set by hand, and a comparator."""

    compatible = "fake timer"

    def __init__(self):
        self.now = 0
        self.armed = None
        self.history = []

    def uptime_ns(self):
        return self.now

    def set_timeout_irq(self, due_ns):
        self.armed = due_ns
        self.history.append(due_ns)

    def conclude_timeout_irq(self):
        self.armed = None


class FakeConsole:
    """Keeps the lines."""

    def __init__(self):
        self.infos = []
        self.warnings = []

    def info(self, text):
        self.infos.append(text)

    def warn(self, text):
        self.warnings.append(text)
