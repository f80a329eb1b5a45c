"""LIFT and the machinery that meta-learned neural fields share: ``import lift``."""

from lift.field import Cost, Domain, Latent, NeuralField, Query
from lift.meta.inner import adapt
from lift.model import LIFT

__all__ = ["LIFT", "Cost", "Domain", "Latent", "NeuralField", "Query", "adapt"]
