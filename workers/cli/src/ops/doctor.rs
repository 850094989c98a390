//! What is missing on this machine, and how to get it.

use crate::args::Common;
use anyhow::{bail, Result};
use weft_chain::Client;

fn line(ok: bool, what: &str, help: &str) -> bool {
	println!(
		"{} {what}{}",
		if ok { "ok     " } else { "MISSING" },
		if ok { String::new() } else { format!(": {help}") }
	);
	ok
}

pub async fn run(common: &Common) -> Result<()> {
	let mut all = true;
	let chain = Client::connect(&common.chain).await;
	all &= line(
		chain.is_ok(),
		&format!("node at {}", common.chain),
		"start one with `cargo xtask up`, or give --chain",
	);
	if let Ok(c) = &chain {
		let (n, _) = c.finalised().await?;
		println!("        finalised block {n}, genesis {}", hex::encode(c.genesis()));
	}
	let gateway = reqwest::get(format!("{}/health", common.gateway)).await;
	all &= line(
		gateway.as_ref().is_ok_and(|r| r.status().is_success()),
		&format!("gateway at {}", common.gateway),
		"start one with `cargo xtask up`, or give --gateway",
	);
	let models: Option<serde_json::Value> =
		match reqwest::get(format!("{}/v1/models", common.gateway)).await {
			Ok(r) => r.json().await.ok(),
			Err(_) => None,
		};
	let count = models.as_ref().and_then(|m| m["data"].as_array()).map_or(0, Vec::len);
	all &= line(
		count > 0,
		&format!("{count} models served"),
		"no worker answers; start `weft-worker run`",
	);
	all &= line(
		common.key.is_some() || common.key_file.is_some(),
		"a key to sign with",
		"--key-file FILE or WEFT_KEY; on a development chain //Bob",
	);
	let source = weft_engine::fetch::models_dir();
	let model = std::fs::read_dir(&source)
		.map(|d| d.flatten().any(|e| e.path().extension().is_some_and(|x| x == "gguf")))
		.unwrap_or(false);
	all &= line(
		model,
		&format!("a base model in {}", source.display()),
		"`cargo xtask setup` fetches it; only workers need it",
	);
	if !all {
		bail!("something is missing; see above");
	}
	Ok(())
}
