//! Signatures of vouchers, made with real keys.

use crate::{mock::*, Error, SettleItem};
use frame_support::{assert_noop, assert_ok};
use polkadot_sdk::*;
use sp_core::{crypto::Pair as _, ecdsa, sr25519};
use weft_primitives::voucher::{Voucher, VoucherSignature};

fn bad(item: SettleItem) {
	assert_noop!(settle(vec![item], tree(1, &[])), Error::<Test>::BadSignature);
}

fn eth_voucher() -> Voucher {
	assert_ok!(Attribution::deposit(signed(metamask_account()), worker(), MODEL, 10_000));
	Voucher { payer: metamask_account().into(), ..voucher(1_000) }
}

#[test]
fn a_substrate_key_signs_a_voucher() {
	build_and_execute(|| {
		open_channel(10_000);
		assert_ok!(settle(vec![item(voucher(1_000))], tree(1, &[])));
	});
}

#[test]
fn an_ethereum_wallet_signs_a_voucher_with_either_form_of_v() {
	build_and_execute(|| {
		let voucher = eth_voucher();
		let mut second = eth_item(Voucher { cumulative: 2_000, ..voucher.clone() });
		assert_ok!(settle(vec![eth_item(voucher)], tree(1, &[])));
		let VoucherSignature::Ethereum(signature) = &mut second.signature else { panic!() };
		assert!(signature[64] < 2);
		signature[64] += 27;
		assert_ok!(settle(vec![second], tree(2, &[])));
	});
}

#[test]
fn a_changed_voucher_is_not_what_was_signed() {
	build_and_execute(|| {
		open_channel(10_000);
		assert_ok!(Attribution::deposit(signed(peggy_account()), worker(), ALL_TO_DATA, 10_000));
		let signed = item(voucher(1_000));
		let with = |voucher: Voucher| SettleItem { voucher, ..signed.clone() };
		bad(with(voucher(1_001)));
		bad(with(Voucher { expires_at: 1_001, ..voucher(1_000) }));
		bad(with(Voucher { model: ALL_TO_DATA, ..voucher(1_000) }));
	});
}

#[test]
fn a_changed_ethereum_voucher_is_not_what_was_signed() {
	build_and_execute(|| {
		let voucher = eth_voucher();
		let signed = eth_item(voucher.clone());
		let changed = Voucher { cumulative: 1_001, ..voucher };
		bad(SettleItem { voucher: changed, ..signed });
	});
}

#[test]
fn anothers_signature_is_refused() {
	build_and_execute(|| {
		open_channel(10_000);
		let mallory = sr25519::Pair::from_seed(&[66; 32]);
		let signature = VoucherSignature::Sr25519(mallory.sign(&voucher(1_000).digest(&GENESIS)).0);
		bad(SettleItem { signature, ..item(voucher(1_000)) });

		let voucher = eth_voucher();
		let mallory = ecdsa::Pair::from_seed(&[66; 32]);
		let digest = voucher.eip712_digest(&GENESIS, CHAIN_ID);
		let signature = VoucherSignature::Ethereum(mallory.sign_prehashed(&digest).0);
		bad(SettleItem { signature, ..eth_item(voucher) });
	});
}

#[test]
fn a_voucher_of_another_chain_is_refused() {
	build_and_execute(|| {
		open_channel(10_000);
		let other_genesis = [0x48; 32];
		let signature = peggy().sign(&voucher(1_000).digest(&other_genesis)).0;
		let signature = VoucherSignature::Sr25519(signature);
		bad(SettleItem { signature, ..item(voucher(1_000)) });

		let voucher = eth_voucher();
		for digest in [
			voucher.eip712_digest(&other_genesis, CHAIN_ID),
			voucher.eip712_digest(&GENESIS, CHAIN_ID + 1),
		] {
			let signature = VoucherSignature::Ethereum(metamask().sign_prehashed(&digest).0);
			bad(SettleItem { signature, ..eth_item(voucher.clone()) });
		}
	});
}

#[test]
fn one_kind_of_signature_does_not_pass_for_the_other() {
	build_and_execute(|| {
		let voucher = eth_voucher();
		// The Ethereum key over the digest of Substrate keys.
		let signature = metamask().sign_prehashed(&voucher.digest(&GENESIS)).0;
		bad(SettleItem {
			signature: VoucherSignature::Ethereum(signature),
			..eth_item(voucher.clone())
		});
		let mut half = [0; 64];
		half.copy_from_slice(&signature[..64]);
		bad(SettleItem { signature: VoucherSignature::Sr25519(half), ..eth_item(voucher) });
	});
}

#[test]
fn a_malformed_signature_is_refused() {
	build_and_execute(|| {
		open_channel(10_000);
		let voucher_of_eth = eth_voucher();
		for byte in [0, 0xFF] {
			let signature = VoucherSignature::Sr25519([byte; 64]);
			bad(SettleItem { signature, ..item(voucher(1_000)) });
			let signature = VoucherSignature::Ethereum([byte; 65]);
			bad(SettleItem { signature, ..eth_item(voucher_of_eth.clone()) });
		}
	});
}
