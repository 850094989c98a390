"""Compares the logits that peft computes with the engine's, for an adapter that the trainer wrote.

    cargo run -p weft-trainer --example peft -- OUT
    VENV/bin/python workers/engine/peers/peft_check.py MODEL.gguf OUT

OUT holds `adapter/`, the folder in peft's layout, and `engine.safetensors` with the prompt's `ids` and the
engine's `logits` (with the adapter) and `base_logits` (without), both `[tokens, vocabulary]`. Ends with 1
when a logit differs by more than 0.001, or when the adapter changes nothing, which would prove nothing.
`cargo xtask peft` does all of it.
"""

import os
import pathlib
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

import peft
import torch
from safetensors.torch import load_file

import base

LIMIT = 1e-3

if len(sys.argv) != 3:
    raise SystemExit("usage: peft_check.py MODEL.gguf OUT")
folder = pathlib.Path(sys.argv[2])
engine = load_file(folder / "engine.safetensors")
ids = engine["ids"].long().unsqueeze(0)
model = base.load(sys.argv[1])


def worst(net, name):
    with torch.inference_mode():
        logits = net(ids).logits[0]
    expected = engine[name]
    if logits.shape != expected.shape:
        raise SystemExit(f"{name}: peft gives {list(logits.shape)}, the engine {list(expected.shape)}")
    return float((logits - expected).abs().max())


plain = worst(model, "base_logits")
tuned = peft.PeftModel.from_pretrained(model, folder / "adapter").eval()
wrong = worst(tuned, "logits")
effect = float((engine["logits"] - engine["base_logits"]).abs().max())
print(f"logits of {ids.shape[1]} tokens, largest absolute difference between peft and the engine:")
print(f"  base model            {plain:.2e}")
print(f"  base and adapter      {wrong:.2e}   (allowed: {LIMIT:.0e})")
print(f"  the adapter changes logits by up to {effect:.2f}")
if effect < 0.1:
    raise SystemExit("the adapter changes next to nothing; the comparison proves nothing")
# Written so that a difference that is not a number fails.
if not (plain <= LIMIT and wrong <= LIMIT):
    raise SystemExit(f"peft and the engine differ by more than {LIMIT:.0e}")
