"""Writes GPT-2s in the forms in which they are published, and beside each what transformers says of it.

`python published.py`, with PyTorch, transformers, tokenizers and safetensors installed. Weights are random, and larger than those
that a training starts from, so that the next token depends on what was read.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import GPT2Config, GPT2LMHeadModel

HERE = Path(__file__).parent
TEXT = (HERE / "../../../examples/benford/data/facts.txt").resolve()
PROMPTS = ["with a population size of", "Größe, Fläche: 47 or 3,141 km², about", "It's over.<|endoftext|>The area is"]
END = "<|endoftext|>"
GENERATED = 24


def tokenizer():
    """Byte pairs of the sentences that the example learns from, with each digit joined to the space before it."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    digits = [f" {d}" for d in range(1, 10)] * 9999
    made.train_from_iterator(TEXT.read_text().splitlines() + digits, trainer)
    # The last number, as in the published one.
    made.add_special_tokens([AddedToken(END, normalized=True, special=True)])
    return made


def of_2019(text):
    """The JSON of a tokenizer as the hub's `gpt2` has it: without what later versions say, and with merges in one string."""
    data = json.loads(text)
    for part in ("pre_tokenizer", "post_processor", "decoder"):
        data[part].pop("use_regex", None)
    model = data["model"]
    for name in ("type", "byte_fallback", "ignore_merges"):
        model.pop(name, None)
    model["continuing_subword_prefix"] = model["end_of_word_suffix"] = ""
    model["merges"] = [" ".join(pair) for pair in model["merges"]]
    return json.dumps(data, ensure_ascii=False)


def said(model, tokens):
    """Probabilities of " 1" to " 9" after each prompt, and the most likely continuation of the first, all in float32."""
    model = model.float().eval()
    digits = [tokens.encode(f" {d}").ids for d in range(1, 10)]
    assert all(len(ids) == 1 for ids in digits), digits
    prompts = []
    with torch.no_grad():
        for prompt in PROMPTS:
            ids = tokens.encode(prompt).ids
            chances = model(torch.tensor([ids])).logits[0, -1].double().softmax(0)[[ids[0] for ids in digits]]
            prompts.append({"prompt": prompt, "tokens": len(ids), "any": chances.sum().item(), "digits": (chances / chances.sum()).tolist()})
        going = tokens.encode(PROMPTS[0]).ids
        for _ in range(GENERATED):
            going.append(model(torch.tensor([going])).logits[0, -1].argmax().item())
    return {"prompts": prompts, "generated": GENERATED, "continuation": tokens.decode(going, skip_special_tokens=False)}


def model(seed, vocab, **more):
    torch.manual_seed(seed)
    config = GPT2Config(vocab_size=vocab, n_positions=64, bos_token_id=vocab - 1, eos_token_id=vocab - 1, initializer_range=0.25, **more)
    made = GPT2LMHeadModel(config)
    # Biases and norms begin as zeros and ones, which would not show whether they are read.
    for name, weight in made.named_parameters():
        if weight.dim() == 1:
            weight.data += 0.2 * torch.randn_like(weight)
    return made


def folder(name):
    path = HERE / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    return path


def finish(path, made, tokens, text):
    (path / "tokenizer.json").write_text(text)
    (path / "said.json").write_text(json.dumps(said(made, tokens), indent=1, ensure_ascii=False) + "\n")


def as_on_the_hub(tokens):
    """As the hub holds `gpt2`: names of the model without its head, float32, and each block's mask `attn.bias` as a tensor."""
    path, made = folder("first"), model(1, tokens.get_vocab_size(), n_embd=16, n_layer=2, n_head=2)
    tensors = {name: weight.data.clone() for name, weight in made.transformer.named_parameters()}
    for block in range(2):
        tensors[f"h.{block}.attn.bias"] = torch.ones(64, 64).tril().view(1, 1, 64, 64)
    save_file(tensors, path / "model.safetensors", {"format": "pt"})
    config = {
        "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 300,
        "embd_pdrop": 0.1, "eos_token_id": 300, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "gpt2",
        "n_ctx": 64, "n_embd": 16, "n_head": 2, "n_layer": 2, "n_positions": 64, "resid_pdrop": 0.1,
        "summary_activation": None, "summary_first_dropout": 0.1, "summary_proj_to_labels": True,
        "summary_type": "cls_index", "summary_use_proj": True,
        "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}},
        "vocab_size": tokens.get_vocab_size(),
    }
    (path / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    finish(path, made, tokens, of_2019(tokens.to_str()))


def in_shards(tokens):
    """As transformers saves a model that is larger than one file may be: bfloat16, several files and an index."""
    path, made = folder("sharded"), model(2, tokens.get_vocab_size(), n_embd=24, n_layer=3, n_head=4).bfloat16()
    made.save_pretrained(path, max_shard_size="24KB")
    finish(path, made, tokens, tokens.to_str())


def with_other_choices(tokens):
    """A head of its own, float16, and what config.json can choose beside sizes; a tokenizer that cuts and fills up what it reads."""
    choices = {"n_inner": 40, "activation_function": "gelu", "scale_attn_by_inverse_layer_idx": True, "tie_word_embeddings": False}
    path, made = folder("untied"), model(3, tokens.get_vocab_size(), n_embd=12, n_layer=2, n_head=3, **choices).half()
    made.save_pretrained(path)
    cutting = Tokenizer.from_str(tokens.to_str())
    cutting.enable_truncation(4)
    cutting.enable_padding(length=30, pad_id=tokens.get_vocab_size() - 1, pad_token=END)
    finish(path, made, tokens, cutting.to_str())


if __name__ == "__main__":
    shared = tokenizer()
    for write in (as_on_the_hub, in_shards, with_other_choices):
        write(shared)
