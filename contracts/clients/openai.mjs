// Streams a chat from the gateway with OpenAI's own npm package.
//   node clients/openai.mjs [--base http://127.0.0.1:8500/v1] [--model NAME] [--voucher BASE64] [--prompt TEXT]
// A priced model wants a signed voucher; without one, the gateway says what to sign.
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
if (models.length === 0) {
	console.error("no model is served: start a worker first");
	process.exit(1);
}
console.log(`models: ${models.join(", ")}`);

// Streams one answer; false if the model is priced and no voucher pays for it.
async function ask(model) {
	console.log(`\nasking ${model}\n`);
	const started = performance.now();
	let first;
	let pieces = 0;
	let extra;
	let stream;
	try {
		stream = await client.chat.completions.create({
			model,
			messages: [{ role: "user", content: args.prompt }],
			max_tokens: Number(args["max-tokens"]),
			temperature: 0,
			stream: true,
		});
	} catch (error) {
		if (error.status !== 402) throw error;
		console.log(`priced; the gateway asks: ${JSON.stringify(error.error ?? error.message)}`);
		return false;
	}
	for await (const chunk of stream) {
		const text = chunk.choices[0]?.delta?.content;
		if (text) {
			first ??= performance.now() - started;
			pieces += 1;
			process.stdout.write(text);
		}
		extra = chunk.weft ?? extra;
	}
	const took = performance.now() - started;
	if (pieces === 0) throw new Error("the stream held no text");
	console.log(`\n\n${pieces} pieces, the first after ${Math.round(first)} ms, all in ${Math.round(took)} ms`);
	if (extra) {
		console.log(`fee ${extra.fee}`);
		for (const share of extra.shares ?? []) {
			const records = share.records?.length ?? 0;
			console.log(`  ${share.contributor} ${(share.ppm / 10_000).toFixed(2)} % for ${records} records`);
		}
	}
	return true;
}

// Without a model, the first that answers: one that is priced wants a voucher.
for (const model of args.model ? [args.model] : models) {
	if (await ask(model)) process.exit(0);
}
console.error("every model is priced: pass --voucher");
process.exit(2);
