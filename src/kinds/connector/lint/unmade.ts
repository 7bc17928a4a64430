import type { LintContext } from '../../../pipeline/kind.js';
import { type Problem, problem } from '../../../pipeline/problem.js';
import { ksqlFiles } from '../../ksqldb/ksql-files.js';
import { connectorViews } from './connector-views.js';

/** Without `config` a ksql migration has to make the connector, under exactly this name. */
export function checkUnmade(context: LintContext): readonly Problem[] {
  if (ksqlFiles(context).some(({ syntaxError }) => syntaxError !== undefined)) return [];
  const made = connectorViews(context).map(({ name }) => name);
  return context.pipeline.connectors.flatMap(({ name, config, location }) => {
    if (config !== undefined || made.includes(name)) return [];
    const folded = made.find((one) => one.toLowerCase() === name.toLowerCase());
    if (folded === undefined) {
      const message = `connector ${name} has no config, and no ksql migration creates it`;
      return [problem('connector-unmade', location, message)];
    }
    const message = `connector ${name} is created by no migration: there it is called ${folded}`;
    const todo = `Without backticks ksqlDB writes names in capitals: CREATE SOURCE CONNECTOR \`${name}\`.`;
    return [problem('connector-unmade', location, message, todo)];
  });
}
