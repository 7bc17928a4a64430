import { readFileSync } from 'node:fs';
import { counted } from '../../support/counted.js';
import { server } from '../../targets/component.js';
import type { KindOperations, Removal } from '../kind.js';
import { resourceNode } from '../resource-node.js';
import { serverNode, shownPort } from '../server-node.js';
import type { Session } from '../session.js';
import type { Node } from '../walk.js';
import { registryClient } from './client.js';
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
        const subjects = await (await registryClient(clients)).listSubjects();
        return [{ about: 'registry', health: 'good', says: counted(subjects.length, 'subject') }];
      },
    },
  ],

  removals: (session) => [subjectRemoval(session)],

  async release({ pipeline: { subjects }, target }) {
    if (subjects.length === 0 || target.providerOf(server('schemaRegistry')) !== 'address')
      return { removed: [], left: [] };
    return { removed: [], left: [`on the registry the subjects ${subjects.map(({ name }) => name).join(', ')}`] };
  },
};

function subjectNode(session: Session, section: SubjectSection): Node {
  const { name, location, type, references } = section;
  return resourceNode(session, {
    id: `subject/${name}`,
    step: 'registry',
    needs: ['server/schemaRegistry'],
    resource: subjectResource,
    name,
    location,
    component: server('schemaRegistry'),
    noted: true,
    open: async () => ({
      spec: {
        name,
        schema: readFileSync(section.file, 'utf8'),
        schemaType: type,
        references,
        compatibility: session.pipeline.compatibility,
        location,
      },
      context: { registry: await registryClient(session.clients) },
    }),
  });
}

function subjectRemoval({ pipeline, clients }: Session): Removal {
  return {
    kind: subjectResource.kind,
    component: server('schemaRegistry'),
    declared: pipeline.subjects.map(({ name }) => name),
    implies: 'with all its versions',
    exists: async (name) => (await (await registryClient(clients)).versions(name)).length > 0,
    remove: async (name) => {
      const registry = await registryClient(clients);
      await registry.deleteSubject(name);
      await registry.deleteSubject(name, { permanent: true });
      return { removed: [`schema ${name}`], left: [] };
    },
  };
}
