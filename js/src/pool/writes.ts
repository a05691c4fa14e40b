/** How many texts are remembered. */
const MOST = 1000;

/** White space and comments, then a word that only statements that write begin with. */
const BEGINS_AS_WRITE =
  /^(?:\s|--[^\n]*\n|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)*(?:insert|update|delete|replace|create|drop|alter)\b/i;

/** The texts of statements that write, as far as is known: no reader is asked whether they do. */
export class KnownWrites {
  readonly #texts = new Set<string>();

  has(text: string): boolean {
    return BEGINS_AS_WRITE.test(text) || this.#texts.has(text);
  }

  add(text: string): void {
    if (this.#texts.size >= MOST) this.#texts.clear();
    this.#texts.add(text);
  }
}
