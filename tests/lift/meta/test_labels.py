"""Labels are part of the outer loss, and no inner step sees them."""

import pytest
import torch
from torch.nn import functional as F

from baselines.classifiers import MLPClassifier
from lift import adapt
from lift.meta.labels import LatentClassifier, attach, classifier_of
from lift.meta.outer import meta_step
from tests.lift.fields import small_lift

CLASSES = torch.tensor([0, 2, 1, 2, 0])


def labelled(weight=0.1):
    torch.manual_seed(0)
    field = small_lift()
    shapes = {name: tuple(z.shape[1:]) for name, z in field.zero_latent(1).items()}
    head = MLPClassifier(shapes, 3, width=8, hidden_layers=1, dropout=0.0)
    attach(field, LatentClassifier(head, weight))
    return field


def signals(field, batch=5):
    values = torch.rand(batch, 64, 3, generator=torch.Generator().manual_seed(1))
    return field.locate(field.domain.grid()), values


def textbook(field, weight, steps):
    """By autograd alone: adapt without labels, then both losses at the adapted latent."""
    query, values = signals(field)
    latent = {name: z.requires_grad_() for name, z in field.zero_latent(5).items()}
    for step in range(steps):
        error = (field.evaluate(latent, query) - values).square().mean((1, 2)).sum()
        error = error + field.penalty(latent).sum()
        gradients = torch.autograd.grad(error, list(latent.values()), create_graph=True)
        rates = field.inner_rates(step)
        latent = {
            name: z - rates[name] * g
            for (name, z), g in zip(latent.items(), gradients, strict=True)
        }
    error = (field.evaluate(latent, query) - values).square().mean((1, 2)) + field.penalty(latent)
    scores = classifier_of(field).head(latent)
    loss = error.mean() + weight * F.cross_entropy(scores, CLASSES)
    names, parameters = zip(*field.named_parameters(), strict=True)
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return loss.item(), dict(zip(names, found, strict=True))


@pytest.mark.parametrize(
    "way",
    [
        {"gradient": "unrolled"},
        {"gradient": "replayed"},
        {"gradient": "unrolled", "micro_batch": 2},
        {"gradient": "replayed", "micro_batch": 2},
        {"gradient": "unrolled", "compile": True},
    ],
)
def test_the_outer_gradient_is_that_of_both_losses_at_the_adapted_latent(float64, way):
    field = labelled()
    loss, expected = textbook(field, 0.1, 3)
    field.zero_grad()
    query, values = signals(field)
    result = meta_step(field, 3, **way)(query, values, None, CLASSES)
    assert result.loss.item() == pytest.approx(loss, rel=1e-12)
    assert any(name.startswith("classifier.") for name in expected)
    for name, parameter in field.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-9, atol=1e-13)


def test_the_inner_loop_sees_no_label(float64):
    field = labelled()
    query, values = signals(field)
    plain = small_lift()
    plain.load_state_dict(
        {k: v for k, v in field.state_dict().items() if not k.startswith("classifier.")}
    )
    for name, latent in adapt(field, query, values, 3).items():
        torch.testing.assert_close(latent, adapt(plain, query, values, 3)[name], rtol=0, atol=0)


def test_signals_are_classified_by_the_highest_score():
    field = labelled()
    latent = adapt(field, *signals(field), 3)
    classifier = classifier_of(field)
    chosen = classifier(latent).argmax(1)
    assert classifier.right(latent, chosen).tolist() == [1.0] * 5
    assert classifier.right(latent, (chosen + 1) % 3).tolist() == [0.0] * 5
