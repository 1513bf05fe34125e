"""The settings as the user wants them, as the service took or refused them, and as it says that they are.

At most one update is under way. The service acknowledges without naming the update, so order is all there is; and a
key that is held sends no flood, since what changed meanwhile goes out in one update when the answer comes.

A refused update is sent again without what the service minds (`refusal_search`). What it refused stays left out until
the user changes it; where it had taken another value before, that one is wanted again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from app.conversation.effects import Effects
from app.conversation.refusal_search import RefusalSearch
from app.conversation.session import Detection, Mode, SessionChange, SessionSettings, SettingValue, taken_from
from app.conversation.session_fields import (
    CARRIERS,
    NEEDED,
    PATHS,
    agrees,
    applies,
    as_found,
    named_units,
    parts_of,
    reported,
    told_by,
    unit_of,
    unit_value,
    units,
)
from app.conversation.session_update import CUSTOM_VOICE, session_with
from app.conversation.settings_wording import Refused, about_differences, about_lacking, about_refusals, consequence
from app.conversation.standing import SettingStanding, Standing
from app.protocol.capabilities import ALL_OF_GA, SessionCapabilities, knows_reasoning
from app.protocol.client_events import SessionUpdate
from app.protocol.items import ErrorDetail
from app.protocol.session import Session

SETTINGS_TIMEOUT_MS: Final = 5_000
"""Some compatible servers never acknowledge an update: after this it counts as taken."""

_SETTINGS: Final = SessionSettings.__struct_fields__
_VOICE_FIXED: Final = "The voice can change only before the assistant has spoken; begin a new session for another one."
_TRACING_FIXED: Final = "Tracing that is on cannot be changed; begin a new session for it."


class _Sent(Struct, frozen=True):
    """An update that the service has not answered."""

    settings: SessionSettings
    values: Mapping[str, SettingValue]
    """By unit, those that only go along included."""
    event_id: str
    due_ms: int


class _Refusal(Struct, frozen=True):
    """A value that the service does not take."""

    value: SettingValue
    wish: Mapping[str, SettingValue]
    """The settings that the unit tells, as they were wanted."""
    why: str


class SettingsNegotiation:
    """What the user wants against what the service takes.

    `chosen`: the settings that the user has set. A service that is told the least hears of these alone at first, and
    of what a conversation needs.
    """

    def __init__(
        self,
        settings: SessionSettings,
        effects: Effects,
        capabilities: SessionCapabilities = ALL_OF_GA,
        chosen: frozenset[str] = frozenset(),
    ) -> None:
        self.wanted = settings
        self.capabilities, self.chosen = capabilities, chosen
        self._effects = effects
        self._model = ""
        self._taken = settings
        """The settings as the service took them; only what is in `_told` counts."""
        self._told: dict[str, SettingValue] = {}
        self._found: dict[str, SettingValue] = {}
        """As the service says that they are."""
        self._refused: dict[str, _Refusal] = {}
        self._search = RefusalSearch()
        self._sent: _Sent | None = None
        self._is_ready = False
        self._to_tell: dict[str, Refused] = {}
        """By unit, of what the user has not been told."""
        self._asked: set[str] = set()
        """Units of which the user has not been told how they stand."""
        self._standings: Mapping[str, SettingStanding] | None = None

    @property
    def is_ready(self) -> bool:
        """The service has taken settings, or will say nothing about them: the conversation may begin."""
        return self._is_ready

    @property
    def effective(self) -> SessionSettings:
        """What the service works with, as far as it has told."""
        if not self._is_ready:
            return self.wanted
        told = [name for name in _SETTINGS if unit_of(name, self._taken) in self._told]
        settings = taken_from(self._taken, told).of(self.wanted)
        return as_found(settings, self._found)

    @property
    def standings(self) -> Mapping[str, SettingStanding]:
        """How each setting stands that decides anything now."""
        if self._standings is None:
            due = self._due()
            self._standings = {name: self._standing(name, due) for name in _SETTINGS if applies(name, self.wanted)}
        return self._standings

    @property
    def fixed(self) -> frozenset[str]:
        """Settings that only a new session can change, beside the voice."""
        return frozenset({"tracing"}) if self._told.get("tracing") or self._found.get("tracing") else frozenset()

    @property
    def deadline_ms(self) -> int | None:
        """When `tick` has something to do."""
        return self._sent.due_ms if self._sent else None

    def connected(self, session: Session, now_ms: int) -> None:
        """The service said its first word: the first update, whole or as little as it should be."""
        self._model = session.model or ""
        self._found = reported(session)
        left_out = [unit for unit in units(self.wanted, {}) if self._is_lacking(unit) and self._is_set(unit)]
        if left_out:
            self._effects.notify(about_lacking(left_out, self.wanted))
        self._begin(now_ms)

    def change(self, change: SessionChange, *, is_voice_fixed: bool) -> None:
        """The user wants other settings. `is_voice_fixed`: the service refuses another voice."""
        self._standings = None
        new, was = change.of(self.wanted), self.wanted
        if new.voice != was.voice and is_voice_fixed:
            new = self._keep(new, "voice", _VOICE_FIXED)
        if new.tracing != was.tracing and "tracing" in self.fixed:
            new = self._keep(new, "tracing", _TRACING_FIXED)
        changed = {name for name in change.names if getattr(new, name) == getattr(change, name)}
        for name in changed:
            self._refused.pop(unit_of(name, new), None)
        self.chosen |= changed
        self.wanted = new

    def update_if_due(self, now_ms: int) -> None:
        """Send what differs from what the service has, once it has answered what it was told before."""
        if self._sent is None and self._is_ready:
            self._begin(now_ms)

    def acknowledged(self, session: Session, now_ms: int) -> None:
        """The service tells its settings; if an update of ours is under way, it took that."""
        if self._sent is None:
            self._standings = None
            self._found.update(reported(session))
            return
        self._take(reported(session), now_ms)

    def update_refused(self, error: ErrorDetail, why: str, now_ms: int) -> bool:
        """Whether it refuses the update that is under way. Of that, the rest is asked for again."""
        sent = self._sent
        if sent is None or (error.event_id and error.event_id != sent.event_id):
            return False
        named = named_units(error, self._search.next) or named_units(error, sent.values)
        if not error.event_id and not named and not _is_about_updates(error, is_alone=not self._is_ready):
            return False
        self._sent, self._standings = None, None
        if _is_about_updates(error):  # it knows no updates at all
            blamed = frozenset(name for group in self._search.groups for name in group)
            self._search = RefusalSearch()
        elif named == {"type"} and error.code == "unknown_parameter":  # GA demands it, and beta does not know it
            blamed = named
        else:
            is_whole = bool(named) and error.code == "unknown_parameter"
            self._search, blamed = self._search.refused(named, is_whole=is_whole)
        for unit in (unit for unit in PATHS if unit in blamed):
            self._refuse(unit, sent, why)
        self._send_next(now_ms)
        return True

    def tick(self, now_ms: int) -> None:
        """An update that is not answered counts as taken."""
        if self._sent is None or now_ms < self._sent.due_ms:
            return
        if not self._is_ready:
            self._effects.notify("The service did not confirm the settings; it may be using its own.")
        self._take({}, now_ms)

    # ---------------------------------------------------------------- asking

    def _due(self) -> dict[str, SettingValue]:
        """What the service is still to be asked for."""
        return {
            unit: value
            for unit, value in units(self.wanted, self._told).items()
            if unit != "type" and self._told.get(unit, UNSET) != value and self._is_asked_for(unit)
        }

    def _is_asked_for(self, unit: str) -> bool:
        carrier = CARRIERS.get(unit)
        if self._is_lacking(unit) or self._is_refused(unit) or (carrier and self._is_refused(carrier)):
            return False
        if not self.capabilities.is_told_least or PATHS[unit] in self.capabilities.always_told:
            return True
        return unit in NEEDED or self._is_set(unit)

    def _is_set(self, unit: str) -> bool:
        return any(name in self.chosen for name in told_by(unit))

    def _is_refused(self, unit: str) -> bool:
        refusal = self._refused.get(unit)
        return refusal is not None and refusal.value == unit_value(unit, self.wanted)

    def _is_lacking(self, unit: str) -> bool:
        knows = self.capabilities
        if unit == "reasoning_effort":
            effort = self.wanted.reasoning_effort
            is_known = not effort or effort in knows.reasoning_efforts
            return not (is_known and knows.holds("reasoning") and knows_reasoning(self._model))
        if unit == "voice" and self.wanted.voice.startswith(CUSTOM_VOICE):
            return not knows.holds(f"{PATHS[unit]}.id")
        return not knows.holds(PATHS[unit])

    def _begin(self, now_ms: int) -> None:
        due = tuple(self._due())
        if due or not self._is_ready:
            self._search = RefusalSearch((due,) if due else ())
            self._send_next(now_ms)

    def _send_next(self, now_ms: int) -> None:
        self._standings = None
        due = self._due()  # less than the search has, where the user has changed something back meanwhile
        self._search = self._search.without(set(PATHS) - due.keys())
        group = self._search.next
        if not group:
            self._settle()
            return
        values = self._with_their_objects(group)
        event_id = self._effects.send(SessionUpdate(session=session_with(self.wanted, frozenset(values))))
        self._sent = _Sent(self.wanted, values, event_id, now_ms + SETTINGS_TIMEOUT_MS)
        self._asked.update(group)

    def _with_their_objects(self, group: Iterable[str]) -> dict[str, SettingValue]:
        """The units with all that the service took of the same objects: services differ in whether they merge those."""
        carriers = {CARRIERS.get(unit, unit) for unit in group}
        found = {}
        for unit, value in units(self.wanted, self._told).items():
            is_in_object = CARRIERS.get(unit) in carriers and self._told.get(unit, UNSET) == value
            if unit in group or unit in carriers or is_in_object or (unit == "type" and not self._is_refused(unit)):
                found[unit] = value
        return found

    # ---------------------------------------------------------------- what came of it

    def _take(self, found: Mapping[str, SettingValue], now_ms: int) -> None:
        """The service took what was sent, and says that this is so."""
        if (sent := self._sent) is None:
            return
        self._sent, self._standings = None, None
        for unit, value in sent.values.items():
            if self._told.get(unit, UNSET) != value:
                for part in parts_of(unit):
                    self._told.pop(part, None)
        self._told.update(sent.values)
        names = [name for unit in sent.values for name in told_by(unit)]
        self._taken = taken_from(sent.settings, names).of(self._taken)
        for name in names:
            self._found.pop(name, None)
        self._found.update(found)
        self._search = self._search.taken()
        self._send_next(now_ms)

    def _refuse(self, unit: str, sent: _Sent, why: str) -> None:
        """The service does not take this; what it took before is wanted again."""
        names = [name for name in told_by(unit) if name in _SETTINGS]
        wish = {name: getattr(sent.settings, name) for name in names}
        self._refused[unit] = _Refusal(sent.values.get(unit), wish, why)
        self._search = self._search.without(parts_of(unit))
        before = self._before(unit)
        is_back = bool(before.names) and all(getattr(self.wanted, name) == value for name, value in wish.items())
        if is_back:
            self.wanted = before.of(self.wanted)
        self._to_tell[unit] = Refused(why, is_back)

    def _before(self, unit: str) -> SessionChange:
        """What to go back to where the service refuses a unit; nothing: there was nothing before, or it is the mode.

        A refused push-to-talk is not put back, so that no microphone opens that the user had closed.
        """
        if unit in self._told and unit != "mode":
            return taken_from(self._taken, told_by(unit))
        if unit == "detection" and "mode" in self._told:
            return SessionChange(mode=Mode.PUSH_TO_TALK)
        if unit == "detection" and self.wanted.detection is Detection.SEMANTIC_VAD:
            return SessionChange(detection=Detection.SERVER_VAD)  # what every service has
        return SessionChange()

    def _keep(self, new: SessionSettings, name: str, sentence: str) -> SessionSettings:
        """With what this session cannot change as it is."""
        wish = getattr(new, name)
        self._refused[name] = _Refusal(wish, {name: wish}, sentence)
        self._effects.notify(sentence)
        return taken_from(self.wanted, [name]).of(new)

    def _settle(self) -> None:
        """All is answered: what came of it is said, once."""
        told, asked = self._to_tell, self._asked
        self._to_tell, self._asked = {}, set()
        if not self._is_ready and told and not self._told:
            self._effects.remark(f"The service refused the settings and uses its own: {next(iter(told.values())).why}")
        else:
            for sentence in about_refusals(told, self._found):
                self._effects.remark(sentence)
        self._is_ready = True
        self._standings = None
        if self._due():
            return  # more is under way in a moment, such as what takes the place of what was refused
        names = [name for name in _SETTINGS if unit_of(name, self.wanted) in asked and name in self.standings]
        differing = {
            name: value
            for name in names
            if self.standings[name].standing is Standing.DIFFERENT
            and not isinstance(value := self.standings[name].value, UnsetType)
        }
        if differing:
            self._effects.notify(about_differences(differing, self.wanted))
        otherwise = {unit_of(name, self.wanted) for name in differing.keys() & {"mode", "transcription_model"}}
        for unit in [unit for unit in PATHS if unit in told or unit in otherwise]:
            if sentence := consequence(unit, self.wanted):
                self._effects.notify(sentence)

    # ---------------------------------------------------------------- how it stands

    def _standing(self, name: str, due: Mapping[str, SettingValue]) -> SettingStanding:
        unit, wanted = unit_of(name, self.wanted), getattr(self.wanted, name)
        value: SettingValue | UnsetType = self._found.get(name, UNSET)
        refusal = next((each for each in self._refused.values() if name in each.wish), None)
        why = refusal.why if refusal else ""
        wish: SettingValue | UnsetType = refusal.wish.get(name, UNSET) if refusal else UNSET
        if self._is_lacking(unit):
            standing = Standing.LACKING
        elif self._is_refused(unit):
            standing = Standing.REFUSED
        elif unit in due or not self._is_ready:
            standing = Standing.WAITING
        elif isinstance(value, UnsetType):
            standing = Standing.UNKNOWN if unit in self._told else Standing.LEFT
        else:
            standing = Standing.AGREED if agrees(name, wanted, value) else Standing.DIFFERENT
        return SettingStanding(standing, value, wish, why)


_ABOUT_UPDATES: Final = re.compile(r"\bsession\.update\b")
_REJECTS_PARAMETERS: Final = re.compile(
    r"|unknown_parameter|missing_required_parameter|invalid_(value|type|format|parameter\w*|request_error)|unsupported_\w+|\w+_(above|below)_\w+|cannot_update_\w+"
)


def _is_about_updates(error: ErrorDetail, *, is_alone: bool = False) -> bool:
    """Whether it says that there is no such thing as an update.

    `is_alone`: an update is all that the service was told, so that any complaint about what it was told is about that.
    """
    if is_alone:
        is_complaint = (error.type or "invalid_request_error") == "invalid_request_error"
        return is_complaint and _REJECTS_PARAMETERS.fullmatch(error.code or "") is not None
    return error.param == "type" and _ABOUT_UPDATES.search(error.message or "") is not None
