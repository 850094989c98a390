//! Registering a worker.

use crate::{args, args::Common, ctx::Ctx, units};
use anyhow::{bail, Context, Result};
use weft_chain::{calls, parse_account, rows::text, AccountId};

pub async fn run(common: &Common, command: args::Worker) -> Result<()> {
	let ctx = Ctx::open(common).await?;
	match command {
		args::Worker::Register { hot, bond, capability } => {
			let caps =
				capability.iter().map(|c| parse_capability(c)).collect::<Result<Vec<_>>>()?;
			let call = calls::register_worker(&parse_account(&hot)?, units::parse(&bond)?, &caps);
			ctx.submit(call).await?;
		}
		args::Worker::Exit => {
			ctx.submit(calls::exit()).await?;
		}
		args::Worker::WithdrawBond => {
			ctx.submit(calls::withdraw_bond()).await?;
		}
		args::Worker::Show { owner } => {
			let owner = parse_account(&owner)?;
			let w = ctx
				.chain
				.worker(&owner)
				.await?
				.with_context(|| format!("{owner} is not a registered worker"))?;
			println!("worker {owner}, hot key {}", AccountId(w.hot));
			println!("  bond {}, {:?}", units::show(w.bond), w.status);
			for c in &w.capabilities {
				println!("  {} x {} ({} MiB)", c.units, text(&c.class), c.memory_mib);
			}
			println!(
				"  jobs: {} assigned, {} completed, {} failed",
				w.assigned, w.completed, w.failed
			);
		}
	}
	Ok(())
}

fn parse_capability(s: &str) -> Result<(String, u32, u32)> {
	let parts: Vec<&str> = s.split(':').collect();
	match parts[..] {
		[class, units, memory] if !class.is_empty() && class.len() <= 32 => Ok((
			class.to_string(),
			units.parse().with_context(|| format!("units in `{s}`"))?,
			memory.parse().with_context(|| format!("memory in `{s}`"))?,
		)),
		_ => bail!("`{s}` is not CLASS:UNITS:MEMORY_MIB, such as cpu:2:8192 or h200:1:143360"),
	}
}
