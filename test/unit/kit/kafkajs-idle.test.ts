import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import '../../../src/kit/kafkajs-idle.js';

/** What kafkajs's connection does with its queue; its own types end before it. */
interface Queue extends RequestQueue {
  maybeThrottle(ms: number): void;
  push(request: object): void;
  fulfillRequest(response: object): void;
}

let queue: Queue;
let sent: number[];

function push(correlationId: number): void {
  queue.push({
    entry: { correlationId, apiName: 'Fetch', apiKey: 1, apiVersion: 11, resolve: () => {}, reject: () => {} },
    expectResponse: true,
    sendRequest: () => sent.push(correlationId),
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  const logger = { debug: () => {}, warn: () => {} };
  queue = new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1_000, logger }) as Queue;
});
afterEach(() => {
  vi.useRealTimers();
});

it('sets no timer while no request waits', () => {
  push(1);
  queue.fulfillRequest({ correlationId: 1 });
  expect(sent).toEqual([1]);
  expect(vi.getTimerCount()).toBe(0);
});

it('sends what waited for another request to end, and what waited for the end of a throttle', () => {
  push(1);
  push(2);
  queue.fulfillRequest({ correlationId: 1 });
  expect(sent).toEqual([1, 2]);
  queue.fulfillRequest({ correlationId: 2 });

  queue.maybeThrottle(100);
  push(3);
  vi.advanceTimersByTime(99);
  expect(sent).toEqual([1, 2]);
  vi.advanceTimersByTime(10);
  expect(sent).toEqual([1, 2, 3]);
  queue.fulfillRequest({ correlationId: 3 });
  vi.advanceTimersByTime(1_000);
  expect(vi.getTimerCount()).toBe(0);
});
