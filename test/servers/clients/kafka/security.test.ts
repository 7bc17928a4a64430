import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { ClientCredentials, KafkaClientOptions } from '../../../../src/clients/kafka/contract.js';
import { authenticate } from '../../../../src/clients/kafka/sasl.js';
import { startTestKafka, type TestKafka } from '../../../support/kafka.js';

let kafka: TestKafka;
/** A certificate for localhost that is its own authority, valid for a hundred years. */
const file = (name: string) => fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
const [ca, key] = [file('cert.pem'), file('key.pem')];
const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(ca, 'utf8') };

beforeAll(async () => {
  const mutual = { ...tls, ca: tls.cert, requestCert: true };
  kafka = await startTestKafka({
    listeners: [
      { name: 'TLS', tls },
      { name: 'MUTUAL', tls: mutual },
    ],
  });
});

afterAll(() => kafka.stop());

async function ask(listener: string, options: Partial<KafkaClientOptions>): Promise<string> {
  const bootstrapServers = kafka.listeners[listener] ?? '';
  const client = connectKafka({ bootstrapServers, clientId: 'test', requestTimeoutMs: 2_000, ...options });
  try {
    return (await client.describeCluster()).clusterId;
  } finally {
    await client.close();
  }
}

describe('a listener with TLS', () => {
  test('is trusted by the authority that is given, and not without it', async () => {
    expect(await ask('TLS', { ssl: { ca } })).not.toBe('');
    await expect(ask('TLS', { ssl: true })).rejects.toMatchObject({ code: 'EVPIPE_KAFKA_TLS' });
  });

  test('that wants a certificate of its clients lets in those who have one', async () => {
    expect(await ask('MUTUAL', { ssl: { ca, cert: ca, key } })).not.toBe('');
    await expect(ask('MUTUAL', { ssl: { ca } })).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test('is not tried with a file that cannot be read', async () => {
    await expect(ask('TLS', { ssl: { ca: '/missing/ca.pem' } })).rejects.toMatchObject({
      code: 'EVPIPE_TLS_FILE',
      kind: 'usage',
      message: expect.stringContaining('/missing/ca.pem'),
    });
  });
});

describe('OAUTHBEARER', () => {
  /** What the client sends; the broker answers each message with the next of `answers`. */
  async function exchanged(sasl: Parameters<typeof authenticate>[0], answers: readonly string[]) {
    const sent: string[] = [];
    await authenticate(sasl, async (message) => {
      sent.push(message.toString());
      return Buffer.from(answers[sent.length - 1] ?? '');
    });
    return sent;
  }

  test('sends the token and the extensions as RFC 7628 has it', async () => {
    const sasl = { mechanism: 'oauthbearer', token: 'abc.def', extensions: { logicalCluster: 'lkc-1' } } as const;
    expect(await exchanged(sasl, [''])).toEqual(['n,,\x01auth=Bearer abc.def\x01logicalCluster=lkc-1\x01\x01']);
  });

  test('gives the reason for which a broker refuses a token', async () => {
    const refusal = '{"status":"invalid_token"}';
    await expect(exchanged({ mechanism: 'oauthbearer', token: 'old' }, [refusal, ''])).rejects.toMatchObject({
      code: 'EVPIPE_KAFKA_SASL_AUTHENTICATION_FAILED',
      message: expect.stringContaining('invalid_token'),
    });
  });

  test('fetches a token with client credentials, once while it lives', async () => {
    const requests: string[] = [];
    const identity = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      requests.push(`${request.headers.authorization} ${body}`);
      const known = request.headers.authorization === `Basic ${Buffer.from('me:s%3Acret').toString('base64')}`;
      response.statusCode = known ? 200 : 401;
      const answer = known ? { access_token: `t${requests.length}`, expires_in: 600 } : { error: 'invalid_client' };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => identity.listen(0, '127.0.0.1', resolve));
    try {
      const tokenEndpoint = `http://127.0.0.1:${(identity.address() as AddressInfo).port}/token?realm=x`;
      const login: ClientCredentials = {
        ...{ mechanism: 'oauthbearer', tokenEndpoint },
        ...{ clientId: 'me', clientSecret: 's:cret', scope: 'kafka read' },
      };
      const [first] = await exchanged(login, ['']);
      const [again] = await exchanged(login, ['']);
      expect([first, again]).toEqual(['n,,\x01auth=Bearer t1\x01\x01', 'n,,\x01auth=Bearer t1\x01\x01']);
      expect(requests).toEqual([expect.stringMatching(/ grant_type=client_credentials&scope=kafka\+read$/)]);
      await expect(exchanged({ ...login, clientSecret: 'wrong' }, [''])).rejects.toMatchObject({
        code: 'EVPIPE_OAUTH_TOKEN',
        message: expect.stringContaining('401 (invalid_client)'),
      });
    } finally {
      identity.closeAllConnections();
      await new Promise((resolve) => identity.close(resolve));
    }
  });
});
