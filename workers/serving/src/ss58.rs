//! Accounts as text for people.

use blake2::{Blake2b512, Digest};

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The SS58 form of an account, with a prefix below 64.
pub fn ss58(account: &[u8; 32], prefix: u8) -> String {
	let mut bytes = vec![prefix & 63];
	bytes.extend_from_slice(account);
	let checksum = Blake2b512::new().chain_update(b"SS58PRE").chain_update(&bytes).finalize();
	bytes.extend(checksum.iter().take(2));
	let mut digits: Vec<u8> = Vec::new();
	for byte in &bytes {
		let mut carry = u32::from(*byte);
		for digit in &mut digits {
			carry += u32::from(*digit) << 8;
			*digit = (carry % 58) as u8;
			carry /= 58;
		}
		while carry > 0 {
			digits.push((carry % 58) as u8);
			carry /= 58;
		}
	}
	let zeros = bytes.iter().take_while(|b| **b == 0).count();
	std::iter::repeat_n(0, zeros)
		.chain(digits.into_iter().rev())
		.filter_map(|digit| ALPHABET.get(usize::from(digit)).map(|c| char::from(*c)))
		.collect()
}

#[cfg(test)]
mod tests {
	#[test]
	fn alice_has_the_address_everyone_knows() {
		let alice = hex::decode("d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d")
			.unwrap()
			.try_into()
			.unwrap();
		assert_eq!(super::ss58(&alice, 42), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
	}
}
