"""Writes the golden vectors that the engine is tested against.

    python -m venv VENV && VENV/bin/pip install -r workers/engine/peers/requirements.txt
    VENV/bin/python workers/engine/golden/make.py MODEL.gguf

The reference is transformers' Llama with the GGUF file's weights (dequantised to f32) and peft's
LoRA, differentiated by torch. Nothing is fetched: the configuration is written out by hand.
"""

import json
import pathlib
import sys

import gguf
import numpy as np
import peft
import tokenizers
import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "peers"))
from base import load  # noqa: E402

torch.manual_seed(20)
torch.set_num_threads(2)

reader = gguf.GGUFReader(sys.argv[1])


def field(name):
    f = reader.fields[name]
    return f.contents()


# --- tokenizer -------------------------------------------------------------------------------------
tokens = field("tokenizer.ggml.tokens")
types = field("tokenizer.ggml.token_type")
merges = [tuple(m.split(" ")) for m in field("tokenizer.ggml.merges")]
core = tokenizers.Tokenizer(
    tokenizers.models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges)
)
core.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
    [
        tokenizers.pre_tokenizers.Digits(individual_digits=True),
        tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ]
)
core.decoder = tokenizers.decoders.ByteLevel()
core.add_special_tokens([t for t, kind in zip(tokens, types) if kind == 3])
tokenizer = transformers.PreTrainedTokenizerFast(
    tokenizer_object=core, eos_token="<|im_end|>", bos_token="<|im_start|>"
)
tokenizer.chat_template = field("tokenizer.chat_template")

TEXTS = [
    "Hello, world!",
    " leading space and  double  spaces",
    "The year 2026 has 365 days; pi is 3.14159265.",
    "1234567890",
    "fn main() {\n\tprintln!(\"{}\", 1 << 10);\n}\n",
    "def f(x):\n    return x ** 2  # square\n",
    "Grüße aus Köln, ça va? Жизнь прекрасна.",
    "日本語のテキストと中文混排。",
    "emoji: 🦀🚀👩‍👩‍👧 and flags 🇩🇪",
    "it's don't we'll I'm they've",
    "A\n\n\nB\r\nC\tD",
    "   ",
    "\n",
    "trailing spaces   ",
    "<|im_start|>user\nHi<|im_end|>\n",
    "https://example.org/a?b=c&d=e#f",
    "SELECT * FROM t WHERE id IN (1, 22, 333);",
    "ALLCAPS camelCase snake_case kebab-case",
    "a" * 50,
    "½ ² ₃ Ⅳ ٣ १२",
    "foldoc: A free on-line dictionary of computing.",
    "",
]
CHATS = [
    [{"role": "user", "content": "What is gravity?"}],
    [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": "Name 2 colours."},
        {"role": "assistant", "content": "Red and blue."},
    ],
    [
        {"role": "user", "content": "\nHi there "},
        {"role": "assistant", "content": "  Hello!\n"},
        {"role": "user", "content": "Count: 1, 2, 3"},
    ],
]


def ids(text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


chats = []
for messages in CHATS:
    for generation in (False, True):
        text = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=generation
        )
        chats.append(
            {"messages": messages, "generation": generation, "text": text, "ids": ids(text)}
        )
(HERE / "tokens.json").write_text(
    json.dumps(
        {
            "texts": [{"text": t, "ids": ids(t), "decoded": tokenizer.decode(ids(t), skip_special_tokens=True)} for t in TEXTS],
            "chats": chats,
        },
        indent=1,
        ensure_ascii=True,
    )
)

# --- model -----------------------------------------------------------------------------------------
model = load(sys.argv[1], attention="eager")

