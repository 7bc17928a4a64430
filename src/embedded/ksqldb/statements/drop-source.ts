import { formatNamed } from '../../../ksql/formats/table.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { droppedSource } from '../../../ksql/statements/dropped.js';
import type { Change } from './context.js';
import { entity } from './entity.js';

/** DROP STREAM/TABLE [IF EXISTS] [DELETE TOPIC]: refused while queries use it; the query that made it ends with it. */
export const dropSource: Change<'drop-source'> = {
  async prepare(statement, { engine }) {
    const source = droppedSource(statement, engine.metastore);
    const kind = statement.type.toLowerCase();
    if (source === undefined) {
      return {
        kind: 'done',
        entity: entity('warning_entity', statement.written, {
          message: `Source \`${statement.name}\` does not exist.`,
        }),
      };
    }
    const { readers, writers } = engine.queriesOf(source.name);
    const foreign = writers.filter((id) => id !== source.query);
    const children = engine.madeFrom(source.name);
    if (children.length > 0) {
      throw new StatementError(
        `Cannot drop ${source.name}.\nThe following streams and/or tables read from this source: [${children.join(', ')}].\nYou need to drop them before dropping ${source.name}.`,
      );
    }
    if (readers.length > 0 || foreign.length > 0) {
      throw new StatementError(
        `Cannot drop ${source.name}.\nThe following queries read from this source: [${readers.join(', ')}].\nThe following queries write into this source: [${writers.join(', ')}].\nYou need to terminate them before dropping ${source.name}.`,
      );
    }
    if (statement.deleteTopic) {
      if (source.readOnly) throw new StatementError(`Cannot delete topic for read-only source: ${source.name}`);
      await engine.queries.get(source.query ?? '')?.stop();
      const { kafka, registry } = engine.parts;
      if ((await kafka.describeTopic(source.topic)) !== undefined) await kafka.deleteTopic(source.topic);
      for (const role of ['key', 'value'] as const) {
        if (formatNamed(source[role].format).inference) await registry?.deleteSubject(`${source.topic}-${role}`);
      }
    }
    return { kind: 'command', id: `${kind}/\`${statement.name}\`/drop`, statement: statement.written };
  },

  async apply(statement, { engine, here, sequence }) {
    const source = engine.metastore.sources.get(statement.name);
    if (source?.query !== undefined) {
      const query = engine.queries.get(source.query);
      engine.queries.delete(source.query);
      await query?.stop();
      if (here && query !== undefined) await engine.cleanUp([query], sequence);
    }
    engine.metastore.sources.delete(statement.name);
    return { message: `Source \`${statement.name}\` (topic: ${source?.topic ?? ''}) was dropped.`, queryId: null };
  },
};
