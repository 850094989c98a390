//! A network on this machine: node, gateway, worker; and the demo that runs on it.

use crate::{checks, data, paths::Paths, setup};
use anyhow::{bail, ensure, Context, Result};
use std::{
	fs::File,
	io::{Read, Write},
	net::{SocketAddr, TcpStream},
	path::{Path, PathBuf},
	process::{Child, Command, Stdio},
	time::{Duration, Instant},
};

const NODE_RPC: u16 = 9944;
const ETH_RPC: u16 = 8545;
const GATEWAY: u16 = 8500;
const WORKER: u16 = 8600;

/// A program that this command started and stops.
struct Service {
	name: &'static str,
	child: Child,
	log: PathBuf,
}

/// Started programs; dropped in reverse order with SIGTERM first.
pub struct Network<'a> {
	paths: &'a Paths,
	dir: PathBuf,
	services: Vec<Service>,
}

impl Drop for Network<'_> {
	fn drop(&mut self) {
		while let Some(mut s) = self.services.pop() {
			stop(&mut s.child);
		}
	}
}

fn stop(child: &mut Child) {
	// SAFETY: sends SIGTERM to a child that was not waited for yet, so its pid is still ours.
	unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGTERM) };
	let until = Instant::now() + Duration::from_secs(20);
	while Instant::now() < until {
		if matches!(child.try_wait(), Ok(Some(_))) {
			return;
		}
		std::thread::sleep(Duration::from_millis(100));
	}
	let _ = child.kill();
	let _ = child.wait();
}

fn open(port: u16) -> bool {
	let addr = SocketAddr::from(([127, 0, 0, 1], port));
	TcpStream::connect_timeout(&addr, Duration::from_millis(300)).is_ok()
}

/// Whether `GET path` on a local port answers 200.
fn healthy(port: u16, path: &str) -> bool {
	let addr = SocketAddr::from(([127, 0, 0, 1], port));
	let Ok(mut s) = TcpStream::connect_timeout(&addr, Duration::from_millis(500)) else {
		return false;
	};
	let _ = s.set_read_timeout(Some(Duration::from_secs(2)));
	let ask = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
	let mut answer = [0u8; 12];
	s.write_all(ask.as_bytes()).is_ok()
		&& s.read_exact(&mut answer).is_ok()
		&& answer.ends_with(b"200")
}

impl<'a> Network<'a> {
	fn new(paths: &'a Paths, fresh: bool) -> Result<Self> {
		let dir = paths.home.join("network");
		for (port, who) in [
			(NODE_RPC, "node"),
			(ETH_RPC, "Ethereum JSON-RPC"),
			(GATEWAY, "gateway"),
			(WORKER, "worker"),
		] {
			ensure!(
				!open(port),
				"port {port} of the {who} is taken; stop what listens there (another `cargo xtask up`?)"
			);
		}
		if fresh && dir.exists() {
			std::fs::remove_dir_all(&dir)?;
		}
		std::fs::create_dir_all(dir.join("logs"))?;
		Ok(Self { paths, dir, services: Vec::new() })
	}

	fn start(&mut self, name: &'static str) -> Result<()> {
		println!("starting {name}");
		let mut c = Command::new(self.paths.program(name));
		let dir = |s: &str| self.dir.join(s);
		match name {
			"weft-node" => {
				c.args(["--dev", "--base-path"]).arg(dir("node"));
				c.args([
					"--rpc-port",
					&NODE_RPC.to_string(),
					"--eth-rpc-port",
					&ETH_RPC.to_string(),
				]);
			}
			"weft-gateway" => {
				c.args(["--node", &format!("ws://127.0.0.1:{NODE_RPC}")]);
				c.args(["--listen", &format!("127.0.0.1:{GATEWAY}")]);
				c.args(["--worker", &format!("http://127.0.0.1:{WORKER}")]);
				c.arg("--data").arg(dir("gateway"));
			}
			"weft-worker" => {
				c.args(["run", "--chain", &format!("ws://127.0.0.1:{NODE_RPC}")]);
				c.args(["--gateway", &format!("http://127.0.0.1:{GATEWAY}")]);
				c.args(["--listen", &format!("127.0.0.1:{WORKER}")]);
				c.args(["--key", "//Charlie//hot", "--owner-key", "//Charlie"]);
				c.arg("--model").arg(self.paths.model());
				c.arg("--dir").arg(dir("worker"));
			}
			other => bail!("unknown program {other}"),
		}
		let log = self.dir.join("logs").join(format!("{name}.log"));
		let file = File::options().create(true).append(true).open(&log)?;
		let child = c
			.stdin(Stdio::null())
			.stdout(file.try_clone()?)
			.stderr(file)
			.spawn()
			.with_context(|| format!("starting {}", self.paths.program(name).display()))?;
		self.services.push(Service { name, child, log });
		self.wait(name)
	}

