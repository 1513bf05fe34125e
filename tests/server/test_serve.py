"""The service as a program of its own: its first line, and every way to end it."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.server.serve import Options, run, serve

ROOT = Path(__file__).parents[2]


def started(**options) -> subprocess.Popen[str]:
    code = f"""
import sys
from app import ending
from app.server.serve import Options, run
ending.begin()
sys.exit(run(Options(**{options!r})))
"""
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def end_by_parent(service):
    service.stdin.close()


def end_by_terminate(service):
    service.terminate()


def end_by_interrupt(service):
    service.send_signal(signal.SIGINT)


@pytest.mark.parametrize("end", [end_by_parent, end_by_terminate, end_by_interrupt])
def test_it_says_where_it_listens_and_ends_well(end):
    if sys.platform == "win32" and end is not end_by_parent:
        pytest.skip("Windows has no such signals")
    with started(parent_watch=True) as service:
        first = service.stdout.readline()
        assert first.startswith("listening on ws://127.0.0.1:")
        assert first.endswith("/v1/realtime\n")
        port = int(first.rsplit(":", 1)[1].split("/")[0])
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        end(service)
        assert service.wait(60) == 0
        assert service.stderr.read() == ""


def test_without_the_watch_the_end_of_standard_input_means_nothing():
    with started() as service:
        assert service.stdout.readline().startswith("listening")
        service.stdin.close()
        with pytest.raises(subprocess.TimeoutExpired):
            service.wait(0.5)
        service.kill()


def test_an_unknown_engine_is_a_wrong_option(capsys):
    assert run(Options(recogniser="magic")) == 2
    assert "magic" in capsys.readouterr().err


def test_a_port_that_is_taken(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(Options(port=taken.getsockname()[1])) == 2
    assert "Choose another --port" in capsys.readouterr().err


def test_cancelled_it_ends_and_frees_its_port():
    async def main() -> str:
        listening = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(Options(), listening.set_result))
        url = await listening
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return url

    url = asyncio.run(main())
    with pytest.raises(OSError, match=r"refused|111|61|10061"):
        socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1].split("/")[0])), timeout=5)
