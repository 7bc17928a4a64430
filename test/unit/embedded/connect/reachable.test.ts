import { expect, it } from 'vitest';
import { ConnectFailure } from '../../../../src/embedded/connect/data/failure.js';
import { retriesOf, untilReachable } from '../../../../src/embedded/connect/worker/reachable.js';
import { silentLog } from '../../../../src/support/log.js';

const OUTAGE = new ConnectFailure('the registry is out of reach', { retriable: true });
const QUICK = { 'errors.retry.delay.max.ms': '1' };

/** How often it was tried, by whether the server was there in the end. */
async function tries(config: Record<string, string>, failures: number, failure: Error): Promise<string> {
  let attempts = 0;
  const attempt = async (): Promise<void> => {
    attempts++;
    if (attempts <= failures) throw failure;
  };
  const { signal } = new AbortController();
  const task = { connector: 'c', log: silentLog, signal, retries: retriesOf(config) };
  const end = await untilReachable(attempt, task).then(
    () => 'reached',
    (thrown: unknown) => (thrown === failure ? 'given up' : 'another failure'),
  );
  return `${end} after ${attempts}`;
}

it.each([
  ['waits an outage out where nothing else is said', QUICK, 'reached after 4'],
  ['waits an outage out for -1', { ...QUICK, 'errors.retry.timeout': '-1' }, 'reached after 4'],
  ['tries until errors.retry.timeout is over', { ...QUICK, 'errors.retry.timeout': '60000' }, 'reached after 4'],
  ['tries once for 0', { ...QUICK, 'errors.retry.timeout': '0' }, 'given up after 1'],
])('%s', async (_, config, expected) => {
  expect(await tries(config, 3, OUTAGE)).toBe(expected);
});

it('gives up once errors.retry.timeout is over', async () => {
  expect(await tries({ ...QUICK, 'errors.retry.timeout': '20' }, Number.POSITIVE_INFINITY, OUTAGE)).toMatch(
    /^given up/,
  );
});

it('does not repeat what is wrong', async () => {
  expect(await tries(QUICK, 1, new ConnectFailure('the schema is wrong'))).toBe('given up after 1');
});
