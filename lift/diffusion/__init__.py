"""Diffusion on latents: denoisers by the latents' geometry, DDPM training, and sampling."""
