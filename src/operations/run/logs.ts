import type { Session } from '../../kinds/session.js';
import type { LogLine } from '../../targets/target.js';
import { findComponent } from './component.js';

export interface LogsOptions {
  /** Names of components; empty: all. */
  readonly of: readonly string[];
  /** Lines of the past, per component. */
  readonly tail: number;
  readonly follow: boolean;
}

/** The lines that components have written; with `follow` until the signal. Throws EVPIPE_COMPONENT_UNKNOWN (kind usage). */
export function logs(session: Session, { of, tail, follow }: LogsOptions): AsyncIterable<LogLine> {
  const names = of.map((name) => {
    const component = findComponent(session.pipeline, name);
    // A database may be called as a service is; all of them write one log.
    if (component.kind === 'postgres') return 'postgres';
    if (component.kind !== 'stores') return component.name;
    const section = session.pipeline.stores.find((one) => one.name === component.name);
    return section?.kind === 'cache' ? 'redis' : 'postgres';
  });
  const { signal } = session;
  return session.target.logs({ ...(names.length > 0 && { of: [...new Set(names)] }), tail, follow, signal });
}
