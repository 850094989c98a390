//! Tests of the runtime as a whole.

use crate::*;
use codec::Encode;
use frame_support::{
	assert_noop, assert_ok,
	genesis_builder_helper::build_state,
	traits::{fungible::Inspect, Hooks, IntegrityTest},
};
use sp_core::{sr25519, Pair};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{traits::Zero, Perbill};

/// A chain at its first block, from the preset.
fn chain(preset: serde_json::Value) -> sp_io::TestExternalities {
	let mut ext = sp_io::TestExternalities::default();
	ext.execute_with(|| {
		build_preset(preset);
		System::set_block_number(1);
	});
	ext
}

fn build_preset(preset: serde_json::Value) {
	// As the node does it: the preset is laid over the default configuration.
	let default =
		frame_support::genesis_builder_helper::get_preset::<RuntimeGenesisConfig>(&None, |_| None)
			.expect("there is a default configuration");
	let mut config: serde_json::Value =
		serde_json::from_slice(&default).expect("the default is JSON");
	merge(&mut config, preset);
	let config = serde_json::to_vec(&config).expect("it is JSON");
	assert_ok!(build_state::<RuntimeGenesisConfig>(config));
}

fn merge(base: &mut serde_json::Value, patch: serde_json::Value) {
	match (base, patch) {
		(serde_json::Value::Object(base), serde_json::Value::Object(patch)) => {
			for (key, value) in patch {
				merge(base.entry(key).or_insert(serde_json::Value::Null), value);
			}
		}
		(base, patch) => *base = patch,
	}
}

fn dave() -> AccountId {
	Sr25519Keyring::Dave.to_account_id()
}

#[test]
fn the_extra_development_accounts_are_those_of_their_seeds() {
	for (seed, public) in genesis::EXTRA_ACCOUNTS {
		let pair = sr25519::Pair::from_string(seed, None).expect("a valid derivation path");
		assert_eq!(hex::encode(public), hex::encode(pair.public()), "{seed}");
	}
}

#[test]
fn the_constants_of_all_pallets_fit_together() {
	sp_io::TestExternalities::default()
		.execute_with(<AllPalletsWithSystem as IntegrityTest>::integrity_test);
}

#[test]
fn both_presets_are_offered_and_others_are_not() {
	let names: Vec<String> = genesis::preset_names().iter().map(ToString::to_string).collect();
	assert_eq!(names, ["development", "local_testnet"]);
	for name in names {
		assert!(genesis::get_preset(&name.as_str().into()).is_some(), "{name}");
	}
	assert!(genesis::get_preset(&"staging".into()).is_none());
}

#[test]
fn the_development_chain_has_one_validator_and_the_local_one_survives_a_loss() {
	chain(genesis::development()).execute_with(|| {
		assert_eq!(Session::validators(), [Sr25519Keyring::Alice.to_account_id()]);
		assert_eq!(Grandpa::grandpa_authorities().len(), 1);
	});
	chain(genesis::local_testnet()).execute_with(|| {
		let votes = Grandpa::grandpa_authorities().len();
		assert_eq!(Babe::authorities().len(), votes);
		// GRANDPA needs more than two thirds of the votes: with three validators, all of them.
		assert!((votes - 1) * 3 > votes * 2, "{votes} validators cannot lose one");
	});
}

#[test]
fn development_accounts_have_money_and_an_ethereum_address() {
	use pallet_revive::AddressMapper;
	type Mapper = <Runtime as pallet_revive::Config>::AddressMapper;
	chain(genesis::development()).execute_with(|| {
		for account in genesis::endowed_accounts() {
			assert_eq!(Balances::balance(&account), genesis::ENDOWMENT, "{account}");
			let address = Mapper::to_address(&account);
			assert_eq!(Mapper::to_account_id(&address), account, "{account}");
		}
		for address in genesis::ETHEREUM_ACCOUNTS {
			let account = genesis::ethereum_account(&address);
			assert_eq!(Mapper::to_address(&account).0, address);
		}
		assert_eq!(pallet_sudo::Key::<Runtime>::get(), Some(Sr25519Keyring::Alice.to_account_id()));
	});
}

