//! The Weft pallets: their constants, and the few facts and payments that cross between them.
//!
//! A pallet names what it needs in a trait of its own; everything here is the glue from such a trait to
//! the pallet that knows.

use crate::*;
use configs::{
	consensus::EPOCH_BLOCKS,
	evm::CHAIN_ID,
	system::{ExistentialDeposit, TreasuryAccount},
};
use currency::{CENTS, MILLIWEFT, WEFT};
use frame_support::{
	parameter_types,
	traits::{
		fungible::Mutate,
		tokens::{imbalance::ResolveTo, Preservation},
		ConstU128, ConstU32, ConstU64, ConstU8, Contains,
	},
	PalletId,
};
use frame_system::EnsureRoot;
use sp_runtime::DispatchResult;
use weft_primitives::ids::{BaseId, DatanetId, JobId, ModelId, SnapshotId};

/// What a worker loses when it lets a job time out.
pub const ABSENCE_SLASH: Balance = WEFT;

const MINUTE: u32 = 20;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

/// The register of workers, for the pallets that ask who somebody is.
pub struct Registry;

impl pallet_jobs::WorkerRegistry<AccountId> for Registry {
	fn owner_of_hot(hot: &AccountId) -> Option<AccountId> {
		Workers::owner_of(hot)
	}

	fn is_active(worker: &AccountId) -> bool {
		Workers::is_active(worker)
	}

	fn assigned(worker: &AccountId) -> u32 {
		Workers::assigned(worker)
	}

	fn note_assigned(worker: &AccountId) -> DispatchResult {
		Workers::note_assigned(worker)
	}

	fn note_released(worker: &AccountId, completed: bool) {
		Workers::note_released(worker, completed);
	}

	fn note_report(worker: &AccountId) {
		Workers::note_report(worker);
	}

	fn slash_absence(worker: &AccountId) {
		Workers::slash(worker, ABSENCE_SLASH, pallet_workers::SlashReason::Absence);
	}
}

impl pallet_attribution::WorkerKeys<AccountId> for Registry {
	fn owner_of_hot(hot: &AccountId) -> Option<AccountId> {
		Workers::owner_of(hot)
	}
}

/// Workers write quality reports: with their hot key, or with their owner's.
impl Contains<AccountId> for Registry {
	fn contains(who: &AccountId) -> bool {
		Workers::owner_of(who).is_some() || Workers::is_active(who)
	}
}

/// Bases, models and snapshots, for the pallets that refer to them.
pub struct Catalogue;

impl pallet_jobs::Catalogue for Catalogue {
	fn base_exists(base: BaseId) -> bool {
		Models::base_exists(base)
	}

	fn snapshot_exists(snapshot: SnapshotId) -> bool {
		Datanets::snapshot_exists(snapshot)
	}

	fn model_rates(model: ModelId) -> Option<pallet_jobs::Rates> {
		Models::live_prices(model)
			.map(|(price_in, price_out)| pallet_jobs::Rates { price_in, price_out })
	}
}

impl pallet_models::SnapshotInfo for Catalogue {
	fn datanet_of(snapshot: SnapshotId) -> Option<DatanetId> {
		Datanets::datanet_of_snapshot(snapshot)
	}

	fn exists(snapshot: SnapshotId) -> bool {
		Datanets::snapshot_exists(snapshot)
	}
}

impl pallet_attribution::ModelRules<AccountId> for Catalogue {
	fn rule(model: ModelId) -> Option<pallet_attribution::Rule<AccountId>> {
		Models::rule(model).map(|(split, base_owner, developer)| pallet_attribution::Rule {
			split,
			base_owner,
			developer,
		})
	}
}

/// The results of jobs, from which models are published.
pub struct Results;

impl pallet_models::TrainingResults<AccountId> for Results {
	fn result(job: JobId) -> Option<pallet_models::TrainingResult<AccountId>> {
		Jobs::result(job).map(|outcome| pallet_models::TrainingResult {
			requester: outcome.requester,
			base: outcome.base,
			snapshots: outcome.snapshots,
			adapter: outcome.adapter,
			index_root: outcome.index_root,
			index: outcome.index,
			metrics: outcome.metrics,
		})
	}
}