	fn wait(&mut self, name: &'static str) -> Result<()> {
		let until = Instant::now() + Duration::from_secs(120);
		loop {
			let ready = match name {
				"weft-node" => open(NODE_RPC) && open(ETH_RPC),
				"weft-gateway" => healthy(GATEWAY, "/health"),
				_ => healthy(WORKER, "/health"),
			};
			if ready {
				return Ok(());
			}
			let service = self.services.iter_mut().find(|s| s.name == name);
			let Some(service) = service else { bail!("{name} was not started") };
			if let Some(status) = service.child.try_wait()? {
				bail!(
					"{name} ended with {status}; the end of {}:\n{}",
					service.log.display(),
					tail(&service.log)
				);
			}
			ensure!(
				Instant::now() < until,
				"{name} did not get ready in two minutes; the end of {}:\n{}",
				service.log.display(),
				tail(&service.log)
			);
			std::thread::sleep(Duration::from_millis(250));
		}
	}

	/// SIGKILL, then a new start: what a crash looks like.
	fn crash(&mut self, name: &'static str) -> Result<()> {
		if let Some(at) = self.services.iter().position(|s| s.name == name) {
			let mut s = self.services.remove(at);
			s.child.kill()?;
			s.child.wait()?;
		}
		println!("    {name} was killed (SIGKILL); starting it again");
		self.start(name)
	}

	fn start_all(&mut self) -> Result<()> {
		for name in ["weft-node", "weft-gateway", "weft-worker"] {
			self.start(name)?;
		}
		Ok(())
	}
}

