"""Trains the article's randomized-prior ensemble as users of PyTorch and JAX would, and times it.

One call trains one formulation once and prints one line of JSON:

    python ensemble.py torch-loop|torch-batched|jax --members 50 --rows 100 --epochs 100

Each member is a 1-20-20-1 network with SELU plus a fixed, untrained copy of the same network (its prior). It
fits its own bootstrap sample by the mean squared error, full batch, with Adam at learning rate 0.05, in float32.

`run_seconds` holds the draws, the priors and every step. Imports, data and a first untimed training (a short one for
the loop, which takes seconds) are left out, in favour of the peer. `compile_seconds` is JAX's tracing and XLA.
"""

import argparse
import json
import math
import time

import numpy as np

WIDTHS = [1, 20, 20, 1]
LEARNING_RATE = 0.05


def article_data(rows):
    """The article's toy problem: a sine mixture seen with noise inside and outside of the sines."""
    rng = np.random.default_rng(2024)
    x = rng.uniform(0.0, 0.5, size=(rows, 1))
    noise = rng.normal(0.0, 0.02, size=(rows, 1))
    y = x + 0.3 * np.sin(2 * np.pi * (x + noise)) + 0.3 * np.sin(4 * np.pi * (x + noise)) + noise
    return x.astype(np.float32), y.astype(np.float32)


def seconds(work):
    """How long `work()` takes, and what it returns."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def torch_loop(x, y, members, epochs):
    """The article's own way: modules, one member after the other."""
    import torch
    from torch import nn

    x, y = torch.from_numpy(x), torch.from_numpy(y)

    def network():
        layers = []
        for inputs, outputs in zip(WIDTHS, WIDTHS[1:]):
            linear = nn.Linear(inputs, outputs)
            nn.init.xavier_uniform_(linear.weight)
            layers += [linear, nn.SELU()]
        return nn.Sequential(*layers[:-1])

    def train(members, epochs):
        first, last = [], []
        for _ in range(members):
            trainable, prior = network(), network().requires_grad_(False)
            adam = torch.optim.Adam(trainable.parameters(), lr=LEARNING_RATE)
            drawn = torch.randint(len(x), (len(x),))
            inputs, targets = x[drawn], y[drawn]
            for epoch in range(epochs):
                adam.zero_grad()
                loss = nn.functional.mse_loss(trainable(inputs) + prior(inputs), targets)
                loss.backward()
                adam.step()
                if epoch == 0:
                    first.append(loss.item())
            last.append(loss.item())
        return first, last

    torch.manual_seed(0)
    train(1, 10)
    run, losses = seconds(lambda: train(members, epochs))
    return run, 0.0, losses


def torch_batched(x, y, members, epochs):
    """What an expert writes for speed: all members in batched products, the prior once, Adam fused."""
    import torch

    x, y = torch.from_numpy(x), torch.from_numpy(y)

    def parameters():
        drawn = []
        for inputs, outputs in zip(WIDTHS, WIDTHS[1:]):
            bound = math.sqrt(6.0 / (inputs + outputs))
            weight = torch.empty(members, inputs, outputs).uniform_(-bound, bound)
            bias = torch.empty(members, 1, outputs).uniform_(-1.0, 1.0) / math.sqrt(inputs)
            drawn.append((weight, bias))
        return drawn

    def predict(layers, values):
        for weight, bias in layers[:-1]:
            values = torch.selu(torch.baddbmm(bias, values, weight))
        weight, bias = layers[-1]
        return torch.baddbmm(bias, values, weight)

    def train(epochs):
        layers, prior = parameters(), parameters()
        flat = [part.requires_grad_() for layer in layers for part in layer]
        rows = torch.randint(len(x), (members, len(x)))
        inputs, targets = x[rows], y[rows]
        residual = targets - predict(prior, inputs)
        adam = torch.optim.Adam(flat, lr=LEARNING_RATE, fused=True)
        for epoch in range(epochs):
            adam.zero_grad()
            losses = (predict(layers, inputs) - residual).square().mean(dim=(1, 2))
            losses.sum().backward()
            adam.step()
            if epoch == 0:
                first = losses.tolist()
        return first, losses.tolist()

    torch.manual_seed(0)
    train(epochs)
    run, losses = seconds(lambda: train(epochs))
    return run, 0.0, losses


def jax_vmap(x, y, members, epochs):
    """JAX as its manual teaches it: one member, vmapped over keys, scanned over epochs, compiled whole."""
    import jax
    import jax.numpy as jnp
    import optax

    adam = optax.adam(LEARNING_RATE)
    glorot = jax.nn.initializers.glorot_uniform()

    def parameters(key):
        layers = []
        for inputs, outputs in zip(WIDTHS, WIDTHS[1:]):
            key, weight, bias = jax.random.split(key, 3)
            bound = 1.0 / math.sqrt(inputs)
            layers.append(
                (glorot(weight, (inputs, outputs)), jax.random.uniform(bias, (outputs,), minval=-bound, maxval=bound))
            )
        return layers

    def predict(layers, values):
        for weight, bias in layers[:-1]:
            values = jax.nn.selu(values @ weight + bias)
        weight, bias = layers[-1]
        return values @ weight + bias

    def train(key, x, y):
        for_start, for_prior, for_rows = jax.random.split(key, 3)
        rows = jax.random.randint(for_rows, (len(x),), 0, len(x))
        inputs = x[rows]
        residual = y[rows] - predict(parameters(for_prior), inputs)

        def loss(layers):
            return jnp.mean(jnp.square(predict(layers, inputs) - residual))

        def epoch(carry, _):
            layers, state = carry
            value, slope = jax.value_and_grad(loss)(layers)
            change, state = adam.update(slope, state)
            return (optax.apply_updates(layers, change), state), value

        start = parameters(for_start)
        (layers, _), losses = jax.lax.scan(epoch, (start, adam.init(start)), length=epochs)
        return layers, (losses[0], losses[-1])

    keys = jax.random.split(jax.random.key(0), members)
    whole = jax.jit(jax.vmap(train, in_axes=(0, None, None)))
    compile_time, compiled = seconds(lambda: whole.lower(keys, x, y).compile())
    jax.block_until_ready(compiled(keys, x, y))
    run, (_, losses) = seconds(lambda: jax.block_until_ready(compiled(keys, x, y)))
    return run, compile_time, losses


FORMULATIONS = {"torch-loop": torch_loop, "torch-batched": torch_batched, "jax": jax_vmap}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("formulation", choices=FORMULATIONS)
    parser.add_argument("--members", type=int, default=50)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=100)
    options = parser.parse_args()

    x, y = article_data(options.rows)
    run, compile_time, losses = FORMULATIONS[options.formulation](x, y, options.members, options.epochs)
    first, last = (float(np.median(values)) for values in losses)
    # A run that learnt nothing is not worth timing.
    if not last < first / 2:
        raise SystemExit(f"{options.formulation} did not learn: median loss {first} at first, {last} at last")
    print(json.dumps({"run_seconds": run, "compile_seconds": compile_time, "first_loss": first, "last_loss": last}))


if __name__ == "__main__":
    main()
