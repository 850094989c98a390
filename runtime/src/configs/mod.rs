//! The configuration of every pallet, one file per area.

pub mod consensus;
pub mod evm;
pub mod governance;
pub mod system;
pub mod weft;
