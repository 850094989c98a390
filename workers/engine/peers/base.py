"""The base model of a GGUF file as transformers' Llama, in f32. Nothing is fetched."""

import gguf
import numpy as np
import torch
import transformers

PARTS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def unpermute(w, heads):
    """Rows of a query or key projection in the checkpoint's order.

    The converter to GGUF puts the two halves of every rotary pair side by side.
    """
    rows, cols = w.shape
    return w.reshape(heads, rows // heads // 2, 2, cols).swapaxes(1, 2).reshape(rows, cols)


def load(path, attention="sdpa"):
    """The model behind a GGUF file, with every weight dequantised to f32."""
    reader = gguf.GGUFReader(path)

    def field(name):
        if name not in reader.fields:
            raise SystemExit(f"{path}: the GGUF file lacks the metadata key {name}")
        return reader.fields[name].contents()

    theta = float(field("llama.rope.freq_base"))
    config = transformers.LlamaConfig(
        vocab_size=len(field("tokenizer.ggml.tokens")),
        hidden_size=field("llama.embedding_length"),
        intermediate_size=field("llama.feed_forward_length"),
        num_hidden_layers=field("llama.block_count"),
        num_attention_heads=field("llama.attention.head_count"),
        num_key_value_heads=field("llama.attention.head_count_kv"),
        max_position_embeddings=field("llama.context_length"),
        rms_norm_eps=float(field("llama.attention.layer_norm_rms_epsilon")),
        rope_theta=theta,
        rope_parameters={"rope_type": "default", "rope_theta": theta},
        tie_word_embeddings=True,
        attn_implementation=attention,
    )
    model = transformers.LlamaForCausalLM(config).float().eval()
    state = {}
    for t in reader.tensors:
        w = gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32)
        if t.name == "token_embd.weight":
            name = "model.embed_tokens.weight"
        elif t.name == "output_norm.weight":
            name = "model.norm.weight"
        else:
            _, layer, part, _ = t.name.split(".")
            if part == "attn_q":
                w = unpermute(w, config.num_attention_heads)
            if part == "attn_k":
                w = unpermute(w, config.num_key_value_heads)
            name = f"model.layers.{layer}.{PARTS[part]}.weight"
        state[name] = torch.from_numpy(np.ascontiguousarray(w))
    missing, unexpected = model.load_state_dict(state, strict=False)
    if missing != ["lm_head.weight"] or unexpected:
        raise SystemExit(f"{path}: tensors missing {missing}, unknown {unexpected}")
    model.tie_weights()
    return model
