import { nodeAt, textsOf } from '../../../pipeline/document.js';
import type { LintContext } from '../../../pipeline/kind.js';
import { writtenOut } from '../../../pipeline/lint/written-out.js';
import type { Problem } from '../../../pipeline/problem.js';
import { referencesIn } from '../../../pipeline/references.js';
import { programTexts } from '../../program.js';
import type { ServiceSection } from '../section.js';

/** In a namespace a service has to be told what it reads and writes: a name that no reference brings to it is in its code. */
export function checkToldNames(context: LintContext): readonly Problem[] {
  const { pipeline, tree } = context;
  if (pipeline.target.namespace === undefined) return [];
  return pipeline.services
    .filter(({ copyOf, name }) => copyOf === undefined && pipeline.target.services?.[name] === undefined)
    .flatMap((service) => {
      const node = nodeAt(tree, ['services', service.name]);
      const texts = node === undefined ? [] : [...textsOf(node)].map(({ text }) => text);
      const told = new Set([...texts, ...programTexts(pipeline.folder, service)].flatMap(referencesIn));
      return namesOf(service, context)
        .filter(({ references }) => !references.some((reference) => told.has(reference)))
        .flatMap(({ what, at, references: [reference] }) =>
          writtenOut(
            context,
            service.locationOf(...at),
            `${what} in service ${service.name}`,
            `Tell it by its env: { NAME: $(${reference}) }.`,
          ),
        );
    });
}

interface NamedThing {
  readonly what: string;
  readonly at: readonly string[];
  /** Any of them brings the name to the service. */
  readonly references: readonly string[];
}

function namesOf(service: ServiceSection, { pipeline }: LintContext): readonly NamedThing[] {
  const { consumes, produces, receives, publishes, outbox } = service;
  const each = (kind: string, heads: readonly string[], names: readonly string[], ...at: string[]): NamedThing[] =>
    names.map((name, index) => ({
      what: `${kind} ${name}`,
      at: [...at, String(index)],
      references: heads.map((head) => `${head}.${name}.name`),
    }));
  return [
    ...(consumes === undefined
      ? []
      : [
          {
            what: `group ${consumes.group}`,
            at: ['consumes', 'group'],
            references: [`groups.${consumes.group}.name`],
          },
        ]),
    ...each('topic', ['topics'], consumes?.topics ?? [], 'consumes', 'topics'),
    ...each('topic', ['topics'], produces, 'produces'),
    ...each('topic', ['topics'], outbox?.topics ?? [], 'outbox', 'topics'),
    ...routedTopics(service, pipeline).map((topic) => ({
      what: `topic ${topic}`,
      at: ['outbox'],
      references: [`topics.${topic}.name`],
    })),
    ...each('queue', ['queues'], receives, 'receives'),
    ...each('exchange or queue', ['exchanges', 'queues'], publishes, 'publishes').filter(
      ({ what }) => !/ amq\./.test(what),
    ),
  ];
}

/** Topics that a column of its outbox names, where no other service writes that outbox. */
function routedTopics(
  { outbox }: ServiceSection,
  { connectors, services }: LintContext['pipeline'],
): readonly string[] {
  if (outbox === undefined) return [];
  const writers = services.filter((one) => one.outbox?.database === outbox.database && one.copyOf === undefined);
  if (writers.length > 1) return [];
  return connectors
    .filter(({ database }) => database === outbox.database)
    .flatMap(({ produces }) => produces)
    .filter((topic) => !outbox.topics.includes(topic));
}
