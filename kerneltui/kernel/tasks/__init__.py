"""Tasks: what they do, who runs next and for how long."""
