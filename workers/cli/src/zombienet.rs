//! Validators on this machine: a contribution made on one node is finalised and readable on the others, and finality
//! goes on after one validator is killed.

use crate::args;
use anyhow::{bail, ensure, Context, Result};
use std::{
	fs::File,
	path::Path,
	process::{Child, Command, Stdio},
	time::Duration,
};
use weft_chain::{calls, Client, Key, TxQueue};

const NAMES: [&str; 4] = ["alice", "bob", "charlie", "dave"];
/// Fixed libp2p key of the first node, so that the others know its address. Only for tests.
const NODE_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const PEER_ID: &str = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";

struct Validators(Vec<Child>);

impl Drop for Validators {
	fn drop(&mut self) {
		for c in &mut self.0 {
			let _ = c.kill();
			let _ = c.wait();
		}
	}
}

fn start(node: &Path, dir: &Path, i: usize) -> Result<Child> {
	let name = NAMES.get(i).context("four validators")?;
	let log = File::create(dir.join(format!("{name}.log")))?;
	let mut c = Command::new(node);
	c.args(["--chain", "local", &format!("--{name}"), "--validator", "--no-telemetry"])
		.args(["--port", &(31_333 + i).to_string(), "--rpc-port", &(19_944 + i).to_string()])
		.args(["--prometheus-port", &(19_615 + i).to_string(), "--eth-rpc-port", "0"])
		.arg("--base-path")
		.arg(dir.join(name))
		.arg("--force-authoring");
	if i == 0 {
		c.args(["--node-key", NODE_KEY]);
	} else {
		c.args(["--bootnodes", &format!("/ip4/127.0.0.1/tcp/31333/p2p/{PEER_ID}")]);
		c.arg("--unsafe-force-node-key-generation");
	}
	c.stdin(Stdio::null())
		.stdout(log.try_clone()?)
		.stderr(log)
		.spawn()
		.with_context(|| format!("starting {}", node.display()))
}

async fn finalised(i: usize) -> Result<u32> {
	let c =
		Client::connect_within(&format!("ws://127.0.0.1:{}", 19_944 + i), Duration::from_secs(60))
			.await?;
	Ok(c.finalised().await?.0)
}

async fn wait_beyond(i: usize, block: u32, patience: u64) -> Result<u32> {
	for _ in 0..patience {
		let n = finalised(i).await.unwrap_or_default();
		if n > block {
			return Ok(n);
		}
		tokio::time::sleep(Duration::from_secs(1)).await;
	}
	bail!(
		"{} did not finalise beyond block {block} within {patience} s",
		NAMES.get(i).unwrap_or(&"?")
	)
}

pub async fn run(a: args::Zombienet) -> Result<()> {
	if a.dir.exists() {
		std::fs::remove_dir_all(&a.dir)?;
	}
	std::fs::create_dir_all(&a.dir)?;
	let mut all = Validators(Vec::new());
	for i in 0..NAMES.len() {
		all.0.push(start(&a.node, &a.dir, i)?);
	}
	println!("{} validators started; waiting for finality", NAMES.len());
	let first = wait_beyond(0, 2, 180).await?;
	println!("finalised block {first}");

	let client = Client::connect("ws://127.0.0.1:19944").await?;
	let owner = Key::parse("//Bob")?;
	let queue = TxQueue::start(client.clone(), owner.clone());
	let created = queue
		.submit(calls::create_datanet(
			"zombienet",
			[1; 32],
			[2; 32],
			calls::Schema::Text,
			&[owner.account()],
			1,
			0,
			0,
		))
		.await?;
	let datanet = u32::try_from(created.number("Datanets", "Created", "datanet")?)?;
	let made = TxQueue::start(client, Key::parse("//Dave")?)
		.submit_until(
			calls::contribute(datanet, [3; 32], 10, 1_000, [4; 32]),
			weft_chain::tx::Until::Finalised,
		)
		.await?;
	let id = made.number("Datanets", "Contributed", "contribution")?;
	println!("contribution {id} made on alice, finalised in block {}", made.block);
	for (i, name) in NAMES.iter().enumerate().skip(1) {
		wait_beyond(i, made.block.saturating_sub(1), 60).await?;
		let c = Client::connect(&format!("ws://127.0.0.1:{}", 19_944 + i)).await?;
		let row = c.contribution(id).await?.with_context(|| format!("{name} does not have it"))?;
		ensure!(row.root == [3; 32], "{name} has another root");
		println!("readable on {name}");
	}

	let mut victim = all.0.pop().context("no validator left")?;
	victim.kill()?;
	victim.wait()?;
	let before = finalised(0).await?;
	println!("dave killed at finalised block {before}");
	let after = wait_beyond(0, before + 10, 180).await?;
	println!("finality went on to block {after} without dave");
	let one = wait_beyond(1, before + 5, 60).await?;
	println!("bob follows at block {one}");
	println!("validators: passed");
	Ok(())
}
