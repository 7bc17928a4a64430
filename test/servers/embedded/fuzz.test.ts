import { expect, test } from 'vitest';
import { fuzzServer } from '../../support/fuzz/fuzz-server.js';
import { FUZZED_SERVERS } from '../../support/fuzz/servers.js';

const SERVERS = FUZZED_SERVERS.filter(({ name }) => !['AMQP management', 'gateway'].includes(name));

/** `npm run soak fuzz` goes on much longer, with all servers and other seeds. */
test.each(SERVERS)('$name answers or refuses whatever is sent', async (server) => {
  const { findings, handlers } = await fuzzServer(server, { shots: 120, seed: 1, again: false });
  expect(findings).toEqual([]);
  expect([...handlers].filter(([, { reached }]) => reached === 0).map(([name]) => name)).toEqual([]);
});
