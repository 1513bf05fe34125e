"""gpt-realtime-tui: talk with a realtime voice model from the terminal."""

__version__ = "0.1.0"
