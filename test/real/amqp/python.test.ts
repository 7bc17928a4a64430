import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startAmqp } from '../../../src/embedded/amqp/server.js';
import { pythonWith } from '../stack/python.js';
import { startRealRabbitmq } from '../stack/rabbitmq.js';

const SCRIPT = fileURLToPath(new URL('clients.py', import.meta.url));

/** What pika and kombu see of the broker on that port. */
async function seen(port: number): Promise<unknown> {
  const { env } = await pythonWith('pika==1.4.4', 'kombu==5.7.0');
  const run = promisify(execFile);
  const { stdout } = await run('python3', [SCRIPT, '127.0.0.1', String(port)], {
    env: { ...process.env, ...env },
    timeout: 120_000,
  });
  return JSON.parse(stdout);
}

it('pika and kombu see the embedded server as they see RabbitMQ', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-amqp-'));
  const [embedded, real] = [await startAmqp({ dataDir }), await startRealRabbitmq()];
  try {
    const [ours, theirs] = [await seen(embedded.port), await seen(real.port)];
    expect(ours).toEqual(theirs);
    expect(theirs).toMatchObject({ pika: { product: 'RabbitMQ', cancelled: ['tag'], transaction: [0, 1] } });
  } finally {
    await Promise.all([embedded.stop(), real.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  }
});
