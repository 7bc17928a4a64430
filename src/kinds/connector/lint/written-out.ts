import { nodeAt } from '../../../pipeline/document.js';
import type { LintContext } from '../../../pipeline/kind.js';
import { wordsOf, writtenOut } from '../../../pipeline/lint/written-out.js';
import type { Problem } from '../../../pipeline/problem.js';
import { GIVEN_NAMES } from '../connector-defaults.js';
import { connectorViews } from './connector-views.js';

/** Options whose words are those of a database, of a record, or of the config itself, and of topics by chance only. */
const NO_TOPICS = /table|collection|column|field|schema|database|\.type$|class$|^transforms$|^predicates$/;

/** Topics, slots and publications in configs that a namespace would not reach. */
export function checkWrittenNames(context: LintContext): readonly Problem[] {
  if (context.pipeline.target.namespace === undefined) return [];
  const topics = context.names('topics');
  return connectorViews(context).flatMap((view) =>
    Object.keys(view.config).flatMap((option) => {
      const text = writtenText(context, view.name, option) ?? '';
      const who = `connector ${view.name}`;
      if (GIVEN_NAMES.has(option) && text !== '' && !text.includes('$(') && !isOfOthers(option, view.config))
        return writtenOut(context, view.locationOf(option), `${who}: ${option}`, `Leave ${option} to evpipe.`);
      if (NO_TOPICS.test(option) && !option.includes('topic')) return [];
      return wordsOf(text)
        .filter((word) => topics.includes(word))
        .flatMap((topic) =>
          writtenOut(
            context,
            view.locationOf(option),
            `${who}: topic ${topic} in ${option}`,
            `Write $(topics.${topic}.name).`,
          ),
        );
    }),
  );
}

/** Undefined where a ksql migration makes the connector: the rule of ksqlDB reads that. */
function writtenText({ tree }: LintContext, name: string, option: string): string | undefined {
  const node = nodeAt(tree, ['connectors', name, 'config', option]);
  return node?.kind === 'scalar' ? String(node.value) : undefined;
}

/** A publication that the connector only reads belongs to the database. */
const isOfOthers = (option: string, config: Readonly<Record<string, string>>): boolean =>
  option === 'publication.name' && config['publication.autocreate.mode'] === 'disabled';
