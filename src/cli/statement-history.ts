import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { withoutLogins } from '../support/masked.js';

/** As many statements as are offered again; the file is cut to them when it has twice as many. */
export const HISTORY_MAX = 1_000;

/** What a statement with a password looks like, besides one in a URL: it is offered again in this conversation, and never written down. */
const SECRET = /passw|secret|token|credential|api.?key|jaas/i;

/** The user's own, beside what else evpipe remembers of this user. */
export const historyFile = (shell: string, env: NodeJS.ProcessEnv): string =>
  join(env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state'), 'evpipe', `${shell}-history`);

/** The statements that were typed, one a line in a file that only the user can read. */
export class StatementHistory {
  /** The newest first, as readline wants them. */
  readonly statements: string[];

  /** A file that can't be read is an empty history. */
  constructor(private readonly file: string) {
    let lines: string[] = [];
    try {
      lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
      chmodSync(file, 0o600);
      if (lines.length > 2 * HISTORY_MAX) {
        lines = lines.slice(-HISTORY_MAX);
        writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
      }
    } catch {
      // The first time there is none.
    }
    this.statements = lines.slice(-HISTORY_MAX).reverse();
  }

  /** `statement` is one line. Throws what the file system says where it can't be kept. */
  add(statement: string): void {
    if (statement === '' || statement === this.statements[0]) return;
    this.statements.unshift(statement);
    this.statements.length = Math.min(this.statements.length, HISTORY_MAX);
    if (SECRET.test(statement) || withoutLogins(statement) !== statement) return;
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    appendFileSync(this.file, `${statement}\n`, { mode: 0o600 });
  }
}
