import { createInterface, type Interface } from 'node:readline';
import { messageOf } from '../support/errors.js';
import { EXIT, worstExit } from './exit-codes.js';
import { reportError } from './report-error.js';
import type { Shell } from './shell.js';
import { HISTORY_MAX, type StatementHistory } from './statement-history.js';

export interface StatementShell {
  readonly prompt: string;
  /** Said once, to a person. */
  readonly greeting: string;
  /** Runs complete statements and prints what they answer; `interrupted` is Ctrl-C while they run. */
  run(text: string, interrupted: AbortSignal): Promise<void>;
  /** Whether what was typed so far is complete. */
  isComplete(text: string): boolean;
  /** Statements of earlier conversations, and how one that was typed on several lines is written on one. */
  readonly history?: { readonly kept: StatementHistory; oneLine(text: string): string };
  /** What may follow the text before the cursor, and the end of it that a candidate replaces. */
  complete?(before: string): Promise<{ readonly candidates: readonly string[]; readonly typed: string }>;
}

type Options = { readonly verbose: boolean; readonly json: boolean };

/**
 * Reads statements from standard input and runs them: line by line from a person, who continues after an error and leaves with \q or Ctrl-D; as
 * one text from a pipe, where the first error ends it. Answers with the exit code.
 */
export function runStatements(shell: Shell, statements: StatementShell, options: Options): Promise<number> {
  return process.stdin.isTTY ? new Conversation(shell, statements, options).hold() : piped(shell, statements);
}

async function piped(shell: Shell, { run }: StatementShell): Promise<number> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk as string;
  if (text.trim() !== '') await run(text, shell.signal);
  return EXIT.done;
}

const LEAVES = /^\s*(\\q|exit|quit)\s*;?\s*$/i;

/** With a person: reading until a statement is complete, then running it, then reading again. */
class Conversation {
  private readonly readline: Interface;
  /** The lines of a statement that is not complete yet. */
  private text = '';
  private running: AbortController | undefined;
  /** What the arrow keys walk through: readline's own list, which its `history` event hands out. */
  private recalled: string[] | undefined;
  private historyFailed = false;

  constructor(
    private readonly shell: Shell,
    private readonly statements: StatementShell,
    private readonly options: Options,
  ) {
    const { prompt, history, complete } = statements;
    this.readline = createInterface({
      input: process.stdin,
      output: process.stdout,
      prompt,
      historySize: HISTORY_MAX,
      ...(history === undefined ? {} : { history: [...history.kept.statements] }),
      ...(complete === undefined ? {} : { completer: (line: string, answer: Answer) => this.offer(line, answer) }),
    });
    this.readline.on('SIGINT', () => this.interrupt());
    this.readline.on('history', (lines: string[]) => {
      this.recalled = lines;
    });
  }

  async hold(): Promise<number> {
    const { shell, readline } = this;
    const close = (): void => readline.close();
    shell.signal.addEventListener('abort', close, { once: true });
    shell.err(`${this.statements.greeting}\n`);
    readline.prompt();
    for await (const line of readline) {
      if (this.text === '' && LEAVES.test(line)) break;
      this.text = this.text === '' ? line : `${this.text}\n${line}`;
      if (this.text.trim() === '') this.text = '';
      if (this.statements.isComplete(this.text)) await this.runTyped();
      readline.setPrompt(this.text === '' ? this.statements.prompt : '... ');
      readline.prompt();
    }
    shell.signal.removeEventListener('abort', close);
    readline.close();
    return worstExit(shell.signal.aborted ? [EXIT.interrupted] : []);
  }

  private async runTyped(): Promise<void> {
    const { text } = this;
    this.remember(text);
    const running = new AbortController();
    this.running = running;
    try {
      await this.statements.run(text, running.signal);
    } catch (failure) {
      // Ctrl-C was asked for and has done what it should.
      if (!running.signal.aborted) reportError(failure, this.shell, this.options);
    }
    this.running = undefined;
    this.text = '';
  }

  /** Ctrl-C ends what runs; where nothing does, it takes back what was typed. */
  private interrupt(): void {
    if (this.running !== undefined) {
      this.running.abort();
      return;
    }
    this.text = '';
    this.shell.out('^C\n');
    this.readline.write(null, { ctrl: true, name: 'e' });
    this.readline.write(null, { ctrl: true, name: 'u' });
    this.readline.setPrompt(this.statements.prompt);
    this.readline.prompt();
  }

  /** The arrow keys offer whole statements, not the lines that they were typed on. */
  private remember(text: string): void {
    const { history } = this.statements;
    if (history === undefined) return;
    try {
      history.kept.add(history.oneLine(text));
    } catch (failure) {
      if (!this.historyFailed) this.shell.err(`The history can't be kept: ${messageOf(failure)}\n`);
      this.historyFailed = true;
    }
    this.recalled?.splice(0, this.recalled.length, ...history.kept.statements);
  }

  private offer(line: string, answer: Answer): void {
    const nothing = (): void => answer(null, [[], line]);
    const { complete } = this.statements;
    if (this.running !== undefined || complete === undefined) {
      nothing();
      return;
    }
    complete(this.text === '' ? line : `${this.text}\n${line}`).then(
      ({ candidates, typed }) => answer(null, [[...candidates], typed]),
      nothing,
    );
  }
}

type Answer = (failure: null, completion: [string[], string]) => void;
