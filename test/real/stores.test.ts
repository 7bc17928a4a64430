import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pingCache } from '../../src/clients/cache/ping.js';
import { type RunningPostgres, startPostgres } from '../../src/embedded/postgres/server.js';
import { store, storeComponent } from '../../src/kinds/store/component.js';
import { silentLog } from '../../src/support/log.js';
import { openTarget } from '../../src/targets/open.js';
import { documentStoreBehaviour } from '../matrix/documents.js';
import { startMongodb } from './stack/mongodb.js';

let folder: string;
let postgres: RunningPostgres;
let mongodb: Awaited<ReturnType<typeof startMongodb>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-real-stores-'));
  postgres = await startPostgres({ dataDir: join(folder, 'pg') });
  mongodb = await startMongodb(join(folder, 'mongodb'));
});
afterAll(async () => {
  await mongodb?.stop();
  await postgres?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe('a document store over the mongodb driver', () => {
  documentStoreBehaviour({ store: () => mongodb.url, postgres: () => postgres.url });
});

describe("a cache in the system's Redis", () => {
  it('is run by the supervisor on 127.0.0.1 with a password, a database for each cache, and nothing on disk', async () => {
    const signal = new AbortController().signal;
    const caches = ['cache', 'sessions'].map((name) => ({ name, kind: 'cache' as const, optional: false }));
    const placed = { name: 'embedded', base: 'embedded' as const };
    const input = {
      pipeline: 'p',
      file: join(folder, 'evpipe.yaml'),
      folder,
      target: placed,
      components: caches.map((cache) => storeComponent(cache, { target: placed, stores: caches })),
    };
    const env = { ...process.env, XDG_STATE_HOME: folder };
    const target = openTarget(input, { stateFolder: join(folder, '.evpipe', 'p'), env, log: silentLog });
    try {
      const [first, second] = await Promise.all(caches.map(({ name }) => target.start(store(name))));
      const [a = '', b = ''] = [first?.endpoint.host.url, second?.endpoint.host.url];
      expect(a).toMatch(/^redis:\/\/:[^@]{32}@127\.0\.0\.1:\d+\/0$/);
      expect(b).toBe(a.replace(/0$/, '1'));
      expect(await pingCache(b, signal)).toMatch(/^\d+\.\d+/);
      await expect(pingCache(a.replace(/:[^:@]+@/, ':wrong@'), signal)).rejects.toMatchObject({
        code: 'EVPIPE_CACHE_REFUSED',
      });
      expect((await target.status()).map(({ process, state }) => `${process} ${state}`)).toEqual(['redis running']);
      await target.stop(store('cache'));
      await expect(pingCache(a, signal)).rejects.toMatchObject({ kind: 'unreachable' });
    } finally {
      await target.shutdown({ volumes: true });
    }
  });
});
