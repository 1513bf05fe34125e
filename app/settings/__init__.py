"""Settings: declared once, read from five sources, saved to one file."""

from app.settings.declaration import SETTINGS, About, Applies, Section, Setting, Settings
from app.settings.folders import Folders, folders
from app.settings.sources import Loaded, SettingError, Source, checked, load, save, write_private

__all__ = [
    "SETTINGS",
    "About",
    "Applies",
    "Folders",
    "Loaded",
    "Section",
    "Setting",
    "SettingError",
    "Settings",
    "Source",
    "checked",
    "folders",
    "load",
    "save",
    "write_private",
]
