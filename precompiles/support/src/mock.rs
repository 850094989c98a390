//! For tests of precompiles: the chain below them. It is `pallet-revive` over what that needs, one
//! of our pallets, and its precompile; [`mock_runtime`](crate::mock_runtime) writes it.
//!
//! The macro stands for the runtime alone: what need not name a runtime's own types is a function
//! or a constant here.

use crate::Bytes32;
use pallet_revive::{precompiles::H160, Config, Event};
use polkadot_sdk::*;

/// The existential deposit.
pub const ED: u128 = 10;
/// What each endowed account has at first.
pub const ENDOWMENT: u128 = 1_000_000_000_000_000;

/// What a contract logged: its address, the topics and the data.
pub type Log = (H160, Vec<Bytes32>, Vec<u8>);

/// What contracts logged since the last call of this. Forgets all other events too.
pub fn take_logs<T: Config>() -> Vec<Log>
where
	<T as frame_system::Config>::RuntimeEvent: TryInto<Event<T>>,
{
	let logs = frame_system::Pallet::<T>::events()
		.into_iter()
		.filter_map(|record| match record.event.try_into() {
			Ok(Event::ContractEmitted { contract, data, topics }) => {
				let topics = topics.into_iter().map(|topic| topic.0.into()).collect();
				Some((contract, topics, data))
			}
			_ => None,
		})
		.collect();
	frame_system::Pallet::<T>::reset_events();
	logs
}

/// Writes the runtime `Test` with one pallet of ours, and what tests ask of it: `new_test_ext`,
/// `precompile` and `logs`.
///
/// Left to the caller is the pallet's own `Config`. The precompile's crate needs `polkadot-sdk`
/// with `pallet-balances`, `pallet-timestamp` and `sp-io`, and `use polkadot_sdk::*` in scope,
/// because FRAME's macros look for the pallets where they are expanded.
#[macro_export]
macro_rules! mock_runtime {
	(
		pallet: $name:ident = $pallet:ident at $index:tt,
		precompile: $precompile:ty,
		endowed: [$($endowed:expr),+ $(,)?] $(,)?
	) => {
		// `derive_impl` finds itself by this name alone.
		use frame_support::derive_impl;

		#[frame_support::runtime]
		mod runtime {
			#[runtime::runtime]
			#[runtime::derive(
				RuntimeCall,
				RuntimeEvent,
				RuntimeError,
				RuntimeOrigin,
				RuntimeTask,
				RuntimeHoldReason,
				RuntimeFreezeReason
			)]
			pub struct Test;

			#[runtime::pallet_index(0)]
			pub type System = frame_system;
			#[runtime::pallet_index(1)]
			pub type Timestamp = pallet_timestamp;
			#[runtime::pallet_index(10)]
			pub type Balances = pallet_balances;
			#[runtime::pallet_index(30)]
			pub type Revive = pallet_revive;
			#[runtime::pallet_index($index)]
			pub type $name = $pallet;
		}

		#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
		impl frame_system::Config for Test {
			type Block = frame_system::mocking::MockBlock<Test>;
			type AccountId = sp_runtime::AccountId32;
			type Lookup = sp_runtime::traits::IdentityLookup<sp_runtime::AccountId32>;
			type AccountData = pallet_balances::AccountData<u128>;
		}

		#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
		impl pallet_balances::Config for Test {
			type AccountStore = System;
			type Balance = u128;
			type ExistentialDeposit = frame_support::traits::ConstU128<{ $crate::mock::ED }>;
			type RuntimeHoldReason = RuntimeHoldReason;
			type RuntimeFreezeReason = RuntimeFreezeReason;
			type FreezeIdentifier = RuntimeFreezeReason;
			type MaxFreezes = frame_support::traits::VariantCountOf<RuntimeFreezeReason>;
		}

		impl pallet_timestamp::Config for Test {
			type Moment = u64;
			type OnTimestampSet = ();
			type MinimumPeriod = frame_support::traits::ConstU64<1>;
			type WeightInfo = ();
		}

		#[derive_impl(pallet_revive::config_preludes::TestDefaultConfig)]
		impl pallet_revive::Config for Test {
			type AddressMapper = pallet_revive::AccountId32Mapper<Self>;
			type Balance = u128;
			type Currency = Balances;
			type DepositPerItem = frame_support::traits::ConstU128<1>;
			type DepositPerChildTrieItem = frame_support::traits::ConstU128<1>;
			type DepositPerByte = frame_support::traits::ConstU128<1>;
			type Precompiles = ($precompile,);
			type InstantiateOrigin = frame_system::EnsureSigned<sp_runtime::AccountId32>;
			type Time = Timestamp;
			type UploadOrigin = frame_system::EnsureSigned<sp_runtime::AccountId32>;
		}

		/// A fresh chain at block 1 on which the accounts of the tests are endowed.
		pub fn new_test_ext() -> sp_io::TestExternalities {
			let endowment = $crate::mock::ENDOWMENT;
			let storage = sp_runtime::BuildStorage::build_storage(&RuntimeGenesisConfig {
				balances: pallet_balances::GenesisConfig {
					balances: vec![$(($endowed, endowment)),+],
					..Default::default()
				},
				..Default::default()
			})
			.expect("genesis is valid");
			let mut ext: sp_io::TestExternalities = storage.into();
			ext.execute_with(|| System::set_block_number(1));
			ext
		}

		/// Where the precompile is.
		pub fn precompile() -> pallet_revive::precompiles::H160 {
			let matcher = <$precompile as pallet_revive::precompiles::Precompile>::MATCHER;
			pallet_revive::precompiles::H160(matcher.base_address())
		}

		/// What contracts logged since the last call of this.
		// The tests of an interface that only reads have nothing to ask.
		#[allow(dead_code)]
		pub fn logs() -> Vec<$crate::mock::Log> {
			$crate::mock::take_logs::<Test>()
		}
	};
}
