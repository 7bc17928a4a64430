import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { describe, expect, it } from 'vitest';
import type { CheckReport } from '../../src/consistency/report.js';
import { runIn } from '../support/command-line.js';
import { got, type Place, send, untilReady } from './amqp/client.js';

const QUEUES = `
    paused: { deadLetter: pause }
    pause: { deadLetter: paused, arguments: { x-message-ttl: 50 } }
    short: { arguments: { x-max-length: 2 } }
    full: { arguments: { x-max-length: 2, x-overflow: reject-publish } }
    second: {}
    first: { deadLetter: second }`;
const CHECKED = ['paused', 'short', 'full', 'second'] as const;

/** Conservation checks that have nothing but the broker's own counters; all in one run, as those of a real broker are seconds old. */
export function proveConservation(place: Place): void {
  describe('conservation by the counters of the broker', () => {
    const proven = async (): Promise<ReadonlyMap<string, CheckReport>> => {
      const folder = mkdtempSync(join(tmpdir(), 'evpipe-conservation-'));
      const { url, managementUrl } = await place();
      const checks = CHECKED.map((queue) => `  ${queue}: { conservation: { queue: ${queue} } }`).join('\n');
      const target = `targets: { real: { rabbitmq: { url: "${url}", management: "${managementUrl}" } } }`;
      const file = `version: 1\nname: hub\nrabbitmq:\n  queues:${QUEUES}\nchecks:\n${checks}\n${target}\n`;
      writeFileSync(join(folder, 'evpipe.yaml'), file);
      const env = { PATH: process.env.PATH, XDG_STATE_HOME: join(folder, 'state') };
      const run = (...argv: string[]) => runIn(folder, env, ...argv, '--target', 'real', '--output', 'json');
      const connection = await connect(url);
      try {
        expect((await run('init-services')).code).toBe(0);
        await passMessages();
        const { out } = await run('verify-consistency', '--timeout', '20s');
        const lines = out.split('\n').filter((line) => line !== '');
        const events = lines.map((line) => JSON.parse(line) as { readonly kind: string; readonly report: CheckReport });
        await run('down', '--volumes', '--yes');
        return new Map(events.flatMap(({ kind, report }) => (kind === 'check-report' ? [[report.check, report]] : [])));
      } finally {
        await connection.close();
        rmSync(folder, { recursive: true, force: true });
      }

      async function passMessages(): Promise<void> {
        const channel = await connection.createConfirmChannel();
        const takeAll = async (queue: string, count: number): Promise<void> => {
          for (let number = 0; number < count; number += 1) channel.ack(await got(channel, queue));
        };
        await send(channel, 'paused', [1, 2, 3]);
        channel.reject(await got(channel, 'paused'), false);
        await untilReady(channel, 'paused', 3); // by way of the pause
        await takeAll('paused', 3);
        await send(channel, 'short', [1, 2, 3]);
        await takeAll('short', 2);
        await send(channel, 'full', [1, 2]);
        await send(channel, 'full', [3]).catch(() => {}); // and its publisher knows
        await takeAll('full', 2);
        await send(channel, 'first', [1]);
        channel.reject(await got(channel, 'first'), false);
        await send(channel, 'second', [2]);
        await untilReady(channel, 'second', 2);
        await takeAll('second', 2);
      }
    };
    let reports: ReturnType<typeof proven> | undefined;
    const reportOf = async (check: string): Promise<CheckReport | undefined> => {
      reports ??= proven();
      return (await reports).get(check);
    };

    it('is consistent where each message was acknowledged, those that came back after a pause once', async () => {
      expect(await reportOf('paused')).toMatchObject({ verdict: 'consistent', sourceRows: 3, replicaRows: 3 });
    });

    it('is inconsistent where a message was dropped', async () => {
      const why = expect.stringContaining('1 of 3 messages');
      expect(await reportOf('short')).toMatchObject({ verdict: 'inconsistent', why });
    });

    it('can not tell where publications were refused as the queue was full: they count as published', async () => {
      const why = expect.stringContaining('refused as the queue was full');
      expect(await reportOf('full')).toMatchObject({ verdict: 'inconclusive', why });
    });

    it('can not tell where the dead letters of another queue arrive: nobody counts them as published', async () => {
      const why = expect.stringContaining('leave out the dead letters of first');
      expect(await reportOf('second')).toMatchObject({ verdict: 'inconclusive', why });
    });
  });
}
