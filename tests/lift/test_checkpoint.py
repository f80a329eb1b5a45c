"""Files of tensors."""

import torch

from lift.checkpoint import load_tensors, save_tensors


def test_the_same_content_is_the_same_bytes(tmp_path):
    tensors, metadata = {"b": torch.ones(2), "a": torch.zeros(1)}, {"z": [1.5, None], "y": {"x": 1}}
    paths = [tmp_path / f"{number}.safetensors" for number in range(30)]
    for path in paths:
        save_tensors(path, tensors, metadata)
    assert len({path.read_bytes() for path in paths}) == 1
    found, beside = load_tensors(paths[0])
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    assert beside == metadata
