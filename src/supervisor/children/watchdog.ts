import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads lists of SIGNAL:PID, each line replacing the one before, until its input ends, which it does however the
 * supervisor dies. Then the processes of the last list get SIGTERM, and after 5 s SIGKILL. Nothing of it is on a command line.
 * `kill -0 -- -GROUP` is no POSIX: dash refuses it, which would look as if all had ended.
 */
const SCRIPT = `
trap '' HUP INT TERM
list=
while IFS= read -r line; do list=$line; done
for entry in $list; do kill -s "\${entry%%:*}" -- "-\${entry#*:}" 2>/dev/null; done
for round in 1 2 3 4 5 6 7 8 9 10; do
  alive=
  for entry in $list; do kill -s 0 -- "-\${entry#*:}" 2>/dev/null && alive=1; done
  [ -z "$alive" ] && exit 0
  sleep 0.5
done
for entry in $list; do kill -s KILL -- "-\${entry#*:}" 2>/dev/null; done
exit 0
`;

/** Before a killed watchdog is replaced. */
const RENEW_MS = 100;

/** A shell (1 MB) that outlives the supervisor just long enough to end its children. */
export class Watchdog {
  private shell: ChildProcess | undefined;
  private list = '';
  private over = false;

  constructor(private readonly env: Readonly<Record<string, string>>) {
    this.begin();
  }

  watch(processes: ReadonlyArray<{ readonly pid: number; readonly stopSignal: NodeJS.Signals }>): void {
    this.list = processes.map(({ pid, stopSignal }) => `${stopSignal.replace(/^SIG/, '')}:${pid}`).join(' ');
    this.shell?.stdin?.write(`${this.list}\n`);
  }

  /** All children have ended: so does the shell. */
  end(): Promise<void> {
    this.over = true;
    return new Promise((resolve) => {
      if (this.shell === undefined || this.shell.exitCode !== null) return resolve();
      this.shell.once('exit', () => resolve());
      this.shell.stdin?.end('\n');
    });
  }

  private begin(): void {
    const shell = spawn('/bin/sh', ['-c', SCRIPT], {
      cwd: '/',
      env: { ...this.env },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    shell.stdin?.on('error', () => {}); // it was killed: `exit` starts another one
    shell.once('error', () => {}); // no /bin/sh: then only the next `up` sweeps
    shell.once('exit', () => {
      if (!this.over) setTimeout(() => this.begin(), RENEW_MS).unref();
    });
    shell.unref();
    this.shell = shell;
    if (this.list !== '') shell.stdin?.write(`${this.list}\n`);
  }
}
