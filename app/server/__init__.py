"""The embedded realtime service: the same protocol, spoken from the other side."""
