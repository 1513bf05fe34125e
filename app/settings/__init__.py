"""Settings: declared once, read from five sources, saved to one file."""

from app.settings.about import About, Applies, Section, Setting
from app.settings.choice import which_service
from app.settings.declaration import SETTINGS, Settings
from app.settings.folders import Folders, folders
from app.settings.secrecy import redaction_of
from app.settings.sources import Loaded, SettingError, Source, checked, load, save

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
    "redaction_of",
    "save",
    "which_service",
]
