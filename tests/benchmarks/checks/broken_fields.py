"""A tiny field that has every property, and copies of it that each lack one."""

from __future__ import annotations

import os

import torch
from torch import nn

from lift.field import Cost, Domain, NeuralField

DOMAIN = Domain(2, 4, 1)


class Good(NeuralField):
    """``A sin(W x + V z) + b``: one sine layer, shifted by a latent."""

    width, latent = 16, 6

    def __init__(self, domain):
        super().__init__()
        self.domain = domain
        self.points = nn.Parameter(3 * torch.randn(self.width, domain.dimensions))
        self.shifts = nn.Parameter(torch.randn(self.width, self.latent))
        self.last = nn.Parameter(torch.randn(domain.channels, self.width) / 4)
        self.bias = nn.Parameter(torch.full((domain.channels,), 0.5))
        self.rates = nn.Parameter(torch.full((self.latent,), 0.1))

    def zero_latent(self, batch):
        return {"global": self.bias.new_zeros(batch, self.latent)}

    def inner_rates(self, step):
        return {"global": self.rates}

    def locate(self, coords):
        return {"coords": coords}

    def evaluate(self, latent, query):
        shift = (latent["global"] @ self.shifts.T).unsqueeze(1)
        hidden = torch.sin(query["coords"] @ self.points.T + shift)
        return hidden @ self.last.T + self.bias

    def cost(self):
        points, last = self.domain.points, self.last.numel()
        macs = points * (self.points.numel() + last) + self.shifts.numel()
        return Cost(
            parameters=sum(p.numel() for p in self.parameters()) - self.latent,
            inference_parameters=self.points.numel() + last + self.width + self.bias.numel(),
            latent_floats=self.latent,
            macs=macs,
            bias_adds=points * self.bias.numel(),
            encode_macs=3 * (macs + points * last + self.shifts.numel()),
            rate_parameters=self.latent,
        )


BROKEN: dict[str, type[NeuralField]] = {}
"""Property -> a field that lacks it."""


def lacks(name):
    """Notes which property a field is made to lack."""

    def note(cls):
        assert name not in BROKEN
        BROKEN[name] = cls
        return cls

    return note


@lacks("builds")
class NoDomain(Good):
    def __init__(self, domain):
        super().__init__(domain)
        del self.domain


@lacks("zero latent")
class StartsAtOne(Good):
    def zero_latent(self, batch):
        return {"global": self.bias.new_ones(batch, self.latent)}


@lacks("inner rates")
class RatesOfAnotherSize(Good):
    def inner_rates(self, step):
        return {"global": self.rates[:4]}


@lacks("values")
class ChannelsBeforePoints(Good):
    def evaluate(self, latent, query):
        return super().evaluate(latent, query).transpose(1, 2)


@lacks("finite inner gradient")
class NormOfTheLatent(Good):
    def evaluate(self, latent, query):
        return super().evaluate(latent, query) + latent["global"].square().sum().sqrt()


@lacks("every coordinate moves")
class HalfTheLatentIsClosed(Good):
    def evaluate(self, latent, query):
        opened = torch.cat([latent["global"][:, :3], latent["global"][:, 3:].relu() ** 2], 1)
        return super().evaluate({"global": opened}, query)


@lacks("deterministic")
class ItsOwnSeed(Good):
    def __init__(self, domain):
        super().__init__(domain)
        source = torch.Generator().manual_seed(int.from_bytes(os.urandom(6)))
        nn.init.normal_(self.last, generator=source)


@lacks("no random numbers")
class Noisy(Good):
    def evaluate(self, latent, query):
        return super().evaluate(latent, query) + torch.rand(1, device=self.bias.device)


@lacks("arguments read only")
class WritesToCoordinates(Good):
    def locate(self, coords):
        return {"coords": coords.mul_(2)}


@lacks("no trace of evaluations")
class Counts(Good):
    evaluations = 0

    def evaluate(self, latent, query):
        self.evaluations += 1
        return super().evaluate(latent, query) * self.evaluations


@lacks("float64")
class SinglePrecision(Good):
    def evaluate(self, latent, query):
        return super().evaluate(latent, query).float()


@lacks("signals apart")
class MixesSignals(Good):
    def evaluate(self, latent, query):
        mixed = latent["global"] + latent["global"].mean(0)
        return super().evaluate({"global": mixed}, query)


@lacks("points in any order")
class CountsPoints(Good):
    def evaluate(self, latent, query):
        found = super().evaluate(latent, query)
        return found + 1e-3 * torch.arange(found.shape[1], device=found.device).unsqueeze(-1)


