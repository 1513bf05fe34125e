"""Each way to fail, played by a real socket: what it is taken for, whether it is tried again, what is said of it."""

from __future__ import annotations

import pytest
from websockets.http11 import Response

from app.connection.client import connect
from app.connection.failures import ServiceFailure
from app.connection.services import Service
from tests.connection.failure_rows import KEY, ROWS, Row
from tests.connection.loopback import playing, run, says


async def to_its_end(service: Service) -> None:
    async with await connect(service) as connection:
        async for _ in connection:
            pass


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_way_to_fail(row: Row):
    async def talk() -> None:
        script, answer = (says(), row.plays) if isinstance(row.plays, Response) else (row.plays, None)
        async with playing(script, answer) as server:
            with pytest.raises(ServiceFailure) as caught:
                await to_its_end(row.make(server.port))
        failure, sentence = caught.value, str(caught.value)
        assert (failure.kind, failure.fatal) == (row.kind, row.fatal), sentence
        assert all(part in sentence for part in row.says), sentence
        assert failure.retry_after_s == row.retry_after_s
        assert failure.remedy
        assert failure.remedy in sentence
        assert len(failure.words) <= 300
        assert KEY not in sentence

    run(talk())


def test_no_row_is_there_twice():
    assert len({row.name for row in ROWS}) == len(ROWS)
