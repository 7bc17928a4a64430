import type { SqlType } from '../../protocol/ksql/types.js';
import { during, StatementError } from '../statement-error.js';
import type { Source } from './source.js';

/** All streams, tables and types. Queries know which of them they read and write; they hold them in use. */
export class Metastore {
  readonly sources: Map<string, Source>;
  readonly types: Map<string, SqlType>;

  /** Holds what another one holds now. */
  constructor(copied?: Metastore) {
    this.sources = new Map(copied?.sources);
    this.types = new Map(copied?.types);
  }

  /** What a query reads. */
  queried(name: string): Source {
    return during('Exception while preparing statement', () => this.source(name));
  }

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
