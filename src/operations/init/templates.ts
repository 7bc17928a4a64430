import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../../support/package.js';

/** What a new pipeline can be a copy of: a folder with a pipeline file, of this package. */
export interface Template {
  readonly name: string;
  readonly folder: string;
  /** The first sentence of the comment that its file begins with. */
  readonly summary: string;
}

/** Small ones first, then the whole systems; each group by name, but the empty one before all. */
export function templates(): readonly Template[] {
  return ['templates', 'pipelines'].flatMap((group) =>
    namesIn(packageFile(group)).map((name) => {
      const folder = packageFile(group, name);
      return { name, folder, summary: summaryOf(readFileSync(join(folder, 'evpipe.yaml'), 'utf8')) };
    }),
  );
}

function namesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const emptyFirst = (name: string): string => (name === 'empty' ? '' : name);
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'evpipe.yaml')))
    .sort((a, b) => emptyFirst(a).localeCompare(emptyFirst(b)));
}

function summaryOf(text: string): string {
  const comment: string[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith('#')) break;
    comment.push(line.replace(/^#\s*/, ''));
  }
  return /^.*?[.](?=\s|$)/.exec(comment.join(' '))?.[0] ?? comment.join(' ');
}
