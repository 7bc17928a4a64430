import * as z from 'zod';
import type { FileKind } from './kind.js';
import { namespaceSpec } from './namespace.js';
import type { TargetSection } from './pipeline.js';
import { mapping, named } from './spec-words.js';

// A file is checked once: compiling its form to code takes longer than that.
z.config({ jitless: true });

/** The pipeline file as a user writes it, before defaults. What its sections hold is for their kinds to say. */
export interface PipelineSpec {
  readonly name: string;
  readonly targets: Readonly<Record<string, Omit<TargetSection, 'name'>>>;
  readonly [section: string]: unknown;
}

/**
 * The form of the whole file: evpipe's own keys, and the sections of the kinds. Descriptions are what editors show;
 * messages are in the words of the file, never of the library.
 */
export function pipelineSpec(kinds: readonly FileKind[]): z.ZodType<PipelineSpec> {
  const sections = kinds.flatMap((kind) => kind.sections);
  const target = mapping({
    base: z
      .enum(['embedded', 'compose', 'cluster'], { error: 'must be embedded, compose or cluster' })
      .default('embedded')
      .describe('Where everything that is not named here runs'),
    namespace: namespaceSpec
      .optional()
      .describe(
        'Prefix of topics, subjects, connectors, groups, queues, slots and streams: for servers that are shared',
      ),
    ...Object.assign({}, ...kinds.map(({ placements }) => placements)),
  });
  return mapping({
    version: z
      .literal(1, {
        error: ({ input }) =>
          input === undefined ? 'is missing; it must be 1' : 'must be 1, the only version of the format',
      })
      .describe('Version of the file format'),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,49}$/, {
        error: 'a name has lower-case letters, digits and "-", at most 50 characters',
      })
      .describe('Name of the pipeline: part of the names of slots, topics and folders'),
    ...Object.fromEntries(sections.map(({ key, spec }) => [key, spec])),
    targets: named(target).default({}).describe('Targets besides embedded, compose and cluster'),
    profiles: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Overlays of this file for --profile: merged deep, null removes'),
  }) as unknown as z.ZodType<PipelineSpec>;
}
