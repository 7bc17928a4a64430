import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands.js';
import { type Ran, runIn } from '../../support/command-line.js';
import { SHOP_PIPELINE } from '../../support/shop-pipeline.js';

const folder = mkdtempSync(join(tmpdir(), 'evpipe-offline-'));
const empty = mkdtempSync(join(tmpdir(), 'evpipe-empty-'));
const env = { XDG_STATE_HOME: join(folder, 'state'), SHOP_URL: 'http://127.0.0.1:1' };
writeFileSync(join(folder, 'evpipe.yaml'), SHOP_PIPELINE);

afterAll(() => {
  for (const one of [folder, empty]) rmSync(one, { recursive: true, force: true });
});

const run = (...argv: string[]): Promise<Ran> => runIn(folder, env, ...argv);
const words = async (...argv: string[]): Promise<string[]> =>
  (await run('__complete', '--', ...argv)).out.split('\n').flatMap((line) => line.split('\t')[0] || []);

describe('every command', () => {
  it.each(COMMANDS.map(({ name }) => name.split(' ')[0] ?? ''))('%s explains itself with an example', async (name) => {
    const { code, out } = await run(name, '--help');
    expect(out).toContain(`$ evpipe ${name}`);
    expect(out).toContain('--output');
    expect(code).toBe(0);
  });

  it('is explained with its options by help, too', async () => {
    const { code, out } = await run('help', 'verify-consistency');
    expect(out).toContain('--sample <percent>');
    expect(out).toContain('--output');
    expect(code).toBe(0);
  });

  it('is refused with exit code 2 and the nearest word where there is no such one', async () => {
    const { code, err } = await run('smok');
    expect(err).toContain('smoke');
    expect(code).toBe(2);
  });
});

describe('completion', () => {
  it('knows commands, options, their values, and the names of the file', async () => {
    expect(await words('sm')).toEqual(['smoke']);
    expect(await words('smoke', '--ju')).toEqual(['--junit']);
    expect(await words('up', '--output', '')).toEqual(['text', 'json']);
    expect(await words('tail', '')).toEqual(['orders']);
    expect(await words('verify-consistency', 'c')).toEqual(['copies']);
    expect(await words('logs', 's')).toEqual(['shop']);
    expect(await words('dead-letters', '')).toEqual(['list', 'show', 'replay']);
    expect(await words('topics', 'describe', '')).toEqual(['orders']);
    expect(await words('connectors', '')).toEqual(['list', 'status', 'pause', 'resume', 'restart']);
  });

  it('offers nothing, and says nothing, where the file is broken or missing', async () => {
    const { code, out, err } = await runIn(empty, env, '__complete', '--', 'tail', '');
    expect([code, out, err]).toEqual([0, '', '']);
  });

  it.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (name) => {
    const { code, out } = await run('completion', name);
    expect(out).toContain('__complete --');
    expect(code).toBe(0);
  });
});

describe('validate', () => {
  it('finds what is wrong inside a profile that is not chosen, but misses none of its variables', async () => {
    const file = join(empty, 'profiles.yaml');
    const profiles =
      "profiles:\n  big: { topics: { orders: { partitions: -1 } } }\n  ci: { topics: { orders: { config: { retention.ms: '$".concat(
        "{NOT_THERE}' } } } }\n",
      );
    writeFileSync(file, `${SHOP_PIPELINE}\n${profiles}`);
    const { code, err } = await runIn(empty, env, 'validate', '-f', file);
    expect(err).toMatch(/profiles\.yaml:\d+:\d+: .*\(with --profile big\)/);
    expect(err).not.toContain('NOT_THERE');
    expect(code).toBe(2);
    writeFileSync(file, `${SHOP_PIPELINE}\n${profiles.replace('-1', '6')}`);
    expect((await runIn(empty, env, 'validate', '-f', file)).out).toContain('is valid');
  });

  it('finds modules of services that cannot be bundled, with their places, and writes nothing', async () => {
    const folder = mkdtempSync(join(empty, 'modules-'));
    const service = (name: string): string => `  ${name}: { module: ${name}.ts }`;
    const names = ['sound', 'torn', 'lost'].map(service).join('\n');
    writeFileSync(join(folder, 'evpipe.yaml'), `version: 1\nname: modules\nservices:\n${names}\n`);
    writeFileSync(join(folder, 'sound.ts'), "import { runService } from 'evpipe/kit';\nrunService(async () => {});\n");
    writeFileSync(join(folder, 'torn.ts'), 'export {};\nconst x = ;\n');
    writeFileSync(join(folder, 'lost.ts'), "import './nowhere.js';\n");
    const { code, err } = await runIn(folder, env, 'validate');
    expect(err).toContain('torn.ts:2:11: service torn: torn.ts can\'t be built: Unexpected ";"');
    expect(err).toContain('lost.ts:1:8: service lost: lost.ts can\'t be built: Could not resolve "./nowhere.js"');
    expect(err).not.toContain('sound');
    expect(code).toBe(2);
    expect(readdirSync(folder).sort()).toEqual(['evpipe.yaml', 'lost.ts', 'sound.ts', 'torn.ts']);
  });
});

