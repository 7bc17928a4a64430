import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { AnswerText } from '../../../../src/embedded/ksqldb/rest/answer-text.js';
import { waitUntil } from '../../../../src/support/retry.js';

/** More than a response takes without saying that it is full, less than a piece. */
const LONG = 'x'.repeat(40_000);

it('goes on after a pause in which the client has caught up', async () => {
  const server = createServer(async (_, response) => {
    const answer = new AnswerText(response);
    for (const row of [LONG, 'short', LONG]) {
      await answer.write(row);
      await waitUntil(
        'the client to have it all',
        async () => (response.headersSent && response.writableLength === 0) || undefined,
        { timeoutMs: 10_000 },
      );
    }
    answer.end('end');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const asked = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect(await text(answer)).toBe(`${LONG}short${LONG}end`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
