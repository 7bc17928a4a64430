// Builds dist/ from src/: one bundle per program and public entry, so that a command loads a few files instead of hundreds,
// and the types of the public entries. `prepare` runs it on every install and every npx, so it does nothing, fast, where
// dist/ is newer than every source; in an installed package there is nothing to build, and no compiler either.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const INPUTS = ['src', 'tsconfig.json', 'tsconfig.types.json', 'package-lock.json', 'bin/build.js'];

function newestMs(path) {
  const { mtimeMs } = statSync(path); // a folder's own time moves when a file in it is removed
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

function isFresh() {
  if (!existsSync(stamp)) return false;
  return Math.max(...INPUTS.map((input) => newestMs(join(root, input)))) <= statSync(stamp).mtimeMs;
}

/** What is started or imported by its path in dist/; all else is bundled into these and the chunks they share. */
function entryPoints() {
  const processes = readdirSync(join(root, 'src'), { recursive: true }).filter((file) =>
    /(^|[\\/])process\.ts$/.test(file),
  );
  return ['main.ts', 'ui/screens.ts', 'kit/index.ts', 'testing/index.ts', 'embedded/kafka/index.ts', ...processes].map(
    (file) => join(root, 'src', file),
  );
}

/** Libraries in many files that commands, servers and services load at their start: read from the bundle they cost half as much. */
const BUNDLED = new Set([
  '@fastify/formbody',
  'ajv',
  'amqplib',
  'axios',
  'chalk',
  'commander',
  'fastest-levenshtein',
  'fastify',
  'ioredis',
  'kafkajs',
  'nodemailer',
  'pg',
  'pg-copy-streams',
  'pg-cursor',
  'string-width',
  'yaml',
  'zod',
]);

/** Leaves all other libraries in node_modules; what a bundled one needs comes with it. */
const libraries = {
  name: 'libraries',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) => {
      if (kind === 'entry-point') return undefined;
      const library = path.split('/', path.startsWith('@') ? 2 : 1).join('/');
      const bundled = BUNDLED.has(library) || /[\\/]node_modules[\\/]/.test(importer);
      // pg asks for its native client only where it is installed.
      return bundled && library !== 'pg-native' ? undefined : { path, external: true };
    });
  },
};

/**
 * pg asks `navigator` which runtime it is in. Where there is none (Node 20) it makes a Response to find out, which loads all
 * of fetch and HTTP/2: longer than all of pg takes.
 */
const pgOnNode = {
  name: 'pg-on-node',
  setup(build) {
    build.onLoad({ filter: /[\\/]pg[\\/]lib[\\/]stream\.js$/ }, async ({ path }) => ({
      contents: `const navigator = { userAgent: 'Node.js' };\n${await readFile(path, 'utf8')}`,
    }));
  },
};

async function bundle(outdir) {
  const { build } = await import('esbuild');
  await build({
    entryPoints: entryPoints(),
    outbase: join(root, 'src'),
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    plugins: [libraries, pgOnNode],
    // What a bundled CommonJS library requires of Node itself.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    platform: 'node',
    format: 'esm',
    target: 'node20',
    jsx: 'automatic',
    // Half the text to read. Names stay as they are written, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
}

function declareTypes(outDir) {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const types = join(root, 'tsconfig.types.json');
  const { status } = spawnSync(process.execPath, [tsc, '-p', types, '--outDir', outDir], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the types of the public entries do not compile');
}

/** The old dist/ goes only when the new one is complete. Of two builds at once the later one wins. */
function replaceDist(fresh) {
  const old = `${fresh}.old`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

if (process.argv.includes('--force') || !isFresh()) {
  const startedMs = Date.now();
  const fresh = `${dist}.${process.pid}`;
  try {
    await bundle(fresh);
    declareTypes(fresh);
    // The stamp's time is when the build began: a source saved meanwhile is built the next time.
    writeFileSync(join(fresh, '.built'), `${new Date(startedMs).toISOString()}\n`);
    utimesSync(join(fresh, '.built'), startedMs / 1000, startedMs / 1000);
    replaceDist(fresh);
  } catch (failure) {
    console.error(`build failed: ${failure.message}`);
    process.exitCode = 1;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
