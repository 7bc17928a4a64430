import { messageOf } from '../../support/errors.js';
import type { ComponentStatus } from '../target.js';
import type { Engine } from './engine.js';

/** One container of a project, as `docker inspect` tells. */
export interface Container {
  readonly id: string;
  /** As the project calls it. */
  readonly service: string;
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  /** Undefined: it has no health check. */
  readonly health: 'starting' | 'healthy' | 'unhealthy' | undefined;
  readonly restarts: number;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly image: string;
  /** Of the image too. */
  readonly env: Readonly<Record<string, string>>;
  /** `127.0.0.1:9092:9092`, as a project has them. */
  readonly ports: readonly string[];
}

type PortBindings = Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;

interface Inspected {
  readonly Id: string;
  readonly RestartCount?: number;
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Image?: string;
    readonly Env?: readonly string[] | null;
  };
  readonly HostConfig?: { readonly PortBindings?: PortBindings | null };
  readonly State: {
    readonly Status: Container['status'];
    readonly ExitCode: number;
    readonly OOMKilled?: boolean;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: { readonly Status: string };
  };
}

const PROJECT = 'com.docker.compose.project';
const SERVICE = 'com.docker.compose.service';

/** All containers of a project, by the name of their service; those that have ended too. */
export async function containersOf(
  engine: Engine,
  project: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Container>> {
  const list = ['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${PROJECT}=${project}`];
  const ids = (await engine.ask(list, signal)).split('\n').filter((id) => id !== '');
  // One by one: a container that is being replaced may be gone by now, and must not hide the others.
  const inspected = await Promise.all(ids.map((id) => inspect(engine, id, signal)));
  return new Map(inspected.flatMap((container) => (container === undefined ? [] : [[container.service, container]])));
}

async function inspect(engine: Engine, id: string, signal?: AbortSignal): Promise<Container | undefined> {
  try {
    const [inspected] = JSON.parse(await engine.ask(['inspect', id], signal)) as readonly Inspected[];
    return inspected === undefined ? undefined : parseContainer(inspected);
  } catch (failure) {
    if (/no such (object|container)/i.test(messageOf(failure))) return undefined;
    throw failure;
  }
}

export function parseContainer({ Id, RestartCount, Config, HostConfig, State }: Inspected): Container {
  return {
    id: Id,
    service: Config.Labels[SERVICE] ?? '',
    status: State.Status,
    health: healthOf(State.Health?.Status),
    restarts: RestartCount ?? 0,
    exitCode: State.ExitCode,
    outOfMemory: State.OOMKilled === true,
    startedAtMs: Date.parse(State.StartedAt),
    finishedAtMs: Date.parse(State.FinishedAt),
    image: Config.Image ?? '',
    env: Object.fromEntries((Config.Env ?? []).map((one) => splitAt(one, one.indexOf('=')))),
    ports: Object.entries(HostConfig?.PortBindings ?? {}).flatMap(([inside, bound]) =>
      (bound ?? []).map(({ HostIp, HostPort }) => `${HostIp}:${HostPort}:${inside.replace('/tcp', '')}`),
    ),
  };
}

const splitAt = (text: string, at: number): readonly [string, string] => [text.slice(0, at), text.slice(at + 1)];

function healthOf(status: string | undefined): Container['health'] {
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : undefined;
}

/** As `status` shows it. A server that runs and fails its health check is not ready: it is starting. */
export function stateOf({ status, health, exitCode, outOfMemory }: Container): ComponentStatus['state'] {
  switch (status) {
    case 'running':
      return health === 'starting' || health === 'unhealthy' ? 'starting' : 'running';
    case 'created':
      return 'starting';
    case 'restarting':
      return 'restarting';
    case 'dead':
      return 'failed';
    default:
      return !outOfMemory && ENDED_WHEN_TOLD.includes(exitCode) ? 'stopped' : 'failed';
  }
}

/** 0, or 128 and the number of the signal: INT, TERM, and KILL after the time to end was over. */
const ENDED_WHEN_TOLD: readonly number[] = [0, 130, 137, 143];

const TAIL_LINES = 20;

/** The end of its log, oldest first. */
export async function lastLines(
  engine: Engine,
  project: string,
  service: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const args = [
    '--project-name',
    project,
    'logs',
    '--no-color',
    '--no-log-prefix',
    '--tail',
    String(TAIL_LINES),
    service,
  ];
  const text = await engine.ask(['compose', ...args], signal);
  return text.split('\n').filter((line) => line.trim() !== '');
}
