import type { ConnectClient, ConnectorStatus } from '../clients/connect/client.js';
import { EvpipeError, type SourceLocation } from '../support/errors.js';
import { pause, waitUntil } from '../support/retry.js';
import type { ResourceKind, WaitReport } from './kind.js';

export interface ConnectorSpec {
  readonly name: string;
  /** Complete and with references resolved; undefined where a ksql migration makes the connector and evpipe only waits for it. */
  readonly config: Readonly<Record<string, string>> | undefined;
  readonly location?: SourceLocation | undefined;
  /** Where an option stands in the file, for failures that name one. */
  locationOf(option: string): SourceLocation | undefined;
}

export interface LiveConnector {
  readonly config: Readonly<Record<string, string>>;
}

export interface ConnectorContext {
  readonly connect: ConnectClient;
}

export const connectorKind: ResourceKind<ConnectorSpec, LiveConnector, ConnectorContext> = {
  kind: 'connector',
  name: (spec) => spec.name,
  location: (spec) => spec.location,

  async read(spec, { connect }) {
    const config = await connect.config(spec.name);
    return config === undefined ? undefined : { config };
  },

  diff(spec, live) {
    if (spec.config === undefined) return [];
    if (live === undefined) return [{ summary: 'new' }];
    const options = new Set([...Object.keys(spec.config), ...Object.keys(live.config)]);
    options.delete('name'); // the worker adds it
    const changed = [...options].filter((option) => spec.config?.[option] !== live.config[option]);
    return changed.map((option) => ({ summary: option, implies: 'restart of its tasks' }));
  },

  async apply(spec, live, { connect }) {
    if (spec.config === undefined) return;
    const refused = await connect.validate({ ...spec.config, name: spec.name });
    const [first] = refused;
    if (first !== undefined) {
      const location = spec.locationOf(first.option) ?? spec.location;
      throw new EvpipeError(
        'EVPIPE_CONNECTOR_INVALID',
        `connector ${spec.name}: ${refused.flatMap(({ messages }) => messages).join('\n')}`,
        {
          ...(location === undefined ? {} : { location }),
        },
      );
    }
    await connect.putConfig(spec.name, spec.config);
    // Older workers hand a change of converters alone to no task.
    if (live !== undefined) await connect.restart(spec.name);
  },

  ready: (spec, { connect }, wait) => waitForConnector(spec, connect, wait),
};

/** A task is RUNNING before it has asked its database for anything: most of what is wrong there shows within this time. */
const STAYS_UP_MS = 500;

/** For a connector that is new or changed: it is still ready a moment later. */
export async function connectorStaysUp(
  spec: ConnectorSpec,
  { connect }: ConnectorContext,
  wait: WaitReport,
): Promise<void> {
  await pause(STAYS_UP_MS, wait.signal);
  await waitForConnector(spec, connect, wait);
}

/** Right after a change of its config a task's old failure may still be reported for a moment. */
const FAILURE_STANDS_AFTER_MS = 1_000;

/** Ready: the connector is RUNNING (or PAUSED on purpose), has at least one task, and all of them are RUNNING. */
async function waitForConnector(spec: ConnectorSpec, connect: ConnectClient, wait: WaitReport): Promise<void> {
  const startedMs = performance.now();
  let missing = 'is not there';
  let failedSinceMs: number | undefined;
  const failed = await waitUntil(
    () => `connector ${spec.name}: it ${missing}`,
    async () => {
      const status = await connect.status(spec.name);
      missing = whatIsMissing(status);
      if (missing === '') return 'ready';
      const nowMs = performance.now();
      const failure = firstFailure(status);
      failedSinceMs = failure === undefined ? undefined : (failedSinceMs ?? nowMs);
      if (failure !== undefined && nowMs - (failedSinceMs ?? nowMs) >= FAILURE_STANDS_AFTER_MS) return { failure };
      wait.waitingFor(`${spec.name}: ${missing} (asked for ${((nowMs - startedMs) / 1000).toFixed(1)} s)`);
      return undefined;
    },
    { timeoutMs: wait.timeoutMs, signal: wait.signal, pauseMs: 20, maxPauseMs: 250 },
  );
  if (failed !== 'ready') throw failedError(spec, failed.failure);
}

function whatIsMissing(status: ConnectorStatus | undefined): string {
  if (status === undefined) return 'is not there yet';
  const { connector, tasks } = status;
  if (connector.state === 'PAUSED' || connector.state === 'STOPPED') return '';
  if (connector.state !== 'RUNNING') return `is ${connector.state}`;
  if (tasks.length === 0) return 'has no task yet';
  const other = tasks.find((task) => task.state !== 'RUNNING');
  return other === undefined ? '' : `task ${other.id} is ${other.state}`;
}

function firstFailure(status: ConnectorStatus | undefined): string | undefined {
  if (status === undefined) return undefined;
  if (status.connector.state === 'FAILED') return `FAILED\n${headOf(status.connector.trace)}`;
  const task = status.tasks.find((one) => one.state === 'FAILED');
  return task === undefined ? undefined : `task ${task.id} FAILED\n${headOf(task.trace)}`;
}

/** What a person needs of a stack trace: its first message and those of its causes, the innermost last. */
function headOf(trace: string | undefined): string {
  const lines = (trace ?? 'without a trace').split('\n').map((line) => line.trim());
  const messages = lines.filter(
    (line, index) =>
      line !== '' &&
      !line.startsWith('at ') &&
      !line.startsWith('...') &&
      (index === 0 || line.startsWith('Caused by:')),
  );
  return messages.slice(0, 4).join('\n');
}

function failedError(spec: ConnectorSpec, failure: string): EvpipeError {
  const option = /\btable\b/i.test(failure) ? spec.locationOf('table.include.list') : undefined;
  const location = option ?? spec.location;
  return new EvpipeError('EVPIPE_CONNECTOR_FAILED', `connector ${spec.name}: ${failure}`, {
    todo: `The whole trace: evpipe status ${spec.name}. Mend it and run evpipe up again.`,
    ...(location === undefined ? {} : { location }),
  });
}
