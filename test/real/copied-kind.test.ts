import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A copy of this package that has two kinds more: the folders of `seed` and `gateway` under new names, each with a line in the table. */
const repository = fileURLToPath(new URL('../..', import.meta.url));
let root: string;
let folder: string;

const COPIES = [
  {
    kind: 'seed',
    entry: 'sowingKind',
    /** Calls of `seed(…)` keep their name, and so does the slice of `up` that seeds belong to. */
    renamed: (text: string): string =>
      text
        .replace(/seed(?!\()/g, 'sowing')
        .replace(/Seed/g, 'Sowing')
        .replace("slice: 'sowing'", "slice: 'seed'"),
  },
  {
    kind: 'gateway',
    entry: 'portalKind',
    /** The program of the new kind's server is the old one's. */
    renamed: (text: string): string =>
      text
        .replace(/(?<!embeddedProgram\(')gateway/g, 'portal')
        .replace(/Gateway/g, 'Portal')
        .replace(/GATEWAY/g, 'PORTAL'),
  },
];

function copyKind({ kind, entry, renamed }: (typeof COPIES)[number]): void {
  const kinds = join(root, 'src', 'kinds');
  for (const file of readdirSync(join(kinds, kind), { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const from = join(file.parentPath, file.name);
    const to = join(kinds, renamed(from.slice(kinds.length + 1)));
    mkdirSync(join(to, '..'), { recursive: true });
    writeFileSync(to, renamed(readFileSync(from, 'utf8')));
  }
  const table = join(kinds, 'table.ts');
  const listed = readFileSync(table, 'utf8').replace(`  ${kind}Kind,\n`, `  ${kind}Kind,\n  ${entry},\n`);
  writeFileSync(table, `import { ${entry} } from './${renamed(kind)}/kind.js';\n${listed}`);
}

function run(program: string, ...args: string[]): { readonly code: number | null; readonly output: string } {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', CI: 'true' };
  delete env.EVPIPE_FILE;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { code: status, output: stdout + stderr };
}

const evpipe = (...args: string[]) => run(join(root, 'bin', 'evpipe.js'), ...args);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'evpipe-kind-'));
  for (const part of ['src', 'bin', 'package.json', 'tsconfig.json', 'tsconfig.types.json'])
    cpSync(join(repository, part), join(root, part), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  for (const copy of COPIES) copyKind(copy);
  folder = join(root, 'field');
  mkdirSync(join(folder, 'sql'), { recursive: true });
  writeFileSync(join(folder, 'sql', '1_bed.sql'), 'CREATE TABLE bed (id int PRIMARY KEY)');
  writeFileSync(join(folder, 'beds.sql'), 'INSERT INTO bed VALUES (1), (2)');
  writeFileSync(
    join(folder, 'hello.mjs'),
    "import { createServer } from 'node:http';\ncreateServer((_, answer) => answer.end('hello')).listen(process.env.PORT, '127.0.0.1');\n",
  );
  const [port, portal] = [await getPort({ host: '127.0.0.1' }), await getPort({ host: '127.0.0.1' })];
  const file = `version: 1
name: field
services: { hello: { command: [node, hello.mjs], port: ${port}, ready: { http: / } } }
portal: { port: ${portal}, routes: { /: hello } }
databases: { garden: { migrations: sql } }
sowing: { beds: { sql: beds.sql, database: garden } }
checks: { sown: { database: garden, rows: 'SELECT id FROM bed WHERE id = 2', expect: some } }
`;
  writeFileSync(join(folder, 'evpipe.yaml'), file);
  writeFileSync(join(folder, 'wrong.yaml'), file.replace('database: garden }', 'database: gardn }'));
});

afterAll(() => {
  const down = evpipe('down', '--volumes', '--yes');
  rmSync(root, { recursive: true, force: true });
  expect(down.code, down.output).toBe(0);
});

describe('a kind copied under a new name', () => {
  it('is one folder and one line: it compiles, and validates, comes up, shows its status and goes down', async () => {
    const compiled = run(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--noEmit', '-p', root);
    expect(compiled.code, compiled.output).toBe(0);
    const built = run(join(root, 'bin', 'build.js'), '--force');
    expect(built.code, built.output).toBe(0);

    expect(evpipe('validate')).toMatchObject({ code: 0 });
    const wrong = evpipe('validate', '-f', 'wrong.yaml');
    expect(wrong).toMatchObject({
      code: 2,
      output: expect.stringContaining('there is no database gardn, did you mean garden?'),
    });
    expect(evpipe('schema').output).toContain('"sowing"');

    const up = evpipe('up');
    expect(up.code, up.output).toBe(0);
    expect(up.output).toMatch(/sowing\s.*beds/);
    expect(up.output).toContain('Proven in'); // the check finds the row that only the new kind has written
    const portal = /EVPIPE_PORTAL_URL='?([^'\s]+)/.exec(evpipe('env').output)?.[1] ?? '';
    expect(await (await fetch(portal)).text()).toBe('hello'); // a component of the new kind
    const again = evpipe('up');
    expect(again.output).toContain('Nothing to change');

    expect(evpipe('status')).toMatchObject({ code: 0, output: expect.stringContaining('all well') });
    expect(evpipe('down')).toMatchObject({ code: 0 });
  });
});
