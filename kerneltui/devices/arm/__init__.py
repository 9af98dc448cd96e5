"""Blocks designed by Arm."""
