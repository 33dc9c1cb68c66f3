// S-1: the digest of a dataset is the sum modulo 2^64 of H(key, sync count, commit) over the records that count. A sum,
// so that one change costs one subtraction and one addition; H with full avalanche, so that half-seen swaps do not cancel
// out. H is the first 64 bits of MurmurHash3 x86 128 (seed 0) of the UTF-8 bytes of `<key>\n<sync count>\n<commit>`.
import { damaged, type CommitId, type RecordKey, type SyncCount } from "./ids.ts";

declare const digestBrand: unique symbol;
/** 16 lower-case hexadecimal digits. */
export type Digest = string & { readonly [digestBrand]: true };

export const emptyDigest = "0000000000000000" as Digest;

export function parseDigest(input: unknown): Digest {
  if (typeof input === "string" && /^[0-9a-f]{16}$/.test(input)) return input as Digest;
  throw damaged("a digest is not 16 hexadecimal digits");
}

interface Counted {
  readonly key: RecordKey;
  readonly syncCount: SyncCount;
  readonly commit: CommitId;
}

/** A digest and a record count under change. */
export class DigestSum {
  #high: number;
  #low: number;
  #count: number;

  constructor(digest: Digest = emptyDigest, recordCount = 0) {
    this.#high = Number.parseInt(digest.slice(0, 8), 16);
    this.#low = Number.parseInt(digest.slice(8), 16);
    this.#count = recordCount;
  }

  add(record: Counted): void {
    const [high, low] = hashVersion(record);
    const sum = this.#low + low;
    this.#low = sum >>> 0;
    this.#high = (this.#high + high + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    this.#count += 1;
  }

  subtract(record: Counted): void {
    const [high, low] = hashVersion(record);
    const borrow = this.#low < low ? 1 : 0;
    this.#low = (this.#low - low) >>> 0;
    this.#high = (this.#high - high - borrow) >>> 0;
    this.#count -= 1;
  }

  get digest(): Digest {
    return (hex(this.#high) + hex(this.#low)) as Digest;
  }

  get recordCount(): number {
    return this.#count;
  }
}

const hex = (word: number): string => word.toString(16).padStart(8, "0");

/** H(key, sync count, commit) as its high and low 32 bits. */
export function hashVersion({ key, syncCount, commit }: Counted): readonly [high: number, low: number] {
  return murmur64(utf8(`${key}\n${syncCount}\n${commit}`));
}

// One buffer for all: hashing never nests, and allocating for each record would cost more than hashing it.
let buffer = new Uint8Array(1024);

/** UTF-8 bytes of well-formed text, in the shared buffer. Core has no TextEncoder: it compiles without DOM and Node. */
function utf8(text: string): Uint8Array {
  if (text.length * 3 > buffer.length) buffer = new Uint8Array(text.length * 3);
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index);
    if (code < 0x80) {
      buffer[at++] = code;
      continue;
    }
    if (code < 0x800) {
      buffer[at++] = 0xc0 | (code >> 6);
    } else {
      if (code >= 0xd800 && code < 0xdc00) {
        code = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(++index) - 0xdc00);
        buffer[at++] = 0xf0 | (code >> 18);
        buffer[at++] = 0x80 | ((code >> 12) & 0x3f);
      } else {
        buffer[at++] = 0xe0 | (code >> 12);
      }
      buffer[at++] = 0x80 | ((code >> 6) & 0x3f);
    }
    buffer[at++] = 0x80 | (code & 0x3f);
  }
  return buffer.subarray(0, at);
}

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

function finalMix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}

const c1 = 0x239b961b;
const c2 = 0xab0e9789 | 0;
const c3 = 0x38b34ae5;
const c4 = 0xa1e38b93 | 0;

/** First 64 bits of MurmurHash3 x86 128 with seed 0 (Austin Appleby, public domain), as h1 and h2. */
export function murmur64(bytes: Uint8Array): readonly [h1: number, h2: number] {
  const word = (at: number): number =>
    (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  const whole = bytes.length & ~15;
  for (let at = 0; at < whole; at += 16) {
    h1 ^= Math.imul(rotate(Math.imul(word(at), c1), 15), c2);
    h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotate(Math.imul(word(at + 4), c2), 16), c3);
    h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotate(Math.imul(word(at + 8), c3), 17), c4);
    h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotate(Math.imul(word(at + 12), c4), 18), c1);
    h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  // The rest, padded with zeros: a word of zeros mixes to zero, so absent words change nothing.
  h4 ^= Math.imul(rotate(Math.imul(word(whole + 12), c4), 18), c1);
  h3 ^= Math.imul(rotate(Math.imul(word(whole + 8), c3), 17), c4);
  h2 ^= Math.imul(rotate(Math.imul(word(whole + 4), c2), 16), c3);
  h1 ^= Math.imul(rotate(Math.imul(word(whole), c1), 15), c2);

  h1 ^= bytes.length;
  h2 ^= bytes.length;
  h3 ^= bytes.length;
  h4 ^= bytes.length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finalMix(h1);
  h2 = finalMix(h2);
  h3 = finalMix(h3);
  h4 = finalMix(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  return [h1 >>> 0, h2 >>> 0];
}
