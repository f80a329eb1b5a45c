"""Small fields that tests run for real."""

import torch

from lift import LIFT, Domain

IMAGES = Domain(2, 8, 3)
VOXELS = Domain(3, 8, 1)
SIGNALS = 12


def small_lift(domain: Domain = IMAGES, **changes: object) -> LIFT:
    settings = {
        "regions_per_axis": 4,
        "intermediate_per_axis": 2,
        "latent_channels": (5, 4, 3),
        "width": 8,
        "sine_layers": 3,
        "w0": 30.0,
        "inner_rates": {"start": 1.0},
        "smoothness_weight": 1e-2,
        "relu": True,
    }
    torch.manual_seed(0)
    return LIFT(domain, **{**settings, **changes})  # type: ignore[arg-type]


def random_latent(field: LIFT, batch: int, seed: int = 1) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    zero = field.zero_latent(batch)
    return {
        name: torch.randn(z.shape, generator=generator, dtype=z.dtype) for name, z in zero.items()
    }


def latents_of(field, count: int = SIGNALS) -> dict[str, torch.Tensor]:
    scaled = random_latent(field, count)
    return {name: 3 * z + torch.arange(z.shape[-1]) for name, z in scaled.items()}
