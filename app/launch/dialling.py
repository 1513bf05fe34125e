"""From settings to the service: which it is, and what leads to it. Loads the line, and neither sound nor screen."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from app.connection import services
from app.connection.child import Child
from app.connection.entra import scopes_of
from app.connection.event_ring import EventRing
from app.connection.eventlog import EventLog, EventLogError
from app.connection.keep_alive import KeepAlive
from app.connection.services import Extras, Service, ServiceSettingError
from app.launch.embedded import missing_engines, serve_options
from app.launch.prices import price_list
from app.launch.request import Request, UsageError
from app.live.dialling import Dialler, EmbeddedDialler, ServiceDialler
from app.live.early import EarlyDialler
from app.protocol.dialect import Dialect
from app.settings import Settings, which_service
from app.settings.headers import HeadersError, read_headers
from app.settings.trust import can_sign_in


def begin_dialling(request: Request, child: Child | None) -> tuple[EarlyDialler, EventLog | None]:
    """The way to the service, to be entered, and the log of what goes along it.

    Checked before is whatever makes the request impossible and can be known without the devices. Raises UsageError.
    """
    try:
        _check_files(request)
        ring = None if request.is_plain else EventRing()  # the screen shows them
        log = EventLog(request.events, ring=ring) if request.events or ring else None
        dialler = make_dialler(
            request.loaded.settings,
            log=log,
            service_log=request.service_log,
            is_written_only=request.is_text_only,
            child=child,
        )
    except (ServiceSettingError, EventLogError) as error:
        raise UsageError(str(error)) from error
    return EarlyDialler(dialler), log


def _check_files(request: Request) -> None:
    """Exports need a known format, a microphone that is a file must be a sound, and prices must be some."""
    if request.loaded.settings.prices:
        price_list(request.loaded.settings)
    if request.exports:
        from app.history.export import ExportError, format_of

        try:
            for path in request.exports:
                format_of(path)
        except ExportError as error:
            raise UsageError(str(error)) from error
    mic = request.loaded.settings.mic
    if mic.casefold().endswith((".wav", ".wave")):
        from app.audio.ports import NotASoundFileError
        from app.audio.wav import read_wav

        try:
            read_wav(Path(mic).expanduser())
        except NotASoundFileError as error:
            raise UsageError(str(error)) from error


def make_dialler(
    settings: Settings,
    *,
    log: EventLog | None,
    service_log: Path,
    is_written_only: bool = False,
    child: Child | None = None,
) -> Dialler:
    """What leads to the service; `child` is the embedded one's process, if it runs. Raises ServiceSettingError,
    UsageError.
    """
    which = which_service(settings)
    if which == "local":
        _require_local(is_written_only)
        return EmbeddedDialler(serve_options(settings), log, service_log, child)
    keep_alive = KeepAlive(settings.ping_interval_s, settings.ping_timeout_s)
    return ServiceDialler(service_of(which, settings), log, keep_alive)


def service_of(which: str, settings: Settings) -> Service:
    """The remote service of that name or address. Raises ServiceSettingError."""
    transcription = None if settings.transcription_model in ("auto", "off") else settings.transcription_model
    extras = _extras(settings)
    match which:
        case "azure":
            return services.azure(
                settings.azure_endpoint,
                settings.azure_api_key,
                settings.azure_deployment,
                settings.azure_api_version or None,
                settings.azure_legacy_preview,
                settings.azure_transcription_deployment or transcription,
                replace(extras, token=settings.azure_ad_token),
            )
        case "openai":
            return services.openai(
                settings.openai_api_key, settings.openai_base_url or None, settings.model, transcription, extras
            )
        case _:
            dialect = None if settings.dialect == "auto" else Dialect(settings.dialect)
            return services.compatible(which, settings.api_key, settings.model, dialect, transcription, extras)


def _extras(settings: Settings) -> Extras:
    try:
        headers = read_headers(settings.headers)
    except HeadersError as error:
        raise ServiceSettingError("REALTIME_HEADERS", f"REALTIME_HEADERS cannot be read: {error}.") from error
    return Extras(
        sign_in_scopes=scopes_of(settings.azure_scope) if can_sign_in() else (),
        headers=headers,
        account=(
            ("OpenAI-Organization", settings.openai_organization),
            ("OpenAI-Project", settings.openai_project),
            ("OpenAI-Safety-Identifier", settings.safety_identifier),
        ),
        allow_plain=settings.allow_plain,
    )


def _require_local(is_written_only: bool) -> None:
    if missing_engines() and not is_written_only:
        raise UsageError(
            "No service is set, and the embedded one is not installed. Set AZURE_OPENAI_ENDPOINT, "
            "AZURE_OPENAI_API_KEY and AZURE_OPENAI_DEPLOYMENT, or OPENAI_API_KEY; or install the embedded service "
            "with: pip install 'gpt-realtime-tui[local]' (from a clone: pip install '.[local]')."
        )
