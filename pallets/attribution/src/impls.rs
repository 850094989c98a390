//! What the calls do.

use crate::{
	Channel, Channels, ClaimedOf, Config, EarningsRoot, Error, Event, HoldReason, Ledger, Ledgers,
	ModelRules, PaidParts, Pallet, PendingRoot, Rule, SettleItem, WorkerKeys,
};
use alloc::vec::Vec;
use polkadot_sdk::{
	frame_support::{
		ensure,
		pallet_prelude::{DispatchError, DispatchResult, Get},
		storage::with_storage_layer,
		traits::{
			fungible::{Inspect, MutateHold},
			tokens::{
				DepositConsequence, Fortitude, Precision, Preservation, Provenance, Restriction,
			},
		},
	},
	frame_system,
	sp_core::sr25519,
	sp_io,
	sp_runtime::{
		traits::{AccountIdConversion, UniqueSaturatedInto, Zero},
		ArithmeticError,
	},
};
use weft_primitives::{
	ids::{Hash32, ModelId},
	split,
	sum_tree::{self, Leaf, SumProof, MAX_PROOF_LEN},
	voucher::{self, eth_address, Crypto},
};

/// The host's cryptography.
pub struct HostCrypto;

impl Crypto for HostCrypto {
	fn sr25519_verify(signature: &[u8; 64], message: &[u8], public: &[u8; 32]) -> bool {
		sp_io::crypto::sr25519_verify(
			&sr25519::Signature::from_raw(*signature),
			message,
			&sr25519::Public::from_raw(*public),
		)
	}

	fn secp256k1_recover(signature: &[u8; 65], digest: &[u8; 32]) -> Option<[u8; 20]> {
		let public = sp_io::crypto::secp256k1_ecdsa_recover(signature, digest).ok()?;
		Some(eth_address(&public))
	}
}

fn add(target: &mut u128, amount: u128) -> DispatchResult {
	*target = target.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
	Ok(())
}

fn sub(target: &mut u128, amount: u128) -> DispatchResult {
	*target = target.checked_sub(amount).ok_or(ArithmeticError::Underflow)?;
	Ok(())
}

impl<T: Config> Pallet<T> {
	/// The account where the contributors' money lies.
	pub fn account_id() -> T::AccountId {
		T::PalletId::get().into_account_truncating()
	}

	/// The hash of the first block, which every voucher commits to.
	pub fn genesis() -> Hash32 {
		let hash = frame_system::Pallet::<T>::block_hash(
			frame_system::pallet_prelude::BlockNumberFor::<T>::zero(),
		);
		let mut genesis = Hash32::default();
		for (to, from) in genesis.iter_mut().zip(hash.as_ref()) {
			*to = *from;
		}
		genesis
	}

	/// A worker's ledger as of this block, with matured trees promoted.
	pub fn ledger(worker: &T::AccountId) -> Option<Ledger> {
		let mut ledger = Ledgers::<T>::get(worker)?;
		ledger.promote(Self::now());
		Some(ledger)
	}

	/// What an account has claimed of its earnings from a worker, in plancks.
	pub fn claimed(worker: &T::AccountId, account: &T::AccountId) -> u128 {
		ClaimedOf::<T>::get(worker, account)
	}

	/// A payer's channel.
	pub fn channel(payer: &T::AccountId, worker: &T::AccountId, model: ModelId) -> Option<Channel> {
		Channels::<T>::get((payer, worker, model))
	}

	pub(crate) fn now() -> u32 {
		frame_system::Pallet::<T>::block_number().unique_saturated_into()
	}

	pub(crate) fn do_deposit(
		payer: T::AccountId,
		worker: T::AccountId,
		model: ModelId,
		amount: u128,
	) -> DispatchResult {
		ensure!(amount > 0, Error::<T>::ZeroAmount);
		ensure!(T::Models::rule(model).is_some(), Error::<T>::UnknownModel);
		Channels::<T>::try_mutate((&payer, &worker, model), |row| -> DispatchResult {
			let channel = row.get_or_insert_default();
			ensure!(channel.closing.is_none(), Error::<T>::ChannelClosing);
			T::Currency::hold(&HoldReason::Prepaid.into(), &payer, amount)?;
			add(&mut channel.deposited, amount)
		})?;
		Self::deposit_event(Event::Deposited { payer, worker, model, amount });
		Ok(())
	}

