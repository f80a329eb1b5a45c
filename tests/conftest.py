import signal

import pytest
import torch

# A shell starts what runs in its background with Ctrl-C ignored, `nohup` anything with SIGHUP
# ignored, and programs that tests start would inherit it.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


@pytest.fixture
def float64():
    """Runs a test in double precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
