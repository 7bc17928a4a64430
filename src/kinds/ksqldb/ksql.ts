import type { KsqlEntity } from '../../clients/ksqldb/client.js';
import { type KsqlQueryPart, streamQuery } from '../../clients/ksqldb/query.js';
import { stringifyJson } from '../../protocol/json/stringify.js';
import { tokenize } from '../../protocol/ksql/lexer.js';
import { type StatementText, splitStatements } from '../../protocol/ksql/parse.js';
import { KsqlSyntaxError } from '../../protocol/ksql/position.js';
import { EvpipeError } from '../../support/errors.js';
import { server } from '../../targets/component.js';
import type { Session } from '../session.js';
import { ksqldbClient } from './client.js';
import { type Completion, completionsOf, type KsqlNames, readKsqlNames } from './completion.js';

export type { KsqlEntity } from '../../clients/ksqldb/client.js';

/** What a statement answers, as it comes. */
export type KsqlAnswer = KsqlQueryPart | { readonly kind: 'entity'; readonly entity: KsqlEntity };

/** A value of a row as JSON, with the digits that the server wrote. */
export const jsonText = (value: unknown): string => stringifyJson(value);

/** RUN SCRIPT of a script that runs itself ends here. */
const SCRIPTS_MAX = 16;
const RUN_SCRIPT = /^run\s+script\s+'((?:[^']|'')+)'$/i;
/** After these a server may know other names. */
const CHANGES_NAMES = /^(?:create|drop|alter|run)\b/i;

/** A conversation with ksqlDB: SET, UNSET, DEFINE and UNDEFINE hold for the statements after them, as in its own shell. */
export class KsqlConversation {
  private readonly properties = new Map<string, string>();
  private readonly variables = new Map<string, string>();

  private names: Promise<KsqlNames> | undefined;

  constructor(
    private readonly session: Session,
    /** The text of RUN SCRIPT's file. */
    private readonly readScript: (file: string) => string,
  ) {}

  /**
   * Sends the statements of a text one by one, and those of the files that RUN SCRIPT names. A push query continues until the signal. Throws
   * EVPIPE_KSQL_SYNTAX where the text can't be cut, EVPIPE_KSQLDB_<CODE> in the server's words, EVPIPE_NOT_RUNNING and
   * EVPIPE_KSQLDB_UNREACHABLE (kind unreachable).
   */
  async *run(text: string, signal: AbortSignal, file?: string, depth = 0): AsyncGenerator<KsqlAnswer> {
    if (depth > SCRIPTS_MAX) {
      throw new EvpipeError('EVPIPE_KSQL_SCRIPTS', `${file} is run by itself, or scripts run scripts too deeply`, {
        kind: 'usage',
      });
    }
    for (const statement of statementsOf(text, file)) {
      if (CHANGES_NAMES.test(statement.text)) this.names = undefined;
      const script = RUN_SCRIPT.exec(statement.text)?.[1]?.replaceAll("''", "'");
      if (script !== undefined) {
        yield* this.run(this.readScript(script), signal, script, depth + 1);
        continue;
      }
      try {
        yield* this.runOne(`${statement.text};`, signal);
      } catch (failure) {
        throw file === undefined ? failure : located(failure, statement, file);
      }
    }
  }

  /** What may follow the text before the cursor. A server that does not answer leaves only what is known without it. */
  async complete(before: string): Promise<Completion> {
    this.names ??= ksqldbClient(this.session.clients).then(readKsqlNames);
    const names = await this.names.catch(() => {
      this.names = undefined;
      return NO_NAMES;
    });
    return completionsOf(before, names);
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
      yield* streamQuery({ ...host, liveness: this.session.clients.liveness }, statement, {
        ...options,
        signal,
        exact: true,
      });
      return;
    }
    const ksqldb = await ksqldbClient(this.session.clients);
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

function statementsOf(text: string, file: string | undefined): readonly StatementText[] {
  try {
    return splitStatements(text);
  } catch (failure) {
    if (!(failure instanceof KsqlSyntaxError)) throw failure;
    const { line, column, message, detail } = failure;
    const location = file === undefined ? {} : { location: { file, line, column } };
    throw new EvpipeError('EVPIPE_KSQL_SYNTAX', file === undefined ? message : detail, { kind: 'usage', ...location });
  }
}

/** Where the server's message names a place, it counts from the statement's first character. */
const PLACE = /\bline:? (\d+)(?::|, col: )(\d+)(?:: )?/i;

/** The refusal of a statement with its place in the user's file, and the statement. */
function located(failure: unknown, { text, line, column }: StatementText, file: string): unknown {
  if (!(failure instanceof EvpipeError) || failure.kind !== 'failed') return failure;
  const [, ownLine = '1', ownColumn = '1'] = PLACE.exec(failure.message) ?? [];
  const location = {
    file,
    line: line + Number(ownLine) - 1,
    column: ownLine === '1' ? column + Number(ownColumn) - 1 : Number(ownColumn),
  };
  // The place in the file stands in front; that in the statement would contradict it.
  const message = `${failure.message.replace(PLACE, '')}\n\n${text.replace(/^/gm, '    ')}`;
  const todo = failure.todo === undefined ? {} : { todo: failure.todo };
  return new EvpipeError(failure.code, message, { kind: failure.kind, cause: failure, location, ...todo });
}

const NO_NAMES: KsqlNames = { sources: new Map(), functions: [], topics: [] };

/** The statements on one line, without their comments: how a history keeps them. */
export function onOneLine(text: string): string {
  let end = 0;
  let line = '';
  for (const token of tokenize(text)) {
    if (token.kind === 'end') break;
    const written = token.text.replaceAll('\n', ' ');
    line += line !== '' && token.at.offset > end ? ` ${written}` : written;
    end = token.end;
  }
  return line;
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