	pub(crate) fn do_close(
		payer: T::AccountId,
		worker: T::AccountId,
		model: ModelId,
	) -> DispatchResult {
		let until = Self::now().saturating_add(T::CloseDelay::get());
		Channels::<T>::try_mutate((&payer, &worker, model), |row| -> DispatchResult {
			let channel = row.as_mut().ok_or(Error::<T>::NoChannel)?;
			ensure!(channel.closing.is_none(), Error::<T>::AlreadyClosing);
			ensure!(channel.deposited > channel.settled, Error::<T>::ChannelEmpty);
			channel.closing = Some(until);
			Ok(())
		})?;
		Self::deposit_event(Event::Closing { payer, worker, model, until });
		Ok(())
	}

	pub(crate) fn do_withdraw(
		payer: T::AccountId,
		worker: T::AccountId,
		model: ModelId,
	) -> DispatchResult {
		let key = (&payer, &worker, model);
		let amount = Channels::<T>::try_mutate_exists(key, |row| {
			let channel = row.as_mut().ok_or(Error::<T>::NoChannel)?;
			let until = channel.closing.ok_or(Error::<T>::NotClosing)?;
			ensure!(Self::now() >= until, Error::<T>::TooEarly);
			let mut amount = channel.deposited;
			sub(&mut amount, channel.settled)?;
			if amount > 0 {
				T::Currency::release(
					&HoldReason::Prepaid.into(),
					&payer,
					amount,
					Precision::Exact,
				)?;
			}
			channel.deposited = channel.settled;
			channel.closing = None;
			if channel.settled == 0 {
				*row = None;
			}
			Ok::<_, DispatchError>(amount)
		})?;
		Self::deposit_event(Event::Withdrawn { payer, worker, model, amount });
		Ok(())
	}

	pub(crate) fn do_settle(
		hot: T::AccountId,
		items: Vec<SettleItem>,
		tree: EarningsRoot,
	) -> DispatchResult {
		let worker = T::Workers::owner_of_hot(&hot).ok_or(Error::<T>::NotAWorker)?;
		let now = Self::now();
		let mut ledger = Ledgers::<T>::get(&worker).unwrap_or_default();
		ledger.promote(now);
		Self::ensure_next(&ledger, &tree)?;
		ensure!(!items.is_empty() || ledger.unallotted > 0, Error::<T>::NothingToSettle);

		let genesis = Self::genesis();
		for item in items {
			Self::settle_item(&worker, item, &genesis, now, &mut ledger)?;
		}
		Self::allot(&worker, &mut ledger, tree, now)?;
		Ledgers::<T>::insert(&worker, ledger);
		Ok(())
	}

	/// Checks of a tree that do not depend on the vouchers, so that a repeated settlement is refused
	/// before any signature is verified.
	fn ensure_next(ledger: &Ledger, tree: &EarningsRoot) -> DispatchResult {
		ensure!(ledger.epoch.checked_add(1) == Some(tree.epoch), Error::<T>::EpochNotNext);
		ensure!(tree.root.count > 0 || tree.root.total == 0, Error::<T>::BadRoot);
		ensure!(tree.root.total >= ledger.allotted, Error::<T>::TotalDecreased);
		ensure!(!ledger.pending.is_full(), Error::<T>::TooManyPending);
		Ok(())
	}

