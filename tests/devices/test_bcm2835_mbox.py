"""The mailboxes: the Raspberry Pi firmware's wiki, "Mailboxes" and "Mailbox property interface"."""

import pickle
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.bcm.bcm2835_mbox import Bcm2835Mbox, Config
from kerneltui.devices.bcm.bcm2835_mbox_properties import WORDS
from kerneltui.hw.bus import AddressSpace, Memory
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut

READ, PEEK, SENDER, STATUS, CONFIG = 0x00, 0x10, 0x14, 0x18, 0x1C
WRITE, PEEK1, STATUS1, CONFIG1 = 0x20, 0x30, 0x38, 0x3C
EMPTY, FULL = 1 << 30, 1 << 31
LATENCY = Config().latency_ns
BUFFER, UNCACHED = 0x1000, 0xC000_0000
OK, FAILED, ANSWERED = 0x8000_0000, 0x8000_0001, 1 << 31


def make(**config):
    mailbox = Bcm2835Mbox("mailbox", Config(**config), Clock())
    mailbox.bus = AddressSpace("memory")
    mailbox.bus.attach(0, 0x1_0000, "dram", Memory(0x1_0000))
    mailbox.told = []
    mailbox.regs.on_unmodelled = mailbox.told.append
    return mailbox


@pytest.fixture
def mailbox():
    return make()


def advance(mailbox, ns=LATENCY):
    mailbox.clock.advance(mailbox.clock.now + ns)


def line(mailbox):
    return mailbox.outputs["irq"][0].level


def send(mailbox, tags, at=BUFFER):
    """Ask by tags, each with a value buffer of words; answers the code and the buffers."""
    words = []
    for tag, values in tags:
        words += [tag, 4 * len(values), 0, *values]
    words = [4 * (len(words) + 3), 0, *words, 0]
    for place, word in enumerate(words):
        mailbox.bus.write(at + 4 * place, word)
    mailbox.regs.write(WRITE, at | UNCACHED | 8)
    advance(mailbox)
    assert mailbox.regs.read(READ) == at | UNCACHED | 8
    answers, place = [], at + 8
    for _, values in tags:
        length = mailbox.bus.read(place + 8)
        found = [mailbox.bus.read(place + 12 + 4 * n) for n in range(len(values))]
        answers.append((length, found))
        place += 12 + 4 * len(values)
    return mailbox.bus.read(at + 4), answers


def ask(mailbox, tag, *values):
    code, ((length, found),) = send(mailbox, [(tag, values)])
    assert (code, length & ANSWERED) == (OK, ANSWERED)
    return found


# -- mailboxes -------------------------------------------------------------------------------------


def test_after_reset_both_are_empty(mailbox):
    registers = mailbox.regs
    assert registers.read(STATUS) == registers.read(STATUS1) == EMPTY
    assert registers.read(PEEK) == registers.read(PEEK1) == registers.read(SENDER) == 0
    assert (registers.read(CONFIG), line(mailbox)) == (0x60, False)


def test_an_answer_takes_its_time(mailbox):
    mailbox.regs.write(WRITE, BUFFER | 8)
    assert mailbox.regs.read(STATUS1) == 1
    advance(mailbox, LATENCY - 1)
    assert mailbox.regs.read(STATUS) == EMPTY
    advance(mailbox, 1)
    assert (mailbox.regs.read(STATUS), mailbox.regs.read(STATUS1)) == (1, EMPTY)
    assert mailbox.regs.read(PEEK) == BUFFER | 8
    assert mailbox.regs.read(READ) == BUFFER | 8
    assert mailbox.regs.read(STATUS) == EMPTY


def test_messages_are_answered_in_order(mailbox):
    for n in range(3):
        mailbox.regs.write(WRITE, n << 8 | 8)
    advance(mailbox, 3 * LATENCY)
    assert [mailbox.regs.read(READ) for _ in range(3)] == [0x008, 0x108, 0x208]