/// How a job's price is paid out.
pub struct Payments;

impl pallet_jobs::Payments<AccountId> for Payments {
	fn pay_training(requester: &AccountId, worker: &AccountId, amount: Balance) -> DispatchResult {
		if amount > 0 {
			<Balances as Mutate<AccountId>>::transfer(
				requester,
				worker,
				amount,
				Preservation::Expendable,
			)?;
		}
		Ok(())
	}

	fn pay_inference(
		requester: &AccountId,
		worker: &AccountId,
		model: ModelId,
		amount: Balance,
	) -> DispatchResult {
		Attribution::pay_inference(requester, worker, model, amount)
	}
}

impl pallet_datanets::Config for Runtime {
	type Currency = Balances;
	type Reporter = Registry;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Treasury = TreasuryAccount;
	type WeightInfo = pallet_datanets::weights::SubstrateWeight<Runtime>;
}

impl pallet_models::Config for Runtime {
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = benchmarks::Helper;
	type Currency = Balances;
	type SnapshotInfo = Catalogue;
	type TrainingResults = Results;
	type WeightInfo = pallet_models::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
	/// Half an hour, longer than every window in which a worker's result can be challenged.
	pub const UnbondingPeriod: BlockNumber = 600;
	pub const HeartbeatEpoch: BlockNumber = EPOCH_BLOCKS as BlockNumber;
}

impl pallet_workers::Config for Runtime {
	type Currency = Balances;
	type EpochLength = HeartbeatEpoch;
	type MinBond = ConstU128<{ 100 * WEFT }>;
	type OnSlash = ResolveTo<TreasuryAccount, Balances>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type UnbondingPeriod = UnbondingPeriod;
	type WeightInfo = pallet_workers::weights::SubstrateWeight<Runtime>;
}

impl pallet_jobs::Config for Runtime {
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = benchmarks::Helper;
	type Catalogue = Catalogue;
	type ChallengeWindow = ConstU32<10>;
	type Currency = Balances;
	type JobDeposit = ConstU128<{ 10 * CENTS }>;
	type MaxAcceptWithin = ConstU32<DAY>;
	type MaxAttempts = ConstU8<3>;
	type MaxJobsPerBlock = ConstU32<64>;
	type MaxJobsPerWorker = ConstU32<16>;
	type MaxOpenJobs = ConstU32<100>;
	type MaxRunWithin = ConstU32<{ 7 * DAY }>;
	type MaxSpill = ConstU32<16>;
	type MinPrice = ConstU128<MILLIWEFT>;
	type Payments = Payments;
	type PokeBounty = ConstU128<CENTS>;
	// A model is published from its job's row, so the row stays for a week.
	type Retention = ConstU32<{ 7 * DAY }>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type WeightInfo = pallet_jobs::weights::SubstrateWeight<Runtime>;
	type Workers = Registry;
}

parameter_types! {
	pub const EarningsPot: PalletId = PalletId(*b"wf/earns");
}

impl pallet_attribution::Config for Runtime {
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = benchmarks::Helper;
	type ChainId = ConstU64<CHAIN_ID>;
	type ChallengeOrigin = EnsureRoot<AccountId>;
	type ChallengeWindow = ConstU32<10>;
	type CloseDelay = ConstU32<50>;
	type Currency = Balances;
	type MaxItems = ConstU32<64>;
	type Models = Catalogue;
	type PalletId = EarningsPot;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Treasury = TreasuryAccount;
	type WeightInfo = pallet_attribution::weights::SubstrateWeight<Runtime>;
	type Workers = Registry;
}

/// The existential deposit, for the genesis of the pot that earnings lie in.
pub fn pot_endowment() -> (AccountId, Balance) {
	(Attribution::account_id(), ExistentialDeposit::get())
}
