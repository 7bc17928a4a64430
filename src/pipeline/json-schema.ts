import * as z from 'zod';
import type { FileKind } from './kind.js';
import { pipelineSpec } from './spec.js';

/** JSON Schema (2020-12) of the pipeline file, for editors. */
export function jsonSchema(kinds: readonly FileKind[]): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(pipelineSpec(kinds), { io: 'input', unrepresentable: 'any' });
  return { ...schema, title: 'evpipe pipeline file' };
}
