import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { placeOrders } from '../support/pizza-orders.js';
import { Stack } from '../support/stack.js';

const ORDERS = 1_000;

let stack: Stack | undefined;

afterEach(() => stack?.remove());

it.each([[[]], [['--profile', 'plain']]])(`delivers ${ORDERS} orders (%j)`, async (profile: string[]) => {
  stack = await Stack.up('pizza-orders', ...profile);
  const startedMs = performance.now();
  await placeOrders(
    stack,
    Array.from({ length: ORDERS }, () => randomUUID()),
  );
  const placedMs = performance.now();
  const ended = await stack.run('verify-consistency', ...profile);
  expect(ended.code, `${ended.stderr}${ended.stdout}`).toBe(0);
  const seconds = (from: number) => ((performance.now() - from) / 1_000).toFixed(1);
  process.stderr.write(
    `${ORDERS} orders${profile.length > 0 ? ', plain' : ''}: placed in ${((placedMs - startedMs) / 1_000).toFixed(1)} s, all delivered and proven ${seconds(placedMs)} s later\n`,
  );
});
