import { sharedName } from '../../pipeline/namespace.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { resolveReferences } from '../../pipeline/references.js';
import { statementEffects } from '../../protocol/ksql/effects.js';
import { parseStatements } from '../../protocol/ksql/parse.js';
import { KsqlSyntaxError } from '../../protocol/ksql/position.js';
import { renameIn } from '../../protocol/ksql/rename.js';

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
  const made = new Set(resolved.flatMap(madeSources));
  const renaming = {
    source: (name: string) => (made.has(name) ? sharedSource(shared, name) : name),
    connector: shared,
  };
  return resolved.map((text) => unlessMalformed(text, () => renameIn(text, renaming)));
}

function madeSources(text: string): readonly string[] {
  return unlessMalformed<readonly string[]>([], () =>
    parseStatements(text).flatMap((statement) => {
      const { creates } = statementEffects(statement);
      return creates?.kind === 'stream' || creates?.kind === 'table' ? [creates.name] : [];
    }),
  );
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
