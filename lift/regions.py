"""The partition of the domain, and one small sine network a region (P-MLP), run as one batch.

The unit cube is cut into ``P**D = M`` equal regions; region ``m`` has its own MLP, fed with local
coordinates in ``[-1, 1]^D`` (LIFT's P-MLP). All regions' MLPs run together: a layer is one
batched matrix product ``(M, B*K, W) @ (M, W, W)``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lift import siren


def locate(coords: Tensor, regions_per_axis: int) -> tuple[Tensor, Tensor]:
    """Sorts points by region.

    Regions that hold fewer points than the fullest one are padded with their own centre; nothing
    reads the padded values. Points outside the unit cube belong to the nearest region.

    Args:
        coords: ``(S, N, D)`` in ``[0, 1]``; ``S`` is 1 for points that all signals share, else B.

    Returns:
        local coordinates ``(S, M, K, D)`` in ``[-1, 1]``, and for each point its slot ``(S, N)``
        in the flattened ``M*K``.
    """
    sets, points, dimensions = coords.shape
    regions = regions_per_axis**dimensions
    cell = (coords * regions_per_axis).floor().clamp(0, regions_per_axis - 1)
    strides = [regions_per_axis**i for i in reversed(range(dimensions))]
    region = (cell * cell.new_tensor(strides)).sum(-1).long()

    order = torch.argsort(region, dim=1, stable=True)
    counts = torch.zeros(sets, regions, dtype=torch.long, device=coords.device)
    counts.scatter_add_(1, region, torch.ones_like(region))
    capacity = int(counts.max())
    start = counts.cumsum(1) - counts
    ranked = region.gather(1, order)
    rank = torch.arange(points, device=coords.device) - start.gather(1, ranked)
    slot = torch.empty_like(region).scatter_(1, order, ranked * capacity + rank)

    local = coords.new_zeros(sets, regions * capacity, dimensions)
    inside = 2 * (coords * regions_per_axis - cell) - 1
    local.scatter_(1, slot.unsqueeze(-1).expand_as(inside), inside)
    return local.view(sets, regions, capacity, dimensions), slot


def in_order(values: Tensor, slot: Tensor) -> Tensor:
    """Values ``(B, N, C)`` of the points that `locate` sorted, in the points' order.

    Args:
        values: of the slots, ``(B, M*K, C)``.
        slot: of each point, ``(S, N)`` with ``S`` 1 or B.
    """
    if len(slot) == 1:
        return values.index_select(1, slot[0])
    return values.gather(1, slot.unsqueeze(-1).expand(-1, -1, values.shape[-1]))


class LocalMLPs(nn.Module):
    """``M`` sine MLPs ``D -> W -> ... -> W -> C`` with shift modulation and a linear output.

    ``h_l = sin(w0 (W_l h_(l-1) + b_l + m_l))`` for every sine layer ``l`` (LIFT's method figure).
    ReLIFT scales the first layer's frequencies, ``sin(w0 (gamma (W_1 x + b_1) + m_1))``, and adds
    ``h_(l-1)`` to every later sine layer.

    Args:
        sine_layers: how many sine layers, the first included.
        gamma: ReLIFT's factor of the first layer's frequencies.
        residual: ReLIFT's identity skips.

    Parameters are ``(M, ...)``; with ``(1, ...)`` for all of them, every region uses one network.
    """

    def __init__(
        self,
        regions: int,
        dimensions: int,
        width: int,
        sine_layers: int,
        channels: int,
        w0: float,
        gamma: float = 1.0,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.w0 = w0
        self.gamma = gamma
        self.residual = residual
        fan_ins = [dimensions] + [width] * sine_layers
        fan_outs = [width] * sine_layers + [channels]
        self.weights = nn.ParameterList(
            nn.Parameter(torch.empty(regions, i, o)) for i, o in zip(fan_ins, fan_outs, strict=True)
        )
        self.biases = nn.ParameterList(nn.Parameter(torch.empty(regions, 1, o)) for o in fan_outs)
        siren.first_layer_(self.weights[0], dimensions)
        for weight in self.weights[1:]:
            siren.hidden_layer_(weight, width, w0)
        for bias, fan_in in zip(self.biases[:-1], fan_ins, strict=False):
            siren.default_bias_(bias, fan_in)
        # Signals live in [0, 1]: an output that starts at the middle of the range saves the
        # first steps from learning a constant.
        nn.init.constant_(self.biases[-1], 0.5)

    def hidden_matrices(self) -> list[nn.Parameter]:
        """The matrices ``(M, W, W)`` between sine layers."""
        return list(self.weights)[1:-1]

    def forward(self, local: Tensor, shifts: Tensor) -> Tensor:
        """Evaluates every region's network on its own points.

        Args:
            local: ``(S, M, K, D)`` with S = 1 or B, from `locate`.
            shifts: ``(L, B, M, K, W)``, one vector a sine layer and point; with 1 for K, one that a
                region's points share.

        Returns:
            ``(B, M*K, C)``.
        """
        sets, regions, points, dimensions = local.shape
        layers, batch, _, _, width = shifts.shape
        rows = local.transpose(0, 1).reshape(regions, sets * points, dimensions)
        # Factors and biases meet weights and shifts, which are few, and not the activations.
        shift = self.w0 * shifts.transpose(1, 2)  # (L, M, B, K, W)
        scale = self.w0 * self.gamma
        # Shared points go through the first layer once, and meet the signals at its shift.
        first = _product(rows, scale * self.weights[0]).view(regions, sets, points, width)
        h = torch.sin(first + (shift[0] + scale * self.biases[0].unsqueeze(1)))
        for layer in range(1, layers):
            rows = h.reshape(regions, batch * points, width)
            z = _product(rows, self.w0 * self.weights[layer])
            offset = shift[layer] + self.w0 * self.biases[layer].unsqueeze(1)
            z = torch.sin(z.view(regions, batch, points, width) + offset)
            h = z + h if self.residual else z
        out = _product(h.reshape(regions, batch * points, width), self.weights[-1])
        out = (out + self.biases[-1]).view(regions, batch, points, -1)
        return out.transpose(0, 1).reshape(batch, regions * points, -1)


def _product(rows: Tensor, weight: Tensor) -> Tensor:
    """``(M, n, i) @ (M, i, o)``; with 1 for the weight's M, one product for all regions."""
    if len(weight) == 1:
        return rows @ weight[0]
    return torch.bmm(rows, weight)
