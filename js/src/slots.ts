/** Things that the instance knows by small numbers, from 1 on. */
export class Slots<T> {
  readonly #things: (T | undefined)[] = [undefined];
  readonly #free: number[] = [];

  /** Keeps a thing; its number. */
  add(thing: T): number {
    const number = this.#free.pop() ?? this.#things.length;
    this.#things[number] = thing;
    return number;
  }

  /** The thing that has this number. */
  get(number: number): T {
    return this.#things[number] as T;
  }

  /** Gives the number to another thing. */
  set(number: number, thing: T): void {
    this.#things[number] = thing;
  }

  /** Lets go of a thing; its number may be another's from then on. */
  remove(number: number): void {
    this.#things[number] = undefined;
    this.#free.push(number);
  }

  /** Lets go of all things. */
  clear(): void {
    this.#things.length = 1;
    this.#free.length = 0;
  }

  /** How many things there are. */
  get size(): number {
    return this.#things.length - 1 - this.#free.length;
  }
}
