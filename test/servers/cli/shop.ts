import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import { connectPostgres } from '../../../src/clients/postgres/client.js';
import { startPostgres } from '../../../src/embedded/postgres/server.js';
import { startTestKafka } from '../../support/kafka.js';
import { SHOP_PIPELINE } from '../../support/shop-pipeline.js';

/** A pipeline on addresses: a real broker and a real PostgreSQL, and a service that does with an order what `behaviour` says. */
export interface Shop {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly behaviour: { record: boolean; price: string; status: number };
  stop(): Promise<void>;
}

const TABLES = `
  CREATE TABLE orders (id uuid PRIMARY KEY, item text, price numeric(10,2), ordered date, note text, extra jsonb);
  CREATE TABLE orders_copy AS TABLE orders;
  ALTER TABLE orders_copy ADD PRIMARY KEY (id);
`;

export async function openShop(): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), 'evpipe-shop-'));
  const [broker, postgres] = await Promise.all([
    startTestKafka(),
    startPostgres({ dataDir: join(folder, 'postgres') }),
  ]);
  const kafka = connectKafka({ bootstrapServers: broker.bootstrapServers, clientId: 'shop' });
  await kafka.createTopic({ name: 'orders', partitions: 2 });
  const producer = kafka.producer();
  const client = await connectPostgres({ url: postgres.url });
  await client.execute(TABLES);
  const behaviour = { record: true, price: '1.50', status: 201 };

  const order = async (): Promise<{ id: string }> => {
    const [row] = await client.queryText('SELECT gen_random_uuid()::text');
    const id = row?.[0] ?? '';
    for (const table of ['orders', 'orders_copy']) {
      const values = [id, behaviour.price];
      await client.query(`INSERT INTO ${table} VALUES ($1, 'tea', $2, '2026-01-01', NULL, '{"a":2,"b":[1]}')`, values);
    }
    const value = JSON.stringify({ id, item: 'tea', line: { amount: 2, unit: 'g' } });
    if (behaviour.record) await producer.send([{ topic: 'orders', key: Buffer.from(id), value: Buffer.from(value) }]);
    return { id };
  };
  const service: Server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (behaviour.status !== 201) return void response.writeHead(behaviour.status).end('no tea left');
      order().then(
        (made) => response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(made)),
        (failure: Error) => response.writeHead(500).end(failure.message),
      );
    });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  writeFileSync(join(folder, 'evpipe.yaml'), SHOP_PIPELINE);

  return {
    folder,
    behaviour,
    env: {
      PATH: '', // no psql: evpipe's own shell is what is tested
      XDG_STATE_HOME: join(folder, 'state'),
      SHOP_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
      EVPIPE_KAFKA_BOOTSTRAP_SERVERS: broker.bootstrapServers,
      EVPIPE_DATABASE_SHOP_URL: postgres.url,
    },
    stop: async () => {
      service.closeAllConnections();
      await new Promise((resolve) => service.close(resolve));
      await producer.close();
      await Promise.all([kafka.close(), client.close()]);
      await Promise.all([broker.stop(), postgres.remove()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
