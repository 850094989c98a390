//! Asking a model, paying with vouchers, printing whose records answered.

use crate::{args, args::Common, ctx::Ctx, units};
use anyhow::{bail, Context, Result};
use futures::StreamExt;
use serde_json::{json, Value as Json};
use std::io::Write;
use weft_chain::{parse_account, voucher, Key};
use weft_primitives::voucher::Voucher;

pub async fn run(common: &Common, c: args::Chat) -> Result<()> {
	let ctx = Ctx::open(common).await?;
	let body = json!({
		"model": c.model,
		"messages": [{ "role": "user", "content": c.question }],
		"max_tokens": c.max_tokens,
		"temperature": c.temperature,
		"stream": true,
	});
	let key = ctx.key().ok().cloned();
	let weft = stream(&ctx, key.as_ref(), &body, |text| {
		print!("{text}");
		let _ = std::io::stdout().flush();
	})
	.await?;
	println!();
	print_shares(&weft);
	Ok(())
}

/// Prints shares and matched spans of an answer.
pub fn print_shares(weft: &Json) {
	if let Some(fee) = weft["fee"].as_str().and_then(|f| f.parse().ok()) {
		println!(
			"  fee {} (receipt {})",
			units::show(fee),
			weft["receipt"]["id"].as_str().unwrap_or("-")
		);
	}
	for s in weft["shares"].as_array().into_iter().flatten() {
		let pct = s["ppm"].as_u64().unwrap_or_default() as f64 / 10_000.0;
		println!("  {pct:>5.1} % {}", s["contributor"].as_str().unwrap_or_default());
		for r in s["records"].as_array().into_iter().flatten().take(2) {
			println!(
				"          {:>5.1} % {}",
				r["ppm"].as_u64().unwrap_or_default() as f64 / 10_000.0,
				r["text"]
					.as_str()
					.unwrap_or_default()
					.replace('\n', " ")
					.chars()
					.take(90)
					.collect::<String>()
			);
		}
	}
	for s in weft["spans"].as_array().into_iter().flatten().take(3) {
		println!("  matched text: \"{}\"", s["text"].as_str().unwrap_or_default());
	}
}

/// What a worker wants to see signed, from its 402 answer.
struct Quote {
	worker: [u8; 32],
	model: u64,
	spent: u128,
	max_fee: u128,
	expires_at: u32,
}

fn quote(body: &Json) -> Result<Quote> {
	let w = &body["weft"];
	let number = |k: &str| -> Result<u128> {
		let v = &w[k];
		v.as_u64()
			.map(u128::from)
			.or_else(|| v.as_str()?.parse().ok())
			.with_context(|| format!("the worker's payment request has no `{k}`: {body}"))
	};
	Ok(Quote {
		worker: parse_account(w["worker"].as_str().unwrap_or_default())?.0,
		model: u64::try_from(number("model")?)?,
		spent: number("spent")?,
		max_fee: number("max_fee")?,
		expires_at: u32::try_from(number("expires_at")?)?,
	})
}

async fn send(
	ctx: &Ctx,
	key: Option<&Key>,
	body: &Json,
	header: Option<&str>,
) -> Result<reqwest::Response> {
	let mut r = ctx.http.post(format!("{}/v1/chat/completions", ctx.gateway)).json(body);
	if let Some(k) = key {
		// So that a worker can say what this payer has spent already.
		r = r.header("weft-payer", k.account().to_string());
	}
	if let Some(h) = header {
		r = r.header("weft-voucher", h);
	}
	Ok(r.send().await?)
}

/// Sends a request; if the model has a price, signs a voucher for what was spent plus the most that this answer costs.
async fn ask(ctx: &Ctx, key: Option<&Key>, body: &Json) -> Result<reqwest::Response> {
	let mut answer = send(ctx, key, body, None).await?;
	let mut signed = 0;
	// A second round is needed when another answer to the same payer ended in between.
	for _ in 0..3 {
		if answer.status() != reqwest::StatusCode::PAYMENT_REQUIRED {
			return checked(answer).await;
		}
		let wanted: Json = answer.json().await?;
		let message = wanted["error"]["message"].as_str().unwrap_or("payment required").to_string();
		let Some(key) = key else {
			bail!(
				"this model has a price; give the key of an account with a prepaid channel (--key-file, WEFT_KEY). {message}"
			)
		};
		let q = quote(&wanted).with_context(|| message.clone())?;
		let cumulative = q.spent.saturating_add(q.max_fee);
		if cumulative <= signed {
			bail!("{message}");
		}
		signed = cumulative;
		let v = Voucher {
			payer: key.account().0,
			worker: q.worker,
			model: q.model,
			cumulative,
			expires_at: q.expires_at,
		};
		let header = voucher::header(&v, &voucher::sign(&v, &ctx.chain.genesis(), key));
		answer = send(ctx, Some(key), body, Some(&header)).await?;
	}
	checked(answer).await
}

async fn checked(r: reqwest::Response) -> Result<reqwest::Response> {
	if r.status().is_success() {
		return Ok(r);
	}
	let status = r.status();
	let body: Json = r.json().await.unwrap_or_default();
	bail!("{status}: {}", body["error"]["message"].as_str().unwrap_or("no message"))
}

/// Streams an answer; returns the `weft` part of the last chunk.
pub async fn stream(
	ctx: &Ctx,
	key: Option<&Key>,
	body: &Json,
	mut on_text: impl FnMut(&str),
) -> Result<Json> {
	let response = ask(ctx, key, body).await?;
	let mut bytes = response.bytes_stream();
	let mut buffer = Vec::new();
	let mut weft = Json::Null;
	while let Some(piece) = bytes.next().await {
		buffer.extend_from_slice(&piece?);
		while let Some(end) = buffer.iter().position(|b| *b == b'\n') {
			let line: Vec<u8> = buffer.drain(..=end).collect();
			let line = String::from_utf8_lossy(&line);
			let Some(data) = line.trim().strip_prefix("data:") else { continue };
			let data = data.trim();
			if data == "[DONE]" {
				return Ok(weft);
			}
			let chunk: Json = serde_json::from_str(data).context("a chunk is not JSON")?;
			if let Some(message) = chunk["error"]["message"].as_str() {
				bail!("{message}");
			}
			if let Some(text) = chunk["choices"][0]["delta"]["content"].as_str() {
				on_text(text);
			}
			if !chunk["weft"].is_null() {
				weft = chunk["weft"].clone();
			}
		}
	}
	bail!("the stream ended before [DONE]")
}

/// Asks without streaming: the answer text and its `weft` part.
pub async fn complete(ctx: &Ctx, key: Option<&Key>, body: &Json) -> Result<(String, Json)> {
	let answer: Json = ask(ctx, key, body).await?.json().await?;
	let text = answer["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_string();
	Ok((text, answer["weft"].clone()))
}