	fn settle_item(
		worker: &T::AccountId,
		item: SettleItem,
		genesis: &Hash32,
		now: u32,
		ledger: &mut Ledger,
	) -> DispatchResult {
		let SettleItem { voucher, signature, amount } = item;
		let model = voucher.model;
		ensure!(T::AccountId::from(voucher.worker) == *worker, Error::<T>::WrongWorker);
		ensure!(now <= voucher.expires_at, Error::<T>::Expired);
		ensure!(amount <= voucher.cumulative, Error::<T>::AboveVoucher);

		let payer = T::AccountId::from(voucher.payer);
		let key = (&payer, worker, model);
		let mut channel = Channels::<T>::get(key).ok_or(Error::<T>::NoChannel)?;
		ensure!(amount > channel.settled, Error::<T>::NothingNew);
		ensure!(amount <= channel.deposited, Error::<T>::ChannelShort);
		ensure!(
			voucher::verify::<HostCrypto>(&voucher, &signature, genesis, T::ChainId::get()),
			Error::<T>::BadSignature
		);

		let mut fee = amount;
		sub(&mut fee, channel.settled)?;
		channel.settled = amount;
		Channels::<T>::insert(key, channel);

		let rule = T::Models::rule(model).ok_or(Error::<T>::UnknownModel)?;
		let parts = Self::pay_parts(&HoldReason::Prepaid, &payer, worker, &rule, fee)?;
		// What stays on the pallet's account moves there free and is put on hold under its reason.
		let mut kept = parts.contributors;
		add(&mut kept, parts.reserved)?;
		if kept > 0 {
			let account = Self::account_id();
			Self::transfer_held(&HoldReason::Prepaid, &payer, &account, kept)?;
			T::Currency::hold(&HoldReason::Earnings.into(), &account, kept)?;
		}
		Self::receive(ledger, &parts)?;
		Self::deposit_event(Event::VoucherSettled {
			payer,
			worker: worker.clone(),
			model,
			fee,
			treasury: parts.treasury,
			base_owner: parts.base_owner,
			developer: parts.developer,
			worker_amount: parts.worker,
			contributors: parts.contributors,
			reserved: parts.reserved,
		});
		Ok(())
	}

	fn allot(
		worker: &T::AccountId,
		ledger: &mut Ledger,
		tree: EarningsRoot,
		now: u32,
	) -> DispatchResult {
		let mut allotted = tree.root.total;
		sub(&mut allotted, ledger.allotted)?;
		let reserved = ledger.unallotted.checked_sub(allotted).ok_or(Error::<T>::Overallotted)?;
		add(&mut ledger.allotted, allotted)?;
		add(&mut ledger.reserve, reserved)?;
		ledger.unallotted = 0;
		ledger.epoch = tree.epoch;

		let claimable_at = now.saturating_add(T::ChallengeWindow::get());
		Self::deposit_event(Event::EpochSettled {
			worker: worker.clone(),
			epoch: tree.epoch,
			root: tree.root.hash,
			total: tree.root.total,
			allotted,
			reserved,
			leaves: tree.leaves,
			receipts_root: tree.receipts_root,
			receipts: tree.receipts,
			claimable_at,
		});
		ledger
			.pending
			.try_push(PendingRoot { tree, claimable_at })
			.map_err(|_| Error::<T>::TooManyPending.into())
	}

	pub(crate) fn do_claim(worker: T::AccountId, leaf: Leaf, proof: SumProof) -> DispatchResult {
		ensure!(proof.siblings.len() <= MAX_PROOF_LEN, Error::<T>::BadProof);
		let mut ledger = Self::ledger(&worker).ok_or(Error::<T>::NoLedger)?;
		let tree = ledger.current.as_ref().ok_or(Error::<T>::NothingClaimable)?;
		ensure!(sum_tree::verify(&tree.root, &leaf, &proof), Error::<T>::BadProof);

		let account = T::AccountId::from(leaf.account);
		let amount = leaf.cumulative.saturating_sub(ClaimedOf::<T>::get(&worker, &account));
		ensure!(amount > 0, Error::<T>::NothingToClaim);
		add(&mut ledger.claimed, amount)?;
		// A tree's leaves sum to its total, but a leaf that fell between two trees may have been
		// claimed at its height. No worker's earnings are ever paid from another's.
		ensure!(ledger.claimed <= ledger.claimable_total(), Error::<T>::Overclaimed);
		ensure!(Self::can_receive(&account, amount), Error::<T>::BelowMinimum);

		Self::transfer_held(&HoldReason::Earnings, &Self::account_id(), &account, amount)?;
		ClaimedOf::<T>::insert(&worker, &account, leaf.cumulative);
		Ledgers::<T>::insert(&worker, ledger);
		Self::deposit_event(Event::Claimed { worker, account, amount });
		Ok(())
	}

	pub(crate) fn do_reject_root(worker: T::AccountId, epoch: u32) -> DispatchResult {
		let mut ledger = Self::ledger(&worker).ok_or(Error::<T>::NotPending)?;
		let at = ledger
			.pending
			.iter()
			.position(|pending| pending.tree.epoch == epoch)
			.ok_or(Error::<T>::NotPending)?;
		let rejected_total = ledger.pending.get(at).map_or(0, |pending| pending.tree.root.total);
		ledger.pending.truncate(at);
		let total_before = ledger
			.pending
			.last()
			.map_or(ledger.claimable_total(), |pending| pending.tree.root.total);

		let (mut reserved, mut returned) = (rejected_total, ledger.allotted);
		sub(&mut reserved, total_before)?;
		sub(&mut returned, rejected_total)?;
		ledger.allotted = total_before;
		add(&mut ledger.reserve, reserved)?;
		add(&mut ledger.unallotted, returned)?;
		Ledgers::<T>::insert(&worker, ledger);
		Self::deposit_event(Event::RootRejected { worker, epoch, reserved, returned });
		Ok(())
	}

