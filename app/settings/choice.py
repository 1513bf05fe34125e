"""Which service the settings name."""

from __future__ import annotations

from app.settings.declaration import Settings


def which_service(settings: Settings) -> str:
    """azure, openai, local, the name of another service or an address: `auto` is resolved by what is set."""
    if settings.service != "auto":
        return settings.service
    if settings.azure_endpoint or settings.azure_api_key or settings.azure_deployment:
        return "azure"
    return "openai" if settings.openai_api_key else "local"
