"""The networks that ReLIFT is compared with: activations in closed form, initialisation, sizes."""

import math

import pytest
import torch

from baselines.single_signal import FINER, SIREN, WIRE, Gauss, ReLUPE, nyquist_octaves
from lift.relift import ReLIFT

COORDS = torch.rand(40, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
SIZE = {"width": 32, "hidden": 2}


def test_siren_is_relift_without_its_changes():
    torch.manual_seed(0)
    siren = SIREN(2, 3, **SIZE, first_w0=30.0, w0=30.0)
    torch.manual_seed(0)
    relift = ReLIFT(2, 3, **SIZE, first_w0=30.0, w0=30.0, gamma=1.0, residual=False)
    assert torch.equal(siren(COORDS), relift(COORDS))
    h = torch.sin(30 * siren.first(COORDS))
    for layer in siren.hidden:
        h = torch.sin(30 * layer(h))
    assert torch.allclose(siren(COORDS), siren.last(h))


def test_finer_near_zero_is_siren_and_its_period_shrinks_with_the_value():
    net = FINER(2, 3, **SIZE, first_w0=30.0, w0=20.0, first_bias=5.0)
    z = net.layers[0](COORDS)
    h = torch.sin(30 * (z.abs() + 1) * z)
    for layer in list(net.layers)[1:]:
        z = layer(h)
        h = torch.sin(20 * (z.abs() + 1) * z)
    assert torch.allclose(net(COORDS), net.last(h), atol=1e-6)
    assert net.layers[0].bias.abs().max() > 4


def test_finers_gradient_takes_the_factor_for_a_constant():
    net = FINER(2, 3, **SIZE, first_w0=3.0, w0=2.0, first_bias=1.0)
    first, *others = net.layers
    (gradient,) = torch.autograd.grad(net(COORDS).sum(), first.bias)
    z = first(COORDS)
    outer = (3 * (z.abs() + 1) * z).detach().requires_grad_()
    h = torch.sin(outer)
    for layer in others:
        z = layer(h)
        h = torch.sin(2 * (z.detach().abs() + 1) * z)
    (pulled,) = torch.autograd.grad(net.last(h).sum(), outer)
    expected = (pulled * 3 * (first(COORDS).abs() + 1)).sum(0)
    torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-4)


def test_gauss_is_one_at_zero_and_even():
    net = Gauss(2, 1, **SIZE, first_sigma=20.0, sigma=10.0)
    h = torch.exp(-400 * net.layers[0](COORDS) ** 2)
    for layer in list(net.layers)[1:]:
        h = torch.exp(-100 * layer(h) ** 2)
    assert torch.allclose(net(COORDS), net.last(h), atol=1e-5)


def test_wavelets_are_complex_waves_under_gaussians():
    net = WIRE(2, 3, **SIZE, first_w0=3.0, w0=2.0, first_sigma=2.5, sigma=1.5)

    def wavelet(z, w0, sigma):
        return torch.exp(1j * w0 * z) * torch.exp(-((sigma * z.abs()) ** 2))

    h = wavelet(net.first(COORDS).to(torch.cfloat), 3.0, 2.5)
    for layer in net.hidden:
        h = wavelet(layer(h), 2.0, 1.5)
    assert torch.allclose(net(COORDS), net.last(h).real, atol=1e-6)
    assert h.imag.abs().max() > 0.01


def test_the_encoding_holds_the_coordinates_and_their_octaves():
    net = ReLUPE(2, 3, **SIZE, octaves=3)
    encoded = net.encode(COORDS)
    assert encoded.shape == (40, 2 * (1 + 2 * 3))
    assert torch.equal(encoded[:, :2], COORDS)
    assert torch.allclose(encoded[:, 2 + 1], torch.sin(2 * math.pi * COORDS[:, 0]), atol=1e-6)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (
            SIREN(2, 3, **SIZE, first_w0=30.0, w0=30.0),
            2 * 32 + 32 + 2 * (32 * 32 + 32) + 32 * 3 + 3,
        ),
        (ReLUPE(2, 3, **SIZE, octaves=4), 18 * 32 + 32 + 2 * (32 * 32 + 32) + 32 * 3 + 3),
        (
            WIRE(2, 3, **SIZE, first_w0=1.0, w0=1.0, first_sigma=1.0, sigma=1.0),
            2 * 22 + 22 + 2 * (22 * 22 + 22) + 69,
        ),
    ],
)
def test_parameters_are_the_closed_form(network, expected):
    assert sum(p.numel() for p in network.parameters()) == expected


def test_octaves_are_those_of_the_sampling_theorem():
    """``floor(log2(N / 4))``: a photograph of 256 x 384, a third of its side, a clip, a grid."""
    samples = {384: 6, 384 // 3: 5, 308_207: 16, 64: 4, 4: 1, 1: 1}
    for count, expected in samples.items():
        assert nyquist_octaves(count) == expected == max(1, math.floor(math.log2(count / 4)))
