"""The smallest Textual app that the dashboard can be held against.

It shows one label, counts on it how often ``s`` was pressed, and leaves with ``q``.
"""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class EmptyApp(App[None]):
    """See the module."""

    BINDINGS = [("s", "count", "Count"), ("q", "quit", "Quit")]  # noqa: RUF012 - as in Textual's documentation

    def compose(self) -> ComposeResult:
        """One label."""
        self.label = Static("empty app")
        self.presses = 0
        yield self.label

    def action_count(self) -> None:
        """Change the label."""
        self.presses += 1
        self.label.update(f"pressed {self.presses}")


if __name__ == "__main__":
    EmptyApp().run()
