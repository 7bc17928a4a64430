import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Stack } from './stack.js';

const SENDERS = 8;

/** Orders a pizza under each id, through the web app's API. */
export async function placeOrders(stack: Stack, ids: readonly string[]): Promise<void> {
  const url = `${await stack.url('webapp')}/api/orders`;
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          id,
          name: 'Ada',
          customer_id: "O'Hara",
          sauce: "Chef's secret",
          cheese: 'Vegan',
          main_topping: 'Tuna',
          extra_toppings: 'Olives, Basil',
        }),
      });
      expect(answer.status, await answer.text()).toBeLessThan(300);
    }
  };
  await Promise.all(Array.from({ length: Math.min(SENDERS, ids.length) }, sender));
}

/** Orders so many at once, and has it proven that each was delivered; answers with the milliseconds that both took. */
export async function deliverOrders(
  stack: Stack,
  orders: number,
  ...options: string[]
): Promise<{ placedMs: number; provenMs: number }> {
  const startedMs = performance.now();
  await placeOrders(
    stack,
    Array.from({ length: orders }, () => randomUUID()),
  );
  const placedMs = performance.now();
  const ended = await stack.run('verify-consistency', ...options);
  expect(ended.code, `${ended.stderr}${ended.stdout}`).toBe(0);
  return { placedMs: placedMs - startedMs, provenMs: performance.now() - placedMs };
}
