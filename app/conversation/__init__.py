"""The rules of a conversation: turn-taking, transcript, settings, interruption. Pure: no clock, thread, socket or sound."""
