"""The whole program against a service that makes mistakes: they cost what they are in, and a word."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.mutate import through_the_program, what_is_wrong

BEGIN = [
    '{"type":"session.created","session":{"type":"realtime","model":"gpt-realtime"}}',
    '{"type":"session.updated","session":{"type":"realtime"}}',
]
ANSWER = [
    '{"type":"response.created","response":{"id":"r1"}}',
    '{"type":"response.output_text.delta","response_id":"r1","item_id":"a1","delta":"Paris."}',
    '{"type":"response.output_text.done","response_id":"r1","item_id":"a1","text":"Paris."}',
]
USAGE = '{"type":"response.done","response":{"id":"r1","status":"completed","usage":{"output_tokens":7,%s}}}'
DONE = USAGE % '"input_tokens":5'
TEXT_TOKENS = '"output_token_details":{"text_tokens":%s}'


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        pytest.param([*ANSWER, USAGE % (TEXT_TOKENS % ("1" + "0" * 400))], "", id="a count of 400 digits"),
        pytest.param([*ANSWER, USAGE % (TEXT_TOKENS % ("1" + "0" * 5_000))], "", id="a count of 5,000 digits"),
        pytest.param([*ANSWER, USAGE % (TEXT_TOKENS % 2**30)], "", id="an absurd count"),
        pytest.param([*ANSWER, USAGE % (TEXT_TOKENS % -1)], "", id="a negative count"),
        pytest.param(
            ['{"type":"error","error":"Model X is not available","code":"model_not_found"}', *ANSWER, DONE],
            "Model X is not available",
            id="an error in words",
        ),
        pytest.param(
            [*ANSWER, '{"type":"x","deep":' + "[" * 100_000 + "]" * 100_000 + "}", DONE],
            "not understood",
            id="nested beyond measure",
        ),
        pytest.param([*ANSWER, "{broken", "[]", DONE], "not understood", id="no events"),
    ],
)
def test_a_mistake_costs_itself(tmp_path: Path, frames: list[str], said: str):
    status, out, err = asyncio.run(through_the_program([*BEGIN, *frames], tmp_path))
    assert what_is_wrong(status, out, err, tmp_path) == ""
    assert "Paris." in out
    assert said in err
    assert err.count("not understood") <= 1
    assert "Paris." in [turn["text"] for turn in json.loads((tmp_path / "talk.json").read_text())["turns"]]
