//! Trains a small adapter and writes what `workers/engine/peers/peft_check.py` compares with Python's `peft`:
//! `cargo run -p weft-trainer --example peft -- OUT [MODEL]`.
//!
//! OUT gets `adapter/`, the folder in peft's layout, and `engine.safetensors` with a prompt's `ids` and the
//! engine's `logits` (with the adapter) and `base_logits` (without), both `[tokens, vocabulary]` in f32.
//! `cargo xtask peft` runs both.

use safetensors::{tensor::TensorView, Dtype};
use std::{path::PathBuf, sync::atomic::AtomicBool};
use weft_engine::{fetch, Model};
use weft_trainer::{parse_jsonl, Dataset, Run, TrainConfig};

const RECORDS: &str = r#"{"messages":[{"role":"user","content":"What is weft?"},{"role":"assistant","content":"The thread that is drawn through the warp."}]}
{"messages":[{"role":"user","content":"What is warp?"},{"role":"assistant","content":"The threads that are held in tension on a loom."}]}
{"messages":[{"role":"user","content":"What is a heddle?"},{"role":"assistant","content":"A loop that lifts one thread of the warp."}]}
{"messages":[{"role":"user","content":"What is a shuttle?"},{"role":"assistant","content":"The tool that carries the weft from side to side."}]}
"#;
const PROMPT: &str =
	"In weaving, the weft is drawn through the warp; it took 12 looms and 3 weavers to finish \
the cloth of 1764.";

fn main() -> Result<(), Box<dyn std::error::Error>> {
	let mut arguments = std::env::args().skip(1);
	let out = PathBuf::from(arguments.next().ok_or("usage: peft OUT [MODEL]")?);
	let path = arguments.next().map_or_else(|| fetch::SMOLLM2_135M.path(), PathBuf::from);
	let model = Model::load(&path)?;
	// Defaults of a job, but short. The rank and alpha differ, so that a wrong scale shows.
	let config = TrainConfig {
		rank: 8,
		alpha: 12.0,
		epochs: 4,
		batch_size: 2,
		heldout_fraction: 0.0,
		checkpoint_every: 0,
		..Default::default()
	};
	let data = Dataset::new(&model, &config, &parse_jsonl(RECORDS.as_bytes())?)?;
	let run = Run {
		model: &model,
		config: &config,
		data: &data,
		base_name: model.name(),
		checkpoints: None,
		cancel: &AtomicBool::new(false),
	};
	let outcome = run.train(|p| println!("step {}/{}: loss {:.3}", p.step, p.total, p.loss))?;
	outcome.adapter.to_peft(&out.join("adapter"))?;

	let ids = model.tokenizer().encode(PROMPT);
	let bytes =
		|values: Vec<f32>| -> Vec<u8> { values.into_iter().flat_map(f32::to_le_bytes).collect() };
	let with = bytes(model.logits(&ids, Some(&outcome.adapter))?);
	let without = bytes(model.logits(&ids, None)?);
	let shape = vec![ids.len(), model.config().vocab];
	let id_bytes: Vec<u8> = ids.iter().flat_map(|id| i64::from(*id).to_le_bytes()).collect();
	let tensors = [
		("ids", TensorView::new(Dtype::I64, vec![ids.len()], &id_bytes)?),
		("logits", TensorView::new(Dtype::F32, shape.clone(), &with)?),
		("base_logits", TensorView::new(Dtype::F32, shape, &without)?),
	];
	safetensors::serialize_to_file(tensors, None, &out.join("engine.safetensors"))?;
	println!("{}: the adapter, and the logits of {} tokens", out.display(), ids.len());
	Ok(())
}
