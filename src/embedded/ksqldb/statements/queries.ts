import { StatementError } from '../../../ksql/statement-error.js';
import type { Engine } from '../engine.js';
import type { RunningQuery } from '../runtime/persistent-query.js';
import type { Applying, Change } from './context.js';

function checkQuery(engine: Engine, id: string | undefined): void {
  if (id !== undefined && !engine.queries.has(id)) throw new StatementError(`Unknown queryId: ${id}`);
}

const verb = (word: 'terminate' | 'pause' | 'resume'): Pick<Change<'terminate'>, 'prepare'> => ({
  async prepare(statement, { engine }) {
    if (statement.query !== undefined && engine.transient.has(statement.query)) {
      await engine.transient.get(statement.query)?.stop();
    } else checkQuery(engine, statement.query);
    return { kind: 'command', id: `${word}/${statement.query ?? 'ALL'}/execute`, statement: `${statement.text};` };
  },
});

/** The query ends, its group and state go; what it wrote stays. */
export const terminate: Change<'terminate'> = {
  ...verb('terminate'),
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
