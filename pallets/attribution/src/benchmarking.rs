//! Benchmarks of the calls, with real signatures from the host's keystore.

use super::*;
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		EnsureOrigin, Get,
	},
	BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use sp_core::crypto::KeyTypeId;
use weft_primitives::{
	ids::ModelId,
	split,
	sum_tree::{self, Leaf, SumProof},
	voucher::{Voucher, VoucherSignature},
};

const KEYS: KeyTypeId = KeyTypeId(*b"weft");
const DEPOSIT_IN_ED: u128 = 1_000_000;

fn endowed<T: Config>(name: &'static str, index: u32) -> T::AccountId {
	endow::<T>(account(name, index, 0))
}

fn endow<T: Config>(who: T::AccountId) -> T::AccountId {
	let amount = T::Currency::minimum_balance() * DEPOSIT_IN_ED * 10;
	T::Currency::set_balance(&who, amount);
	who
}

/// The pallet's account and the treasury as a chain's genesis has them.
fn prepare<T: Config>() {
	for who in [Pallet::<T>::account_id(), T::Treasury::get()] {
		T::Currency::set_balance(&who, T::Currency::minimum_balance());
	}
}

fn worker<T: Config>() -> (T::AccountId, T::AccountId) {
	let (owner, hot) = (endowed::<T>("owner", 0), endowed::<T>("hot", 0));
	T::BenchmarkHelper::register_worker(&owner, &hot);
	(owner, hot)
}

fn deposit_amount<T: Config>() -> u128 {
	T::Currency::minimum_balance() * DEPOSIT_IN_ED
}

fn forward<T: Config>(blocks: u32) {
	let now = frame_system::Pallet::<T>::block_number();
	frame_system::Pallet::<T>::set_block_number(now + BlockNumberFor::<T>::from(blocks));
}

/// `n` vouchers of `n` payers, each signed with a key of its own.
fn items<T: Config>(
	n: u32,
	owner: &T::AccountId,
	model: ModelId,
) -> Result<Vec<SettleItem>, BenchmarkError> {
	let cumulative = deposit_amount::<T>();
	(0..n)
		.map(|_| {
			let public = sp_io::crypto::sr25519_generate(KEYS, None);
			let payer = endow::<T>(T::AccountId::from(public.0));
			Pallet::<T>::do_deposit(payer.clone(), owner.clone(), model, cumulative)?;
			let voucher = Voucher {
				payer: payer.into(),
				worker: owner.clone().into(),
				model,
				cumulative,
				expires_at: u32::MAX,
			};
			let digest = voucher.digest(&Pallet::<T>::genesis());
			let signature = sp_io::crypto::sr25519_sign(KEYS, &public, &digest)
				.ok_or(BenchmarkError::Stop("the keystore has the key it made"))?;
			let signature = VoucherSignature::Sr25519(signature.0);
			Ok(SettleItem { voucher, signature, amount: cumulative })
		})
		.collect()
}

fn tree(epoch: u32, leaves: &[Leaf]) -> Result<EarningsRoot, BenchmarkError> {
	Ok(EarningsRoot {
		epoch,
		root: sum_tree::root(leaves).ok_or(BenchmarkError::Stop("the leaves are in order"))?,
		leaves: [1; 32],
		receipts_root: [2; 32],
		receipts: 1,
	})
}

