"""The built-in responder's stories, written for this program. Each is spoken in about half a minute."""

from __future__ import annotations

from typing import Final

STORIES: Final[tuple[tuple[str, ...], ...]] = (
    (
        "Here is the story of the lighthouse that was afraid of the dark.",
        "It stood at the end of a long pier, and every evening it lit its lamp so that it would not be alone.",
        "One winter night the lamp went out, and the lighthouse saw the dark for the very first time.",
        "To its surprise the dark was full of small lights: stars above, boats below, and a window on the hill.",
        "In that window sat a girl who could not sleep, and who had always counted the turns of the lamp.",
        "She took her torch and blinked three times towards the sea.",
        "The lighthouse could not answer, but a boat saw the signal and found its way around the rocks.",
        "In the morning the lamp was mended, and since then it pauses for a moment each night, to look at the others.",
    ),
    (
        "Here is the story of the baker and the very slow clock.",
        "In a small town there was a bakery, and above its door hung a clock that lost ten minutes every day.",
        "The baker never set it right, because people who came too late for bread were always in time by that clock.",
        "One day a watchmaker moved in across the street, and she could not bear to look at it.",
        "At night she climbed a ladder and repaired it as a present.",
        "The next morning everybody came late, everybody hurried, and nobody stopped to talk.",
        "So in the evening the watchmaker climbed the ladder once more and made the clock slow again.",
        "She has had breakfast with the baker ever since, and neither of them can say at what time.",
    ),
    (
        "Here is the story of the fox who collected sounds.",
        "Other foxes kept bones, but this one kept sounds, each in its own little hollow under an old oak.",
        "It had the creak of a gate, the first drop of a storm, and the laughter of a child on a swing.",
        "When an owl came by who had lost its voice, the fox let it listen to every hollow, one after the other.",
        "None of them would fit, and the owl only shook its head.",
        "At last the fox gave it the smallest sound of all, which was the quiet just before snow begins to fall.",
        "The owl took it, spread its wings, and flew away without a whisper.",
        "That is why you never hear an owl at night, and why the fox looks up whenever it snows.",
    ),
)
"""Sentences, by story."""
