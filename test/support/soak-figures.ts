import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What was counted, by name; where a name ends with Max, the larger counts. */
export type Figures = Readonly<Record<string, number>>;

interface Kept {
  readonly lastSeed: number;
  readonly runs: number;
  readonly figures: Figures;
}

/**
 * Figures of a long seeded work that add up over several runs, in EVPIPE_SOAK_FOLDER (default: evpipe-soak in the
 * temporary folder). The next run takes the next seed, unless EVPIPE_SOAK_SEED names one.
 */
export class SoakFigures {
  private readonly path: string;
  private readonly folder = process.env.EVPIPE_SOAK_FOLDER ?? join(tmpdir(), 'evpipe-soak');

  constructor(private readonly work: string) {
    this.path = this.pathOf('json');
  }

  private pathOf(end: string): string {
    return join(this.folder, `${this.work.replaceAll(' ', '-')}.${end}`);
  }

  /** Texts to be looked at later; answers where they are. */
  keep(name: string, texts: readonly string[]): string {
    const path = this.pathOf(`${name}.txt`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, texts.join('\n'));
    return path;
  }

  get nextSeed(): number {
    const { EVPIPE_SOAK_SEED: named } = process.env;
    return named === undefined ? this.kept().lastSeed + 1 : Number(named);
  }

  /** Adds those of one run, and says what they are by now. */
  add(seed: number, figures: Figures): string {
    const { lastSeed, runs, figures: before } = this.kept();
    const all: Record<string, number> = { ...before };
    for (const [name, value] of Object.entries(figures))
      all[name] = name.endsWith('Max') ? Math.max(all[name] ?? 0, value) : (all[name] ?? 0) + value;
    const kept: Kept = { lastSeed: Math.max(lastSeed, seed), runs: runs + 1, figures: all };
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(this.path, JSON.stringify(kept, null, 2));
    const list = Object.entries(all).map(([name, value]) => `${name} ${Math.round(value)}`);
    return `${this.work}, ${kept.runs} runs up to seed ${kept.lastSeed}: ${list.join(', ')}\n`;
  }

  private kept(): Kept {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8')) as Kept;
    } catch {
      return { lastSeed: 0, runs: 0, figures: {} };
    }
  }
}
