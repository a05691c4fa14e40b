// Bytes by their tags: instanceof fails for what comes from another realm.

/** What kind of built-in object something is. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** A view of the same bytes; undefined for anything but a Uint8Array or a buffer. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  switch (tagOf(value)) {
    case 'Uint8Array': {
      const { buffer, byteOffset, byteLength } = value as Uint8Array;
      return new Uint8Array(buffer, byteOffset, byteLength);
    }
    case 'ArrayBuffer':
    case 'SharedArrayBuffer':
      return new Uint8Array(value as ArrayBuffer | SharedArrayBuffer);
    default:
      return undefined;
  }
}