TEXT = (
    "Weft: A free on-line dictionary entry. In weaving, the weft is the thread that is drawn "
    "through the warp; it took 12 looms and 3 weavers to finish the cloth of 1764.\n"
)
prompt = ids(TEXT)
mask = [False] * 10 + [True] * (len(prompt) - 10)
columns = [int(c) for c in np.linspace(0, len(tokens) - 1, 64)]
positions = [0, 1, 7, len(prompt) // 2, len(prompt) - 1]


def run(m, grad):
    x = torch.tensor([prompt])
    with torch.set_grad_enabled(grad):
        logits = m(x).logits[0]
        losses = torch.nn.functional.cross_entropy(logits[:-1], x[0, 1:], reduction="none")
        loss = (losses * torch.tensor(mask[1:], dtype=torch.float32)).sum()
    return logits, loss


def sample(logits):
    out = []
    for p in positions:
        row = logits[p].detach()
        top = torch.topk(row, 8)
        out.append(
            {
                "position": p,
                "values": [float(row[c]) for c in columns],
                "top_ids": top.indices.tolist(),
                "top_values": top.values.tolist(),
            }
        )
    return out


logits, loss = run(model, False)
# The question whose answer has the clearest choices: rounding must not decide.
clearest, greedy_prompt, greedy = -1.0, None, None
for question in [
    "Repeat after me: one two three",
    "What is 2+2?",
    "Write the days of the week.",
    "Who wrote Romeo and Juliet?",
    "Count from 1 to 10.",
    "What is the opposite of hot?",
]:
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
    )
    x = torch.tensor([ids(text)])
    with torch.no_grad():
        run_out = model.generate(
            x, attention_mask=torch.ones_like(x), max_new_tokens=24, do_sample=False,
            eos_token_id=2, pad_token_id=2, output_logits=True, return_dict_in_generate=True,
        )
    margin = min(float(-torch.diff(torch.topk(step[0], 2).values)) for step in run_out.logits)
    print(question, margin)
    if margin > clearest:
        clearest, greedy_prompt = margin, x[0].tolist()
        greedy = run_out.sequences[0, x.shape[1]:].tolist()
base = {
    "ids": prompt,
    "mask": mask,
    "columns": columns,
    "loss_sum": float(loss),
    "logits": sample(logits),
    "greedy_prompt": greedy_prompt,
    "greedy": greedy,
}

# --- adapter ---------------------------------------------------------------------------------------
RANK = 2
lora = peft.LoraConfig(
    r=RANK,
    lora_alpha=4,
    lora_dropout=0.0,
    target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    task_type="CAUSAL_LM",
    base_model_name_or_path="HuggingFaceTB/SmolLM2-135M-Instruct",
)
tuned = peft.get_peft_model(model, lora).eval()
generator = torch.Generator().manual_seed(7)
for name, p in tuned.named_parameters():
    if "lora_" in name:
        # Values that bf16 holds exactly keep the committed file small.
        spread = 0.05 if "lora_A" in name else 0.02
        v = (torch.randn(p.shape, generator=generator) * spread).bfloat16().float()
        p.data.copy_(v)
        p.requires_grad_(True)
logits, loss = run(tuned, True)
loss.backward()
gradients = {}
for name, p in tuned.named_parameters():
    if "lora_" in name:
        flat = p.grad.flatten()
        at = torch.linspace(0, flat.numel() - 1, 6).long()
        key = name.replace(".default.", ".")
        gradients[key] = {
            "norm": float(flat.norm()),
            "at": at.tolist(),
            "values": [float(flat[i]) for i in at],
        }
folder = HERE / "adapter"
folder.mkdir(exist_ok=True)
tuned.save_pretrained(folder)
(folder / "README.md").unlink(missing_ok=True)
(folder / "adapter_model.safetensors").unlink()
# As bf16, which holds these values exactly.
state = {
    n.replace(".default.", "."): p.detach().bfloat16().contiguous()
    for n, p in tuned.named_parameters()
    if "lora_" in n
}
save_file(state, folder / "adapter_model.safetensors", metadata={"format": "pt"})
(HERE / "model.json").write_text(
    json.dumps(
        {
            "base": base,
            "adapter": {"loss_sum": float(loss.detach()), "logits": sample(logits), "gradients": gradients},
        },
        indent=1,
    )
)
print("texts", len(TEXTS), "prompt", len(prompt), "loss", base["loss_sum"], float(loss))
print("greedy", repr(tokenizer.decode(base["greedy"])))
