"""The work of `cargo run -p weft-engine --example bench`, done by its peers on the same processor.

    VENV/bin/python workers/engine/peers/bench_peers.py MODEL.gguf [--threads N] [--json FILE]

`cargo xtask bench` makes VENV, runs both and sets the lines side by side. The peers are transformers and
peft on torch in f32 (training also under bf16 autocast), and llama.cpp on the very same GGUF file where
`llama-cpp-python` is installed. Tokens, batches, lengths, steps and the warm-up are those of the Rust
example; a line with the same name measures the same work. As there, no line contains an optimizer's step.

Left out, because the peer cannot do it: llama.cpp does not train, and applies an adapter to a whole
context, not to one stream of a batch; its lines with adapters (which it reads in a format of its own) are
not measured.
"""

import argparse
import contextlib
import json
import os
import time

parser = argparse.ArgumentParser(description="measures transformers, peft and llama.cpp")
parser.add_argument("model", help="the GGUF file that the engine was measured with")
parser.add_argument("--threads", type=int, help="threads to compute with; default: cores")
parser.add_argument("--json", help="also write one JSON object a line to this file")
parser.add_argument(
    "--only", choices=["transformers", "llama.cpp"], help="measure only this peer"
)
args = parser.parse_args()
threads = args.threads or len(os.sched_getaffinity(0))
# Before torch is loaded, which reads it once.
os.environ["OMP_NUM_THREADS"] = str(threads)
# Only the processor is measured, whatever else the machine has.
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

# As in the Rust example.
ROOM, STEPS, PROMPT = 1024, 128, 128
BATCH, LENGTH, GIVEN, RANK, ALPHA = 8, 100, 30, 16, 32
LENGTHS = (16, 128, 512)
out = open(args.json, "w") if args.json else None


def tokens(vocab, n, salt):
    return [(i * 7919 + salt * 104_729) % (vocab - 1000) + 500 for i in range(n)]


def busy():
    """Seconds that the whole machine has been busy, over all cores."""
    with open("/proc/stat") as stat:
        fields = [int(f) for f in stat.readline().split()[1:9]]
    # The fourth and the fifth are idle time and waiting for disks.
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def measure(peer, what, count, work, rounds=1):
    """Runs the work once to warm up, then `rounds` times; prints tokens a second.

    Also prints how many cores other processes used meanwhile. torch's threads wait for each other after
    every operation, so one busy process beside it can slow it down twentyfold: such a figure says nothing.
    """
    work()
    wall, own, machine = time.perf_counter(), time.process_time(), busy()
    for _ in range(rounds):
        work()
    wall, own = time.perf_counter() - wall, time.process_time() - own
    others = max(0.0, (busy() - machine - own) / wall)
    wall, own = count * rounds / wall, count * rounds / own
    print(
        f"{peer:20}{what:32}{wall:8.1f} tok/s   {own:8.1f} tok/core-s   others: {others:.2f} cores",
        flush=True,
    )
    if out:
        line = {"engine": peer, "what": what, "threads": threads}
        line |= {"tok_s": wall, "tok_core_s": own, "others": others}
        print(json.dumps(line), file=out, flush=True)


