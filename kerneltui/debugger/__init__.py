"""The debugger: a session with one machine, its trace, and views of it.

The dashboard and the command line talk to nothing below this.
"""
