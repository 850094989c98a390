//! `debug_trace*`: replaying transactions.

use super::{
	error::{Error, Result},
	methods::Eth,
	params::{Args, BlockTag},
	record::BlockRecord,
};
use jsonrpsee::{core::RegisterMethodError, types::ErrorObjectOwned, RpcModule};
use polkadot_sdk::pallet_revive::pallet_revive_types::runtime_api::{
	ExecutionTracerConfigV1, StateOverrideSetV1, TracerTypeV1,
};
use serde_json::{json, Map, Value};

/// The tracer of geth's options object.
fn tracer(args: &Args, index: usize) -> Result<TracerTypeV1> {
	const WHAT: &str =
		"{\"tracer\": \"callTracer\" or \"prestateTracer\", \"tracerConfig\": {..}}, \
		or the options of the structured logger,";
	let options = args.optional::<Map<String, Value>>(index, "options", WHAT)?.unwrap_or_default();
	let bad = |error: serde_json::Error| {
		Error::InvalidParams(format!(
			"invalid parameter {index} (options): {error}; {WHAT} is allowed"
		))
	};
	match options.get("tracer") {
		None | Some(Value::Null) => {
			let config: ExecutionTracerConfigV1 =
				serde_json::from_value(Value::Object(options)).map_err(bad)?;
			Ok(TracerTypeV1::ExecutionTracer(Some(config)))
		}
		Some(name) => {
			let config = options.get("tracerConfig").cloned().unwrap_or(Value::Null);
			let tagged = json!({ "tracer": name, "tracerConfig": config });
			serde_json::from_value(tagged).map_err(bad)
		}
	}
}

fn no_trace(tracer: &TracerTypeV1) -> String {
	match tracer {
		TracerTypeV1::ExecutionTracer(_) => {
			"the structured logger is not enabled on this chain: use callTracer or prestateTracer"
				.into()
		}
		_ => "the runtime could not trace this transaction".into(),
	}
}

impl Eth {
	fn trace_transaction(&self, args: &Args) -> Result<Value> {
		let hash = args.hash(0, "transactionHash")?;
		let tracer = tracer(args, 1)?;
		let (record, index) = self
			.index
			.transaction(hash)?
			.ok_or_else(|| Error::Refused("transaction not found".into()))?;
		let tx = record.txs.get(index).ok_or(Error::UnknownBlock)?;
		self.traceable(&record)?;
		let why_not = no_trace(&tracer);
		let traces = self.chain.trace(record.substrate_hash, Some(tx.extrinsic), tracer)?;
		traces.into_iter().find_map(|(_, trace)| trace).ok_or(Error::Refused(why_not))
	}

	fn trace_block(&self, tag: BlockTag, tracer: TracerTypeV1) -> Result<Value> {
		let record = self.block(tag)?.ok_or(Error::UnknownBlock)?;
		if record.txs.is_empty() {
			return Ok(json!([]));
		}
		self.traceable(&record)?;
		let why_not = no_trace(&tracer);
		let mut traces: std::collections::BTreeMap<u32, Option<Value>> =
			self.chain.trace(record.substrate_hash, None, tracer)?.into_iter().collect();
		let entries = record.txs.iter().map(|tx| match traces.remove(&tx.extrinsic).flatten() {
			Some(trace) => json!({ "txHash": tx.hash, "result": trace }),
			None => json!({ "txHash": tx.hash, "error": why_not }),
		});
		Ok(Value::Array(entries.collect()))
	}

	/// Replaying needs the state before the block.
	fn traceable(&self, record: &BlockRecord) -> Result<()> {
		let (number, parent) =
			self.chain.header(record.substrate_hash)?.ok_or(Error::UnknownBlock)?;
		let before = super::chain::BlockRef { hash: parent, number: number.saturating_sub(1) };
		if !self.chain.has_state(before) {
			return Err(Error::Pruned(before.number));
		}
		Ok(())
	}

	fn trace_call(&self, args: &Args) -> Result<Value> {
		let tx = args.object(0, "transaction", "a transaction object")?;
		let at = self.state_at(args.block(1)?)?;
		let tracer = tracer(args, 2)?;
		let overrides = match args.value(2).and_then(|options| options.get("stateOverrides")) {
			None | Some(Value::Null) => None,
			Some(set) => {
				let set: StateOverrideSetV1 =
					serde_json::from_str(&set.to_string()).map_err(|error| {
						Error::InvalidParams(format!("invalid stateOverrides: {error}"))
					})?;
				Some(set)
			}
		};
		self.chain.trace_call(at.hash, tx, tracer, overrides)
	}
}

/// Registers the methods of this file.
pub fn register(module: &mut RpcModule<Eth>) -> std::result::Result<(), RegisterMethodError> {
	type Answer = std::result::Result<Value, ErrorObjectOwned>;
	module.register_blocking_method("debug_traceTransaction", |params, eth, _| -> Answer {
		Ok(eth.trace_transaction(&Args::parse(&params)?)?)
	})?;
	module.register_blocking_method("debug_traceBlockByNumber", |params, eth, _| -> Answer {
		let args = Args::parse(&params)?;
		Ok(eth.trace_block(args.block(0)?, tracer(&args, 1)?)?)
	})?;
	module.register_blocking_method("debug_traceBlockByHash", |params, eth, _| -> Answer {
		let args = Args::parse(&params)?;
		Ok(eth.trace_block(BlockTag::Hash(args.hash(0, "blockHash")?), tracer(&args, 1)?)?)
	})?;
	module.register_blocking_method("debug_traceCall", |params, eth, _| -> Answer {
		Ok(eth.trace_call(&Args::parse(&params)?)?)
	})?;
	Ok(())
}
