"""How baselines' inner rates are published: Meta-SGD, one a latent coordinate."""

META_SGD = {"learned": "coordinate", "between": (0.005, 0.1)}
CLAMPED = {**META_SGD, "clamp": (0.0, 1.0)}
"""mNIF's."""
