import { describe, expect, it } from 'vitest';
import type { ConnectorStatus } from '../../../../src/clients/connect/client.js';
import { hasEnded, troubleOf } from '../../../../src/clients/connect/trouble.js';

type State = ConnectorStatus['connector']['state'];

const status = (state: State, ...tasks: ReadonlyArray<readonly [State, string?]>): ConnectorStatus => ({
  name: 'person-outbox',
  connector: { state },
  tasks: tasks.map(([own, trace], id) => ({ id, state: own, ...(trace === undefined ? {} : { trace }) })),
});

describe('what a connector’s trouble is', () => {
  it('is nothing only where it and all its tasks run', () => {
    expect(troubleOf(status('RUNNING', ['RUNNING'], ['RUNNING']))).toBeUndefined();
    expect(troubleOf(status('RUNNING'))).toBe('it has no tasks');
    expect(troubleOf(status('PAUSED', ['PAUSED']))).toBe('it is PAUSED');
    expect(troubleOf(undefined)).toBe('Kafka Connect has no such connector');
  });

  it('lasts where somebody has to act, and not while Connect itself does', () => {
    const lasting = [status('RUNNING', ['FAILED']), status('PAUSED'), status('STOPPED'), status('FAILED')];
    const passing = [status('UNASSIGNED'), status('RUNNING', ['UNASSIGNED']), status('RESTARTING'), status('RUNNING')];
    expect(lasting.map(hasEnded)).toEqual(lasting.map(() => true));
    expect(passing.map(hasEnded)).toEqual(passing.map(() => false));
  });

  it('is the task that failed before one that only starts, with the messages of its trace and without its frames', () => {
    const trace = [
      'org.apache.kafka.connect.errors.ConnectException: could not snapshot',
      '\tat io.debezium.Some.frame(Some.java:1)',
      'Caused by: org.postgresql.util.PSQLException: FATAL: no such database "shop"',
      '\t... 12 more',
    ].join('\n');
    expect(troubleOf(status('RUNNING', ['UNASSIGNED'], ['FAILED', trace]))).toBe(
      [
        'task 1 is FAILED',
        'org.apache.kafka.connect.errors.ConnectException: could not snapshot',
        'Caused by: org.postgresql.util.PSQLException: FATAL: no such database "shop"',
      ].join('\n'),
    );
  });
});
