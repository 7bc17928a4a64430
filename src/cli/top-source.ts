import type { CheckSection } from '../kinds/check/section.js';
import { placeName } from '../kinds/check/section.js';
import { verifyConsistency } from '../kinds/check/verify-consistency.js';
import { actOnConnector, connectorReports } from '../kinds/connector/connectors.js';
import type { CheckReport } from '../kinds/events.js';
import { componentsOf } from '../kinds/kind.js';
import type { Session } from '../kinds/session.js';
import type { Health } from '../kinds/status-report.js';
import { logs } from '../operations/run/logs.js';
import { startStop } from '../operations/run/start-stop.js';
import { watchStatus } from '../operations/status/status.js';
import { tailTopics } from '../operations/tail/tail.js';
import { describeTopics, type TopicSize, topicSizes } from '../operations/topics/describe.js';
import { describeGroups } from '../operations/topics/groups.js';
import { messageOf } from '../support/errors.js';
import { pause } from '../support/retry.js';
import { checkReportLines } from '../ui/text/check-report.js';
import { line, wrapKept } from '../ui/text/line.js';
import { printable } from '../ui/text/printable.js';
import type {
  CheckLine,
  ConnectorLine,
  Drawing,
  GroupLine,
  ListedPage,
  Listing,
  Opened,
  PageName,
  PageRows,
  TopicLine,
  TopSource,
} from '../ui/top/source.js';
import { connectorText } from './connector-text.js';
import { groupText, topicText } from './topic-text.js';

const ASK_AGAIN_MS = 1_000;
/** Lines of the past in an opened log. */
const LOG_LINES = 1_000;
/** Records of the past in an opened topic. */
const RECORDS = 200;
const CHECK_FINDINGS_MAX = 1_000;

type Verdicts = Map<string, CheckReport>;

/** What `top` shows of a session, asked for anew every second while it is shown. */
export function topSource(session: Session): TopSource {
  const verdicts: Verdicts = new Map();
  const readers = readersOf(session, verdicts);
  return {
    pages: pagesOf(session),
    status: (signal) => watchStatus(session, signal),
    list: <P extends ListedPage>(page: P, signal: AbortSignal): AsyncIterable<Listing<PageRows[P]>> =>
      everySecond(readers[page](), signal),
    open: (page, name, how) => open(session, verdicts, page, name, how),
    act: async (action, page, name) => {
      if (page === 'connectors') {
        if (action === 'restart' || action === 'pause' || action === 'resume')
          await actOnConnector(session, action, name);
      } else if (action === 'restart' || action === 'start' || action === 'stop')
        await startStop(session, action, name);
    },
  };
}

function pagesOf({ pipeline, kinds }: Session): readonly PageName[] {
  const servers = new Set(componentsOf(pipeline, kinds).map(({ component }) => component.kind));
  const has: Readonly<Record<PageName, boolean>> = {
    components: true,
    topics: servers.has('kafka'),
    connectors: servers.has('connect'),
    groups: servers.has('kafka'),
    checks: pipeline.checks.length > 0,
  };
  return (Object.keys(has) as PageName[]).filter((page) => has[page]);
}

type Read<Row> = () => Promise<readonly Row[]>;

/** For each page a new reader of its rows; it may remember what it saw before. */
function readersOf(session: Session, verdicts: Verdicts): { readonly [P in ListedPage]: () => Read<PageRows[P]> } {
  return {
    topics: () => topicReader(session),
    connectors: () => async () => (await connectorReports(session)).map(connectorLine),
    groups: () => async () => (await describeGroups(session, [])).map(groupLine),
    checks: () => async () => session.pipeline.checks.map((check) => checkLine(check, verdicts.get(check.name))),
  };
}

async function* everySecond<Row>(read: Read<Row>, signal: AbortSignal): AsyncGenerator<Listing<Row>> {
  while (!signal.aborted) {
    const listing = await read().then(
      (rows) => ({ rows }),
      (failure: unknown) => ({ problem: messageOf(failure) }),
    );
    yield listing;
    await pause(ASK_AGAIN_MS, signal).catch(() => {});
  }
}

