//! Base models and published models.

use crate::{args, args::Common, ctx::Ctx, units};
use anyhow::{bail, Context, Result};
use bytes::Bytes;
use std::path::Path;
use weft_chain::{calls, client::last_u64, rows, AccountId, Key};
use weft_primitives::split::Split;
use weft_store::Blobs;

pub async fn run(common: &Common, command: args::Model) -> Result<()> {
	let ctx = Ctx::open(common).await?;
	match command {
		args::Model::RegisterBase { name, file, architecture, licence } => {
			let id = register_base(&ctx, ctx.key()?, &name, &file, &architecture, &licence).await?;
			println!("base {id}");
		}
		args::Model::Publish { job, name, price_in, price_out, split } => {
			let call = calls::publish(
				job,
				&name,
				units::parse(&price_in)?,
				units::parse(&price_out)?,
				&parse_split(&split)?,
			);
			let r = ctx.submit(call).await?;
			println!("model weft-{}", r.number("Models", "Published", "model")?);
		}
		args::Model::Retire { model } => {
			ctx.submit(calls::retire(model)).await?;
		}
		args::Model::List => {
			for (key, m) in ctx.chain.list::<rows::ModelRow>("Models", "Models", 10_000).await? {
				println!(
					"weft-{} {} by {}, base {}, snapshots {:?}, {} + {} per 1,000 tokens{}",
					last_u64(&key).unwrap_or_default(),
					rows::text(&m.name),
					AccountId(m.owner),
					m.base,
					m.snapshots,
					units::show(m.price_in),
					units::show(m.price_out),
					if m.retired { ", retired" } else { "" }
				);
			}
		}
	}
	Ok(())
}

pub fn parse_split(text: &str) -> Result<Split> {
	let parts: Vec<u32> = text
		.split(',')
		.map(|p| p.trim().parse())
		.collect::<Result<_, _>>()
		.with_context(|| format!("`{text}` is not five whole numbers"))?;
	let [treasury, base_owner, developer, worker, contributors] = parts[..] else {
		bail!("a split has five parts (treasury, base owner, developer, worker, contributors), got {}", parts.len())
	};
	let sum: u64 = parts.iter().map(|p| u64::from(*p)).sum();
	if sum != 1_000_000 {
		bail!("the parts of a split sum to 1,000,000 ppm; `{text}` sums to {sum}");
	}
	Ok(Split { treasury, base_owner, developer, worker, contributors })
}

/// Registers a base model unless one with the same weights and tokenizer is there.
pub async fn register_base(
	ctx: &Ctx,
	key: &Key,
	name: &str,
	file: &Path,
	architecture: &str,
	licence: &str,
) -> Result<u32> {
	let path = file.to_path_buf();
	let (weights, tokenizer) = tokio::task::spawn_blocking(move || {
		weft_engine::Model::load(&path).map(|m| (m.weights_hash(), m.tokenizer_hash()))
	})
	.await??;
	for (k, b) in ctx.chain.list::<rows::Base>("Models", "Bases", 10_000).await? {
		if b.weights == weights && b.tokenizer == tokenizer {
			let id = weft_chain::client::last_u32(&k).context("a base model without an id")?;
			println!("    base {id} is registered already");
			return Ok(id);
		}
	}
	let licence = ctx.blobs.put(Bytes::copy_from_slice(licence.as_bytes())).await?;
	let call = calls::register_base(name, architecture, weights, tokenizer, licence);
	let r = ctx.submit_as(key, call).await?;
	Ok(u32::try_from(r.number("Models", "BaseRegistered", "base")?)?)
}

#[cfg(test)]
mod tests {
	#[test]
	fn a_split_that_does_not_sum_to_a_million_is_refused_with_its_sum() {
		let e = super::parse_split("1,2,3,4,5").unwrap_err().to_string();
		assert!(e.contains("sums to 15"), "{e}");
		assert!(super::parse_split("1,2").is_err());
		assert!(super::parse_split("50000,50000,200000,200000,500000").is_ok());
	}
}
