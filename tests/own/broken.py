"""Drivers that are wrong in one way each: made of right ones by changes to their text."""

from typing import NamedTuple

from own.places import KERNEL, queue_file

SYSTEM_TIMER = '''\
"""A right driver of the System Timer."""

from kerneltui.kernel.irq import Irq

NEVER = 1 << 63
BASE = 0xFE00_3000
CS, CLO, CHI, C3 = 0x00, 0x04, 0x08, 0x18
AHEAD = 2


class MyTimer:
    compatible = "My System Timer"
    irq = Irq("gic", 99)

    def __init__(self, cpu):
        self._cpu = cpu

    def uptime_ns(self):
        return self._count() * 1000

    def _count(self):
        while True:
            high = self._cpu.read(BASE + CHI)
            low = self._cpu.read(BASE + CLO)
            if self._cpu.read(BASE + CHI) == high:
                return high << 32 | low

    def set_timeout_irq(self, due_ns):
        if due_ns >= NEVER:
            due = self._count() - 1
        else:
            due = max(-(-due_ns // 1000), self._count() + AHEAD)
        self._cpu.write(BASE + C3, due & 0xFFFF_FFFF)

    def conclude_timeout_irq(self):
        self._cpu.write(BASE + CS, 1 << 3)
'''
GIC = (KERNEL / "drivers" / "gicv2.py").read_text()
ARCH_TIMER = (KERNEL / "drivers" / "arch_timer.py").read_text()
PL011 = (KERNEL / "drivers" / "pl011.py").read_text()
LIST = '''\
"""A right queue: a list that is sorted at each push."""

from kerneltui.kernel.time.timeout_queue import TimeoutQueue, order


class MyQueue(TimeoutQueue):
    def __init__(self):
        super().__init__()
        self._timeouts = []

    def push(self, timeout):
        self._timeouts.append(timeout)
        self._timeouts.sort(key=order)

    def pop(self):
        return self._timeouts.pop(0)

    def remove(self, timeout):
        for place, item in enumerate(self._timeouts):
            if item is timeout:
                del self._timeouts[place]
                return
        raise ValueError("it is not in")

    def head(self):
        return self._timeouts[0] if self._timeouts else None

    def __len__(self):
        return len(self._timeouts)

    def __iter__(self):
        return iter(self._timeouts)
'''
assert queue_file("heap").exists()


class Broken(NamedTuple):
    """What is changed in which text, and the words that say what is wrong."""

    role: str
    text: str
    said: str

    @property
    def line(self):
        """The line of the file that is to be named: where BAD stands; None where none is."""
        for number, line in enumerate(self.text.splitlines(), 1):
            if "# BAD" in line:
                return number
        return None


def changed(text, *pairs):
    """A text with some of it changed: all of what is to be changed is there, once."""
    for before, after in zip(pairs[::2], pairs[1::2], strict=True):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def timer(said, *pairs):
    return Broken("timer", changed(SYSTEM_TIMER, *pairs), said)


def gic(said, *pairs):
    return Broken("irq-controller", changed(GIC, *pairs), said)


def queue(said, *pairs):
    return Broken("queue", changed(LIST, *pairs), said)


