import { readFileSync } from 'node:fs';
import { counted } from '../../support/counted.js';
import { server } from '../../targets/target.js';
import type { KindOperations } from '../kind.js';
import { reconcile } from '../resource.js';
import { serverNode, shownPort, withTimeout } from '../server-node.js';
import type { Session } from '../session.js';
import type { Node } from '../walk.js';
import { subjectResource } from './resource.js';
import type { SubjectSection } from './section.js';

export const operations: KindOperations = {
  nodes: (session) => [
    ...serverNode(session, 'schemaRegistry', 'registry'),
    ...session.pipeline.subjects.map((one) => subjectNode(session, one)),
  ],

  async summary({ pipeline: { subjects, compatibility }, clients }) {
    const { host } = await clients.endpoint(server('schemaRegistry'));
    return [
      shownPort(host.url),
      counted(subjects.length, 'schema'),
      ...(compatibility === undefined ? [] : [compatibility]),
    ];
  },

  probes: ({ clients }) => [
    {
      about: 'schemaRegistry',
      component: server('schemaRegistry'),
      examine: async () => {
        const subjects = await (await clients.registry()).listSubjects();
        return [{ about: 'registry', health: 'good', says: `${subjects.length} subjects` }];
      },
    },
  ],

  async release({ pipeline: { subjects }, target }) {
    if (subjects.length === 0 || target.providerOf(server('schemaRegistry')) !== 'address')
      return { removed: [], left: [] };
    return { removed: [], left: [`on the registry the subjects ${subjects.map(({ name }) => name).join(', ')}`] };
  },
};

function subjectNode(session: Session, section: SubjectSection): Node {
  return {
    id: `subject/${section.name}`,
    step: 'registry',
    needs: ['server/schemaRegistry'],
    run: async (report) => {
      const registry = await session.clients.registry();
      const spec = {
        name: section.name,
        schema: readFileSync(section.file, 'utf8'),
        schemaType: section.type,
        references: section.references,
        compatibility: session.pipeline.compatibility,
        location: section.location,
      };
      const changes = await reconcile(subjectResource, spec, { registry }, withTimeout(session, report));
      return { changed: changes.length > 0 };
    },
  };
}
