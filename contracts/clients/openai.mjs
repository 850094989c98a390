// Streams a chat from the gateway with OpenAI's own npm package.
//   node clients/openai.mjs [--base http://127.0.0.1:8500/v1] [--model NAME] [--voucher BASE64] [--prompt TEXT]
// A priced model wants a signed voucher: `weft voucher` makes one; without, the gateway says what to sign.
import { parseArgs } from "node:util";
import OpenAI from "openai";

const { values: args } = parseArgs({
	options: {
		base: { type: "string", default: "http://127.0.0.1:8500/v1" },
		model: { type: "string" },
		voucher: { type: "string", default: process.env.WEFT_VOUCHER },
		prompt: { type: "string", default: "What is a kludge?" },
		"max-tokens": { type: "string", default: "48" },
	},
});

const client = new OpenAI({
	baseURL: args.base,
	apiKey: "unused",
	maxRetries: 0,
	defaultHeaders: args.voucher ? { "weft-voucher": args.voucher } : {},
});

const models = (await client.models.list()).data.map((model) => model.id);
const model = args.model ?? models[0];
if (!model) {
	console.error("no model is served: start a worker first");
	process.exit(1);
}
console.log(`models: ${models.join(", ")}\nasking ${model}\n`);

const started = performance.now();
let first;
let chunks = 0;
let extra;
try {
	const stream = await client.chat.completions.create({
		model,
		messages: [{ role: "user", content: args.prompt }],
		max_tokens: Number(args["max-tokens"]),
		temperature: 0,
		stream: true,
	});
	for await (const chunk of stream) {
		const text = chunk.choices[0]?.delta?.content;
		if (text) {
			first ??= performance.now() - started;
			chunks += 1;
			process.stdout.write(text);
		}
		extra = chunk.weft ?? extra;
	}
} catch (error) {
	if (error.status === 402) {
		console.error(`the model is priced; the gateway asks: ${JSON.stringify(error.error ?? error.message)}`);
		process.exit(2);
	}
	throw error;
}
const took = performance.now() - started;
console.log(`\n\n${chunks} pieces, the first after ${Math.round(first ?? took)} ms, all in ${Math.round(took)} ms`);
if (extra) {
	const shares = extra.shares ?? [];
	console.log(`fee ${extra.fee}, receipt ${JSON.stringify(extra.receipt)?.slice(0, 80)}`);
	for (const share of shares) {
		console.log(`  ${share.contributor} ${(share.ppm / 10_000).toFixed(2)} % for ${share.records?.length ?? 0} records`);
	}
}
if (chunks === 0) {
	console.error("the stream held no text");
	process.exit(1);
}
