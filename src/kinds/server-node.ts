import { type ComponentId, type ComponentKind, componentKey, type LaunchOf } from '../targets/component.js';
import { componentsOf } from './kind.js';
import { launchPlan } from './launch-change.js';
import type { Session } from './session.js';
import type { Node, NodeReport } from './walk.js';

export interface ServerNodeOptions<K extends ComponentKind> {
  /** Of one of several servers. */
  readonly name?: string | undefined;
  readonly needs?: readonly string[];
  /** What it is started with, where references have to be resolved first. */
  readonly launch?: () => Promise<LaunchOf<K>>;
}

/** Starts a server where something that is declared needs it; other nodes need it as `server/KIND`, or `server/KIND/NAME`. */
export function serverNode<K extends ComponentKind>(
  session: Session,
  kind: K,
  step: string,
  { name, needs = [], launch }: ServerNodeOptions<K> = {},
): readonly Node[] {
  const component: ComponentId<K> = { kind, name: name ?? kind };
  const called = componentKey(component);
  if (!componentsOf(session.pipeline, session.kinds).some((one) => componentKey(one.component) === called)) return [];
  return [
    {
      id: `server/${called}`,
      step,
      needs: [...new Set(needs)],
      run: async (report) => {
        report.waitingFor(`${called} to answer`);
        return { changed: await session.start(component, await launch?.()) };
      },
      plans:
        session.target.providerOf(component) === 'address'
          ? []
          : [
              launchPlan(session, {
                kind: 'server',
                name: called,
                component,
                launch: async () => launch?.(),
                implies: 'it restarts',
              }),
            ],
    },
  ];
}

export const hasServer = ({ pipeline, kinds }: Pick<Session, 'pipeline' | 'kinds'>, kind: ComponentKind): boolean =>
  componentsOf(pipeline, kinds).some(({ component }) => component.kind === kind);

export const withTimeout = (session: Session, report: NodeReport): NodeReport & { readonly timeoutMs: number } => ({
  ...report,
  timeoutMs: session.timeoutMs,
});

/** The port of an address as `up` shows it: `:9092`. */
export const shownPort = (address: string): string => `:${address.split(':').at(-1)?.replace(/\/.*$/, '')}`;
