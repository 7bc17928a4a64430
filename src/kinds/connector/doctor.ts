import { server } from '../../targets/component.js';
import type { Diagnosis } from '../diagnosis.js';
import { readKsqlFiles } from '../ksqldb/ksql-files.js';
import type { Session } from '../session.js';
import { connectClient } from './client.js';
import { missingFenceOptions, POSTGRES_SOURCE } from './connector-flow.js';
import { connectorReports } from './connectors.js';

/** Declared connectors as they are on the worker: whether they work, and what a fence needs of their options. */
export async function examineConnectors(session: Session): Promise<readonly Diagnosis[]> {
  const connect = await connectClient(session.clients);
  const found: Diagnosis[] = [];
  for (const { name, declared, status, trouble } of await connectorReports(session)) {
    const about = `connector ${name}`;
    if (!declared || status === undefined) continue;
    if (trouble !== undefined) {
      found.push({ about, health: 'bad', says: trouble, todo: `The whole trace: evpipe connectors status ${name}` });
      continue;
    }
    const config = (await connect.config(name)) ?? {};
    const missing = config['connector.class'] === POSTGRES_SOURCE ? missingFenceOptions(config) : [];
    if (missing.length === 0) found.push({ about, health: 'good', says: 'running' });
    else {
      const says = `lacks ${missing.join(' and ')}: checks that depend on it can't be fenced on a quiet database`;
      found.push({
        about,
        health: 'warning',
        says,
        todo: 'Add what is missing to its config, or let `database:` fill it in.',
      });
    }
  }
  return found;
}

/** `${env:NAME}` in connectors' configs means the worker's environment: ours gets it from `connect.env`, a foreign one from its owner. */
export function environmentNames({ pipeline, target }: Session): readonly Diagnosis[] {
  const texts = [
    ...pipeline.connectors.flatMap(({ config, written }) => Object.values(config ?? written)),
    ...readKsqlFiles(pipeline).map(({ text }) => text),
  ];
  const names = [
    ...new Set(texts.flatMap((text) => [...text.matchAll(/\$\{env:([^}]+)\}/g)].map(([, name = '']) => name))),
  ];
  if (names.length === 0) return [];
  const about = 'connect.env';
  if (target.providerOf(server('connect')) === 'address') {
    const says = `${names.join(', ')} must be set in the worker's environment`;
    return [{ about, health: 'warning', says }];
  }
  const missing = names.filter((name) => pipeline.connectEnv[name] === undefined);
  if (missing.length === 0) return [{ about, health: 'good', says: names.join(', ') }];
  const says = `connectors want \${env:${missing[0]}}, which connect.env does not set`;
  return [{ about, health: 'bad', says, todo: `Set ${missing.join(', ')} under connect.env in the pipeline file.` }];
}
