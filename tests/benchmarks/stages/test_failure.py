"""What a program says last stands on a line of its own."""

import sys

import pytest
from tqdm import tqdm

from benchmarks.stages.experiment import StageError
from benchmarks.stages.failure import one_line
from lift.interrupt import EXIT_CODE, Interrupted


def end_at_a_bar(error):
    bar = tqdm(total=3, file=sys.stderr)
    bar.update()
    raise error


def test_an_interrupted_bars_line_ends_before_the_message(capsys):
    with pytest.raises(SystemExit) as ended, one_line("fit"):
        end_at_a_bar(Interrupted("step 1 of 3 is kept; run it again to go on"))
    assert ended.value.code == EXIT_CODE
    *_, message, rest = capsys.readouterr().err.split("\n")
    assert (message, rest) == ("fit: step 1 of 3 is kept; run it again to go on", "")


def test_a_failed_bars_line_ends_before_the_message(capsys):
    with pytest.raises(SystemExit, match="fit: no data"), one_line("fit"):
        end_at_a_bar(StageError("no data"))
    assert capsys.readouterr().err.endswith("\n")
