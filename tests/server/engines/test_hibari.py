from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audio.pcm import WIRE_RATE_HZ, resample
from app.server.engines.hibari import HibariSynthesiser, trim_pauses
from app.server.engines.interfaces import EngineUnavailableError, Synthesiser
from app.server.engines.moonshine import MoonshineRecogniser
from app.server.engines.speakable_text import spoken_text
from tests.server.engines.speech import loaded, plain_words, word_errors

CLEAR = (
    "Please tell me a story.",
    "What time is it now?",
    "My name is Robin.",
    "Thank you very much for your help.",
    "Do you remember my name?",
)
HARDER = (
    "The weather looks quite nice in Paris today.",
    "The quick brown fox jumps over the lazy dog.",
    "She has lived in a small house near the harbour since the spring.",
    "Could you explain how a lighthouse works, in two or three sentences?",
    "I would like to order a cup of coffee and a piece of apple cake.",
)


@pytest.fixture(scope="module")
def voice() -> Synthesiser:
    return loaded(HibariSynthesiser())


@pytest.fixture(scope="module")
def ears() -> MoonshineRecogniser:
    return loaded(MoonshineRecogniser())


def heard(voice: Synthesiser, ears: MoonshineRecogniser, text: str, speed: float = 1.0) -> str:
    return ears.transcribe(resample(voice.speak(text, speed=speed), WIRE_RATE_HZ, 16_000))


@pytest.mark.parametrize("text", CLEAR)
def test_what_is_said_clearly_is_heard_word_for_word(voice, ears, text):
    assert plain_words(heard(voice, ears, text)) == plain_words(text)


def test_ten_sentences_said_and_heard_again(voice, ears):
    sentences = (*CLEAR, *HARDER)
    errors = sum(word_errors(text, heard(voice, ears, text)) for text in sentences)
    words = sum(len(plain_words(text).split()) for text in sentences)
    sys.stdout.write(f"word errors of the round trip: {errors} of {words}, {100 * errors / words:.1f} %\n")
    assert errors <= words // 20, f"{errors} of {words} words"


def test_markdown_is_not_read_aloud(voice, ears):
    assert plain_words(heard(voice, ears, "**Please** tell me a [story](https://example.com/a?b=c).")) == (
        "please tell me a story"
    )


@pytest.mark.parametrize("text", ["", "  \n", "😀", "!!!", "...", "* * *", "—", "```\n```"])
def test_what_cannot_be_pronounced_is_no_sound(voice, text):
    sound = voice.speak(text)
    assert sound.size == 0
    assert sound.dtype == np.float32


def test_the_sound_is_24_khz_float_below_full_scale_and_always_the_same(voice):
    sound = voice.speak("The weather looks quite nice in Paris today.")
    assert sound.dtype == np.float32
    assert sound.ndim == 1
    assert 2 * WIRE_RATE_HZ < sound.size < 4 * WIRE_RATE_HZ
    assert 0.3 < np.abs(sound).max() <= 0.9 + 1e-6
    assert np.array_equal(sound, voice.speak("The weather looks quite nice in Paris today."))


def test_speed_shortens_and_is_held_within_what_the_voice_can(voice):
    sizes = [voice.speak("Please tell me a story.", speed=speed).size for speed in (0.5, 1.0, 2.0)]
    assert sizes[0] > sizes[1] > sizes[2]
    assert voice.speak("Please tell me a story.", speed=0.1).size == sizes[0]
    assert voice.speak("Please tell me a story.", speed=9.0).size == sizes[2]


def test_a_sentence_begins_at_once(voice):
    for text in CLEAR:
        sound = voice.speak(text)
        first = int(np.flatnonzero(np.abs(sound) > np.abs(sound).max() / 300)[0])
        assert first <= WIRE_RATE_HZ * 150 // 1000, text  # 60 ms of pause, and a soft "m" comes slowly to this level


@pytest.mark.parametrize("package", ["hibari", "onnxruntime"])
def test_not_installed_is_said_with_the_remedy(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)  # Python's own mark for what cannot be imported
    with pytest.raises(EngineUnavailableError, match=r"\[local\]"):
        HibariSynthesiser().load()


def test_asked_before_it_is_loaded_it_says_so():
    with pytest.raises(EngineUnavailableError, match="before it was loaded"):
        HibariSynthesiser().speak("Hello.")


@given(st.integers(0, 30_000), st.integers(0, 30_000), st.integers(200, 5_000))
def test_only_pause_is_trimmed(before, after, length):
    tone = (np.sin(np.arange(length) / 5) * 0.5).astype(np.float32)
    trimmed = trim_pauses(np.concatenate([np.zeros(before), tone, np.zeros(after)]).astype(np.float32))
    heard_frames = int((np.abs(trimmed) > 0).sum())
    assert heard_frames >= int((np.abs(tone) > 0).sum()) - 120  # an incomplete last window may go
    assert trimmed.size <= length + WIRE_RATE_HZ * 270 // 1000


def test_a_sound_that_is_only_pause_is_no_sound():
    assert trim_pauses(np.zeros(5000, dtype=np.float32)).size == 0
    assert trim_pauses(np.zeros(0, dtype=np.float32)).size == 0


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Plain text, untouched.", "Plain text, untouched."),
        ("**Bold** and *slanted*, __strong__ and _soft_ and `code`.", "Bold and slanted, strong and soft and code."),
        ("# A title", "A title"),
        ("- one\n- two", "one two"),
        ("> quoted", "quoted"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("See [the page](https://example.com/x).", "See the page."),
        ("[x](/h\u0259l\u02c8O/)", "x"),
        ("See https://www.example.com/a/b?c=d now", "See example.com now"),
        ("Stop!!! Why??? What?!", "Stop! Why? What?"),
        ("Wait... well\u2026\u2026", "Wait\u2026 well\u2026"),
        ("3 * 4 and 3*4 and 5 - 2", "3 times 4 and 3 times 4 and 5 minus 2"),
        ("snake_case stays", "snake_case stays"),
        ("3 < 4", "3 < 4"),
        ("<b>fat</b>", "fat"),
        ("a | b", "a b"),
        ("---", ""),
        ("\u2764\ufe0f!", ""),
    ],
)
def test_what_is_read_aloud(text, spoken):
    assert spoken_text(text) == spoken


@given(st.text(alphabet=st.sampled_from("aB1 *_`#[]()!?.-\n<>/:|\\~"), max_size=120))
def test_any_text_becomes_one_line_without_rows_of_signs(text):
    spoken = spoken_text(text)
    assert "\n" not in spoken
    assert "!!" not in spoken
    assert spoken == "" or any(sign.isalnum() for sign in spoken)
