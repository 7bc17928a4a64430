import type { ConnectorStatus } from './client.js';

/**
 * Why a connector does not do its work, undefined where it does: it is not there, its state, no task, the first task that does
 * not run. What failed is told with the head of its trace, on lines of its own.
 */
export function troubleOf(status: ConnectorStatus | undefined): string | undefined {
  if (status === undefined) return 'Kafka Connect has no such connector';
  const { connector, tasks } = status;
  if (connector.state !== 'RUNNING') return `it is ${connector.state}${headOf(connector.trace)}`;
  if (tasks.length === 0) return 'it has no tasks';
  const task = tasks.find(({ state }) => state === 'FAILED') ?? tasks.find(({ state }) => state !== 'RUNNING');
  return task === undefined ? undefined : `task ${task.id} is ${task.state}${headOf(task.trace)}`;
}

/** It or one of its tasks has ended with an error; Connect restarts neither by itself. */
export function hasFailed({ connector, tasks }: ConnectorStatus): boolean {
  return [connector, ...tasks].some(({ state }) => state === 'FAILED');
}

/** It stays as it is until someone acts: a failure, a pause, a stop; what is being assigned or restarted does not. */
export const hasEnded = ({ connector, tasks }: ConnectorStatus): boolean =>
  [connector, ...tasks].some(({ state }) => state === 'FAILED' || state === 'PAUSED' || state === 'STOPPED');

const MESSAGES_MAX = 4;

/** What a person needs of a stack trace: its first message and those of its causes, the innermost last. */
function headOf(trace: string | undefined): string {
  const lines = (trace ?? '').split('\n').map((line) => line.trim());
  const messages = lines.filter((line, index) => line !== '' && (index === 0 || line.startsWith('Caused by:')));
  return messages
    .slice(0, MESSAGES_MAX)
    .map((line) => `\n${line}`)
    .join('');
}
