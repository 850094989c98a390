//! The node as its users run it: the built program, its ports and its commands.

use serde_json::{json, Value};
use std::{
	fs,
	io::{Read, Write},
	net::{TcpListener, TcpStream},
	path::{Path, PathBuf},
	process::{Child, Command, Output, Stdio},
	time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_weft-node");
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
	fn new(name: &str) -> Self {
		let path = std::env::temp_dir().join(format!("weft-node-{name}-{}", std::process::id()));
		let _ = fs::remove_dir_all(&path);
		fs::create_dir_all(&path).expect("a folder for the test");
		Self(path)
	}

	fn at(&self, name: &str) -> String {
		self.0.join(name).display().to_string()
	}
}

impl Drop for Folder {
	fn drop(&mut self) {
		let _ = fs::remove_dir_all(&self.0);
	}
}

fn free_port() -> u16 {
	let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
	listener.local_addr().expect("its address").port()
}

/// A running node; it is killed with the test.
struct Node {
	child: Child,
	rpc: u16,
	eth: u16,
	prometheus: u16,
}

impl Node {
	fn dev(base: &Path) -> Self {
		let (rpc, eth, prometheus) = (free_port(), free_port(), free_port());
		let log = fs::File::create(base.join("log")).expect("a log file");
		let child = Command::new(PROGRAM)
			.args(["--dev", "--no-telemetry", "--port", "0"])
			.args(["--rpc-port", &rpc.to_string()])
			.args(["--eth-rpc-port", &eth.to_string()])
			.args(["--prometheus-port", &prometheus.to_string()])
			.arg("--base-path")
			.arg(base)
			.stdin(Stdio::null())
			.stdout(Stdio::null())
			.stderr(log)
			.spawn()
			.expect("the node starts");
		Self { child, rpc, eth, prometheus }
	}

	fn call(port: u16, method: &str, params: Value) -> Option<Value> {
		let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
		let answer = http(port, "POST", "/", &body.to_string())?;
		serde_json::from_str::<Value>(&answer).ok()?.get("result").cloned()
	}

	fn number(&self, method: &str) -> Option<u64> {
		let hash = Self::call(self.rpc, method, json!([]))?;
		let header = Self::call(self.rpc, "chain_getHeader", json!([hash]))?;
		let number = header.get("number")?.as_str()?.trim_start_matches("0x").to_owned();
		u64::from_str_radix(&number, 16).ok()
	}

	fn best(&self) -> Option<u64> {
		self.number("chain_getBlockHash")
	}

	fn finalised(&self) -> Option<u64> {
		self.number("chain_getFinalizedHead")
	}

	/// Stops it as an operator does.
	fn stop(mut self) {
		let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
		wait("the node to stop", || self.child.try_wait().ok().flatten());
	}
}

impl Drop for Node {
	fn drop(&mut self) {
		let _ = self.child.kill();
		let _ = self.child.wait();
	}
}

fn http(port: u16, method: &str, path: &str, body: &str) -> Option<String> {
	let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
	stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
	let request = format!(
		"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
		 Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
		body.len()
	);
	stream.write_all(request.as_bytes()).ok()?;
	let mut answer = String::new();
	stream.read_to_string(&mut answer).ok()?;
	answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

fn wait<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
	let start = Instant::now();
	loop {
		if let Some(value) = ready() {
			return value;
		}
		assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
		std::thread::sleep(Duration::from_millis(500));
	}
}

fn run(args: &[&str]) -> Output {
	Command::new(PROGRAM).args(args).stdin(Stdio::null()).output().expect("the node runs")
}

fn succeed(args: &[&str]) -> Output {
	let output = run(args);
	assert!(
		output.status.success(),
		"weft-node {}: {}",
		args.join(" "),
		String::from_utf8_lossy(&output.stderr)
	);
	output
}

#[test]
fn a_development_chain_makes_and_finalises_blocks_and_keeps_them_over_a_restart() {
	let folder = Folder::new("dev");
	let base = folder.0.as_path();
	let node = Node::dev(base);
	let finalised = wait("finality", || node.finalised().filter(|number| *number >= 2));

	// Each port answers.
	let chain_id = wait("the Ethereum JSON-RPC", || Node::call(node.eth, "eth_chainId", json!([])));
	assert_eq!(chain_id, json!("0x190f1ca9"));
	let metrics = http(node.prometheus, "GET", "/metrics", "").expect("Prometheus answers");
	assert!(metrics.contains("substrate_block_height"), "{metrics}");
	let name = Node::call(node.rpc, "system_chain", json!([]));
	assert_eq!(name, Some(json!("Weft Development")));
	node.stop();

	let node = Node::dev(base);
	let best = wait("the node to answer again", || node.best());
	assert!(best >= finalised, "the chain went back from {finalised} to {best}");
	wait("a block after the restart", || node.best().filter(|number| *number > best));
	node.stop();

	// The commands on the database that it left.
	let path = base.display().to_string();
	let info = succeed(&["chain-info", "--dev", "--base-path", &path]);
	assert!(String::from_utf8_lossy(&info.stdout).contains("best_hash"), "{info:?}");
	succeed(&["check-block", "1", "--dev", "--base-path", &path]);
	let blocks = folder.at("blocks");
	succeed(&["export-blocks", "--dev", "--base-path", &path, "--from", "1", "--to", "2", &blocks]);
	assert!(fs::metadata(&blocks).expect("the file is there").len() > 0);
	let copy = folder.at("copy");
	succeed(&["import-blocks", "--dev", "--base-path", &copy, &blocks]);
	succeed(&["export-state", "--dev", "--base-path", &path, "1"]);
	succeed(&["revert", "1", "--dev", "--base-path", &path]);
	succeed(&["purge-chain", "-y", "--dev", "--base-path", &copy]);
}

#[test]
fn specifications_are_exported_with_their_validators() {
	for (chain, validators) in [("dev", 1), ("local", 4)] {
		let spec = succeed(&["export-chain-spec", "--chain", chain]).stdout;
		let spec: Value = serde_json::from_slice(&spec).expect("a specification is JSON");
		assert_eq!(spec.pointer("/properties/tokenSymbol"), Some(&json!("WEFT")));
		assert_eq!(spec.pointer("/properties/tokenDecimals"), Some(&json!(12)));
		let keys = spec.pointer("/genesis/runtimeGenesis/patch/session/keys");
		let keys = keys.and_then(Value::as_array).expect("session keys");
		assert_eq!(keys.len(), validators, "{chain}");
	}
}

#[test]
fn an_unknown_chain_is_refused_with_what_is_allowed() {
	let output = run(&["export-chain-spec", "--chain", "nowhere"]);
	assert!(!output.status.success());
	let text = String::from_utf8_lossy(&output.stderr);
	assert!(text.contains("`dev`, `local`"), "{text}");
}

#[test]
fn metadata_is_exported_in_every_version_that_there_is() {
	let folder = Folder::new("metadata");
	for version in ["14", "15", "16"] {
		let file = folder.at(version);
		succeed(&["export-metadata", "--version", version, "--out", &file]);
		let bytes = fs::read(&file).expect("the file is there");
		assert!(bytes.starts_with(b"meta"), "version {version}");
	}
	let output = run(&["export-metadata", "--version", "3"]);
	assert!(!output.status.success());
	assert!(String::from_utf8_lossy(&output.stderr).contains("allowed"));
}

#[test]
fn keys_are_made_and_inspected() {
	let output = succeed(&["key", "inspect", "//Alice"]);
	let text = String::from_utf8_lossy(&output.stdout);
	assert!(text.contains("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"), "{text}");
}