def test_a_mailbox_has_eight_places(mailbox):
    for n in range(9):
        mailbox.regs.write(WRITE, n << 8 | 8)
    assert mailbox.regs.read(STATUS1) == FULL | 8
    assert mailbox.regs.read(CONFIG1) & 0x200
    mailbox.regs.write(CONFIG1, 0)
    assert not mailbox.regs.read(CONFIG1) & 0x200
    advance(mailbox, 20 * LATENCY)
    assert mailbox.regs.read(STATUS) == FULL | 8
    mailbox.regs.write(WRITE, 0xF08)
    advance(mailbox, 20 * LATENCY)
    assert (mailbox.regs.read(STATUS), mailbox.regs.read(STATUS1)) == (FULL | 8, 1)
    mailbox.regs.read(READ)
    advance(mailbox)
    taken = [mailbox.regs.read(READ) for _ in range(8)]
    assert taken == [n << 8 | 8 for n in (1, 2, 3, 4, 5, 6, 7, 15)]


def test_a_read_of_an_empty_mailbox_is_an_error(mailbox):
    assert mailbox.regs.read(READ) == 0
    assert mailbox.regs.read(CONFIG) & 0x400
    mailbox.regs.write(CONFIG, 0)
    assert not mailbox.regs.read(CONFIG) & 0x400


def test_a_mailbox_can_be_emptied(mailbox):
    mailbox.regs.write(WRITE, BUFFER | 8)
    advance(mailbox)
    mailbox.regs.write(WRITE, BUFFER | 8)
    mailbox.regs.write(CONFIG, 8)
    assert mailbox.regs.read(STATUS) == EMPTY
    mailbox.regs.write(CONFIG1, 8)
    advance(mailbox)
    assert mailbox.regs.read(STATUS) == EMPTY


@pytest.mark.parametrize("channel", [0, 1, 2, 3, 4, 9, 15])
def test_other_channels_do_not_answer_and_that_is_told(mailbox, channel):
    mailbox.regs.write(WRITE, 0x100 | channel)
    advance(mailbox, 5 * LATENCY)
    assert mailbox.regs.read(STATUS) == EMPTY
    assert mailbox.told == [f"MAIL1_WRITE <- {0x100 | channel:#x}: channel {channel}"]


def test_a_message_interrupts_until_it_is_taken(mailbox):
    mailbox.regs.write(CONFIG, 1)
    mailbox.regs.write(WRITE, BUFFER | 8)
    (cause,) = mailbox.causes("irq", 0)
    assert cause.gates[-1].due_ns == LATENCY
    advance(mailbox)
    assert (line(mailbox), mailbox.regs.read(CONFIG) & 0x11) == (True, 0x11)
    mailbox.regs.write(CONFIG, 0)
    assert not line(mailbox)
    mailbox.regs.write(CONFIG, 1)
    assert line(mailbox)
    mailbox.regs.read(READ)
    assert not line(mailbox)


