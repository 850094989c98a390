//! Builds the Wasm runtime next to the native one. The metadata hash stays off: it would compile the
//! runtime twice, and wallets that want it can be served by a release build of their own.

fn main() {
	#[cfg(feature = "std")]
	substrate_wasm_builder::WasmBuilder::build_using_defaults();
}
