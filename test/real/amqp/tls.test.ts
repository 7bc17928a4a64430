import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Ran, runIn } from '../../support/command-line.js';
import { type RealRabbitmq, startRealRabbitmq } from '../stack/rabbitmq.js';
import { repositoryFolder } from '../stack/repository.js';

const tlsFile = (name: string): string => join(repositoryFolder, 'test/fixtures/tls', name);
/** Of 127.0.0.1, and its own authority. */
const CERTIFICATE = tlsFile('address-cert.pem');

let rabbitmq: RealRabbitmq;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-amqps-'));
  rabbitmq = await startRealRabbitmq({ tls: { cert: CERTIFICATE, key: tlsFile('address-key.pem') } });
});

afterAll(async () => {
  await rabbitmq?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function run(ca: string, ...argv: string[]): Promise<Ran> {
  const { url = '', managementUrl: management } = rabbitmq.secure ?? {};
  const file = {
    version: 1,
    name: 'hub',
    rabbitmq: {
      exchanges: { users: { type: 'topic' } },
      queues: { mails: {} },
      bindings: [{ exchange: 'users', queue: 'mails', key: '#' }],
    },
    targets: { real: { rabbitmq: { url: url.replace('//', '//guest:guest@'), management, ssl: { ca } } } },
  };
  writeFileSync(join(folder, 'evpipe.yaml'), JSON.stringify(file));
  return runIn(folder, process.env, ...argv, '--target', 'real');
}

it('brings queues up on a real RabbitMQ over amqps and its HTTP API over https, and takes them away', async () => {
  const up = await run(CERTIFICATE, 'up');
  expect(up.code, up.out + up.err).toBe(0);
  expect((await run(CERTIFICATE, 'plan')).out).toContain('Nothing to change');
  const doctor = await run(CERTIFICATE, 'doctor');
  expect(doctor.out).toMatch(/rabbitmq .*RabbitMQ \d/);
  const down = await run(CERTIFICATE, 'down', '--volumes', '--yes');
  expect(down.out).toContain('removed  RabbitMQ queue mails');
});

it('goes no further where the certificate is of another authority', async () => {
  const up = await run(tlsFile('cert.pem'), 'up');
  expect(up.out + up.err).toMatch(/certificate/);
  expect(up.out + up.err).not.toContain('guest:guest');
  expect(up.code).not.toBe(0);
});
