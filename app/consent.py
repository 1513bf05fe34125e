"""Before anything starts: what a folder's `.env` wants is put to the user, or refused where nobody can be asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.settings import Folders, Loaded, which_service
from app.settings.trust import (
    allow,
    can_sign_in,
    claims,
    file_of,
    is_allowed,
    model_file,
    replaced_elsewhere,
    uncovered_key,
)


class NotAllowedError(Exception):
    """The `.env` wants what the user has not allowed; `str` is the sentence for the user. Exit status 2."""


def settle(
    loaded: Loaded, places: Folders, folder: Path, ask: Callable[[str], bool] | None = None, *, serves: bool = False
) -> tuple[str, ...]:
    """See to it that all that the `.env` in `folder` wants is allowed, of a conversation or (`serves`) of a service.

    `ask` puts a question to the user, None where nobody answers. What is returned is to be told to the user.
    Raises NotAllowedError.
    """
    if not serves and (path := replaced_elsewhere(loaded, folder)) is not None:
        raise NotAllowedError(
            f"REALTIME_SPEAKER in .env names {path}, outside of its folder, where a file would be replaced. "
            "Give it with --speaker or in the environment."
        )
    which = "local" if serves else which_service(loaded.settings)
    if which == "local" and model_file(loaded) is not None:
        raise NotAllowedError(
            "REALTIME_RESPONDER in .env names a model's file, which a library outside of this program would read. "
            "Give it in the environment or in the settings file."
        )
    if not serves and (key := uncovered_key(loaded)) is not None:
        raise NotAllowedError(
            f"REALTIME_ALLOW_PLAIN in .env would let your {key}, which it does not hold itself, travel unencrypted. "
            "Give it in the environment or in the settings file."
        )
    file = file_of(places.settings_file)
    told = []
    for claim in claims(loaded, which, signs_in=can_sign_in()):
        if is_allowed(claim, folder, file):
            continue
        if ask is None or not ask(f"{claim.sentence} Allow it from now on?"):
            raise NotAllowedError(f"{claim.sentence} {claim.remedy}")
        try:
            allow(claim, folder, file)
        except OSError as error:
            told.append(f"{file} cannot be written ({error.strerror or error}), so you will be asked again.")
    return tuple(told)
