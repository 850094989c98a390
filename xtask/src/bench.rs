//! The engine beside its peers (transformers and peft on torch, llama.cpp), and peft's logits beside the engine's.

use crate::{checks, paths::Paths, setup};
use anyhow::{ensure, Context, Result};
use serde_json::Value;
use std::{
	path::{Path, PathBuf},
	process::Command,
};

/// What the Python scripts need; scripts and lists lie here.
const PEERS: &str = "workers/engine/peers";
/// Oldest Python that the pinned packages take.
const PYTHON: (u32, u32) = (3, 11);

/// The environment with the peers, or why there is none.
enum Peers {
	Python(PathBuf),
	Absent(String),
}

/// Measures the engine, then its peers on the same work, and sets them side by side.
pub fn bench(paths: &Paths, without_peers: bool) -> Result<()> {
	setup::model(paths)?;
	let folder = paths.home.join("bench");
	std::fs::create_dir_all(&folder)?;
	let (ours, theirs) = (folder.join("weft.jsonl"), folder.join("peers.jsonl"));
	let model = paths.model();
	// Made before anything is measured, so that the two runs follow each other.
	let peers = if without_peers {
		Peers::Absent("--no-peers was given".into())
	} else {
		let peers = environment(paths)?;
		if let Peers::Python(python) = &peers {
			llama_cpp(paths, python)?;
		}
		peers
	};
	checks::cargo(paths, &["build", "--locked", "-p", "weft-engine", "--example", "bench"])?;
	println!("{}", load());
	checks::cargo(
		paths,
		&[
			"run",
			"--quiet",
			"--locked",
			"-p",
			"weft-engine",
			"--example",
			"bench",
			"--",
			&model.to_string_lossy(),
			"--json",
			&ours.to_string_lossy(),
		],
	)?;
	let ours = lines(&ours)?;
	let python = match peers {
		Peers::Python(python) => python,
		Peers::Absent(why) => {
			println!("the peers are left out: {why}");
			return Ok(());
		}
	};
	println!("{}", load());
	let threads = ours.first().and_then(|l| l["threads"].as_u64()).unwrap_or(1).to_string();
	script(
		paths,
		&python,
		"bench_peers.py",
		&[&model.to_string_lossy(), "--threads", &threads, "--json", &theirs.to_string_lossy()],
	)?;
	println!("{}", load());
	println!("\n{}", table(&ours, &lines(&theirs)?));
	Ok(())
}

/// Trains a small adapter, lets peft load it, and fails if peft's logits are not the engine's.
pub fn peft(paths: &Paths) -> Result<()> {
	setup::model(paths)?;
	let python = match environment(paths)? {
		Peers::Python(python) => python,
		Peers::Absent(why) => anyhow::bail!("peft cannot be compared: {why}"),
	};
	let (model, out) = (paths.model(), paths.home.join("bench/peft"));
	let (model, out) = (model.to_string_lossy(), out.to_string_lossy());
	checks::cargo(
		paths,
		&["run", "--locked", "-p", "weft-trainer", "--example", "peft", "--", &out, &model],
	)?;
	script(paths, &python, "peft_check.py", &[&model, &out])
}

/// One of the peers' scripts.
fn script(paths: &Paths, python: &Path, name: &str, args: &[&str]) -> Result<()> {
	println!("$ python {PEERS}/{name} {}", args.join(" "));
	let status = Command::new(python)
		.args(["-W", "ignore::FutureWarning"])
		.arg(paths.root.join(PEERS).join(name))
		.args(args)
		.env("PYTHONDONTWRITEBYTECODE", "1")
		.status()
		.with_context(|| format!("starting {}", python.display()))?;
	ensure!(status.success(), "{PEERS}/{name} failed ({status}); see above");
	Ok(())
}

/// The Python environment, made once for each version of the list of packages.
fn environment(paths: &Paths) -> Result<Peers> {
	let (major, minor) = PYTHON;
	let check = format!("import sys, venv; sys.exit(sys.version_info < ({major}, {minor}))");
	if !setup::works("python3", &["-c", &check]) {
		return Ok(Peers::Absent(format!(
			"there is no python3 of version {major}.{minor} or newer with its module venv here"
		)));
	}
	let venv = paths.home.join("peers");
	let python = venv.join("bin/python");
	let list = paths.root.join(PEERS).join("requirements.txt");
	let stamp = venv.join("requirements.txt");
	if same(&list, &stamp)? {
		return Ok(Peers::Python(python));
	}
	println!(
		"peers: installing torch, transformers and peft in {} (once; up to 6 GB)",
		venv.display()
	);
	std::fs::create_dir_all(&paths.home)?;
	let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).status()?.success();
	if !made {
		return Ok(Peers::Absent("`python3 -m venv` failed; see above".into()));
	}
	if !install(&python, &list)? {
		return Ok(Peers::Absent(format!(
			"pip could not install the packages of {PEERS}/requirements.txt; see above"
		)));
	}
	std::fs::copy(&list, &stamp)?;
	Ok(Peers::Python(python))
}

