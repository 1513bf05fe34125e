"""The dialog for exports."""

from __future__ import annotations

import json
from pathlib import Path

from textual.widgets import RadioButton

from app.history.export import ExportFormat
from app.settings import Settings
from app.ui.screens.export_dialog import ExportDialog
from app.ui.screens.main_screen import MainScreen
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import assistant, user


def dialog(run: Driven) -> ExportDialog:
    assert isinstance(run.app.screen, ExportDialog)
    return run.app.screen


def exports(folder: Path) -> list[Path]:
    return list(folder.glob("conversation-*.md"))


async def say(run: Driven) -> None:
    run.live.put(user())
    run.live.put(assistant())
    await run.settle()


async def test_enter_writes_the_file_and_says_where(drive: Drive, tmp_path: Path) -> None:
    async with drive() as run:
        await say(run)
        await run.press("e", "enter")
        assert isinstance(run.app.screen, MainScreen)
        (written,) = exports(tmp_path)
        assert "It is noon." in written.read_text("utf-8")
        assert str(written) in next(iter(run.app._notifications)).message


async def test_the_format_changes_the_ending_and_the_last_place_is_remembered(drive: Drive, tmp_path: Path) -> None:
    async with drive(settings=Settings(export_folder=str(tmp_path / "exports"))) as run:
        await say(run)
        await run.press("e")
        next(button for button in dialog(run).query(RadioButton) if str(button.label) == "JSON").value = True
        await run.settle()
        assert dialog(run).path_input.value.endswith(".json")
        await run.press("enter")
        (written,) = (tmp_path / "exports").glob("*.json")
        assert json.loads(written.read_text("utf-8"))
        await run.press("e")
        proposed = dialog(run).path_input.value
        assert proposed == str(written.with_name(f"{written.stem}-2.json"))
        assert not dialog(run).overwrite.display
        await run.press("enter", "e")
        assert dialog(run).path_input.value == proposed.replace("-2.json", "-3.json")


async def test_the_format_chosen_is_told_by_more_than_its_colour(drive: Drive) -> None:
    async with drive() as run:
        await say(run)
        await run.press("e")
        buttons = {str(button.label): button for button in dialog(run).query(RadioButton)}
        signs = {name: str(button.render()) for name, button in buttons.items()}
        assert [name for name, sign in signs.items() if "●" in sign] == ["Markdown"]
        buttons["SRT"].value = True
        await run.settle()
        signs = {name: str(button.render()) for name, button in buttons.items()}
        assert [name for name, sign in signs.items() if "●" in sign] == ["SRT"]
        box = dialog(run).overwrite
        assert ("X" in str(box.render())) is box.value is False
        box.value = True
        assert "X" in str(box.render())


async def test_a_file_that_is_there_is_overwritten_only_when_told(drive: Drive, tmp_path: Path) -> None:
    async with drive() as run:
        await say(run)
        mine = tmp_path / "mine.txt"
        mine.write_text("precious", "utf-8")
        await run.press("e")
        dialog(run).path_input.value = str(mine)
        await run.settle()
        assert "exists already" in run.text
        await run.press("enter")
        assert mine.read_text("utf-8") == "precious"
        assert "exists already" in run.text
        dialog(run).overwrite.value = True
        dialog(run).path_input.focus()
        await run.press("enter")
        assert "It is noon." in mine.read_text("utf-8")


async def test_what_cannot_be_written_is_said_in_the_dialog(drive: Drive, tmp_path: Path) -> None:
    async with drive() as run:
        await say(run)
        await run.press("e")
        dialog(run).path_input.value = "notes.doc"
        await run.press("enter")
        assert "the file's ending" in run.text
        (tmp_path / "file").write_text("x", "utf-8")
        dialog(run).path_input.value = str(tmp_path / "file" / "x.md")
        await run.press("enter")
        assert "was not written" in run.text
        await run.press("escape")
        assert isinstance(run.app.screen, MainScreen)


async def test_nothing_said_is_nothing_to_export(drive: Drive) -> None:
    async with drive() as run:
        await run.press("e")
        assert isinstance(run.app.screen, MainScreen)
        assert "Nothing has been said yet." in run.text


async def test_at_40_by_12_everything_can_be_reached(drive: Drive, tmp_path: Path) -> None:
    async with drive(size=(40, 12)) as run:
        await say(run)
        await run.press("e", "tab")
        assert run.app.focused
        await run.press("tab")
        await run.press("shift+tab", "shift+tab", "enter")
        assert exports(tmp_path)


async def test_the_next_start_offers_the_last_place_and_format(drive: Drive, tmp_path: Path) -> None:
    async with drive() as run:
        run.live.put(user())
        await run.settle()
        run.main.exporter.open(ExportFormat.SRT)
        await run.settle()
        await run.press("enter")
        saved = run.folders.settings_file.read_text()
    assert 'export_format = ".srt"' in saved
    assert f'export_folder = "{tmp_path}"' in saved