@lacks("points apart")
class CentresPoints(Good):
    def locate(self, coords):
        return {"coords": coords - coords.mean(1, keepdim=True)}


@lacks("points of each signal")
class ReadsTheFirstSignalsPoints(Good):
    def locate(self, coords):
        return {"coords": coords[:1]}


@lacks("rendering is evaluating")
class RendersColumnsFirst(Good):
    def render(self, latent, resolution=None):
        return super().render(latent, resolution).transpose(1, 2)


@lacks("any resolution")
class OneResolution(Good):
    def render(self, latent, resolution=None):
        return super().render(latent)


@lacks("the border")
class Logarithms(Good):
    def locate(self, coords):
        return {"coords": coords.log()}


@lacks("shared first gradient")
class WrongFirstGradient(Good):
    def first_gradient(self, query, values):
        return {"global": self.bias.new_ones(len(values), self.latent)}


@lacks("independent of neighbours")
class PenaltyOfTheBatch(Good):
    def penalty(self, latent):
        return latent["global"].mean(0).square().sum().expand(len(latent["global"]))


@lacks("independent of the order")
class PenaltyByPlace(Good):
    def penalty(self, latent):
        place = torch.arange(len(latent["global"]), device=self.bias.device)
        return place * latent["global"].square().sum(1)


@lacks("independent of the batch size")
class PenaltyOfTheBatchSize(Good):
    def penalty(self, latent):
        return len(latent["global"]) * latent["global"].square().sum(1)


@lacks("state without shared memory")
class TiedMemory(Good):
    def __init__(self, domain):
        super().__init__(domain)
        self.again = nn.Parameter(self.bias.data)

    def evaluate(self, latent, query):
        return super().evaluate(latent, query) + self.again


@lacks("saved and loaded")
class StateOutsideTheWeights(Good):
    def __init__(self, domain):
        super().__init__(domain)
        self.scale = 1 + torch.rand(()).item()

    def evaluate(self, latent, query):
        return self.scale * super().evaluate(latent, query)


@lacks("deep copy")
class OneOfAKind(Good):
    def __deepcopy__(self, memo):
        return self


@lacks("moves to a device")
class LeavesATensor(Good):
    def __init__(self, domain):
        super().__init__(domain)
        self.offset = torch.full((1, 2), 0.1)

    def evaluate(self, latent, query):
        return super().evaluate(latent, query) + self.offset[:, :1]


@lacks("training and evaluation mode")
class AnotherInTraining(Good):
    def evaluate(self, latent, query):
        return super().evaluate(latent, query) * (1.1 if self.training else 1.0)


@lacks("inner gradient")
class HidesSomeOfTheLatent(Good):
    def evaluate(self, latent, query):
        half = (latent["global"] + latent["global"].detach()) / 2
        return super().evaluate({"global": half}, query)


@lacks("finite outer gradient")
class NoSecondDerivative(Good):
    def evaluate(self, latent, query):
        bent = (latent["global"] * self.rates).abs().pow(1.5).mean(1)
        return super().evaluate(latent, query) + bent.view(-1, 1, 1)


@lacks("every parameter learns")
class ForgottenParameter(Good):
    def __init__(self, domain):
        super().__init__(domain)
        self.forgotten = nn.Parameter(torch.ones(3))


@lacks("outer gradient")
class HidesSomeOfTheWeights(Good):
    def evaluate(self, latent, query):
        found = super().evaluate(latent, query)
        return found + self.last.detach().sum()


@lacks("weights from outside")
class KeepsItsOwnWeights(Good):
    def __init__(self, domain):
        super().__init__(domain)
        self.kept = [self.last]

    def evaluate(self, latent, query):
        return super().evaluate(latent, query) + self.kept[0].sum()


@lacks("one graph")
class BreaksTheGraph(Good):
    def evaluate(self, latent, query):
        torch._dynamo.graph_break()
        return super().evaluate(latent, query)


@lacks("cost: parameters")
class StatesOtherParameters(Good):
    def cost(self):
        return changed(super().cost(), parameters=1)


@lacks("cost: latent floats")
class StatesAnotherLatent(Good):
    def cost(self):
        return changed(super().cost(), latent_floats=5)


@lacks("cost: multiply-adds")
class StatesNoProducts(Good):
    def cost(self):
        return changed(super().cost(), macs=0)


@lacks("cost: encoding")
class StatesOneInnerStep(Good):
    def cost(self):
        cost = super().cost()
        return changed(cost, encode_macs=cost.encode_macs // 3)


@lacks("inner steps lower the error")
class ClimbsUp(Good):
    def inner_rates(self, step):
        return {"global": -self.rates}


def changed(cost, **values):
    return Cost(**{**vars(cost), **values})
