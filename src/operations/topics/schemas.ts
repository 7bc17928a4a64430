import type { SchemaReference } from '../../clients/schema-registry/client.js';
import type { Session } from '../../kinds/session.js';
import { registryClient } from '../../kinds/subject/client.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import type { SchemaType } from '../../protocol/confluent/schema-type.js';
import { EvpipeError } from '../../support/errors.js';

export interface SubjectReport {
  readonly subject: string;
  readonly declared: boolean;
  /** What its next version has to agree with; undefined: what holds for all subjects. */
  readonly compatibility: string | undefined;
  readonly versions: ReadonlyArray<{
    readonly version: number;
    readonly id: number;
    readonly type: SchemaType;
    readonly references: readonly SchemaReference[];
    readonly schema: string;
  }>;
}

/** Subjects with all their versions; none named: all. Throws EVPIPE_SUBJECT_MISSING (kind usage) with the name that was meant. */
export async function describeSubjects(session: Session, names: readonly string[]): Promise<readonly SubjectReport[]> {
  const registry = await registryClient(session.clients);
  const known = [...(await registry.listSubjects())].sort();
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new EvpipeError('EVPIPE_SUBJECT_MISSING', `there is no subject ${unknown}${didYouMean(unknown, known)}`, {
      kind: 'usage',
    });
  const declared = new Set(session.pipeline.subjects.map(({ name }) => name));
  return Promise.all(
    (names.length > 0 ? names : known).map(async (subject): Promise<SubjectReport> => {
      const versions = await Promise.all(
        (await registry.versions(subject)).map((version) => registry.version(subject, version)),
      );
      return {
        subject,
        declared: declared.has(subject),
        compatibility: await registry.compatibility(subject),
        versions: versions.flatMap((found) =>
          found === undefined
            ? []
            : [
                {
                  version: found.version,
                  id: found.id,
                  type: found.schemaType,
                  references: found.references,
                  schema: found.schema,
                },
              ],
        ),
      };
    }),
  );
}
