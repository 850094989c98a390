//! Chain specifications: the two test chains, and any other from a file.

use polkadot_sdk::{sc_chain_spec, sc_service, sc_sync_state_rpc};
use sc_chain_spec::ChainSpecExtension;
use sc_service::{ChainType, Properties};
use serde::{Deserialize, Serialize};

/// What a specification has beyond the genesis state.
#[derive(Default, Clone, Serialize, Deserialize, ChainSpecExtension)]
#[serde(rename_all = "camelCase")]
pub struct Extensions {
	/// Where a light client may start.
	pub light_sync_state: sc_sync_state_rpc::LightSyncStateExtension,
}

/// A specification of a Weft chain.
pub type ChainSpec = sc_service::GenericChainSpec<Extensions>;

fn properties() -> Properties {
	let mut properties = Properties::new();
	properties.insert("tokenSymbol".into(), "WEFT".into());
	properties.insert("tokenDecimals".into(), 12.into());
	properties.insert("ss58Format".into(), 42.into());
	properties
}

fn code() -> Result<&'static [u8], String> {
	weft_runtime::WASM_BINARY.ok_or_else(|| {
		"this node was built without a Wasm runtime (SKIP_WASM_BUILD was set); build it again \
		 without, or give a specification with --chain FILE"
			.into()
	})
}

/// One validator, Alice, with keys that everybody knows.
pub fn development() -> Result<ChainSpec, String> {
	Ok(ChainSpec::builder(code()?, Extensions::default())
		.with_name("Weft Development")
		.with_id("weft_dev")
		.with_protocol_id("weftdev")
		.with_chain_type(ChainType::Development)
		.with_properties(properties())
		.with_genesis_config_patch(weft_runtime::genesis::development())
		.build())
}

/// Four validators, Alice to Dave: the smallest chain that loses one and goes on finalising.
pub fn local() -> Result<ChainSpec, String> {
	Ok(ChainSpec::builder(code()?, Extensions::default())
		.with_name("Weft Local Testnet")
		.with_id("weft_local")
		.with_protocol_id("weftlocal")
		.with_chain_type(ChainType::Local)
		.with_properties(properties())
		.with_genesis_config_patch(weft_runtime::genesis::local_testnet())
		.build())
}

/// The specification of a name, or of a file.
pub fn load(id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
	Ok(match id {
		"dev" => Box::new(development()?),
		"" | "local" => Box::new(local()?),
		path => Box::new(ChainSpec::from_json_file(path.into()).map_err(|error| {
			format!("{error}; allowed are `dev`, `local` and the path of a specification")
		})?),
	})
}
