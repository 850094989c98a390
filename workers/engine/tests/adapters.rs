//! Adapter files: what is written is read back, and what no model can use is refused.

mod common;

use common::{busy_adapter, tiny_config};
use weft_engine::{Adapter, Config, LoraConfig, Module, ADAPTER_CONFIG, ADAPTER_WEIGHTS};

fn refusal(dir: &std::path::Path, config: &Config) -> String {
	match Adapter::from_peft(dir, config) {
		Ok(_) => "accepted".into(),
		Err(error) => error.to_string(),
	}
}

#[test]
fn an_adapter_written_for_peft_is_read_back_the_same() {
	let dir = tempfile::tempdir().expect("a folder");
	let modules = [Module::Down, Module::Q, Module::Gate];
	let adapter = busy_adapter(&tiny_config(), 9, &modules);
	adapter.to_peft(dir.path()).expect("written");
	let back = Adapter::from_peft(dir.path(), &tiny_config()).expect("read");
	assert_eq!(back.values(), adapter.values());
	assert_eq!(back.config().rank, 4);
	assert_eq!(back.config().base_name, "tiny");
	assert_eq!(back.config().modules, [Module::Q, Module::Gate, Module::Down]);
	let names: Vec<String> = back.params().map(|(p, _)| p.name.clone()).collect();
	assert_eq!(names[0], "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
	assert!(back.bytes() == 4 * back.len());
}

#[test]
fn the_same_adapter_always_has_the_same_bytes() {
	let (one, two) =
		(tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
	let adapter = busy_adapter(&tiny_config(), 9, Module::all());
	adapter.to_peft(one.path()).expect("written");
	adapter.to_peft(two.path()).expect("written");
	for file in [ADAPTER_CONFIG, ADAPTER_WEIGHTS] {
		let read = |dir: &std::path::Path| std::fs::read(dir.join(file)).expect("readable");
		assert!(read(one.path()) == read(two.path()), "{file}");
	}
}

#[test]
fn an_adapter_with_nan_is_neither_written_nor_read() {
	let dir = tempfile::tempdir().expect("a folder");
	let mut adapter = busy_adapter(&tiny_config(), 9, Module::all());
	adapter.to_peft(dir.path()).expect("written");
	let sound = std::fs::read(dir.path().join(ADAPTER_WEIGHTS)).expect("readable");
	for bad in [f32::NAN, f32::INFINITY] {
		let mut bytes = sound.clone();
		let end = bytes.len();
		bytes[end - 4..].copy_from_slice(&bad.to_le_bytes());
		std::fs::write(dir.path().join(ADAPTER_WEIGHTS), bytes).expect("written");
		let text = refusal(dir.path(), &tiny_config());
		assert!(text.contains("must be finite"), "{text}");
		adapter.values_mut()[5] = bad;
		assert!(adapter.to_peft(dir.path()).is_err());
	}
}

#[test]
fn an_adapter_of_another_shape_is_refused_by_tensor() {
	let dir = tempfile::tempdir().expect("a folder");
	busy_adapter(&tiny_config(), 9, Module::all()).to_peft(dir.path()).expect("written");
	let wider = Config { intermediate: 96, ..tiny_config() };
	let text = refusal(dir.path(), &wider);
	assert!(text.contains("instead of"), "{text}");
	let deeper = Config { n_layers: 3, ..tiny_config() };
	let text = refusal(dir.path(), &deeper);
	assert!(text.contains("layers.2") && text.contains("missing"), "{text}");
}

#[test]
fn settings_that_are_not_supported_are_named() {
	let dir = tempfile::tempdir().expect("a folder");
	busy_adapter(&tiny_config(), 9, Module::all()).to_peft(dir.path()).expect("written");
	let path = dir.path().join(ADAPTER_CONFIG);
	let settings = std::fs::read_to_string(&path).expect("readable");
	for (from, to, expected) in [
		("\"use_dora\": false", "\"use_dora\": true", "use_dora"),
		("\"q_proj\"", "\"lm_head\"", "\"lm_head\" is unknown"),
		("\"LORA\"", "\"IA3\"", "peft_type"),
		("\"r\": 4", "\"r\": 0", "rank is 0"),
		("\"r\": 4", "\"r\": 100000", "rank is 100000"),
		("\"r\": 4", "\"r\": 5", "instead of"),
		("{", "", ADAPTER_CONFIG),
	] {
		assert!(settings.contains(from), "{from} in {settings}");
		std::fs::write(&path, settings.replacen(from, to, 1)).expect("written");
		let text = refusal(dir.path(), &tiny_config());
		assert!(text.contains(expected), "{to}: {text}");
	}
	std::fs::remove_file(&path).expect("removed");
	assert!(refusal(dir.path(), &tiny_config()).contains(ADAPTER_CONFIG));
}

#[test]
fn a_damaged_tensor_file_is_refused() {
	let dir = tempfile::tempdir().expect("a folder");
	busy_adapter(&tiny_config(), 9, Module::all()).to_peft(dir.path()).expect("written");
	let path = dir.path().join(ADAPTER_WEIGHTS);
	let bytes = std::fs::read(&path).expect("readable");
	for keep in [0, 7, 100, bytes.len() - 1] {
		std::fs::write(&path, &bytes[..keep]).expect("written");
		assert!(refusal(dir.path(), &tiny_config()).contains(ADAPTER_WEIGHTS));
	}
}

#[test]
fn impossible_settings_are_refused_before_anything_is_made() {
	let make = |change: fn(&mut LoraConfig)| {
		let mut lora = LoraConfig::default();
		change(&mut lora);
		Adapter::new(&tiny_config(), lora, 1).err().map(|e| e.to_string()).unwrap_or_default()
	};
	assert!(make(|l| l.rank = 0).contains("rank"));
	assert!(make(|l| l.alpha = f32::NAN).contains("alpha"));
	assert!(make(|l| l.dropout = 1.0).contains("dropout"));
	assert!(make(|l| l.modules.clear()).contains("no module"));
	assert!(make(|l| l.modules = vec![Module::Q, Module::Q]).contains("twice"));
	assert_eq!(make(|_| ()), "");
}
