import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openConnect } from '../../src/clients/connect/client.js';
import { connectKafka } from '../../src/clients/kafka/client.js';
import { startConnect } from '../../src/embedded/connect/server.js';
import { startKafka } from '../../src/embedded/kafka/index.js';
import { startKsqldb } from '../../src/embedded/ksqldb/server.js';
import { startSchemaRegistry } from '../../src/embedded/schema-registry/server.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { silentLog } from '../../src/support/log.js';
import { type Ended, sandbox } from '../support/evpipe.js';

const HOST = '127.0.0.1';

/** Servers that nobody's `up` has started; they are told apart by their addresses only. */
async function sharedServers(life: Lifetime) {
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-shared-'));
  life.onEnd(() => rmSync(dataDir, { recursive: true, force: true }));
  const { bootstrapServers, stop } = await startKafka({ dataDir });
  life.onEnd(stop);
  const registry = await startSchemaRegistry({ host: HOST, port: 0, bootstrapServers, log: silentLog });
  life.onEnd(() => registry.stop());
  const connect = await startConnect({ host: HOST, port: 0, kafka: { bootstrapServers } });
  life.onEnd(() => connect.stop());
  const urlOf = ({ port }: { readonly port: number }) => `http://${HOST}:${port}`;
  const ksqldb = await startKsqldb({
    host: HOST,
    port: 0,
    kafka: { bootstrapServers },
    schemaRegistry: { url: urlOf(registry) },
    connect: { url: urlOf(connect) },
    log: silentLog,
  });
  life.onEnd(() => ksqldb.stop());
  return {
    kafka: { bootstrapServers },
    schemaRegistry: { url: urlOf(registry) },
    connect: { url: urlOf(connect) },
    ksqldb: { url: urlOf(ksqldb) },
  };
}

it('two people bring one file up on the same servers, and neither notices the other', async () => {
  const life = new Lifetime();
  try {
    const servers = await sharedServers(life);
    const box = await sandbox('person-planning');
    const at = (namespace: string) => ({ base: 'cluster', postgres: 'embedded', ...servers, namespace });
    writeFileSync(join(box.folder, 'shared.yaml'), JSON.stringify({ targets: { ann: at('ann'), bob: at('bob') } }));
    const run = (who: string, command: string, ...more: string[]): Promise<Ended> =>
      box.run(command, '-f', 'evpipe.yaml', '-f', 'shared.yaml', '--target', who, '--yes', ...more);
    const succeeds = async (ended: Promise<Ended>): Promise<string> => {
      const { code, stdout, stderr } = await ended;
      expect(code, stdout + stderr).toBe(0);
      return stdout;
    };
    life.onEnd(() => rmSync(box.folder, { recursive: true, force: true }));
    for (const who of ['ann', 'bob']) life.onEnd(async () => void (await run(who, 'down', '--volumes')));

    for (const who of ['ann', 'bob']) await succeeds(run(who, 'up', '--seed', '--timeout', '120s'));
    const connect = openConnect(servers.connect);
    const connectors = ['ann_accounting-cdc', 'ann_person-outbox', 'bob_accounting-cdc', 'bob_person-outbox'];
    expect([...(await connect.connectors())].sort()).toEqual(connectors);
    const kafka = connectKafka({ ...servers.kafka, clientId: 'test' });
    const topics = (await kafka.listTopics()).map(({ name }) => name);
    await kafka.close();
    expect(topics).toEqual(
      expect.arrayContaining(['ann_public_person_entity_events', 'bob_public_person_entity_events']),
    );
    expect(topics).not.toContain('public_person_entity_events');
    for (const who of ['ann', 'bob']) {
      await succeeds(run(who, 'smoke', '--timeout', '60s'));
      expect(await succeeds(run(who, 'plan'))).toContain('Nothing to change');
    }

    expect(await succeeds(run('ann', 'down', '--volumes'))).toContain('removed  connector ann_person-outbox');
    expect([...(await connect.connectors())].sort()).toEqual(connectors.slice(2));
    await succeeds(run('bob', 'smoke', '--timeout', '60s'));
  } finally {
    await life.end();
  }
});
