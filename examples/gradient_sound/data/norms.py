"""Writes norms.json: loss and gradient norms by PyTorch, for weights that a formula gives and the first ten digits."""

import json
import struct

import numpy as np
import torch
import torch.nn.functional as F

SHAPES = [(20, 1, 5, 5), (50, 20, 5, 5), (500, 800), (10, 500)]


def formula(layer, shape, fan_in):
    """The element at flat position i is sin(i + 1 + layer) / sqrt(fan_in)."""
    i = np.arange(np.prod(shape), dtype=np.float64)
    return torch.tensor((np.sin(i + 1 + layer) / np.sqrt(fan_in)).reshape(shape), dtype=torch.float32)


weights, biases = [], []
for layer, shape in enumerate(SHAPES):
    fan_in = int(np.prod(shape[1:]))
    weights.append(formula(layer, shape, fan_in).requires_grad_())
    biases.append(formula(layer + 10, (shape[0],), fan_in).requires_grad_())

raw = open("digits-images-idx3-ubyte", "rb").read()
count, height, width = struct.unpack(">III", raw[4:16])
images = np.frombuffer(raw, np.uint8, offset=16).reshape(count, 1, height, width)[:10]
labels = torch.tensor(np.frombuffer(open("digits-labels-idx1-ubyte", "rb").read(), np.uint8, offset=8)[:10].astype(np.int64))
x = F.interpolate(torch.tensor(images.astype(np.float32) / 255), size=(28, 28), mode="bilinear", align_corners=False)
x = F.max_pool2d(F.relu(F.conv2d(x, weights[0], biases[0])), 2)
x = F.max_pool2d(F.relu(F.conv2d(x, weights[1], biases[1])), 2).flatten(1)
x = F.relu(F.linear(x, weights[2], biases[2]))
loss = F.nll_loss(F.log_softmax(F.linear(x, weights[3], biases[3]), 1), labels)
loss.backward()
norms = [float((w.grad.double().square().sum() + b.grad.double().square().sum()).sqrt()) for w, b in zip(weights, biases)]
with open("norms.json", "w") as file:
    json.dump({"loss": loss.item(), "norms": norms}, file, indent=1)
    file.write("\n")
