import type { ComponentLine } from '../../kinds/status-report.js';
import type { Column } from './health-table.js';
import { bytes, span as howLong } from './quantities.js';

/** As `docker compose ps` has them. */
export const COMPONENT_COLUMNS: readonly Column<ComponentLine>[] = [
  { title: 'name', worth: 9, columnsMax: 36, text: ({ name }) => name },
  { title: 'state', worth: 8, text: ({ state }) => state },
  { title: 'address', worth: 7, columnsMax: 40, text: ({ address }) => address ?? '' },
  { title: 'pid', worth: 1, right: true, text: ({ pid }) => String(pid ?? '') },
  {
    title: 'memory',
    worth: 3,
    right: true,
    text: ({ memoryBytes }) => (memoryBytes === undefined ? '' : bytes(memoryBytes)),
  },
  { title: 'restarts', worth: 4, right: true, text: ({ restarts = 0 }) => (restarts === 0 ? '' : String(restarts)) },
  { title: 'up', worth: 5, right: true, text: ({ uptimeMs }) => (uptimeMs === undefined ? '' : howLong(uptimeMs)) },
];
