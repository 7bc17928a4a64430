import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawText } from '../../kinds/flow/draw.js';
import type { FileKind } from '../../pipeline/kind.js';
import { loadPipeline } from '../../pipeline/load.js';
import { templates } from '../init/templates.js';
import { withDiagram } from './readme-diagram.js';

const COLUMNS = 100;

/** The README of every pipeline and template of this package, with the diagram that `evpipe graph` draws of it. */
export function pipelineReadmes(
  kinds: readonly FileKind[],
): ReadonlyArray<{ file: string; committed: string | undefined; wanted: string }> {
  return templates().map(({ name, folder }) => {
    const { pipeline, problems } = loadPipeline({ files: [folder], profiles: [], env: {}, cwd: folder }, kinds);
    if (pipeline === undefined) throw new Error(`${name}: ${problems.map(({ message }) => message).join('; ')}`);
    const file = join(folder, 'README.md');
    const committed = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    return {
      file,
      committed,
      wanted: withDiagram(committed ?? `# ${name}\n`, drawText(pipeline, { columns: COLUMNS })),
    };
  });
}