	/// Pays `amount` for an on-chain inference job by the model's rule; the contributors' part joins
	/// the worker's pool. For the pallet that holds the job's money: it releases `amount` to
	/// `requester` first and calls this in the same transaction. Changes nothing if it fails.
	///
	/// `worker` is the worker's owner account. The money is taken even if the requester's balance is
	/// frozen, since it was on hold for this purpose.
	pub fn pay_inference(
		requester: &T::AccountId,
		worker: &T::AccountId,
		model: ModelId,
		amount: u128,
	) -> DispatchResult {
		with_storage_layer(|| {
			let rule = T::Models::rule(model).ok_or(Error::<T>::UnknownModel)?;
			if amount > 0 {
				// First as a whole, so that the requester's account cannot fall below the existential
				// deposit between two parts.
				T::Currency::transfer_and_hold(
					&HoldReason::Earnings.into(),
					requester,
					&Self::account_id(),
					amount,
					Precision::Exact,
					Preservation::Expendable,
					Fortitude::Force,
				)?;
			}
			let parts =
				Self::pay_parts(&HoldReason::Earnings, &Self::account_id(), worker, &rule, amount)?;
			Ledgers::<T>::try_mutate(worker, |row| {
				Self::receive(row.get_or_insert_default(), &parts)
			})?;
			Self::deposit_event(Event::InferencePaid {
				payer: requester.clone(),
				worker: worker.clone(),
				model,
				fee: amount,
				treasury: parts.treasury,
				base_owner: parts.base_owner,
				developer: parts.developer,
				worker_amount: parts.worker,
				contributors: parts.contributors,
				reserved: parts.reserved,
			});
			Ok(())
		})
	}

	/// Pays the parts of a fee that are due at once from `source`'s hold. The contributors' part and
	/// what cannot be delivered stay where they are.
	fn pay_parts(
		reason: &HoldReason,
		source: &T::AccountId,
		worker: &T::AccountId,
		rule: &Rule<T::AccountId>,
		fee: u128,
	) -> Result<PaidParts, DispatchError> {
		let amounts = split::split_fee(fee, &rule.split).ok_or(Error::<T>::BadRule)?;
		let mut reserved = 0;
		let mut pay = |to: &T::AccountId, amount: u128| -> Result<u128, DispatchError> {
			if amount == 0 {
				return Ok(0);
			}
			if !Self::can_receive(to, amount) {
				add(&mut reserved, amount)?;
				return Ok(0);
			}
			Self::transfer_held(reason, source, to, amount)?;
			Ok(amount)
		};
		Ok(PaidParts {
			treasury: pay(&T::Treasury::get(), amounts.treasury)?,
			base_owner: pay(&rule.base_owner, amounts.base_owner)?,
			developer: pay(&rule.developer, amounts.developer)?,
			worker: pay(worker, amounts.worker)?,
			contributors: amounts.contributors,
			reserved,
		})
	}

	fn receive(ledger: &mut Ledger, parts: &PaidParts) -> DispatchResult {
		add(&mut ledger.received, parts.contributors)?;
		add(&mut ledger.received, parts.reserved)?;
		add(&mut ledger.unallotted, parts.contributors)?;
		add(&mut ledger.reserve, parts.reserved)
	}

	fn can_receive(account: &T::AccountId, amount: u128) -> bool {
		T::Currency::can_deposit(account, amount, Provenance::Extant) == DepositConsequence::Success
	}

	/// Moves held money to another account's free balance. Freezes do not stop it: the money was on
	/// hold for this, and a payer could otherwise freeze it after it was owed.
	fn transfer_held(
		reason: &HoldReason,
		source: &T::AccountId,
		dest: &T::AccountId,
		amount: u128,
	) -> DispatchResult {
		T::Currency::transfer_on_hold(
			&(*reason).into(),
			source,
			dest,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)?;
		Ok(())
	}
}
