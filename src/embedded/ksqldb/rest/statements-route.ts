import type { Answer } from '../../../http/api.js';
import { ScriptChecker } from '../../../ksql/check-script.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { readProperties } from '../../../ksql/statements/properties.js';
import { parseRequest, parseStatements, splitStatements } from '../../../protocol/ksql/parse.js';
import { changeVariables, substitute } from '../../../protocol/ksql/variables.js';
import { waitUntil } from '../../../support/retry.js';
import type { Engine } from '../engine.js';
import type { Session } from '../statements/context.js';
import { commandStatus, type Entity } from '../statements/entity.js';
import { executeStatement } from '../statements/execute.js';
import { changeProperties } from '../statements/session.js';
import { terminateCluster } from '../terminate-cluster.js';
import { statementFailure } from './errors.js';
import { jsonObject, type KsqlCall, objectField, textField } from './request.js';

/** How long a request waits for a command that another engine has logged. */
const COMMAND_WITHIN_MS = 5_000;

/**
 * POST /ksql: statements one after the other. Before the first, all are checked as far as that goes without Kafka and the
 * registry: nothing is done where one of them cannot work. What fails later ends it, and the answer tells what was done before.
 */
export class StatementsRoute {
  constructor(private readonly engine: Engine) {}

  async handle(call: KsqlCall): Promise<Answer> {
    const body = jsonObject(call.body);
    const sql = textField(body, 'ksql');
    const session: Session = {
      properties: readProperties(objectField(body, 'streamsProperties')),
      variables: readVariables(objectField(body, 'sessionVariables')),
    };
    await this.applied(sequenceNumber(body.commandSequenceNumber ?? -1));
    return this.engine.inTurn(() => this.run(sql, session));
  }

  /** POST /ksql/terminate: {deleteTopicList}, names or patterns of topics that queries wrote. Nothing is accepted afterwards. */
  async terminate(call: KsqlCall, commandTopic: string): Promise<Answer> {
    const { deleteTopicList = [], isTold } = call.body.length === 0 ? {} : jsonObject(call.body);
    if (!Array.isArray(deleteTopicList)) throw new StatementError("'deleteTopicList' is not a list", 40000);
    if (isTold !== true) await this.engine.parts.peers?.askAll('/ksql/terminate', { isTold: true });
    return this.engine.inTurn(async () => {
      const names = deleteTopicList.map(String);
      await terminateCluster(this.engine, isTold === true ? undefined : commandTopic, names);
      const id = 'cluster/TerminateCluster/terminate';
      const body = commandStatus('TERMINATE CLUSTER;', id, -1, 'Cluster terminated.', null);
      return { status: 200, body: [body] };
    });
  }

  /** Waits for what other engines have logged; where there are none, only for the requests before this one. */
  private async applied(sequence: number): Promise<void> {
    const { engine } = this;
    const isApplied = (): true | undefined => (engine.sequence >= sequence ? true : undefined);
    if (isApplied()) return;
    const wait =
      engine.parts.group === undefined
        ? engine.inTurn(async () => isApplied())
        : waitUntil('a command', async () => isApplied(), { timeoutMs: COMMAND_WITHIN_MS }).catch(() => undefined);
    if ((await wait) === undefined) throw notYet(sequence);
  }

  private async run(sql: string, session: Session): Promise<Answer> {
    const entities: Entity[] = [];
    let current = sql;
    try {
      // Nothing is done where one of them is no SQL. The failure's place is one in the whole text.
      parseRequest(sql);
      const texts = splitStatements(sql).map(({ written }) => written);
      if (texts.length > 1) {
        const checker = new ScriptChecker(this.engine.metastore, session.properties);
        const ahead = { properties: new Map(session.properties), variables: new Map(session.variables) };
        for (const { text, statement } of inSession(texts, ahead)) {
          current = text;
          const refusal = await checker.refusal(statement);
          if (refusal !== undefined) throw refusal;
          changeVariables(statement, ahead.variables);
          changeProperties(statement, ahead.properties);
        }
      }
      for (const { text, statement } of inSession(texts, session)) {
        current = text;
        const entity = await executeStatement(statement, { engine: this.engine, session });
        if (entity !== undefined) entities.push(entity);
      }
      return { status: 200, body: entities };
    } catch (failure) {
      return statementFailure(failure, current, entities);
    }
  }
}

/**
 * The statements one by one. DEFINE changes what those after it say, so each is parsed when its turn comes. Throws for
 * one that is refused whatever else there is.
 */
function* inSession(texts: readonly string[], session: Session) {
  for (const text of texts) {
    const [statement] = parseStatements(substitute(text, session));
    if (statement === undefined) continue;
    if (statement.kind === 'select' || statement.kind === 'print') {
      throw new StatementError(
        `The following statement types should be issued to the websocket endpoint '/query':\n\t* PRINT\n\t* SELECT`,
        40002,
      );
    }
    yield { text, statement };
  }
}

const notYet = (after: number): StatementError =>
  new StatementError(
    `Timed out while waiting for a previous command to execute. command sequence number: ${after}`,
    50301,
  );

function sequenceNumber(sent: unknown): number {
  const isGiven = typeof sent === 'number' || (typeof sent === 'string' && sent.trim() !== '');
  if (isGiven && Number.isInteger(Number(sent))) return Number(sent);
  throw new StatementError("Invalid JSON in request: 'commandSequenceNumber' is not a whole number", 40000);
}

export function readVariables(sent: Readonly<Record<string, unknown>> = {}): Map<string, string> {
  return new Map(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
