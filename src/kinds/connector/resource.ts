import type { ConnectClient, ConnectorStatus } from '../../clients/connect/client.js';
import { hasFailed, troubleOf } from '../../clients/connect/trouble.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import { HIDDEN, isSecretOption, withoutLogins } from '../../support/masked.js';
import { pause, waitUntil } from '../../support/retry.js';
import { type Change, fieldChange, type ResourceKind, type WaitReport } from '../resource.js';

export interface ConnectorSpec {
  readonly name: string;
  /** Complete and with references resolved; undefined where a ksql migration makes the connector and evpipe only waits for it. */
  readonly config: Readonly<Record<string, string>> | undefined;
  readonly location?: SourceLocation | undefined;
  /** Where an option is in the file, for failures that name one. */
  locationOf(option: string): SourceLocation | undefined;
}

export interface LiveConnector {
  readonly config: Readonly<Record<string, string>>;
}

export interface ConnectorContext {
  readonly connect: ConnectClient;
  /** What the brokers can't give it; absent: nobody asks them. */
  tooFewBrokers?(connector: string): Promise<readonly Change[]>;
}

/** evpipe's own worker hides passwords, which then can't be compared. */
function isShownAs(wanted: string | undefined, live: string | undefined): boolean {
  if (wanted === undefined || live === undefined || !live.includes(HIDDEN)) return wanted === live;
  const [head = '', ...rest] = live.split(HIDDEN);
  return wanted.startsWith(head) && wanted.endsWith(rest.at(-1) ?? '');
}

export const connectorResource: ResourceKind<ConnectorSpec, LiveConnector, ConnectorContext> = {
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
    const changed = [...options].filter((option) => !isShownAs(spec.config?.[option], live.config[option]));
    return changed.sort().map((option) =>
      fieldChange(option, shown(option, live.config[option]), shown(option, spec.config?.[option]), {
        implies: IMPLIED_BY[option] ?? 'its tasks restart',
      }),
    );
  },

  async objections(spec, _live, { connect, tooFewBrokers }): Promise<readonly Change[]> {
    if (spec.config === undefined) return [];
    const refused = await connect.validate({ ...spec.config, name: spec.name });
    const unmakeable = (await tooFewBrokers?.(spec.name)) ?? [];
    const invalid = refused.map(
      ({ option, messages }): Change => ({
        summary: option,
        refused: {
          code: 'EVPIPE_CONNECTOR_INVALID',
          why: messages.map((message) => withoutSecrets(message, spec.config ?? {})).join('\n'),
          todo: 'Correct the option; this is why Kafka Connect rejects it.',
          location: spec.locationOf(option) ?? spec.location,
        },
      }),
    );
    return [...invalid, ...unmakeable];
  },

  async apply(spec, live, { connect }) {
    if (spec.config === undefined) return;
    await connect.putConfig(spec.name, spec.config);
    // Older workers hand a change of converters alone to no task.
    if (live !== undefined) await connect.restart(spec.name);
  },

  // Connect starts no failed task again by itself.
  async revive({ name }, { connect }) {
    const status = await connect.status(name);
    if (status === undefined || !hasFailed(status)) return [];
    await connect.restart(name, { onlyFailed: true });
    return [{ summary: 'restarted, since it had failed' }];
  },

  ready: (spec, { connect }, wait) => waitForConnector(spec, connect, wait),
};

/** What a change means beyond the restart that every change brings. */
const IMPLIED_BY: Readonly<Record<string, string>> = {
  'topic.prefix': 'offsets are stored under this name, so it takes a new snapshot',
  'slot.name': 'a new slot starts at the current position: changes that only the old one retained are not read',
  'tasks.max': 'its tasks restart and rebalance',
};

function shown(option: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  return isSecretOption(option) ? HIDDEN : withoutLogins(value);
}

/** What a worker says of a config may repeat the passwords in it. */
export function withoutSecrets(message: string, config: Readonly<Record<string, string>>): string {
  const secrets = Object.entries(config).flatMap(([name, value]) =>
    isSecretOption(name) && value !== '' ? [value] : [],
  );
  return withoutLogins(secrets.reduce((text, secret) => text.replaceAll(secret, HIDDEN), message));
}

/** A task is RUNNING before it has asked its database for anything: most of what is wrong there shows within this time. */
const STAYS_UP_MS = 500;

/** For a connector that is new, changed or restarted: it is still ready a moment later. */
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
  let trouble: string | undefined;
  let failedSinceMs: number | undefined;
  const failed = await waitUntil(
    () => `connector ${spec.name}: ${trouble}`,
    async () => {
      const status = await connect.status(spec.name);
      trouble = troubleOf(status);
      if (trouble === undefined || isAtRest(status)) return 'ready';
      const nowMs = performance.now();
      failedSinceMs = status !== undefined && hasFailed(status) ? (failedSinceMs ?? nowMs) : undefined;
      if (nowMs - (failedSinceMs ?? nowMs) >= FAILURE_STANDS_AFTER_MS) return { failure: trouble };
      wait.waitingFor(
        `${spec.name}: ${trouble.split('\n')[0]} (asked for ${((nowMs - startedMs) / 1000).toFixed(1)} s)`,
      );
      return undefined;
    },
    { timeoutMs: wait.timeoutMs, signal: wait.signal, pauseMs: 20, maxPauseMs: 250 },
  );
  if (failed !== 'ready') throw failedError(spec, failed.failure);
}

/** PAUSED or STOPPED on purpose. */
function isAtRest(status: ConnectorStatus | undefined): boolean {
  return status?.connector.state === 'PAUSED' || status?.connector.state === 'STOPPED';
}

function failedError(spec: ConnectorSpec, failure: string): EvpipeError {
  const option = /\btable\b/i.test(failure) ? spec.locationOf('table.include.list') : undefined;
  const location = option ?? spec.location;
  return new EvpipeError('EVPIPE_CONNECTOR_FAILED', `connector ${spec.name}: ${failure}`, {
    todo: `Fix the cause, then rerun evpipe up or evpipe connectors restart ${spec.name}. The whole trace: evpipe connectors status ${spec.name}`,
    ...(location === undefined ? {} : { location }),
  });
}
