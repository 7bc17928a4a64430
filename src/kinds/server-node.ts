import { type ServerKind, server } from '../targets/target.js';
import { componentsOf } from './kind.js';
import type { Session } from './session.js';
import type { Node, NodeReport } from './walk.js';

export interface ServerNodeOptions {
  readonly needs?: readonly string[];
  /** Its environment. */
  readonly env?: () => Promise<Record<string, string>>;
}

/** Starts a server where something that is declared needs it; other nodes need it as `server/KIND`. */
export function serverNode(
  session: Session,
  kind: ServerKind,
  step: string,
  { needs = [], env }: ServerNodeOptions = {},
): readonly Node[] {
  if (!hasServer(session, kind)) return [];
  return [
    {
      id: `server/${kind}`,
      step,
      needs: [...new Set(needs)],
      run: async (report) => {
        report.waitingFor(`${kind} to answer`);
        const launch = env === undefined ? undefined : { env: await env() };
        return { changed: await session.start(server(kind), launch) };
      },
    },
  ];
}

export const hasServer = ({ pipeline, kinds }: Session, kind: ServerKind): boolean =>
  componentsOf(pipeline, kinds).some(({ component }) => component.kind === kind);

export const withTimeout = (session: Session, report: NodeReport): NodeReport & { readonly timeoutMs: number } => ({
  ...report,
  timeoutMs: session.timeoutMs,
});

/** The port of an address as `up` shows it: `:9092`. */
export const shownPort = (address: string): string => `:${address.split(':').at(-1)?.replace(/\/.*$/, '')}`;
