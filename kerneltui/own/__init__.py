"""Drivers of a person's own: from a file of Python to a class that the kernel can use."""
