"""The tape: the last minute of both voices above each other."""
