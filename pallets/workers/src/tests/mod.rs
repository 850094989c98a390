//! One file per call, and one for what other pallets ask of the register.

mod bond_more;
mod exit;
mod heartbeat;
mod register;
mod registry;
mod set_capabilities;
mod set_hot;
mod withdraw_bond;

pub use crate::{mock::*, types::*, Error, Event};
pub use frame_support::{assert_noop, assert_ok};
pub use polkadot_sdk::*;

pub type Rows = crate::pallet::Workers<Test>;

pub fn last_event() -> Event<Test> {
	System::events()
		.into_iter()
		.rev()
		.find_map(|record| match record.event {
			RuntimeEvent::Workers(event) => Some(event),
			_ => None,
		})
		.expect("an event of the pallet")
}