SET = "        if due_ns >= NEVER:\n"
UNLOADABLE = {
    "syntax error": timer("expected ':'", "class MyTimer:", "class MyTimer  # BAD"),
    "null byte": timer("null byte", '"""A right', '\0# BAD\n"""A right'),
    "unknown name at import": timer(
        "NameError: name 'AHED' is not defined", "AHEAD = 2", "AHEAD = AHED  # BAD"
    ),
    "import that is not there": timer(
        "No module named 'kerneltui.kernel.nothing'", "NEVER =",
        "import kerneltui.kernel.nothing  # BAD\nNEVER =",
    ),
    "import of a clock": timer(
        "a driver cannot import 'time': the only clock is the machine's", "NEVER =",
        "import time  # BAD\nNEVER =",
    ),
    "import of the machine": timer(
        "of kerneltui it sees the kernel alone", "NEVER =",
        "from kerneltui.machine.meter import METER  # BAD\nNEVER =",
    ),
    "import of sys": timer(
        "a driver cannot import 'sys': it meets the machine by accesses alone",
        "        self._cpu = cpu\n", "        import sys  # BAD\n        self._cpu = cpu\n",
    ),
    "import of chance": timer(
        "a driver cannot import 'random': a run does the same each time", "NEVER =",
        "from random import choice  # BAD\nNEVER =",
    ),
    "endless iterators": timer(
        "nothing could stop them", "NEVER =", "from itertools import count  # BAD\nNEVER =",
    ),
    "a method is missing": timer(
        "class MyTimer has no method conclude_timeout_irq(self): De-assert the interrupt.",
        "class MyTimer:", "class MyTimer:  # BAD",
        "    def conclude_timeout_irq(self):", "    def conclude(self):",
    ),
    "a method takes too little": timer(
        "MyTimer.set_timeout_irq takes (self), but the kernel calls set_timeout_irq(self, due_ns)",
        "    def set_timeout_irq(self, due_ns):", "    def set_timeout_irq(self):  # BAD",
    ),
    "it is made with something else": timer(
        "MyTimer.__init__ takes (self), but the kernel makes it with (self, cpu)",
        "    def __init__(self, cpu):", "    def __init__(self):  # BAD",
    ),
    "no class at all": Broken("timer", "x = 1\n", "there is no class with the methods of the role"),
    "exception in __init__": timer(
        "ZeroDivisionError: integer division or modulo by zero (in MyTimer.__init__)",
        "        self._cpu = cpu\n", "        self._cpu = 1 // 0  # BAD\n",
    ),
    "end of the program at import": timer(
        "SystemExit: it would end the program; here it halts the kernel", "NEVER =",
        "raise SystemExit(3)  # BAD\nNEVER =",
    ),
    "endless loop at import": timer(
        "500,000 turns of loops", "NEVER =", "while True:  # BAD\n    pass\nNEVER =",
    ),
    "no queue": queue(
        "class MyQueue is no queue: write class MyQueue(TimeoutQueue)",
        "class MyQueue(TimeoutQueue):", "class MyQueue:  # BAD",
    ),
    "a queue without a method": queue(
        "class MyQueue has no method head(self): The one that is due next, left where it is; or "
        "None.", "class MyQueue(TimeoutQueue):", "class MyQueue(TimeoutQueue):  # BAD",
        "    def head(self):", "    def first(self):",
    ),
}  # fmt: skip
"""What cannot be booted with."""
HALTING = {
    "exception in a handler": timer(
        "ZeroDivisionError: integer division or modulo by zero (in MyTimer.conclude_timeout_irq)",
        "        self._cpu.write(BASE + CS, 1 << 3)\n", "        1 // 0  # BAD\n",
    ),
    "a misspelt attribute": timer(
        "AttributeError: 'MyTimer' object has no attribute '_cpuu'",
        "self._cpu.write(BASE + CS, 1 << 3)", "self._cpuu.write(BASE + CS, 1 << 3)  # BAD",
    ),
    "a value that does not fit": timer(
        "a store of 32 bits cannot hold 0x100000000: it takes 0 to 0xffffffff; nothing has been "
        "stored (in MyTimer.set_timeout_irq)",
        SET, f"        self._cpu.write(BASE + C3, 1 << 32)  # BAD\n{SET}",
    ),
    "a negative value": timer(
        "a store of 8 bits cannot hold -1: it takes 0 to 0xff; nothing has been stored",
        SET, f"        self._cpu.write(BASE + C3, -1, 1)  # BAD\n{SET}",
    ),
    "a value that does not fit a system register": timer(
        "a store of 64 bits cannot hold -1",
        SET, f"        self._cpu.write_sysreg(0xDF12, -1)  # BAD\n{SET}",
    ),
    "an unaligned store": timer(
        "an unaligned 32-bit store at 0xfe003019, an alignment fault: a device's address is to be "
        "a multiple of 4; use width 1 for one byte (in MyTimer.set_timeout_irq)",
        SET, f"        self._cpu.write(BASE + C3 + 1, 1)  # BAD\n{SET}",
    ),
    "an unaligned load": timer(
        "an unaligned 16-bit load at 0xfe003019, an alignment fault",
        SET, f"        self._cpu.read(BASE + C3 + 1, 2)  # BAD\n{SET}",
    ),
    "end of the program": timer(
        "SystemExit: it would end the program; here it halts the kernel (in "
        "MyTimer.set_timeout_irq)", SET, f"        raise SystemExit  # BAD\n{SET}",
    ),
    "exit()": timer(
        "a driver cannot end the program: 'exit' is not for it", SET,
        f"        exit(1)  # BAD\n{SET}",
    ),
    "a file": timer(
        "a driver cannot open files", SET, f"        open('/etc/passwd')  # BAD\n{SET}"
    ),
    "a question": timer(
        "a driver cannot ask at the terminal", SET, f"        input('?')  # BAD\n{SET}"
    ),
    "code from a text": timer(
        "a driver cannot run code from a text", SET, f"        eval('1')  # BAD\n{SET}"
    ),
    "endless loop": timer(
        "500,000 turns of loops without an access to the hardware: it does not end",
        SET, f"        while True:  # BAD\n            pass\n{SET}",
    ),
    "endless loop that catches everything": timer(
        "500,000 turns of loops without an access to the hardware: it does not end",
        SET, "        while True:\n            try:\n                while True:  # BAD\n"
        f"                    pass\n            except BaseException:\n                pass\n{SET}",
    ),
    "endless generator": timer(
        "500,000 turns of loops", SET,
        f"        list(1 for _ in iter(lambda: 1, 2))  # BAD\n{SET}",
    ),
    "endless recursion": timer(
        "RecursionError", SET, f"        self.set_timeout_irq(due_ns)\n{SET}"
    ),
    "no such address": timer("", "BASE = 0xFE00_3000", "BASE = 0xFE00_0000"),
    "a wrong type to the kernel": gic(
        "(in Gicv2.handle_pending)", "            self._table.call(intid, self._cpu)\n",
        "            self._table.call(intid, None)  # BAD\n",
    ),
    "an offset that was never looked up": timer(
        "a value is still to be looked up, where ... stands in its place",
        "CS, CLO, CHI, C3 = 0x00, 0x04, 0x08, 0x18", "CS, CLO, CHI, C3 = 0x00, 0x04, 0x08, ...",
        "due & 0xFFFF_FFFF)", "due & 0xFFFF_FFFF)  # BAD",
    ),
    "a generator in self": timer(
        "MyTimer._waiting holds a generator, which cannot be saved",
        "    def uptime_ns(self):\n",
        "    def start(self):\n        yield 1\n\n    def uptime_ns(self):\n"
        "        self._waiting = self.start()\n",
    ),
    "a queue that cannot tell its head": queue(
        "IndexError: list index out of range (in MyQueue.head)",
        "        return self._timeouts[0] if self._timeouts else None",
        "        return self._timeouts[9]  # BAD",
    ),
    "a queue that cannot be counted": queue(
        "TypeError: object of type 'NoneType' has no len() (in MyQueue.__len__)",
        "        return len(self._timeouts)\n", "        return len(None)  # BAD\n",
    ),
}  # fmt: skip
"""What halts the kernel."""
ESCAPING = {
    "a global": timer(
        "the global 'asked' has changed while the kernel ran",
        "AHEAD = 2\n", "AHEAD = 2\nasked = 0  # BAD\n",
        "    def uptime_ns(self):\n", "    def uptime_ns(self):\n        global asked\n"
        "        asked += 1\n",
    ),
    "a global list": timer(
        "the global 'LOG' has changed while the kernel ran",
        "AHEAD = 2\n", "AHEAD = 2\nLOG = []  # BAD\n",
        "    def uptime_ns(self):\n", "    def uptime_ns(self):\n        LOG.append(1)\n",
    ),
    "an attribute of the class": timer(
        "'asked' of the class MyTimer has changed while the kernel ran",
        "    def __init__(self, cpu):\n", "    asked = 0  # BAD\n\n    def __init__(self, cpu):\n",
        "    def uptime_ns(self):\n", "    def uptime_ns(self):\n        MyTimer.asked += 1\n",
    ),
    "a default value": timer(
        "a default value of MyTimer.uptime_ns() has changed while the kernel ran",
        "    def uptime_ns(self):\n", "    def uptime_ns(self, seen=[]):  # BAD\n"
        "        seen.append(1)\n",
    ),
    "a closure": timer(
        "'asked' around count_up() has changed while the kernel ran",
        "AHEAD = 2\n",
        "AHEAD = 2\n\n\ndef counter():\n    asked = 0\n\n    def count_up():  # BAD\n"
        "        nonlocal asked\n        asked += 1\n\n    return count_up\n\n\n"
        "count_up = counter()\n",
        "    def uptime_ns(self):\n", "    def uptime_ns(self):\n        count_up()\n",
    ),
    "a cache": timer(
        "the global 'first' has changed while the kernel ran",
        "AHEAD = 2\n",
        "AHEAD = 2\n\n\nfrom functools import lru_cache\n\n\n@lru_cache\ndef first(value):  # BAD\n"
        "    return value\n\n\n",
        "    def uptime_ns(self):\n", "    def uptime_ns(self):\n        first(self._count())\n",
    ),
}  # fmt: skip
"""What keeps something where going back does not reach."""
SILENT = {
    "the timer's interrupt is never enabled": gic(
        "GICD_ISENABLER", "        self._cpu.write(self._gicd + offset, 1 << irq.number % 32)\n",
        "        if irq.number != 30:\n"
        "            self._cpu.write(self._gicd + offset, 1 << irq.number % 32)\n",
    ),
    "the distributor stays off": gic(
        "GICD_CTLR", "        self._cpu.write(self._gicd + GICD_CTLR, self.DISTRIBUTOR_CONTROL)\n",
        "",
    ),
    "the CPU interface stays off": gic(
        "GICC_CTLR", "        self._cpu.write(self._gicc + GICC_CTLR, self.INTERFACE_CONTROL)\n", ""
    ),
    "the priority mask stays shut": gic(
        "GICC_PMR", "        self._cpu.write(self._gicc + GICC_PMR, self.PRIORITY_MASK)\n", ""
    ),
    "interrupts are never ended": gic(
        "GICC_EOIR",
        "            if not self._drain:\n                self._cpu.write(self._gicc + GICC_EOIR,"
        " acknowledge)\n                return\n",
        "            return\n",
    ),
    "another one is ended": gic(
        "GICC_EOIR",
        "            if not self._drain:\n                self._cpu.write(self._gicc + GICC_EOIR,"
        " acknowledge)\n                return\n",
        "            self._cpu.write(self._gicc + GICC_EOIR, 99)\n            return\n",
    ),
    "the timer is not switched on": Broken(
        "timer", changed(ARCH_TIMER, "(control | CTL_ENABLE) & ~CTL_IMASK", "control & ~CTL_IMASK"),
        "CNTP_CTL_EL0.ENABLE",
    ),
    "the timer is masked": Broken(
        "timer", changed(ARCH_TIMER, "(control | CTL_ENABLE) & ~CTL_IMASK", "control | 3"),
        "CNTP_CTL_EL0.IMASK",
    ),
    "nanoseconds where ticks are meant": Broken(
        "timer", changed(ARCH_TIMER, "        return -(-due_ns * hz // NS_PER_S)\n",
                         "        return due_ns * 1000\n"),
        "CNTP_CVAL_EL0",
    ),
    "the compare value is never set": timer(
        "C3", "        self._cpu.write(BASE + C3, due & 0xFFFF_FFFF)\n", ""
    ),
    "the compare value has passed": timer(
        "C3", "max(-(-due_ns // 1000), self._count() + AHEAD)", "self._count() - 1"
    ),
    "another channel": timer(
        "irq 97", 'Irq("gic", 99)', 'Irq("gic", 97)'
    ),
}  # fmt: skip
"""What keeps the timer's interrupt out, and what the explanation has to name."""
