// The shared memory of a page, as the library's `Words` and `Bytes` see it: a number stands for a
// SharedArrayBuffer that this instance holds. Everything here is called from wasm with positions
// that the library has checked.

/** @type {(SharedArrayBuffer | undefined)[]} */
const buffers = [];
/** @type {Int32Array[]} */
const words = [];
/** @type {Uint8Array[]} */
const bytes = [];
/** @type {number[]} */
const free = [];

/** @type {WebAssembly.Memory} */
let memory;
let heap = new Uint8Array(0);
let heap32 = new Int32Array(0);

// A view of wasm memory is detached when that memory grows, and its length is 0 then. Asking the
// memory for its buffer each time would cost as much as the rest of a call.
function renew() {
  heap = new Uint8Array(memory.buffer);
  heap32 = new Int32Array(memory.buffer);
}

function view() {
  if (heap.length === 0) renew();
  return heap;
}

function view32() {
  if (heap32.length === 0) renew();
  return heap32;
}

// An engine may refuse words over a growable buffer that has no whole number of them just now, as a
// file may: none of its words are asked for.
export function hold(wasmMemory, buffer, ofWords) {
  memory = wasmMemory;
  const id = free.pop() ?? buffers.length;
  buffers[id] = buffer;
  words[id] = new Int32Array(ofWords ? buffer : 0);
  bytes[id] = new Uint8Array(ofWords ? 0 : buffer);
  return id;
}

// Bytes of this instance alone, shared or not, that keep their length.
export function hold_view(wasmMemory, view) {
  memory = wasmMemory;
  const id = free.pop() ?? buffers.length;
  buffers[id] = undefined;
  words[id] = new Int32Array(0);
  bytes[id] = view;
  return id;
}

export function make_bytes(length) {
  try {
    return new Uint8Array(length);
  } catch {
    return undefined;
  }
}

export function release(id) {
  buffers[id] = undefined;
  words[id] = new Int32Array(0);
  bytes[id] = new Uint8Array(0);
  free.push(id);
}

export function load(id, at) {
  return Atomics.load(words[id], at);
}

export function load_pair(id, at, radix) {
  const from = words[id];
  const lower = Atomics.load(from, at) >>> 0;
  return lower + (Atomics.load(from, at + 1) >>> 0) * radix;
}

// Without a number above 2^31, which is boxed on its way between JavaScript and wasm.
export function is_pair(id, at, lower, upper) {
  const from = words[id];
  return Atomics.load(from, at) === lower && Atomics.load(from, at + 1) === upper;
}

export function load_many(id, at, out, count) {
  const from = words[id];
  const to = view32();
  for (let i = 0; i < count; i++) to[(out >>> 2) + i] = Atomics.load(from, at + i);
}

export function load_strided(id, at, stride, out, count) {
  const from = words[id];
  const to = view32();
  for (let i = 0; i < count; i++) to[(out >>> 2) + i] = Atomics.load(from, at + i * stride);
}

export function store(id, at, value) {
  Atomics.store(words[id], at, value);
}

// An Int32Array takes it modulo 2^32.
export function stamp(id, at) {
  Atomics.store(words[id], at, Date.now());
}

export function store_pair(id, at, lower, upper) {
  const to = words[id];
  Atomics.store(to, at + 1, upper);
  Atomics.store(to, at, lower);
}

export function compare_exchange(id, at, current, value) {
  return Atomics.compareExchange(words[id], at, current, value);
}

export function add(id, at, n) {
  return Atomics.add(words[id], at, n);
}

export function or(id, at, bits) {
  return Atomics.or(words[id], at, bits);
}

export function and(id, at, bits) {
  return Atomics.and(words[id], at, bits);
}

export function wait(id, at, expected, milliseconds) {
  Atomics.wait(words[id], at, expected, milliseconds);
}

export function notify(id, at) {
  Atomics.notify(words[id], at);
}

export function copy_out(id, at, out, count) {
  view32().set(words[id].subarray(at, at + count), out >>> 2);
}

export function scatter(id, changes, count) {
  const to = words[id];
  const from = view32();
  // Keeps the plain stores after the odd version that was stored before, which a store by itself
  // need not do; whoever sees one of these words also sees that version.
  Atomics.load(to, 0);
  let next = changes >>> 2;
  for (let i = 0; i < count; i++, next += 2) to[from[next]] = from[next + 1];
}

// A read-modify-write also keeps earlier plain reads before it, which a load need not do.
export function load_after(id, at) {
  return Atomics.add(words[id], at, 0);
}

export function byte_length(id) {
  return buffers[id].byteLength;
}

export function max_byte_length(id) {
  return buffers[id].maxByteLength ?? buffers[id].byteLength;
}

// Another worker may have grown the buffer further in the meantime; then there is nothing to do.
export function grow(id, length) {
  const buffer = buffers[id];
  if (length > max_byte_length(id)) return false;
  while (buffer.byteLength < length) {
    try {
      buffer.grow(length);
    } catch {
      if (buffer.byteLength < length) return false;
    }
  }
  return true;
}

export function read(id, at, out, length) {
  view().set(bytes[id].subarray(at, at + length), out);
}

export function write(id, at, data, length) {
  bytes[id].set(view().subarray(data, data + length), at);
}

export function can_block() {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

export function now() {
  return performance.now();
}