# -- property tags ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "asked", "answer"),
    [
        (0x0_0001, [0], [0x5F5E_1000]),
        (0x1_0001, [9], [0]),
        (0x1_0002, [0], [0xA0_2082]),
        (0x1_0005, [0, 0], [0, 0x3B40_0000]),
        (0x1_0006, [0, 0], [0x3B40_0000, 0x04C0_0000]),
        (0x6_0001, [0], [0x7F35]),
        (0x2_0001, [3, 0], [3, 0]),
        (0x2_8001, [3, 3], [3, 1]),
        (0x2_8001, [99, 3], [99, 2]),
        (0x2_0002, [3, 7], [3, 0]),
        (0x3_0002, [4, 0], [4, 250_000_000]),
        (0x3_0002, [2, 0], [2, 48_000_000]),
        (0x3_0002, [99, 7], [99, 0]),
        (0x3_0004, [3, 0], [3, 1_200_000_000]),
        (0x3_0007, [3, 0], [3, 600_000_000]),
        (0x3_0047, [3, 0], [3, 600_000_000]),
        (0x3_8002, [3, 900_000_000, 0], [3, 900_000_000, 0]),
        (0x3_8002, [3, 9_000_000, 0], [3, 600_000_000, 0]),
        (0x3_8002, [3, 2_000_000_000, 0], [3, 1_200_000_000, 0]),
        (0x3_0001, [4, 0], [4, 1]),
        (0x3_8001, [4, 0], [4, 0]),
        (0x3_0001, [99, 0], [99, 2]),
        (0x3_8009, [0, 1], [0, 1]),
        (0x3_0003, [1, 0], [1, 1_200_000]),
        (0x3_0003, [9, 0], [9, 0x8000_0000]),
        (0x3_8003, [1, 900_000], [1, 900_000]),
        (0x3_8003, [1, 9_900_000], [1, 1_200_000]),
        (0x3_0006, [0, 0], [0, 45_000]),
        (0x3_000A, [0, 0], [0, 85_000]),
        (0x3_0041, [130, 9], [0, 0]),
        (0x3_8041, [130, 1], [0, 1]),
        (0x3_8041, [7, 1], [7, 0]),
        (0x3_8043, [130, 1, 0, 1, 1, 1], [0, 1, 0, 1, 1, 1]),
        (0x3_0046, [0], [0]),
        (0x3_0058, [0x10_0000], [0]),
        (0x4_0003, [0, 0], [640, 480]),
        (0x4_8003, [1024, 768], [1024, 768]),
        (0x4_8003, [0, 768], [640, 480]),
        (0x4_8004, [1024, 1536], [1024, 1536]),
        (0x4_4004, [100, 100], [100, 100]),
        (0x4_8005, [32], [32]),
        (0x4_8005, [7], [16]),
        (0x4_8006, [0], [0]),
        (0x4_8007, [2], [2]),
        (0x4_8007, [7], [0]),
        (0x4_0008, [0], [1280]),
        (0x4_8009, [5, 5], [0, 0]),
        (0x4_800A, [1, 2, 3, 4], [1, 2, 3, 4]),
        (0x4_0002, [1], [1]),
        (0x4_0013, [0], [1]),
        (0x4_8013, [1], [0]),
        (0x4_8020, [0x1000], [0]),
    ],
)
def test_tags(mailbox, tag, asked, answer):
    assert ask(mailbox, tag, *asked) == answer


def test_serial_number_and_address_of_the_network(mailbox):
    low, high = ask(mailbox, 0x1_0004, 0, 0)
    assert high << 32 | low == 0x1234_5678
    assert struct.pack("<2I", *ask(mailbox, 0x1_0003, 0, 0))[:6].hex() == "b827eb123456"


def test_the_command_line():
    mailbox = make(cmdline="console=ttyS0")
    code, ((length, found),) = send(mailbox, [(0x5_0001, [0] * 8)])
    assert (code, length) == (OK, ANSWERED | 14)
    assert struct.pack("<8I", *found).rstrip(b"\0") == b"console=ttyS0"


def test_an_answer_that_has_no_room_is_cut_and_says_how_long_it_is():
    mailbox = make(cmdline="console=ttyS0 loglevel=7")
    code, ((length, found), other) = send(mailbox, [(0x5_0001, [0]), (0x1_0002, [0])])
    assert (code, length) == (OK, ANSWERED | 25)
    assert struct.pack("<I", *found) == b"cons"
    assert other == (ANSWERED | 4, [0xA0_2082])


def test_a_frame_buffer_with_several_tags(mailbox):
    tags = [(0x4_8003, [800, 600]), (0x4_8004, [800, 1200]), (0x4_8009, [0, 900]),
            (0x4_8005, [32]), (0x4_8006, [1]), (0x4_0001, [4096, 0]), (0x4_0008, [0])]  # fmt: skip
    code, answers = send(mailbox, tags)
    assert code == OK
    assert [found for _, found in answers] == [
        [800, 600], [800, 1200], [0, 600], [32], [1],
        [0x3C10_0000 | UNCACHED, 3200 * 1200], [3200],
    ]  # fmt: skip


def test_rows_begin_at_multiples_of_32_bytes(mailbox):
    ask(mailbox, 0x4_8004, 645, 480)
    assert ask(mailbox, 0x4_0008, 0) == [1312]


def test_a_frame_buffer_that_is_too_large_is_none(mailbox):
    send(mailbox, [(0x4_8004, [8192, 8192]), (0x4_8005, [32])])
    assert ask(mailbox, 0x4_0001, 16, 0) == [0, 0]


def test_clocks_are_listed(mailbox):
    found = ask(mailbox, 0x1_0007, *[0] * 28)
    assert found == [word for clock in range(1, 15) for word in (0, clock)]


