import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Located, ReferenceValues } from '../pipeline/pipeline.js';
import { referencesIn, resolveAll, resolveReferences } from '../pipeline/references.js';
import { settings, text } from '../pipeline/spec-words.js';
import { codeOf, EvpipeError } from '../support/errors.js';
import { credentialsFor } from './reference-values.js';
import type { Session } from './session.js';

/** What services and jobs have in common: where they run and with what environment. */
export interface ProgramSection extends Located {
  /** As in the file, relative to its folder. */
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly envFile: string | undefined;
}

export const programSpec = {
  cwd: text
    .optional()
    .describe('Working directory, relative to the pipeline file; default: the folder of the file')
    .meta({ examples: ['../shop'] }),
  env: settings
    .optional()
    .describe('Its environment; $(…) refers to what the target provides. Share one with `env: { <<: *anchor }`')
    .meta({ examples: [{ DATABASE_URL: '$(databases.person.url)' }] }),
  envFile: text
    .optional()
    .describe('A file of NAME=value lines, relative to the pipeline file; `env` takes precedence')
    .meta({ examples: ['../shop/.env'] }),
};

export const programFolder = (folder: string, { cwd }: Pick<ProgramSection, 'cwd'>): string =>
  resolve(folder, cwd ?? '.');

/** The whole environment of a program, with references resolved and the logins that go with them. Throws EVPIPE_ENV_FILE. */
export function environmentOf(
  { pipeline }: Pick<Session, 'pipeline'>,
  section: ProgramSection,
  values: ReferenceValues,
): Readonly<Record<string, string>> {
  const given = { ...fileEnvironment(pipeline.folder, section), ...section.env };
  return { ...credentialsFor(Object.values(given), values), ...resolveAll(given, values) };
}

/** The same for what looks at it only: references stand as they are, and a file that can't be read is left out. */
export function declaredEnvironment(folder: string, section: ProgramSection): Readonly<Record<string, string>> {
  try {
    return { ...fileEnvironment(folder, section), ...section.env };
  } catch {
    return section.env;
  }
}

function fileEnvironment(folder: string, { envFile, locationOf }: ProgramSection): Record<string, string> {
  if (envFile === undefined) return {};
  try {
    return parseEnv(readFileSync(resolve(folder, envFile), 'utf8')) as Record<string, string>;
  } catch (cause) {
    const why = codeOf(cause) === 'ENOENT' ? 'there is no such file' : String(cause);
    throw new EvpipeError('EVPIPE_ENV_FILE', `envFile ${envFile}: ${why}`, { location: locationOf('envFile'), cause });
  }
}

interface ProgramFiles {
  readonly envFile: string | undefined;
  readonly files?: Readonly<Record<string, string>>;
}

/** What its files refer to, beside what its section does. */
export const referencesInFiles = (folder: string, program: ProgramFiles): readonly string[] =>
  programTexts(folder, program).flatMap(referencesIn);

/** The texts of the files that a program's references may stand in; one that can't be read is refused by who starts it. */
export function programTexts(folder: string, { envFile, files = {} }: ProgramFiles): readonly string[] {
  return [...(envFile === undefined ? [] : [envFile]), ...Object.values(files)].flatMap((file) => {
    try {
      return [readFileSync(resolve(folder, file), 'utf8')];
    } catch {
      return [];
    }
  });
}

/** Files rendered from templates, by absolute path. Throws EVPIPE_TEMPLATE where one can't be read. */
export function renderedFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
  { locationOf }: Located,
  values: ReferenceValues,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files).map(([path, template]) => {
      try {
        return [resolve(folder, path), resolveReferences(readFileSync(resolve(folder, template), 'utf8'), values)];
      } catch (cause) {
        throw new EvpipeError('EVPIPE_TEMPLATE', `template ${template} can't be read: ${String(cause)}`, {
          location: locationOf('files', path),
          cause,
        });
      }
    }),
  );
}