describe('without anything running', () => {
  it('schema prints a JSON Schema that describes the sections of the file', async () => {
    const { out } = await run('schema');
    const { properties } = JSON.parse(out) as { properties: Record<string, unknown> };
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(['databases', 'topics', 'connectors', 'smoke']));
  });

  it('graph draws what the file declares, as text and as Mermaid', async () => {
    expect((await run('graph')).out).toContain('orders');
    expect((await run('graph', '--mermaid')).out).toMatch(/^flowchart/);
  });

  it('exec takes a word before the dashes for a service, and says which one was meant', async () => {
    const { code, err } = await run('exec', 'oders', '--', 'true');
    expect(err).toMatch(/there is no service or job oders/);
    expect(err).toContain('evpipe exec -- COMMAND');
    expect(code).toBe(2);
  });

  it('env says that nothing runs, with exit code 4', async () => {
    const { code, err } = await run('env');
    expect(err).toContain('is not running');
    expect(code).toBe(4);
  });

  it('connectors says that there is no Connect to run, with exit code 2', async () => {
    const { code, err } = await run('connectors');
    expect(err).toContain('this pipeline has no connect');
    expect(code).toBe(2);
  });

  it('verify-consistency says which server does not answer, with exit code 4', async () => {
    const addresses = {
      EVPIPE_DATABASE_SHOP_URL: 'postgres://shop@127.0.0.1:1/shop',
      EVPIPE_KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1',
    };
    const { code, out } = await runIn(folder, { ...env, ...addresses }, 'verify-consistency', '--target', 'test');
    expect(out).toContain('? inconclusive');
    expect(out).toContain("postgres/shop at 127.0.0.1:1 can't be reached");
    expect(code).toBe(4);
  });

  it('logs and stop name the component that may have been meant, with exit code 2', async () => {
    for (const command of ['logs', 'stop']) {
      const { code, err } = await run(command, 'shp');
      expect(err).toContain('there is no component shp, did you mean shop?');
      expect(code).toBe(2);
    }
  });

  it('doctor examines the machine where there is no file, and names the errors of a broken one', async () => {
    const { out } = await runIn(empty, env, 'doctor');
    expect(out).toMatch(/✓ node +\d+/);
    expect(out).toMatch(/! pipeline +there is no evpipe\.yaml/);
    writeFileSync(join(empty, 'evpipe.yaml'), 'version: 1\nname: x\ntopix: {}\n');
    const broken = await runIn(empty, env, 'doctor');
    expect(broken.err).toContain('evpipe.yaml:3:1');
    expect(broken.code).toBe(2);
  });

  it('doctor lists what lint doubts: addresses written out in SQL, templates and programs', async () => {
    const own = mkdtempSync(join(tmpdir(), 'evpipe-doctor-'));
    try {
      mkdirSync(join(own, 'sql'));
      writeFileSync(
        join(own, 'sql/V1__link.sql'),
        "CREATE SERVER warehouse FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'postgres', dbname 'warehouse');\n",
      );
      writeFileSync(join(own, 'app.ini.in'), '[broker]\naddress=kafka:9092\n');
      writeFileSync(join(own, 'app.mjs'), "connect({ brokers: ['kafka:9092'] });\n");
      writeFileSync(
        join(own, 'evpipe.yaml'),
        JSON.stringify({
          version: 1,
          name: 'written',
          databases: { app: { migrations: 'sql' } },
          topics: { orders: {} },
          services: { app: { module: 'app.mjs', files: { 'app.ini': 'app.ini.in' } } },
        }),
      );
      const { out, err } = await runIn(own, env, 'doctor');
      for (const place of ['sql/V1__link.sql:1:', 'app.ini.in:2:9', 'app.mjs:1:22'])
        expect(out).toMatch(new RegExp(`^  ! file +${place}.* is an address written out`, 'm'));
      expect(out).toContain('Use $(kafka.bootstrapServers).');
      expect(err, 'said once').toBe('');
      const { out: lines } = await runIn(own, env, 'doctor', '-o', 'json');
      expect(lines).toMatch(/"about":"file","health":"warning","says":"app.ini.in:2:9: kafka:9092 is an address/);
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  });

  it('validate, plan and apply find faults of statements and modules before anything runs, at their places', async () => {
    const own = mkdtempSync(join(tmpdir(), 'evpipe-faults-'));
    try {
      mkdirSync(join(own, 'ksql'));
      writeFileSync(
        join(own, 'ksql/V1__orders.sql'),
        "CREATE STREAM orders (id INT KEY, item VARCHAR) WITH (kafka_topic = 'orders', format = 'JSON');\nCREATE STREAM teas AS SELECT id, itme FROM orders;\n",
      );
      writeFileSync(join(own, 'shop.ts'), 'export const price: number = ;\n');
      writeFileSync(
        join(own, 'evpipe.yaml'),
        JSON.stringify({
          version: 1,
          name: 'faults',
          topics: { orders: {}, TEAS: {} },
          ksqldb: { migrations: 'ksql' },
          services: { shop: { module: 'shop.ts', produces: ['orders'] } },
        }),
      );
      for (const command of ['validate', 'plan', 'apply']) {
        const { code, out, err } = await runIn(own, env, command);
        expect(err + out, command).toMatch(/ksql\/V1__orders\.sql:2:\d+: .*ITME/);
        expect(err + out, command).toMatch(/shop\.ts:1:\d+: /);
        expect(code, command).toBe(2);
      }
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  });
});
