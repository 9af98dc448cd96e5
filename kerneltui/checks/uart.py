"""The role of a UART: characters out, in order and all of them, and characters in."""

from __future__ import annotations

from kerneltui.checks.bench import Bench
from kerneltui.checks.case import Cases, expect, nothing_seen

CASES = Cases()
REF = "Arm DDI 0183G (PL011), chapter 3; National PC16550D, chapter 8"
MS = 1_000_000
BAUD = 921_600
FRAME_NS = 10 * 1_000_000_000 // BAUD
"""Start bit, eight data bits, stop bit."""
TEXT = b"The quick brown fox jumps over the lazy dog. 0123456789\r\n"


def _send(bench: Bench, text: bytes) -> None:
    for char in text:
        bench.driver.write_char(char)
    bench.driver.flush()


def _listen(bench: Bench) -> bytearray:
    """What the driver hands on."""
    got = bytearray()
    bench.platform.irq_manager.init()  # type: ignore[attr-defined]
    bench.driver.init()
    bench.driver.receive = got.append
    bench.handle(bench.platform.irq_uart, bench.driver.handle)
    bench.let_in()
    return got


@CASES.case(
    "characters come out in the order in which they were written",
    REF,
    "the log is garbled, or nothing is on the wire",
)
def _in_order(bench: Bench) -> None:
    bench.driver.init()
    _send(bench, TEXT)
    sent = bytes(bench.output)
    expect(sent, "nothing has come out of the UART")
    expect(sent == TEXT, f"{TEXT!r} was written, but {sent!r} came out")


@CASES.case(
    "none is lost where more is written than the FIFO holds",
    f"{REF}: TXFF (PL011), THRE (16550)",
    "long lines of the log have holes",
)
def _longer_than_the_fifo(bench: Bench) -> None:
    bench.driver.init()
    text = bytes(32 + number % 90 for number in range(400))
    _send(bench, text)
    count = len(bench.output)
    expect(count == len(text), f"{len(text)} characters were written, and {count} came out")
    expect(bytes(bench.output) == text, "they did not come out in order")


@CASES.case(
    "flush waits until the last character has left the wire",
    f"{REF}: BUSY (PL011), TEMT (16550)",
    "the last words before a halt or a change of speed are lost",
)
def _flushed(bench: Bench) -> None:
    bench.driver.init()
    for char in b"123456789":
        bench.driver.write_char(char)
    bench.driver.flush()
    count = len(bench.output)
    expect(count == 9, f"flush() comes back when {count} of 9 characters have left the wire")


@CASES.case(
    "a character takes as long as it does at 921,600 baud, 8N1",
    f"{REF}: baud rate divisor, line control",
    "the other end reads garbage: the divisor or the frame is wrong",
)
def _speed(bench: Bench) -> None:
    bench.driver.init()
    begin = bench.now
    _send(bench, bytes(200))
    took, wanted = bench.now - begin, 200 * FRAME_NS
    nothing_seen(len(bench.output) == 200, f"{len(bench.output)} of 200 characters have come out")
    wrong = abs(took - wanted) / wanted
    expect(wrong < 0.05, f"200 characters take {took // 1000:,} us, not {wanted // 1000:,} us")


@CASES.case(
    "a character that arrives is handed on, once",
    f"{REF}: receive timeout (PL011), received data (16550)",
    "typing does nothing: one character alone does not fill a FIFO to its level",
)
def _one_arrives(bench: Bench) -> None:
    got = _listen(bench)
    bench.machine.terminal.type(b"a")
    bench.pass_time(5 * MS)
    expect(got, "an 'a' was typed, and receive() was not called")
    expect(bytes(got) == b"a", f"an 'a' was typed, and receive() was given {bytes(got)!r}")


@CASES.case(
    "many that arrive in a row are handed on in order",
    f"{REF}: RXFE (PL011), DR (16550)",
    "pasted text has holes: not all that waits is read",
)
def _many_arrive(bench: Bench) -> None:
    got = _listen(bench)
    text = b"many characters, as they come when somebody pastes a line of text"
    bench.machine.terminal.type(text)
    bench.pass_time(20 * MS)
    expect(bytes(got) == text, f"{text!r} was typed, and receive() was given {bytes(got)!r}")


@CASES.case(
    "it interrupts only when something has arrived",
    f"{REF}: interrupt mask and clear",
    "an interrupt storm: the line stays high after the handler, or the transmitter interrupts",
)
def _quiet(bench: Bench) -> None:
    _listen(bench)
    _send(bench, TEXT)
    bench.pass_time(5 * MS)
    expect(not bench.calls, f"it has interrupted {len(bench.calls)} times, and nothing arrived")
    bench.machine.terminal.type(b"x")
    bench.pass_time(5 * MS)
    count = len(bench.calls)
    expect(count, "a character was typed, and it has not interrupted")
    bench.pass_time(50 * MS)
    expect(len(bench.calls) == count, "it interrupts again though nothing more has arrived")
