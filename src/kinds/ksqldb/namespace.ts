import { sharedName } from '../../pipeline/namespace.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { resolveReferences } from '../../pipeline/references.js';
import { statementEffects } from '../../protocol/ksql/effects.js';
import { parseStatements } from '../../protocol/ksql/parse.js';
import { KsqlSyntaxError } from '../../protocol/ksql/position.js';
import { renameIn } from '../../protocol/ksql/rename.js';
import { withText } from '../../protocol/ksql/with-values.js';

/** A stream or table on a server that others use too. A name that needs no backticks needs none with its prefix. */
export const sharedSource = (shared: (name: string) => string, name: string): string =>
  /^[A-Z_][A-Z0-9_]*$/.test(name) ? shared(name).toUpperCase() : shared(name);

/** The texts of all ksql migrations as they run in the pipeline's namespace. One that can't be parsed stays as it is. */
export function inNamespace(
  texts: readonly string[],
  { namespace, names }: Pick<Pipeline, 'namespace' | 'names'>,
): readonly string[] {
  const resolved = texts.map((text) => resolveReferences(text, names));
  if (namespace === undefined) return resolved;
  const shared = (name: string): string => sharedName(namespace, name);
  const made = resolved.map(madeNames);
  const own = (kind: keyof MadeNames) => {
    const names = new Set(made.flatMap((one) => one[kind]));
    return (name: string) => (names.has(name) ? sharedSource(shared, name) : name);
  };
  const renaming = { source: own('sources'), connector: shared, type: own('types'), query: own('queries') };
  return resolved.map((text) => unlessMalformed(text, () => renameIn(text, renaming)));
}

interface MadeNames {
  readonly sources: readonly string[];
  readonly types: readonly string[];
  /** Only those that are given an id, by WITH (QUERY_ID). */
  readonly queries: readonly string[];
}

/** What a migration makes and names itself. */
export function madeNames(text: string): MadeNames {
  return unlessMalformed<MadeNames>({ sources: [], types: [], queries: [] }, () => {
    const statements = parseStatements(text);
    const created = statements.flatMap((statement) => statementEffects(statement).creates ?? []);
    const named = (...kinds: (typeof created)[number]['kind'][]) =>
      created.flatMap(({ kind, name }) => (kinds.includes(kind) ? [name] : []));
    const ids = statements.flatMap((one) =>
      'with' in one ? (withText(one.with, 'QUERY_ID')?.toUpperCase() ?? []) : [],
    );
    return { sources: named('stream', 'table'), types: named('type'), queries: ids };
  });
}

/** Whoever reads or runs the file reports where it is malformed. */
function unlessMalformed<Result>(otherwise: Result, work: () => Result): Result {
  try {
    return work();
  } catch (failure) {
    if (!(failure instanceof KsqlSyntaxError)) throw failure;
    return otherwise;
  }
}