function topicReader(session: Session): Read<TopicLine> {
  let before: { readonly sizes: ReadonlyMap<string, TopicSize>; readonly atMs: number } | undefined;
  return async () => {
    const sizes = await topicSizes(session);
    const atMs = performance.now();
    const lines = sizes.map(({ topic: name, partitions, records, end }): TopicLine => {
      const last = before?.sizes.get(name);
      const perSecond =
        before === undefined || last === undefined
          ? undefined
          : Math.round((Number(end - last.end) * 1_000) / (atMs - before.atMs));
      return { name, health: 'good', partitions, records, perSecond };
    });
    before = { sizes: new Map(sizes.map((one) => [one.topic, one])), atMs };
    return lines;
  };
}

function connectorLine({ name, status, trouble }: Awaited<ReturnType<typeof connectorReports>>[number]): ConnectorLine {
  const tasks = status?.tasks ?? [];
  const running = tasks.filter(({ state }) => state === 'RUNNING').length;
  const hasFailed = [status?.connector, ...tasks].some((one) => one?.state === 'FAILED');
  return {
    name,
    health: trouble === undefined ? 'good' : hasFailed || status === undefined ? 'bad' : 'waiting',
    state: status?.connector.state ?? 'not there',
    tasks: `${running}/${tasks.length}`,
    lastError: status === undefined ? undefined : trouble,
  };
}

function groupLine({
  group,
  state,
  members,
  lag,
  partitions,
}: Awaited<ReturnType<typeof describeGroups>>[number]): GroupLine {
  const behind = BigInt(lag);
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const health: Health = behind === 0n ? 'good' : members.length === 0 ? 'bad' : 'waiting';
  return { name: group, health, state, members: members.length, lag: behind, topics };
}

function checkLine(check: CheckSection, report: CheckReport | undefined): CheckLine {
  const about = check.kind === 'compare' ? `${placeName(check.source)} → ${placeName(check.replica)}` : check.kind;
  const verdict = report?.verdict ?? 'not run yet';
  const health: Health = verdict === 'consistent' ? 'good' : verdict === 'inconsistent' ? 'bad' : 'waiting';
  return { name: check.name, health, about, verdict, lastError: report?.why };
}

function open(
  session: Session,
  verdicts: Verdicts,
  page: PageName,
  name: string,
  how: 'content' | 'description',
): Opened {
  switch (page) {
    case 'components':
      return { kind: 'log', lines: (signal) => logLines(session, name, signal) };
    case 'topics': {
      if (how === 'description')
        return text(async () => (await describeTopics(session, [name])).map((one) => topicText(one)).join(''));
      const from = { kind: 'last', records: RECORDS } as const;
      return {
        kind: 'records',
        records: (signal) => tailTopics(session, { topics: [name], from, exitAtEnd: false, signal }),
      };
    }
    case 'connectors':
      return text(async () => (await connectorReports(session, [name])).map(connectorText).join(''));
    case 'groups':
      return text(async () => (await describeGroups(session, [name])).map((one) => groupText(one)).join(''));
    case 'checks':
      return { kind: 'text', drawings: () => runCheck(session, verdicts, name) };
  }
}

async function* logLines(session: Session, name: string, signal: AbortSignal): AsyncGenerator<string> {
  const all = { follow: true, sinceMs: undefined, pattern: undefined, level: undefined, signal };
  for await (const entry of logs(session, { of: [name], tail: LOG_LINES, ...all })) yield entry.text;
}

/** A text that is read anew every second. */
function text(read: () => Promise<string>): Opened {
  return {
    kind: 'text',
    drawings: async function* (signal) {
      for await (const listing of everySecond(async () => [await read()], signal))
        yield drawing('problem' in listing ? listing.problem : listing.rows.join('\n'));
    },
  };
}

const drawing =
  (words: string): Drawing =>
  (columns) =>
    words
      .trimEnd()
      .split('\n')
      .flatMap((one) => wrapKept(printable(one), columns))
      .map((part) => line(part));

/** Runs the check: what it waits for is shown until its report is. */
async function* runCheck(session: Session, verdicts: Verdicts, name: string): AsyncGenerator<Drawing> {
  yield drawing('the check runs…');
  const [report] = await verifyConsistency(session, { only: [name], waitingFor: () => {} });
  if (report === undefined) return;
  verdicts.set(name, report);
  yield (columns) => checkReportLines(report, name.length, columns, CHECK_FINDINGS_MAX);
}
