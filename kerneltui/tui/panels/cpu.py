"""The core on show."""

from __future__ import annotations

from kerneltui.debugger.references import CodeReference, CoreReference, RegisterReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.cpu import CpuView
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.fitting import fitted, flow
from kerneltui.tui.panels.kinds import CPU
from kerneltui.tui.widgets.lines import Line, Piece, plain

REGISTERS = (
    "ELR_EL1", "SPSR_EL1", "ESR_EL1", "FAR_EL1", "VBAR_EL1",
    "RIP", "RFLAGS", "RSP", "IDTR_BASE",
)  # fmt: skip
"""Those of either architecture that interrupts leave something in."""
MASKS = ("DAIF", "RFLAGS")
"""Where the masks are, on either."""
LABELS = {"RIP": "return RIP"}
"""What tells more than the name: as ELR_EL1, it holds where the last interrupt came from."""
SHOWN_WHEN_SET = {"ESR_EL1", "FAR_EL1"}
OF_IMAGES = (
    *(f"{name}_EL{level}" for level in (1, 2, 3) for name in
      ("ELR", "SPSR", "ESR", "FAR", "VBAR", "SCTLR")), "HCR_EL2", "SCR_EL3",
)  # fmt: skip
"""Those of all exception levels, shown when set."""


class CpuPanel(Panel):
    """State, masks, exception registers, what comes next and who called it."""

    KIND = CPU
    PARTS = frozenset({"cpu", "cores", "halt_reason"})

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """The state of the core."""
        cpu = view.cpu
        halted = cpu.state == "halted"
        state = f"{cpu.wait}, asleep" if cpu.state == "waiting" else cpu.state
        where = f"handler depth {cpu.depth}" if cpu.depth else "no handler"
        core = CoreReference(cpu.index)
        mask = register(cpu.index, next(name for name in MASKS if name in cpu.registers))
        level: list[Piece] = [
            ("level ", "dim", core), (f"{cpu.privilege}  ", "text", core),
            (f"{cpu.masks}  ", "text", mask), (*_irqs(cpu), mask),
        ]  # fmt: skip
        inputs = (cpu.inputs or "no interrupt", "strong" if cpu.inputs else "dim", core)
        following = [(*word, core) for word in _words(cpu.next_instruction, "strong")]
        lines: list[Line] = [
            *cores_lines(view, width),
            *flow([("next  ", "dim", core), *following], width, 6),
            (("state ", "dim", core), (f"{state}; {where}", "alert" if halted else "text", core)),
            *flow(level, width, 6),
            (("input ", "dim", core), inputs),
        ]
        for name in OF_IMAGES if cpu.is_image else REGISTERS:
            value = cpu.registers.get(name)
            when_set = cpu.is_image or name in SHOWN_WHEN_SET
            if value or (value is not None and not when_set):
                label = f"{LABELS.get(name, name):<11}"
                thing, look = register(cpu.index, name), "text" if value else "dim"
                lines.append(((label, "dim", thing), (f"{value:#018x}", look, thing)))
        general = general_lines(cpu.general, width, cpu.index, signed=not cpu.is_image)
        if not cpu.is_image:
            lines += general
        if halted:
            lines += flow(_words(view.halt_reason, "alert"), width)
        lines.append(plain("call stack", "head"))
        for frame in cpu.frames:
            place = f"{frame.file}:{frame.line}"
            code = CodeReference(frame.function, frame.file, frame.line)
            lines.append(plain(frame.function, "text", code))
            if frame.line or not cpu.is_image:
                lines.append(plain(f" {place} {frame.source}", "dim", code))
        return [*lines, plain("registers", "head"), *general] if cpu.is_image else lines

    def caption(self, view: MachineView) -> str:
        """Counts since reset."""
        count = view.cpu.interrupts
        interrupts = f"{count} interrupt" if count == 1 else f"{count} interrupts"
        return f"{view.cpu.instructions} instr, {interrupts}"


def register(core: int, name: str) -> RegisterReference:
    """What names a register of a core's."""
    return RegisterReference(f"core {core}", "", name)


def general_lines(
    registers: dict[str, int], width: int, core: int = 0, *, signed: bool = True
) -> list[Line]:
    """As many in a line as fit; errors of system calls are small negative numbers."""
    lines: list[Line] = []
    room = 0
    for name, value in registers.items():
        number = f"{value - (1 << 64)}" if signed and value >> 63 else f"{value:#x}"
        thing = register(core, name)
        pair = ((f"{name} ", "dim", thing), (f"{number}  ", "text", thing))
        needed = len(name) + len(number) + 3
        if needed > room:
            lines.append(())
            room = width
        lines[-1] += pair
        room -= needed
    return lines


def cores_lines(view: MachineView, width: int) -> list[Line]:
    """The cores that were started, where there are several; an arrow marks the one on show."""
    started = [core for core in view.cores if core.state != "off"]
    if len(started) < 2:
        return []
    lines: list[Line] = []
    row: list[Piece] = []
    for core in started:
        shown = core.index == view.cpu.index
        depth = f"+{core.depth}" if core.depth else ""
        piece = f"{signs.ON_SHOW if shown else ' '}{core.index} {core.state}{depth} "
        if row and sum(len(item[0]) for item in row) + len(piece) > width:
            lines.append(tuple(row))
            row = []
        row.append((piece, "strong" if shown else "text", CoreReference(core.index)))
    room = width - sum(len(item[0]) for item in row)
    hint = "k: next" if room > len("k: next") else ""
    return [*lines, (*row, (hint, "dim"))]


def _words(text: str, look: str) -> list[tuple[str, str]]:
    """Pieces that may go on a line of their own."""
    return [(f"{word} ", look) for word in text.split()]


def _irqs(cpu: CpuView) -> tuple[str, str]:
    """In words what matters most."""
    return ("IRQ masked", "alert") if cpu.masked else ("IRQ open", "good")
