"""Settings changed while talking: what the session is asked, what is put back, what is saved."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.conversation.session import Mode, SessionChange
from app.conversation.standing import SettingStanding, Standing
from app.conversation.status import Status
from app.settings import Loaded, Settings, Source
from app.ui.settings.edited_settings import EditedSettings
from tests.ui.conftest import Drive
from tests.ui.fakes import session_of

SESSION = session_of(Settings())


@pytest.fixture
def edited() -> EditedSettings:
    settings = EditedSettings(Loaded(Settings()), session_of)
    settings.take_status(Status(settings=SESSION))
    return settings


def told(edited: EditedSettings, **fields: object) -> None:
    """The status: the session with these fields different, nothing refused."""
    edited.take_status(Status(settings=replace(SESSION, **fields)))


def refused(edited: EditedSettings, name: str, wanted: object, value: object) -> None:
    """The status: the session as it was, and a field that was changed in vain."""
    standing = SettingStanding(Standing.AGREED, value, wanted, "No.")
    edited.take_status(Status(settings=SESSION, standings={name: standing}))


def test_a_change_tells_what_to_change_in_the_session(edited: EditedSettings) -> None:
    assert edited.change("threshold", 0.7) == SessionChange(threshold=0.7)
    assert edited.change("mode", "push-to-talk") == SessionChange(mode=Mode.PUSH_TO_TALK)
    assert edited.change("theme", "nord") == SessionChange()
    assert edited.unsaved == {"threshold": 0.7, "mode": "push-to-talk", "theme": "nord"}
    edited.saved({"theme"})
    assert edited.unsaved == {"threshold": 0.7, "mode": "push-to-talk"}


def test_what_is_again_as_it_was_need_not_be_saved(edited: EditedSettings) -> None:
    edited.change("threshold", 0.7)
    edited.change("threshold", 0.5)
    assert edited.unsaved == {}
    edited.change("threshold", 0.7)
    edited.saved({"threshold"})
    edited.change("threshold", 0.5)
    assert edited.unsaved == {"threshold": 0.5}


def test_a_status_from_before_the_change_does_not_undo_it(edited: EditedSettings) -> None:
    edited.change("threshold", 0.7)
    told(edited)
    assert edited.settings.threshold == 0.7
    refused(edited, "threshold", 0.9, 0.5)  # an earlier change
    assert edited.settings.threshold == 0.7
    told(edited, threshold=0.7)
    assert edited.settings.threshold == 0.7


@pytest.mark.parametrize(
    ("name", "value", "wanted", "before"),
    [
        ("threshold", 0.7, 0.7, 0.5),
        ("mode", "push-to-talk", Mode.PUSH_TO_TALK, Mode.HANDS_FREE),
        ("voice", "cedar", "cedar", "marin"),
    ],
)
def test_what_is_refused_is_put_back_at_once_and_not_saved(
    edited: EditedSettings, name: str, value: object, wanted: object, before: object
) -> None:
    edited.change(name, value)
    told(edited, **{name: wanted})
    refused(edited, name, wanted, before)
    assert edited.settings == Settings()
    assert edited.unsaved == {}
    refused(edited, name, wanted, before)
    assert edited.settings == Settings()


def test_a_voice_that_waits_for_the_next_session_is_not_put_back(edited: EditedSettings) -> None:
    assert edited.change("voice", "cedar", waits=True) == SessionChange()
    refused(edited, "voice", "cedar", "marin")
    assert edited.settings.voice == "cedar"
    assert edited.renewed() == SessionChange(voice="cedar")
    assert edited.renewed() == SessionChange()


def test_a_session_that_was_not_as_the_settings_said_is_changed_all_the_same(edited: EditedSettings) -> None:
    told(edited, threshold=0.9)
    assert edited.change("threshold", 0.5) == SessionChange(threshold=0.5)


def test_without_a_session_nothing_is_asked() -> None:
    edited = EditedSettings(Loaded(Settings()), None)
    assert edited.change("threshold", 0.7) == SessionChange()
    refused(edited, "threshold", 0.7, 0.5)
    assert edited.settings.threshold == 0.7


async def test_the_theme_is_kept_for_the_next_start(drive: Drive) -> None:
    async with drive() as run:
        run.app.theme = "nord"
        await run.settle()
        assert 'theme = "nord"' in run.folders.settings_file.read_text("utf-8")
        run.main.change("theme", "gruvbox")
        await run.settle()
        assert run.app.theme == "gruvbox"
        assert 'theme = "gruvbox"' in run.folders.settings_file.read_text("utf-8")


async def test_an_unknown_theme_is_the_usual_one(drive: Drive) -> None:
    async with drive(settings=Settings(theme="no-such-theme")) as run:
        assert run.app.theme == Settings().theme


async def test_changes_are_saved_when_told(drive: Drive) -> None:
    async with drive() as run:
        await run.press("right_square_bracket", "s", "ctrl+s")
        assert "threshold = 0.55" in run.folders.settings_file.read_text("utf-8")
        assert run.main.edited.unsaved == {}


def test_what_was_saved_is_no_default_any_more(edited: EditedSettings) -> None:
    edited.change("threshold", 0.7)
    assert edited.loaded.source("threshold") is Source.DEFAULT
    edited.saved({"threshold"})
    assert edited.loaded.source("threshold") is Source.FILE
