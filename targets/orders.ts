/** Commands that may come again: each id is executed once, and its answer is kept. */
export class Orders {
  readonly #answers = new Map<string, string>();
  #number = 0;

  constructor(
    readonly kept: number,
    readonly isOnce: boolean,
  ) {}

  answer(id: string): string {
    const known = this.#answers.get(id);
    if (known !== undefined && this.isOnce) return known;
    this.#number += 1;
    const text = JSON.stringify({ type: 'ordered', id, number: this.#number });
    this.#answers.set(id, text);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.kept) break;
      this.#answers.delete(oldest);
    }
    return text;
  }
}
