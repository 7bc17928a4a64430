// Builds dist/ from src/: one bundle per program and public entry, so that a command loads one file instead of hundreds,
// and the types of the public entries. `prepare` runs it on every install and every npx, so it does nothing, fast, where
// dist/ is newer than every source; in an installed package there is nothing to build, and no compiler either.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
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

/** Imported by their path in dist/ as modules; all else is bundled into these and the chunks they share. */
const MODULES = ['ui/screens.ts', 'testing/index.ts', 'embedded/kafka/index.ts'];

/**
 * Programs, and what every service loads, are one script each: loading a hundred modules takes a third of the CPU of a short
 * command, and only of a script does Node 20 take code that was compiled before (bin/kept-script.js).
 */
function scripts() {
  const processes = readdirSync(join(root, 'src'), { recursive: true }).filter((file) =>
    /(^|[\\/])process\.ts$/.test(file),
  );
  return ['main.ts', 'kit/index.ts', ...processes];
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
  'fs-native-extensions',
  'get-port',
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

/**
 * evpipe's requests are bytes that go by HTTP/1.1. Of axios it leaves out HTTP/2, the adapter for fetch, and forms in parts: to
 * find out whether there are such forms axios loads all of fetch, and a table of all file types.
 */
const axiosForBytes = {
  name: 'axios-for-bytes',
  setup(build) {
    build.onResolve({ filter: /^http2$/ }, ({ path, importer }) =>
      /[\\/]axios[\\/]/.test(importer) ? { path, namespace: 'left-out' } : undefined,
    );
    build.onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: 'export default undefined;' }));
    build.onLoad(
      { filter: /[\\/](axios[\\/]lib[\\/]adapters[\\/]fetch|form-data[\\/]lib[\\/]form_data)\.js$/ },
      () => ({
        contents: 'export const getFetch = undefined; export default undefined;',
      }),
    );
    build.onLoad({ filter: /[\\/]axios[\\/]lib[\\/]utils\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replace(/typeof G\.FormData !== 'undefined' \? G\.FormData : undefined/, 'undefined');
      if (contents === text) throw new Error('axios asks for FormData in other words: see axiosForBytes');
      return { contents };
    });
  },
};

/** The addon lies where its package says; the search for it loads a dozen files, for an interpreter other than Node among them. */
const lockAddon = {
  name: 'lock-addon',
  setup(build) {
    build.onLoad({ filter: /[\\/]fs-native-extensions[\\/]binding\.js$/ }, () => ({
      contents:
        "module.exports = require('fs-native-extensions/prebuilds/' + process.platform + '-' + process.arch + '/fs-native-extensions.node');",
    }));
  },
};

const LIBRARY_PLUGINS = [axiosForBytes, libraries, pgOnNode, lockAddon];

const SHARED_OPTIONS = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  jsx: 'automatic',
  // Half the text to read. Names stay as they are written, for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
};

async function bundleModules(build, outdir) {
  await build({
    ...SHARED_OPTIONS,
    entryPoints: MODULES.map((file) => join(root, 'src', file)),
    outbase: join(root, 'src'),
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    plugins: LIBRARY_PLUGINS,
    // What a bundled CommonJS library requires of Node itself.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    format: 'esm',
  });
}

/** Ink's modules wait at their top, which only modules can: the screens are loaded as modules, for a terminal alone. */
const screensApart = {
  name: 'screens-apart',
  setup(build) {
    build.onResolve({ filter: /\/ui\/screens\.js$/ }, () => ({ path: './ui/screens.js', external: true }));
  },
};

/** Its last line names its content: bin/kept-script.js keeps the compiled code under that name. */
async function bundleScript(build, outdir, entry) {
  const file = join(outdir, entry.replace(/\.ts$/, '.cjs'));
  await build({
    ...SHARED_OPTIONS,
    entryPoints: [join(root, 'src', entry)],
    outfile: file,
    plugins: [screensApart, ...LIBRARY_PLUGINS],
    define: { 'import.meta.url': 'programUrl' },
    banner: { js: "const programUrl = require('node:url').pathToFileURL(__filename).href;" },
    format: 'cjs',
  });
  const program = withImportsByLauncher(readFileSync(file, 'latin1'));
  writeFileSync(file, `${program}//${createHash('sha256').update(program).digest('hex')}`, 'latin1');
}

/** Code that was compiled before has lost its way to import modules: bin/kept-script.js does it. No column moves by that. */
function withImportsByLauncher(program) {
  if (program.includes('loadEs'))
    throw new Error('a name of the program is loadEs, as that of the function that imports');
  return program.replace(/(?<![\w$.])import\(/g, 'loadEs(');
}

/** A module under the script's name that runs it and exports what it does; bin/evpipe.js is the one of main. */
function writeLauncher(outdir, entry) {
  const script = join(outdir, entry.replace(/\.ts$/, '.cjs'));
  const up = '../'.repeat(entry.split(/[\\/]/).length);
  const run = `runKeptScript(new URL('./${basename(script)}', import.meta.url))`;
  const names = exportsOf(readFileSync(script, 'latin1'));
  writeFileSync(
    script.replace(/\.cjs$/, '.js'),
    `import { runKeptScript } from '${up}bin/kept-script.js';\n${names === '' ? '' : `export const {${names}} = `}${run};\n`,
  );
}

/** As esbuild lists them for Node's lexer, at the end of a script that exports anything. */
function exportsOf(script) {
  return /\b0&&\(module\.exports=\{([\w$,\s]*)\}\)/.exec(script)?.[1] ?? '';
}

async function bundle(outdir) {
  const { build } = await import('esbuild');
  await Promise.all([bundleModules(build, outdir), ...scripts().map((entry) => bundleScript(build, outdir, entry))]);
  for (const entry of scripts().filter((each) => each !== 'main.ts')) writeLauncher(outdir, entry);
}

/** The first command leaves its compiled code for those after it: here one that uses much of what all commands do. */
function compileAhead() {
  const argv = [join(root, 'bin', 'evpipe.js'), 'validate', join(root, 'pipelines', 'person-planning')];
  spawnSync(process.execPath, argv, { stdio: 'ignore' });
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
    compileAhead();
  } catch (failure) {
    console.error(`build failed: ${failure.message}`);
    process.exitCode = 1;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
