//! A runtime for the pallet's tests, with real keys.

use crate::{self as pallet_attribution, *};
use codec::Encode;
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	traits::{
		fungible::{Inspect, InspectHold},
		ConstU128, ConstU32, ConstU64,
	},
	PalletId,
};
use sp_core::{crypto::Pair as _, ecdsa, sr25519};
use sp_runtime::{traits::IdentityLookup, AccountId32, BuildStorage, DispatchResult};
use weft_primitives::{
	hash::keccak_256,
	split::Split,
	sum_tree::{self, Leaf, SumProof},
	voucher::{eth_account, eth_address, Voucher, VoucherSignature},
};

pub type AccountId = AccountId32;

pub const ENDOWMENT: u128 = 1_000_000_000;
pub const ED: u128 = 100;
pub const CHAIN_ID: u64 = 420_420_421;
pub const WINDOW: u32 = 10;
pub const CLOSE_DELAY: u32 = 20;
pub const GENESIS: [u8; 32] = [0x47; 32];

/// A model with all five parts.
pub const MODEL: ModelId = 1;
/// A model whose developer's account does not exist.
pub const POOR_DEVELOPER: ModelId = 2;
/// A model whose contributors get everything.
pub const ALL_TO_DATA: ModelId = 3;
/// A model with a split that does not sum up, as no model can have.
pub const BROKEN: ModelId = 4;
/// No model.
pub const NO_MODEL: ModelId = 99;

pub const RULE: Split = Split {
	treasury: 50_000,
	base_owner: 100_000,
	developer: 150_000,
	worker: 300_000,
	contributors: 400_000,
};

pub use weft_primitives::ids::ModelId;

pub fn named(name: &str) -> AccountId {
	let mut bytes = [b'_'; 32];
	bytes[..name.len()].copy_from_slice(name.as_bytes());
	bytes.into()
}
pub fn treasury() -> AccountId {
	named("treasury")
}
pub fn base_owner() -> AccountId {
	named("base owner")
}
pub fn developer() -> AccountId {
	named("developer")
}
/// The owner of the first worker.
pub fn worker() -> AccountId {
	named("worker")
}
/// Its hot key.
pub fn hot() -> AccountId {
	named("worker's hot key")
}
pub fn other_worker() -> AccountId {
	named("other worker")
}
pub fn other_hot() -> AccountId {
	named("other worker's hot key")
}
pub fn stranger() -> AccountId {
	named("stranger")
}
/// An account without money.
pub fn nobody() -> AccountId {
	named("nobody")
}
/// Contributors in the order of their accounts.
pub fn contributor(n: u8) -> AccountId {
	[n; 32].into()
}

/// A payer with a Substrate key.
pub fn peggy() -> sr25519::Pair {
	sr25519::Pair::from_seed(&[1; 32])
}
/// A payer with an Ethereum key.
pub fn metamask() -> ecdsa::Pair {
	ecdsa::Pair::from_seed(&[2; 32])
}
pub fn peggy_account() -> AccountId {
	peggy().public().0.into()
}
pub fn metamask_account() -> AccountId {
	let public = k256_uncompressed(&metamask());
	eth_account(eth_address(&public)).into()
}
/// The public key as `x ‖ y`, recovered from a signature so that no other library is needed.
fn k256_uncompressed(pair: &ecdsa::Pair) -> [u8; 64] {
	let digest = keccak_256(b"who am I");
	let signature = pair.sign_prehashed(&digest);
	let public = sp_io::crypto::secp256k1_ecdsa_recover(&signature.0, &digest);
	public.unwrap_or_else(|_| panic!("a fresh signature is recoverable"))
}

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
	#[runtime::pallet_index(10)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(54)]
	pub type Attribution = pallet_attribution;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
	type AccountData = pallet_balances::AccountData<u128>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = u128;
	type ExistentialDeposit = ConstU128<ED>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type FreezeIdentifier = [u8; 8];
	type MaxFreezes = ConstU32<4>;
}

pub struct Models;
impl ModelRules<AccountId> for Models {
	fn rule(model: ModelId) -> Option<Rule<AccountId>> {
		let (split, developer) = match model {
			MODEL => (RULE, developer()),
			POOR_DEVELOPER => (RULE, nobody()),
			ALL_TO_DATA => {
				let all = Split {
					treasury: 0,
					base_owner: 0,
					developer: 0,
					worker: 0,
					contributors: 1_000_000,
				};
				(all, developer())
			}
			BROKEN => (Split { worker: 0, ..RULE }, developer()),
			_ => return None,
		};
		Some(Rule { split, base_owner: base_owner(), developer })
	}
}

