"""Memory of precision and recall, so that the published counts fit a small machine."""

import tracemalloc

import numpy as np

from benchmarks.metrics import prdc


def test_blocks_bound_the_memory(monkeypatch):
    """Beyond float64 copies of both sets: a few blocks, whatever the number of distances."""
    real, generated = (np.ones((n, 64), np.float32) * np.arange(n)[:, None] for n in (1500, 2500))
    monkeypatch.setattr(prdc, "BLOCK_BYTES", 1_000_000)
    tracemalloc.start()
    prdc.precision_recall(real, generated)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 64 * (1500 + 2500) + 4 * 1_000_000
