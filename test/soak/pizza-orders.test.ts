import { afterEach, it } from 'vitest';
import { deliverOrders } from '../support/pizza-orders.js';
import { Stack } from '../support/stack.js';

const ORDERS = 1_000;

let stack: Stack | undefined;

afterEach(() => stack?.remove());

it.each([[[]], [['--profile', 'plain']]])(`delivers ${ORDERS} orders (%j)`, async (profile: string[]) => {
  stack = await Stack.up('pizza-orders', ...profile);
  const { placedMs, provenMs } = await deliverOrders(stack, ORDERS, ...profile);
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  process.stderr.write(
    `${ORDERS} orders${profile.length > 0 ? ', plain' : ''}: placed in ${seconds(placedMs)} s, all delivered and proven ${seconds(provenMs)} s later\n`,
  );
});
