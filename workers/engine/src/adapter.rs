//! LoRA adapters: parameters, gradients, and files in the layout of `peft`.

use crate::{
	config::Config,
	error::{EngineError, Result},
};
use rand::{rngs::StdRng, Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::{
	collections::{BTreeMap, HashMap},
	ops::Range,
	path::Path,
	sync::OnceLock,
};

/// A projection that an adapter may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Module {
	/// Queries.
	Q,
	/// Keys.
	K,
	/// Values.
	V,
	/// The attention's output.
	O,
	/// The gate of the feed-forward layer.
	Gate,
	/// Its upward projection.
	Up,
	/// Its downward projection.
	Down,
}

impl Module {
	/// All seven.
	pub fn all() -> &'static [Module] {
		use Module::*;
		&[Q, K, V, O, Gate, Up, Down]
	}

	/// The name inside a block, as `self_attn.q_proj`.
	pub fn peft_name(self) -> &'static str {
		match self {
			Module::Q => "self_attn.q_proj",
			Module::K => "self_attn.k_proj",
			Module::V => "self_attn.v_proj",
			Module::O => "self_attn.o_proj",
			Module::Gate => "mlp.gate_proj",
			Module::Up => "mlp.up_proj",
			Module::Down => "mlp.down_proj",
		}
	}

	/// The last part of the name, as `q_proj`, which `target_modules` lists.
	pub fn short_name(self) -> &'static str {
		let name = self.peft_name();
		name.rsplit('.').next().unwrap_or(name)
	}

	fn from_short_name(name: &str) -> Option<Self> {
		Module::all().iter().copied().find(|m| m.short_name() == name)
	}

	/// Width of the input and of the output.
	pub fn dims(self, config: &Config) -> (usize, usize) {
		let (h, q, kv, ff) = (config.hidden, config.q_dim(), config.kv_dim(), config.intermediate);
		match self {
			Module::Q => (h, q),
			Module::K | Module::V => (h, kv),
			Module::O => (q, h),
			Module::Gate | Module::Up => (h, ff),
			Module::Down => (ff, h),
		}
	}
}

/// Projections that share their input.
pub(crate) const GROUPS: [&[Module]; 4] = [
	&[Module::Q, Module::K, Module::V],
	&[Module::O],
	&[Module::Gate, Module::Up],
	&[Module::Down],
];

/// What an adapter is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoraConfig {
	/// Rank of the change.
	pub rank: usize,
	/// The change is scaled by `alpha / rank`.
	pub alpha: f32,
	/// The projections it changes.
	pub modules: Vec<Module>,
	/// Part of the inputs dropped in training.
	pub dropout: f32,
	/// The base model's name, as written into `base_model_name_or_path`.
	pub base_name: String,
}

impl Default for LoraConfig {
	fn default() -> Self {
		Self {
			rank: 16,
			alpha: 32.0,
			modules: Module::all().to_vec(),
			dropout: 0.0,
			base_name: "HuggingFaceTB/SmolLM2-135M-Instruct".into(),
		}
	}
}

/// Largest rank accepted.
pub const MAX_RANK: usize = 256;

impl LoraConfig {
	/// The factor before the change.
	pub fn scale(&self) -> f32 {
		self.alpha / self.rank as f32
	}

	/// Rejects what cannot be trained or run.
	pub fn check(&self) -> Result<()> {
		let fail = |text: String| Err(EngineError::Adapter(text));
		if self.rank == 0 || self.rank > MAX_RANK {
			return fail(format!("the rank is {}; 1 to {MAX_RANK} are allowed", self.rank));
		}
		if !self.alpha.is_finite() || self.alpha <= 0.0 {
			return fail(format!("alpha is {}; it must be a positive number", self.alpha));
		}
		if !(0.0..1.0).contains(&self.dropout) {
			return fail(format!("dropout is {}; 0 to below 1 is allowed", self.dropout));
		}
		if self.modules.is_empty() {
			return fail("no module is named; at least one is needed".into());
		}
		for (i, module) in self.modules.iter().enumerate() {
			if self.modules[..i].contains(module) {
				return fail(format!("the module {} is named twice", module.short_name()));
			}
		}
		Ok(())
	}
}

