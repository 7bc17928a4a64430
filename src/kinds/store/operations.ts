import type { ComponentStatus } from '../../targets/target.js';
import type { Diagnosis } from '../diagnosis.js';
import type { KindOperations } from '../kind.js';
import { withTimeout } from '../server-node.js';
import type { Session } from '../session.js';
import type { Node } from '../walk.js';
import { store } from './component.js';
import { INSTALL_CACHE } from './programs.js';
import type { StoreSection } from './section.js';
import { examineStore, prepareStore, storesDetail } from './stores.js';

export const operations: KindOperations = {
  nodes: (session) => session.pipeline.stores.map((one) => storeNode(session, one)),

  summary: storesDetail,

  probes: (session) =>
    session.pipeline.stores.map((section) => ({
      about: `store ${section.name}`,
      component: store(section.name),
      examine: async () => [
        { about: `store ${section.name}`, health: 'good', says: await examineStore(section, session) },
      ],
    })),

  findings: missingStores,

  async release({ pipeline, target }) {
    const left = await Promise.all(
      pipeline.stores.map(async ({ name, kind }) => {
        const isForeign = kind === 'documents' && target.providerOf(store(name)) === 'address';
        return isForeign && (await target.endpoint(store(name))) !== undefined ? [`store ${name} at its address`] : [];
      }),
    );
    return { removed: [], left: left.flat() };
  },
};

function storeNode(session: Session, section: StoreSection): Node {
  return {
    id: `store/${section.name}`,
    step: 'stores',
    needs: [],
    run: async (report) => {
      report.waitingFor(`store ${section.name} to answer`);
      return { changed: await prepareStore(section, session, withTimeout(session, report)) };
    },
  };
}

/** Stores for which this machine has no program, or which have no address. */
function missingStores({ pipeline }: Session, statuses: readonly ComponentStatus[]): readonly Diagnosis[] {
  return statuses.flatMap(({ state, components, lastLines: [why = 'it does not exist'] }) =>
    state !== 'absent'
      ? []
      : components.map(({ name }): Diagnosis => {
          const optional = pipeline.stores.some((one) => one.name === name && one.optional);
          const about = `store ${name}`;
          if (optional) return { about, health: 'good', says: `left out (optional): ${why}` };
          return { about, health: 'bad', says: why, todo: INSTALL_CACHE };
        }),
  );
}
