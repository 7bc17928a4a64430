import { operationsOf } from '../../kinds/kind.js';
import type { Session } from '../../kinds/session.js';
import type { ComponentLine, Health, StatusReport } from '../../kinds/status-report.js';
import { shortageOfRoom } from '../../support/disk-room.js';
import { pause } from '../../support/retry.js';
import type { ComponentStatus } from '../../targets/target.js';

const ASK_AGAIN_MS = 1_000;

/** Looks once: how each process is, and how far data has come on the way of each compare check. Starts nothing. */
export async function readStatus(session: Session): Promise<StatusReport> {
  const components = await session.target.status({ memory: true });
  const ours = components.filter(({ provider, state }) => provider !== 'address' && state !== 'absent');
  const running = ours.length === 0 || ours.some(({ state }) => state !== 'stopped');
  const [lines, flows] = await Promise.all([
    Promise.all(components.map((one) => componentLine(session, one))),
    running ? readFlows(session) : [],
  ]);
  const fullDisk = ours.length === 0 ? undefined : shortageOfRoom(session.pipeline.stateFolder);
  const upMs = Math.max(0, ...components.flatMap(({ uptimeMs }) => uptimeMs ?? []));
  const memory = components.flatMap(({ memoryBytes }) => memoryBytes ?? []);
  return {
    pipeline: session.pipeline.name,
    target: session.target.name,
    running,
    ...(upMs > 0 ? { upMs } : {}),
    ...(memory.length > 0 ? { memoryBytes: memory.reduce((sum, bytes) => sum + bytes, 0) } : {}),
    components: [...lines, ...(await otherLines(session)), ...(fullDisk === undefined ? [] : [FULL_DISK])],
    notes: [fullDisk ?? [], components.filter(({ state }) => state === 'absent').map(absence)].flat(),
    flows,
  };
}

/** A report a second, until the signal is aborted. */
export async function* watchStatus(session: Session, signal: AbortSignal): AsyncGenerator<StatusReport> {
  while (!signal.aborted) {
    yield await readStatus(session);
    await pause(ASK_AGAIN_MS, signal).catch(() => {});
  }
}

/** What is not a component and is well or not all the same: jobs. */
async function otherLines(session: Session): Promise<readonly ComponentLine[]> {
  return (await operationsOf(session.kinds)).flatMap(({ operations }) => operations.lines?.(session) ?? []);
}

/** Its place is too long for the table: a note has it. */
const FULL_DISK: ComponentLine = { name: 'disk', health: 'bad', state: 'full', lastError: 'no space left on device' };

async function readFlows(session: Session): Promise<StatusReport['flows']> {
  const all = await operationsOf(session.kinds);
  return (await Promise.all(all.map(({ operations }) => operations.flows?.(session) ?? []))).flat();
}

/** A process may be there and not live: stopped, or busy for ever. */
async function componentLine(session: Session, status: ComponentStatus): Promise<ComponentLine> {
  const [component] = status.components;
  const asked = component !== undefined && (status.state === 'running' || status.state === 'unknown');
  const endpoint = asked ? (await session.target.endpoint(component))?.host : undefined;
  const silence = endpoint && component && (await session.clients.silence(component, endpoint));
  if (silence === undefined) return lineOf(session, status);
  const line = { ...lineOf(session, status), health: 'bad' as const };
  if (silence.kind === 'absent') return { ...line, state: 'unreachable', lastError: silence.why };
  return { ...line, state: 'silent', lastError: 'it accepts connections but does not answer' };
}

function lineOf(session: Session, status: ComponentStatus): ComponentLine {
  const { process: name, state, lastExit, port, restarts, lastLines } = status;
  const exit = lastExit === undefined ? undefined : `ended with ${lastExit.signal ?? `code ${lastExit.code}`}`;
  const restart = status.restartInMs === undefined ? '' : ` in ${Math.ceil(status.restartInMs / 1000)} s`;
  // What was stopped on purpose ended as it should.
  const error =
    state === 'running' || state === 'stopped'
      ? []
      : [exit, lastLines.at(-1)].flatMap((part) => part ?? []).map(session.hide);
  return {
    name,
    health: HEALTH[state],
    state: `${state}${restart}`,
    address: status.address ?? (port === undefined ? undefined : `:${port}`),
    pid: status.pid,
    memoryBytes: status.memoryBytes,
    restarts,
    uptimeMs: status.uptimeMs,
    lastError: error.length === 0 ? undefined : error.join(': '),
  };
}

/** What services do without, and why. */
function absence({ components, lastLines }: ComponentStatus): string {
  const names = components.map(({ name }) => name);
  const who = names.length === 1 ? `store ${names[0]} is` : `stores ${names.join(', ')} are`;
  return `${who} left out: ${lastLines[0] ?? 'it does not exist'}`;
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
