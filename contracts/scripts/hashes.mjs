// The hashes of `primitives/` in JavaScript (vectors: primitives/vectors).
import { blake2b } from "@noble/hashes/blake2b";

export const bytes = (text) => new TextEncoder().encode(text);
const join = (parts) => Uint8Array.from(parts.flatMap((p) => [...p]));

/** A little-endian number of `size` bytes. */
export const le = (n, size) =>
	Uint8Array.from({ length: size }, (_, i) => Number((BigInt(n) >> BigInt(8 * i)) & 255n));

/** blake2b-256. */
export const hash = (data) => blake2b(data, { dkLen: 32 });

/** blake2b-256 over the tag's length and the tag, then every part with its length. */
export const tagged = (tag, parts) =>
	hash(join([[tag.length], bytes(tag), ...parts.flatMap((p) => [le(p.length, 8), p])]));

/** Siblings of a leaf `{ account: Uint8Array, cumulative: bigint }` in a Merkle sum tree, from the leaf upwards. */
export function sumProof(leaves, index) {
	let level = leaves.map((l) => ({
		hash: tagged("weft/sum/leaf/v1", [l.account, le(l.cumulative, 16)]),
		sum: l.cumulative,
	}));
	const siblings = [];
	while (level.length > 1) {
		const sibling = level[index ^ 1];
		if (sibling) siblings.push(sibling);
		const next = [];
		for (let i = 0; i < level.length; i += 2) {
			const [a, b] = [level[i], level[i + 1]];
			next.push(
				b
					? {
							hash: tagged("weft/sum/node/v1", [a.hash, le(a.sum, 16), b.hash, le(b.sum, 16)]),
							sum: a.sum + b.sum,
						}
					: a,
			);
		}
		level = next;
		index >>= 1;
	}
	return siblings;
}
