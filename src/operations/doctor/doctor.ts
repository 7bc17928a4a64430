import { existsSync, statfsSync } from 'node:fs';
import { release } from 'node:os';
import { dirname } from 'node:path';
import type { Diagnosis } from '../../kinds/diagnosis.js';
import { type Session, targetInput } from '../../kinds/session.js';
import { unprivilegedAccount } from '../../support/account.js';
import { counted } from '../../support/counted.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { isPortFree, listedProcesses, preferredPorts } from '../../targets/host.js';
import { runningPipelines } from '../../targets/running.js';
import { examineEngine } from './engine.js';
import { examineServers } from './servers.js';

const NODE_LEAST = [20, 19] as const;
const DISK_LEAST_BYTES = 512 * 1024 ** 2;
const DISK_WARN_BYTES = 2 * 1024 ** 3;

/** The machine itself: Node, platform, an account for PostgreSQL, room on the disk below `folder`. */
export function examineHost(folder: string): readonly Diagnosis[] {
  return [node(), platform(), account(), disk(folder)];
}

function node(): Diagnosis {
  const version = process.versions.node;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = NODE_LEAST;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) {
    return { about: 'node', health: 'good', says: version };
  }
  const says = `${version}, at least ${NODE_LEAST.join('.')} is needed`;
  return { about: 'node', health: 'bad', says, todo: 'Install a newer Node.js from https://nodejs.org.' };
}

function platform(): Diagnosis {
  const says = `${process.platform} ${process.arch}${/microsoft/i.test(release()) ? ' (WSL)' : ''}`;
  const known = process.platform === 'linux' || process.platform === 'darwin';
  if (known) return { about: 'platform', health: 'good', says };
  return { about: 'platform', health: 'bad', says, todo: 'evpipe runs on Linux, macOS and, on Windows, in WSL.' };
}

function account(): Diagnosis {
  const about = 'account';
  try {
    const found = unprivilegedAccount();
    if (found === undefined) return { about, health: 'good', says: 'not root' };
    return { about, health: 'good', says: `root; PostgreSQL runs as ${found.name}` };
  } catch (failure) {
    const todo = failure instanceof EvpipeError ? failure.todo : undefined;
    return { about, health: 'bad', says: messageOf(failure), ...(todo === undefined ? {} : { todo }) };
  }
}

function disk(folder: string): Diagnosis {
  let place = folder;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const says = `${(free / 1024 ** 3).toFixed(1)} GB free at ${place}`;
  const health = free < DISK_LEAST_BYTES ? 'bad' : free < DISK_WARN_BYTES ? 'warning' : 'good';
  return {
    about: 'disk',
    health,
    says,
    ...(health === 'good' ? {} : { todo: 'Free some space: databases and topics grow.' }),
  };
}

/** The pipeline on its target: ports, what killed runs have left, and every server that runs or has an address. */
export async function examinePipeline(
  session: Session,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Diagnosis[]> {
  const engine = await examineEngine(session, env);
  // Without it nothing can be asked of its containers.
  if (engine.some(({ health }) => health === 'bad')) return engine;
  const [local, servers] = await Promise.all([
    Promise.all([leftovers(session), ports(session), others(session, env)]),
    examineServers(session),
  ]);
  return [...engine, ...local.flat(), ...servers];
}

async function leftovers({ pipeline, target }: Session): Promise<readonly Diagnosis[]> {
  const alive = listedProcesses(pipeline.stateFolder);
  const known = (await target.status()).some(({ provider, state }) => provider !== 'address' && state !== 'stopped');
  if (alive.length === 0 || known) return [{ about: 'leftovers', health: 'good', says: 'none left by killed runs' }];
  return [
    {
      about: 'leftovers',
      health: 'warning',
      says: `a killed run left ${counted(alive.length, 'process', 'processes')}: ${alive.join(', ')}`,
      todo: 'The next evpipe up or down ends them.',
    },
  ];
}

async function ports({ pipeline, kinds, target }: Session): Promise<readonly Diagnosis[]> {
  const statuses = (await target.status()).filter(({ provider }) => provider === 'embedded');
  const preferred = preferredPorts(targetInput(pipeline, kinds));
  const looked = await Promise.all(
    statuses.map(async ({ process, port, state }) => {
      const wanted = preferred.get(process);
      if (wanted === undefined) return undefined;
      if (state === 'running') return port === wanted ? undefined : `${process} :${wanted} (now :${port})`;
      return (await isPortFree(wanted)) ? undefined : `${process} :${wanted}`;
    }),
  );
  const taken = looked.filter((one) => one !== undefined);
  if (taken.length === 0)
    return [{ about: 'ports', health: 'good', says: `${preferred.size} free, or this pipeline's` }];
  const says = `taken by others: ${taken.join(', ')}`;
  return [{ about: 'ports', health: 'warning', says, todo: 'The next free ones are used; evpipe env prints them.' }];
}

async function others(
  { pipeline }: Session,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Diagnosis[]> {
  const running = (await runningPipelines(env)).filter(({ file }) => file !== pipeline.file);
  if (running.length === 0) return [];
  return [{ about: 'pipelines', health: 'good', says: `also running: ${running.map(({ file }) => file).join(', ')}` }];
}
