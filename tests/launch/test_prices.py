"""The price list: the one that comes with the program is whole, and a file of the user's is read or named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.connection.families import DEFAULT_MODEL, DEFAULT_TRANSCRIPTION_MODEL
from app.conversation.prices import Price, TokenPrice
from app.launch.prices import PriceFileError, names_of, price_list, read_prices
from app.settings import SettingError, Settings, checked

ALL = price_list(Settings())


def test_the_list_that_comes_with_the_program_is_dated():
    assert date.fromisoformat(ALL.date) <= date.today()


@pytest.mark.parametrize("name", [name for name, price in ALL.models.items() if price.per_minute is None])
def test_a_model_that_talks_has_a_price_for_all_it_hears_and_says(name: str):
    price = ALL.models[name]
    for kind in (price.text, price.audio):
        assert kind.input is not None
        assert kind.output is not None
        assert kind.cached is not None
        assert kind.cached < kind.input <= kind.output
    assert price.image.input is not None
    assert price.text.input < price.image.input < price.audio.input


def test_the_usual_models_have_a_price():
    assert ALL.of(DEFAULT_MODEL) is not None
    transcribing = ALL.of(DEFAULT_TRANSCRIPTION_MODEL)
    assert transcribing is not None
    assert transcribing.per_minute == 0.0045


@pytest.mark.parametrize(
    ("model", "text_out", "audio_in"),
    [("gpt-realtime-2.1", 24, 32), ("gpt-realtime-2.1-mini-2026-07-07", 2.4, 10), ("gpt-realtime-2025-08-28", 16, 32)],
)
def test_figures_as_published(model: str, text_out: float, audio_in: float):
    price = ALL.of(model)
    assert price is not None
    assert (price.text.output, price.audio.input) == (text_out, audio_in)


def test_prices_of_the_users_count_before_ours(tmp_path: Path):
    file = tmp_path / "prices.toml"
    file.write_text(
        'date = "2027-01-01"\n[models.gpt-realtime]\ntext = { input = 1, output = 2.5 }\n'
        "[models.mine]\nper_minute = 0.01\n"
    )
    prices = price_list(Settings(prices=str(file), deployment_models="my-rt=gpt-realtime, ears = mine"))
    assert prices.date == "2027-01-01"
    assert prices.of("gpt-realtime") == Price(TokenPrice(1, None, 2.5))
    assert prices.of("my-rt") == prices.of("gpt-realtime")
    assert prices.of("ears") == Price(per_minute=0.01)
    assert prices.of("gpt-realtime-2.1") == ALL.of("gpt-realtime-2.1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[models.m]\ntext = { input = -1 }", "models.m: Expected `float` >= 0.0 at `text.input`"),
        ("[models.m]\ntext = { input = 'x' }", "models.m: Expected `float | null`, got `str` at `text.input`"),
        ("[models.m]\ntext = { input = nan }", "models.m: Expected `float` >= 0.0 at `text.input`"),
        ("[models.m]\ntext = { input = 1e9 }", "models.m: Expected `float` <= 100000.0 at `text.input`"),
        ("[models.m]\ntext = 4", "models.m: Expected `object`, got `int` at `text`"),
        ("[models.m]\nvideo = 4", "models.m: Object contains unknown field `video`"),
        ("[models.m]\ntext = { in = 4 }", "models.m: Object contains unknown field `in` at `text`"),
        ("[modells.m]\ntext = 4", "Object contains unknown field `modells`"),
        ("[models]\nm = 4", "Expected `object`, got `int` at `models[...]`"),
        ("date = 2026-11-24", "Expected `str`, got `date` at `date`"),
        ("models = ", "Invalid value"),
        ("[models.m\n", "Expected"),
        pytest.param("x = " + "[" * 9000, "it is nested too deep", id="deep"),
        pytest.param("x = " + "9" * 9000, "a number in it has too many digits", id="long"),
    ],
)
def test_a_file_that_is_none_is_named_with_the_place(tmp_path: Path, text: str, why: str):
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(PriceFileError) as raised:
        price_list(Settings(prices=str(file)))
    assert str(raised.value).startswith(f"The price file {file} cannot be used: {why}")
    assert str(raised.value).endswith("Correct it, or unset REALTIME_PRICES.")


@pytest.mark.parametrize(
    ("contents", "why"), [(None, "No such file"), (b"\xff\xfe", "it is not UTF-8"), (b"#" * 1_000_001, "it is larger")]
)
def test_the_same_of_one_that_cannot_be_read(tmp_path: Path, contents: bytes | None, why: str):
    file = tmp_path / "prices.toml"
    if contents is not None:
        file.write_bytes(contents)
    with pytest.raises(PriceFileError, match=why):
        read_prices(file)
    with pytest.raises(PriceFileError, match="it is no file"):
        read_prices(tmp_path)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", {}),
        ("a=b", {"a": "b"}),
        (" a = b , c=d.1-e ", {"a": "b", "c": "d.1-e"}),
    ],
)
def test_names_of_deployments(text: str, names: dict[str, str]):
    assert names_of(checked("deployment_models", text, "here")) == names


@pytest.mark.parametrize("text", ["a", "a=", "=b", "a=b,", "a=b,,c=d", "a=b=c", "a b=c", "a=b c"])
def test_names_that_are_none(text: str):
    with pytest.raises(SettingError, match="must be NAME=MODEL, or several of these"):
        checked("deployment_models", text, "REALTIME_DEPLOYMENT_MODELS")
