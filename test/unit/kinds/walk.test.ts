import { expect, it } from 'vitest';
import type { OperationEvent } from '../../../src/kinds/events.js';
import { type Node, walk } from '../../../src/kinds/walk.js';

const waits = (id: string, waitingFor: string): Node => ({
  id,
  step: 'services',
  needs: [],
  run: (report) => {
    report.waitingFor(waitingFor);
    return new Promise((_, reject) => report.signal.addEventListener('abort', () => reject(report.signal.reason)));
  },
});

it('a walk that fails says what else still waited for something, and ends it', async () => {
  const fails: Node = { id: 'job/a', step: 'jobs', needs: [], run: () => Promise.reject(new Error('no')) };
  const never: Node = { id: 'service/c', step: 'services', needs: ['job/a'], run: async () => ({ changed: true }) };
  const events: OperationEvent[] = [];
  const emit = (event: OperationEvent): void => void events.push(event);
  const { signal } = new AbortController();
  const result = await walk([waits('service/b', 'b to become ready'), fails, never], { emit, signal });
  expect(result).toMatchObject({
    changed: false,
    failure: { step: 'jobs', cause: { message: 'no' } },
    unfinished: [{ id: 'service/b', waitingFor: 'b to become ready' }],
  });
  expect(events.filter(({ kind }) => kind === 'step-failed')).toHaveLength(1);
});
