import type { Session } from '../../kinds/session.js';
import { type ComponentId, componentKey, type LogLine } from '../../targets/target.js';
import { findComponent } from './component.js';

export interface LogsOptions {
  /** Names of components; empty: all. */
  readonly of: readonly string[];
  /** Lines of the past, per component. */
  readonly tail: number;
  readonly follow: boolean;
}

/** The lines that components have written; with `follow` until the signal. Throws EVPIPE_COMPONENT_UNKNOWN (kind usage). */
export async function* logs(session: Session, { of, tail, follow }: LogsOptions): AsyncGenerator<LogLine> {
  const own = session.kinds.flatMap(({ logNames }) => logNames?.(session.pipeline) ?? []);
  const components = of.filter((name) => !own.includes(name)).map((name) => findComponent(session, name));
  // Components may share a process, and with it a log.
  const statuses = components.length === 0 ? [] : await session.target.status();
  const processes = components.map((component) => {
    const isOfIt = (one: ComponentId): boolean => componentKey(one) === componentKey(component);
    return statuses.find((status) => status.components.some(isOfIt))?.process ?? component.name;
  });
  processes.push(...of.filter((name) => own.includes(name)));
  const { signal } = session;
  yield* session.target.logs({
    ...(processes.length > 0 && { of: [...new Set(processes)] }),
    tail,
    follow,
    signal,
  });
}
