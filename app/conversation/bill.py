"""What the conversation has used and cost, against the user's budget.

The user is told once at four fifths of the budget and once at all of it. A budget that was raised is a new one.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from app.conversation.effects import Effects
from app.conversation.prices import PriceList
from app.conversation.session import SessionSettings
from app.conversation.usage import Spending, dollars, response_spending, transcription_spending
from app.protocol.items import TranscriptionUsage, Usage

WARNING_SHARE: Final = 0.8
"""Of the budget: here the user is warned."""

HELD_BACK: Final = "That is held back, since the budget is spent. Raise the budget in the settings and it is sent."
CLOSED: Final = "The microphone stays closed, since the budget is spent. Raise the budget in the settings to go on."


class Budget(Struct, frozen=True):
    """How much the conversation may cost."""

    limit_usd: float | None = None
    stops: bool = False
    """Nothing more is sent once it is spent."""

    def level(self, cost_usd: float | None) -> float:
        """0, or which of the two shares is reached: WARNING_SHARE or 1."""
        if self.limit_usd is None or cost_usd is None:
            return 0.0
        reached = [share for share in (WARNING_SHARE, 1.0) if cost_usd >= share * self.limit_usd]
        return max(reached, default=0.0)


NO_BUDGET: Final = Budget()
"""It may cost what it costs."""


class Bill:
    """Adds up; tells the user where the budget is reached."""

    def __init__(
        self, effects: Effects, prices: PriceList, budget: Budget, spending: Spending, *, is_free: bool = False
    ) -> None:
        """`spending`: what the conversation has used so far. Of that the user was told. `is_free`: the service of this
        session costs nothing; the budget waits for one that does.
        """
        self._effects, self.prices, self.budget = effects, prices, budget
        self.spending, self._is_free = spending, is_free
        self._told = budget.level(spending.cost_usd)
        self._has_told_unpriced = spending.has_unpriced

    @property
    def is_spent(self) -> bool:
        """The budget is, and nothing more may be sent."""
        return not self._is_free and self.budget.stops and self.budget.level(self.spending.cost_usd) == 1.0

    def response(self, usage: Usage | None, model: str) -> Spending | None:
        """An answer is over, in whatever way; what it used, where the service says."""
        return self._add(response_spending(usage, self.prices.of(model)), model)

    def transcription(self, usage: TranscriptionUsage | None, settings: SessionSettings) -> Spending | None:
        """A turn was written down, by the model of these settings; what that used."""
        model = settings.transcription_model or ""
        return self._add(transcription_spending(usage, self.prices.of(model)), model)

    def limit(self, budget: Budget) -> None:
        """The user wants another budget."""
        self.budget = budget
        self._tell()

    def _add(self, spent: Spending, model: str) -> Spending | None:
        if spent == Spending():
            return None
        if self._is_free:
            spent = replace(spent, has_unpriced=False)
        self.spending += spent
        if spent.has_unpriced and self.budget.limit_usd is not None and not self._has_told_unpriced:
            self._has_told_unpriced = True
            self._effects.remark(_no_price(model))
        self._tell()
        return spent

    def _tell(self) -> None:
        level, told = self.budget.level(self.spending.cost_usd), self._told
        self._told = level
        if level > told:
            self._effects.remark(self._sentence(level))

    def _sentence(self, level: float) -> str:
        so_far, limit = dollars(self.spending.cost_usd or 0.0), dollars(self.budget.limit_usd or 0.0)
        if level < 1.0:
            return f"This conversation has cost {so_far} of its budget of {limit}."
        if not self.budget.stops:
            return f"The budget of {limit} is spent: this conversation has cost {so_far}."
        return (
            f"The budget of {limit} is spent: this conversation has cost {so_far}. The microphone is closed and "
            "nothing more is sent; to go on, raise the budget in the settings."
        )


def _no_price(model: str) -> str:
    return (
        f"The budget does not count what {model or 'a model without a name'} costs, since its price is not known. Say "
        "which model it is with REALTIME_DEPLOYMENT_MODELS, or what it costs in the file that REALTIME_PRICES names."
    )