#[test]
fn a_validator_without_session_keys_is_refused() {
	chain(genesis::local_testnet()).execute_with(|| {
		let eve = Sr25519Keyring::Eve.to_account_id();
		assert_noop!(
			Validators::add(RuntimeOrigin::root(), eve.clone()),
			validators::Error::<Runtime>::NoKeys
		);
		assert_noop!(
			Validators::add(RuntimeOrigin::signed(eve.clone()), eve.clone()),
			sp_runtime::DispatchError::BadOrigin
		);
		assert_noop!(
			Validators::add(RuntimeOrigin::root(), dave()),
			validators::Error::<Runtime>::AlreadyThere
		);
		assert_noop!(
			Validators::remove(RuntimeOrigin::root(), eve),
			validators::Error::<Runtime>::NotThere
		);
	});
}

#[test]
fn a_removed_validator_leaves_the_set_with_the_session_after_next() {
	chain(genesis::local_testnet()).execute_with(|| {
		assert_ok!(Validators::remove(RuntimeOrigin::root(), dave()));
		assert!(Session::validators().contains(&dave()));
		Session::rotate_session();
		assert!(Session::validators().contains(&dave()));
		Session::rotate_session();
		assert!(!Session::validators().contains(&dave()));
		assert_eq!(Session::validators().len(), 3);
		assert!(!validators::Changed::<Runtime>::get(), "a set is announced once");
	});
}

#[test]
fn the_last_validator_stays() {
	chain(genesis::development()).execute_with(|| {
		assert_noop!(
			Validators::remove(RuntimeOrigin::root(), Sr25519Keyring::Alice.to_account_id()),
			validators::Error::<Runtime>::LastOne
		);
	});
}

#[test]
fn an_equivocator_is_disabled_and_taken_off_the_list() {
	use sp_staking::offence::{OffenceDetails, OnOffenceHandler};
	chain(genesis::local_testnet()).execute_with(|| {
		let offence = OffenceDetails { offender: (dave(), ()), reporters: Vec::new() };
		Validators::on_offence(&[offence], &[Perbill::from_percent(10)], 0);
		let index = Session::validators().iter().position(|v| *v == dave()).expect("still there");
		assert_eq!(Session::disabled_validators(), [index as u32]);
		assert!(!validators::Members::<Runtime>::get().contains(&dave()));
		System::assert_last_event(
			validators::Event::Offended {
				validator: dave(),
				fraction: Perbill::from_percent(10),
				removed: true,
			}
			.into(),
		);
	});
}

#[test]
fn an_idle_chain_keeps_its_base_price() {
	chain(genesis::development()).execute_with(|| {
		let before = TransactionPayment::next_fee_multiplier();
		for _ in 0..10 {
			TransactionPayment::on_finalize(System::block_number());
		}
		assert_eq!(TransactionPayment::next_fee_multiplier(), before);
		assert!(!TransactionPayment::weight_to_fee(frame_support::weights::Weight::from_parts(
			1_000_000, 1_000
		))
		.is_zero());
	});
}

#[test]
fn fees_go_to_the_author_and_without_one_to_the_treasury() {
	use frame_support::traits::{fungible::Balanced, OnUnbalanced};
	chain(genesis::development()).execute_with(|| {
		let treasury = configs::system::TreasuryAccount::get();
		let before = Balances::balance(&treasury);
		configs::system::ToAuthor::on_unbalanced(Balances::issue(currency::CENTS));
		assert_eq!(Balances::balance(&treasury), before + currency::CENTS);
	});
}

/// A transaction as a wallet signs it.
fn signed(who: Sr25519Keyring, nonce: u32, call: RuntimeCall) -> UncheckedExtrinsic {
	let extension: TxExtension = (
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckEra::from(generic::Era::Immortal),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		pallet_transaction_payment::ChargeTransactionPayment::from(0),
		pallet_revive::evm::tx_extension::SetOrigin::default(),
		frame_metadata_hash_extension::CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	);
	let payload = generic::SignedPayload::new(call.clone(), extension.clone())
		.expect("what is signed implicitly is in the state");
	let signature = payload.using_encoded(|bytes| who.sign(bytes));
	generic::UncheckedExtrinsic::new_signed(
		call,
		who.to_account_id().into(),
		signature.into(),
		extension,
	)
	.into()
}

