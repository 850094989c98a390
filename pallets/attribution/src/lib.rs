//! # Attribution
//!
//! ## Overview
//!
//! Payers keep prepaid channels with workers and sign vouchers off the chain. A worker settles many
//! vouchers in one call: each fee is split by its model's rule, and the contributors' part is
//! allotted by one Merkle sum tree per epoch, against which each contributor claims.
//!
//! ## Terms
//!
//! - **Channel**: money that a payer has on hold for one worker and one model. `deposited` and
//!   `settled` count from the beginning and never decrease except that a withdrawal lowers
//!   `deposited` to `settled`; what is settled is remembered for good, so that an old voucher cannot
//!   be used again after a channel was closed and opened anew.
//! - **Voucher**: a payer's signed promise for the total so far ([`weft_primitives::voucher`]). The
//!   worker it names is the worker's owner account.
//! - **Pool**: the contributors' part of a worker's fees that no tree has allotted yet
//!   (`unallotted`).
//! - **Tree**: what each account has earned from one worker in total
//!   ([`weft_primitives::sum_tree`]). What a tree adds to the total of the one before is
//!   **allotted**; what then remains of the pool is the **reserve**. Per worker
//!   `received = allotted + reserve + unallotted`, and the money lies on hold on the pallet's own
//!   account.
//! - **Challenge window**: a new tree can be claimed against only after it, and be rejected only
//!   before its end.
//! - **A part that cannot be delivered**: a part of a fee below the existential deposit, for an
//!   account that does not exist. It goes to the worker's reserve and is named in the event
//!   (`reserved`); it never fails the settlement and never vanishes.
//!
//! ## Calls
//!
//! - `deposit`: open a channel or add to it.
//! - `close`, `withdraw`: take back what was not settled, after a delay.
//! - `settle`: take the fees of vouchers, and show the tree of an epoch.
//! - `claim`: pay an account what a tree says it earned.
//! - `reject_root`: refuse a tree within its challenge window.
//!
//! ## Origin
//!
//! `deposit`, `close` and `withdraw` are for the payer. `settle` is for a worker's hot key. `claim`
//! is open to everyone and pays the leaf's account. `reject_root` is for
//! [`Config::ChallengeOrigin`].
//!
//! ## Errors
//!
//! A call that returns an [`Error`] changes nothing. See [`Error`] for what each one means.
//!
//! ## Events
//!
//! Every movement of money has an [`Event`] with all its parts.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use polkadot_sdk::*;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod impls;
#[cfg(test)]
mod mock;
pub mod runtime_api;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
pub mod types;
pub mod weights;

