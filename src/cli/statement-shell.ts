import { createInterface } from 'node:readline';
import { EXIT, worstExit } from './exit-codes.js';
import { reportError } from './report-error.js';
import type { Shell } from './shell.js';

export interface StatementShell {
  readonly prompt: string;
  /** Said once, to a person. */
  readonly greeting: string;
  /** Runs complete statements and prints what they answer; `interrupted` is Ctrl-C while they run. */
  run(text: string, interrupted: AbortSignal): Promise<void>;
  /** Whether what was typed so far is complete. */
  isComplete(text: string): boolean;
}

type Options = { readonly verbose: boolean; readonly json: boolean };

/**
 * Reads statements from standard input and runs them: line by line from a person, who goes on after an error and leaves with \q or Ctrl-D; as
 * one text from a pipe, where the first error ends it. Answers with the exit code.
 */
export function runStatements(shell: Shell, statements: StatementShell, options: Options): Promise<number> {
  return process.stdin.isTTY ? typed(shell, statements, options) : piped(shell, statements);
}

async function piped(shell: Shell, { run }: StatementShell): Promise<number> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk as string;
  if (text.trim() !== '') await run(text, shell.signal);
  return EXIT.done;
}

async function typed(shell: Shell, statements: StatementShell, options: Options): Promise<number> {
  const { prompt, greeting, run, isComplete } = statements;
  const readline = createInterface({ input: process.stdin, output: process.stdout, prompt });
  let text = '';
  let running: AbortController | undefined;
  readline.on('SIGINT', () => {
    if (running !== undefined) return running.abort();
    text = '';
    shell.out('\n');
    readline.setPrompt(prompt);
    readline.prompt();
  });
  const close = (): void => readline.close();
  shell.signal.addEventListener('abort', close, { once: true });
  shell.err(`${greeting}\n`);
  readline.prompt();
  for await (const line of readline) {
    if (text === '' && /^\s*(\\q|exit|quit)\s*;?\s*$/i.test(line)) break;
    text = text === '' ? line : `${text}\n${line}`;
    if (text.trim() === '') text = '';
    if (isComplete(text)) {
      running = new AbortController();
      try {
        await run(text, running.signal);
      } catch (failure) {
        // Ctrl-C was asked for and has done what it should.
        if (!running.signal.aborted) reportError(failure, shell, options);
      }
      running = undefined;
      text = '';
    }
    readline.setPrompt(text === '' ? prompt : '... ');
    readline.prompt();
  }
  shell.signal.removeEventListener('abort', close);
  readline.close();
  return worstExit(shell.signal.aborted ? [EXIT.interrupted] : []);
}
