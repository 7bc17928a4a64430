import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import { startConnect } from '../../src/embedded/connect/server.js';
import { startKafka } from '../../src/embedded/kafka/index.js';
import { startPostgres } from '../../src/embedded/postgres/server.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { packageFile } from '../../src/support/package.js';
import { sandbox } from '../support/evpipe.js';

const PAGE = readFileSync(packageFile('docs/production.md'), 'utf8');

/** The text of all its fences of this language. */
const fences = (language: string): readonly string[] =>
  [...PAGE.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, text = '']) => text);

/** What the page has addresses for, with databases that nobody has filled yet. */
async function cluster(life: Lifetime): Promise<Readonly<Record<string, string>>> {
  const folder = mkdtempSync(join(tmpdir(), 'evpipe-production-'));
  life.onEnd(() => rmSync(folder, { recursive: true, force: true }));
  const { bootstrapServers, stop } = await startKafka({ dataDir: join(folder, 'kafka') });
  life.onEnd(stop);
  const connect = await startConnect({ host: '127.0.0.1', port: 0, kafka: { bootstrapServers } });
  life.onEnd(() => connect.stop());
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  life.onEnd(() => postgres.remove());
  const client = await connectPostgres({ url: postgres.urlOf('postgres') });
  for (const name of ['orders', 'shipping']) await client.query(`CREATE DATABASE ${name}`);
  await client.close();
  return {
    KAFKA: bootstrapServers,
    CONNECT: `http://127.0.0.1:${connect.port}`,
    ORDERS_URL: postgres.urlOf('orders'),
    SHIPPING_URL: postgres.urlOf('shipping'),
  };
}

it('every command of docs/production.md does what the page says, in its order', async () => {
  const life = new Lifetime();
  try {
    const env = await cluster(life);
    const box = await sandbox(packageFile('templates/outbox'));
    life.onEnd(() => box.remove());
    const commands = fences('sh').flatMap((text) => text.trim().split('\n'));
    expect(commands.length).toBeGreaterThan(10);
    // The sandbox is the folder that `cd` goes to.
    const [init, cd, ...rest] = commands;
    expect([init, cd]).toEqual(['evpipe init shop --template outbox', 'cd shop']);
    const made = await box.run('init', 'shop', '--template', 'outbox');
    expect(made.code, made.stdout + made.stderr).toBe(0);
    cpSync(join(box.folder, 'shop'), box.folder, { recursive: true });
    rmSync(join(box.folder, 'shop'), { recursive: true });
    writeFileSync(join(box.folder, 'staging.yaml'), fences('yaml')[0] ?? '');
    Object.assign(box.env, env);
    for (const line of rest) {
      const [, words = '', code = '0'] = /^evpipe (.*?)(?: # exit code (\d))?$/.exec(line) ?? [];
      const { code: ended, stdout, stderr } = await box.run(...words.split(' '));
      expect(ended, `${line}\n${stdout}${stderr}`).toBe(Number(code));
    }
  } finally {
    await life.end();
  }
});
