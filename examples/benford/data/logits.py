"""Writes logits.json: logits by PyTorch and transformers of a small GPT-2 whose weights a formula gives."""

import json

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

config = GPT2Config(vocab_size=61, n_positions=24, n_embd=32, n_layer=3, n_head=4)
model = GPT2LMHeadModel(config).eval()
# In the order in which the Rust side asks for them: tokens, positions, each block, the last norm.
for number, (name, weight) in enumerate(model.transformer.named_parameters()):
    i = np.arange(weight.numel(), dtype=np.float64)
    values = 0.3 * np.sin(0.7 * i + number)
    if "ln_" in name and name.endswith("weight"):
        values = 1 + values
    weight.data = torch.tensor(values.reshape(weight.shape), dtype=torch.float32)
tokens = [[(7 * i + 3) % 61 for i in range(20)], [(i * i + 1) % 61 for i in range(20)]]
with torch.no_grad():
    logits = model(torch.tensor(tokens)).logits
with open("logits.json", "w") as file:
    names = [name for name, _ in model.transformer.named_parameters()]
    json.dump({"tokens": tokens, "names": names, "logits": [round(v, 6) for v in logits.flatten().tolist()]}, file)
    file.write("\n")
print(logits.abs().max(), logits.std())
