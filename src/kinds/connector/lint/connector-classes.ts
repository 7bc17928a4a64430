import { didYouMean } from '../../../pipeline/did-you-mean.js';
import type { LintContext } from '../../../pipeline/kind.js';
import { type Problem, problem } from '../../../pipeline/problem.js';
import { CONNECTOR_CLASSES } from '../../../protocol/connect/connectors.js';
import { connectorViews } from './connector-views.js';

/** What the embedded Connect runs, by full and short name. */
const EMBEDDED_CONNECTOR_CLASSES: readonly string[] = CONNECTOR_CLASSES.flatMap(({ className, aliases }) => [
  className,
  ...aliases,
]);

/** Every connector names a class, and on the embedded Connect one that it has. */
export function checkConnectorClasses(context: LintContext): readonly Problem[] {
  const { target } = context.pipeline;
  const embedded = (target.connect ?? target.base) === 'embedded';
  return connectorViews(context).flatMap(({ name, config, location, locationOf }) => {
    const className = config['connector.class'];
    if (className === undefined)
      return [problem('connector-class-missing', location, `connector ${name} has no connector.class`)];
    if (!embedded || className.includes('$') || EMBEDDED_CONNECTOR_CLASSES.includes(className)) return [];
    return [
      problem(
        'connector-class-unknown',
        locationOf('connector.class'),
        `the embedded Connect has no ${className}${didYouMean(className, EMBEDDED_CONNECTOR_CLASSES)}`,
        'A target with `connect: compose` or an address runs connectors of any class.',
      ),
    ];
  });
}
