import { randomUUID } from 'node:crypto';

/** A CloudEvent 1.0 in structured form. */
export interface CloudEvent<Data> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly data: Data;
}

/** A new event that happens now. */
export function cloudEvent<Data>(type: string, source: string, data: Data): CloudEvent<Data> {
  return { specversion: '1.0', id: randomUUID(), type, source, time: new Date().toISOString(), data };
}
