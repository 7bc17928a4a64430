import { changeSheets } from './changes.js';
import type { Stack } from './stack.js';

const CHANGES_PER_SECOND = 200;
const DEADLINE_MS = 60_000;

export interface UnderLoad {
  readonly changesPerSecond: number;
  /** Of each verify-consistency. */
  readonly codes: readonly (number | null)[];
  /** What those said that found an inconsistency, which can only be a false one. */
  readonly alarms: readonly string[];
}

/** Runs verify-consistency again and again while the source changes. */
export async function verifyUnderLoad(stack: Stack, options: { seed: number; forMs: number }): Promise<UnderLoad> {
  const load = await changeSheets(stack, { seed: options.seed, perSecond: CHANGES_PER_SECOND });
  const codes: (number | null)[] = [];
  const alarms: string[] = [];
  const startedMs = performance.now();
  const passedMs = (): number => performance.now() - startedMs;
  // On a busy machine the first checks may find the stages too far behind to say anything.
  while (passedMs() < options.forMs || (!codes.includes(0) && passedMs() < DEADLINE_MS)) {
    const ended = await stack.run('verify-consistency');
    codes.push(ended.code);
    if (ended.code !== 0 && ended.code !== 5) alarms.push(`exit ${ended.code}\n${ended.stderr}${ended.stdout}`);
  }
  const seconds = passedMs() / 1000;
  await load.stop();
  return { changesPerSecond: load.changes() / seconds, codes, alarms };
}
