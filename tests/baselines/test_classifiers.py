"""The baselines' heads have the sizes that the papers print, and learn."""

import pytest
import torch
from torch.nn import functional

from baselines.classifiers import AttentionBlock, TransformerClassifier
from benchmarks.settings.folders import CONFIG
from benchmarks.settings.method import ImageClassifierConfig, find_method
from benchmarks.settings.reading import ConfigError, read_yaml
from benchmarks.stages.classification.heads import build_head, head_cost

FUNCTA = {"latent": (512,)}
SPATIAL_FUNCTA = {"local": (8, 8, 16)}
PIXELS = {"pixels": (32, 32, 3)}


def published(method):
    path = CONFIG / "image_classifiers" / f"{method}.yaml"
    if path.exists():
        return read_yaml(path, ImageClassifierConfig).classification["cifar10"]
    return find_method(method).classification["cifar10"]


@pytest.mark.parametrize(
    ("method", "shapes", "count", "printed"),
    [
        ("functa", FUNCTA, 1_585_162, 1.58e6),
        ("spatial_functa", SPATIAL_FUNCTA, 7_134_346, 7.10e6),
        ("resnet50", PIXELS, 23_520_842, 23.52e6),
        ("vit4", PIXELS, 6_268_810, 6.27e6),
    ],
)
def test_the_printed_sizes(method, shapes, count, printed):
    settings = published(method)
    head = build_head(settings.head, shapes, 10, settings.settings)
    assert sum(parameter.numel() for parameter in head.parameters()) == count
    assert count == pytest.approx(printed, rel=0.006)


def test_the_mlps_multiply_adds_in_closed_form():
    settings = published("functa")
    head = build_head(settings.head, FUNCTA, 10, settings.settings)
    assert head_cost(head, FUNCTA).macs == 512 * 1024 + 1024 * 1024 + 1024 * 10


def test_the_transformers_multiply_adds_in_closed_form():
    width, tokens = 32, 65
    sizes = {"width": width, "depth": 2, "heads": 4, "mlp_ratio": 4.0, "dropout": 0.0}
    head = build_head("transformer", SPATIAL_FUNCTA, 10, sizes)
    block = tokens * 12 * width**2 + 2 * tokens**2 * width
    expected = 64 * 16 * width + 2 * block + width * 10
    # Norms have no matrix product: they are named.
    assert head_cost(head, SPATIAL_FUNCTA) == (expected, "not counted: native_layer_norm")


def test_vmambas_multiply_adds_in_closed_form():
    shapes = {"global": (1, 1, 64), "intermediate": (4, 4, 32), "local": (8, 8, 16)}
    width, inner, states, cells = 32, 64, 2, 64
    sizes = {
        "width": width, "depth": 2, "expand": 2.0, "states": states, "mlp_ratio": 4.0,
        "drop_path": 0.0,
    }  # fmt: skip
    head = build_head("vmamba", shapes, 10, sizes)
    rank = 2  # ceil(width / 16)
    scan = 2 * width * inner + 9 * inner + 4 * inner * (rank + 2 * states) + 4 * inner * rank
    estimate = 4 * inner * (9 * states + 1)  # VMamba's, of the recurrence
    block = cells * (scan + estimate + 2 * 4 * width**2)
    expected = cells * (64 + 32 + 16) * width + 2 * block + width * 10
    assert head_cost(head, shapes).macs == expected


def test_the_convolutions_multiply_adds_in_closed_form():
    shapes, width = {"global": (1, 1, 3), "local": (8, 8, 16)}, 16
    head = build_head("convolutional", shapes, 10, {"width": width, "blocks": 2})
    expected = 64 * 9 * (19 * width + 4 * width**2) + width * 10
    assert head_cost(head, shapes).macs == expected


def test_convolutions_read_a_coarse_grid_as_if_it_were_fine():
    torch.manual_seed(0)
    shapes = {"global": (1, 1, 3), "local": (4, 4, 2)}
    head = build_head("convolutional", shapes, 10, {"width": 8, "blocks": 1})
    coarse, local = torch.randn(2, 1, 1, 3), torch.randn(2, 4, 4, 2)
    fine = coarse.expand(-1, 4, 4, -1)
    assert torch.equal(
        head({"global": coarse, "local": local}), head({"global": fine, "local": local})
    )


