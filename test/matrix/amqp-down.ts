import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectAmqp } from '../../src/clients/amqp/client.js';
import type { AmqpClient } from '../../src/clients/amqp/contract.js';
import { type Ran, runIn } from '../support/command-line.js';
import { connected, type Place, unique } from './amqp/client.js';

/** `down --volumes` on a broker that evpipe does not run takes what the pipeline declares, and nothing of anybody else. */
export function proveDown(place: Place): void {
  describe('evpipe down --volumes on a RabbitMQ with an address', () => {
    let folder: string;
    let amqp: AmqpClient;
    let names: { readonly events: string; readonly audit: string; readonly mails: string; readonly likes: string };
    let run: (command: string, ...argv: string[]) => Promise<Ran>;

    beforeEach(async () => {
      const { url, managementUrl } = await place();
      folder = mkdtempSync(join(tmpdir(), 'evpipe-down-'));
      names = { events: unique('events'), audit: unique('audit'), mails: unique('mails'), likes: unique('likes') };
      const file = `version: 1
name: hub
rabbitmq:
  exchanges: { ${names.events}: { type: topic }, ${names.audit}: { type: fanout } }
  queues: { ${names.mails}: {}, ${names.likes}: {} }
  bindings: [{ exchange: ${names.events}, queue: ${names.mails}, key: "user.*" }]
targets: { real: { rabbitmq: { url: "${url}", management: "${managementUrl}" } } }
`;
      writeFileSync(join(folder, 'evpipe.yaml'), file);
      const env = { PATH: process.env.PATH, XDG_STATE_HOME: join(folder, 'state') };
      run = (command, ...argv) => runIn(folder, env, command, '--target', 'real', ...argv);
      amqp = connectAmqp({ url });
    });
    afterEach(async () => {
      await amqp.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('deletes its queues with their messages, and its exchanges, and says so', async () => {
      expect(await run('up')).toMatchObject({ code: 0 });
      await amqp.publish(names.events, 'user.created', Buffer.from('1'));
      const refused = await run('down', '--volumes');
      expect(refused.err).toContain(`removes  RabbitMQ queue ${names.mails} with its messages`);
      expect(refused.err).toContain('Confirm with --yes.');
      expect(refused.code).toBe(2);
      expect(await amqp.queue(names.mails)).toMatchObject({ ready: 1 });
      const ended = await run('down', '--volumes', '--yes');
      expect(ended).toMatchObject({ code: 0, err: '' });
      expect(ended.out).toContain(`removed  RabbitMQ queue ${names.mails} with 1 message\n`);
      expect(ended.out).toContain(`removed  RabbitMQ queue ${names.likes}\n`);
      expect(ended.out).toContain(`removed  RabbitMQ exchange ${names.events}\n`);
      expect(ended.out).not.toContain('stays');
      expect(await amqp.queue(names.mails)).toBeUndefined();
      expect(await amqp.hasExchange(names.audit)).toBe(false);
      const again = await run('down', '--volumes', '--yes');
      expect(again).toMatchObject({ code: 0 });
      expect(again.out).not.toContain('  removed');
      expect((await run('up')).code).toBe(0);
      expect(await amqp.queue(names.mails)).toEqual({ ready: 0, consumers: 0 });
      await run('down', '--volumes', '--yes');
    });

    it.each([
      ['smoke', '--up', '--down'],
      ['exec', '--volumes', '--', 'true'],
    ] as const)(
      'asks before %s makes what it would take away at its end, and then does',
      async (command, ...options) => {
        const refused = await run(command, ...options);
        expect(refused.err).toContain(`removes  RabbitMQ queue ${names.mails} with its messages`);
        expect(refused.err).toContain('Confirm with --yes.');
        expect(refused.code).toBe(2);
        expect(await amqp.queue(names.mails)).toBeUndefined();
        const ended = await run(command, '--yes', ...options);
        expect(ended.code, ended.out + ended.err).toBe(0);
        expect(await amqp.queue(names.mails)).toBeUndefined();
        expect(await amqp.hasExchange(names.events)).toBe(false);
      },
    );

    it('leaves what others receive from, are bound to, or have declared otherwise, and tells it', async () => {
      await amqp.declareQueue({ name: names.likes, durable: true, arguments: { 'x-max-length': 7 } });
      await amqp.publish('', names.likes, Buffer.from('not ours'));
      expect((await run('up')).code).toBe(1);
      expect(await amqp.queue(names.mails)).toBeDefined();
      const channel = await (await connected(place)).createChannel();
      const other = await channel.assertQueue('', { exclusive: true });
      await channel.bindQueue(other.queue, names.events, '#');
      await channel.consume(names.mails, () => {});
      const ended = await run('down', '--volumes', '--yes');
      expect(ended).toMatchObject({ code: 0, err: '' });
      expect(ended.out).toContain(`stays    RabbitMQ queue ${names.mails}, which others use\n`);
      expect(ended.out).toContain(`stays    RabbitMQ queue ${names.likes}, which differs from the file`);
      expect(ended.out).toContain(`stays    RabbitMQ exchange ${names.events}, which others use\n`);
      expect(await amqp.queue(names.likes)).toMatchObject({ ready: 1 });
      expect(await amqp.hasExchange(names.events)).toBe(true);
    });
  });
}