/// One tensor inside of the flat parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
	/// Its name, as in a `peft` file: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`.
	pub name: String,
	/// The block.
	pub layer: usize,
	/// The projection.
	pub module: Module,
	/// Whether it is `lora_A`, `[rank, in]`, or `lora_B`, `[out, rank]`.
	pub is_a: bool,
	/// Rows and columns.
	pub shape: [usize; 2],
	/// Where it lies.
	pub range: Range<usize>,
}

/// Where one group of projections with the same input lies.
#[derive(Clone, Debug)]
pub(crate) struct GroupLayout {
	/// The `A` matrices one below the other, `[modules · rank, in]`.
	pub(crate) a: Range<usize>,
	pub(crate) input: usize,
	/// Per module: position among the group's full projections' output columns, width, range of `B`.
	pub(crate) parts: Vec<PartLayout>,
}

#[derive(Clone, Debug)]
pub(crate) struct PartLayout {
	pub(crate) column: usize,
	pub(crate) out: usize,
	pub(crate) b: Range<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Layout {
	pub(crate) groups: Vec<[GroupLayout; 4]>,
	params: Vec<Param>,
	len: usize,
}

impl Layout {
	fn new(config: &Config, lora: &LoraConfig) -> Self {
		let rank = lora.rank;
		let (mut groups, mut params, mut at) = (Vec::new(), Vec::new(), 0);
		for layer in 0..config.n_layers {
			groups.push(GROUPS.map(|all| {
				let input = all.first().map(|m| m.dims(config).0).unwrap_or(0);
				let mut param = |module: Module, is_a: bool, shape: [usize; 2]| {
					let range = at..at + shape[0] * shape[1];
					at = range.end;
					let side = if is_a { 'A' } else { 'B' };
					params.push(Param {
						name: format!(
							"base_model.model.model.layers.{layer}.{}.lora_{side}.weight",
							module.peft_name()
						),
						layer,
						module,
						is_a,
						shape,
						range: range.clone(),
					});
					range
				};
				let chosen = || all.iter().copied().filter(|m| lora.modules.contains(m));
				let mut a: Option<Range<usize>> = None;
				for module in chosen() {
					let range = param(module, true, [rank, input]);
					a = Some(a.map_or(range.start, |r| r.start)..range.end);
				}
				let (mut parts, mut column) = (Vec::new(), 0);
				for module in all {
					let out = module.dims(config).1;
					if lora.modules.contains(module) {
						let b = param(*module, false, [out, rank]);
						parts.push(PartLayout { column, out, b });
					}
					column += out;
				}
				GroupLayout { a: a.unwrap_or(0..0), input, parts }
			}));
		}
		Self { groups, params, len: at }
	}
}

/// A LoRA adapter of one model shape.
#[derive(Clone, Debug)]
pub struct Adapter {
	lora: LoraConfig,
	model: Config,
	layout: std::sync::Arc<Layout>,
	values: Vec<f32>,
	/// `B` transposed for decoding; made on first use.
	pub(crate) transposed: OnceLock<Vec<f32>>,
}

/// Gradients with the layout of an adapter's parameters.
#[derive(Clone, Debug)]
pub struct AdapterGrads {
	layout: std::sync::Arc<Layout>,
	pub(crate) values: Vec<f32>,
}

impl AdapterGrads {
	/// Zero gradients for an adapter.
	pub fn new(adapter: &Adapter) -> Self {
		Self { layout: adapter.layout.clone(), values: vec![0.0; adapter.values.len()] }
	}

	/// Sets all to zero.
	pub fn zero(&mut self) {
		self.values.fill(0.0);
	}

	/// All values, in the order of [`Adapter::values`].
	pub fn values(&self) -> &[f32] {
		&self.values
	}

	/// All values, writable.
	pub fn values_mut(&mut self) -> &mut [f32] {
		&mut self.values
	}

