import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectSchemaRegistry } from '../../../../src/clients/schema-registry/client.js';
import { forkServer } from '../../../support/fork-server.js';
import { startTestKafka, type TestKafka } from '../../../support/kafka.js';

const PROGRAM = fileURLToPath(new URL('../../../../dist/embedded/schema-registry/process.js', import.meta.url));

let kafka: TestKafka;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  kafka = await startTestKafka();
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await kafka.stop();
});

async function start(port: number): Promise<{ port: number; child: ChildProcess }> {
  const options = { host: '127.0.0.1', port, bootstrapServers: kafka.bootstrapServers };
  const child = forkServer(PROGRAM, options);
  children.add(child);
  const ready = await new Promise<{ port: number }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { port: number }));
    child.once('exit', (code) => reject(new Error(`the registry ended with ${code}`)));
  });
  return { port: ready.port, child };
}

const ended = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once('exit', resolve));

test('a registry that is killed while it registers keeps every id that it has given', async () => {
  let running = await start(0);
  const { port } = running;
  const client = connectSchemaRegistry({ url: `http://127.0.0.1:${port}` });
  const given = new Map<string, number>();
  for (let round = 0; round < 3; round++) {
    const registering = Array.from({ length: 30 }, async (_, n) => {
      const name = `R${round}_${n}`;
      const schema = JSON.stringify({ type: 'record', name, fields: [] });
      given.set(name, await client.register(`${name}-value`, { schema }));
    });
    await Promise.all(registering.slice(0, 5));
    const gone = ended(running.child);
    running.child.kill('SIGKILL');
    await gone;
    running = await start(port);
    await Promise.all(registering); // the client has tried again by itself
  }
  expect(new Set(given.values()).size).toBe(90);
  for (const [name, id] of given) {
    expect(await client.version(`${name}-value`, 'latest')).toMatchObject({ id, version: 1 });
  }
  const gone = ended(running.child);
  running.child.kill('SIGTERM');
  expect(await gone).toBe(0);
});
