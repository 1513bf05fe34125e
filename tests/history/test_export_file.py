"""An export appears whole, private, and never in the place of another file unless that was wanted."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from app.history.export import ExportError
from app.history.export_file import ExportExistsError, write_export


def test_writes_utf8_into_a_new_folder(tmp_path: Path):
    path = tmp_path / "new" / "deep" / "talk.md"
    assert write_export(path, "Grüße, ✓\n", overwrite=False) == path
    assert path.read_bytes() == "Grüße, ✓\n".encode()
    assert [file.name for file in path.parent.iterdir()] == ["talk.md"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
@pytest.mark.parametrize("existed", [True, False])
def test_only_the_user_may_read_it(tmp_path: Path, existed: bool):
    path = tmp_path / "talk.txt"
    if existed:
        path.write_text("old")
        path.chmod(0o666)
    write_export(path, "new\n", overwrite=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_replaces_only_when_told(tmp_path: Path):
    path = tmp_path / "talk.txt"
    path.write_text("mine")
    with pytest.raises(ExportExistsError, match=r"talk\.txt exists already and was left alone"):
        write_export(path, "new\n", overwrite=False)
    assert path.read_text() == "mine"
    write_export(path, "new\n", overwrite=True)
    assert path.read_text() == "new\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_is_no_file(tmp_path: Path):
    with pytest.raises(ExportError, match="is a folder"):
        write_export(tmp_path, "new\n", overwrite=True)


def test_a_folder_that_is_a_file_is_an_error_with_the_reason(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"talk\.md was not written: .+ Choose another place"):
        write_export(tmp_path / "file" / "talk.md", "new\n", overwrite=True)


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege there")
def test_a_link_is_followed(tmp_path: Path):
    (tmp_path / "real.md").write_text("old")
    link = tmp_path / "link.md"
    link.symlink_to(tmp_path / "real.md")
    with pytest.raises(ExportExistsError):
        write_export(link, "new\n", overwrite=False)
    write_export(link, "new\n", overwrite=True)
    assert link.is_symlink()
    assert (tmp_path / "real.md").read_text() == "new\n"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(UnicodeEncodeError):
        write_export(tmp_path / "talk.md", "\ud800", overwrite=False)
    assert list(tmp_path.iterdir()) == []
