"""Run a shell command in a pseudo-terminal until the dashboard shows, then press q.

Used by the gate for the README's launch command; exits with 0 when the dashboard showed up and
left with status 0.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

LIMIT_S = 300
SHOWN = b"Registers"


def main() -> int:
    """See the module."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execvp("bash", ["bash", "-c", sys.argv[1]])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
    seen = read_until(terminal, SHOWN)
    time.sleep(1)
    os.write(terminal, b"q")
    seen += read_until(terminal, None)
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    print(
        f"the dashboard {'showed up' if SHOWN in seen else 'DID NOT show up'}, exit status {code}"
    )
    return 0 if SHOWN in seen and code == 0 else 1


def read_until(terminal: int, wanted: bytes | None) -> bytes:
    """What the program writes until ``wanted`` or its end, for at most LIMIT_S."""
    seen = b""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end and (wanted is None or wanted not in seen):
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    return seen


if __name__ == "__main__":
    raise SystemExit(main())
