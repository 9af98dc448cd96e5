"""Cores that execute machine code: a real AArch64 image on the project's device models.

Imported only where an image is loaded: what it needs is an extra (``native``) of the package.
"""