pub use impls::HostCrypto;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{Inspect, InspectHold, Mutate, MutateHold},
		PalletId,
	};
	use frame_system::pallet_prelude::*;
	use weft_primitives::{
		ids::{Cid, Hash32, ModelId},
		sum_tree::{Leaf, SumProof},
	};

	/// Configuration.
	#[pallet::config]
	pub trait Config:
		polkadot_sdk::frame_system::Config<
		RuntimeEvent: From<Event<Self>>,
		AccountId: From<[u8; 32]> + Into<[u8; 32]>,
	>
	{
		/// The money of channels and earnings.
		type Currency: Inspect<Self::AccountId, Balance = u128>
			+ Mutate<Self::AccountId>
			+ InspectHold<Self::AccountId>
			+ MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;

		/// How each model's fees are split.
		type Models: ModelRules<Self::AccountId>;

		/// Which worker a hot key belongs to.
		type Workers: WorkerKeys<Self::AccountId>;

		/// Gets the treasury's part of each fee.
		type Treasury: Get<Self::AccountId>;

		/// May reject a tree within its challenge window.
		type ChallengeOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The EIP-155 chain id, part of the vouchers that Ethereum wallets sign.
		#[pallet::constant]
		type ChainId: Get<u64>;

		/// Where the earnings lie.
		#[pallet::constant]
		type PalletId: Get<PalletId>;

		/// Blocks in which a new tree can be rejected but not claimed against.
		#[pallet::constant]
		type ChallengeWindow: Get<u32>;

		/// Blocks between closing a channel and withdrawing from it: the time that a worker has to
		/// settle the vouchers it holds.
		#[pallet::constant]
		type CloseDelay: Get<u32>;

		/// The most vouchers in one settlement.
		#[pallet::constant]
		type MaxItems: Get<u32>;

		/// Prepares what a benchmark needs from other pallets.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Why money is on hold.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// A payer's money in its channels.
		Prepaid,
		/// The contributors' money, on the pallet's account.
		Earnings,
	}

	/// The prepaid channels by payer, worker and model. A row with a settled amount stays for good
	/// (see the pallet's terms); one without goes with its money.
	#[pallet::storage]
	pub type Channels<T: Config> = StorageNMap<
		_,
		(
			NMapKey<Blake2_128Concat, T::AccountId>,
			NMapKey<Blake2_128Concat, T::AccountId>,
			NMapKey<Blake2_128Concat, ModelId>,
		),
		Channel,
	>;

	/// What contributors have earned from each worker, by the worker's owner account.
	#[pallet::storage]
	pub type Ledgers<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Ledger>;

	/// What each account has claimed of its earnings from each worker, in plancks.
	#[pallet::storage]
	pub type ClaimedOf<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Blake2_128Concat,
		T::AccountId,
		u128,
		ValueQuery,
	>;

	/// Endows the pallet's account with the existential deposit, which it must keep so that it can
	/// take parts of any size. There is nothing to configure.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Nothing.
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let account = Pallet::<T>::account_id();
			let missing =
				T::Currency::minimum_balance().saturating_sub(T::Currency::balance(&account));
			if let Err(error) = T::Currency::mint_into(&account, missing) {
				panic!("cannot endow the attribution pallet's account at genesis: {error:?}");
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(crate) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A channel was opened or got more money.
		Deposited {
			/// Who pays.
			payer: T::AccountId,
			/// The worker's owner.
			worker: T::AccountId,
			/// The model.
			model: ModelId,
			/// Plancks added.
			amount: u128,
		},
		/// A payer is closing a channel.
		Closing {
			/// Who pays.
			payer: T::AccountId,
			/// The worker's owner.
			worker: T::AccountId,
			/// The model.
			model: ModelId,
			/// The first block in which the rest can be withdrawn.
			until: u32,
		},
		/// A payer took back what was not settled.
		Withdrawn {
			/// Who pays.
			payer: T::AccountId,
			/// The worker's owner.
			worker: T::AccountId,
			/// The model.
			model: ModelId,
			/// Plancks released.
			amount: u128,
		},
		/// A voucher was settled; the parts sum to the fee.
		VoucherSettled {
			/// Who paid.
			payer: T::AccountId,
			/// The worker's owner.
			worker: T::AccountId,
			/// The model.
			model: ModelId,
			/// Plancks taken from the channel.
			fee: u128,
			/// Paid to the treasury.
			treasury: u128,
			/// Paid to the owner of the base model.
			base_owner: u128,
			/// Paid to the model's developer.
			developer: u128,
			/// Paid to the worker's owner.
			worker_amount: u128,
			/// Joined the contributors' pool.
			contributors: u128,
			/// Parts that could not be delivered, now in the worker's reserve.
			reserved: u128,
		},
		/// An on-chain inference job was paid; the parts sum to the fee.
		InferencePaid {
			/// Who paid.
			payer: T::AccountId,
			/// The worker's owner.
			worker: T::AccountId,
			/// The model.
			model: ModelId,
			/// Plancks paid.
			fee: u128,
			/// Paid to the treasury.
			treasury: u128,
			/// Paid to the owner of the base model.
			base_owner: u128,
			/// Paid to the model's developer.
			developer: u128,
			/// Paid to the worker's owner.
			worker_amount: u128,
			/// Joined the contributors' pool.
			contributors: u128,
			/// Parts that could not be delivered, now in the worker's reserve.
			reserved: u128,
		},
		/// A worker showed its tree of an epoch; `allotted + reserved` is the whole pool.
		EpochSettled {
			/// The worker's owner.
			worker: T::AccountId,
			/// The epoch.
			epoch: u32,
			/// Hash of the tree's root.
			root: Hash32,
			/// Plancks earned in total, from the beginning.
			total: u128,
			/// Plancks that this tree adds.
			allotted: u128,
			/// Plancks of the pool that nobody earned.
			reserved: u128,
			/// Content id of the tree's leaves.
			leaves: Cid,
			/// Merkle root of the receipts behind it.
			receipts_root: Hash32,
			/// Number of receipts.
			receipts: u32,
			/// The first block in which it can be claimed against.
			claimable_at: u32,
		},
		/// An account was paid what it earned.
		Claimed {
			/// The worker's owner.
			worker: T::AccountId,
			/// Who earned.
			account: T::AccountId,
			/// Plancks paid.
			amount: u128,
		},
		/// A tree was rejected, and with it the later trees that build on it.
		RootRejected {
			/// The worker's owner.
			worker: T::AccountId,
			/// The rejected epoch.
			epoch: u32,
			/// Plancks of its allotment, now in the reserve.
			reserved: u128,
			/// Plancks that later trees had allotted, now in the pool again.
			returned: u128,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The amount is 0.
		ZeroAmount,
		/// There is no model of this number.
		UnknownModel,
		/// The model's split does not sum to 1,000,000 parts.
		BadRule,
		/// There is no channel of this payer, worker and model.
		NoChannel,
		/// The channel is being closed: withdraw first, then deposit again.
		ChannelClosing,
		/// The channel holds no money to take back.
		ChannelEmpty,
		/// The channel is already being closed.
		AlreadyClosing,
		/// The channel must be closed before it can be withdrawn from.
		NotClosing,
		/// The delay after closing is not over.
		TooEarly,
		/// The signer is no worker's hot key.
		NotAWorker,
		/// There are no vouchers and the pool is empty.
		NothingToSettle,
		/// The voucher names another worker than the signer's.
		WrongWorker,
		/// The voucher's last block is past.
		Expired,
		/// The amount is not above what was settled before: the voucher was used already.
		NothingNew,
		/// The amount is above what the voucher promises.
		AboveVoucher,
		/// The amount is above what the channel holds.
		ChannelShort,
		/// The signature is not the payer's for this voucher on this chain.
		BadSignature,
		/// The tree's epoch is not the one after the last.
		EpochNotNext,
		/// A tree of no leaves must have the total 0.
		BadRoot,
		/// The tree's total is below the one before.
		TotalDecreased,
		/// The tree adds more than the pool holds.
		Overallotted,
		/// Too many trees wait for the end of their challenge window.
		TooManyPending,
		/// The worker has no earnings to claim.
		NoLedger,
		/// No tree of the worker can be claimed against yet.
		NothingClaimable,
		/// The proof does not show the leaf in the worker's current tree.
		BadProof,
		/// The account has claimed everything that its leaf says.
		NothingToClaim,
		/// More was claimed than the tree's total: the worker lowered another account's leaf.
		Overclaimed,
		/// The account does not exist and the amount is below the existential deposit.
		BelowMinimum,
		/// The worker has no pending tree of this epoch: it is unknown or its window is over.
		NotPending,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::MaxItems::get() > 0, "MaxItems must allow at least one voucher");
			assert!(
				T::ChallengeWindow::get() > 0,
				"ChallengeWindow must leave a block in which a tree can be rejected"
			);
			assert!(
				T::CloseDelay::get() > 0,
				"CloseDelay must leave a worker time to settle its vouchers"
			);
			let most = T::BlockWeights::get().get(DispatchClass::Normal).max_extrinsic;
			let needed = T::WeightInfo::settle(T::MaxItems::get());
			assert!(
				most.is_none_or(|most| needed.all_lte(most)),
				"a settlement of MaxItems vouchers must fit in a block: {needed:?} of {most:?}"
			);
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Puts `amount` on hold for `model`'s answers by `worker` (its owner account), opening the
		/// channel if there is none.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::deposit())]
		pub fn deposit(
			origin: OriginFor<T>,
			worker: T::AccountId,
			model: ModelId,
			amount: u128,
		) -> DispatchResult {
			let payer = ensure_signed(origin)?;
			Self::do_deposit(payer, worker, model, amount)
		}

		/// Announces the end of a channel. The worker can still settle until the rest is withdrawn.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::close())]
		pub fn close(origin: OriginFor<T>, worker: T::AccountId, model: ModelId) -> DispatchResult {
			let payer = ensure_signed(origin)?;
			Self::do_close(payer, worker, model)
		}

		/// Releases what was not settled of a closed channel, after [`Config::CloseDelay`].
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::withdraw())]
		pub fn withdraw(
			origin: OriginFor<T>,
			worker: T::AccountId,
			model: ModelId,
		) -> DispatchResult {
			let payer = ensure_signed(origin)?;
			Self::do_withdraw(payer, worker, model)
		}

		/// Takes the fees of vouchers and shows the tree of the next epoch. Signed by a worker's hot
		/// key. Without vouchers it allots what jobs have added to the pool.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::settle(items.len() as u32))]
		pub fn settle(
			origin: OriginFor<T>,
			items: BoundedVec<SettleItem, T::MaxItems>,
			tree: EarningsRoot,
		) -> DispatchResult {
			let hot = ensure_signed(origin)?;
			Self::do_settle(hot, items.into_inner(), tree)
		}

		/// Pays the leaf's account what the worker's current tree says it earned and it has not
		/// claimed. Anyone may call it.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::claim(proof.siblings.len() as u32))]
		pub fn claim(
			origin: OriginFor<T>,
			worker: T::AccountId,
			leaf: Leaf,
			proof: SumProof,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_claim(worker, leaf, proof)
		}

		/// Rejects a tree within its challenge window: its allotment goes to the reserve. Later trees
		/// build on it and fall too; their allotments return to the pool, to be allotted again.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::reject_root())]
		pub fn reject_root(
			origin: OriginFor<T>,
			worker: T::AccountId,
			epoch: u32,
		) -> DispatchResult {
			T::ChallengeOrigin::ensure_origin(origin)?;
			Self::do_reject_root(worker, epoch)
		}
	}
}