	/// Tensors with their names.
	pub fn params(&self) -> impl Iterator<Item = (&Param, &[f32])> {
		self.layout.params.iter().map(|p| (p, &self.values[p.range.clone()]))
	}

	/// The Euclidean norm over all values.
	pub fn norm(&self) -> f64 {
		self.values.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt()
	}

	pub(crate) fn matches(&self, adapter: &Adapter) -> bool {
		self.values.len() == adapter.values.len() && self.layout.params == adapter.layout.params
	}
}

#[derive(Serialize, Deserialize)]
struct PeftConfig {
	peft_type: String,
	#[serde(default)]
	task_type: Option<String>,
	#[serde(default)]
	base_model_name_or_path: Option<String>,
	#[serde(default = "eight")]
	r: usize,
	#[serde(default)]
	lora_alpha: Option<f32>,
	#[serde(default)]
	lora_dropout: f32,
	target_modules: Targets,
	#[serde(default)]
	bias: Option<String>,
	#[serde(default)]
	fan_in_fan_out: bool,
	#[serde(default)]
	inference_mode: bool,
	#[serde(default)]
	init_lora_weights: Option<serde_json::Value>,
	#[serde(default)]
	use_rslora: bool,
	#[serde(default)]
	use_dora: bool,
	#[serde(default)]
	modules_to_save: Option<Vec<String>>,
	#[serde(default)]
	rank_pattern: BTreeMap<String, usize>,
	#[serde(default)]
	alpha_pattern: BTreeMap<String, f32>,
	#[serde(default)]
	layers_to_transform: Option<serde_json::Value>,
	#[serde(default)]
	layers_pattern: Option<serde_json::Value>,
	#[serde(default)]
	revision: Option<String>,
}

fn eight() -> usize {
	8
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Targets {
	One(String),
	Many(Vec<String>),
}

/// The file with an adapter's settings.
pub const ADAPTER_CONFIG: &str = "adapter_config.json";
/// The file with an adapter's tensors.
pub const ADAPTER_WEIGHTS: &str = "adapter_model.safetensors";

impl Adapter {
	/// A new adapter: `A` uniform after Kaiming with a = √5, `B` zero, so that it changes nothing yet.
	pub fn new(config: &Config, lora: LoraConfig, seed: u64) -> Result<Self> {
		lora.check()?;
		let mut adapter = Self::zeros(config, lora);
		let mut rng = StdRng::seed_from_u64(seed);
		for param in adapter.layout.clone().params.iter().filter(|p| p.is_a) {
			let bound = 1.0 / (param.shape[1] as f32).sqrt();
			for value in &mut adapter.values[param.range.clone()] {
				*value = rng.gen_range(-bound..bound);
			}
		}
		Ok(adapter)
	}

	fn zeros(config: &Config, lora: LoraConfig) -> Self {
		let layout = Layout::new(config, &lora);
		let values = vec![0.0; layout.len];
		Self {
			lora,
			model: config.clone(),
			layout: std::sync::Arc::new(layout),
			values,
			transposed: OnceLock::new(),
		}
	}

	/// Its settings.
	pub fn config(&self) -> &LoraConfig {
		&self.lora
	}

	/// The model shape it fits.
	pub fn model_config(&self) -> &Config {
		&self.model
	}

	pub(crate) fn layout(&self) -> &Layout {
		&self.layout
	}

	/// Tensors with their names, in a fixed order.
	pub fn params(&self) -> impl Iterator<Item = (&Param, &[f32])> {
		self.layout.params.iter().map(|p| (p, &self.values[p.range.clone()]))
	}

	/// Tensors with their names, writable, in the same order.
	pub fn params_mut(&mut self) -> impl Iterator<Item = (&Param, &mut [f32])> {
		self.transposed = OnceLock::new();
		let mut rest = self.values.as_mut_slice();
		self.layout.params.iter().map(move |p| {
			let (part, tail) = std::mem::take(&mut rest).split_at_mut(p.range.len());
			rest = tail;
			(p, part)
		})
	}

	/// All values in one slice; [`Self::params`] says which is which.
	pub fn values(&self) -> &[f32] {
		&self.values
	}

	/// All values, writable.
	pub fn values_mut(&mut self) -> &mut [f32] {
		self.transposed = OnceLock::new();
		&mut self.values
	}

	/// Number of parameters.
	pub fn len(&self) -> usize {
		self.values.len()
	}

	/// Whether it has no parameters, which no valid adapter has.
	pub fn is_empty(&self) -> bool {
		self.values.is_empty()
	}

	/// Memory of the parameters.
	pub fn bytes(&self) -> usize {
		std::mem::size_of_val(self.values.as_slice())
	}

	/// Writes `adapter_config.json` and `adapter_model.safetensors` into a folder, made if missing.
	pub fn to_peft(&self, dir: &Path) -> Result<()> {
		self.check_finite()?;
		std::fs::create_dir_all(dir).map_err(EngineError::io(dir))?;
		let mut modules = self.lora.modules.clone();
		modules.sort_unstable();
		let config = PeftConfig {
			peft_type: "LORA".into(),
			task_type: Some("CAUSAL_LM".into()),
			base_model_name_or_path: Some(self.lora.base_name.clone()),
			r: self.lora.rank,
			lora_alpha: Some(self.lora.alpha),
			lora_dropout: self.lora.dropout,
			target_modules: Targets::Many(
				modules.iter().map(|m| m.short_name().to_owned()).collect(),
			),
			bias: Some("none".into()),
			fan_in_fan_out: false,
			inference_mode: true,
			init_lora_weights: Some(true.into()),
			use_rslora: false,
			use_dora: false,
			modules_to_save: None,
			rank_pattern: BTreeMap::new(),
			alpha_pattern: BTreeMap::new(),
			layers_to_transform: None,
			layers_pattern: None,
			revision: None,
		};
		let json = serde_json::to_vec_pretty(&config)
			.map_err(|e| EngineError::Adapter(format!("{ADAPTER_CONFIG}: {e}")))?;
		let path = dir.join(ADAPTER_CONFIG);
		std::fs::write(&path, json).map_err(EngineError::io(&path))?;

		let wrong = |e: safetensors::SafeTensorError| {
			EngineError::Adapter(format!("{ADAPTER_WEIGHTS}: {e}"))
		};
		let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = self
			.params()
			.map(|(p, values)| {
				let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
				(p.name.clone(), p.shape.to_vec(), bytes)
			})
			.collect();
		let mut views = Vec::with_capacity(tensors.len());
		for (name, shape, bytes) in &tensors {
			let view =
				safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes)
					.map_err(wrong)?;
			views.push((name.as_str(), view));
		}
		let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
		let bytes = safetensors::serialize(views, Some(metadata)).map_err(wrong)?;
		let path = dir.join(ADAPTER_WEIGHTS);
		std::fs::write(&path, bytes).map_err(EngineError::io(&path))
	}

	/// Reads an adapter written by `peft` or by [`Self::to_peft`] for a model of this shape.
	pub fn from_peft(dir: &Path, config: &Config) -> Result<Self> {
		let read = |name: &str| {
			let path = dir.join(name);
			std::fs::read(&path).map_err(EngineError::io(path))
		};
		Self::from_peft_bytes(&read(ADAPTER_CONFIG)?, &read(ADAPTER_WEIGHTS)?, config)
	}

	/// As [`Self::from_peft`], from the bytes of the two files.
	pub fn from_peft_bytes(settings: &[u8], tensors: &[u8], config: &Config) -> Result<Self> {
		let fail = |text: String| Err(EngineError::Adapter(text));
		let peft: PeftConfig = serde_json::from_slice(settings)
			.map_err(|e| EngineError::Adapter(format!("{ADAPTER_CONFIG}: {e}")))?;
		if peft.peft_type != "LORA" {
			return fail(format!("peft_type is {:?}; only \"LORA\" is supported", peft.peft_type));
		}
		for (set, what) in [
			(peft.use_dora, "use_dora"),
			(peft.fan_in_fan_out, "fan_in_fan_out"),
			(peft.modules_to_save.as_ref().is_some_and(|m| !m.is_empty()), "modules_to_save"),
			(!peft.rank_pattern.is_empty(), "rank_pattern"),
			(!peft.alpha_pattern.is_empty(), "alpha_pattern"),
			(
				peft.layers_to_transform.as_ref().is_some_and(|v| !v.is_null()),
				"layers_to_transform",
			),
			(peft.bias.as_deref().is_some_and(|b| b != "none"), "bias"),
		] {
			if set {
				return fail(format!("{what} is set in {ADAPTER_CONFIG}, which is not supported"));
			}
		}
		let names = match peft.target_modules {
			Targets::Many(names) => names,
			Targets::One(name) if name == "all-linear" => {
				Module::all().iter().map(|m| m.short_name().to_owned()).collect()
			}
			Targets::One(name) => vec![name],
		};
		let mut modules = Vec::new();
		for name in &names {
			let short = name.rsplit('.').next().unwrap_or(name);
			let Some(module) = Module::from_short_name(short) else {
				let known: Vec<_> = Module::all().iter().map(|m| m.short_name()).collect();
				return fail(format!(
					"target module {name:?} is unknown; known are {}",
					known.join(", ")
				));
			};
			modules.push(module);
		}
		modules.sort_unstable();
		let mut alpha = peft.lora_alpha.unwrap_or(8.0);
		if peft.use_rslora {
			// alpha/√r is the same scale as (alpha·√r)/r.
			alpha *= (peft.r as f32).sqrt();
		}
		let lora = LoraConfig {
			rank: peft.r,
			alpha,
			modules,
			dropout: peft.lora_dropout,
			base_name: peft.base_model_name_or_path.unwrap_or_default(),
		};
		lora.check()?;
		let file = safetensors::SafeTensors::deserialize(tensors)
			.map_err(|e| EngineError::Adapter(format!("{ADAPTER_WEIGHTS}: {e}")))?;
		let mut adapter = Self::zeros(config, lora);
		let layout = adapter.layout.clone();
		let mut known: HashMap<&str, &Param> =
			layout.params.iter().map(|p| (p.name.as_str(), p)).collect();
		for (name, view) in file.iter() {
			let Some(param) = known.remove(name) else {
				return fail(format!(
					"the tensor {name:?} belongs to no named module of this model"
				));
			};
			if view.shape() != param.shape {
				return fail(format!(
					"the tensor {name:?} has the shape {:?} instead of {:?}",
					view.shape(),
					param.shape
				));
			}
			let Some(values) = crate::hub::floats(&view) else {
				return fail(format!(
					"the tensor {name:?} is {:?}; F32, F16 and BF16 are supported",
					view.dtype()
				));
			};
			adapter.values[param.range.clone()].copy_from_slice(&values);
		}
		if let Some(missing) = known.keys().min() {
			return fail(format!("the tensor {missing:?} is missing in {ADAPTER_WEIGHTS}"));
		}
		adapter.check_finite()?;
		Ok(adapter)
	}

	/// Says which tensor holds a value that is not a finite number.
	pub fn check_finite(&self) -> Result<()> {
		for (param, values) in self.params() {
			if let Some(at) = values.iter().position(|v| !v.is_finite()) {
				return Err(EngineError::Adapter(format!(
					"the tensor {:?} holds {} at position {at}; all values must be finite",
					param.name, values[at]
				)));
			}
		}
		Ok(())
	}

	/// `B` of every part transposed to `[rank, out]`, at the places of `B`.
	pub(crate) fn decode_values(&self) -> &[f32] {
		self.transposed.get_or_init(|| {
			let mut values = self.values.clone();
			for param in self.layout.params.iter().filter(|p| !p.is_a) {
				let [out, rank] = param.shape;
				let source = &self.values[param.range.clone()];
				let target = &mut values[param.range.clone()];
				for o in 0..out {
					for r in 0..rank {
						target[r * out + o] = source[o * rank + r];
					}
				}
			}
			values
		})
	}
}
