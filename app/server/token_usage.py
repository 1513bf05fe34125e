"""What a response used, in tokens. Sound is counted as the real service does (protocol reference, section 5.9):
a token for each 100 ms heard and each 50 ms spoken. Text is an estimate: a token for each four characters, rounded up.
Nothing is cached here.
"""

from __future__ import annotations

from typing import Final

from app.protocol.items import (
    CachedTokens,
    InputTokens,
    OutputTokens,
    TranscribedTokens,
    TranscriptionUsage,
    Usage,
)

HEARD_MS_PER_TOKEN: Final = 100
SPOKEN_MS_PER_TOKEN: Final = 50
CHARACTERS_PER_TOKEN: Final = 4


def text_tokens(text: str) -> int:
    """The estimate for a text; 0 only for none."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def heard_tokens(audio_ms: int) -> int:
    """For the user's sound."""
    return -(-audio_ms // HEARD_MS_PER_TOKEN)


def spoken_tokens(audio_ms: int) -> int:
    """For the assistant's sound."""
    return -(-audio_ms // SPOKEN_MS_PER_TOKEN)


def response_usage(input_text: int, input_audio: int, output_text: int, output_audio: int) -> Usage:
    """The usage object of a response, from tokens by kind."""
    return Usage(
        total_tokens=input_text + input_audio + output_text + output_audio,
        input_tokens=input_text + input_audio,
        output_tokens=output_text + output_audio,
        input_token_details=InputTokens(
            text_tokens=input_text, audio_tokens=input_audio, cached_tokens_details=CachedTokens()
        ),
        output_token_details=OutputTokens(text_tokens=output_text, audio_tokens=output_audio),
    )


def transcription_usage(audio_ms: int, transcript: str) -> TranscriptionUsage:
    """The usage object of a transcription, which is counted apart from the response."""
    heard, written = heard_tokens(audio_ms), text_tokens(transcript)
    return TranscriptionUsage(
        type="tokens",
        total_tokens=heard + written,
        input_tokens=heard,
        output_tokens=written,
        input_token_details=TranscribedTokens(audio_tokens=heard),
    )
