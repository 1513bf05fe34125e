"""Many cuts at random moments of a long conversation: `python -m tests.live.chaos [CUTS] [SEED]`.

Every question is answered, perhaps by an answer that was cut off and gone on with, or visibly marked. It stands once
and in its order, and no session is told an item twice.
"""

from __future__ import annotations

import random
import sys
from itertools import count, takewhile

from websockets.asyncio.server import ServerConnection

from tests.live.test_reconnect import Answering, Cut, talk


def cutting_at_random(cuts: int, seed: int, share: float = 0.08) -> tuple[Cut, list[str]]:
    """So many cuts, and where they were."""
    drawn, made = random.Random(seed), list[str]()

    async def cut(socket: ServerConnection, moment: str) -> bool:
        if len(made) >= cuts or drawn.random() >= share:
            return False
        made.append(moment.split()[1])
        socket.transport.abort()
        return True

    return cut, made


def judge(cuts: int, seed: int, questions: int) -> list[str]:
    """What was wrong, and the moments of the cuts."""
    cut, made = cutting_at_random(cuts, seed)
    service = Answering(cut)
    asked = [f"question {number}" for number in range(questions)]
    told = talk(service, *asked, reconnect_s=3600)
    wrong = [] if told.status == 0 else [f"status {told.status}: {told.err[-500:]}"]
    if [line[5:].partition(" [")[0] for line in told.out if line.startswith("you: ")] != asked:
        wrong.append(f"questions lost, doubled or out of order: {told.out}")
    for question in asked:
        answers = _answers(question, told.out)
        words = [line.partition(" [")[0] for line in answers]
        is_whole = words in ([f"You said {question}"], ["You said", question])
        if not is_whole and not " ".join(answers).endswith("was lost]"):
            wrong.append(f"{question}: {answers}")
    for items in service.sessions:
        words = [str(item["content"]) for item in items if item["role"] == "user"]
        if len(words) != len(set(words)):
            wrong.append(f"told twice: {words}")
    print(f"seed {seed}: {len(made)} cuts, {len(service.sessions)} sessions, {questions} questions", file=sys.stderr)
    return wrong


def _answers(question: str, out: list[str]) -> list[str]:
    """What the assistant said between this question and the next."""
    lines = out[out.index(next(line for line in out if line.partition(" [")[0] == f"you: {question}")) + 1 :]
    return [line.removeprefix("assistant: ") for line in takewhile(lambda line: not line.startswith("you: "), lines)]


def main() -> int:
    """As many conversations as it takes."""
    cuts, seed = (int(value) for value in (*sys.argv[1:], *("100", "1")[len(sys.argv) - 1 :]))
    left = cuts
    for number in count(seed):
        some = min(left, 20)
        if wrong := judge(some, number, questions=some):
            print("\n".join(wrong))
            return 1
        left -= some
        if left <= 0:
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
