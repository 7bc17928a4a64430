import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { type BuildFailure, build, type Plugin } from 'esbuild';
import { EvpipeError } from '../support/errors.js';
import { packageFile } from '../support/package.js';

/** What a service imports of evpipe is this very package, wherever the service's file is. */
const evpipeExports: Plugin = {
  name: 'evpipe-exports',
  setup(build) {
    const exported: Readonly<Record<string, string>> = {
      'evpipe/kit': 'dist/kit/index.js',
      'evpipe/kafka': 'dist/embedded/kafka/index.js',
    };
    build.onResolve({ filter: /^evpipe\// }, ({ path }) => {
      const file = exported[path];
      return file === undefined ? undefined : { path: packageFile(file), external: true };
    });
  },
};

export interface ServiceSource {
  readonly service: string;
  /** Absolute, or relative to `folder`. */
  readonly module: string;
  readonly folder: string;
  readonly buildFolder: string;
}

/**
 * Bundles a service's module for plain node, packages left outside, source map inside. Answers the file, whose name
 * changes with its content, so that a changed service is a changed command. Throws EVPIPE_SERVICE_BUILD with the place.
 */
export async function buildService(source: ServiceSource): Promise<string> {
  const { service, buildFolder } = source;
  const text = await bundleService(source);
  const name = encodeURIComponent(service);
  const file = join(buildFolder, `${name}.${createHash('sha256').update(text).digest('hex').slice(0, 12)}.mjs`);
  mkdirSync(buildFolder, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return file;
}

/** The same without writing it. */
export async function bundleService({ service, module, folder, buildFolder }: ServiceSource): Promise<Uint8Array> {
  const entry = isAbsolute(module) ? module : resolve(folder, module);
  const result = await build({
    entryPoints: [entry],
    outfile: join(buildFolder, `${encodeURIComponent(service)}.mjs`), // the source map's paths are relative to it
    absWorkingDir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    sourcesContent: false,
    write: false,
    logLevel: 'silent',
    plugins: [evpipeExports],
  }).catch((failure: BuildFailure) => {
    throw buildError(service, entry, folder, failure);
  });
  return result.outputFiles[0]?.contents ?? new Uint8Array();
}

/** Removes what earlier builds left; the running process has read its file long ago. */
export function removeOldBuilds(buildFolder: string, service: string, kept: string): void {
  const pattern = new RegExp(
    `^${encodeURIComponent(service).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\.[0-9a-f]{12}\\.mjs$`,
  );
  for (const file of readdirSync(buildFolder)) {
    if (pattern.test(file) && join(buildFolder, file) !== kept) rmSync(join(buildFolder, file), { force: true });
  }
}

function buildError(service: string, entry: string, folder: string, failure: BuildFailure): EvpipeError {
  const first = failure.errors?.[0];
  const place = first?.location;
  return new EvpipeError(
    'EVPIPE_SERVICE_BUILD',
    `service ${service}: ${relative(folder, entry)} can't be built: ${first?.text ?? failure.message}`,
    {
      cause: failure,
      ...(place && {
        location: { file: resolve(folder, place.file), line: place.line, column: place.column + 1 },
      }),
    },
  );
}
