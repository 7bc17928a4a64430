import type { KsqlEntity } from '../../clients/ksqldb/client.js';
import { type KsqlQueryPart, streamQuery } from '../../clients/ksqldb/query.js';
import { splitStatements } from '../../protocol/ksql/parse.js';
import { KsqlSyntaxError } from '../../protocol/ksql/position.js';
import { EvpipeError } from '../../support/errors.js';
import { server } from '../../targets/target.js';
import type { Session } from '../session.js';

export type { KsqlEntity } from '../../clients/ksqldb/client.js';

/** What a statement answers, as it comes. */
export type KsqlAnswer = KsqlQueryPart | { readonly kind: 'entity'; readonly entity: KsqlEntity };

/** A conversation with ksqlDB: SET, UNSET, DEFINE and UNDEFINE hold for the statements after them, as in its own shell. */
export class KsqlConversation {
  private readonly properties = new Map<string, string>();
  private readonly variables = new Map<string, string>();

  constructor(private readonly session: Session) {}

  /**
   * Sends the statements of a text one by one. A push query goes on until the signal. Throws EVPIPE_KSQL_SYNTAX where the text can't
   * be cut, EVPIPE_KSQLDB_<CODE> in the server's words, EVPIPE_NOT_RUNNING and EVPIPE_KSQLDB_UNREACHABLE (kind unreachable).
   */
  async *run(text: string, signal: AbortSignal): AsyncGenerator<KsqlAnswer> {
    for (const statement of statementsOf(text)) yield* this.runOne(`${statement};`, signal);
  }

  private async *runOne(statement: string, signal: AbortSignal): AsyncGenerator<KsqlAnswer> {
    const said = this.remember(statement);
    if (said !== undefined) return void (yield { kind: 'end', message: said });
    const options = {
      properties: Object.fromEntries(this.properties),
      variables: Object.fromEntries(this.variables),
    };
    if (/^(select|print)\b/i.test(statement)) {
      const { host } = await this.session.clients.endpoint(server('ksqldb'));
      yield* streamQuery(host.url, statement, { ...options, signal });
      return;
    }
    const ksqldb = await this.session.clients.ksqldb();
    for (const entity of await ksqldb.send(statement, options)) yield { kind: 'entity', entity };
  }

  /** What concerns this conversation alone is not for the server. */
  private remember(statement: string): string | undefined {
    const [, word = '', quoted, plain, value] =
      /^(set|unset|define|undefine)\s+(?:'((?:[^']|'')*)'|([a-z_]\w*))\s*(?:=\s*'((?:[^']|'')*)')?\s*;$/i.exec(
        statement,
      ) ?? [];
    const verb = word.toLowerCase();
    const name = quoted ?? plain;
    if (name === undefined) return undefined;
    const map = verb.endsWith('define') ? this.variables : this.properties;
    if (verb.startsWith('un')) {
      map.delete(name);
      return `${name} is unset`;
    }
    if (value === undefined) return undefined;
    map.set(name, value.replaceAll("''", "'"));
    return `${name} is set to ${value}`;
  }
}

function statementsOf(text: string): readonly string[] {
  try {
    return splitStatements(text).map((one) => one.text);
  } catch (failure) {
    if (!(failure instanceof KsqlSyntaxError)) throw failure;
    throw new EvpipeError('EVPIPE_KSQL_SYNTAX', failure.message, { kind: 'usage' });
  }
}

/** Whether what was typed so far ends a statement. */
export function endsKsqlStatement(text: string): boolean {
  try {
    // Whatever follows a complete statement begins a new one; in an open string it does not.
    return splitStatements(`${text}\nx`).length > splitStatements(text).length && splitStatements(text).length > 0;
  } catch {
    return false;
  }
}
