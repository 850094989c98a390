//! Block production, finality, sessions, and what happens to a validator that equivocates.

use crate::*;
use alloc::vec::Vec;
use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU64, KeyOwnerProofSystem},
};
use sp_core::crypto::KeyTypeId;
use sp_runtime::traits::{Convert, ConvertInto, OpaqueKeys};
use sp_staking::SessionIndex;

/// A slot: one block every three seconds.
pub const SLOT_MILLISECONDS: u64 = 3_000;
/// Blocks in an epoch of BABE, which is a session: ten minutes. Long, because a chain of one validator
/// that is stopped for a whole epoch has to skip it when it comes back.
pub const EPOCH_BLOCKS: u64 = 200;
/// How long an equivocation can be reported for, in blocks: a week of sessions.
const REPORT_LONGEVITY: u64 = 7 * 24 * 60 * 60 * 1_000 / SLOT_MILLISECONDS;
/// Sessions whose validators can be proved.
pub const HISTORY: SessionIndex = (REPORT_LONGEVITY / EPOCH_BLOCKS) as SessionIndex + 1;

/// One block in four slots in expectation by VRF; the other slots have one author each, by VRF as well.
pub const BABE_GENESIS_EPOCH_CONFIG: sp_consensus_babe::BabeEpochConfiguration =
	sp_consensus_babe::BabeEpochConfiguration {
		c: (1, 4),
		allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryVRFSlots,
	};

parameter_types! {
	pub const EpochDuration: u64 = EPOCH_BLOCKS;
	pub const ReportLongevity: u64 = REPORT_LONGEVITY;
	pub const MaxSetIdSessionEntries: u64 = HISTORY as u64;
}

impl pallet_babe::Config for Runtime {
	type DisabledValidators = Session;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type EpochDuration = EpochDuration;
	type EquivocationReportSystem =
		pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
	type ExpectedBlockTime = ConstU64<SLOT_MILLISECONDS>;
	type KeyOwnerProof =
		<Historical as KeyOwnerProofSystem<(KeyTypeId, pallet_babe::AuthorityId)>>::Proof;
	type MaxAuthorities = ConstU32<{ validators::MAX_VALIDATORS }>;
	type MaxNominators = ConstU32<0>;
	type WeightInfo = ();
}

impl pallet_grandpa::Config for Runtime {
	type EquivocationReportSystem =
		pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type MaxAuthorities = ConstU32<{ validators::MAX_VALIDATORS }>;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = MaxSetIdSessionEntries;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
}

impl pallet_timestamp::Config for Runtime {
	type MinimumPeriod = ConstU64<{ SLOT_MILLISECONDS / 2 }>;
	type Moment = u64;
	type OnTimestampSet = Babe;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}

impl pallet_authorship::Config for Runtime {
	type EventHandler = ();
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
}

parameter_types! {
	pub const KeyDeposit: Balance = currency::deposit(2, 128);
}

impl pallet_session::Config for Runtime {
	type Currency = Balances;
	// An equivocator is disabled for the rest of the session, up to a third of the set.
	type DisablingStrategy = pallet_session::disabling::UpToLimitDisablingStrategy;
	type KeyDeposit = KeyDeposit;
	type Keys = SessionKeys;
	type NextSessionRotation = Babe;
	type RuntimeEvent = RuntimeEvent;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type SessionManager = pallet_session::historical::NoteHistoricalRoot<Self, Validators>;
	type ShouldEndSession = Babe;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
}

/// Identifies the validators of the running session; there is nothing to know about one beyond its id.
pub struct ActiveValidator;

impl Convert<AccountId, Option<()>> for ActiveValidator {
	fn convert(validator: AccountId) -> Option<()> {
		Session::validators().contains(&validator).then_some(())
	}
}

impl pallet_session::historical::Config for Runtime {
	type FullIdentification = ();
	type FullIdentificationOf = ActiveValidator;
	type RuntimeEvent = RuntimeEvent;
}

impl pallet_offences::Config for Runtime {
	type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
	type OnOffenceHandler = Validators;
	type RuntimeEvent = RuntimeEvent;
}

impl validators::Config for Runtime {
	type WeightInfo = validators::DbWeights<Runtime>;
}

// Equivocation reports are bare transactions that a node makes for itself.
impl<C> frame_system::offchain::CreateTransactionBase<C> for Runtime
where
	RuntimeCall: From<C>,
{
	type Extrinsic = UncheckedExtrinsic;
	type RuntimeCall = RuntimeCall;
}

impl<C> frame_system::offchain::CreateBare<C> for Runtime
where
	RuntimeCall: From<C>,
{
	fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
		generic::UncheckedExtrinsic::new_bare(call).into()
	}
}

/// The SCALE-encoded proofs of key ownership that the consensus APIs hand out.
pub(crate) fn encoded(proof: impl codec::Encode) -> Vec<u8> {
	proof.encode()
}
