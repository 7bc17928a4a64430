import { afterAll, beforeAll, expect, it } from 'vitest';
import { openConnect } from '../../../src/clients/connect/client.js';
import { connectorResource, connectorStaysUp } from '../../../src/kinds/connector/resource.js';
import { waitUntil } from '../../../src/support/retry.js';
import { WAIT_MS, World } from '../embedded/connect/world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world?.stop());

it('restarts a connector that has failed, names what it fails with again, and leaves alone what runs', async () => {
  const database = await world.database();
  const connect = openConnect({ url: world.url });
  const config = world.config(database, { 'table.include.list': 'public.t' });
  const spec = { name: 'orders', config, locationOf: () => undefined };
  const context = { connect };
  const wait = { waitingFor: () => {}, signal: new AbortController().signal, timeoutMs: WAIT_MS };
  const comesUp = async (): Promise<void> => {
    await connectorResource.ready?.(spec, context, wait);
    await connectorStaysUp(spec, context, wait);
  };
  /** On a busy machine it may run for longer than anybody watches it. */
  const fails = () =>
    waitUntil(
      'orders to fail',
      async () => ((await connect.status('orders'))?.tasks.some(({ state }) => state === 'FAILED') ? true : undefined),
      { timeoutMs: WAIT_MS },
    );
  expect(await connectorResource.revive?.(spec, context)).toEqual([]);
  await connectorResource.apply(spec, undefined, context);
  const failure = {
    code: 'EVPIPE_CONNECTOR_FAILED',
    message: expect.stringContaining('No table filters found'),
    todo: expect.stringContaining('evpipe connectors restart orders'),
  };
  await fails();
  await expect(comesUp()).rejects.toMatchObject(failure);

  expect(await connectorResource.revive?.(spec, context)).toHaveLength(1);
  await fails();
  await expect(comesUp()).rejects.toMatchObject(failure);

  await database.client.query('CREATE TABLE t (id int PRIMARY KEY)');
  expect(await connectorResource.revive?.(spec, context)).toHaveLength(1);
  await comesUp();
  expect(await connectorResource.revive?.(spec, context)).toEqual([]);
  connect.close();
});
