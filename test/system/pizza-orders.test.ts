import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../src/clients/kafka/client.js';
import { waitUntil } from '../../src/support/retry.js';
import { moveGroup } from '../support/group-offsets.js';
import { deliverOrders, placeOrders } from '../support/pizza-orders.js';
import { Stack } from '../support/stack.js';

const SOON = { timeoutMs: 30_000 };

let stack: Stack;

beforeAll(async () => {
  stack = await Stack.prepare('pizza-orders');
  // Stuck is whoever does not move on within this.
  const file = join(stack.box.folder, 'evpipe.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('within: 30s', 'within: 6s'));
  await stack.proven();
});

afterAll(() => stack?.remove());

describe('pizza-orders', () => {
  it('delivers 60 orders that come at once, each of them once', async () => {
    await deliverOrders(stack, 60);
  });

  it('shows the status of an order in the view that ksqlDB keeps, and its way by trace', async () => {
    const id = randomUUID();
    await placeOrders(stack, [id]);
    const url = await stack.url('webapp');
    await waitUntil(
      'the status page to say delivered',
      async () => {
        const { status } = (await (await fetch(`${url}/orders/${id}/status`)).json()) as { status: number | null };
        return status === 400 ? true : undefined;
      },
      SOON,
    );
    expect(await (await fetch(`${url}/`)).text()).toContain('Order a pizza');

    const traced = await stack.run('trace', 'orders', id.slice(0, 13));
    expect(traced.code, traced.stderr).toBe(0);
    const places = traced.stdout
      .split('\n')
      .flatMap((line) => /(pizza-\w+) +\d@\d+ +(\d+)/.exec(line)?.slice(1).join(' ') ?? []);
    expect(places.filter((one) => !one.startsWith('pizza-status'))).toEqual([
      'pizza-ordered 100',
      'pizza-pending 150',
      'pizza-assembled 200',
      'pizza-baked 300',
      'pizza-delivered 400',
    ]);
    const json = await stack.run('trace', 'delivered', id, '--output', 'json');
    const entries = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { place: string });
    expect(entries.map(({ place }) => place).sort()).toEqual([
      'delivery.delivered',
      'kitchen.baked',
      'pizza-baked',
      'pizza-ordered',
    ]);
    expect((await stack.run('trace', 'orders', 'nothing-begins-so')).code).toBe(1);
    expect((await stack.run('trace', 'orders', '')).code).toBe(2);
  });

  it('takes an order once, however often it is sent, and applies the migrations once', async () => {
    const id = randomUUID();
    await placeOrders(stack, [id, id]);
    const again = await stack.run('up');
    expect(again.code, `${again.stderr}${again.stdout}`).toBe(0);
    const queries = await stack.run('ksql', '-e', 'SHOW QUERIES;', '--output', 'json');
    expect(new Set(queries.stdout.match(/INSERTQUERY_\d+/g)).size).toBe(5);
  });

  it('calls an order lagging, not missing, whose event has not left the outbox', async () => {
    expect((await stack.run('stop', 'webapp')).code).toBe(0);
    const id = randomUUID();
    const orders = await stack.database('orders');
    await orders.query(
      'INSERT INTO pizza_order SELECT (jsonb_populate_record(o, jsonb_build_object($$id$$, $1::text))).* FROM pizza_order o LIMIT 1',
      [id],
    );
    await orders.query(
      `INSERT INTO order_outbox (id, topic, key, body)
       SELECT gen_random_uuid(), topic, $1::text, replace(body, key, $1::text) FROM order_outbox ORDER BY number LIMIT 1`,
      [id],
    );
    await orders.close();
    const ended = await stack.run('verify-consistency', 'orders', '--timeout', '30s');
    expect(ended.code, `${ended.stderr}${ended.stdout}`).toBe(5);
    expect(ended.stdout).toContain(`missing       ${id}`);
    expect(ended.stdout).toMatch(/… lagging[\s\S]*webapp[\s\S]*1 event behind/);
    expect((await stack.run('start', 'webapp')).code).toBe(0);
    const arrived = await stack.run('verify-consistency', 'orders');
    expect(arrived.code, `${arrived.stderr}${arrived.stdout}`).toBe(0);
  });

  it('loses no pizza that is baked before its order is known', async () => {
    const id = randomUUID();
    const kafka = connectKafka({ bootstrapServers: `127.0.0.1:${await stack.portOf('kafka')}`, clientId: 'test' });
    const producer = kafka.producer();
    const send = (topic: string, event: object) =>
      producer.send([{ topic, key: Buffer.from(id), value: Buffer.from(JSON.stringify(event)) }]);
    const timestamp = Date.now();
    await send('pizza-baked', { status: 300, timestamp: timestamp + 1 });
    await waitUntil(
      'deliver to wait for the order',
      async () => (stack.log('deliver').includes(`waits for order ${id}`) ? true : undefined),
      SOON,
    );
    await send('pizza-ordered', {
      status: 100,
      timestamp,
      order: {
        extra_toppings: [],
        customer_id: "O'Hara",
        name: 'Ada',
        sauce: 'Pesto',
        cheese: 'Vegan',
        main_topping: 'Tuna',
      },
    });
    const delivery = await stack.database('delivery');
    await waitUntil(
      'the pizza to be delivered',
      async () => (await delivery.queryText('SELECT customer_id FROM delivered WHERE order_id = $1', [id]))[0]?.[0],
      SOON,
    );
    await delivery.close();
    await producer.close();
    await kafka.close();
    // Nobody ordered it in the shop: the check says so too.
    const ended = await stack.run('verify-consistency', 'orders', '--timeout', '60s');
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(new RegExp(`extra +${id}.*not in orders.pizza_order`));
  });

  it('lists stuck orders with the stage that they wait for', async () => {
    const id = randomUUID();
    expect((await stack.run('stop', 'bake')).code).toBe(0);
    await placeOrders(stack, [id]);
    const ended = await stack.run('verify-consistency', 'orders', '--timeout', '50s');
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(
      new RegExp(`${id}\\s+stuck .*at 200 for \\d+ s, waits for bake \\(its service bake is stopped`),
    );
    // What a consumer leaves that commits an offset though its work has failed.
    await moveGroup(stack, 'bake', 'pizza-assembled', 'latest');
    expect((await stack.run('start', 'bake')).code).toBe(0);
    const lost = await stack.run('verify-consistency', 'baked');
    expect(lost.code, `${lost.stderr}${lost.stdout}`).toBe(1);
    expect(lost.stdout).toMatch(new RegExp(`missing +1? *${id}`));
  });

  it('finds, by doctor, a query that was created a second time', async () => {
    const more = 'INSERT INTO pizza_status SELECT order_id, status, timestamp FROM pizza_ordered EMIT CHANGES;';
    expect((await stack.run('ksql', '-e', more)).code).toBe(0);
    expect((await stack.run('doctor')).stdout).toMatch(
      /query INSERTQUERY_\d+ +does the same as INSERTQUERY_\d+: every record of PIZZA_STATUS is written twice/,
    );
  });
});
