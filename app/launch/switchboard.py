"""The services that one can go on with in the middle of a talk: those for which all that they need is set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from app.connection.eventlog import EventLog
from app.connection.services import ServiceSettingError
from app.conversation.session import SessionChange
from app.launch.dialling import make_dialler, service_of
from app.launch.embedded import missing_engines
from app.launch.request import Request, UsageError
from app.live.dialling import Dialler
from app.live.service_choice import ServiceChoice
from app.live.switching import SwitchError
from app.settings import Settings, which_service
from app.settings.trust import can_sign_in, claims, file_of, is_allowed, model_file

_NAMED = ("azure", "openai", "local")


class ConfiguredServices:
    """See app.live.switching.Switchboard. What a folder's `.env` wants and the user has not allowed is not offered."""

    def __init__(self, request: Request, log: EventLog | None, folder: Path) -> None:
        self._request, self._log, self._folder = request, log, folder

    def choices(self) -> tuple[ServiceChoice, ...]:
        """See Switchboard. The one that was begun with is the first."""
        current = which_service(self._request.loaded.settings)
        found = dict.fromkeys((current, *_NAMED))
        return tuple(choice for which in found for choice in self._choices(which))

    def _choices(self, which: str) -> Iterator[ServiceChoice]:
        settings = replace(self._request.loaded.settings, service=which)
        if which == "local":
            if not missing_engines() and model_file(self._request.loaded) is None:
                yield ServiceChoice(which, "embedded service")
            return
        try:
            self._check(which)
            service = service_of(which, settings)
        except (ServiceSettingError, SwitchError):
            return
        for model in dict.fromkeys((service.model, *service.family.models)):
            yield ServiceChoice(which, service.label, model, takes_model=True)

    def dialler(self, choice: ServiceChoice) -> tuple[Dialler, SessionChange]:
        """See Switchboard."""
        settings = with_choice(self._request.loaded.settings, choice)
        self._check(choice.service)
        try:
            dialler = make_dialler(settings, log=self._log, service_log=self._request.service_log)
        except (ServiceSettingError, UsageError) as error:
            raise SwitchError(str(error)) from error
        model = dialler.transcription_model if settings.transcription_model != "off" else None
        return dialler, SessionChange(transcription_model=model)

    def _check(self, which: str) -> None:
        """Raises SwitchError where a key of the user's would go to an address that only the folder's `.env` names."""
        request = self._request
        if which == "local" and model_file(request.loaded) is not None:
            raise SwitchError("REALTIME_RESPONDER in .env names a model's file, which is not read for a folder.")
        file = file_of(request.folders.settings_file)
        for claim in claims(request.loaded, which, signs_in=can_sign_in()):
            if not is_allowed(claim, self._folder, file):
                raise SwitchError(f"{claim.sentence} {claim.remedy}")


def with_choice(settings: Settings, choice: ServiceChoice) -> Settings:
    """The settings with the chosen service and its model in them."""
    if choice.service == "azure":
        return replace(settings, service="azure", azure_deployment=choice.model or settings.azure_deployment)
    return replace(settings, service=choice.service, model=choice.model)
