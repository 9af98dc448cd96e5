"""Blocks designed by Broadcom for the Raspberry Pi."""
