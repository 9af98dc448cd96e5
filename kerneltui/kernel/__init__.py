"""The operating system under study.

It imports nothing of the rest of the project: it meets the machine through the ``Cpu`` protocol
that it declares itself, and its drivers declare the register offsets that they use, as real
drivers do.
"""
