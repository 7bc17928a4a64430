import { COMPONENT_COLUMNS } from '../text/component-columns.js';
import type { Column } from '../text/health-table.js';
import { count } from '../text/quantities.js';
import type { Action, PageName, PageRows } from './source.js';

/** The keys that do something to a row. */
export type ActionKey = 'r' | 'p';

interface Page<Row> {
  readonly columns: readonly Column<Row>[];
  /** What Enter shows. */
  readonly opens: string;
  /** What `d` shows, where that is something else. */
  readonly describes?: string;
  actions(row: Row): Partial<Readonly<Record<ActionKey, Action>>>;
}

const NAME_COLUMNS_MAX = 48;
const name = {
  title: 'name',
  worth: 9,
  columnsMax: NAME_COLUMNS_MAX,
  text: (row: { readonly name: string }) => row.name,
};
const state = { title: 'state', worth: 8, text: (row: { readonly state: string }) => row.state };
const none = (): Record<never, never> => ({});

export const PAGES: { readonly [P in PageName]: Page<PageRows[P]> } = {
  components: {
    columns: COMPONENT_COLUMNS,
    opens: 'log',
    actions: (row) => ({ r: 'restart', p: row.state === 'stopped' ? 'start' : 'stop' }),
  },
  topics: {
    columns: [
      name,
      { title: 'partitions', worth: 3, right: true, text: ({ partitions }) => String(partitions) },
      { title: 'records', worth: 7, right: true, text: ({ records }) => count(records) },
      { title: 'per second', worth: 5, right: true, text: ({ perSecond }) => (perSecond ? count(perSecond) : '') },
    ],
    opens: 'records',
    describes: 'partitions, settings, readers',
    actions: none,
  },
  connectors: {
    columns: [name, state, { title: 'tasks', worth: 7, right: true, text: ({ tasks }) => tasks }],
    opens: 'states and traces',
    actions: (row) => ({ r: 'restart', p: row.state === 'PAUSED' ? 'resume' : 'pause' }),
  },
  groups: {
    columns: [
      name,
      state,
      { title: 'members', worth: 6, right: true, text: ({ members }) => String(members) },
      { title: 'lag', worth: 7, right: true, text: ({ lag }) => count(lag) },
      { title: 'topics', worth: 2, columnsMax: 60, text: ({ topics }) => topics.join(', ') },
    ],
    opens: 'partitions with lag',
    actions: none,
  },
  checks: {
    columns: [
      name,
      { title: 'verdict', worth: 8, text: ({ verdict }) => verdict },
      { title: 'about', worth: 2, columnsMax: 80, text: ({ about }) => about },
    ],
    opens: 'run it, rows that differ',
    actions: none,
  },
};

/** What a key would do to a row. */
export function actionOf<P extends PageName>(page: P, row: PageRows[P], key: ActionKey): Action | undefined {
  return PAGES[page].actions(row)[key];
}
