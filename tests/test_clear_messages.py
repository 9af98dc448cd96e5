"""What is written wrongly on the command line is told with what to write."""

import pytest

from kerneltui.configfile import available


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b1.yaml").write_text(available("boards")["rpi4"].read_text())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "--poke foo.irq",
            "a time is missing in front of it; write 1.5s:foo.irq=1",
        ),
        ("--poke GICC_PMR=0", "a time is missing in front of it; write 1.5s:GICC_PMR=0"),
        ("--poke 1s:foo.irq=1", "there is no line 'foo.irq' on rpi4; did you mean 'uart0.irq'?"),
        (
            "--poke 1s:uart0.irq",
            "write uart0.irq=1 (high) or uart0.irq=0 (low)",
        ),
        ("--poke 1s:GICC_PMR", "a value is missing; write GICC_PMR=VALUE"),
        (
            "--board b1.yaml --scenario case-3",
            "the scenario 'case-3' is for x86, not for b1, whose 'bsp' is rpi4; write --board x86",
        ),
        (
            "--board rpi3 --scenario fault-pmr",
            "the scenario 'fault-pmr' is for rpi4, not for rpi3; write --board rpi4",
        ),
        ("--board b1", "unknown board 'b1'; the file is called b1.yaml"),
        ("--board overload", "unknown board 'overload': this is a scenario; --scenario opens it"),
        ("--scenario x86", "unknown scenario 'x86': this is a board; --board opens it"),
        ("--scenario tour", "unknown scenario 'tour': this is a lesson; --lesson opens it"),
        ("--board RPI4", "unknown board 'RPI4'; did you mean 'rpi4'"),
    ],
)
def test_one_line_says_what_to_write(said, words, told):
    status, out, err = said("run", "--until", "1s", *words.split())
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("uart0", "there is no line 'uart0'; the lines of uart0 are uart0.irq, uart0.rx, uart0.tx"),
        ("uart0.iqr", "there is no line 'uart0.iqr'; did you mean 'uart0.irq'?"),
        ("foo.irq", "there is no line 'foo.irq'; did you mean 'uart0.irq'?"),
    ],
)
def test_a_line_that_is_not_there(said, line, told):
    status, _, err = said("explain", "--line", line)
    assert (status, told in err) == (2, True), err


def test_ways_that_differ_in_their_source_alone_are_told_together(said):
    status, out, _ = said("explain", "--board", "rpi4", "--irq", "153", "--at", "20ms")
    assert status == 0
    lines = out.splitlines()
    place = lines.index("10 further ways, through irq 153, irq input, BCM PL011 UART:")
    told = lines[place + 1 :]
    assert [line.rpartition(": not yet: ")[2] for line in told] == [
        "raised, let through, pending",
        "let through, pending",
        "raised, pending",
    ]
    sources = ", ".join(line.removeprefix("  from ").partition(": ")[0] for line in told)
    assert len(sources.split(", ")) == 10
    assert "the receive timeout" in told[-1]


def test_one_further_way_is_told_as_one(said):
    out = said("explain", "--board", "x86", "--irq", "gsi:8", "--at", "20ms")[1]
    assert "1 further ways" not in out
