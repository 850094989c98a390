//! The calls and rows of this client against the committed metadata of the runtime. CI compares that file with what the
//! node makes (`cargo xtask specs --check`), so together they say that client and runtime agree.

use subxt::{ext::scale_value::scale::encode_as_type, Metadata};
use weft_chain::{
	calls::{self, Decision, EarningsRoot, Reason, Schema, SettleItem},
	rows::{JobResult, JobSpec},
	AccountId, Call,
};
use weft_primitives::{
	split::Split,
	sum_tree::{Leaf, SumProof, SumRoot},
	voucher::{Voucher, VoucherSignature},
};

fn metadata() -> Metadata {
	Metadata::decode_from(include_bytes!("../metadata.scale")).expect("the metadata file is whole")
}

fn every_call() -> Vec<Call> {
	let a = AccountId([1; 32]);
	let h = [2u8; 32];
	let split =
		Split { treasury: 1, base_owner: 1, developer: 1, worker: 1, contributors: 999_996 };
	let voucher = Voucher { payer: h, worker: h, model: 1, cumulative: 5, expires_at: 9 };
	let item = |signature| SettleItem { voucher: voucher.clone(), signature, amount: 4 };
	let root = SumRoot { hash: h, total: 7, count: 1 };
	let tree = EarningsRoot { epoch: 1, root, leaves: h, receipts_root: h, receipts: 1 };
	let leaf = Leaf { account: h, cumulative: 7 };
	let proof = SumProof { index: 0, siblings: vec![(h, 1)] };
	let mut all = vec![
		calls::create_datanet("n", h, h, Schema::Chat, &[a], 1, 1, 1),
		calls::contribute(0, h, 1, 2, h),
		calls::withdraw_contribution(0),
		calls::attach_report(0, h),
		calls::snapshot(0),
		calls::register_base("n", "llama", h, h, h),
		calls::publish(0, "n", 1, 1, &split),
		calls::set_price(0, 1, 1),
		calls::retire(0),
		calls::register_worker(&a, 1, &[("cpu".into(), 1, 1)]),
		calls::set_hot(&a),
		calls::set_capabilities(&[("cpu".into(), 1, 1)]),
		calls::bond_more(1),
		calls::heartbeat(),
		calls::exit(),
		calls::withdraw_bond(),
		calls::submit_job(&JobSpec::Train { base: 0, snapshots: vec![0], config: h }, 1, 1, 1),
		calls::submit_job(&JobSpec::Infer { model: 0, prompt: h, max_tokens: 1 }, 1, 1, 1),
		calls::claim_job(0),
		calls::progress(0, 1, h),
		calls::settle_job(0),
		calls::cancel_job(0),
		calls::poke(0),
		calls::deposit(&a, 0, 1),
		calls::close_channel(&a, 0),
		calls::withdraw_channel(&a, 0),
		calls::settle(
			&[item(VoucherSignature::Sr25519([0; 64])), item(VoucherSignature::Ethereum([0; 65]))],
			&tree,
		),
		calls::claim(&a, &leaf, &proof),
		calls::transfer(&a, 1),
		calls::batch_all(&[calls::heartbeat(), calls::poke(1)]),
	];
	for reason in [
		Reason::Spam,
		Reason::Duplicate,
		Reason::OffTopic,
		Reason::Licence,
		Reason::LowQuality,
		Reason::Leakage,
		Reason::Other,
	] {
		all.push(calls::review(0, &Decision::Refuse { quality: 1, reason }));
		all.push(calls::review(0, &Decision::Mixed { quality: 1, reason, accepted: vec![1] }));
	}
	all.push(calls::review(0, &Decision::Accept { quality: 1 }));
	for result in [
		JobResult::Trained { adapter: h, index_root: h, index: h, metrics: h },
		JobResult::Answered { result: h, answer: h, receipt: h, tokens_in: 1, tokens_out: 1 },
		JobResult::Failed { reason: h },
	] {
		all.push(calls::report(0, &result));
	}
	all
}

#[test]
fn every_call_of_the_client_encodes_as_the_runtime_wants_it() {
	let metadata = metadata();
	for call in every_call() {
		let pallet = metadata
			.pallet_by_name(call.pallet)
			.unwrap_or_else(|| panic!("the runtime has no pallet {}", call.pallet));
		let variant = pallet
			.call_variant_by_name(call.name)
			.unwrap_or_else(|| panic!("the runtime has no call {}", call.label()));
		assert_eq!(variant.fields.len(), call.args.len(), "arguments of {}", call.label());
		for (field, value) in variant.fields.iter().zip(&call.args) {
			let mut out = Vec::new();
			encode_as_type(value, field.ty.id, metadata.types(), &mut out)
				.unwrap_or_else(|e| panic!("{} {:?}: {e}", call.label(), field.name));
		}
	}
}

#[test]
fn every_row_that_the_client_reads_exists_in_the_runtime() {
	let metadata = metadata();
	for (pallet, entries) in [
		("Datanets", &["Datanets", "Contributions", "Snapshots", "ContributorStats"][..]),
		("Models", &["Bases", "Models", "ModelOfJob", "NextModel"]),
		("Workers", &["Workers", "OwnerOfHot"]),
		("Jobs", &["Jobs", "NextJob"]),
		("Attribution", &["Channels", "Ledgers", "ClaimedOf"]),
		("System", &["Account"]),
	] {
		let storage = metadata.pallet_by_name(pallet).and_then(|p| p.storage());
		let storage = storage.unwrap_or_else(|| panic!("the runtime has no storage of {pallet}"));
		for e in entries {
			assert!(storage.entry_by_name(e).is_some(), "the runtime has no {pallet}.{e}");
		}
	}
}
