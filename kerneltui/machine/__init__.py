"""The machine: CPU cores that run a hosted kernel, boards, and the wires to the outside."""
