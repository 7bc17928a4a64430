import { StatementError } from '../../../ksql/statement-error.js';
import type { Engine } from '../engine.js';
import type { RunningQuery } from '../runtime/persistent-query.js';
import type { TransientQuery } from '../runtime/transient-query.js';
import type { Applying, Change } from './context.js';
import { entity } from './entity.js';

/** Ids of push queries have small letters, which names in statements lose. */
export const pushQuery = ({ transient }: Engine, called: string | undefined): TransientQuery | undefined =>
  [...transient.values()].find(({ id }) => id.toUpperCase() === called);

const verb = (word: 'terminate' | 'pause' | 'resume'): Pick<Change<'terminate'>, 'prepare'> => ({
  async prepare(statement, { engine }) {
    const { query: id, written } = statement;
    if (id !== undefined && !engine.queries.has(id)) throw new StatementError(`Unknown queryId: ${id}`);
    return { kind: 'command', id: `${word}/${id ?? 'ALL'}/execute`, statement: written };
  },
});

/** The query ends, its group and state go; what it wrote stays. A push query ends for its client, and is no command. */
export const terminate: Change<'terminate'> = {
  async prepare(statement, context) {
    const transient = pushQuery(context.engine, statement.query);
    if (transient === undefined) {
      const query = context.engine.queries.get(statement.query ?? '');
      if (query?.options.keepsOnly === true) {
        throw new StatementError(`Cannot terminate query '${query.id}' because it is linked to a source table.`);
      }
      return verb('terminate').prepare(statement, context);
    }
    await transient.stop();
    const answer = { queryId: transient.id, wasTerminated: true };
    return { kind: 'done', entity: entity('terminate_query', statement.written, answer) };
  },
  async apply(statement, { engine, here, sequence }: Applying) {
    const chosen = chosenNow(engine, statement.query);
    for (const query of chosen) {
      engine.queries.delete(query.id);
      await query.stop();
    }
    if (here) await engine.cleanUp(chosen, sequence);
    return { message: 'Query terminated.', queryId: null };
  },
};

export const pauseQuery: Change<'pause'> = {
  ...verb('pause'),
  async apply(statement, { engine }) {
    for (const query of chosenNow(engine, statement.query)) query.pause();
    return { message: 'Query paused.', queryId: null };
  },
};

export const resumeQuery: Change<'resume'> = {
  ...verb('resume'),
  async apply(statement, { engine }) {
    for (const query of chosenNow(engine, statement.query)) query.continue();
    return { message: 'Query resumed.', queryId: null };
  },
};

function chosenNow(engine: Engine, id: string | undefined): RunningQuery[] {
  return id === undefined
    ? [...engine.queries.values()]
    : [engine.queries.get(id)].filter((each) => each !== undefined);
}
