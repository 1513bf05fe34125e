"""The rules of a conversation: turn-taking, transcript, settings, interruption. No clock, thread, socket or sound."""
