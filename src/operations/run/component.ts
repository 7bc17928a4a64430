import { componentsOf } from '../../kinds/kind.js';
import type { Session } from '../../kinds/session.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { EvpipeError } from '../../support/errors.js';
import type { ComponentId } from '../../targets/component.js';

/**
 * The component that a user means by a name; where a service is called as a database is, the service (`postgres/NAME` is
 * the database). Throws EVPIPE_COMPONENT_UNKNOWN (kind usage).
 */
export function findComponent({ pipeline, kinds }: Pick<Session, 'pipeline' | 'kinds'>, name: string): ComponentId {
  const known = componentsOf(pipeline, kinds);
  const found =
    known.find(({ component, names }) => component.kind === 'service' && names.includes(name)) ??
    known.find(({ names }) => names.includes(name));
  if (found !== undefined) return found.component;
  const words = known.flatMap(({ names }) => names.slice(0, 1));
  throw new EvpipeError('EVPIPE_COMPONENT_UNKNOWN', `there is no component ${name}${didYouMean(name, words)}`, {
    kind: 'usage',
  });
}
