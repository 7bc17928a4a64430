import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { EvpipeError } from '../../support/errors.js';
import { packageFolder, packageManifest } from '../../support/package.js';
import { fillFolder, requireEmpty } from './new-folder.js';
import { type Template, templates } from './templates.js';

const NAME = /^[a-z0-9][a-z0-9-]{0,49}$/;

/** Why a pipeline can't be called so; undefined where it can. */
export function nameProblem(name: string): string | undefined {
  return NAME.test(name) ? undefined : 'a name has lower-case letters, digits and "-", at most 50 characters';
}

export interface Scaffold {
  /** Absolute; its last part is the pipeline's name. It has to be missing or empty. */
  readonly folder: string;
  readonly template: string;
}

/**
 * Makes a new pipeline: a copy of a template under its own name, and what an editor needs to check the services'
 * types. Throws, with kind usage, EVPIPE_NAME_INVALID, EVPIPE_TEMPLATE_UNKNOWN, EVPIPE_FOLDER_NOT_EMPTY.
 */
export async function init({ folder, template: wanted }: Scaffold): Promise<Template> {
  const name = basename(folder);
  const problem = nameProblem(name);
  if (problem !== undefined) {
    const todo = 'The folder is named after the pipeline.';
    throw new EvpipeError('EVPIPE_NAME_INVALID', `${name}: ${problem}`, { kind: 'usage', todo });
  }
  const all = templates();
  const template = all.find((one) => one.name === wanted);
  if (template === undefined) {
    const names = all.map((one) => one.name);
    throw new EvpipeError('EVPIPE_TEMPLATE_UNKNOWN', `there is no template ${wanted}${didYouMean(wanted, names)}`, {
      kind: 'usage',
      todo: `Templates: ${names.join(', ')}`,
    });
  }
  requireEmpty(folder);
  await fillFolder(folder, (temporary) => {
    cpSync(template.folder, temporary, { recursive: true, filter: (source) => !isState(template, source) });
    rename(temporary, { from: template.name, to: name });
    for (const [file, text] of Object.entries(editorFiles(name, folder))) {
      if (!existsSync(join(temporary, file))) writeFileSync(join(temporary, file), text);
    }
  });
  return template;
}

const isState = (template: Template, source: string): boolean =>
  relative(template.folder, source)
    .split(sep)
    .some((part) => part === '.evpipe' || part === 'node_modules');

/** The name is in the file, in paths below its state folder, and in what the README tells to do. */
function rename(folder: string, { from, to }: { readonly from: string; readonly to: string }): void {
  const edit = (file: string, change: (text: string) => string): void => {
    const path = join(folder, file);
    if (existsSync(path)) writeFileSync(path, change(readFileSync(path, 'utf8')));
  };
  edit('evpipe.yaml', (text) =>
    text.replace(`\nname: ${from}\n`, `\nname: ${to}\n`).replaceAll(`.evpipe/${from}/`, `.evpipe/${to}/`),
  );
  edit('README.md', (text) =>
    text
      .split('\n')
      .map((line) => (line === from ? to : line === `# ${from}` ? `# ${to}` : line))
      .join('\n')
      .replaceAll(`.evpipe/${from}/`, `.evpipe/${to}/`)
      .replace(new RegExp(` pipelines/${from}(?![a-z0-9-])`, 'g'), ''),
  );
}

/** evpipe itself bundles and runs the services without them. */
function editorFiles(name: string, folder: string): Readonly<Record<string, string>> {
  const own = packageManifest();
  const manifest = {
    name,
    private: true,
    type: 'module',
    scripts: { up: 'evpipe up', smoke: 'evpipe smoke', down: 'evpipe down', check: 'tsc' },
    devDependencies: {
      '@types/node': own.devDependencies['@types/node'],
      evpipe: origin(own.version, folder),
      typescript: own.devDependencies.typescript,
    },
  };
  const compiler = {
    compilerOptions: {
      target: 'ES2023',
      module: 'NodeNext',
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      skipLibCheck: true,
      noEmit: true,
    },
    include: ['services'],
  };
  return {
    'package.json': json(manifest),
    'tsconfig.json': json(compiler),
    '.gitignore': '.evpipe/\nnode_modules/\n',
  };
}

/** Where npm gets the evpipe from that runs here: a clone or a tarball is beside no registry's version, which may not even be there. */
function origin(version: string, folder: string): string {
  const modules = dirname(packageFolder);
  if (basename(modules) !== 'node_modules') return `file:${relative(folder, packageFolder)}`;
  const listed = join(modules, '.package-lock.json');
  if (!existsSync(listed)) return `^${version}`;
  const { packages } = JSON.parse(readFileSync(listed, 'utf8')) as {
    readonly packages?: Readonly<Record<string, { readonly resolved?: string }>>;
  };
  const resolved = packages?.['node_modules/evpipe']?.resolved ?? '';
  if (resolved.startsWith('git')) return resolved;
  return resolved.startsWith('file:')
    ? `file:${relative(folder, resolve(dirname(modules), resolved.slice(5)))}`
    : `^${version}`;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
