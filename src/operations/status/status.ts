import { operationsOf } from '../../kinds/kind.js';
import type { Session } from '../../kinds/session.js';
import type { ComponentLine, Health, StatusReport } from '../../kinds/status-report.js';
import { pause } from '../../support/retry.js';
import type { ComponentStatus } from '../../targets/target.js';

const ASK_AGAIN_MS = 1_000;

/** Looks once: how each process is, and how far data has come on the way of each compare check. Starts nothing. */
export async function readStatus(session: Session): Promise<StatusReport> {
  const components = await session.target.status();
  const running = components.some(({ state }) => state === 'running');
  const upMs = Math.max(0, ...components.flatMap(({ uptimeMs }) => uptimeMs ?? []));
  const memory = components.flatMap(({ memoryBytes }) => memoryBytes ?? []);
  return {
    pipeline: session.pipeline.name,
    target: session.target.name,
    ...(upMs > 0 ? { upMs } : {}),
    ...(memory.length > 0 ? { memoryBytes: memory.reduce((sum, bytes) => sum + bytes, 0) } : {}),
    components: components.map(componentLine),
    notes: components.filter(({ state }) => state === 'absent').map(absence),
    flows: running ? await readFlows(session) : [],
  };
}

/** A report a second, until the signal is aborted. */
export async function* watchStatus(session: Session, signal: AbortSignal): AsyncGenerator<StatusReport> {
  while (!signal.aborted) {
    yield await readStatus(session);
    await pause(ASK_AGAIN_MS, signal).catch(() => {});
  }
}

async function readFlows(session: Session): Promise<StatusReport['flows']> {
  const all = await operationsOf(session.kinds);
  return (await Promise.all(all.map(({ operations }) => operations.flows?.(session) ?? []))).flat();
}

function componentLine(status: ComponentStatus): ComponentLine {
  const exit = status.lastExit === undefined ? '' : `last exit ${status.lastExit.code ?? status.lastExit.signal}`;
  const restart = status.restartInMs === undefined ? '' : ` in ${Math.ceil(status.restartInMs / 1000)} s`;
  const detail = [
    status.address ?? (status.port === undefined ? '' : `:${status.port}`),
    status.pid === undefined ? '' : `pid ${status.pid}`,
    status.restarts === 0 ? '' : `${status.restarts} restarts`,
    status.state === 'running' ? '' : exit,
    ...(status.state === 'failed' || status.state === 'restarting' || status.state === 'absent'
      ? status.lastLines.slice(-1)
      : []),
  ];
  return {
    name: status.process,
    memoryBytes: status.memoryBytes,
    health: HEALTH[status.state],
    state: `${status.state}${restart}`,
    detail: detail.filter((part) => part !== '').join(', '),
  };
}

/** What services do without, and why. */
function absence({ components, lastLines }: ComponentStatus): string {
  const names = components.map(({ name }) => name);
  const who = names.length === 1 ? `store ${names[0]} is` : `stores ${names.join(', ')} are`;
  return `${who} left out: ${lastLines[0] ?? 'it is not there'}`;
}

const HEALTH: Readonly<Record<ComponentStatus['state'], Health>> = {
  running: 'good',
  unknown: 'good',
  starting: 'waiting',
  restarting: 'bad',
  stopped: 'waiting',
  failed: 'bad',
  absent: 'good',
};