@pytest.mark.parametrize(
    ("shapes", "width", "message"),
    [
        ({"latent": (6,)}, 8, "expected grids"),
        ({"a": (3, 3, 2), "b": (4, 4, 2)}, 8, "expected grids"),
        ({"local": (4, 4, 2)}, 12, "width: 12, expected a multiple of 8"),
    ],
)
def test_what_no_convolution_reads(shapes, width, message):
    with pytest.raises(ConfigError, match=message):
        build_head("convolutional", shapes, 10, {"width": width, "blocks": 1})


def test_attention_is_torchs():
    torch.manual_seed(0)
    block, tokens = AttentionBlock(16, heads=4, mlp_ratio=2, dropout=0), torch.randn(2, 9, 16)
    parts = block.project(tokens).chunk(3, dim=-1)
    query, key, value = (part.unflatten(-1, (4, 4)).transpose(1, 2) for part in parts)
    expected = functional.scaled_dot_product_attention(query, key, value)
    assert torch.allclose(block.attend(tokens), expected.transpose(1, 2).flatten(2), atol=1e-6)


def test_tokens_have_positions():
    torch.manual_seed(0)
    head = TransformerClassifier(
        SPATIAL_FUNCTA, 10, width=16, depth=1, heads=2, mlp_ratio=2, dropout=0
    )
    grid = torch.randn(1, 8, 8, 16)
    assert not torch.allclose(head({"local": grid}), head({"local": grid.flip(1)}), atol=1e-5)


@pytest.mark.parametrize(
    ("key", "shapes", "settings"),
    [
        ("mlp", {"latent": (6,)}, {"width": 16, "hidden_layers": 2, "dropout": 0.0}),
        (
            "transformer",
            {"local": (2, 2, 4)},
            {"width": 16, "depth": 1, "heads": 2, "mlp_ratio": 2.0, "dropout": 0.0},
        ),
        (
            "convolutional",
            {"global": (1, 1, 3), "local": (4, 4, 2)},
            {"width": 8, "blocks": 1},
        ),
        ("resnet", {"pixels": (8, 8, 3)}, {"width": 4, "depths": [1, 1]}),
        (
            "vit",
            {"pixels": (8, 8, 3)},
            {"patch": 4, "width": 16, "depth": 1, "heads": 2, "mlp_ratio": 2.0, "dropout": 0.0},
        ),
    ],
)
def test_heads_learn_eight_signals_by_heart(key, shapes, settings):
    torch.manual_seed(0)
    head = build_head(key, shapes, 4, settings)
    signals = {name: torch.randn(8, *shape) for name, shape in shapes.items()}
    labels = torch.arange(8) % 4
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        functional.cross_entropy(head(signals), labels).backward()
        optimizer.step()
    assert (head(signals).argmax(1) == labels).all()


def test_heads_that_do_not_fit_are_one_clear_error():
    sizes = published("spatial_functa").settings
    with pytest.raises(ValueError, match="expected one grid"):
        build_head("transformer", FUNCTA, 10, sizes)
    with pytest.raises(ValueError, match=r"expected pixels \(R, R, C\)"):
        build_head("resnet", FUNCTA, 10, {"width": 4, "depths": [1]})
    with pytest.raises(ValueError, match="head: 'svm' is unknown; expected one of vmamba"):
        build_head("svm", FUNCTA, 10, {})
    with pytest.raises(ValueError, match="head 'mlp': widht: Extra inputs are not permitted"):
        build_head("mlp", FUNCTA, 10, {"widht": 3, "hidden_layers": 1, "dropout": 0.0})


def test_heads_that_the_width_does_not_divide_into_are_refused_when_built():
    with pytest.raises(ValueError, match="width: 10, expected a multiple of the 4 heads"):
        AttentionBlock(10, heads=4, mlp_ratio=1.0, dropout=0.0)
