"""Random conditions as trees, on real registers; and what they say, without the debugger's help.

A tree is a tuple: its kind, and what is below it.  It is written as a text, and evaluated by
itself; of a register it knows a text, and a function from the event to the value.
"""

import pytest

from kerneltui.debugger.breakpoints.condition import ConditionError, compile_condition
from kerneltui.debugger.register_names import register_and_label, sites
from kerneltui.hw.register import RES0, WO
from kerneltui.scenarios.scenario import open_session

S, MS = 1_000_000_000, 1_000_000
BOTH = ("value", "old")


def running(board, at=S):
    session = open_session(board, "timer-callbacks")
    session.run_until(at)
    return session


def site_of(machine, name, *owners):
    return register_and_label(machine, owners, name)[0]


def compiled(text, machine, subject="", values=BOTH):
    own = site_of(machine, subject) if subject else None
    return compile_condition(text, machine, own, values=values)


def mistake(text, machine, subject="", values=BOTH):
    with pytest.raises(ConditionError) as caught:
        compiled(text, machine, subject, values)
    said = str(caught.value)
    assert said.startswith(f"column {caught.value.column}: ")
    return caught.value.column, said.partition(": ")[2]


LEVELS = {"or": 0, "and": 1, "not": 2, "compare": 3, "&": 4, "number": 5, "name": 5}
SIGNS = ("==", "!=", "<", "<=", ">", ">=")


def worth(tree, now):
    """A tree's value; of a truth, 0 or 1."""
    kind, *below = tree
    if kind == "number":
        return below[1]
    if kind == "name":
        return below[1](now)
    if kind == "compare":
        left, sign, right = worth(below[0], now), below[1], worth(below[2], now)
        order = (left > right) - (left < right)
        meant = {"==": {0}, "!=": {-1, 1}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}}
        return int(order in meant[sign])
    values = [worth(item, now) for item in below[0]]
    if kind == "&":
        wide = max(value.bit_length() for value in values)
        return sum(1 << bit for bit in range(wide) if all(item >> bit & 1 for item in values))
    zeros = values.count(0)
    return int({"or": zeros < len(values), "and": zeros == 0, "not": zeros == 1}[kind])


def words_of(tree, least, rnd):
    """The words of its text, with those parentheses that it needs, and some more."""
    kind, *below = tree
    if LEVELS[kind] < least or rnd.random() > 0.9:
        return ["(", *words_of(tree, 0, rnd), ")"]
    level = LEVELS[kind]
    if level == 5:
        return [below[0]]
    if kind == "compare":
        return [*words_of(below[0], 4, rnd), below[1], *words_of(below[2], 4, rnd)]
    if kind == "not":
        return ["not", *words_of(below[0][0], 2, rnd)]
    found = []
    for item in below[0]:
        found += [kind, *words_of(item, level + 1, rnd)]
    return found[1:]


def spaced(words, rnd):
    """Spaces where words would run together, and anywhere."""
    text = ""
    for word in words:
        runs_together = bool(text) and (text[-1].isalnum() or text[-1] == "_")
        needed = runs_together and (word[0].isalnum() or word[0] == "_")
        text += " " * rnd.randrange(needed, 3) + word
    return text


def scramble(machine, rnd):
    """Give every register some state."""
    files = [file for device in machine.devices.values() for file in device.files.values()]
    for file in (*files, *(core.regs for core in machine.cores)):
        for slot in file.slots():
            register, port = slot.register, file.port(slot)
            wide = register.width * (register.count + register.first if register.packed else 1)
            widths = 1, min(4, wide), wide
            for cell in range(len(port.cells)):
                port.cells[cell] = rnd.getrandbits(widths[rnd.getrandbits(8) % 3])


def seen(machine, site, cpu):
    """A register as the bus shows it to a core, where it is on the bus."""
    if site.device == "core":
        return machine.cores[cpu].regs.peek(site.slot.offset, 8) % (1 << site.slot.register.width)
    space, size = machine.spaces.get(site.space), site.slot.register.width // 8
    if space is not None:
        return space.peek(site.address, size, cpu)
    return site.file.peek(site.slot.key, size, cpu)


def bits_of(value, lsb, width):
    digits = f"{value:0128b}"[::-1]
    return int(digits[lsb : lsb + width][::-1], 2)


