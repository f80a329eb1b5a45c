"""How baselines' inner rates are published: Meta-SGD, one a latent coordinate."""

META_SGD = {"learned": "coordinate", "between": (0.005, 0.1)}
CLAMPED = {**META_SGD, "clamp": (0.0, 1.0)}
"""mNIF's."""
TOKENS = {"learned": "coordinate", "steps": 3, "bounds": (1e-6, 10.0), "scale": 4.0}
"""ENF's and MetaLF's but for where they start."""
