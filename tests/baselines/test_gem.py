"""GEM: its hypernetwork's formula, and the figures of its rows."""

import pytest
import torch

from baselines.gem import GEM, LowRankHypernetwork
from lift.field import Cost, Domain

SETTINGS = {"latent": 1024, "rank": 10, "w0": 30.0, "inner_rates": {"start": 1.0}}


def cost(domain: Domain, depth: int, output: str) -> Cost:
    with torch.device("meta"):
        return GEM(domain, width=512, depth=depth, output=output, **SETTINGS).cost()


def test_matrices_are_a_base_under_a_low_rank_gate() -> None:
    torch.manual_seed(0)
    hypernetwork = LowRankHypernetwork(8, [(3, 5), (10, 4)], rank=2)
    latent = torch.randn(2, 1, 8)
    layers = hypernetwork(latent)
    for layer, (inputs, outputs) in enumerate([(3, 5), (10, 4)]):
        weight, bias = layers[layer]
        assert weight.shape == (2, outputs, inputs)
        assert bias.shape == (2, 1, outputs)
        gate = weight / hypernetwork.bases[layer]
        assert ((gate > 0) & (gate < 1)).all()
        assert torch.linalg.matrix_rank(torch.logit(gate.double()), atol=1e-4).max() == 2


@pytest.mark.parametrize("output", ["sigmoid", "tanh"])
def test_values_stay_in_the_unit_interval(output: str) -> None:
    torch.manual_seed(0)
    small = {**SETTINGS, "latent": 8, "rank": 2}
    field = GEM(Domain(2, 4, 3), width=8, depth=2, output=output, **small)
    values = field.render({"global": 30 * torch.randn(3, 8)})
    assert 0 <= values.min() < values.max() <= 1


def test_an_unknown_output_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of sigmoid, tanh"):
        GEM(Domain(2, 4, 3), width=8, depth=2, output="relu", **SETTINGS)


def test_celeba_rows_99_0_m_parameters_are_latents_unused_mlp_and_three_hidden_layers() -> None:
    latents = 29_000 * 1024
    # 1024 -> 512, eight 512 -> 512, 512 -> 1024: built by the released code, used by nothing.
    unused_mlp = (1024 + 1) * 512 + 8 * (512 + 1) * 512 + (512 + 1) * 1024
    field = cost(Domain(2, 64, 3), 3, "tanh").parameters
    assert field == pytest.approx(66.18e6, abs=5e3)
    assert round((latents + unused_mlp + field) / 1e6, 1) == 99.0


def test_shapenet_row_with_the_released_depth_is_275_g_macs() -> None:
    released = cost(Domain(3, 64, 1), 3, "sigmoid")
    assert released.macs / 1e9 == pytest.approx(275.5, abs=0.05)


def test_shapenet_rows_207_g_are_those_of_two_hidden_layers() -> None:
    two = cost(Domain(3, 64, 1), 2, "sigmoid")
    assert two.macs / 1e9 == pytest.approx(207.0, rel=2e-3)
    assert two.macs / 4.38e9 == pytest.approx(47, abs=0.5)  # against LIFT's row


def test_celeba_rows_3_299_g_are_those_of_two_hidden_layers() -> None:
    two = cost(Domain(2, 64, 3), 2, "tanh")
    assert (two.macs + two.bias_adds) / 1e9 == pytest.approx(3.299, rel=1e-3)
