import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type RunningAmqp, startAmqp } from '../../../../src/embedded/amqp/server.js';
import { proveAmqp } from '../../../matrix/amqp.js';

const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-amqp-'));
let running: RunningAmqp;

beforeAll(async () => {
  running = await startAmqp({ dataDir });
});

afterAll(async () => {
  await running.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

proveAmqp(() => ({
  url: `amqp://127.0.0.1:${running.port}`,
  managementUrl: `http://127.0.0.1:${running.managementPort}`,
}));