pub struct Workers;
impl WorkerKeys<AccountId> for Workers {
	fn owner_of_hot(key: &AccountId) -> Option<AccountId> {
		[(hot(), worker()), (other_hot(), other_worker())]
			.into_iter()
			.chain(Registered::get())
			.find_map(|(hot, owner)| (hot == *key).then_some(owner))
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl BenchmarkHelper<AccountId> for Workers {
	fn register_worker(owner: &AccountId, hot: &AccountId) {
		Registered::mutate(|known| known.push((hot.clone(), owner.clone())));
	}
	fn publish_model() -> ModelId {
		MODEL
	}
}

parameter_types! {
	/// Hot keys and owners that benchmarks add.
	pub static Registered: Vec<(AccountId, AccountId)> = vec![];
	pub TreasuryAccount: AccountId = treasury();
	pub const Purse: PalletId = PalletId(*b"wft/earn");
}

impl Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Models = Models;
	type Workers = Workers;
	type Treasury = TreasuryAccount;
	type ChallengeOrigin = frame_system::EnsureRoot<AccountId>;
	type ChainId = ConstU64<CHAIN_ID>;
	type PalletId = Purse;
	type ChallengeWindow = ConstU32<WINDOW>;
	type CloseDelay = ConstU32<CLOSE_DELAY>;
	type MaxItems = ConstU32<64>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Workers;
	type WeightInfo = ();
}

/// A fresh chain at block 1. Everyone but [`nobody`] and the contributors is endowed.
pub fn new_test_ext() -> sp_io::TestExternalities {
	let accounts = [
		treasury(),
		base_owner(),
		developer(),
		worker(),
		other_worker(),
		stranger(),
		peggy_account(),
		metamask_account(),
	];
	let storage = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: accounts.map(|who| (who, ENDOWMENT)).to_vec(),
			..Default::default()
		},
		..Default::default()
	}
	.build_storage()
	.expect("genesis is valid");
	let mut ext: sp_io::TestExternalities = storage.into();
	#[cfg(feature = "runtime-benchmarks")]
	ext.register_extension(sp_keystore::KeystoreExt::new(
		sp_keystore::testing::MemoryKeystore::new(),
	));
	ext.execute_with(|| {
		System::set_block_number(1);
		frame_system::BlockHash::<Test>::insert(0, sp_core::H256(GENESIS));
	});
	ext
}

/// Runs a test on a fresh chain and checks the pallet's invariants after it.
pub fn build_and_execute(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		assert_ok!(Attribution::do_try_state());
	});
}

/// The pallet's events since the last call of this.
pub fn events() -> Vec<Event<Test>> {
	let events = System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Attribution(event) => Some(event),
			_ => None,
		})
		.collect();
	System::reset_events();
	events
}

pub fn signed(who: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}
pub fn free(who: &AccountId) -> u128 {
	Balances::balance(who)
}
pub fn held(reason: HoldReason, who: &AccountId) -> u128 {
	Balances::balance_on_hold(&reason.into(), who)
}
pub fn skip(blocks: u32) {
	System::set_block_number(System::block_number() + u64::from(blocks));
}

/// A voucher of [`peggy`] for [`worker`] and [`MODEL`].
pub fn voucher(cumulative: u128) -> Voucher {
	Voucher {
		payer: peggy_account().into(),
		worker: worker().into(),
		model: MODEL,
		cumulative,
		expires_at: 1_000,
	}
}

/// A settlement item with [`peggy`]'s real signature, for the whole voucher.
pub fn item(voucher: Voucher) -> SettleItem {
	let signature = VoucherSignature::Sr25519(peggy().sign(&voucher.digest(&GENESIS)).0);
	SettleItem { amount: voucher.cumulative, voucher, signature }
}

/// A settlement item with [`metamask`]'s real EIP-712 signature.
pub fn eth_item(voucher: Voucher) -> SettleItem {
	let digest = voucher.eip712_digest(&GENESIS, CHAIN_ID);
	let signature = VoucherSignature::Ethereum(metamask().sign_prehashed(&digest).0);
	SettleItem { amount: voucher.cumulative, voucher, signature }
}

pub fn leaves(amounts: &[(u8, u128)]) -> Vec<Leaf> {
	amounts
		.iter()
		.map(|(n, cumulative)| Leaf { account: contributor(*n).into(), cumulative: *cumulative })
		.collect()
}

/// The tree of an epoch over what contributors earned in total.
pub fn tree(epoch: u32, amounts: &[(u8, u128)]) -> EarningsRoot {
	let leaves = leaves(amounts);
	EarningsRoot {
		epoch,
		root: sum_tree::root(&leaves).expect("the leaves are in order"),
		leaves: weft_primitives::hash::blake2_256(&leaves.encode()),
		receipts_root: [7; 32],
		receipts: 3,
	}
}

/// A leaf of [`tree`] with its proof.
pub fn proof(amounts: &[(u8, u128)], n: u8) -> (Leaf, SumProof) {
	let leaves = leaves(amounts);
	let index = amounts.iter().position(|(m, _)| *m == n).expect("the contributor has a leaf");
	(leaves[index].clone(), sum_tree::prove(&leaves, index).expect("the leaves are in order"))
}

pub fn settle(items: Vec<SettleItem>, tree: EarningsRoot) -> DispatchResult {
	Attribution::settle(signed(hot()), items.try_into().expect("few items"), tree)
}

pub fn claim(amounts: &[(u8, u128)], n: u8) -> DispatchResult {
	let (leaf, proof) = proof(amounts, n);
	Attribution::claim(signed(stranger()), worker(), leaf, proof)
}

/// Opens [`peggy`]'s channel with [`worker`] for [`MODEL`].
pub fn open_channel(amount: u128) {
	assert_ok!(Attribution::deposit(signed(peggy_account()), worker(), MODEL, amount));
}

/// Opens a channel, settles a fee of 1,000 (400 of it for contributors), and shows the tree.
pub fn settled(amounts: &[(u8, u128)]) {
	open_channel(10_000);
	assert_ok!(settle(vec![item(voucher(1_000))], tree(1, amounts)));
	events();
}
