"""Streams a chat from the gateway with OpenAI's own Python package.

    python3 -m pip install -r clients/requirements.txt
    python3 clients/openai_stream.py [--base URL] [--model NAME] [--voucher BASE64] [--prompt TEXT]
"""

import argparse
import os
import sys
import time

from openai import APIStatusError, OpenAI


def ask(client: OpenAI, model: str, prompt: str, max_tokens: int) -> bool:
    """Streams one answer; False if the model is priced and no voucher pays for it."""
    print(f"\nasking {model}\n")
    started = time.monotonic()
    first, pieces, extra = None, 0, None
    try:
        stream = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": prompt}],
            max_tokens=max_tokens,
            temperature=0,
            stream=True,
        )
    except APIStatusError as error:
        if error.status_code != 402:
            raise
        print(f"priced; the gateway asks: {error.response.text}")
        return False
    for chunk in stream:
        text = chunk.choices[0].delta.content if chunk.choices else None
        if text:
            first = first or time.monotonic() - started
            pieces += 1
            print(text, end="", flush=True)
        extra = (chunk.model_extra or {}).get("weft") or extra
    took = time.monotonic() - started
    if pieces == 0:
        raise RuntimeError("the stream held no text")
    print(f"\n\n{pieces} pieces, the first after {first:.2f} s, all in {took:.2f} s")
    if extra:
        print(f"fee {extra.get('fee')}")
        for share in extra.get("shares", []):
            records = len(share.get("records", []))
            print(f"  {share['contributor']} {share['ppm'] / 10_000:.2f} % for {records} records")
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="http://127.0.0.1:8500/v1")
    parser.add_argument("--model", help="default: the first that answers without a voucher")
    parser.add_argument("--voucher", default=os.environ.get("WEFT_VOUCHER"))
    parser.add_argument("--prompt", default="What is a kludge?")
    parser.add_argument("--max-tokens", type=int, default=48)
    args = parser.parse_args()

    headers = {"weft-voucher": args.voucher} if args.voucher else {}
    client = OpenAI(base_url=args.base, api_key="unused", default_headers=headers, max_retries=0)
    models = [model.id for model in client.models.list()]
    if not models:
        print("no model is served: start a worker first", file=sys.stderr)
        return 1
    print(f"models: {', '.join(models)}")
    for model in [args.model] if args.model else models:
        if ask(client, model, args.prompt, args.max_tokens):
            return 0
    print("every model is priced: pass --voucher", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