/// Compiles llama.cpp into the environment, once; without it the other peers are still measured.
fn llama_cpp(paths: &Paths, python: &Path) -> Result<()> {
	let venv = paths.home.join("peers");
	let list = paths.root.join(PEERS).join("requirements-llama.txt");
	let (done, failed) = (venv.join("llama.txt"), venv.join("llama-failed.txt"));
	if same(&list, &done)? {
		return Ok(());
	}
	if same(&list, &failed)? {
		println!(
			"peers: llama.cpp could not be compiled here earlier; remove {} to try again",
			failed.display()
		);
		return Ok(());
	}
	println!("peers: compiling llama.cpp (once; ten minutes on two cores)");
	if install(python, &list)? {
		std::fs::copy(&list, &done)?;
	} else {
		std::fs::copy(&list, &failed)?;
		println!("peers: llama.cpp could not be compiled (see above) and is left out");
	}
	Ok(())
}

fn install(python: &Path, list: &Path) -> Result<bool> {
	let status = Command::new(python)
		.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
		.arg(list)
		.status()
		.with_context(|| format!("starting {}", python.display()))?;
	Ok(status.success())
}

/// Whether the stamp is there and is a copy of the list.
fn same(list: &Path, stamp: &Path) -> Result<bool> {
	let wanted = std::fs::read(list).with_context(|| format!("reading {}", list.display()))?;
	Ok(std::fs::read(stamp).is_ok_and(|found| found == wanted))
}

/// The machine's load, which says how far the figures can be trusted.
fn load() -> String {
	let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
	match text.split_whitespace().next() {
		Some(load) => format!("load average: {load}"),
		None => "load average: unknown".into(),
	}
}

fn lines(path: &Path) -> Result<Vec<Value>> {
	let text =
		std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
	text.lines()
		.map(|line| serde_json::from_str(line).with_context(|| format!("{}", path.display())))
		.collect()
}

/// Cores used by other processes above which a line counts as disturbed.
const DISTURBED: f64 = 0.2;

/// Lines of the same name side by side; a ratio above 1 says that Weft is faster. A figure taken while other
/// processes computed gets a star and no ratio: torch's threads wait for each other, so that one busy process
/// can slow it down twentyfold.
fn table(ours: &[Value], theirs: &[Value]) -> String {
	let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_string();
	let number = |line: &Value, key: &str| line[key].as_f64().unwrap_or(f64::NAN);
	let disturbed = |line: &Value| number(line, "others") > DISTURBED;
	let speed = |line: &Value| {
		format!("{:.1}{}", number(line, "tok_s"), if disturbed(line) { "*" } else { "" })
	};
	let mut out = String::from(
		"| what | Weft, tok/s | peer | peer, tok/s | Weft / peer |\n\
		 | --- | ---: | --- | ---: | ---: |\n",
	);
	for line in ours {
		let (what, our_speed) = (text(line, "what"), speed(line));
		let mut peers = theirs.iter().filter(|l| l["what"] == line["what"]).peekable();
		if peers.peek().is_none() {
			out += &format!("| {what} | {our_speed} | none does this | | |\n");
		}
		for peer in peers {
			let ratio = if disturbed(line) || disturbed(peer) {
				String::new()
			} else {
				format!("{:.2}", number(line, "tok_s") / number(peer, "tok_s"))
			};
			let (name, their_speed) = (text(peer, "engine"), speed(peer));
			out += &format!("| {what} | {our_speed} | {name} | {their_speed} | {ratio} |\n");
		}
	}
	if ours.iter().chain(theirs).any(disturbed) {
		out += "\n* disturbed: other processes used more than a fifth of a core meanwhile; run again when it is quiet.\n";
	}
	out
}

#[cfg(test)]
mod tests {
	use super::table;
	use serde_json::json;

	fn line(engine: &str, what: &str, speed: f64, others: f64) -> serde_json::Value {
		json!({"engine": engine, "what": what, "threads": 2, "tok_s": speed, "others": others})
	}

	#[test]
	fn the_table_sets_a_line_beside_every_peer_that_did_the_same_work() {
		let ours = [line("weft", "train", 300.0, 0.0), line("weft", "index", 5.0, 0.02)];
		let theirs = [line("peft", "train", 200.0, 0.0), line("peft bf16", "train", 600.0, 0.0)];
		let text = table(&ours, &theirs);
		let rows: Vec<&str> = text.lines().skip(2).collect();
		assert_eq!(
			rows,
			[
				"| train | 300.0 | peft | 200.0 | 1.50 |",
				"| train | 300.0 | peft bf16 | 600.0 | 0.50 |",
				"| index | 5.0 | none does this | | |",
			]
		);
	}

	#[test]
	fn a_disturbed_figure_is_marked_and_gives_no_ratio() {
		let text = table(&[line("weft", "train", 300.0, 0.0)], &[line("peft", "train", 9.0, 0.9)]);
		assert!(text.contains("| train | 300.0 | peft | 9.0* |  |"), "{text}");
		assert!(text.contains("run again when it is quiet"), "{text}");
	}
}
