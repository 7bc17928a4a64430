import type { SqlType } from '../../protocol/ksql/types.js';
import { StatementError } from '../statement-error.js';
import type { Source } from './source.js';

/** All streams, tables and types. Queries know which of them they read and write; they hold them in use. */
export class Metastore {
  readonly sources = new Map<string, Source>();
  readonly types = new Map<string, SqlType>();

  source(name: string, otherwise = `${name} does not exist.`): Source {
    const found = this.sources.get(name);
    if (found !== undefined) return found;
    const near = [...this.sources.keys()].find((each) => each.toUpperCase() === name.toUpperCase());
    const hint =
      near === undefined
        ? ''
        : near === near.toUpperCase()
          ? `\nDid you mean "${near}"? Hint: try removing double quotes from the source name.`
          : `\nDid you mean "${near}"? Hint: wrap the source name in double quotes to make it case-sensitive.`;
    throw new StatementError(`${otherwise}${hint}`);
  }
}
