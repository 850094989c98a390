//! One file per call, one for the deadlines and one for random sequences of everything.

mod cancel;
mod claim;
mod deadlines;
mod poke;
mod progress;
mod report;
mod sequences;
mod settle;
mod submit;

pub use crate::{mock::*, types::*, Deadlines, Error, Event, NextDeadline, OpenJobs};
pub use frame_support::{assert_noop, assert_ok};
pub use polkadot_sdk::*;
pub use weft_primitives::JobId;

pub type Rows = crate::pallet::Jobs<Test>;

/// The events of the pallet so far.
pub fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Jobs(event) => Some(event),
			_ => None,
		})
		.collect()
}

pub fn last_event() -> Event<Test> {
	events().pop().expect("an event of the pallet")
}

pub fn job(id: JobId) -> Job<AccountId, u64> {
	Rows::get(id).expect("the job is there")
}
