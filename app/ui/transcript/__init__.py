"""The transcript: entries laid out in rows, painted, scrolled, searched and selected."""