def transformers_and_peft():
    import peft
    import torch

    import base

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = base.load(args.model)
    vocab = model.config.vocab_size

    def ids(n, salt):
        return torch.tensor([tokens(vocab, n, salt)])

    # Prompts: keys and values kept, logits of the last token only.
    with torch.inference_mode():
        for length in LENGTHS:
            prompt = ids(length, 1)
            measure(
                "transformers f32",
                f"prompt of {length}",
                length,
                lambda: model(prompt, use_cache=True, logits_to_keep=1),
                rounds=ROOM // length // 2,
            )

    lora = peft.LoraConfig(
        r=RANK,
        lora_alpha=ALPHA,
        lora_dropout=0.0,
        target_modules=base.MODULES,
        task_type="CAUSAL_LM",
        # B is not zero, as in the Rust example.
        init_lora_weights=False,
    )

    def decode(name, net, streams, **more):
        with torch.inference_mode():
            prompt = torch.cat([ids(PROMPT, i) for i in range(streams)])
            past = net(prompt, use_cache=True, logits_to_keep=1, **more).past_key_values
            step = iter(range(STEPS + 1))

            def one():
                token = torch.full((streams, 1), 1000 + next(step))
                net(token, past_key_values=past, use_cache=True, logits_to_keep=1, **more)

            peer = "peft f32" if net is not model else "transformers f32"
            measure(peer, f"decode, {name}", streams, one, rounds=STEPS)

    decode("1 stream, base", model, 1)
    decode("8 streams, base", model, 8)
    tuned = peft.get_peft_model(model, lora, adapter_name="a0")
    for i in range(1, 8):
        tuned.add_adapter(f"a{i}", lora)
    tuned.eval()
    decode("1 stream, adapter", tuned, 1)
    # peft's batches of mixed adapters.
    decode("8 streams, 8 adapters", tuned, 8, adapter_names=[f"a{i}" for i in range(8)])
    for i in range(1, 8):
        tuned.delete_adapter(f"a{i}")

    tuned.set_adapter("a0")
    batch = torch.cat([ids(LENGTH, i) for i in range(BATCH)])
    labels = batch.clone()
    labels[:, :GIVEN] = -100

    def train(autocast):
        tuned.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16) if autocast else contextlib.nullcontext():
            loss = tuned(batch, labels=labels, use_cache=False).loss
        loss.backward()

    def loss():
        with torch.inference_mode():
            tuned(batch, labels=labels, use_cache=False)

    tuned.train()
    what = f"train {BATCH} x {LENGTH}, r = {RANK}"
    measure("peft f32", what, BATCH * LENGTH, lambda: train(False), rounds=3)
    measure("peft bf16 autocast", what, BATCH * LENGTH, lambda: train(True), rounds=3)
    tuned.eval()
    measure("peft f32", f"loss {BATCH} x {LENGTH}", BATCH * LENGTH, loss)


def llama_cpp():
    try:
        import llama_cpp
    except (ImportError, OSError, RuntimeError) as error:
        print(f"llama.cpp is left out: {error}")
        return
    import ctypes

    quiet = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    settings = llama_cpp.llama_model_default_params()
    settings.n_gpu_layers = 0
    model = llama_cpp.llama_model_load_from_file(args.model.encode(), settings)
    if not model:
        raise SystemExit(f"llama.cpp could not load {args.model}")
    vocab = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))

    def context(streams):
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx = ROOM * streams
        settings.n_batch = settings.n_ubatch = 512
        settings.n_seq_max = streams
        settings.n_threads = settings.n_threads_batch = threads
        made = llama_cpp.llama_init_from_model(model, settings)
        if not made:
            raise SystemExit(f"llama.cpp could not make a context for {streams} streams")
        return made

    def feed(made, batch, rows):
        """Rows of token, position, stream and whether its logits are wanted."""
        batch.n_tokens = len(rows)
        for i, (token, position, stream, wanted) in enumerate(rows):
            batch.token[i] = token
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = stream
            batch.logits[i] = wanted
        status = llama_cpp.llama_decode(made, batch)
        if status != 0:
            raise SystemExit(f"llama.cpp: llama_decode gave {status}")
        # Waits for what may still be computed.
        llama_cpp.llama_get_logits(made)

    def prompt(length, salt, stream=0):
        last = length - 1
        return [(t, i, stream, i == last) for i, t in enumerate(tokens(vocab, length, salt))]

    batch = llama_cpp.llama_batch_init(512, 0, 1)
    made = context(1)
    for length in LENGTHS:
        rows = prompt(length, 1)

        def one():
            llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(made), True)
            feed(made, batch, rows)

        measure("llama.cpp", f"prompt of {length}", length, one, rounds=ROOM // length // 2)
    llama_cpp.llama_free(made)

    for streams, name in ((1, "1 stream, base"), (8, "8 streams, base")):
        made = context(streams)
        for stream in range(streams):
            feed(made, batch, prompt(PROMPT, stream, stream))
        step = iter(range(STEPS + 1))

        def one():
            at = next(step)
            feed(made, batch, [(1000 + at, PROMPT + at, s, True) for s in range(streams)])

        measure("llama.cpp", f"decode, {name}", streams, one, rounds=STEPS)
        llama_cpp.llama_free(made)
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_model_free(model)


if args.only != "llama.cpp":
    transformers_and_peft()
if args.only != "transformers":
    llama_cpp()
