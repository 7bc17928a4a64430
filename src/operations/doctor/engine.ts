import type { Diagnosis } from '../../kinds/diagnosis.js';
import type { Session } from '../../kinds/session.js';
import { EvpipeError } from '../../support/errors.js';
import { findEngine } from '../../targets/compose/engine.js';

/** Docker or Podman, where the target places anything in Compose: there, running, new enough, and with how much memory. */
export async function examineEngine(
  { target, signal }: Session,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Diagnosis[]> {
  if (!target.usesCompose) return [];
  const about = 'engine';
  try {
    const { program, version, composeVersion, memoryBytes } = await findEngine(env).facts(signal);
    const memory = `${(memoryBytes / 1024 ** 3).toFixed(1)} GB of memory`;
    return [{ about, health: 'good', says: `${program} ${version}, Compose ${composeVersion}, ${memory}` }];
  } catch (failure) {
    if (!(failure instanceof EvpipeError)) throw failure;
    const { message, todo, kind } = failure;
    return [{ about, health: 'bad', says: message, ending: kind, ...(todo === undefined ? {} : { todo }) }];
  }
}
