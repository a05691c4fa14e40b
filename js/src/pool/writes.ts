/** How many texts are remembered. */
const MOST = 1000;

/** The texts of statements that SQLite says write, so that no reader is asked again. */
export class KnownWrites {
  readonly #texts = new Set<string>();

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  add(text: string): void {
    if (this.#texts.size >= MOST) this.#texts.clear();
    this.#texts.add(text);
  }
}
