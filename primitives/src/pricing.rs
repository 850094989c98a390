//! What an answer costs.

/// The fee in plancks of `tokens_in` prompt tokens and `tokens_out` generated tokens, at prices per
/// 1,000 tokens, rounded up once on the sum. `None` if it exceeds `u128::MAX`.
pub fn fee(price_in_1k: u128, price_out_1k: u128, tokens_in: u32, tokens_out: u32) -> Option<u128> {
	let of_prompt = price_in_1k.checked_mul(u128::from(tokens_in))?;
	let of_answer = price_out_1k.checked_mul(u128::from(tokens_out))?;
	Some(of_prompt.checked_add(of_answer)?.div_ceil(1_000))
}
