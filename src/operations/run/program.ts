import { environmentOf, programFolder } from '../../kinds/program.js';
import { service } from '../../kinds/service/component.js';
import type { Session } from '../../kinds/session.js';

/** Where a service or a job runs, and with what environment. */
export interface Program {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Of a declared service or job, as it runs on this host; undefined where none is called so. Starts nothing. */
export async function programNamed(session: Session, name: string): Promise<Program | undefined> {
  const { folder, services, jobs } = session.pipeline;
  const job = jobs.find((one) => one.name === name);
  const section = services.find((one) => one.name === name) ?? job;
  if (section === undefined) return undefined;
  const port = (await session.target.endpoint(service(name)))?.host.port;
  const known = await session.references('host', job === section ? `job/${name}` : `service/${name}`);
  const own = new Map(port === undefined ? [] : [['services.self.port', String(port)]]);
  const values = { get: (path: string) => own.get(path) ?? known.get(path), entries: () => known.entries() };
  return {
    cwd: programFolder(folder, section),
    env: {
      ...environmentOf(session, section, values),
      ...(port !== undefined && { PORT: String(port), HOST: '127.0.0.1' }),
    },
  };
}
