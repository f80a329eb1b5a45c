"""bfloat16 products are taken where a processor has them, and nowhere else."""

import pytest
import torch

from lift import precision
from lift.precision import multiplies_bfloat16, products

CPU = torch.device("cpu")


@pytest.fixture
def capable(monkeypatch):
    """Sets what the processor says that it can."""

    def set_capabilities(**named: bool) -> None:
        precision._granted.cache_clear()
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: named)

    yield set_capabilities
    precision._granted.cache_clear()


def product() -> torch.dtype:
    return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


@pytest.mark.parametrize("instructions", ["amx_bf16", "bf16"])
def test_a_processor_with_bfloat16_products_takes_them(capable, instructions):
    capable(**{instructions: True, "avx2": True})
    assert multiplies_bfloat16(CPU)
    with products(CPU, "bfloat16"):
        assert product() == torch.bfloat16
    with products(CPU, "float32"):
        assert product() == torch.float32


def test_avx512s_dot_products_serve_networks_and_no_fields(capable):
    capable(avx2=True, avx512_bf16=True)
    with products(CPU, "bfloat16"):
        assert product() == torch.float32
    with products(CPU, "bfloat16", of_field=False):
        assert product() == torch.bfloat16


def test_another_takes_float32_and_says_so_once(capable, capsys):
    capable(avx2=True)
    for _ in range(2):
        with products(CPU, "bfloat16"):
            assert product() == torch.float32
    assert capsys.readouterr().out.count("no bfloat16 products") == 1
