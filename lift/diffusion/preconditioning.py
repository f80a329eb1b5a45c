"""A denoiser that passes its input on where there is little noise."""

from __future__ import annotations

from torch import Tensor, nn

from lift.diffusion.process import noise_levels


class Preconditioned(nn.Module):
    """Karras et al. (NeurIPS 2022), equation 7, around a network that else gives the clean latent.

    With sigma, the deviation of noise in units of the signal's, and s = ``sigma_data``::

        clean = s^2 / (sigma^2 + s^2) * seen + sigma / sqrt(sigma^2 + s^2) * network(noisy, t)

    where ``seen = clean + sigma * noise``. Theirs with the network's output divided by s and its
    input, the process's, not. A network alone errs by some tenths of a deviation however little
    noise there is, which a field draws as noise; here an error falls with sigma below s. Above s
    the network gives the clean latent, which has fewer directions than the noise (Li and He, arXiv
    2511.13720). `denoising_loss` takes the same ``sigma_data``.

    Args:
        network: ``(noisy (B, ...), timestep (B,))`` to ``(B, ...)``.
        sigma_data: s; a latent's numbers have deviation 1.
    """

    def __init__(self, network: nn.Module, sigma_data: float) -> None:
        super().__init__()
        self.network, self.sigma_data = network, sigma_data
        self.register_buffer("sigma", noise_levels(), persistent=False)

    def forward(self, noisy: Tensor, timestep: Tensor) -> Tensor:
        sigma = self.get_buffer("sigma")[timestep.long()][(..., *[None] * (noisy.ndim - 1))]
        total = sigma.square() + self.sigma_data**2
        seen = noisy * (1 + sigma.square()).sqrt()
        given = self.network(noisy, timestep).float()
        return self.sigma_data**2 / total * seen + sigma / total.sqrt() * given
