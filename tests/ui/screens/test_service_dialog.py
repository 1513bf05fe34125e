"""Going on with another service, from the screen."""

from __future__ import annotations

import pytest

from app.conversation.session import SessionChange
from app.live.service_choice import ServiceChoice
from app.settings import Settings
from app.ui.screens.main_screen import MainScreen
from app.ui.screens.service_dialog import ServiceDialog, fitting
from tests.ui.conftest import Drive, Driven
from tests.ui.fakes import assistant, user

LOCAL = ServiceChoice("local", "embedded service")
AZURE = ServiceChoice("azure", "Azure OpenAI", "voice", takes_model=True)
MINI = ServiceChoice("openai", "OpenAI", "gpt-realtime-2.1-mini", takes_model=True)
FULL = ServiceChoice("openai", "OpenAI", "gpt-realtime-2.1", takes_model=True)
ALL = (LOCAL, AZURE, MINI, FULL)


def named(choice: ServiceChoice, model: str) -> ServiceChoice:
    return ServiceChoice(choice.service, choice.label, model, takes_model=True)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ALL),
        ("  ", ALL),
        ("embed", (LOCAL, named(AZURE, "embed"), named(MINI, "embed"))),
        ("azure", (AZURE, named(MINI, "azure"))),
        ("openai mini", (MINI, named(AZURE, "mini"), named(MINI, "mini"))),
        ("gpt-realtime-2.1", (MINI, FULL, named(AZURE, "gpt-realtime-2.1"))),
        ("azure my-voice", (named(AZURE, "my-voice"),)),
        ("OPENAI gpt-9", (named(AZURE, "gpt-9"), named(MINI, "gpt-9"))),
        ("nobody gpt-9", ()),
    ],
)
def test_what_fits(words: str, found: tuple[ServiceChoice, ...]):
    assert fitting(ALL, words) == found


async def looked(run: Driven) -> None:
    """The services are found."""
    for _ in range(200):
        if isinstance(run.app.screen, ServiceDialog):
            break
        await run.settle()
    await run.settle()


async def opened(run: Driven) -> ServiceDialog:
    run.main.action_switch_service()
    await looked(run)
    assert isinstance(run.app.screen, ServiceDialog)
    return run.app.screen


async def test_the_one_chosen_is_asked_for_and_stands_in_header_and_settings(drive: Drive) -> None:
    async with drive(choices=ALL) as run:
        run.live.put(user())
        run.live.put(assistant())
        await opened(run)
        await run.press(*"realtime-2.1", "down", "enter")
        assert isinstance(run.app.screen, MainScreen)
        assert run.live.asked[-1] == ("switch", FULL, SessionChange())
        assert "OpenAI · " in run.text
        assert (run.main.edited.settings.service, run.main.edited.settings.model) == ("openai", FULL.model)
        assert run.main.edited.unsaved == {"service": "openai", "model": FULL.model}


async def test_a_deployment_is_the_model_at_azure(drive: Drive) -> None:
    async with drive(choices=ALL) as run:
        await opened(run)
        await run.press(*"azure", "space", *"other", "enter")
        assert run.live.asked[-1] == ("switch", named(AZURE, "other"), SessionChange())
        assert run.main.edited.settings.azure_deployment == "other"


async def test_escape_changes_nothing(drive: Drive) -> None:
    async with drive(choices=ALL) as run:
        await opened(run)
        await run.press("down", "escape")
        assert not any(each[0] == "switch" for each in run.live.asked)
        assert run.main.edited.unsaved == {}


async def test_where_nothing_is_set_it_is_said(drive: Drive) -> None:
    async with drive() as run:
        await opened(run)
        assert "No service is set" in run.text
        await run.press("enter")  # there is nothing to choose
        assert isinstance(run.app.screen, ServiceDialog)


async def test_a_service_changed_in_the_panel_comes_with_a_new_session(drive: Drive) -> None:
    async with drive(settings=Settings(service="local")) as run:
        run.main.change("model", "gpt-realtime-2.1")
        run.main.change("service", "openai")
        assert not any(each[0] in ("switch", "renew") for each in run.live.asked)
        run.main.action_renew()
        switch, choice, _ = run.live.asked[-1]
        assert (switch, choice.service, choice.model) == ("switch", "openai", "gpt-realtime-2.1")
        run.main.action_renew()  # once is enough
        assert run.live.asked[-1][0] == "renew"


async def test_the_palette_has_it(drive: Drive) -> None:
    async with drive(choices=ALL) as run:
        await run.press("ctrl+p", *"switch", "space", *"serv", "enter")
        await looked(run)
        assert isinstance(run.app.screen, ServiceDialog)
        assert "embedded service" in run.text