/// A leaf for the whole contributors' part of one voucher, and `2^depth - 1` leaves of nothing.
fn one_leaf<T: Config>(
	depth: u32,
	model: ModelId,
) -> Result<(Vec<Leaf>, SumProof), BenchmarkError> {
	let rule = T::Models::rule(model).ok_or(BenchmarkError::Stop("the model exists"))?;
	let parts = split::split_fee(deposit_amount::<T>(), &rule.split)
		.ok_or(BenchmarkError::Stop("the rule sums up"))?;
	let leaves: Vec<Leaf> = (0..1u32 << depth)
		.map(|i| {
			let mut account = [0; 32];
			account[..4].copy_from_slice(&i.to_be_bytes());
			Leaf { account, cumulative: if i == 0 { parts.contributors } else { 0 } }
		})
		.collect();
	let proof = sum_tree::prove(&leaves, 0).ok_or(BenchmarkError::Stop("the first leaf exists"))?;
	Ok((leaves, proof))
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn deposit() {
		prepare::<T>();
		let (owner, _) = worker::<T>();
		let model = T::BenchmarkHelper::publish_model();
		let payer = endowed::<T>("payer", 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(payer.clone()), owner.clone(), model, deposit_amount::<T>());

		assert!(Channels::<T>::contains_key((payer, owner, model)));
	}

	#[benchmark]
	fn close() -> Result<(), BenchmarkError> {
		prepare::<T>();
		let (owner, _) = worker::<T>();
		let model = T::BenchmarkHelper::publish_model();
		let payer = endowed::<T>("payer", 0);
		let amount = deposit_amount::<T>();
		Pallet::<T>::do_deposit(payer.clone(), owner.clone(), model, amount)?;

		#[extrinsic_call]
		_(RawOrigin::Signed(payer.clone()), owner.clone(), model);

		let channel = Channels::<T>::get((payer, owner, model));
		assert!(channel.is_some_and(|channel| channel.closing.is_some()));
		Ok(())
	}

	#[benchmark]
	fn withdraw() -> Result<(), BenchmarkError> {
		prepare::<T>();
		let (owner, _) = worker::<T>();
		let model = T::BenchmarkHelper::publish_model();
		let payer = endowed::<T>("payer", 0);
		let amount = deposit_amount::<T>();
		Pallet::<T>::do_deposit(payer.clone(), owner.clone(), model, amount)?;
		Pallet::<T>::do_close(payer.clone(), owner.clone(), model)?;
		forward::<T>(T::CloseDelay::get());

		#[extrinsic_call]
		_(RawOrigin::Signed(payer.clone()), owner.clone(), model);

		assert!(!Channels::<T>::contains_key((payer, owner, model)));
		Ok(())
	}

	#[benchmark]
	fn settle(n: Linear<1, { T::MaxItems::get() }>) -> Result<(), BenchmarkError> {
		prepare::<T>();
		let (owner, hot) = worker::<T>();
		let model = T::BenchmarkHelper::publish_model();
		// The ledger is as large as it gets and matures in this very call.
		for epoch in 1..=MAX_PENDING {
			let items = items::<T>(1, &owner, model)?;
			Pallet::<T>::do_settle(hot.clone(), items, tree(epoch, &[])?)?;
		}
		forward::<T>(T::ChallengeWindow::get());
		let items = BoundedVec::truncate_from(items::<T>(n, &owner, model)?);
		let tree = tree(MAX_PENDING + 1, &[])?;

		#[extrinsic_call]
		_(RawOrigin::Signed(hot), items, tree);

		assert!(Ledgers::<T>::get(owner).is_some_and(|ledger| ledger.epoch == MAX_PENDING + 1));
		Ok(())
	}

	#[benchmark]
	fn claim(n: Linear<0, 12>) -> Result<(), BenchmarkError> {
		prepare::<T>();
		let (owner, hot) = worker::<T>();
		let model = T::BenchmarkHelper::publish_model();
		let (leaves, proof) = one_leaf::<T>(n, model)?;
		let items = items::<T>(1, &owner, model)?;
		Pallet::<T>::do_settle(hot.clone(), items, tree(1, &leaves)?)?;
		forward::<T>(T::ChallengeWindow::get());
		let leaf = leaves.into_iter().next().ok_or(BenchmarkError::Stop("a leaf"))?;
		let account = T::AccountId::from(leaf.account);
		let amount = leaf.cumulative;

		#[extrinsic_call]
		_(RawOrigin::Signed(hot), owner.clone(), leaf, proof);

		assert_eq!(ClaimedOf::<T>::get(owner, account), amount);
		Ok(())
	}

	#[benchmark]
	fn reject_root() -> Result<(), BenchmarkError> {
		prepare::<T>();
		let (owner, hot) = worker::<T>();
		let model = T::BenchmarkHelper::publish_model();
		for epoch in 1..=MAX_PENDING {
			let items = items::<T>(1, &owner, model)?;
			Pallet::<T>::do_settle(hot.clone(), items, tree(epoch, &[])?)?;
		}
		let origin =
			T::ChallengeOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, owner.clone(), 1);

		assert!(Ledgers::<T>::get(owner).is_some_and(|ledger| ledger.pending.is_empty()));
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
