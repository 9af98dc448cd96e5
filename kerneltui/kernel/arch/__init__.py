"""What the kernel needs of a processor architecture."""
