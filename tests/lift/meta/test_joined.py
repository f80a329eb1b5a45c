"""How processes of one team end: one of them says why, and none waits for one that is gone."""

import multiprocessing
import os
import signal
import socket

import pytest

from lift.meta.parallel import joined

FORK = multiprocessing.get_context("fork")


def member(rank, port, work, said):
    os.environ |= {
        "RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
    }  # fmt: skip
    try:
        with joined() as team:
            work(team)
    except RuntimeError as error:
        said.put(str(error))
        raise SystemExit(1) from None


def codes_and_words(work):
    """Exit codes of two processes that do ``work(team)``, and what their errors say."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = FORK.Queue()
    members = [FORK.Process(target=member, args=(rank, port, work, said)) for rank in range(2)]
    for process in members:
        process.start()
    for process in members:
        process.join(60)
    codes = [process.exitcode for process in members]
    return codes, [said.get(timeout=5) for code in codes if code == 1]


def test_an_error_of_all_is_raised_in_one():
    def work(team):
        team.wait()
        raise RuntimeError("no such data")

    codes, words = codes_and_words(work)
    assert sorted(codes) == [0, 1]
    assert words == ["no such data"]


@pytest.mark.parametrize("rank", [0, 1])
def test_an_error_of_one_ends_the_other_without_a_word(rank):
    def work(team):
        if team.rank == rank:
            raise RuntimeError("the disk is full")
        team.wait()

    codes, words = codes_and_words(work)
    assert codes[rank] == 1
    assert codes[1 - rank] == 0
    assert words == ["the disk is full"]


def test_who_waits_for_a_killed_process_says_that_it_is_gone():
    def work(team):
        if team.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        team.wait()

    codes, words = codes_and_words(work)
    assert codes == [1, -signal.SIGKILL]
    assert len(words) == 1
    assert words[0].startswith("another process has ended (")
