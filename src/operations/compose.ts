import type { Kind } from '../kinds/kind.js';
import { targetInput } from '../kinds/session.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { EvpipeError } from '../support/errors.js';
import { composeConfig } from '../targets/compose/config.js';

/** The Compose project of a pipeline as YAML. Throws EVPIPE_COMPOSE_ACTION (kind usage) for anything but `config`. */
export function composeProject(
  pipeline: Pipeline,
  kinds: readonly Kind[],
  action: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (action !== 'config') {
    throw new EvpipeError('EVPIPE_COMPOSE_ACTION', `compose has no action ${action}`, {
      kind: 'usage',
      todo: 'Use `evpipe compose config`; for everything else use evpipe’s own commands (up, logs, stop, down).',
    });
  }
  return composeConfig(targetInput(pipeline, kinds), { env, stateFolder: pipeline.stateFolder });
}
