"""How much one client may make the service hold. Each limit is far above what a conversation needs, and is said in the
error of what goes beyond it.
"""

from __future__ import annotations

from typing import Final

MAX_TURN_MS: Final = 10 * 60 * 1000
"""The longest turn, and the most sound that waits for a commit: 48 MB with what is made of it. Nobody speaks that long
without a pause; a microphone that was forgotten does.
"""

MAX_APPEND_BYTES: Final = 15 * 1024 * 1024
"""The most sound that one append may carry (protocol reference, section 6); an item may carry as much."""

PIECE_MS: Final = 1000
"""Sound is taken in by pieces of this length, so that what is made of a long one is never there as a whole."""

MAX_TEXT_CHARACTERS: Final = 131_072
"""The longest text in an item: about the 32,000 tokens that the real service's sessions began with."""

MAX_CONVERSATION_CHARACTERS: Final = 4 * 1024 * 1024
"""All texts that a client has put into the conversation together."""

MAX_ITEMS: Final = 4_096
"""An hour of turns of a second each; finding an item takes time in proportion to their number."""

MAX_KEPT_SOUND_BYTES: Final = 64 * 1024 * 1024
"""The user's sound that is kept for a later `retrieve`: 23 minutes of PCM16. Of the oldest only the words stay."""

MAX_WAITING_SPEECH_MS: Final = 20 * 60 * 1000
"""Committed speech that waits for the recogniser: two takes of the longest kind."""

MAX_SILENT_EVENT_CHARACTERS: Final = 1024 * 1024
"""The longest event that carries no sound."""

MAX_PARTS: Final = 50_000
"""Objects, arrays and their members in an event longer than that: its length is to be sound, not structure, which takes
a hundred times the memory.
"""

MAX_UNSENT_CHARACTERS: Final = 32 * 1024 * 1024
"""What may wait for a client that does not read, before nothing more is done for it."""
