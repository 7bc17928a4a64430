import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { database, databaseComponent } from '../../../src/kinds/database/component.js';
import { store, storeComponent } from '../../../src/kinds/store/component.js';
import type { TargetSection } from '../../../src/pipeline/pipeline.js';
import { silentLog } from '../../../src/support/log.js';
import { openTarget } from '../../../src/targets/open.js';
import type { Target } from '../../../src/targets/target.js';

let folder: string;
let target: Target | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-stores-'));
});
afterEach(async () => {
  await target?.shutdown({ volumes: true });
  target = undefined;
  rmSync(folder, { recursive: true, force: true });
});

type StoreInput = Parameters<typeof storeComponent>[0];

const documents: StoreInput = { name: 'customers', kind: 'documents', optional: false };
const cache = (optional: boolean): StoreInput => ({ name: 'cache', kind: 'cache', optional });

function open(
  stores: readonly StoreInput[],
  spec: Partial<TargetSection> = {},
  env: Record<string, string> = {},
): Target {
  const placed: TargetSection = { name: 't', base: 'embedded', ...spec };
  const input = {
    pipeline: 'p',
    file: join(folder, 'evpipe.yaml'),
    folder,
    target: placed,
    components: [
      databaseComponent({ name: 'customers' }, { target: placed }),
      ...stores.map((one) => storeComponent(one, { target: placed, stores })),
    ],
  };
  const surroundings = { ...process.env, XDG_STATE_HOME: folder, ...env };
  target = openTarget(input, { stateFolder: join(folder, '.evpipe', 'p'), env: surroundings, log: silentLog });
  return target;
}

describe('stores on the embedded target', () => {
  it('keeps documents in the same PostgreSQL as the databases, in a database that none of them can be called by', async () => {
    const { start, status } = bound(open([documents]));
    const [held, own] = await Promise.all([start(store('customers')), start(database('customers'))]);
    expect(held.endpoint.host.url).toMatch(/^postgres:\/\/postgres:[^@]+@127\.0\.0\.1:\d+\/_store_customers$/);
    expect(own.endpoint.host.url).toMatch(/\/customers$/);
    expect(new URL(held.endpoint.host.url).port).toBe(new URL(own.endpoint.host.url).port);
    expect((await status()).map(({ process, state }) => `${process} ${state}`)).toEqual(['postgres running']);
  });

  it('says of a cache that the machine has no program for that it is absent, and refuses its start', async () => {
    const { start, status } = bound(open([cache(true)], {}, { PATH: folder }));
    await expect(start(store('cache'))).rejects.toMatchObject({
      code: 'EVPIPE_STORE_MISSING',
      message: 'there is no redis-server on PATH',
      todo: expect.stringContaining('apt-get install redis-server'),
    });
    expect((await status()).find(({ process }) => process === 'redis')).toMatchObject({
      state: 'absent',
      lastLines: ['there is no redis-server on PATH'],
    });
  });
});

describe('stores with an address', () => {
  it('have it from the environment by their name, and say what they are by its scheme', async () => {
    const url = 'mongodb://me:secret@a:27017,b:27017/shop?replicaSet=r';
    const at = open([documents, cache(false)], { stores: { customers: { url }, cache: { url: 'redis://h:6379/1' } } });
    expect((await at.endpoint(store('customers')))?.host).toEqual({ url, ours: false });
    const shown = (await at.status()).find(({ process }) => process === 'stores/customers');
    expect(shown?.address).toBe('mongodb://a:27017,b:27017/shop');
    const elsewhere = open(
      [documents],
      { base: 'cluster', databases: { customers: 'embedded' } },
      { EVPIPE_STORE_CUSTOMERS_URL: url },
    );
    expect((await elsewhere.endpoint(store('customers')))?.host.url).toBe(url);
  });

  it('may be without one where they are optional, and only there', async () => {
    const spec: Partial<TargetSection> = { base: 'cluster', databases: { customers: 'embedded' } };
    const without = open([cache(true)], spec);
    expect(await without.endpoint(store('cache'))).toBeUndefined();
    expect((await without.status()).find(({ process }) => process === 'stores/cache')?.state).toBe('absent');
    expect(() => open([cache(false)], spec)).toThrow('no address for stores/cache (EVPIPE_STORE_CACHE_URL)');
  });

  it('are refused with another scheme, without telling the address', () => {
    const wrong = () => open([documents], { stores: { customers: { url: 'redis://:secret@h:6379' } } });
    expect(wrong).toThrow(/stores\/customers is not of the form mongodb:/);
    expect(wrong).not.toThrow(/secret/);
  });
});

const bound = (one: Target) => ({ start: one.start.bind(one) as Target['start'], status: one.status.bind(one) });
