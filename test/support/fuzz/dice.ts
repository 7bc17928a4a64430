import { seeded } from '../seeded.js';

/** Seeded choices: the same seed tells the same story. */
export class Dice {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new Error('there is nothing to choose from');
    return choices[this.below(choices.length)] as T;
  }

  bytes(lengthBelow: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(lengthBelow) }, () => this.below(256)));
  }
}
