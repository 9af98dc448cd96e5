"""The core that runs the kernel."""

from __future__ import annotations

from kerneltui.debugger.views import CpuView, MachineView
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.widgets.line_view import Line, plain

MASKS = (("D", "debug"), ("A", "SError"), ("I", "IRQ"), ("F", "FIQ"))


class CpuPanel(Panel):
    """State, masks, exception registers, what comes next and who called it."""

    TITLE = "CPU"
    SHORT = "CPU"
    ABOUT = (
        "Core 0: what it executes next, which exceptions PSTATE masks, the exception registers, "
        "and the kernel's call stack, innermost function first."
    )

    def content(self, view: MachineView, width: int) -> list[Line]:
        """The state of the core."""
        cpu = view.cpu
        halted = cpu.state == "halted"
        state = {"waiting": "WFI, asleep", "running": "running"}.get(cpu.state, cpu.state)
        where = f"handler depth {cpu.depth}" if cpu.depth else "no handler"
        lines: list[Line] = [
            (("next  ", "dim"), (fit(cpu.next_instruction, width - 6), "strong")),
            (("state ", "dim"), (f"{state}; {where}", "alert" if halted else "text")),
            (("EL    ", "dim"), (f"EL{cpu.exception_level}", "text"), *_masks(cpu)),
            (("input ", "dim"), (cpu.inputs or "no interrupt", "changed" if cpu.inputs else "dim")),
        ]
        for name in ("ELR_EL1", "SPSR_EL1", "ESR_EL1", "FAR_EL1", "VBAR_EL1"):
            value = cpu.registers[name]
            if value or name not in {"ESR_EL1", "FAR_EL1"}:
                lines.append(
                    ((f"{name:<9}", "dim"), (f"{value:#018x}", "text" if value else "dim"))
                )
        if halted:
            lines.append(plain(view.halt_reason, "alert"))
        lines.append(plain("call stack", "head"))
        for frame in cpu.frames:
            place = f"{frame.file}:{frame.line}"
            lines.append(((fit(frame.function, width), "text"),))
            lines.append(((fit(f" {place} {frame.source}", width), "dim"),))
        return lines

    def caption(self, view: MachineView) -> str:
        """Counts since reset."""
        return f"{view.cpu.instructions} instr, {view.cpu.interrupts} irqs"


def _masks(cpu: CpuView) -> tuple[tuple[str, str], ...]:
    """DAIF, a letter where the mask bit is set; in words for what matters most."""
    letters = "".join(letter if letter in cpu.masked else "·" for letter, _ in MASKS)
    irq = "IRQ masked" if "I" in cpu.masked else "IRQ open"
    return ((f"  DAIF {letters}  ", "text"), (irq, "alert" if "I" in cpu.masked else "good"))
