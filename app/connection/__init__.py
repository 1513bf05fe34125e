"""The line to a service: where it is, how to greet it, how it refuses."""
