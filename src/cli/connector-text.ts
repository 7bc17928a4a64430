import type { ConnectorReport } from '../kinds/connector/connectors.js';

/** State by state, each with the whole trace that the worker keeps. */
export function connectorText({ name, status }: ConnectorReport): string {
  if (status === undefined) return `${name}  does not exist yet\n`;
  const indented = (text: string | undefined): string =>
    text === undefined ? '' : `${text.trimEnd().replaceAll(/^/gm, '    ')}\n`;
  const head = `${name}  ${status.connector.state}\n${indented(status.connector.trace)}`;
  const tasks = status.tasks.map(({ id, state, trace }) => `  task ${id}  ${state}\n${indented(trace)}`);
  return `${head}${tasks.length === 0 ? '  no task\n' : tasks.join('')}`;
}
