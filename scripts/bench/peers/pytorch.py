"""PyTorch on one thread, speaking as serve.ts does: `pytorch.py <description, JSON> <data, float32>`."""

import json
import math
import sys
import time

import numpy
import torch
from torch import nn

torch.set_num_threads(1)

with open(sys.argv[1]) as file:
    workload = json.load(file)
data = numpy.fromfile(sys.argv[2], dtype=numpy.float32)
taken = 0


def take(shape):
    global taken
    size = math.prod(shape)
    taken += size
    return torch.from_numpy(data[taken - size : taken].reshape(shape).copy())


class GlobalAveragePool(nn.Module):
    def forward(self, x):
        return x.mean(dim=2)


def layer_of(described, channels):
    match described["type"]:
        case "dense":
            return nn.Linear(channels, described["outputs"], bias=described["bias"])
        case "conv1d":
            return nn.Conv1d(channels, described["outputs"], described["kernel"])
        case "maxPool1d":
            return nn.MaxPool1d(described["kernel"])
        case "globalAveragePool":
            return GlobalAveragePool()
        case "relu":
            return nn.ReLU()
        case "tanh":
            return nn.Tanh()
        case "sigmoid":
            return nn.Sigmoid()
    raise ValueError(described)


model = workload["model"]
batch = workload["batchSize"]
channels = model["inputShape"][0]
layers = []
for described in model["layers"]:
    layers.append(layer_of(described, channels))
    channels = described.get("outputs", channels)
network = nn.Sequential(*layers)

x = take([batch, *model["inputShape"]])
if model["loss"]["type"] == "mse":
    target = take([batch, channels])
    loss_of = nn.MSELoss()
else:
    target = take([batch]).long()
    loss_of = nn.CrossEntropyLoss()
with torch.no_grad():
    for parameter in network.parameters():
        parameter.copy_(take(parameter.shape))

optimizer_model = model["optimizer"]
rate = optimizer_model["learningRate"]
if optimizer_model["type"] == "adam":
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
else:
    optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=optimizer_model["momentum"])


def say(value):
    print(json.dumps(value), flush=True)


torch.ones(8, 8) @ torch.ones(8, 8)  # what it multiplies matrices with is only loaded when it is needed
with open("/proc/self/maps") as file:
    libraries = file.read()
blas = next((name for name in ("openblas", "mkl", "blas") if name in libraries.lower()), "none")
if blas == "blas":
    blas = "the reference BLAS, which is slow: install libopenblas0"
say({"ready": True, "note": f"PyTorch {torch.__version__}, one thread, {blas}"})
for line in sys.stdin:
    start = time.perf_counter_ns()
    for _ in range(int(line)):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(network(x), target)
        loss.backward()
        optimizer.step()
    say({"nanoseconds": time.perf_counter_ns() - start, "loss": loss.item()})
