import { resolve } from 'node:path';
import * as z from 'zod';
import { section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { mapping, text, whole } from '../../pipeline/spec-words.js';
import type { Placed } from '../../targets/component.js';
import type { HttpServerAddress } from '../http-component.js';

export interface SubjectSection extends Located {
  /** Absolute. */
  readonly file: string;
  readonly type: 'AVRO' | 'JSON' | 'PROTOBUF';
  readonly references: ReadonlyArray<{ readonly name: string; readonly subject: string; readonly version: number }>;
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    /** Of all declared subjects. */
    readonly compatibility: string | undefined;
    readonly subjects: readonly SubjectSection[];
  }

  interface TargetSection {
    readonly schemaRegistry?: Placed<HttpServerAddress> | undefined;
  }
}

const subject = z.union(
  [
    text,
    mapping({
      file: text.describe('The schema'),
      type: z
        .enum(['AVRO', 'JSON', 'PROTOBUF'], { error: 'must be AVRO, JSON or PROTOBUF' })
        .default('AVRO')
        .describe('The schema language'),
      references: z
        .array(
          mapping({
            name: text.describe('The name that the schema uses'),
            subject: text.describe('Where it is registered'),
            version: whole(1, 1_000_000, 'a version is a whole number from 1').describe('Which version of it'),
          }),
        )
        .default([])
        .describe('Schemas that this one uses'),
    }),
  ],
  { error: 'must be a schema file, or a mapping with file, type and references' },
);

const schemas = mapping({
  compatibility: z
    .enum(['NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE'], {
      error: 'must be NONE, BACKWARD, FORWARD or FULL, or one of these with _TRANSITIVE',
    })
    .optional()
    .describe('Set for each of these subjects, never for the whole registry'),
  subjects: z
    .record(z.string(), subject)
    .default({})
    .describe('Subject (TOPIC-value or TOPIC-key) to schema file')
    .meta({ examples: [{ 'orders-value': 'schemas/order.avsc' }] }),
});

export const subjects = section(
  'schemas',
  schemas.optional().describe('Subjects of the Schema Registry'),
  (declared, { folder, located, shared }) => ({
    compatibility: declared?.compatibility,
    subjects: Object.entries(declared?.subjects ?? {}).map(([name, one]) => {
      const { file, type, references } =
        typeof one === 'string' ? { file: one, type: 'AVRO' as const, references: [] } : one;
      return {
        ...located(shared(name), 'schemas', 'subjects', name),
        file: resolve(folder, file),
        type,
        references: references.map((used) => ({ ...used, subject: shared(used.subject) })),
      };
    }),
  }),
);
