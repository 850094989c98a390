//! Tests of the runtime as a whole.

use crate::*;
use sp_core::{sr25519, Pair};

#[test]
fn the_extra_development_accounts_are_those_of_their_seeds() {
	for (seed, public) in genesis::EXTRA_ACCOUNTS {
		let pair = sr25519::Pair::from_string(seed, None).expect("a valid derivation path");
		assert_eq!(hex::encode(public), hex::encode(pair.public()), "{seed}");
	}
}