#[test]
fn a_transaction_with_a_wrong_nonce_is_refused_and_costs_nothing() {
	use sp_runtime::transaction_validity::InvalidTransaction;
	chain(genesis::development()).execute_with(|| {
		let dave = Sr25519Keyring::Dave;
		let remark = || {
			RuntimeCall::System(frame_system::Call::remark_with_event { remark: b"weft".to_vec() })
		};
		let state = || (System::account(dave.to_account_id()), System::event_count());
		assert_ok!(Executive::apply_extrinsic(signed(dave, 0, remark())).expect("it is valid"));
		let before = state();
		assert_eq!(before.0.nonce, 1);
		for (nonce, why) in [(0, InvalidTransaction::Stale), (2, InvalidTransaction::Future)] {
			let refused = Executive::apply_extrinsic(signed(dave, nonce, remark()));
			assert_eq!(refused, Err(why.into()));
			assert_eq!(state(), before);
		}
		assert_ok!(Executive::apply_extrinsic(signed(dave, 1, remark())).expect("it is valid"));
	});
}

#[test]
fn calls_are_small_enough_to_pass_around() {
	assert!(core::mem::size_of::<RuntimeCall>() <= 1_024);
}

#[test]
fn the_committed_metadata_is_that_of_this_runtime() {
	let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../workers/chain/metadata.scale");
	let committed = std::fs::read(path).expect("workers/chain/metadata.scale is committed");
	let current: Vec<u8> = sp_io::TestExternalities::default().execute_with(|| {
		let opaque = Runtime::metadata_at_version(16).expect("version 16 is offered");
		(*opaque).clone()
	});
	assert!(
		committed == current,
		"workers/chain/metadata.scale is out of date; run `weft-node export-metadata --out \
		 workers/chain/metadata.scale`"
	);
	assert!(VERSION.encode().len() > 4);
}

mod money {
	//! The glue between the pallets.

	use super::*;
	use pallet_jobs::{Payments as _, WorkerRegistry as _};

	fn account(key: Sr25519Keyring) -> AccountId {
		key.to_account_id()
	}

	#[test]
	fn a_training_job_is_paid_in_full() {
		chain(genesis::development()).execute_with(|| {
			let (bob, charlie) = (account(Sr25519Keyring::Bob), account(Sr25519Keyring::Charlie));
			let before = Balances::balance(&charlie);
			assert_ok!(configs::weft::Payments::pay_training(&bob, &charlie, currency::WEFT));
			assert_eq!(Balances::balance(&charlie), before + currency::WEFT);
			assert_eq!(Balances::balance(&bob), genesis::ENDOWMENT - currency::WEFT);
		});
	}

	#[test]
	fn an_answer_of_an_unknown_model_cannot_be_paid() {
		chain(genesis::development()).execute_with(|| {
			let (bob, charlie) = (account(Sr25519Keyring::Bob), account(Sr25519Keyring::Charlie));
			assert_noop!(
				configs::weft::Payments::pay_inference(&bob, &charlie, 9, currency::WEFT),
				pallet_attribution::Error::<Runtime>::UnknownModel
			);
		});
	}

	#[test]
	fn a_registered_worker_is_known_by_its_hot_key_and_its_slash_goes_to_the_treasury() {
		use configs::weft::Registry;
		chain(genesis::development()).execute_with(|| {
			let charlie = account(Sr25519Keyring::Charlie);
			let hot = AccountId::new(genesis::EXTRA_ACCOUNTS[0].1);
			assert_ok!(Workers::register(
				RuntimeOrigin::signed(charlie.clone()),
				hot.clone(),
				100 * currency::WEFT,
				vec![pallet_workers::Capability {
					class: b"cpu".to_vec().try_into().expect("short"),
					units: 2,
					memory_mib: 4_096,
				}]
				.try_into()
				.expect("one"),
			));
			assert_eq!(Registry::owner_of_hot(&hot), Some(charlie.clone()));
			assert!(<Registry as frame_support::traits::Contains<_>>::contains(&hot));

			let treasury = configs::system::TreasuryAccount::get();
			let before = Balances::balance(&treasury);
			Registry::slash_absence(&charlie);
			let slashed = Balances::balance(&treasury) - before;
			assert_eq!(slashed, configs::weft::ABSENCE_SLASH);
		});
	}
}
