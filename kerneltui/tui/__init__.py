"""The dashboard: a Textual app over one session."""