def spellings(known, site):
    """All names that say which register it is."""
    name = site.slot.name
    alike = [item for item in known if item.slot.name == name]
    found = [f"{site.device}/{site.block}/{name}", f"{site.block}/{site.device}/{name}"]
    for front in (site.device, site.block):
        if len([item for item in alike if front in {item.device, item.block}]) == 1:
            found.append(f"{front}/{name}")
    if len(alike) == 1:
        found += [name, name.lower()]
    return found


class Leaves:
    """What conditions can name on a machine, for one breakpoint."""

    def __init__(self, machine):
        self.machine = machine
        self.known = list(sites(machine))
        self.readable = [site for site in self.known if self.is_readable(site)]

    def begin(self, own, rnd):
        """With another breakpoint's own register, and other random choices."""
        self.own, self.rnd = own, rnd

    @staticmethod
    def is_readable(site):
        kinds = {field.access for field in site.slot.register.fields}
        return not kinds or not kinds <= {WO, RES0}

    def register(self):
        """A readable one, or some of its bits; for the core of the event, or for another."""
        machine, rnd = self.machine, self.rnd
        site = rnd.choice(self.readable)
        fields = [field for field in site.slot.register.fields if field.access is not WO]
        text = rnd.choice(spellings(self.known, site))
        own = {field.name for field in self.own.slot.register.fields}
        if text in own or text.lower() in own:
            text = f"{site.device}/{site.block}/{site.slot.name}"
        lsb, width = 0, site.slot.register.width
        if fields and rnd.random() > 0.3:
            field = rnd.choice(fields)
            text, lsb, width = self.some_bits(f"{text}.{field.name}", field)
        cpu = None
        if rnd.random() > 0.8:
            cpu = rnd.randrange(len(machine.cores))
            text = f"core{cpu}/{text}"

        def read(now):
            return bits_of(seen(machine, site, now.core if cpu is None else cpu), lsb, width)

        return ("name", text, read), width

    def some_bits(self, text, field):
        if self.rnd.random() < 0.8:
            return text, field.lsb, field.width
        bit = self.rnd.randrange(field.width)
        return f"{text}[{bit}]", field.lsb + bit, 1

    def own_field(self):
        machine, own = self.machine, self.own
        field = self.rnd.choice(own.slot.register.fields)
        text, lsb, width = self.some_bits(field.name, field)

        def read(now):
            whole = now.value if field.access is WO else seen(machine, own, now.core)
            return bits_of(whole, lsb, width)

        return ("name", text, read), width

    def quantity(self):
        machine = self.machine
        found = {
            "value": lambda now: now.value,
            "old": lambda now: now.old,
            "core": lambda now: now.core,
            "time": lambda now: machine.clock.now,
            "depth": lambda now: machine.cores[now.core].depth,
            "interrupts": lambda now: sum(item.interrupts_taken for item in machine.cores),
        }
        name = self.rnd.choice(sorted(found))
        return ("name", name, found[name]), 64

    def number(self, near, width):
        """One that fits; often the very value, so that comparisons come out either way."""
        rnd = self.rnd
        number = rnd.choice((near, near + 1, near ^ 1, 0, 1, rnd.getrandbits(width)))
        number %= 1 << width
        forms = [f"{number}", f"{number:#x}", f"0B{number:b}", f"{number:_}", f"0X{number:_X}"]
        if number < 10**15:
            forms += [f"{number}ns", f"{number / 1000:.3f}us", f"{number / 1000:.3f} us"]
        return ("number", rnd.choice(forms), number)

    def value(self, now, deep=2):
        """A tree that is a value, and how many bits a number has that it is compared with."""
        rnd = self.rnd
        if deep and rnd.random() > 0.75:
            parts = [self.value(now, deep - 1)[0] for _ in range(rnd.randrange(2, 4))]
            if rnd.random() > 0.2:
                parts[-1] = self.number(worth(parts[0], now), 64)
            return ("&", parts), 64
        return rnd.choice((self.quantity, self.own_field, self.register))()

    def truth(self, now, deep=3):
        """A tree for a condition."""
        rnd = self.rnd
        kind = rnd.choice(("compare", "compare", "&", "not", "and", "or")) if deep else "compare"
        if kind == "&":
            return self.value(now)[0]
        if kind == "compare":
            left, width = self.value(now)
            right = self.number(worth(left, now), width)
            if rnd.random() > 0.8:
                right = self.value(now)[0]
            pair = (left, right) if rnd.random() < 0.7 else (right, left)
            return ("compare", pair[0], rnd.choice(SIGNS), pair[1])
        count = 1 if kind == "not" else rnd.randrange(2, 5)
        return (kind, [self.truth(now, deep - 1) for _ in range(count)])
