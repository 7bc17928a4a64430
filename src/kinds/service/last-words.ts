import type { Session } from '../session.js';

/** What the supervisor itself writes into the log of a process, with its own time. */
const SUPERVISOR_NOTE = /^\S+ (INFO|WARN|ERROR) +supervisor: /;

/** So many lines of the supervisor may be among the last ones. */
const NOTES = 20;

/** The last lines that a process wrote, in its present life or the ones before; not what its supervisor noted, and without logins: they go into messages. */
export async function lastLinesOf(name: string, session: Session, count: number): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { text } of session.target.logs({ of: [name], tail: count + NOTES }))
    if (!SUPERVISOR_NOTE.test(text)) lines.push(session.hide(text));
  return lines.slice(-count);
}

/** Lines of a log in which an error is looked for. */
const LINES = 40;

/** The last line of a process's log that tells of an error; undefined where none does. */
export async function lastErrorOf(name: string, session: Session): Promise<string | undefined> {
  return errorLine(await lastLinesOf(name, session, LINES));
}

const ERROR = /error|exception|fatal|panic|fail|refused|denied|cannot|can't|timed? ?out/i;
/** What a log puts in front of what was written. */
const LOGGED = /^\d{4}-\d\d-\d\dT\S+ (ERROR|WARN|INFO|DEBUG) ?/;
/** A line of a stack trace, and what Node.js writes below one. */
const TRACE = /^\s|^Traceback|^Node\.js v|^file:\/\/|^node:/;

/** Where nothing is called an error, the last line is what there is, if the process has ended. */
export function errorLine(lines: readonly string[], hasEnded = false): string | undefined {
  const texts = lines.map((line) => line.replace(LOGGED, ''));
  const said = texts.filter((line) => line.trim() !== '' && !TRACE.test(line));
  return said.findLast((line) => ERROR.test(line)) ?? (hasEnded ? said.at(-1) : undefined);
}