def test_an_unknown_tag_stays_and_the_whole_has_failed(mailbox):
    code, answers = send(mailbox, [(0x7_7777, [5]), (0x1_0002, [0])])
    assert (code, answers) == (FAILED, [(0, [5]), (ANSWERED | 4, [0xA0_2082])])
    assert mailbox.told == ["property tag 0x77777"]


@pytest.mark.parametrize("size", [0, 7, 0xFFFF_FFFF])
def test_a_buffer_of_an_impossible_size_is_refused(mailbox, size):
    mailbox.bus.write(BUFFER, size)
    mailbox.regs.write(WRITE, BUFFER | 8)
    advance(mailbox)
    assert mailbox.bus.read(BUFFER + 4) == FAILED


def test_a_tag_that_goes_beyond_the_buffer_is_refused(mailbox):
    for place, word in enumerate((32, 0, 0x1_0002, 400, 0, 0)):
        mailbox.bus.write(BUFFER + 4 * place, word)
    mailbox.regs.write(WRITE, BUFFER | 8)
    advance(mailbox)
    assert mailbox.bus.read(BUFFER + 4) == FAILED


@pytest.mark.parametrize("at", [0x1_0000, 0x3FFF_FFF0, 0xFFF0])
def test_a_buffer_beyond_memory_is_left_alone(mailbox, at):
    mailbox.bus.write(0xFFF0, 64)
    mailbox.bus.write(0xFFF8, 0x1_0005)
    mailbox.bus.write(0xFFFC, 8)
    mailbox.regs.write(WRITE, at | 8)
    advance(mailbox)
    assert mailbox.regs.read(READ) == at | 8
    assert len(mailbox.told) == 1
    assert "nothing answers" in mailbox.told[0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"mac": "b8:27"}, "12 hexadecimal"), ({"serial": "x" * 16}, "16 hexadecimal"),
     ({"latency_ns": 0}, "latency_ns must be 1")],
)  # fmt: skip
def test_parameters_that_cannot_be(wrong, message):
    with pytest.raises(ValueError, match=message):
        Config(**wrong)


@given(st.sampled_from(sorted(WORDS)), st.lists(st.integers(0, 2**32 - 1), max_size=8))
def test_every_tag_takes_every_value(tag, values):
    mailbox = make()
    code, ((length, _),) = send(mailbox, [(tag, values)])
    assert (code, length & ANSWERED) == (OK, ANSWERED)


ACTIONS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from((WRITE, CONFIG, CONFIG1)),
              st.sampled_from((0, 1, 8, 9, 0x108, 0x1008))),
    st.tuples(st.just("read"), st.sampled_from((READ, PEEK, STATUS, CONFIG)), st.just(0)),
    st.tuples(st.just("wait"), st.integers(0, 3 * LATENCY), st.just(0)),
)  # fmt: skip


def act(mailbox, kind, first, second):
    if kind == "write":
        mailbox.regs.write(first, second)
    elif kind == "read":
        mailbox.regs.read(first)
    else:
        advance(mailbox, first)


def seen(mailbox):
    return [mailbox.regs.peek(slot.key) for slot in mailbox.regs.slots()]


@given(st.lists(ACTIONS, max_size=40))
def test_the_line_is_what_the_gates_say_and_looking_changes_nothing(actions):
    mailbox, unseen = make(), make()
    for action in actions:
        act(mailbox, *action)
        act(unseen, *action)
        (cause,) = mailbox.causes("irq", 0)
        assert line(mailbox) == (first_shut(cause.gates) is None)
        assert seen(mailbox) == seen(mailbox)
    assert seen(mailbox) == seen(unseen)


@given(st.lists(ACTIONS, max_size=20), st.lists(ACTIONS, max_size=20))
def test_a_copy_goes_on_as_the_original(before, after):
    mailbox = make()
    for action in before:
        act(mailbox, *action)
    mailbox.regs.on_unmodelled = None
    copy = pickle.loads(pickle.dumps(mailbox))
    for action in after:
        act(mailbox, *action)
        act(copy, *action)
    assert (seen(mailbox), line(mailbox)) == (seen(copy), line(copy))
