"""A folder of one's own, as somebody outside this project would write it."""

from pathlib import Path

FIELD = '''
from torch import nn
from lift.field import Cost, NeuralField
from lift.meta.rates import InnerRates
from layers import WIDTH


class Plane(NeuralField):
    """A linear function of coordinates and of a latent."""

    def __init__(self, domain, latent):
        super().__init__()
        self.domain, self.latent = domain, latent
        self.map = nn.Linear(domain.dimensions, WIDTH)
        self.out = nn.Linear(WIDTH, domain.channels)
        self.shift = nn.Linear(latent, WIDTH)
        self.rates = InnerRates({"global": (latent,)}, start=1.0)

    def zero_latent(self, batch):
        return {"global": self.out.weight.new_zeros(batch, self.latent)}

    def inner_rates(self, step):
        return self.rates(step)

    def locate(self, coords):
        return {"coords": coords}

    def evaluate(self, latent, query):
        return self.out(self.map(query["coords"]) + self.shift(latent["global"]).unsqueeze(1))

    def cost(self):
        shared = sum(p.numel() for p in self.parameters())
        points = self.domain.points * WIDTH * (self.domain.dimensions + self.domain.channels)
        once = WIDTH * self.latent
        back = self.domain.points * WIDTH * self.domain.channels + once  # to the latent alone
        encode = 3 * (points + once + back)
        return Cost(shared, shared, self.latent, points, 0, encode, mixing_macs=once)
'''

LOADER = '''
import numpy as np
from benchmarks.datasets.raw import Raw, RawSplit


def load(config):
    """Noise, brighter from one signal to the next."""
    levels = np.linspace(0, 200, 24).astype(np.uint8)[:, None, None, None]
    size = config.resolution
    noise = np.random.default_rng(0).integers(0, 50, (24, size, size, 3), dtype=np.uint8)
    signals = levels + noise
    return Raw(RawSplit.of(signals[:16]), RawSplit.of(signals[16:]), "the first 16 of 24")
'''

FILES = {
    "plane.py": FIELD,
    "layers.py": "WIDTH = 8\n",
    "noise.py": LOADER,
    "datasets/noise.yaml": """
name: noise
title: Noise
kind: image
loader: noise
resolution: 8
channels: 3
""",
    "methods/plane.yaml": """
method: plane
title: Plane
field: plane:Plane
settings:
  noise:
    field: {latent: 2}
    fit: {FIT}
""",
    "scales/mine.yaml": """
scale: mine
seeds: [0]
threads: 1
jobs: cell
tables: {cifar10: noise}
datasets:
  noise:
    methods: [plane]
    validation: 4
    encode: {train: 4, test: 8}
    evaluate: {train: 4, test: 8}
    fit: {log_every: 2, validate_every: 4}
""",
    "scales/demo.yaml": """
scale: demo
extends: demo
datasets:
  embedded-images:
    methods: [plane]
    overrides: {plane: {fit: {steps: 5}}}
""",
}


def write_folder(folder: Path, fit: str) -> Path:
    """Writes the folder.

    Args:
        fit: the training of its method, as YAML.
    """
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.lstrip().replace("{FIT}", fit), encoding="utf-8")
    return folder
