import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../src/cli/program.js';
import { waitUntil } from '../../../src/support/retry.js';
import { runIn } from '../../support/command-line.js';

const file = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));

/** Runs the command until `use` is done with the broker; gives what it printed. */
async function running(argv: readonly string[], use: (printed: string) => Promise<void>): Promise<string> {
  const end = new AbortController();
  let out = '';
  const shell = {
    env: {},
    cwd: process.cwd(),
    out: (text: string) => {
      out += text;
    },
    err: () => {},
    interactive: false,
    color: false,
    columns: undefined,
    signal: end.signal,
    self: 'evpipe',
  };
  const code = runCommandLine(['kafka', '--port', '0', ...argv], shell);
  try {
    await waitUntil('the broker', async () => (out.includes('\n') ? out : undefined), { timeoutMs: 20_000 });
    await use(out);
  } finally {
    end.abort();
  }
  expect(await code).toBe(130);
  return out;
}

describe('evpipe kafka', () => {
  it('takes settings and an advertised host, and removes its data', async () => {
    const argv = ['--output', 'json', '--config', 'num.partitions=3', '--advertised-host', 'localhost'];
    let dataDir = '';
    await running(argv, async (printed) => {
      const ready = JSON.parse(printed) as { bootstrapServers: string; dataDir: string };
      dataDir = ready.dataDir;
      expect(ready.bootstrapServers).toMatch(/^localhost:\d+$/);
      const admin = new Kafka({ brokers: [ready.bootstrapServers], logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      await admin.createTopics({ topics: [{ topic: 't' }] });
      expect((await admin.fetchTopicMetadata({ topics: ['t'] })).topics[0]?.partitions).toHaveLength(3);
      await admin.disconnect();
    });
    expect(existsSync(dataDir)).toBe(false);
  });

  it('opens a listener with TLS for users and prints what a client needs, but no password', async () => {
    const argv = ['--user', 'alice:secret', '--tls-cert', file('cert.pem'), '--tls-key', file('key.pem')];
    const printed = await running(argv, async (out) => {
      const address = /^bootstrap\.servers=(.+)$/m.exec(out)?.[1] ?? '';
      expect(out).toContain('security.protocol=SASL_SSL');
      expect(out).toContain(`ssl.truststore.location=${file('cert.pem')}`);
      const login = (password: string) =>
        new Kafka({
          brokers: [address],
          ssl: { rejectUnauthorized: false },
          sasl: { mechanism: 'scram-sha-256', username: 'alice', password },
          logLevel: logLevel.NOTHING,
          retry: { retries: 0 },
        }).admin();
      const admin = login('secret');
      await admin.connect();
      expect(await admin.listTopics()).toEqual([]);
      await admin.disconnect();
      await expect(login('wrong').connect()).rejects.toThrow();
    });
    expect(printed).not.toContain('secret');
  });

  it('opens the listeners that are named, and lets their users do what ACLs allow', async () => {
    const listeners = ['--listener', 'SASL_PLAINTEXT', '--listener', 'sasl_ssl:0'];
    const tls = ['--tls-cert', file('cert.pem'), '--tls-key', file('key.pem')];
    const acls = ['--super-user', 'User:admin', '--acl', 'User:ann allow read topic:orders-*'];
    const argv = ['--output', 'json', ...listeners, ...tls, '--user', 'admin:a', '--user', 'ann:b', ...acls];
    await running(argv, async (printed) => {
      const ready = JSON.parse(printed) as { listeners: Record<string, string> };
      expect(Object.keys(ready.listeners)).toEqual(['SASL_PLAINTEXT', 'SASL_SSL']);
      const login = (username: string, password: string) =>
        new Kafka({
          brokers: [ready.listeners.SASL_PLAINTEXT ?? ''],
          sasl: { mechanism: 'plain', username, password },
          logLevel: logLevel.NOTHING,
          retry: { retries: 0 },
        }).admin();
      const [admin, ann] = [login('admin', 'a'), login('ann', 'b')];
      await Promise.all([admin.connect(), ann.connect()]);
      await admin.createTopics({ topics: [{ topic: 'orders-eu' }, { topic: 'secrets' }] });
      expect(await ann.listTopics()).toEqual(['orders-eu']);
      await Promise.all([admin.disconnect(), ann.disconnect()]);
    });
  });

  it.each([
    [['--listener', 'SASL_SSL'], '--listener SASL_SSL needs a --user'],
    [['--listener', 'SSL:9093'], '--listener SSL:9093 needs --tls-cert and --tls-key'],
    [['--listener', 'HTTP'], '--listener HTTP is not one of SSL, SASL_PLAINTEXT, SASL_SSL'],
    [['--acl', 'User:ann read topic:x'], 'the ACL "User:ann read topic:x" cannot be read'],
    [['--tls-client-ca', 'ca.pem'], '--tls-client-ca needs --tls-cert and --tls-key'],
    [['--port', '99999'], '--port 99999 is not a valid port'],
    [['--config', 'nonsense=1'], 'nonsense is not a broker setting'],
    [['--config', 'num.partitions'], '--config takes a name and a value'],
    [['--config', 'num.partitions=many'], 'Invalid value many for configuration num.partitions'],
    [['--tls-cert', 'cert.pem'], '--tls-cert and --tls-key must be given together'],
  ])('refuses %j', async (argv, message) => {
    const { code, err } = await runIn(process.cwd(), {}, 'kafka', '--port', '0', ...argv);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });
});