fn tail(log: &Path) -> String {
	let text = std::fs::read_to_string(log).unwrap_or_default();
	let lines: Vec<&str> = text.lines().collect();
	lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

fn addresses(net: &Network<'_>) {
	println!("\n  node (Substrate RPC)     ws://127.0.0.1:{NODE_RPC}");
	println!("  node (Ethereum JSON-RPC) http://127.0.0.1:{ETH_RPC}");
	println!("  gateway (OpenAI API)     http://127.0.0.1:{GATEWAY}/v1");
	println!("  gateway (REST, OpenAPI)  http://127.0.0.1:{GATEWAY}/openapi.json");
	println!("  worker                   http://127.0.0.1:{WORKER}");
	println!("  Prometheus               http://127.0.0.1:9615/metrics, :{GATEWAY}/metrics, :{WORKER}/metrics");
	println!("  state and logs           {}\n", net.dir.display());
}

pub fn up(paths: &Paths, fresh: bool) -> Result<()> {
	setup::build_tools()?;
	setup::model(paths)?;
	checks::build(paths)?;
	let mut net = Network::new(paths, fresh)?;
	net.start_all()?;
	addresses(&net);
	println!("running; Ctrl-C stops it and keeps its state");
	stop_on_signal();
	loop {
		for s in &mut net.services {
			if let Some(status) = s.child.try_wait()? {
				bail!(
					"{} ended with {status}; the end of {}:\n{}",
					s.name,
					s.log.display(),
					tail(&s.log)
				);
			}
		}
		if signalled() {
			println!("stopping");
			return Ok(());
		}
		std::thread::sleep(Duration::from_millis(200));
	}
}

/// What `weft demo` announces, in its order.
const STAGES: [&str; 10] = [
	"datanet",
	"contribute",
	"curate",
	"snapshot",
	"training",
	"trained",
	"published",
	"asking",
	"settling",
	"done",
];

pub fn demo(paths: &Paths, own_data: Option<PathBuf>, fresh: bool, chaos: bool) -> Result<()> {
	setup::build_tools()?;
	setup::model(paths)?;
	let data = match own_data {
		Some(d) => {
			println!("demo data: the JSONL files of {}", d.display());
			d
		}
		None => data::prepare(&paths.home)?,
	};
	let built = Instant::now();
	checks::build(paths)?;
	println!("built in {} s", built.elapsed().as_secs());
	let begun = Instant::now();
	let mut net = Network::new(paths, fresh)?;
	net.start_all()?;
	addresses(&net);
	stop_on_signal();
	let net_dir = net.dir.clone();
	let mut job = Command::new(paths.program("weft"))
		.args(["demo", "--data"])
		.arg(&data)
		.arg("--state")
		.arg(net.dir.join("demo"))
		.args(["--chain", &format!("ws://127.0.0.1:{NODE_RPC}")])
		.args(["--gateway", &format!("http://127.0.0.1:{GATEWAY}")])
		.arg("--model")
		.arg(paths.model())
		.spawn()
		.context("starting weft demo")?;
	// Each is killed at least once, at a moment that the demo's own state file announces, or as soon after as
	// the one before is up again.
	let mut plan = vec![
		("weft-worker", "training"),
		("weft-gateway", "trained"),
		("weft-node", "published"),
		("weft-worker", "asking"),
	];
	if !chaos {
		plan.clear();
	}
	plan.reverse();
	let reached = |stage: &str| {
		let now = std::fs::read_to_string(net_dir.join("demo/stage")).unwrap_or_default();
		let at = |s: &str| STAGES.iter().position(|x| *x == s);
		at(now.trim()) >= at(stage)
	};
	let status = loop {
		if let Some(status) = job.try_wait()? {
			break status;
		}
		if signalled() {
			stop(&mut job);
			bail!("stopped; run the same command to go on where it was");
		}
		if let Some((name, stage)) = plan.last().copied() {
			if reached(stage) {
				plan.pop();
				std::thread::sleep(Duration::from_secs(5));
				net.crash(name)?;
			}
		}
		std::thread::sleep(Duration::from_millis(300));
	};
	ensure!(status.success(), "the demo failed; logs are in {}", net.dir.join("logs").display());
	println!("the whole demo after the build: {} s", begun.elapsed().as_secs());
	if chaos {
		ensure!(
			plan.is_empty(),
			"the demo had nothing left to do before everything was killed; use --fresh"
		);
		println!("the gateway's index against one built from scratch:");
		let same = Command::new(paths.program("weft-gateway"))
			.args(["--node", &format!("ws://127.0.0.1:{NODE_RPC}")])
			.arg("--data")
			.arg(net.dir.join("gateway"))
			.args(["reindex", "--check"])
			.status()
			.context("starting weft-gateway reindex")?;
		ensure!(same.success(), "the gateway's index is not what the chain says");
	}
	Ok(())
}

static SIGNALLED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

extern "C" fn on_signal(_: libc::c_int) {
	SIGNALLED.store(true, std::sync::atomic::Ordering::SeqCst);
}

fn signalled() -> bool {
	SIGNALLED.load(std::sync::atomic::Ordering::SeqCst)
}

fn stop_on_signal() {
	let handler = on_signal as extern "C" fn(libc::c_int) as libc::sighandler_t;
	// SAFETY: the handler only stores into an atomic, which is async-signal-safe.
	unsafe {
		libc::signal(libc::SIGINT, handler);
		libc::signal(libc::SIGTERM, handler);
	}
}
