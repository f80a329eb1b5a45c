"""Our ViT is torchvision's, weight by weight."""

from functools import partial

import pytest
import torch
from torch import nn

from baselines.torchvision_guard import import_torchvision
from baselines.vit import ViT

SIZES = {"patch": 4, "width": 16, "depth": 2, "heads": 2, "mlp_ratio": 2.0, "dropout": 0.0}


def torchvisions():
    import_torchvision()
    from torchvision.models import VisionTransformer  # noqa: PLC0415

    return VisionTransformer(
        image_size=8,
        patch_size=4,
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        mlp_dim=32,
        num_classes=5,
        norm_layer=partial(nn.LayerNorm, eps=1e-5),
    ).double()


def take(ours, theirs):
    """Copies torchvision's weights into ours."""
    kernel = theirs.conv_proj.weight  # (width, C, p, p); our patches are (p, p, C)
    pairs = [
        (ours.embed.weight, kernel.movedim(1, -1).flatten(1)),
        (ours.embed.bias, theirs.conv_proj.bias),
        (ours.token, theirs.class_token),
        (ours.positions, theirs.encoder.pos_embedding),
    ]
    modules = [(ours.norm, theirs.encoder.ln), (ours.read, theirs.heads.head)]
    for mine, other in zip(ours.blocks, theirs.encoder.layers, strict=True):
        attention = other.self_attention
        pairs += [
            (mine.project.weight, attention.in_proj_weight),
            (mine.project.bias, attention.in_proj_bias),
        ]
        modules += [
            (mine.attention_norm, other.ln_1),
            (mine.leave, attention.out_proj),
            (mine.mlp_norm, other.ln_2),
            (mine.mlp[0], other.mlp[0]),
            (mine.mlp[-1], other.mlp[3]),
        ]
    pairs += [pair for a, b in modules for pair in ((a.weight, b.weight), (a.bias, b.bias))]
    with torch.no_grad():
        for to, source in pairs:
            to.copy_(source)


def test_scores_are_torchvisions():
    torch.manual_seed(0)
    theirs = torchvisions()
    for parameter in theirs.parameters():  # its last layer and its biases start at zero
        nn.init.normal_(parameter, std=0.2)
    ours = ViT({"pixels": (8, 8, 3)}, 5, **SIZES).double()
    take(ours, theirs)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    pixels = torch.randn(3, 8, 8, 3, dtype=torch.float64)
    expected = theirs.eval()(pixels.movedim(-1, 1))
    torch.testing.assert_close(ours({"pixels": pixels}), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shapes", [{"latent": (8,)}, {"pixels": (10, 10, 3)}])
def test_patches_must_tile_an_image(shapes):
    with pytest.raises(ValueError, match=r"pixels \(R, R, C\) with R a multiple of 4"):
        ViT(shapes, 5, **SIZES)
