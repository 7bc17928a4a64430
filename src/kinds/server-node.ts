import { type ComponentKind, type LaunchOf, server } from '../targets/component.js';
import { componentsOf } from './kind.js';
import { launchPlan } from './launch-change.js';
import type { Session } from './session.js';
import type { Node, NodeReport } from './walk.js';

export interface ServerNodeOptions<K extends ComponentKind> {
  readonly needs?: readonly string[];
  /** What it is started with, where references have to be resolved first. */
  readonly launch?: () => Promise<LaunchOf<K>>;
}

/** Starts a server where something that is declared needs it; other nodes need it as `server/KIND`. */
export function serverNode<K extends ComponentKind>(
  session: Session,
  kind: K,
  step: string,
  { needs = [], launch }: ServerNodeOptions<K> = {},
): readonly Node[] {
  if (!hasServer(session, kind)) return [];
  return [
    {
      id: `server/${kind}`,
      step,
      needs: [...new Set(needs)],
      run: async (report) => {
        report.waitingFor(`${kind} to answer`);
        return { changed: await session.start(server(kind), await launch?.()) };
      },
      plans:
        session.target.providerOf(server(kind)) === 'address'
          ? []
          : [
              launchPlan(session, {
                kind: 'server',
                name: kind,
                component: server(kind),
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
