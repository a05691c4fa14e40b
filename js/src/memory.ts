// The instance's memory as JavaScript sees it: views, and text and bytes on their way in and out.

import { allocate, batchAddress, deallocate } from './engine.js';

let memory: WebAssembly.Memory;

/** Bytes of the memory. Like the other views detached when the memory grows. */
export let bytes = new Uint8Array(0);
/** The memory as unsigned words. */
export let words = new Uint32Array(0);
/** The memory as doubles. */
export let doubles = new Float64Array(0);
/** The memory as 64-bit integers. */
export let integers = new BigInt64Array(0);
/** Index in {@link words} of what describes the last batch. */
export let batchHeader = 0;

// Text and bytes on their way into SQLite, which copies them at once.
const SCRATCH_BYTES = 65_536;
let scratch = 0;
let scratchView = new Uint8Array(0);

function renewViews(): void {
  const { buffer } = memory;
  bytes = new Uint8Array(buffer);
  words = new Uint32Array(buffer);
  doubles = new Float64Array(buffer);
  integers = new BigInt64Array(buffer);
  scratchView = bytes.subarray(scratch, scratch + SCRATCH_BYTES);
}

/** Takes the views anew where the memory has grown: needed after every call into the instance. */
export function refreshViews(): void {
  // A detached view has no length. Cheaper than to ask the memory for its buffer.
  if (bytes.length === 0) renewViews();
}

/** To be called once, when the instance has started. */
export function attachMemory(instanceMemory: WebAssembly.Memory): void {
  memory = instanceMemory;
  scratch = allocate(SCRATCH_BYTES);
  batchHeader = batchAddress() >>> 2;
  renewViews();
}

/** A place in the memory that holds some bytes until {@link leave} is called with it. */
export interface Place {
  pointer: number;
  length: number;
}

// One object for all short-lived places: binding a parameter then allocates nothing.
const place: Place = { pointer: 0, length: 0 };

function takePlace(length: number): Place {
  place.length = length;
  place.pointer = length <= SCRATCH_BYTES ? scratch : allocate(length);
  refreshViews();
  return place;
}

/** Frees a place. */
export function leave({ pointer, length }: Place): void {
  if (pointer !== scratch) deallocate(pointer, length);
}

/** Whether a place is the one that all share, and belongs to nobody. */
export function isScratch({ pointer }: Place): boolean {
  return pointer === scratch;
}

// Up to this length a loop beats the call to the engine's encoder or decoder.
const SHORT_TEXT = 40;

const encoder = new TextEncoder();
// A byte order mark belongs to the text.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      length += 1;
    } else if (unit >= 0xd800 && unit <= 0xdbff && isLowSurrogate(text.charCodeAt(i + 1))) {
      // Two units, four bytes.
      length += 2;
      i++;
    } else {
      // A lone surrogate is replaced by U+FFFD, which has three bytes too.
      length += 2;
    }
  }
  return length;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/**
 * Puts text into the memory as UTF-8. The place is good until the next `place…` call.
 *
 * @throws SqliteError `SQLITE_NOMEM`
 */
export function placeText(text: string): Place {
  const { length } = text;
  if (length <= SHORT_TEXT) {
    refreshViews();
    let i = 0;
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) break;
      bytes[scratch + i] = unit;
    }
    if (i === length) {
      place.pointer = scratch;
      place.length = length;
      return place;
    }
  }
  // UTF-8 takes at most three bytes for each of a string's units.
  if (length <= SCRATCH_BYTES / 3) {
    refreshViews();
    place.pointer = scratch;
    place.length = encoder.encodeInto(text, scratchView).written;
    return place;
  }
  const taken = takePlace(utf8Length(text));
  encoder.encodeInto(text, bytes.subarray(taken.pointer, taken.pointer + taken.length));
  return taken;
}

/**
 * Puts text into the memory for longer: other text may be placed meanwhile.
 *
 * @throws SqliteError `SQLITE_NOMEM`
 */
export function placeTextApart(text: string): Place {
  const length = utf8Length(text);
  if (length === 0) return { pointer: scratch, length };
  const pointer = allocate(length);
  refreshViews();
  encoder.encodeInto(text, bytes.subarray(pointer, pointer + length));
  return { pointer, length };
}

/**
 * Puts the bytes of a view into the memory; shared memory may back it. The place is good until
 * the next `place…` call.
 *
 * @throws SqliteError `SQLITE_NOMEM`
 */
export function placeBytes(view: ArrayBufferView): Place {
  const source =
    view instanceof Uint8Array
      ? view
      : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const taken = takePlace(source.length);
  bytes.set(source, taken.pointer);
  return taken;
}

const { fromCharCode } = String;

/** The text at an address; what is not UTF-8 becomes U+FFFD. The views must be fresh. */
export function decodeText(pointer: number, length: number): string {
  const end = pointer + length;
  if (length > SHORT_TEXT) return decoder.decode(bytes.subarray(pointer, end));
  let text = '';
  let i = pointer;
  for (; i + 8 <= end; i += 8) {
    const a = bytes[i] as number;
    const b = bytes[i + 1] as number;
    const c = bytes[i + 2] as number;
    const d = bytes[i + 3] as number;
    const e = bytes[i + 4] as number;
    const f = bytes[i + 5] as number;
    const g = bytes[i + 6] as number;
    const h = bytes[i + 7] as number;
    if ((a | b | c | d | e | f | g | h) > 0x7f) return decoder.decode(bytes.subarray(pointer, end));
    text += fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte > 0x7f) return decoder.decode(bytes.subarray(pointer, end));
    text += fromCharCode(byte);
  }
  return text;
}

/** A copy of the bytes at an address. The views must be fresh. */
export function copyBytes(pointer: number, length: number): Uint8Array<ArrayBuffer> {
  return bytes.slice(pointer, pointer + length);
}
