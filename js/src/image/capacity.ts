/** How many bytes a file can have: the most that its segments grow to. */
export function maxBytes(segments: readonly SharedArrayBuffer[]): number {
  // Undefined where buffers cannot grow.
  const bytes = ({ maxByteLength, byteLength }: SharedArrayBuffer) => maxByteLength ?? byteLength;
  return segments.reduce((sum, segment) => sum + bytes(segment), 0);
}
