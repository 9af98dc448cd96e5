"""``python -m kerneltui`` and the ``kerneltui`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line; exits with 0, 1 (a check or the kernel failed), 2 (bad input) or
    128 + signal.
    """
    import gc

    # Imports make many objects and no garbage: the collector need not look for it, then or later.
    gc.disable()
    from kerneltui.cli import run

    gc.freeze()
    gc.enable()
    raise SystemExit(run())


if __name__ == "__main__":
    main()
