import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KINDS } from '../../../src/kinds/table.js';
import { examinePipeline, type LoadOptions, loadPipeline } from '../../../src/pipeline/load.js';
import type { Problem } from '../../../src/pipeline/problem.js';

const PIPELINES = fileURLToPath(new URL('../../../pipelines', import.meta.url));

/** A folder of its own with a copy of a pipeline, to be changed and removed. */
export class Workspace {
  readonly folder = mkdtempSync(join(tmpdir(), 'evpipe-pipeline-'));

  constructor(pipeline = 'person-planning') {
    cpSync(join(PIPELINES, pipeline), this.folder, { recursive: true, filter: (path) => !path.includes('.evpipe') });
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  load(options: Partial<LoadOptions> = {}) {
    return loadPipeline({ files: ['evpipe.yaml'], profiles: [], env: {}, cwd: this.folder, ...options }, KINDS);
  }

  examine(options: Partial<LoadOptions> = {}) {
    return examinePipeline({ files: ['evpipe.yaml'], profiles: [], env: {}, cwd: this.folder, ...options }, KINDS);
  }

  /** The pipeline with this text merged over it. */
  loadWith(overlay: string, options: Partial<LoadOptions> = {}) {
    this.write('overlay.yaml', overlay);
    return this.load({ files: ['evpipe.yaml', 'overlay.yaml'], ...options });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const textOf = ({ severity, code, message, location: { file, line, column } }: Problem): string =>
  `${file}:${line}:${column} ${severity} ${code}: ${message}`;
