"""The hierarchical latent generator: three scales of latents fused into one shift a layer.

As LIFT's method figure draws it. Grids are channels last: ``(B, P, ..., P, d)``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lift.attention import RegionAttention
from lift.field import Latent


def upsample(grid: Tensor, size: int) -> Tensor:
    """Nearest-neighbour enlargement of ``(B, s, ..., s, d)`` to ``(B, size, ..., size, d)``."""
    for axis in range(1, grid.ndim - 1):
        grid = grid.repeat_interleave(size // grid.shape[axis], dim=axis)
    return grid


def smoothness(fused: Tensor) -> Tensor:
    """Mean squared distance of a region's fused latent to its neighbours', ``(B,)``.

    ``L_smooth = mean_m (1/K) sum_k ||Z_m - Z_k||^2`` over the 2D axis-aligned neighbours that
    exist (4 in images, 6 in voxels; fewer at the border, none of a single region).

    Args:
        fused: ``(B, P, ..., P, d)``.
    """
    axes = range(1, fused.ndim - 1)
    total = fused.new_zeros(fused.shape[:-1])
    count = fused.new_zeros(fused.shape[1:-1])
    for axis in axes:
        size = fused.shape[axis]
        if size == 1:
            continue
        pair = fused.diff(dim=axis).square().sum(-1)  # distances along one axis, P-1 of them
        nothing = pair.narrow(axis, 0, 1) * 0
        total = total + torch.cat([pair, nothing], axis) + torch.cat([nothing, pair], axis)
        along = torch.full((size,), 2.0, dtype=fused.dtype, device=fused.device)
        along[0], along[-1] = 1.0, 1.0
        count = count + along.view([-1 if other == axis else 1 for other in axes])
    return (total / count.clamp_min(1)).flatten(1).mean(1)


def open_fusion_(linear: nn.Linear, coarse: int) -> None:
    """Starts a fusion of ``coarse`` channels from above with a layer's own latent.

    The own latent passes with gain one, what comes from the coarser scale with half of it.
    """
    own = torch.empty(linear.out_features, linear.in_features - coarse).to(linear.weight)
    with torch.no_grad():
        nn.init.orthogonal_(linear.weight)
        linear.weight[:, :coarse] *= 0.5
        linear.weight[:, coarse:] = nn.init.orthogonal_(own)


@torch.no_grad()
def open_bias_(linear: nn.Linear, ones: int) -> None:
    """Sets a bias so that every output is 1 where the first ``ones`` inputs are 1, the rest 0."""
    linear.bias.copy_(1 - linear.weight[:, :ones].sum(1))


class LatentGenerator(nn.Module):
    """Global, intermediate and local latents to shifts.

    ``Z'  = relu(Linear1([up(Z_global), Z_intermediate]))``
    ``Za  = relu(Linear2([up(Z'), Z_local]))``
    ``m   = relu(Linear3(Za))``, split into one shift a sine layer.

    Args:
        sizes: cells per axis of the (intermediate, local) grids.
        channels: of the (global, intermediate, local) latents.
        fused: channels d of Z-alpha; the paper's are those of the local latents.
        relu: the figure draws the three rectifiers, the text's formulas leave them out.
        open_start: whether every rectifier is open at the zero latent, where all signals begin.
            PyTorch's default start leaves about half of them shut there, for every signal alike,
            and what is open shrinks a latent's gradient by an order of magnitude.
        attention_layers: of `RegionAttention` on Z-alpha before ``Linear3``; the paper has none.
        regions: cells of the local grid, which attend to one another.
    """

    def __init__(
        self,
        sizes: tuple[int, int],
        channels: tuple[int, int, int],
        fused: int,
        shift_width: int,
        sine_layers: int,
        relu: bool,
        open_start: bool,
        attention_layers: int,
        regions: int,
    ) -> None:
        super().__init__()
        self.intermediate_size, self.local_size = sizes
        coarse, middle, fine = channels
        self.sine_layers = sine_layers
        self.activation = nn.ReLU() if relu else nn.Identity()
        self.fuse_intermediate = nn.Linear(coarse + middle, middle)
        self.fuse_local = nn.Linear(middle + fine, fused)
        self.attention = nn.Sequential(
            *(RegionAttention(regions, fused) for _ in range(attention_layers))
        )
        self.modulate = nn.Linear(fused, sine_layers * shift_width)
        if open_start:
            open_fusion_(self.fuse_intermediate, coarse)
            open_bias_(self.fuse_intermediate, ones=0)
            open_fusion_(self.fuse_local, middle)
            open_bias_(self.fuse_local, ones=middle)
            std = fused**-0.5
            nn.init.trunc_normal_(self.modulate.weight, std=std, a=-2 * std, b=2 * std)
            open_bias_(self.modulate, ones=fused)

    def fuse(self, latent: Latent) -> Tensor:
        """The fused latent ``(B, P, ..., P, d)``, Z-alpha in the paper.

        Args:
            latent: the three scales, or ``{"fused": ...}``, which is returned as it is.
        """
        if "fused" in latent:
            return latent["fused"]
        coarse = upsample(latent["global"], self.intermediate_size)
        middle = torch.cat([coarse, latent["intermediate"]], dim=-1)
        middle = self.activation(self.fuse_intermediate(middle))
        fine = torch.cat([upsample(middle, self.local_size), latent["local"]], dim=-1)
        return self.activation(self.fuse_local(fine))

    def forward(self, latent: Latent) -> Tensor:
        """Shifts ``(L, B, M, W)``."""
        tokens = self.attention(self.fuse(latent).flatten(1, -2))  # (B, M, d)
        shifts = self.activation(self.modulate(tokens))
        per_layer = shifts.unflatten(-1, (self.sine_layers, -1))
        return per_layer.permute(2, 0, 1, 3)
