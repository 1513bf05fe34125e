"""Sound: microphones, speakers, files, levels, voice activity, echo cancelling.

Knows nothing of the wire or the screen.
"""
