/** What SQLite stores, as JavaScript gets it. Integers are bigints where `safeIntegers` is on. */
export type SqlValue = null | number | bigint | string | Uint8Array<ArrayBuffer>;

/** What may be bound to a parameter; a view of any kind is bound as a BLOB of its bytes. */
export type BindableValue = null | number | bigint | string | ArrayBufferView;
